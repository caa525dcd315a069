package sandbox

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	_ "image/jpeg" // the two picture formats WeCom takes
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// media is a temporary upload; it lives mediaLife and is shared by all apps.
type media struct {
	Type  string    `json:"type"`
	Name  string    `json:"name"`
	Mime  string    `json:"mime"`
	At    time.Time `json:"at"`
	Bytes []byte    `json:"bytes"`
}

const (
	mediaLife = 72 * time.Hour
	mediaBody = 21 << 20 // a 20 MB file and its multipart frame
	mediaKeep = 10000
)

var mediaLimits = map[string]int{"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "file": 20 << 20}

// mediaUpload is POST media/upload (api.md 8.1).
func mediaUpload(k *call) (gin.H, *apiError) {
	kind := k.query.Get("type")
	if mediaLimits[kind] == 0 {
		return nil, fail(40005, "")
	}
	name, contentType, data, failed := k.part("media")
	if failed != nil {
		return nil, failed
	}
	if name == "" {
		return nil, fail(40058, "the part needs a filename")
	}
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	id, failed := k.p.storeMedia(kind, name, contentType, data)
	if failed != nil {
		return nil, failed
	}
	return gin.H{"errcode": 0, "errmsg": "", "type": kind, "media_id": id, "created_at": strconv.FormatInt(k.now.Unix(), 10)}, nil
}

// mediaUploadImage is POST media/uploadimg: a picture with a lasting URL.
func mediaUploadImage(k *call) (gin.H, *apiError) {
	_, _, data, failed := k.part("")
	if failed != nil {
		return nil, failed
	}
	switch {
	case len(data) <= 5:
		return nil, fail(44001, "")
	case len(data) > 2<<20:
		return nil, fail(40009, "")
	case !isPicture(data):
		return nil, fail(40123, "not a picture")
	}
	day := k.now.In(k.p.opts.Location)
	if !k.p.rates.take("uploadimg "+day.Format("20060102"), 1, 24*time.Hour, 1000, k.now) ||
		!k.p.rates.take("uploadimg "+day.Format("200601"), 1, 31*24*time.Hour, 3000, k.now) {
		return nil, fail(45009, "")
	}
	return gin.H{"errcode": 0, "errmsg": "", "url": "https://wework.qpic.cn/wwpic/" + letters(24) + "/0"}, nil
}

// part reads the one file of a multipart body; field "" takes any name.
func (k *call) part(field string) (name, contentType string, data []byte, failed *apiError) {
	_, params, err := mime.ParseMediaType(k.c.GetHeader("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return "", "", nil, fail(40058, "multipart/form-data needed")
	}
	r := multipart.NewReader(bytes.NewReader(k.body), params["boundary"])
	for range 20 {
		p, err := r.NextPart()
		if err != nil {
			break
		}
		if field != "" && p.FormName() != field {
			continue
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return "", "", nil, fail(40058, "multipart body is damaged")
		}
		return p.FileName(), p.Header.Get("Content-Type"), data, nil
	}
	return "", "", nil, fail(41006, "no part named "+field)
}

// storeMedia checks and keeps one file. The caller holds mu.
func (p *Platform) storeMedia(kind, name, contentType string, data []byte) (string, *apiError) {
	switch {
	case len(data) <= 5:
		return "", fail(44001, "")
	case len(data) > mediaLimits[kind]:
		return "", fail(45001, "")
	case kind == "image" && !isPicture(data):
		return "", fail(40004, "image must be JPG or PNG")
	case kind == "voice" && !bytes.HasPrefix(data, []byte("#!AMR")):
		return "", fail(301017, "voice must be AMR")
	case kind == "video" && !(len(data) > 8 && string(data[4:8]) == "ftyp"):
		return "", fail(40004, "video must be MP4")
	}
	now := p.Now()
	total := int64(len(data))
	for id, m := range p.st.Media {
		if now.Sub(m.At) > 2*mediaLife {
			delete(p.st.Media, id)
			continue
		}
		total += int64(len(m.Bytes))
	}
	if total > p.opts.MediaLimit || len(p.st.Media) >= mediaKeep {
		return "", fail(45001, "the sandbox stores no more media")
	}
	if contentType == "" || contentType == "application/octet-stream" {
		contentType = http.DetectContentType(data)
	}
	id := "2" + letters(42)
	p.st.Media[id] = &media{Type: kind, Name: name, Mime: contentType, At: now, Bytes: slices.Clone(data)}
	p.touch()
	return id, nil
}

func isPicture(data []byte) bool {
	_, kind, err := image.DecodeConfig(bytes.NewReader(data))
	return err == nil && (kind == "png" || kind == "jpeg")
}

// liveMedia finds media that has not expired. The caller holds mu.
func (p *Platform) liveMedia(id string, now time.Time) *media {
	m := p.st.Media[id]
	if m == nil || now.Sub(m.At) >= mediaLife {
		return nil
	}
	return m
}

// mediaGet is GET media/get: the bytes, or JSON on error.
func mediaGet(k *call) *apiError {
	id := k.query.Get("media_id")
	if id == "" {
		return fail(41006, "")
	}
	k.p.mu.Lock()
	m := k.p.liveMedia(id, k.now)
	k.p.mu.Unlock()
	if m == nil {
		return fail(40007, "")
	}
	k.traffic.Answer = fmt.Sprintf("(%s, %d bytes)", m.Mime, len(m.Bytes))
	serveMedia(k.c, m)
	k.traffic.Status = k.c.Writer.Status()
	return nil
}

func serveMedia(c *gin.Context, m *media) {
	c.Header("Content-Type", m.Mime)
	c.Header("Content-Disposition", `attachment; filename="`+strings.NewReplacer(`"`, "", "\r", "", "\n", "", `\`, "").Replace(m.Name)+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(m.Bytes)) // Range → 206
}

// showMedia is GET /sandbox/api/media/{media_id}: the page shows pictures with it.
func (p *Platform) showMedia(c *gin.Context) {
	p.mu.Lock()
	m := p.liveMedia(c.Param("id"), p.Now())
	p.mu.Unlock()
	if m == nil {
		refuse(c, http.StatusNotFound, "media_id", "no such media, or older than 3 days")
		return
	}
	serveMedia(c, m)
}

// sampleMedia is a small valid file of its kind.
func sampleMedia(kind string) []byte {
	switch kind {
	case "voice": // an AMR header and one silent frame
		raw, _ := base64.StdEncoding.DecodeString("IyFBTVIKPJEXFr5mefAB5+vgAAAAAAAAAAAAAAAAAAAA")
		return raw
	case "video": // an MP4 file type box
		return append([]byte{0, 0, 0, 20}, "ftypisom\x00\x00\x02\x00isom"...)
	}
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 80, 80))
	for i := range img.Pix {
		img.Pix[i] = 0xC8
	}
	if err := png.Encode(&b, img); err != nil { // memory never fails to be written
		panic(err)
	}
	return b.Bytes()
}
