package wecom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"guiju/wecom/card"
)

// Class says what a caller can do about an error; callers ask the class, never the number.
type Class int

// The classes of api.md section 12.
const (
	// OK is the class of no error.
	OK Class = iota
	// RefreshToken means the token was refused although it was refreshed and the call repeated once.
	RefreshToken
	// Throttled means a frequency limit; RetryAfter says how long to wait.
	Throttled
	// Transient means WeCom or the network failed; repeat later, a few times.
	Transient
	// Permanent means this request will never work as it is.
	Permanent
	// Misconfigured means an administrator must change something; Remedy says what and where.
	Misconfigured
)

// String returns the class as used in metrics and logs.
func (c Class) String() string {
	switch c {
	case OK:
		return "ok"
	case RefreshToken:
		return "refresh_token"
	case Throttled:
		return "throttled"
	case Transient:
		return "transient"
	case Permanent:
		return "permanent"
	case Misconfigured:
		return "misconfigured"
	}
	return fmt.Sprintf("class(%d)", int(c))
}

// Error is a call that did not succeed: WeCom's answer, or why there is none. It holds no secret and no body.
type Error struct {
	API        string // path under /cgi-bin/, such as "message/send"
	Code       int    // errcode; 0 when no errcode was received
	Msg        string // errmsg, or the failure in words; redacted and bounded
	Hint       string // WeCom support asks for it
	IP         string // caller's address as WeCom saw it, when it said so
	HTTPStatus int    // 0 when no HTTP answer was received
	// RetryAfter is how long a throttled API stays closed; 0 when unknown.
	RetryAfter time.Duration
	// Local means that the request was not sent at all: the API is parked, paced, or the secret is known to be wrong.
	Local bool

	class     Class
	uncertain bool
	cause     error // only a context error or nil: other causes may print URLs with secrets
}

// Error names the API, the code and WeCom's words.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "wecom %s: ", e.API)
	if e.Code != 0 {
		fmt.Fprintf(&b, "errcode %d: ", e.Code)
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		fmt.Fprintf(&b, " (hint %s)", e.Hint)
	}
	return b.String()
}

// Unwrap returns context.Canceled or context.DeadlineExceeded when one of them ended the call.
func (e *Error) Unwrap() error { return e.cause }

// Class returns the error's class.
func (e *Error) Class() Class { return e.class }

// InvalidError is a request refused here because WeCom would refuse or mutilate it. Its class is Permanent.
type InvalidError struct {
	Path    string // field in WeCom's JSON, such as "text.content"
	Problem string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Problem) }

// ClassOf returns the class of err: OK for nil, Permanent for requests and cards refused before sending, Transient for
// errors that come from elsewhere.
func ClassOf(err error) Class {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.class
	}
	if _, ok := errors.AsType[*InvalidError](err); ok {
		return Permanent
	}
	if _, ok := errors.AsType[*card.FieldError](err); ok {
		return Permanent
	}
	return Transient
}

// Uncertain reports whether the request may have been executed although no answer came: the connection failed, timed
// out or answered nonsense after the request was written.
func Uncertain(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.uncertain
}

// RetryAfter returns how long a throttled API stays closed, 0 when unknown.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// contextCause keeps the context errors, which callers test for, and drops all other causes.
func contextCause(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return nil
}

// CodeOf returns WeCom's errcode for the few codes that are part of a call's meaning, such as 60140 (a response code
// was spent), and 0 when there is none. Whether to retry is asked of ClassOf alone.
func CodeOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}
