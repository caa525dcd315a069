package sandbox

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed web
var webFiles embed.FS

// servePage serves the embedded page; everything unknown is 404.
func (p *Platform) servePage(c *gin.Context) {
	files, err := fs.Sub(webFiles, "web")
	if err != nil { // the folder is embedded at build time
		panic(err)
	}
	name := strings.TrimPrefix(c.Request.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		refuse(c, http.StatusNotFound, "", "not found")
		return
	}
	if info, err := fs.Stat(files, name); err != nil || info.IsDir() {
		refuse(c, http.StatusNotFound, "", "not found")
		return
	}
	c.Header("Cache-Control", "no-cache")
	c.Header("Content-Security-Policy", "default-src 'self'; img-src 'self' data: https: http:; style-src 'self' 'unsafe-inline'")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Status(http.StatusOK) // NoRoute starts from 404
	http.ServeFileFS(c.Writer, c.Request, files, name)
}
