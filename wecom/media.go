package wecom

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	sdkcontext "github.com/silenceper/wechat/v2/work/context"
	"github.com/silenceper/wechat/v2/work/material"

	"guiju/wecom/internal/wire"
)

// MediaKind is the type of a temporary file.
type MediaKind string

// The four kinds [90253].
const (
	MediaImage MediaKind = "image" // JPG or PNG, ≤ 5 MB (pages disagree between 5 and 10)
	MediaVoice MediaKind = "voice" // AMR, ≤ 2 MB, ≤ 60 s
	MediaVideo MediaKind = "video" // MP4, ≤ 10 MB
	MediaFile  MediaKind = "file"  // ≤ 20 MB
)

var mediaLimits = map[MediaKind]int{
	MediaImage: 5 << 20, MediaVoice: 2 << 20, MediaVideo: 10 << 20, MediaFile: maxUpload,
}

const (
	minMedia    = 6   // bytes; WeCom wants more than five
	maxFileName = 128 // bytes; ours
)

// Media is an uploaded temporary file: it lives three days and all apps of the company may use it.
type Media struct {
	ID        string
	CreatedAt time.Time
}

// UploadMedia uploads a temporary file; members see its name (media/upload [90253]). The file is held in memory, so
// that it can be sent again when the token was refused; its size is bounded by its kind.
func (c *Client) UploadMedia(ctx context.Context, kind MediaKind, name string, r io.Reader) (Media, error) {
	limit, ok := mediaLimits[kind]
	if !ok {
		return Media{}, fmt.Errorf("upload media: %w", &InvalidError{"type", "allowed are image, voice, video, file"})
	}
	name = fileName(name)
	if name == "" {
		return Media{}, fmt.Errorf("upload media: %w", &InvalidError{"filename", "required"})
	}
	content, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return Media{}, fmt.Errorf("upload media: read file: %w", err)
	}
	if len(content) < minMedia || len(content) > limit {
		return Media{}, fmt.Errorf("upload media: %w", &InvalidError{"media",
			fmt.Sprintf("a file of type %s must have %d to %d bytes", kind, minMedia, limit)})
	}
	var m Media
	err = c.viaSDK(ctx, "media/upload", func(sdk *sdkcontext.Context) error {
		got, err := material.NewClient(sdk).UploadTempFileFromReader(name, string(kind), strings.NewReader(string(content)))
		if err != nil {
			return err
		}
		m.ID = got.MediaID
		if seconds, err := strconv.ParseInt(got.CreateAt, 10, 64); err == nil {
			m.CreatedAt = time.Unix(seconds, 0)
		}
		return nil
	})
	return m, err
}

// Download is a media file being read; the caller closes Body, whose reads fail once the bound is exceeded.
type Download struct {
	Name        string // as the sender named it, without any path; may be empty
	ContentType string
	Size        int64 // −1 when unknown
	Body        io.ReadCloser
}

// DownloadMedia opens a temporary file of at most limit bytes (media/get [90254]). The SDK's call would hold it in
// memory and lose its name and type. The whole download has to end within a minute.
func (c *Client) DownloadMedia(ctx context.Context, mediaID string, limit int64) (*Download, error) {
	var k checks
	k.need("media_id", mediaID, maxMediaID)
	if k.err != nil {
		return nil, fmt.Errorf("download media: %w", k.err)
	}
	r := get("media/get", url.Values{"media_id": {mediaID}})
	var d *Download
	err := c.withToken(ctx, func(token string) error {
		var err error
		d, err = c.openMedia(ctx, r, token, limit)
		return err
	})
	return d, err
}

// openMedia makes one attempt; the deadline set here ends with the body.
func (c *Client) openMedia(ctx context.Context, r request, token string, limit int64) (*Download, error) {
	start := c.now()
	d, err := c.startMedia(ctx, r, token, limit)
	c.observe(r.api, start, err)
	return d, err
}

func (c *Client) startMedia(ctx context.Context, r request, token string, limit int64) (*Download, error) {
	if err := c.limits.take(ctx, r.api); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, max(c.cfg.Timeout, mediaTimeout))
	resp, err := c.send(ctx, r, token)
	if err == nil {
		err = c.mediaVerdict(r.api, resp, token, limit)
		if err != nil {
			resp.Body.Close()
		}
	}
	c.settle(r.api, err)
	if err != nil {
		cancel()
		return nil, err
	}
	return &Download{
		Name:        dispositionName(resp.Header.Get("Content-Disposition")),
		ContentType: resp.Header.Get("Content-Type"),
		Size:        resp.ContentLength,
		Body: &boundedBody{
			body: resp.Body, cancel: cancel, left: limit,
			fail: func(err error) error { return c.noAnswer(r.api, err, token, false) },
			over: &Error{API: r.api, HTTPStatus: resp.StatusCode, Msg: tooLarge(limit), class: Permanent},
		},
	}, nil
}

// mediaVerdict tells a file from an error: errors are JSON without a file name [90254].
func (c *Client) mediaVerdict(api string, resp *http.Response, token string, limit int64) error {
	contentType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	isJSON := contentType == "application/json" || contentType == "text/plain"
	if resp.StatusCode != http.StatusOK || isJSON && resp.Header.Get("Content-Disposition") == "" {
		answer, err := c.readAnswer(api, resp, token)
		if err == nil {
			err = &Error{API: api, HTTPStatus: resp.StatusCode, Msg: fmt.Sprintf("%d bytes of JSON instead of a file", len(answer)), class: Transient}
		}
		return err
	}
	if resp.ContentLength > limit {
		return &Error{API: api, HTTPStatus: resp.StatusCode, Msg: tooLarge(limit), class: Permanent}
	}
	return nil
}

func tooLarge(limit int64) string { return fmt.Sprintf("file exceeds %d bytes", limit) }

// boundedBody reads at most left bytes and fails, rather than ending early, when there are more.
type boundedBody struct {
	body   io.ReadCloser
	cancel context.CancelFunc
	left   int64
	fail   func(error) error
	over   error
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if int64(n) > b.left {
		return int(b.left), b.over
	}
	b.left -= int64(n)
	if err != nil && err != io.EOF {
		err = b.fail(err)
	}
	return n, err
}

func (b *boundedBody) Close() error {
	b.cancel()
	return b.body.Close()
}

// dispositionName returns the file name of a Content-Disposition header, plain or percent-encoded.
func dispositionName(header string) string {
	_, params, err := mime.ParseMediaType(header)
	if err != nil {
		return ""
	}
	name := params["filename"]
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	return fileName(name)
}

// fileName keeps the last element of a path of any system and bounds it before its extension.
func fileName(name string) string {
	name = strings.TrimSpace(strings.ReplaceAll(wire.Clean(name), "\n", " "))
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" || name == ".." {
		return ""
	}
	if ext := path.Ext(name); len(name) > maxFileName && len(ext) < 16 {
		return wire.CutBytes(strings.TrimSuffix(name, ext), maxFileName-len(ext)) + ext
	}
	return wire.CutBytes(name, maxFileName)
}
