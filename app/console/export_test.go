package console

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
)

// OwnPage is what is remembered of an address that was asked for.
var OwnPage = ownPage

// Reader reads forms as they come in, for one session.
type Reader struct {
	c *Console
	s *session
}

// NewReader makes one that keeps files in dir.
func NewReader(dir string) Reader {
	return Reader{&Console{o: Options{MediaDir: dir}}, &session{secret: "a session's secret"}}
}

// Token is one of the session's.
func (r Reader) Token() string { return r.s.token() }

// Read answers what a form holds, how many files it had, and the status of the
// page that says what is wrong with it; 0 when nothing is.
func (r Reader) Read(request *http.Request) (values url.Values, files, status int) {
	form, err := r.c.read(httptest.NewRecorder(), request, r.s)
	if err == nil {
		return form.values, len(form.files), 0
	}
	form.discard(r.c)
	var told problem
	if !errors.As(err, &told) {
		return nil, 0, http.StatusInternalServerError
	}
	return nil, 0, told.Status
}
