package app

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/doctor"
	"guiju/app/policy"
	"guiju/store"
)

// modules are the systems members know by name (guide E2) and the words their
// commands begin with, in the order of 应用配置.
var modules = []struct {
	name  string
	words []string // one registered command is enough to be 已启用
	so    string   // how far, while it is not whole
}{
	{name: "消息", words: []string{"咨询", "发通知"}},
	{name: "审批", words: []string{"审批"}, so: "权限和账号的申请"},
	{name: "任务", words: []string{"任务", "完成"}, so: "系统下达的任务"},
	{name: "通讯录", words: []string{"通讯录"}},
	{name: "权限", words: []string{"我的权限"}},
	{name: "账号", words: []string{"账号"}},
	{name: "职责", words: []string{"我的职责"}},
	{name: "发布", words: []string{"发布"}},
	{name: "群组", words: []string{"群"}},
	{name: "评估", words: []string{"评估"}},
	{name: "流程", words: []string{"流程"}},
	{name: "文档", words: []string{"文档"}},
	{name: "设备", words: []string{"设备"}},
	{name: "反馈", words: []string{"反馈"}},
	{name: "知识", words: []string{"知识"}},
	{name: "培训", words: []string{"培训"}},
	{name: "故障", words: []string{"报障"}},
	{name: "工单", words: []string{"工单"}},
	{name: "客户", words: []string{"客户"}},
	{name: "审计", words: []string{"审计"}},
	{name: "规范", words: []string{"规范"}},
}

const (
	// newestCallbacks is how far 应用配置 looks back for each receiver's last callback.
	newestCallbacks = 500
	// shownFailures bounds the failures of the calendar it lists.
	shownFailures = 5
)

// configurationCommand is 应用配置: how the app is set up and how it does
// (G1-1a, G2-4.5(1)).
func (a *App) configurationCommand() chat.Command {
	return chat.Command{
		Name: "应用配置", Group: "管理", Permission: string(policy.ConfigView),
		Summary: "看各模块、回调、通讯录和后台任务的状态", Usage: "应用配置", Example: "应用配置", Run: a.configuration,
	}
}

func (a *App) configuration(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	var b strings.Builder
	b.WriteString("【应用配置】\n" + a.moduleLines())
	for _, part := range []func(r *store.Reader) (string, error){
		a.callbackLines, a.tokenLines, a.contactLines, a.queueLines, a.rulebookLines, a.calendarLines,
	} {
		text, err := part(r)
		if err != nil {
			return chat.Answer{}, err
		}
		b.WriteString("\n" + text)
	}
	return chat.Answer{Text: b.String()}, nil
}

func (a *App) moduleLines() string {
	known := map[string]bool{}
	for _, cmd := range a.chat.Commands() {
		known[strings.Fields(cmd.Name)[0]] = true
	}
	var on, off []string
	for _, m := range modules {
		enabled, whole := false, true
		for i, word := range m.words {
			enabled = enabled || known[word]
			whole = whole && (i > 0 || known[word])
		}
		switch {
		case !enabled:
			off = append(off, m.name)
		case m.so != "" && (!whole || len(m.words) == 1):
			on = append(on, m.name+"（"+m.so+"）")
		default:
			on = append(on, m.name)
		}
	}
	text := "已启用：" + strings.Join(on, "、")
	if len(off) > 0 {
		text += "\n未启用：" + strings.Join(off, "、")
	}
	return text
}

// callbackLines say when WeCom last called each receiver.
func (a *App) callbackLines(r *store.Reader) (string, error) {
	newest, err := r.Deliveries(store.DeliveryFilter{Limit: newestCallbacks})
	if err != nil {
		return "", err
	}
	last, err := doctor.Verified(r)
	if err != nil {
		return "", err
	}
	for _, d := range newest {
		if d.ReceivedAt.After(last[d.Receiver]) {
			last[d.Receiver] = d.ReceivedAt
		}
	}
	var parts []string
	for _, name := range a.receiverNames() {
		switch at := last[name]; {
		case !at.IsZero():
			parts = append(parts, fmt.Sprintf("%s 最近一次 %s", name, a.when(at)))
		case len(newest) == newestCallbacks:
			parts = append(parts, fmt.Sprintf("%s 最近 %d 次回调里没有", name, newestCallbacks))
		default:
			parts = append(parts, name+" 还没有收到过")
		}
	}
	return "回调：" + strings.Join(parts, "；"), nil
}

func (a *App) receiverNames() []string {
	var names []string
	for _, app := range a.cfg.WeCom.Apps {
		names = append(names, app.Name)
	}
	if !a.cfg.WeCom.Contacts.Token.Empty() {
		names = append(names, "contacts")
	}
	return names
}

// tokenLines say whether each app has an access token. Why WeCom refuses one is
// for the doctor: it may name addresses.
func (a *App) tokenLines(*store.Reader) (string, error) {
	var parts []string
	for _, app := range a.cfg.WeCom.Apps {
		state := "还没有取过"
		switch s := a.clients[app.Name].TokenState(); {
		case s.Held:
			state = fmt.Sprintf("有效，还有 %d 分钟", int(s.Left/time.Minute))
		case s.Refused != "":
			state = "企业微信拒绝发放，请运行 guiju doctor"
		}
		parts = append(parts, app.Name+" "+state)
	}
	return "凭证：" + strings.Join(parts, "；"), nil
}

func (a *App) contactLines(r *store.Reader) (string, error) {
	counts, err := r.CountMembers()
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("通讯录：在职 %d 人，未激活 %d 人，停用 %d 人，离职 %d 人",
		counts[store.MemberActive], counts[store.MemberInactive], counts[store.MemberDisabled], counts[store.MemberLeft])
	if n := counts[store.MemberProvisional]; n > 0 {
		text += fmt.Sprintf("，待读取 %d 人", n)
	}
	last, err := a.people.LastCompare(r)
	switch {
	case err != nil:
		return "", err
	case last.At.IsZero():
		text += "；还没有核对过"
	case last.Failed:
		text += fmt.Sprintf("；%s 核对失败，请运行 guiju doctor", a.when(last.At))
	default:
		text += fmt.Sprintf("；%s 核对：%s", a.when(last.At), last.Result)
	}
	return text, nil
}

func (a *App) queueLines(r *store.Reader) (string, error) {
	counts, err := r.JobCounts()
	if err != nil {
		return "", err
	}
	due, retry, buried := 0, 0, 0
	for _, c := range counts {
		switch {
		case c.State == store.JobBuried:
			buried += c.Count
		case c.State == store.JobRetry:
			retry += c.Count
		case c.State == store.JobBlocked || c.Due:
			due += c.Count
		}
	}
	text := fmt.Sprintf("队列：待执行 %d 项，等待重试 %d 项", due, retry)
	if buried > 0 {
		text += fmt.Sprintf("，需人工处理 %d 项（guiju jobs list）", buried)
	}
	return text, nil
}

func (a *App) rulebookLines(r *store.Reader) (string, error) {
	active, err := r.ActiveRulebook(r.Now())
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("规则：第 %d 版生效", active.Version)
	switch open, err := r.OpenRulebook(r.Now()); {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return "", err
	case open.State == store.RulebookPending:
		text += fmt.Sprintf("；第 %d 版等待%s批准", open.Version, a.rules.Load().Rules().Ruleset.Approver)
	case open.EffectiveAt != nil:
		text += fmt.Sprintf("；第 %d 版 %s 起生效", open.Version, a.when(*open.EffectiveAt))
	}
	return text, nil
}

// calendarLines name the jobs of the calendar whose last run failed.
func (a *App) calendarLines(r *store.Reader) (string, error) {
	lines, err := a.schedule.Lines(r)
	if err != nil {
		return "", err
	}
	var failed []string
	off := 0
	for _, line := range lines {
		if line.Off {
			off++
		}
		if line.Last != nil && line.Last.State == store.JobRunFailed && len(failed) < shownFailures {
			failed = append(failed, fmt.Sprintf("\n· %s %s：%s 失败（第 %d 次）", line.Name, line.Title, a.when(*line.Last.RanAt), line.Last.Tries))
		}
	}
	text := fmt.Sprintf("定时任务：%d 项", len(lines))
	if off > 0 {
		text += fmt.Sprintf("，停用 %d 项", off)
	}
	if len(failed) == 0 {
		return text + "，最近一次都成功", nil
	}
	return text + "，最近失败的：" + strings.Join(failed, ""), nil
}

// when is an instant as members read it.
func (a *App) when(t time.Time) string { return a.rules.Load().Calendar().Moment(t) }
