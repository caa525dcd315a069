package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"time"

	"guiju/app/config"
	"guiju/wecom"
)

// maxLooks bounds the calls made to find one visible member.
const maxLooks = 20

// app checks one app: credentials, trusted IP, the app itself, its visible
// range, its callback. What rests on a failure before it is left out.
func (d *doctor) app(ctx context.Context, app config.App) []Finding {
	title := "应用「" + app.Name + "」"
	all := d.outbound(ctx, title, app)
	return append(all, d.inbound(ctx, title, receiver{
		name: app.Name, token: app.Token, key: app.EncodingAESKey, page: pageReceive, form: "设置API接收", config: "wecom.apps[].",
	})...)
}

// outbound asks WeCom's API with the app's secret.
func (d *doctor) outbound(ctx context.Context, title string, app config.App) []Finding {
	if d.Config.WeCom.CorpID == "" || app.Secret.Empty() {
		return nil // told by settings
	}
	client, err := d.client(app.Name, app.AgentID, app.Secret)
	if err != nil {
		return []Finding{bad(title+"的凭证", err.Error(), pageConfig, "检查 wecom 一节。")}
	}
	defer client.Close()
	if err := d.limited(ctx, client.CheckToken); err != nil {
		return []Finding{d.failed(title+"的凭证", err)}
	}
	all := []Finding{fine(title+"的凭证", "企业ID 和 Secret 正确")}

	var agent wecom.Agent
	err = d.limited(ctx, func(ctx context.Context) error {
		agent, err = client.Agent(ctx)
		return err
	})
	if isIP(err) {
		return append(all, d.failed(title+"的可信 IP", err))
	}
	all = append(all, fine(title+"的可信 IP", "本机可以调用接口"))
	if err != nil {
		return append(all, d.failed(title, err))
	}
	if agent.Closed {
		remedy, _ := wecom.Advice(50003)
		return append(all, bad(title, "应用已被停用", remedy.Page, remedy.Action))
	}
	all = append(all, fine(title, "%s（AgentId %d）", agent.Name, agent.ID), d.visible(ctx, title+"的可见范围", client, agent))
	return append(all, d.approvals(ctx, title+"的审批接口", client))
}

// approvals asks for the forms of the last hour in WeCom's own 审批 app. Not
// every company uses it, so that it is closed to the app fails nothing.
func (d *doctor) approvals(ctx context.Context, title string, client *wecom.Client) Finding {
	now := d.Machine()
	err := d.limited(ctx, func(ctx context.Context) error {
		_, err := client.ApprovalNumbers(ctx, wecom.ApprovalQuery{From: now.Add(-time.Hour), To: now})
		return err
	})
	if err == nil {
		return fine(title, "可以读取企业微信「审批」中的申请")
	}
	if remedy, ok := wecom.RemedyOf(err); ok && wecom.CodeOf(err) != 0 {
		return Finding{
			Title: title, OK: true, Hint: true, Detail: "不能读取企业微信「审批」中的申请，那里的申请不会有时限提醒",
			Page: remedy.Page, Remedy: "不使用企业微信「审批」可以忽略。" + remedy.Action,
		}
	}
	return d.failed(title, err)
}

// contacts checks the optional contact-sync assistant.
func (d *doctor) contacts(ctx context.Context) []Finding {
	c := d.Config.WeCom.Contacts
	const title = "通讯录同步"
	var all []Finding
	if !c.Secret.Empty() && d.Config.WeCom.CorpID != "" {
		client, err := d.client("contacts", 0, c.Secret)
		if err == nil {
			defer client.Close()
			err = d.limited(ctx, client.CheckToken)
		}
		if err != nil {
			f := d.failed(title+"的凭证", err)
			if code := wecom.CodeOf(err); code != 0 && code != 40013 { // else: no answer, or the company's
				f.Page = pageContacts
			}
			all = append(all, f)
		} else {
			all = append(all, fine(title+"的凭证", "Secret 正确"))
		}
	}
	if c.Token.Empty() {
		return all
	}
	return append(all, d.inbound(ctx, title, receiver{
		name: "contacts", token: c.Token, key: c.EncodingAESKey, page: pageContacts, form: "设置接收事件服务器", config: "wecom.contacts.",
	})...)
}

// visible looks for one member the app may see. A visible range that names only
// empty departments is as bad as none.
func (d *doctor) visible(ctx context.Context, title string, client *wecom.Client, agent wecom.Agent) Finding {
	const page = "应用管理 → 应用 → 可见范围"
	empty := bad(title, "没有任何成员能使用这个应用", page, "选入成员、部门或标签（通常选全公司），再运行 guiju members sync。")
	if !agent.HasVisibleMembers() {
		return empty
	}
	found := false
	err := d.limited(ctx, func(ctx context.Context) (err error) {
		found, err = someone(ctx, client, agent)
		return err
	})
	switch {
	case err != nil:
		return d.failed(title, err)
	case !found:
		return empty
	}
	return fine(title, "有成员")
}

func someone(ctx context.Context, client *wecom.Client, agent wecom.Agent) (bool, error) {
	for _, id := range agent.AllowUsers[:min(len(agent.AllowUsers), maxLooks)] {
		_, err := client.Member(ctx, id)
		if err == nil {
			return true, nil
		}
		if c := wecom.ClassOf(err); c != wecom.Permanent && c != wecom.Misconfigured {
			return false, err
		}
	}
	for _, id := range agent.AllowTags[:min(len(agent.AllowTags), maxLooks)] {
		if tag, err := client.Tag(ctx, id); err == nil && len(tag.Members)+len(tag.Departments) > 0 {
			return true, nil
		}
	}
	departments, err := client.DepartmentIDs(ctx, 0)
	if err != nil {
		return false, err
	}
	for _, department := range departments[:min(len(departments), maxLooks)] {
		members, err := client.MemberNames(ctx, department.ID)
		if err != nil {
			return false, err
		}
		if len(members) > 0 {
			return true, nil
		}
	}
	// More departments than were looked into: somebody will be there.
	return len(departments) > maxLooks, nil
}

func (d *doctor) client(name string, agent int64, secret config.Secret) (*wecom.Client, error) {
	return wecom.New(wecom.Config{
		Name: name, CorpID: d.Config.WeCom.CorpID, AgentID: agent, Secret: secret.Reveal(),
		BaseURL: d.Config.WeCom.APIBaseURL, Timeout: d.Config.WeCom.Timeout,
	}, wecom.Options{HTTPTransport: d.Transport, Now: d.Machine})
}

func (d *doctor) limited(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	return do(ctx)
}

// failed turns WeCom's refusal into a finding.
func (d *doctor) failed(title string, err error) Finding {
	if r, ok := wecom.RemedyOf(err); ok {
		return bad(title, err.Error(), r.Page, r.Action)
	}
	switch wecom.ClassOf(err) {
	case wecom.Throttled:
		wait := "一小时"
		if after := wecom.RetryAfter(err); after > 0 {
			wait = fmt.Sprintf(" %.0f 分钟", math.Ceil(after.Minutes()))
		}
		return bad(title, err.Error(), pageServer, fmt.Sprintf("企业微信暂时限制了调用（Secret 多次填错也会这样），请在%s后再试。", wait))
	case wecom.Transient:
		return bad(title, err.Error(), pageServer, "检查服务器能否访问 "+d.Config.WeCom.APIBaseURL+"（外网、DNS、代理），稍后再试。")
	}
	return bad(title, err.Error(), "应用管理 → 应用", "核对该应用的设置；错误码的含义见 https://open.work.weixin.qq.com/devtool/query 。")
}

// isIP reports whether WeCom refused this machine's address.
func isIP(err error) bool {
	code := wecom.CodeOf(err)
	return code == 60020 || code == 301042
}

// reason is a failed request without its URL, which carries a signature.
func reason(err error) string {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		if wrapped.Timeout() {
			return "超时"
		}
		return wrapped.Err.Error()
	}
	return err.Error()
}
