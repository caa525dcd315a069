package acceptance_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// Messages that are not text: stored, downloaded while WeCom has them, and
// attached to what they belong to (G1-2.2b).

// picture is a PNG that differs from others of another width.
func picture(t *testing.T, width int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 3))))
	return b.Bytes()
}

// SendsPicture lets a member send a picture with this content.
func (w *World) SendsPicture(name string, content []byte, filename string) string {
	w.t.Helper()
	return w.Sends(name, "image", map[string]any{"data": base64.StdEncoding.EncodeToString(content), "filename": filename})
}

// attachment is what the app has stored of the n-th message that was no text.
func (w *World) attachment(n int64) store.Attachment {
	w.t.Helper()
	a, err := w.reader().Attachment(n)
	require.NoError(w.t, err)
	return a
}

// keeps asserts that the file of an attachment is in the media folder, whole.
func (w *World) keeps(n int64, content []byte) store.Attachment {
	w.t.Helper()
	a := w.attachment(n)
	sum := sha256.Sum256(content)
	require.Equal(w.t, hex.EncodeToString(sum[:]), a.SHA256)
	require.Equal(w.t, int64(len(content)), a.Size)
	require.True(w.t, filepath.IsLocal(a.Path))
	kept, err := os.ReadFile(filepath.Join(w.media, a.Path))
	require.NoError(w.t, err)
	require.Equal(w.t, content, kept)
	return a
}

func TestPictureWhileAFormIsOpen(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		content := picture(t, 8)
		w.Says("赵六", "咨询")
		require.Contains(t, w.SendsPicture("赵六", content, "发票.png"), "图片已收到，附在「咨询」里")
		require.Contains(t, w.Says("赵六", "这张发票能报销吗"), "【已受理】M20260302-0001")
		a := w.keeps(1, content)
		require.Equal(t, "item", a.SubjectKind)
		require.Equal(t, int64(1), a.SubjectID)
		w.Traces("赵六", "M20260302-0001", "【附件】", "3月2日 10:00 赵六 图片（已保存")
	})
}

func TestPictureWhileOneItemIsOpen(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		content := picture(t, 9)
		w.Says("赵六", "咨询 报销发票抬头")
		require.Contains(t, w.SendsPicture("赵六", content, "a.png"), "已把图片记入「报销发票抬头」")
		w.Gets("何静", "【补充】赵六 给 M20260302-0001", "补充了图片")
		a := w.keeps(1, content)
		require.Equal(t, "item", a.SubjectKind)
		w.Traces("何静", "M20260302-0001", "【附件】", "赵六 图片（已保存", "补充：图片")

		// of two items one is chosen
		w.Says("赵六", "咨询 企业微信登录不上")
		require.Contains(t, w.SendsPicture("赵六", picture(t, 10), "b.png"), "附在哪一项？")
		require.Contains(t, w.Presses("赵六", "1. 0002"), "已把图片记入「企业微信登录不上」")
		w.Traces("林秀", "M20260302-0002", "赵六 图片（已保存")
	})
}

func TestG1_2_2b_AE1_VoiceIsStoredAndASummaryAsked(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Equal(t, "【已受理】语音已记录。要办成任务或报障，请再用一句文字说明要做什么。", w.Sends("赵六", "voice", nil))
		a := w.attachment(1)
		require.Equal(t, "voice", a.Kind)
		require.NotEmpty(t, a.MediaID)
		require.NotEmpty(t, a.Path)
		require.Zero(t, a.SubjectID)

		require.Contains(t, w.SendsPicture("孙七", picture(t, 11), "c.png"), "【已受理】图片已记录。请再用一句文字说明要做什么，30分钟内发的命令会带上它。")
		w.Advance(29 * time.Minute)
		w.Says("孙七", "咨询 打印机出这个错误")
		require.Equal(t, "item", w.attachment(2).SubjectKind)
		require.Zero(t, w.attachment(1).SubjectID, "somebody else's")
		for _, kind := range []string{"video", "location", "link"} {
			require.Contains(t, w.Sends("周八", kind, map[string]any{"label": "一号楼", "title": "制度", "url": "https://example.com/", "Location_X": 39.9, "Location_Y": 116.4}), "已记录")
		}
	})
}

// Names members give are shown, never used as paths.
func TestHostileFileNames(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		before := w.files()
		for i, name := range []string{"../../../../tmp/guiju-evil.png", `..\..\evil.png`, "/etc/passwd", "a%00b.png", strings.Repeat("长", 5000)} {
			content := picture(t, 20+i)
			w.SendsPicture("赵六", content, name)
			w.keeps(int64(i+1), content)
		}
		w.Sends("赵六", "link", map[string]any{"title": "../../x\u202e", "url": "https://example.com/"})
		after := w.files()
		require.Len(t, after, len(before)+5)
		for _, path := range after {
			require.Regexp(t, `^[0-9a-f]{2}/[0-9a-f]{64}-\d+$`, path)
		}
	})
}

// files lists what lies in the media folder.
func (w *World) files() []string {
	w.t.Helper()
	var all []string
	require.NoError(w.t, os.MkdirAll(w.media, 0o700))
	require.NoError(w.t, filepath.WalkDir(w.media, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(w.media, path)
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	}))
	return all
}

// What WeCom does not have any more is set aside; sender and administrators
// hear of it. Trouble on the way there is only a pause.
func TestMediaThatIsGone(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		w.Fails("media/get", map[string]any{"errcode": 40007, "times": 1})
		w.SendsPicture("赵六", picture(t, 30), "a.png")
		w.Gets("赵六", "您 3月2日 10:00 发来的图片没能保存下来，请再发一次")
		w.Gets("陈立", "【文件未保存】赵六 3月2日 10:00 发来的图片")
		require.Len(t, w.buried(), 1)
		require.Empty(t, w.attachment(1).Path)

		content := picture(t, 31)
		w.Fails("media/get", map[string]any{"http": 502, "times": 2})
		w.SendsPicture("赵六", content, "b.png")
		require.Empty(t, w.attachment(2).Path)
		w.Waits(10 * time.Minute)
		w.Waits(10 * time.Minute)
		w.keeps(2, content)
		require.Len(t, w.buried(), 1)
	})
}
