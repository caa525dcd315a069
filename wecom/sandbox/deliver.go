package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// delivery is one callback on its way to one receiver. Its plaintext never
// changes; every attempt encrypts it anew, with a fresh timestamp and nonce.
type delivery struct {
	id       int64
	receiver string // app name or contactsReceiver
	user     string // the member who acted; "" for system events
	kind     string // text … or the event's name, for the traffic log
	event    string // Event of an event, "" for a message
	text     string // plaintext XML
	press    *press // for card events: what a passive update may change

	mu      sync.Mutex
	replied bool // a reply has been shown: a repetition shows nothing more
}

// deliveryLog counts callbacks in flight and remembers finished ones for redelivery.
type deliveryLog struct {
	mu     sync.Mutex
	flying int
	closed bool // nothing more is admitted
	total  int64
	idle   chan struct{} // closed while nothing is flying
	byID   map[int64]*delivery
	order  []int64
}

// deliveriesKept is how many callbacks can still be delivered again.
const deliveriesKept = 5000

func (l *deliveryLog) init() {
	l.byID = map[int64]*delivery{}
	l.idle = make(chan struct{})
	close(l.idle)
}

func (l *deliveryLog) keep(d *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byID[d.id] = d
	l.order = append(l.order, d.id)
	if len(l.order) > deliveriesKept {
		delete(l.byID, l.order[0])
		l.order = l.order[1:]
	}
}

func (l *deliveryLog) find(id int64) *delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byID[id]
}

// begin admits one callback unless limit are in flight.
func (l *deliveryLog) begin(limit int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.flying >= limit {
		return false
	}
	if l.flying == 0 {
		l.idle = make(chan struct{})
	}
	l.flying++
	l.total++
	return true
}

// close admits nothing more, so that quiet ends.
func (l *deliveryLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

func (l *deliveryLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flying--; l.flying == 0 {
		close(l.idle)
	}
}

func (l *deliveryLog) count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// quiet waits until no callback is in flight, retries included.
func (l *deliveryLog) quiet(ctx context.Context) error {
	for {
		l.mu.Lock()
		idle, flying := l.idle, l.flying
		l.mu.Unlock()
		if flying == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var (
	errBusy     = errors.New("too many callbacks wait to be delivered")
	errStopping = errors.New("the platform is stopping")
)

// deliver sends a callback on its way. The channel gives the result of the first
// attempt; retries go on behind it.
func (p *Platform) deliver(d *delivery) (<-chan PressResult, error) {
	if d.id == 0 {
		p.mu.Lock()
		d.id = p.nextID()
		p.touch()
		p.mu.Unlock()
		p.deliveries.keep(d)
	}
	if p.ctx.Err() != nil {
		return nil, errStopping
	}
	if !p.deliveries.begin(p.opts.QueueLimit) {
		return nil, errBusy
	}
	first := make(chan PressResult, 1)
	go func() {
		defer p.deliveries.end()
		p.attempts(d, first)
	}()
	return first, nil
}

// attempts tries until the receiver answers 200 in time, at most 1 + Retries times.
func (p *Platform) attempts(d *delivery, first chan<- PressResult) {
	for n := 1; ; n++ {
		select {
		case p.slots <- struct{}{}:
		case <-p.ctx.Done():
			if n == 1 {
				first <- PressResult{DeliveryID: d.id, Error: errStopping.Error()}
			}
			return
		}
		res, received := p.attempt(d, n)
		<-p.slots
		if n == 1 {
			first <- res
		}
		if received || n > p.opts.Retries {
			return
		}
		wait := time.NewTimer(p.opts.RetrySpacing)
		select {
		case <-wait.C:
		case <-p.ctx.Done():
			wait.Stop()
			return
		}
	}
}

// replyLimit bounds what is read of an app's answer.
const replyLimit = 1 << 20

// attempt makes one delivery; received is true when nothing more is to be sent.
func (p *Platform) attempt(d *delivery, n int) (res PressResult, received bool) {
	res.DeliveryID = d.id
	item := TrafficItem{Direction: "callback", App: d.receiver, User: d.user, Path: d.kind,
		DeliveryID: d.id, Attempt: n, Plaintext: d.text}
	started := time.Now()
	defer func() {
		item.Status, item.DurationMS = res.Status, time.Since(started).Milliseconds()
		if res.Error != "" {
			item.Note = res.Error
		}
		p.record(item)
	}()

	target, agentID, crypt, err := p.receiver(d.receiver)
	if err != nil {
		res.Error = err.Error()
		return res, true
	}
	s := crypt.seal([]byte(d.text), p.Now())
	ctx, cancel := context.WithTimeout(p.ctx, p.opts.CallbackTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, withQuery(target, s, ""),
		bytes.NewReader(s.body(p.opts.CorpID, agentID, d.id%2 == 0)))
	if err != nil {
		res.Error = "回调 URL 无效"
		return res, true
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("User-Agent", "Mozilla/4.0")
	resp, err := p.client.Do(req)
	if err != nil {
		res.Error = noAnswer(err)
		return res, false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, replyLimit+1))
	if err != nil {
		res.Error = noAnswer(err)
		return res, false
	}
	res.Status = resp.StatusCode
	if resp.StatusCode != http.StatusOK {
		res.Error = "应答状态不是 200，将重试"
		item.Answer = string(body)
		return res, false
	}
	if len(body) > replyLimit {
		res.Error = "应答超过 1 MiB，已忽略"
		return res, true
	}
	res.Reply, item.Answer = p.takeReply(d, crypt, body)
	if res.Reply != nil && res.Reply.Note != "" {
		item.Note = res.Reply.Note
	}
	return res, true
}

// receiver looks up where a receiver's callbacks go, as its settings are now.
func (p *Platform) receiver(name string) (target, agentID string, c *crypter, err error) {
	p.mu.Lock()
	r := Contacts{}
	if name == contactsReceiver {
		r = p.opts.Contacts
	} else if a := p.st.Apps[name]; a != nil && !a.App.Disabled {
		r = Contacts{Token: a.App.Token, EncodingAESKey: a.App.EncodingAESKey, CallbackURL: a.App.CallbackURL}
		agentID = strconv.FormatInt(a.App.AgentID, 10)
	}
	p.mu.Unlock()
	if r.CallbackURL == "" {
		return "", "", nil, errors.New("没有配置回调 URL，或应用已停用")
	}
	c, err = newCrypter(r.Token, r.EncodingAESKey, p.opts.CorpID)
	return r.CallbackURL, agentID, c, err
}

// withQuery appends WeCom's parameters to the receiver's own URL.
func withQuery(target string, s sealed, echo string) string {
	q := "msg_signature=" + s.signature + "&timestamp=" + s.timestamp + "&nonce=" + s.nonce
	if echo != "" {
		q += "&echostr=" + url.QueryEscape(echo)
	}
	if strings.Contains(target, "?") {
		return target + "&" + q
	}
	return target + "?" + q
}

func noAnswer(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return "超时未应答，将重试"
		}
		err = u.Err
	}
	return "连接失败，将重试：" + cutBytes(err.Error(), 200)
}

// verifyCallback does what the console's 保存 does: one GET with an encrypted
// echo, answered within Options.VerifyTimeout with exactly the decrypted bytes.
func (p *Platform) verifyCallback(ctx context.Context, name string) VerifyResult {
	target, _, crypt, err := p.receiver(name)
	if err != nil {
		return VerifyResult{Message: err.Error()}
	}
	echo := digits(19)
	s := crypt.seal([]byte(echo), p.Now())
	ctx, cancel := context.WithTimeout(ctx, p.opts.VerifyTimeout)
	defer cancel()
	started := time.Now()
	res := VerifyResult{Message: "openapi回调地址请求不通过"}
	item := TrafficItem{Direction: "callback", App: name, Path: "verify", Attempt: 1, Plaintext: echo}
	defer func() {
		item.Status, item.DurationMS, item.Note = res.Status, res.DurationMS, res.Message
		p.record(item)
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, withQuery(target, s, s.encrypted), nil)
	if err != nil {
		return res
	}
	req.Header.Set("User-Agent", "Mozilla/4.0")
	resp, err := p.client.Do(req)
	res.DurationMS = time.Since(started).Milliseconds()
	if err != nil {
		return res
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	res.DurationMS = time.Since(started).Milliseconds()
	if err != nil {
		return res
	}
	res.Status, item.Answer = resp.StatusCode, string(body)
	switch {
	case resp.StatusCode != http.StatusOK:
	case string(body) != echo:
		res.Message = "echostr校验失败，请您检查是否正确解密并输出明文echostr"
	default:
		res.OK, res.Message = true, "保存成功"
	}
	return res
}
