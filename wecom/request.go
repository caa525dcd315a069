package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"guiju/wecom/internal/wire"
)

const (
	maxAnswer    = 16 << 20 // bytes of a JSON answer; user/list of a large department has some MB
	maxErrorText = 300      // bytes of errmsg kept
	mediaTimeout = 60 * time.Second
	maxUpload    = 20 << 20 // bytes; the largest temporary file [90253]
)

// request is one call; api is the path under /cgi-bin/ and its label everywhere.
type request struct {
	api         string
	method      string
	query       url.Values // without the token
	body        []byte
	contentType string
}

func get(api string, query url.Values) request {
	return request{api: api, method: http.MethodGet, query: query}
}

func post(api string, body []byte) request {
	return request{api: api, method: http.MethodPost, body: body, contentType: "application/json; charset=utf-8"}
}

// call performs r with the token and decodes the answer into out, which may be nil.
func (c *Client) call(ctx context.Context, r request, out any) error {
	return c.withToken(ctx, func(token string) error {
		answer, err := c.exchange(ctx, r, token)
		if err != nil || out == nil {
			return err
		}
		if json.Unmarshal(answer, out) != nil {
			return &Error{API: r.api, HTTPStatus: http.StatusOK, Msg: "answer is not the expected JSON", class: Transient}
		}
		return nil
	})
}

// callJSON is call with a JSON body.
func (c *Client) callJSON(ctx context.Context, api string, in, out any) error {
	body, err := wire.JSON(in)
	if err != nil {
		return fmt.Errorf("wecom %s: %w", api, err)
	}
	return c.call(ctx, post(api, body), out)
}

// withToken runs attempt, and once more with a fresh token when WeCom refuses the first.
func (c *Client) withToken(ctx context.Context, attempt func(token string) error) error {
	for again := false; ; again = true {
		token, err := c.tokens.get(ctx)
		if err != nil {
			return err
		}
		err = attempt(token)
		if ClassOf(err) != RefreshToken {
			return err
		}
		c.tokens.drop(ctx, token)
		if again {
			return err
		}
	}
}

// fetchToken calls gettoken [91039].
func (c *Client) fetchToken(ctx context.Context) (token, error) {
	start := c.now()
	answer, err := c.exchange(ctx, get(apiGetToken, url.Values{
		"corpid": {c.cfg.CorpID}, "corpsecret": {c.cfg.Secret},
	}), "")
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			e.uncertain = false // the call that needed the token was not made
		}
		return token{}, err
	}
	var got struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if json.Unmarshal(answer, &got) != nil || got.AccessToken == "" || got.ExpiresIn <= 0 {
		return token{}, &Error{API: apiGetToken, HTTPStatus: http.StatusOK, Msg: "answer holds no token", class: Transient}
	}
	life := time.Duration(min(got.ExpiresIn, 86400)) * time.Second
	return token{value: got.AccessToken, life: life, expires: start.Add(life)}, nil
}

// exchange sends r once and returns the JSON answer. Every failure is an *Error.
func (c *Client) exchange(ctx context.Context, r request, token string) ([]byte, error) {
	var answer []byte
	err := c.observed(ctx, r.api, func(ctx context.Context) error {
		resp, err := c.send(ctx, r, token)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		answer, err = c.readAnswer(r.api, resp, token)
		return err
	})
	return answer, err
}

// observed wraps one attempt with the API's limits, its deadline and the observer.
func (c *Client) observed(ctx context.Context, api string, attempt func(context.Context) error) error {
	start := c.now()
	err := c.limits.take(ctx, api)
	if err == nil {
		timeout := c.cfg.Timeout
		if strings.HasPrefix(api, "media/") {
			timeout = max(timeout, mediaTimeout)
		}
		attemptCtx, cancel := context.WithTimeout(ctx, timeout)
		err = attempt(attemptCtx)
		cancel()
		c.settle(api, err)
	}
	c.observe(api, start, err)
	return err
}

// settle tells the limits how a sent request ended.
func (c *Client) settle(api string, err error) {
	e, _ := errors.AsType[*Error](err)
	if e == nil {
		c.limits.report(api, ClassOf(err), 0)
		return
	}
	e.RetryAfter = c.limits.report(api, e.class, e.Code)
}

func (c *Client) observe(api string, start time.Time, err error) {
	if c.observer == nil {
		return
	}
	call := Call{Client: c.cfg.Name, API: api, Class: ClassOf(err), Duration: c.now().Sub(start)}
	if e, ok := errors.AsType[*Error](err); ok {
		call.Code, call.Local = e.Code, e.Local
	}
	c.observer.ObserveCall(call)
}

// written records how far a request got, to tell "not sent" from "no answer".
type written struct {
	traced  atomic.Bool // the transport reports its steps
	headers atomic.Bool // the request began to leave
}

func (w *written) context(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { w.traced.Store(true) },
		WroteHeaders: func() { w.headers.Store(true) },
	})
}

// mayHaveArrived reports whether WeCom may have got a request that failed with err.
func (w *written) mayHaveArrived(err error) bool {
	if w.traced.Load() {
		return w.headers.Load()
	}
	var dial *net.OpError
	var dns *net.DNSError
	return !(errors.As(err, &dial) && dial.Op == "dial") && !errors.As(err, &dns)
}

func (c *Client) send(ctx context.Context, r request, token string) (*http.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, notSent(r.api, err)
	}
	u := c.base.JoinPath("cgi-bin", r.api)
	query := url.Values{}
	for k, v := range r.query {
		query[k] = v
	}
	if token != "" {
		query.Set("access_token", token)
	}
	u.RawQuery = query.Encode()
	trace := &written{}
	req, err := http.NewRequestWithContext(trace.context(ctx), r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, &Error{API: r.api, Msg: "cannot make the request", Local: true, class: Permanent}
	}
	if len(r.body) == 0 {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.noAnswer(r.api, err, token, trace.mayHaveArrived(err))
	}
	return resp, nil
}

// noAnswer is the error of a request whose connection failed. Its text never holds the URL.
func (c *Client) noAnswer(api string, err error, token string, uncertain bool) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	e := &Error{API: api, Msg: c.redact(err.Error(), token), class: Transient, uncertain: uncertain, cause: contextCause(err)}
	if errors.Is(err, context.DeadlineExceeded) {
		e.Msg = "no answer in time"
	}
	return e
}

// readAnswer reads a bounded JSON answer and turns its errcode or HTTP status into an error.
func (c *Client) readAnswer(api string, resp *http.Response, token string) ([]byte, error) {
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, c.noAnswer(api, err, token, true)
	}
	if len(answer) > maxAnswer {
		return nil, &Error{API: api, HTTPStatus: resp.StatusCode, Msg: fmt.Sprintf("answer exceeds %d bytes", maxAnswer), class: Permanent}
	}
	return answer, c.verdict(api, resp.StatusCode, answer, token)
}

// verdict judges by errcode alone where there is one, as HTTP is 200 for failures too [90664].
func (c *Client) verdict(api string, status int, answer []byte, token string) error {
	var envelope struct {
		ErrCode int    `json:"errcode"`
		ErrMsg  string `json:"errmsg"`
	}
	isJSON := len(answer) > 0 && json.Unmarshal(answer, &envelope) == nil
	if isJSON && envelope.ErrCode != 0 {
		return c.refused(api, status, envelope.ErrCode, envelope.ErrMsg, token)
	}
	if status == http.StatusOK && isJSON {
		return nil
	}
	e := &Error{API: api, HTTPStatus: status, Msg: fmt.Sprintf("HTTP %d", status)}
	switch {
	case status == http.StatusTooManyRequests:
		e.class = Throttled
	case status >= 500:
		e.class, e.uncertain = Transient, true
	case status == http.StatusOK:
		e.Msg = "answer is not JSON"
		e.class, e.uncertain = Transient, true
	default: // a proxy, a portal or a wrong address speaks
		e.class = Misconfigured
	}
	return e
}

// refused is the error of an answer with an errcode.
func (c *Client) refused(api string, status, code int, msg, token string) error {
	e := &Error{API: api, HTTPStatus: status, Code: code, class: classify(api, code)}
	if m := hintPattern.FindStringSubmatch(msg); m != nil {
		e.Hint = wire.CutBytes(m[1], 64)
	}
	if m := ipPattern.FindStringSubmatch(msg); m != nil {
		e.IP = m[1]
	}
	if text, _, found := strings.Cut(msg, ", hint:"); found {
		msg = text
	}
	e.Msg = c.redact(msg, token)
	return e
}

// The suffix of errmsg: ", hint: [<digits>], from ip: <ip>, more info at <url>".
var (
	hintPattern   = regexp.MustCompile(`hint: \[([^\]]*)\]`)
	ipPattern     = regexp.MustCompile(`from ip: ([0-9A-Fa-f.:]+)`)
	secretPattern = regexp.MustCompile(`\b((?i:access_token|corpsecret|user_ticket|jsapi_ticket|ticket|code)=)[^&\s"']+`)
)

// redact removes secrets and control characters from a text and bounds it.
func (c *Client) redact(s, token string) string {
	for _, secret := range []string{c.cfg.Secret, token} {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "***")
			s = strings.ReplaceAll(s, url.QueryEscape(secret), "***")
		}
	}
	s = secretPattern.ReplaceAllString(s, "$1***")
	s = strings.Join(strings.Fields(wire.Clean(s)), " ")
	return wire.CutBytes(s, maxErrorText)
}
