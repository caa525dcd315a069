package console_test

import (
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/console"
	"guiju/store/storetest"
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
		db, clock := storetest.Open(t)
		w := newWorld(t, db, clock, nil)
		w.after = func(v *console.Visit) (console.Next, error) {
			for name, values := range v.Form {
				require.NotEqual(t, "_token", name)
				require.True(t, utf8Valid(values), name)
			}
			return console.Next{}, nil
		}
		b := w.browser().signIn("zhaoliu")
		body = strings.ReplaceAll(body, "TOKEN", b.token("/form/echo/a"))
		if !validHeader(kind) {
			t.Skip("no request has such a header")
		}
		got := b.do("POST", "/form/echo/a", kind, strings.NewReader(body))
		require.Contains(t, []int{303, 400, 403, 413, 415}, got.StatusCode, got.text)
		if got.StatusCode == http.StatusSeeOther {
			return
		}
		require.Contains(t, got.text, "</html>")
		require.NoError(t, filepath.WalkDir(w.media, func(name string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				t.Errorf("%s is left", name)
			}
			return err
		}))
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
			t.Skip()
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

func utf8Valid(values []string) bool {
	for _, value := range values {
		if strings.ToValidUTF8(value, "") != value || strings.ContainsAny(value, "\x00\r") {
			return false
		}
	}
	return true
}

func validHeader(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
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
