// Package permission is what members see and do of roles and permissions
// (guide S02): their own, who holds one, applying for one, assigning roles,
// confirming what a change of contacts adds, and the quarterly review. What a
// role gives is the rulebook's, who holds which is kept by people.
//
//	change     确认新增    拒绝       amended        nothing left to add  decider leaves
//	open       confirmed  rejected  open, redrawn  done                 another decides
//	others: told what was decided, nothing changes
//
//	review     gathered  a row marked  the last row   due
//	gathering  open      –             –              –
//	open       –         open          complete       overdue
//	overdue    –         overdue       complete       –
//	complete   –         –             –              –
//
//	row        正常       异常
//	unmarked   normal    abnormal
//	normal     same      abnormal
//	abnormal   normal*   same
//
// * unless its withdrawals have begun. Rows are marked while their review is
// open or overdue; one with findings about the marker is for somebody else.
package permission

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/app/response"
	"guiju/store"
	"guiju/store/queue"
)

// Purposes of the notices of this package; askPurpose carries clocks.
const (
	askPurpose   = "permission.ask"
	eventPurpose = "permission.event"
)

const (
	maxListed  = 50  // lines of one list in the chat
	maxReason  = 200 // characters of a reason
	maxDecider = 20  // people asked to decide one thing
	maxHistory = 20  // of earlier records searched for one
)

// Permissions is the domain.
type Permissions struct {
	notify   *notify.Notifier
	clocks   *response.Clocks
	people   *people.People
	requests *request.Requests
	rules    notify.Rules
	log      *slog.Logger
}

// New builds the domain and registers its cards, hooks and kind of request.
func New(n *notify.Notifier, clocks *response.Clocks, p *people.People, requests *request.Requests, rules notify.Rules, log *slog.Logger) *Permissions {
	d := &Permissions{notify: n, clocks: clocks, people: p, requests: requests, rules: rules, log: log}
	n.Card(changeCard, d.drawChange)
	n.Card(reviewCard, d.drawReview)
	n.Card(rowCard, d.drawRow)
	delivered := func(tx *store.Tx, m notify.Delivered) error {
		return clocks.Delivered(tx, m.Message.Subject(), m.Members, m.At)
	}
	n.OnDelivered(askPurpose, delivered)
	n.OnDelivered(askPurpose+".again", delivered)
	for _, kind := range []string{changeSubject, reviewSubject} {
		clocks.OnUndelivered(kind, d.forward)
		clocks.OnAway(kind, d.standIn)
		clocks.ActsOn(kind, d.reminderButtons)
	}
	requests.Kind(applicationKind, request.Kind{
		Title: "权限申请", Check: d.checkDecision, Finished: d.finished, Tells: true, Visible: policy.PermAssign,
	})
	return d
}

// HandOver moves what waits for a member: changes to confirm, reviews.
func (d *Permissions) HandOver() people.HandOver { return handOver{d} }

// Register gives the queue the workers.
func (d *Permissions) Register(q *queue.Queue) {
	queue.Register(q, d.gather)
	queue.Register(q, d.reviewDue, queue.Deadline())
	queue.Register(q, d.withdraw)
	queue.Register(q, d.confirmPage)
	queue.Register(q, d.inForce)
}

// The kinds of record a number may mean.
const (
	openChanges = "permission.change" // changes the member is asked about
	openReviews = "permission.review" // reviews he is asked about
	openRows    = "permission.row"    // their unmarked rows
)

// RegisterChat adds the commands and what their numbers mean.
func (d *Permissions) RegisterChat(engine *chat.Engine) error {
	kinds := map[string]chat.Records{
		openChanges: askedRecords{d, changeSubject}, openReviews: askedRecords{d, reviewSubject}, openRows: rowRecords{d},
	}
	for _, kind := range []string{openChanges, openReviews, openRows} {
		if err := engine.RegisterRecords(kind, kinds[kind]); err != nil {
			return err
		}
	}
	if err := engine.Register(d.Commands()...); err != nil {
		return err
	}
	return d.extend(engine)
}

// Commands are what members can say to this domain, in the order of the help.
func (d *Permissions) Commands() []chat.Command {
	const group = "权限"
	permissionArg := chat.Arg{Name: "权限", Kind: chat.Text, Required: true, Prompt: "请问是哪一项权限？写中文名或代码，例如 查看财务报表"}
	wanted := permissionArg
	wanted.Validate = func(_ *chat.Call, v chat.Value) error { _, err := d.permissionNamed(v.Text); return err }
	objectArg := chat.Arg{Name: "对象", Kind: chat.Text, Keyed: true}
	person := chat.Arg{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问是哪位同事？"}
	reason := chat.Arg{Name: "说明", Kind: chat.Text, Rest: true}
	number := func(kind, prompt string) chat.Arg {
		return chat.Arg{Name: "编号", Kind: chat.Number, Record: kind, Required: true, Prompt: prompt}
	}
	return []chat.Command{
		{
			Name: "我的权限", Group: group, Permission: chat.Everybody,
			Summary: "查看自己的角色、权限和来源", Usage: "我的权限", Example: "我的权限", Run: d.own,
		},
		{
			Name: "谁有", Group: group, Permission: string(policy.PermView),
			Summary: "查看谁持有某项权限", Usage: "谁有 <权限>", Example: "谁有 doc.destroy",
			Args: []chat.Arg{permissionArg}, Run: d.holders,
		},
		{
			Name: "权限申请", Aliases: []string{"申请权限"}, Group: group, Permission: string(policy.ApprovalApply),
			Summary: "申请一项有期限的权限", Usage: "权限申请 <权限> <理由> [期限]", Example: "权限申请 report.finance.view 核对三月报表 7天",
			Args: []chat.Arg{
				wanted, objectArg, {Name: "期限", Kind: chat.Text, Keyed: true},
				{Name: "理由", Kind: chat.Text, Required: true, Rest: true, Prompt: "请说明为什么需要，可带期限，例如：核对三月报表 7天"},
			}, Run: d.apply,
		},
		{
			Name: "权限 分配", Aliases: []string{"分配权限", "分配角色"}, Group: group, Permission: string(policy.PermAssign),
			Summary: "给同事分配角色", Usage: "权限 分配 <姓名> <角色> [对象] [期限]", Example: "权限 分配 江一 审批人员A P-02",
			Args: []chat.Arg{
				person, {Name: "角色", Kind: chat.Text, Required: true, Prompt: "请问分配哪个角色？例如 审批人员A"},
				{Name: "对象", Kind: chat.Text}, {Name: "期限", Kind: chat.Text, Rest: true},
			}, Run: d.assign,
		},
		{
			Name: "权限 收回", Aliases: []string{"收回权限", "收回角色"}, Group: group, Permission: string(policy.PermAssign),
			Summary: "收回同事的角色或授权", Usage: "权限 收回 <姓名> <角色或权限> [对象] [原因]", Example: "权限 收回 江一 审批人员A P-02",
			Args: []chat.Arg{
				person, {Name: "角色", Aliases: []string{"权限"}, Kind: chat.Text, Required: true, Prompt: "请问收回哪个角色或权限？"},
				{Name: "原因", Kind: chat.Text, Rest: true}, objectArg,
			}, Run: d.unassign,
		},
		{
			Name: "权限 禁止", Aliases: []string{"禁止访问"}, Group: group, Permission: string(policy.PermAssign),
			Summary: "明确禁止同事使用一项权限", Usage: "权限 禁止 <姓名> <权限> [原因] [对象:…]", Example: "权限 禁止 江一 doc.download 调查期间",
			Args: []chat.Arg{person, permissionArg, {Name: "原因", Kind: chat.Text, Rest: true}, objectArg}, Run: d.forbid,
		},
		{
			Name: "权限 解除", Aliases: []string{"解除禁止"}, Group: group, Permission: string(policy.PermAssign),
			Summary: "解除一项禁止", Usage: "权限 解除 <姓名> <权限> [对象:…]", Example: "权限 解除 江一 doc.download",
			Args: []chat.Arg{person, permissionArg, objectArg}, Run: d.allow,
		},
		{
			Name: "权限变更 确认", Aliases: []string{"确认新增"}, Group: group, Permission: string(policy.ItemAnswer),
			Summary: "确认调岗后新增的权限", Usage: "权限变更 确认 [编号]", Example: "权限变更 确认 QX20260302-0001",
			Args: []chat.Arg{number(openChanges, "请问是哪一项变更？")}, Run: d.confirm,
		},
		{
			Name: "权限变更 拒绝", Aliases: []string{"拒绝新增"}, Group: group, Permission: string(policy.ItemAnswer),
			Summary: "拒绝调岗后新增的权限", Usage: "权限变更 拒绝 [编号] [说明]", Example: "权限变更 拒绝 QX20260302-0001 暂不需要",
			Args: []chat.Arg{number(openChanges, "请问是哪一项变更？"), reason}, Run: d.reject,
		},
		{
			Name: "权限变更 全部确认", Group: group, Permission: string(policy.ItemAnswer),
			Summary: "一次确认等您确认的全部变更", Usage: "权限变更 全部确认", Example: "权限变更 全部确认", Run: d.confirmAll,
		},
		{
			Name: "权限审查", Aliases: []string{"报表 权限审查"}, Group: group, Permission: string(policy.PermReviewReport),
			Summary: "查看季度权限审查", Usage: "权限审查 [季度]", Example: "权限审查 2026年第2季度",
			Args: []chat.Arg{{Name: "季度", Kind: chat.Text, Rest: true}}, Run: d.report,
		},
		{
			Name: "权限审查 全部正常", Group: group, Permission: string(policy.ItemAnswer),
			Summary: "把没有异常的各项标为正常", Usage: "权限审查 全部正常 [编号]", Example: "权限审查 全部正常 QS20260401-0001",
			Args: []chat.Arg{number(openReviews, "请问是哪一次审查？")}, Run: d.markRest,
		},
		{
			Name: "权限审查 正常", Group: group, Permission: string(policy.ItemAnswer),
			Summary: "把审查的一项标为正常", Usage: "权限审查 正常 <编号> [说明]", Example: "权限审查 正常 QH20260401-0003",
			Args: []chat.Arg{number(openRows, "请问是哪一项？"), reason}, Run: d.markNormal,
		},
		{
			Name: "权限审查 异常", Group: group, Permission: string(policy.ItemAnswer),
			Summary: "把审查的一项标为异常并处理", Usage: "权限审查 异常 <编号> [措施]", Example: "权限审查 异常 QH20260401-0003 收回",
			Args: []chat.Arg{number(openRows, "请问是哪一项？"), {Name: "措施", Kind: chat.Text, Rest: true}}, Run: d.markAbnormal,
		},
	}
}

// tell sends text about a subject, in as many messages as it needs.
func (d *Permissions) tell(tx *store.Tx, app string, subject store.Subject, to []int64, text string) error {
	for _, part := range chat.Split(text) {
		err := d.notify.Tell(tx, notify.Notice{App: app, To: to, Text: part, Subject: subject, Purpose: eventPurpose})
		if err != nil {
			return err
		}
	}
	return nil
}

// permissionNamed finds the permission a member means, or says which he may have meant.
func (d *Permissions) permissionNamed(word string) (policy.PermissionInfo, error) {
	if info, ok := policy.PermissionNamed(word); ok {
		return info, nil
	}
	var near []string
	for _, info := range nearest(word, policy.Permissions(), func(p policy.PermissionInfo) []string { return []string{string(p.Code), p.Title} }) {
		near = append(near, fmt.Sprintf("%s（%s）", info.Code, info.Title))
	}
	instead := "发送「我的权限」查看已有的权限"
	if len(near) > 0 {
		instead = strings.Join(near, "、")
	}
	return policy.PermissionInfo{}, chat.Refused{Reason: "没有名为「" + chat.OneLine(word, 30) + "」的权限", Instead: instead}
}

// audit records what the caller did.
func (d *Permissions) audit(call *chat.Call, action string, subject store.Subject, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	detail["delivery"] = call.Delivery
	return call.Tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: action, Subject: subject, Source: store.AuditSource(call.Source), Detail: detail,
	})
}

func (d *Permissions) when(t time.Time) string { return d.rules().Calendar().Moment(t) }

// until is the end of something held, "" when it has none.
func (d *Permissions) until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "至 " + d.local(t).Format("2006-01-02 15:04")
}

func (d *Permissions) local(t time.Time) time.Time {
	return t.In(d.rules().Calendar().Location())
}

// isMissing says that a record is not there.
func isMissing(err error) bool { return errors.Is(err, store.ErrNotFound) }
