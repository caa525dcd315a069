package console_test

import (
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"guiju/app/console"
)

// Whatever a form's body is, it is answered with a page that says so, nothing is
// on disk that no row names, and no text reaches a page's Post that is not UTF-8.
func FuzzForm(f *testing.F) {
	kind, body := seed(f)
	f.Add(kind, body.String())
	f.Add("application/x-www-form-urlencoded", "text=%E8%AF%B7%E5%81%87&text=%ff&%zz=1&a;b")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--")
	f.Add("multipart/form-data", "--x")
	f.Add("multipart/form-data; boundary=\"\x00\"", "")
	f.Add("text/html;;;", "<b>")
	f.Fuzz(func(t *testing.T, kind, body string) {
		dir := t.TempDir()
		reader := console.NewReader(dir)
		request := httptest.NewRequest(http.MethodPost, "/form/echo/a", strings.NewReader(strings.ReplaceAll(body, "TOKEN", reader.Token())))
		request.Header.Set("Content-Type", kind)
		values, files, status := reader.Read(request)
		require.Contains(t, []int{0, 400, 403, 413, 415}, status)
		for name, all := range values {
			require.NotEqual(t, "_token", name)
			require.True(t, plain(all), name)
		}
		onDisk := 0
		require.NoError(t, filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				onDisk++
			}
			return err
		}))
		require.Equal(t, files, onDisk, "what is refused leaves nothing")
	})
}

// Whatever is asked for, nobody is led away from the pages after signing in.
func FuzzWanted(f *testing.F) {
	for _, address := range []string{"/form/", "//evil.example", "/form/..//evil", "/form/echo/\\evil", "/form/echo/a?x=//b", "http://evil/form/"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil {
			return // no address at all
		}
		to := console.OwnPage(u)
		require.True(t, strings.HasPrefix(to, "/form/"), to)
		require.False(t, strings.ContainsAny(to, "\r\n\\"), to)
		again, err := url.Parse(to)
		require.NoError(t, err)
		require.Empty(t, again.Host)
		require.Equal(t, to, console.OwnPage(again), "it is its own answer")
	})
}

// plain says whether texts are what a page may be given.
func plain(texts []string) bool {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r") {
			return false
		}
	}
	return true
}

func seed(f *testing.F) (kind string, body *strings.Builder) {
	f.Helper()
	body = &strings.Builder{}
	m := multipart.NewWriter(body)
	require.NoError(f, m.WriteField("_token", "TOKEN"))
	part, err := m.CreateFormFile("f", "x.png")
	require.NoError(f, err)
	_, err = part.Write([]byte(png))
	require.NoError(f, err)
	require.NoError(f, m.Close())
	return m.FormDataContentType(), body
}
