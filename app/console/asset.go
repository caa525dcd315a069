package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets
var assetFiles embed.FS

// sheets are put together to one style sheet, in this order: WeUI 2.6.26 of
// Tencent (MIT, assets/weui/LICENSE.txt), as far as it is used, and ours. The
// script is htmx 2.0.11 (0BSD, assets/htmx/LICENSE).
var sheets = []string{"weui/base.min.css", "weui/weui-button.min.css", "page.css"}

// assets are what pages load. They say nothing about anybody, so browsers keep
// them; another version has another address.
type assets struct {
	made func() map[string]asset
}

type asset struct {
	body, zipped []byte
	version      string
}

func newAssets() *assets {
	return &assets{made: sync.OnceValue(makeAssets)}
}

func makeAssets() map[string]asset {
	made := map[string]asset{}
	read := func(name string) []byte {
		body, err := assetFiles.ReadFile("assets/" + name)
		if err != nil { // it is embedded at build time
			panic(err)
		}
		return body
	}
	var style bytes.Buffer
	for _, name := range sheets {
		style.Write(read(name))
		style.WriteByte('\n')
	}
	made["page.css"] = newAsset(style.Bytes())
	made["htmx.js"] = newAsset(read("htmx/htmx.min.js"))
	made["page.js"] = newAsset(read("page.js"))
	return made
}

func newAsset(body []byte) asset {
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, _ = zip.Write(body) // into memory
	_ = zip.Close()
	sum := sha256.Sum256(body)
	return asset{body: body, zipped: zipped.Bytes(), version: hex.EncodeToString(sum[:6])}
}

// serve sends the asset called name.
func (a *assets) serve(w http.ResponseWriter, r *http.Request, name string, missing func()) {
	found, ok := a.made()[name]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		missing()
		return
	}
	h := w.Header()
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	h.Set("ETag", `"`+found.version+`"`)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "public, max-age=3600")
	if r.URL.Query().Get("v") == found.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == `"`+found.version+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := found.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = found.zipped
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// address is an asset's name with its version.
func (a *assets) address(name string) string { return name + "?v=" + a.made()[name].version }
