package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"guiju/store"
)

// The bounds of uploads; WeCom's own limit of a file is the same [90253].
const (
	MaxFiles    = 6
	MaxFileSize = 20 << 20 // bytes
	maxParts    = maxFields + MaxFiles + 1
	maxFileName = 200 // bytes
)

// fileTypes are the files taken, by the end of their names, and how their first
// bytes must look: a name alone proves nothing.
var fileTypes = map[string][]string{
	".jpg": {"image/jpeg"}, ".jpeg": {"image/jpeg"}, ".png": {"image/png"}, ".gif": {"image/gif"}, ".webp": {"image/webp"},
	".heic": {"application/octet-stream"}, ".heif": {"application/octet-stream"},
	".pdf": {"application/pdf"}, ".txt": {"text/plain"}, ".csv": {"text/plain"},
	".docx": {"application/zip"}, ".xlsx": {"application/zip"}, ".pptx": {"application/zip"}, ".zip": {"application/zip"},
	".doc": {"application/octet-stream"}, ".xls": {"application/octet-stream"}, ".ppt": {"application/octet-stream"},
}

// pictures are shown in place.
var pictures = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// AcceptedFiles is what a file input offers; AcceptedPictures, one for photos.
const (
	AcceptedFiles    = ".jpg,.jpeg,.png,.gif,.webp,.heic,.heif,.pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.txt,.csv,.zip"
	AcceptedPictures = "image/jpeg,image/png,image/gif,image/webp,.heic,.heif"
)

// upload is a file on disk that no row names yet.
type upload struct {
	field, name, kind string
	path              string // below media.dir
	sha256            string
	size              int64
}

// readParts takes a form with files, part by part.
func (c *Console) readParts(w http.ResponseWriter, r *http.Request, s *session, boundary string) (posted, error) {
	form := posted{values: url.Values{}}
	r.Body = http.MaxBytesReader(w, r.Body, MaxFiles*MaxFileSize+maxBody)
	reader := multipart.NewReader(r.Body, boundary)
	words := 0
	for range maxParts {
		part, err := reader.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			if !s.genuine(form.token) {
				return form, staleForm()
			}
			return form, form.check()
		case err != nil:
			return form, unread(err)
		}
		if part.FileName() != "" {
			err = c.readFile(&form, part, s)
		} else {
			err = form.readValue(part, &words)
		}
		if err != nil {
			return form, err
		}
	}
	return form, tooLarge("填写的项目太多了。")
}

func (p *posted) readValue(part *multipart.Part, words *int) error {
	value, err := io.ReadAll(io.LimitReader(part, maxValue+1))
	if err != nil {
		return unread(err)
	}
	*words += len(value)
	if len(value) > maxValue || *words > maxBody {
		return tooLarge("文字太长了。")
	}
	switch name := part.FormName(); {
	case name == tokenField:
		p.token = string(value)
	case name != "" && part.Header.Get("Content-Type") == "": // an input for files that was left empty has a type
		p.values[name] = append(p.values[name], string(value))
	}
	return nil
}

// readFile writes one file below media.dir, as chat does with what is sent there.
func (c *Console) readFile(form *posted, part *multipart.Part, s *session) error {
	if !s.genuine(form.token) {
		return staleForm() // the token comes before the files
	}
	name := plainName(part.FileName())
	if len(form.files) >= MaxFiles {
		return tooLarge(fmt.Sprintf("一次最多上传 %d 个文件。", MaxFiles))
	}
	types, known := fileTypes[strings.ToLower(filepath.Ext(name))]
	if !known {
		return problem{
			Status: http.StatusUnsupportedMediaType, Title: "不支持这种文件",
			Text: "「" + name + "」没有上传。可以上传图片、PDF、Word、Excel、PPT、TXT、CSV 和 ZIP。请返回上一页换一个文件，已填写的内容还在。",
		}
	}
	u := upload{field: part.FormName(), name: name}
	err := c.store1(&u, part)
	if err != nil {
		return err
	}
	form.files = append(form.files, u)
	if u.size == 0 || !slices.Contains(types, u.kind) {
		return problem{
			Status: http.StatusUnsupportedMediaType, Title: "文件打不开",
			Text: "「" + name + "」是空的，或内容和文件名不符。请返回上一页换一个文件，已填写的内容还在。",
		}
	}
	return nil
}

// store1 copies a part to disk, with its hash.
func (c *Console) store1(u *upload, part io.Reader) error {
	if err := os.MkdirAll(c.o.MediaDir, 0o700); err != nil {
		return fmt.Errorf("keep an upload: %w", err)
	}
	file, err := os.CreateTemp(c.o.MediaDir, ".upload-*")
	if err != nil {
		return fmt.Errorf("keep an upload: %w", err)
	}
	defer os.Remove(file.Name()) // a no-op once renamed
	hash := sha256.New()
	u.size, err = io.Copy(io.MultiWriter(file, hash), io.LimitReader(part, MaxFileSize+1))
	if err != nil {
		return errors.Join(unread(err), file.Close())
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("keep an upload: %w", err)
	}
	if u.size > MaxFileSize {
		return tooLarge(fmt.Sprintf("「%s」超过 %s。", u.name, size(MaxFileSize)))
	}
	u.sha256 = hex.EncodeToString(hash.Sum(nil))
	u.kind, _ = pictureType(file.Name())
	u.path = filepath.Join(u.sha256[:2], u.sha256+"-w"+strings.ToLower(rand.Text()[:12]))
	if err := os.MkdirAll(filepath.Join(c.o.MediaDir, u.sha256[:2]), 0o700); err != nil {
		return fmt.Errorf("keep an upload: %w", err)
	}
	return os.Rename(file.Name(), filepath.Join(c.o.MediaDir, u.path))
}

// discard removes the files of a form that is not acted on.
func (p posted) discard(c *Console) {
	for _, u := range p.files {
		_ = os.Remove(filepath.Join(c.o.MediaDir, u.path)) // one that stays is found by nobody
	}
}

// keep makes attachments of a form's files, by field: they stay when the form is
// shown anew.
func (c *Console) keep(ctx context.Context, s *session, form posted) (map[string][]store.Attachment, error) {
	kept := map[string][]store.Attachment{}
	if len(form.files) == 0 {
		return kept, nil
	}
	err := c.o.Store.InTx(ctx, func(tx *store.Tx) error {
		clear(kept)
		for _, u := range form.files {
			kind := "file"
			if strings.HasPrefix(u.kind, "image/") {
				kind = "image"
			}
			a, err := tx.AddAttachment(store.Attachment{
				MemberID: s.MemberID, App: s.App, Kind: kind, Name: u.name, Path: u.path, SHA256: u.sha256, Size: u.size,
			})
			if err != nil {
				return err
			}
			kept[u.field] = append(kept[u.field], a)
		}
		return nil
	})
	return kept, err
}

// pictureType tells what a file is by its first bytes, and whether it is a
// picture that browsers show.
func pictureType(name string) (kind string, inline bool) {
	const unknown = "application/octet-stream"
	file, err := os.Open(name)
	if err != nil {
		return unknown, false
	}
	defer file.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(file, head) // shorter files are fine
	kind, _, _ = strings.Cut(http.DetectContentType(head[:n]), ";")
	return kind, slices.Contains(pictures, kind)
}

// plainName is a file's name without folders and what no name needs.
func plainName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`"<>|:*?`, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	for len(name) > maxFileName { // the end says what kind of file it is
		_, n := utf8.DecodeRuneInString(name)
		name = name[n:]
	}
	return name
}

// size is a number of bytes for people.
func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d KB", n>>10)
}
