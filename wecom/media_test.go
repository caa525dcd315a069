package wecom_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
)

func TestUploadMedia(t *testing.T) {
	p := newPlatform(t)
	var tries int
	p.on("media/upload", func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries == 1 {
			answer(w, failure(42001, "access_token expired"))
			return
		}
		answer(w, `{"errcode":0,"errmsg":"","type":"file","media_id":"2mFlowFile0118","created_at":"1772413200"}`)
	})
	content := bytes.Repeat([]byte("回单"), 50_000)
	got, err := p.client(wecom.Options{}).UploadMedia(ctx, wecom.MediaFile, `C:\Users\chen\回单 "118".pdf`, bytes.NewReader(content))
	require.NoError(t, err)
	require.Equal(t, wecom.Media{ID: "2mFlowFile0118", CreatedAt: time.Unix(1772413200, 0)}, got)

	calls := p.calls("media/upload")
	require.Len(t, calls, 2)
	for _, call := range calls { // the file is whole in the repetition too
		require.Equal(t, []string{"file"}, call.query["type"])
		_, params, err := mime.ParseMediaType(call.contentType)
		require.NoError(t, err)
		part, err := multipart.NewReader(strings.NewReader(call.body), params["boundary"]).NextPart()
		require.NoError(t, err)
		require.Equal(t, "media", part.FormName())
		require.Equal(t, `回单 "118".pdf`, part.FileName(), "no path of the sender's machine")
		sent, err := io.ReadAll(part)
		require.NoError(t, err)
		require.Equal(t, content, sent)
	}
}

func TestUploadRefusesWhatWeComRefuses(t *testing.T) {
	p := newPlatform(t)
	c := p.client(wecom.Options{})
	for name, x := range map[string]struct {
		kind wecom.MediaKind
		name string
		size int
	}{
		"too small": {wecom.MediaFile, "a.txt", 5}, "voice too large": {wecom.MediaVoice, "a.amr", 2<<20 + 1},
		"image too large": {wecom.MediaImage, "a.png", 5<<20 + 1}, "video too large": {wecom.MediaVideo, "a.mp4", 10<<20 + 1},
		"file too large": {wecom.MediaFile, "a.zip", 20<<20 + 1}, "kind": {"music", "a.mp3", 10}, "no name": {wecom.MediaFile, "/", 10},
	} {
		_, err := c.UploadMedia(ctx, x.kind, x.name, bytes.NewReader(make([]byte, x.size)))
		require.Equal(t, wecom.Permanent, wecom.ClassOf(err), name)
	}
	require.Empty(t, p.calls("media/upload"))
}

func TestDownloadMedia(t *testing.T) {
	p := newPlatform(t)
	content := strings.Repeat("附件", 1000)
	serve := func(contentType, disposition, content string) {
		p.on("media/get", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("access_token") == "TOKEN-0001-flowdesk" {
				answer(w, failure(42001, "access_token expired"))
				return
			}
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Disposition", disposition)
			io.WriteString(w, content)
		})
	}
	c := p.client(wecom.Options{})
	for disposition, name := range map[string]string{
		`attachment; filename="回单 118.pdf"`:                  "回单 118.pdf",
		`attachment; filename="%E5%9B%9E%E5%8D%95.pdf"`:      "回单.pdf",
		`attachment; filename*=UTF-8''%E5%9B%9E%E5%8D%95.go`: "回单.go",
		`attachment; filename="../../etc/passwd"`:            "passwd",
		`attachment`: "",
	} {
		serve("application/pdf", disposition, content)
		d, err := c.DownloadMedia(ctx, "2mFlowFile0118", 1<<20)
		require.NoError(t, err, disposition)
		require.Equal(t, name, d.Name)
		require.Equal(t, "application/pdf", d.ContentType)
		got, err := io.ReadAll(d.Body)
		require.NoError(t, err)
		require.Equal(t, content, string(got))
		require.NoError(t, d.Body.Close())
	}
	require.Equal(t, []string{"2mFlowFile0118"}, p.calls("media/get")[0].query["media_id"])

	serve("application/json", `attachment; filename="data.json"`, `{"errcode":40007}`)
	d, err := c.DownloadMedia(ctx, "2mFlowJSON", 1<<20)
	require.NoError(t, err, "a JSON file is a file")
	require.Equal(t, "data.json", d.Name)
	d.Body.Close()

	p.fails("media/get", 40007, "invalid media_id")
	_, err = c.DownloadMedia(ctx, "gone", 1<<20)
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
	require.Equal(t, 40007, wecom.CodeOf(err))
}

func TestDownloadsAreBounded(t *testing.T) {
	p := newPlatform(t)
	c := p.client(wecom.Options{})
	for name, chunked := range map[string]bool{"announced": false, "unannounced": true} {
		t.Run(name, func(t *testing.T) {
			p.on("media/get", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "video/mp4")
				io.WriteString(w, strings.Repeat("x", 500))
				if chunked {
					w.(http.Flusher).Flush()
				}
				io.WriteString(w, strings.Repeat("x", 501))
			})
			d, err := c.DownloadMedia(ctx, "m", 1000)
			require.Equal(t, chunked, err == nil, "an announced size is refused at once")
			if err == nil {
				defer d.Body.Close()
				var got []byte
				got, err = io.ReadAll(d.Body)
				require.LessOrEqual(t, len(got), 1000)
			}
			require.ErrorContains(t, err, "exceeds 1000 bytes")
			require.Equal(t, wecom.Permanent, wecom.ClassOf(err))

			d, err = c.DownloadMedia(ctx, "m", 1001)
			require.NoError(t, err)
			defer d.Body.Close()
			got, err := io.ReadAll(d.Body)
			require.NoError(t, err)
			require.Len(t, got, 1001)
		})
	}
}
