package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"guiju/app/chat"
	"guiju/store"
	"guiju/wecom"
)

// problem is a page that says what happened and what to do next.
type problem struct {
	Status int
	Title  string
	Text   string
	Next   string // words of the button
	To     string // where it leads, see Frame.Base; "" : no button
	Good   bool   // it is no failure
	Retry  int    // seconds after which trying again may help; 0: it does not
}

// Error implements error, so that a transaction can end with one.
func (p problem) Error() string { return p.Title }

// Told is an error that a page of its own explains: what happened and what to do
// next.
func Told(status int, title, text string) error {
	return problem{Status: status, Title: title, Text: text, Next: "打开首页", To: "form/"}
}

func signinLost() problem {
	return problem{
		Status: http.StatusBadRequest, Title: "登录没有完成", Next: "重新登录", To: "form/",
		Text: "登录页停留太久、被打开了两次，或者换了浏览器。请点下面的按钮再登录一次，不需要输入密码。",
	}
}

func noPublicURL() problem {
	return problem{
		Status: http.StatusServiceUnavailable, Title: "网页还没有开通",
		Text: "请联系 IT：在 config.yaml 填写 server.public_url（成员手机能访问到的网址，例如 https://guiju.example.com），" +
			"在企业微信后台把它的域名设为应用的可信域名，然后重启服务。在此之前，聊天里的命令都能照常使用。",
	}
}

func stranger() problem {
	return problem{
		Status: http.StatusForbidden, Title: "只有本企业的成员可以打开",
		Text: "您不是本企业的企业微信成员，或者登录的是另一家企业。请在企业微信里切换到本企业后，再从应用消息里的链接打开。",
	}
}

func absent() problem {
	return problem{
		Status: http.StatusForbidden, Title: "您的账号已停用",
		Text: "账号已停用或已离职，不能再打开这里的页面。如果您仍在职，请联系行政部核对企业微信通讯录，恢复后即可继续使用。",
	}
}

func suspended() problem {
	return problem{
		Status: http.StatusForbidden, Title: "您的账号已挂失",
		Text: "挂失期间不能办理业务，已提交的内容都还在。找回手机或更换设备后，请联系管理员恢复账号。",
	}
}

func signedOut() problem {
	return problem{
		Status: http.StatusOK, Title: "已退出", Next: "重新登录", To: "form/", Good: true,
		Text: "可以关闭这个页面了。需要时从应用消息里的链接，或点下面的按钮，随时可以再进来。",
	}
}

func sessionOver() problem {
	return problem{
		Status: http.StatusUnauthorized, Title: "登录已过期", Next: "重新登录", To: "form/",
		Text: "这次没有提交。返回上一页可以看到刚才填写的内容，请先复制较长的文字，再重新登录后提交。",
	}
}

func staleForm() problem {
	return problem{
		Status: http.StatusForbidden, Title: "页面已过期", Next: "打开首页", To: "form/",
		Text: "这个页面是上一次登录时打开的，或不是从本应用打开的，所以没有提交。请重新打开页面后再试。",
	}
}

func foreign() problem {
	return problem{
		Status: http.StatusForbidden, Title: "没有提交", Next: "打开首页", To: "form/",
		Text: "这次提交不是从本应用的页面发出的，已拦下，没有任何改动。请从应用消息里的链接打开页面再操作。",
	}
}

func unknownPage() problem {
	return problem{
		Status: http.StatusNotFound, Title: "没有这个页面", Next: "打开首页", To: "form/",
		Text: "链接可能不完整，或内容已不存在。请从应用消息里的链接重新打开，或回到首页。",
	}
}

func wrongMethod() problem {
	return problem{
		Status: http.StatusMethodNotAllowed, Title: "这个页面不能提交", Next: "打开首页", To: "form/",
		Text: "请回到首页，从那里重新打开要办的事项。",
	}
}

func tooMany() problem {
	return problem{
		Status: http.StatusTooManyRequests, Title: "操作太快了", Retry: 5,
		Text: "请过几秒再试一次，刚才这一下没有提交。",
	}
}

func tooLarge(text string) problem {
	return problem{Status: http.StatusRequestEntityTooLarge, Title: "内容太大", Text: text + "请返回上一页修改后再提交，已填写的内容还在。"}
}

func badForm() problem {
	return problem{
		Status: http.StatusBadRequest, Title: "没有收到完整的内容",
		Text: "网络可能中断了，这次没有提交。请返回上一页，再提交一次。",
	}
}

func unavailable() problem {
	return problem{
		Status: http.StatusServiceUnavailable, Title: "系统暂时连不上数据库", Retry: 10,
		Text: "请过十秒左右刷新。如果刚才在提交，请返回上一页再点一次：同一张表单不会提交两次。",
	}
}

func broken() problem {
	return problem{
		Status: http.StatusInternalServerError, Title: "系统出错了", Next: "打开首页", To: "form/",
		Text: "这次操作没有完成，已经记录下来。请稍后再试；如果一直这样，请把时间和页面告诉 IT。",
	}
}

// notExchanged says why WeCom did not tell who it is.
func notExchanged(err error) error {
	switch wecom.ClassOf(err) {
	case wecom.Permanent:
		return signinLost()
	case wecom.Misconfigured:
		return problem{
			Status: http.StatusServiceUnavailable, Title: "网页登录还没有配置好",
			Text: "请联系 IT：运行 guiju doctor，按提示检查应用的可信域名、Secret 和可信 IP。聊天里的命令可以照常使用。",
		}
	}
	return problem{
		Status: http.StatusServiceUnavailable, Title: "企业微信暂时没有回应", Next: "再试一次", To: "form/", Retry: 10,
		Text: "没能确认您的身份，不是您的操作有误。请过一会儿再试。",
	}
}

// noPermission says what is missing and how to apply for it.
func noPermission(e chat.NoPermission) problem {
	return problem{
		Status: http.StatusForbidden, Title: "没有权限", Next: "打开首页", To: "form/",
		Text: "打开这个页面需要「" + e.Permission + "」权限。如果工作需要，请在应用里发送：权限申请 " + e.Permission + " <理由> <期限>",
	}
}

// problemOf finds the page for an error of a page; false: it is ours to mend.
func problemOf(err error) (problem, bool) {
	var told problem
	var denied chat.NoPermission
	var missing chat.NotFound
	switch {
	case errors.As(err, &told):
		return told, true
	case errors.As(err, &denied):
		return noPermission(denied), true
	case errors.As(err, &missing), errors.Is(err, store.ErrNotFound):
		return unknownPage(), true
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrUncertain), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, context.Canceled), errors.Is(err, store.ErrConflict):
		return unavailable(), true
	}
	if text, worded := chat.Wording(err); worded {
		return problem{Status: http.StatusConflict, Title: "没有办成", Text: text, Next: "打开首页", To: "form/"}, true
	}
	return broken(), false
}

// failed shows the page for an error, and logs what is ours to mend. Errors of
// the store and of domains quote no values.
func (c *Console) failed(w http.ResponseWriter, r *http.Request, s *session, err error) {
	told, expected := problemOf(err)
	if !expected || told.Status == http.StatusServiceUnavailable {
		c.o.Log.Error("a page failed", "page", c.patternOf(r), "err", err)
	}
	c.problem(w, r, s, told)
}

// problem shows p. Where htmx asked for a part, the page stays as it is: what
// is being filled in there must not be lost.
func (c *Console) problem(w http.ResponseWriter, r *http.Request, s *session, p problem) {
	if p.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.Retry))
	}
	w.Header().Set("HX-Reswap", "none")
	frame := c.frame(r, s, p.Title)
	frame.Data = p
	c.write(w, r, p.Status, c.templates, "problem", "", frame)
}
