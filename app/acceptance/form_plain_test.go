package acceptance_test

import (
	"bytes"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// visitor is a webview without scripts: it opens pages and sends their forms.
type visitor struct {
	w      *World
	name   string
	client *http.Client
	path   string // of the page shown
	token  string
}

func (w *World) webviewOf(name string) *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	return &visitor{w: w, name: name, client: &http.Client{Jar: jar}}
}

var formToken = regexp.MustCompile(`name="_token" value="([^"]*)"`)

// opens a page from the member's chat.
func (p *visitor) opens(path string) string {
	p.w.t.Helper()
	body, status := p.asks(path)
	require.Equal(p.w.t, http.StatusOK, status, body)
	return body
}

func (p *visitor) asks(path string) (string, int) {
	p.w.t.Helper()
	link := url.Values{"user": {userid(p.name)}, "url": {p.w.play.AppURL + path}}
	resp, err := p.client.Get(p.w.play.PlatformURL + "/sandbox/open?" + link.Encode())
	require.NoError(p.w.t, err)
	p.path = path
	return p.shows(resp)
}

func (p *visitor) shows(resp *http.Response) (string, int) {
	p.w.t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(p.w.t, err)
	if found := formToken.FindSubmatch(body); found != nil {
		p.token = html.UnescapeString(string(found[1]))
	}
	p.w.Settle()
	return string(body), resp.StatusCode
}

// sends the form of the page that is shown, with files if there are any.
func (p *visitor) sends(fields url.Values, files map[string][]byte) (string, int) {
	p.w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	fields.Set("_token", p.token)
	for name, values := range fields {
		for _, value := range values {
			require.NoError(p.w.t, form.WriteField(name, value))
		}
	}
	for name, content := range files {
		part, err := form.CreateFormFile(name, "invoice.png")
		require.NoError(p.w.t, err)
		_, err = part.Write(content)
		require.NoError(p.w.t, err)
	}
	require.NoError(p.w.t, form.Close())
	request, err := http.NewRequest(http.MethodPost, p.w.play.AppURL+p.path, &body)
	require.NoError(p.w.t, err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Origin", p.w.play.AppURL)
	resp, err := p.client.Do(request)
	require.NoError(p.w.t, err)
	return p.shows(resp)
}

var caseNumber = regexp.MustCompile(`A2026\d{4}-\d{4}`)

// appliesFor fills in a form and submits it; it answers the number.
func (p *visitor) appliesFor(template string, fields url.Values, files map[string][]byte) string {
	p.w.t.Helper()
	p.opens("/form/apply/" + template)
	return p.confirms(fields, files)
}

// confirms looks the form over and submits what the page holds.
func (p *visitor) confirms(fields url.Values, files map[string][]byte) string {
	p.w.t.Helper()
	fields.Set("do", "check")
	body, status := p.sends(fields, files)
	require.Equal(p.w.t, http.StatusOK, status, body)
	require.Contains(p.w.t, body, "请核对，提交后会马上通知审批人", body)
	held := hiddenFields(body)
	held.Set("do", "submit")
	body, status = p.sends(held, nil)
	require.Equal(p.w.t, http.StatusOK, status, body)
	number := caseNumber.FindString(body)
	require.NotEmpty(p.w.t, number, body)
	return number
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(f\.[^"]*)" value="([^"]*)"`)

func hiddenFields(body string) url.Values {
	all := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(body, -1) {
		all.Add(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	return all
}

func leaveFields(reason string) url.Values {
	return url.Values{
		"f.请假类型": {"事假"}, "f.请假时间.from": {"2026-03-09"}, "f.请假时间.from_half": {"上午"}, "f.请假时间.to": {"2026-03-10"},
		"f.请假时间.to_half": {"下午"}, "f.事由": {reason}, "f.预计返回日期": {"2026-03-11"}, "f.工作交接.find": {"孙七"},
	}
}

// Given a browser that runs no scripts, when 赵六 applies on the page, then 邵静
// decides there, and who may look at everything sees it as well.
func TestFormPage_WithoutScripts(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.webviewOf("赵六").appliesFor("leave", leaveFields("家中有事"), nil)
		for _, name := range []string{"唐流", "陈立", "高总"} {
			body, status := w.webviewOf(name).asks("/form/case/" + number)
			require.Contains(t, []int{http.StatusOK, http.StatusNotFound}, status, "%s: %s", name, body)
		}
		require.Contains(t, w.webviewOf("唐流").opens("/form/case/"+number), "家中有事", "流程管理员")
		head := w.webviewOf("邵静")
		require.Contains(t, head.opens("/form/"), number)
		head.opens("/form/case/" + number)
		body, status := head.sends(url.Values{"do": {"批准"}, "opinion": {"注意交接"}}, nil)
		require.Equal(t, http.StatusOK, status, body)
		require.Contains(t, body, "已批准。")
		w.Traces("赵六", number, "邵静 同意")
	})
}

// Given 邵静 has the page open and decides in the chat, when she presses on the
// page, then nothing changes and she sees how it stands.
func TestFormPage_WhoComesTooLateSeesTheState(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.webviewOf("赵六").appliesFor("leave", leaveFields("家中有事"), nil)
		head := w.webviewOf("邵静")
		head.opens("/form/case/" + number)
		require.Contains(t, w.Says("邵静", "审批 "+number+" 批准"), "【已受理】")
		before := w.rows("SELECT COUNT(*) FROM request_entries")
		body, _ := head.sends(url.Values{"do": {"驳回"}, "opinion": {"不行"}}, nil)
		require.Contains(t, body, "郑十六")
		require.Contains(t, body, "审批中")
		require.Equal(t, before, w.rows("SELECT COUNT(*) FROM request_entries"))
	})
}

// Whatever is typed into a field is text on every page.
func TestFormPage_WhatIsTypedIsText(t *testing.T) {
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	each(t, func(t *testing.T, w *World) {
		applicant := w.webviewOf("赵六")
		applicant.opens("/form/apply/leave")
		fields := url.Values{"do": {"check"}}
		for name := range leaveFields("") {
			fields.Set(name, evil)
		}
		body, status := applicant.sends(fields, nil)
		require.NotEqual(t, http.StatusInternalServerError, status)
		for _, page := range []string{body, applicant.opens("/form/case/" + applicant.appliesFor("leave", leaveFields(evil), nil)), applicant.opens("/form/cases")} {
			require.NotContains(t, page, "<script>alert")
			require.NotContains(t, page, "<img src=x")
		}
	})
}

// A case that was sent back keeps its files, and shows the route of the version
// it began with.
func TestFormPage_AReturnedFormKeepsItsFiles(t *testing.T) {
	png := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), make([]byte, 64)...)
	each(t, func(t *testing.T, w *World) {
		applicant := w.webviewOf("赵六")
		number := applicant.appliesFor("reimburse", url.Values{"f.金额": {"358.00"}, "f.事由": {"打车"}}, map[string][]byte{"f.附件照片": png})
		require.Contains(t, w.Says("邵静", "退回 "+number+" 申请人 请补充行程"), "【已受理】")
		page := applicant.opens("/form/case/" + number + "/edit")
		kept := regexp.MustCompile(`name="(f\.附件照片\.kept)" value="([^"]*)"`).FindStringSubmatch(page)
		require.NotEmpty(t, kept, page)
		body, _ := applicant.sends(url.Values{"do": {"check"}, "f.金额": {"358.00"}, "f.事由": {"机场打车"}, kept[1]: {"999999"}}, nil)
		require.Contains(t, body, "有一个文件已经不在了，请重新选择")
		require.Contains(t, body, "机场打车", "what was typed is kept")
		again := applicant.confirms(url.Values{"f.金额": {"358.00"}, "f.事由": {"机场打车"}, kept[1]: {kept[2]}}, nil)
		require.Equal(t, number, again)
		page = applicant.opens("/form/case/" + number)
		require.Contains(t, page, "机场打车")
		require.Contains(t, page, "/form/case/"[1:]+number+"/file/")
	})
}

// Who was added can be taken back on the page (减签).
func TestFormPage_AnAddedApproverIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.webviewOf("赵六").appliesFor("leave", leaveFields("家中有事"), nil)
		head := w.webviewOf("邵静")
		head.opens("/form/case/" + number)
		body, _ := head.sends(url.Values{"do": {"加签"}, "add.find": {"罗岩"}, "where": {"beside"}, "mode": {"all"}}, nil)
		require.Contains(t, body, "已加签罗岩。")
		require.Contains(t, body, `value="减签"`)
		require.NotContains(t, w.webviewOf("罗岩").opens("/form/case/"+number), `value="减签"`, "he did not add himself")
		id := regexp.MustCompile(`name="remove" value="(\d+)"`).FindStringSubmatch(body)
		require.NotEmpty(t, id, body)
		body, _ = head.sends(url.Values{"do": {"减签"}, "remove": {id[1]}}, nil)
		require.Contains(t, body, "已取消对罗岩的加签。")
		require.NotContains(t, body, `value="减签"`)
		w.Traces("赵六", number, "取消「部门负责人」对罗岩的加签")
	})
}
