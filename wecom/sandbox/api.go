package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// apiError is a refusal with WeCom's number; extra fields accompany it.
type apiError struct {
	code  int
	text  string
	extra gin.H
}

// fail builds a refusal; an empty text takes the known one of the code.
func fail(code int, text string) *apiError {
	if known := errTexts[code]; known != "" {
		if text == "" || text == known {
			text = known
		} else {
			text = known + ": " + text
		}
	}
	if text == "" {
		text = "invalid request"
	}
	return &apiError{code: code, text: text}
}

// errTexts are the errmsg prefixes seen in public code (api.md 0.1) and, for the
// rest, short meanings of chapter 12.
var errTexts = map[int]string{
	-1: "system busy", 40001: "invalid credential", 40003: "invalid userid", 40004: "invalid media type", 40005: "invalid type",
	40006: "invalid media size", 40007: "invalid media_id", 40008: "invalid message type", 40009: "invalid image size",
	40013: "invalid corpid", 40014: "invalid access_token", 40029: "invalid code", 40032: "invalid userid list size",
	40033: "invalid charset", 40056: "invalid agentid", 40063: "parameter is empty", 40074: "news does not support safe",
	41001: "access_token missing", 41002: "corpid missing", 41004: "corpsecret missing", 41006: "media_id missing",
	41008: "code missing", 41009: "userid missing", 41011: "agentid missing", 41016: "title missing", 41017: "tagid missing",
	41033: "description missing", 42001: "access_token expired", 42003: "code expired", 42052: "msgid older than 24 hours",
	43012: "callback url required", 44001: "empty media data", 44004: "empty content", 45001: "media size out of limit",
	45002: "content size out of limit", 45008: "article count out of limit", 45009: "api freq out of limit",
	45032: "author size out of limit", 45033: "api concurrent out of limit", 45034: "url without scheme",
	46003: "menu no exist", 48002: "api forbidden", 48009: "api forbidden for contact-sync on new ip", 50001: "redirect_url unauthorized",
	50003: "agent disabled", 60003: "department not found", 60011: "no privilege to access/modify contact/party/agent ",
	60020: "not allow to access from your ip", 60021: "userid not in allow range", 60111: "userid not found",
	60123: "invalid party id", 60140: "response_code invalid or expired", 60268: "invalid cursor", 81012: "no target",
	81013: "user & party & tag all invalid", 82001: "touser & toparty & totag all empty", 82002: "too many parties",
	82003: "too many tags", 82101: "empty target", 82102: "target not in receivers", 84014: "user_ticket expired",
	84015: "invalid user_ticket", 86003: "chatid not exist", 86215: "chatid exists", 301002: "not allow operate another agent with this accesstoken.",
	301025: "approval parameter error", 301055: "no approval privilege", 40206: "request body too large",
}

// call is one request of an app, with its caller established.
type call struct {
	p     *Platform
	c     *gin.Context
	name  string // API path without /cgi-bin/
	query url.Values
	body  []byte
	now   time.Time
	ip    string
	app   *appState // the caller; nil: the contact-sync assistant

	traffic TrafficItem
}

// endpoint is one interface: who may call it, how, and how often.
type endpoint struct {
	method string // GET or POST
	// sync: the contact-sync assistant may call it too; onlySync: nobody else.
	sync, onlySync bool
	// open: no access token (gettoken).
	open bool
	// body is the request limit in bytes, 0: jsonLimit.
	body int64
	// perMinute and perHour are limits per corp; 0: the basic 10 000 and 150 000.
	perMinute, perHour int
	uncounted          bool // not under the basic limits (message/send)
	run                func(*call) (gin.H, *apiError)
	// raw answers instead of run, with a body that is no JSON.
	raw func(*call) *apiError
}

const jsonLimit = 1 << 20

// endpoints are all interfaces by path.
func (p *Platform) endpoints() map[string]endpoint {
	get, post := http.MethodGet, http.MethodPost
	return map[string]endpoint{
		"gettoken":                     {method: get, open: true, run: getToken},
		"get_api_domain_ip":            {method: get, sync: true, run: ipList},
		"getcallbackip":                {method: get, sync: true, run: ipList},
		"message/send":                 {method: post, uncounted: true, run: messageSend},
		"message/recall":               {method: post, run: messageRecall},
		"message/update_template_card": {method: post, run: updateTemplateCard},
		"message/get_statistics":       {method: post, run: messageStatistics},
		"appchat/create":               {method: post, run: appchatCreate},
		"appchat/update":               {method: post, run: appchatUpdate},
		"appchat/get":                  {method: get, run: appchatGet},
		"appchat/send":                 {method: post, run: appchatSend},
		"user/get":                     {method: get, sync: true, run: userGet},
		"user/list":                    {method: get, sync: true, run: userList},
		"user/simplelist":              {method: get, sync: true, run: userSimpleList},
		"user/list_id":                 {method: post, onlySync: true, run: userListID},
		"user/getuserid":               {method: post, run: userByMobile},
		"user/get_userid_by_email":     {method: post, run: userByEmail},
		"department/list":              {method: get, sync: true, run: departmentList},
		"department/simplelist":        {method: get, sync: true, run: departmentSimpleList},
		"department/get":               {method: get, sync: true, run: departmentGet},
		"tag/list":                     {method: get, sync: true, run: tagList},
		"tag/get":                      {method: get, sync: true, run: tagGet},
		"agent/get":                    {method: get, run: agentGet},
		"agent/list":                   {method: get, run: agentList},
		"menu/create":                  {method: post, run: menuCreate},
		"menu/get":                     {method: get, run: menuGet},
		"menu/delete":                  {method: get, run: menuDelete},
		"media/upload":                 {method: post, body: mediaBody, run: mediaUpload},
		"media/uploadimg":              {method: post, body: mediaBody, run: mediaUploadImage},
		"media/get":                    {method: get, raw: mediaGet},
		"auth/getuserinfo":             {method: get, uncounted: true, run: getUserInfo},
		"auth/getuserdetail":           {method: post, run: getUserDetail},
		"get_jsapi_ticket":             {method: get, perHour: 400, run: jsapiTicket},
		"ticket/get":                   {method: get, run: agentTicket},
		"oa/gettemplatedetail":         {method: post, perMinute: 600, run: oaTemplateDetail},
		"oa/applyevent":                {method: post, perMinute: 600, run: oaApplyEvent},
		"oa/getapprovalinfo":           {method: post, perMinute: 600, run: oaApprovalInfo},
		"oa/getapprovaldetail":         {method: post, perMinute: 600, run: oaApprovalDetail},
	}
}

// serveAPI answers every /cgi-bin call: faults first, then the token, the limits,
// the interface itself; errcode in a body of HTTP 200, as WeCom does.
func (p *Platform) serveAPI(table map[string]endpoint) gin.HandlerFunc {
	return func(c *gin.Context) {
		started := time.Now()
		k := &call{p: p, c: c, name: apiName(c.Request.URL.Path), query: c.Request.URL.Query(), ip: callerIP(c)}
		k.traffic = TrafficItem{Direction: "api", Path: k.name, Status: http.StatusOK}
		defer func() {
			k.traffic.DurationMS = time.Since(started).Milliseconds()
			p.record(k.traffic)
		}()
		e, known := table[k.name]
		if !known {
			k.traffic.Status, k.traffic.Note = http.StatusNotFound, "没有这个接口"
			c.String(http.StatusNotFound, "404 page not found")
			return
		}
		if !k.read(e) {
			return
		}
		fault, hit := p.faults.take(k.name)
		if hit {
			p.stream.send(StreamHint{Type: "faults", ID: fault.ID})
			if done := k.suffer(fault); done {
				return
			}
		}
		k.now = p.Now()
		answer, failed := k.handle(e)
		if hit && fault.Drop == "answer" {
			k.traffic.Note, k.traffic.Status = "故障：已生效，应答丢失", 0
			k.note(answer, failed)
			hangUp(c)
			return
		}
		k.reply(answer, failed)
	}
}

// handle finds the caller, checks rights and limits, and runs the interface.
// A nil answer without error means the interface has written its own.
func (k *call) handle(e endpoint) (gin.H, *apiError) {
	if k.c.Request.Method != e.method {
		return nil, fail(40058, "require "+e.method+" method")
	}
	if int64(len(k.body)) > limitOf(e) {
		return nil, fail(40206, "")
	}
	if !e.open {
		if failed := k.authenticate(e); failed != nil {
			return nil, failed
		}
	}
	if failed := k.p.rates.admit(k, e); failed != nil {
		return nil, failed
	}
	if e.raw != nil {
		return nil, e.raw(k)
	}
	answer, failed := e.run(k)
	if failed == nil && answer["errcode"] == nil {
		answer["errcode"], answer["errmsg"] = 0, "ok"
	}
	return answer, failed
}

func limitOf(e endpoint) int64 {
	if e.body > 0 {
		return e.body
	}
	return jsonLimit
}

func (k *call) read(e endpoint) bool {
	q := k.c.Request.URL.Query()
	for _, secret := range []string{"access_token", "corpsecret"} {
		if v := q.Get(secret); v != "" {
			q.Set(secret, "…"+v[max(0, len(v)-4):])
		}
	}
	k.traffic.Plaintext = q.Encode()
	if k.c.Request.Method == http.MethodGet {
		return true // a GET's body is invisible to WeCom
	}
	body, err := io.ReadAll(io.LimitReader(k.c.Request.Body, limitOf(e)+1))
	if err != nil {
		k.traffic.Status, k.traffic.Note = 0, "请求体未读完"
		return false
	}
	k.body = body
	if strings.HasPrefix(k.c.ContentType(), "multipart/") {
		k.traffic.Plaintext = fmt.Sprintf("%s (multipart, %d bytes)", k.traffic.Plaintext, len(body))
	} else {
		k.traffic.Plaintext = string(body)
	}
	return true
}

// suffer plays a fault; true: the call is over.
func (k *call) suffer(f Fault) bool {
	if d := f.delay(); d > 0 {
		k.traffic.Note = "故障：延迟 " + f.Delay
		wait := time.NewTimer(d)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-k.c.Request.Context().Done():
			k.traffic.Status, k.traffic.Note = 0, "故障：延迟中，调用方已离开"
			return true
		case <-k.p.ctx.Done():
			hangUp(k.c)
			return true
		}
	}
	switch {
	case f.Drop == "request":
		k.traffic.Status, k.traffic.Note = 0, "故障：连接中断，请求未生效"
		hangUp(k.c)
	case f.HTTP != 0:
		k.traffic.Status, k.traffic.Note = f.HTTP, "故障：HTTP 状态"
		k.c.String(f.HTTP, "sandbox fault")
	case f.ErrCode != 0:
		k.traffic.Note = "故障：errcode"
		k.reply(nil, fail(f.ErrCode, ""))
	default:
		return false
	}
	return true
}

// hangUp breaks the connection without an answer.
func hangUp(c *gin.Context) {
	if conn, _, err := http.NewResponseController(c.Writer).Hijack(); err == nil {
		_ = conn.Close()
		return
	}
	panic(http.ErrAbortHandler) // HTTP/2 cannot be hijacked; net/http resets the stream
}

// reply writes the answer in WeCom's form.
func (k *call) reply(answer gin.H, failed *apiError) {
	raw := k.note(answer, failed)
	if raw == nil { // written by the interface itself
		return
	}
	k.c.Data(http.StatusOK, "application/json; charset=UTF-8", raw)
}

// note puts the outcome into the traffic item and gives the answer's bytes.
func (k *call) note(answer gin.H, failed *apiError) []byte {
	if failed != nil {
		k.traffic.ErrCode = failed.code
		answer = gin.H{"errcode": failed.code, "errmsg": fmt.Sprintf(
			"%s, hint: [%d_%s], from ip: %s, more info at https://open.work.weixin.qq.com/devtool/query?e=%d",
			failed.text, k.p.Now().UnixMilli(), letters(6), k.ip, failed.code)}
		for name, v := range failed.extra {
			answer[name] = v
		}
	}
	if answer == nil {
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil { // answers are plain data
		panic("sandbox: answer: " + err.Error())
	}
	raw := bytes.TrimRight(b.Bytes(), "\n")
	k.traffic.Answer = string(raw)
	if _, secret := answer["access_token"]; secret {
		k.traffic.Answer = `{"errcode":0,"errmsg":"ok","access_token":"…"}`
	}
	return raw
}

// json decodes the request body. Wrong JSON or wrong types are 40058 (api.md 0.1).
func (k *call) json(into any) *apiError {
	if len(bytes.TrimSpace(k.body)) == 0 {
		return fail(40058, "empty request body")
	}
	if err := json.Unmarshal(k.body, into); err != nil {
		return fail(40058, "Warning: wrong json format. "+err.Error())
	}
	return nil
}

func callerIP(c *gin.Context) string {
	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)
	if err != nil {
		return c.Request.RemoteAddr
	}
	return host
}

// badURL is the code for a URL WeCom would refuse, or 0.
func badURL(value string, limit int) int {
	if len(value) > limit {
		return 40039
	}
	u, err := url.Parse(value)
	if err != nil {
		return 40094
	}
	if u.Scheme == "" {
		return 45034
	}
	return 0
}

func ipList(*call) (gin.H, *apiError) {
	return gin.H{"ip_list": []string{"127.0.0.1", "::1"}}, nil
}
