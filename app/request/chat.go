package request

import (
	"errors"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// The kinds of record a number may mean.
const (
	mine     = "request.mine"     // open requests the member submitted
	deciding = "request.deciding" // requests that wait for his decision
	again    = "request.ended"    // requests of his that may be submitted again
	passed   = "request.passed"   // requests of his that are approved
)

// approvalApply is the permission to apply for something (E2.P).
const approvalApply = "approval.apply"

// group is the section of the help.
const group = "审批"

// lent is what other parts give this one for its words and cards.
type lent struct {
	link func(app, path string) string
	form func(call *chat.Call, request store.Request) (chat.Answer, error)
}

// Links gives cards the addresses of pages; an empty address is no link.
func (q *Requests) Links(link func(app, path string) string) { q.lent.link = link }

// OnAgain gives 重新提交 the form of a request, with what was there kept.
func (q *Requests) OnAgain(form func(call *chat.Call, request store.Request) (chat.Answer, error)) {
	q.lent.form = form
}

// page is the address of a request's page, "" without one.
func (q *Requests) page(request store.Request) string {
	if q.lent.link == nil {
		return ""
	}
	return q.lent.link(request.App, "/form/case/"+request.Number)
}

// RegisterChat adds the commands and gives the commands about records of other
// domains those of this one. They are registered first.
func (q *Requests) RegisterChat(engine *chat.Engine) error {
	for kind, list := range map[string]func(*store.Reader, int64, int) ([]store.Request, error){
		mine: q.submitted, deciding: q.waiting, again: q.resubmittable, passed: q.approved,
	} {
		if err := engine.RegisterRecords(kind, records{list}); err != nil {
			return err
		}
	}
	if err := engine.Register(q.Commands()...); err != nil {
		return err
	}
	answer := string(policy.ItemAnswer)
	for _, x := range []struct {
		command, records, permission string
		run                          func(*chat.Call) (chat.Answer, error)
		more                         string // a text of its own
	}{
		{"撤回", mine, approvalApply, q.onWithdraw, "原因"},
		{"催办", mine, approvalApply, q.onUrge, ""},
		{"转交", deciding, answer, q.onTransfer, "意见"},
		{"已知悉", mine, answer, q.note, ""},
		{"追溯", mine + " " + deciding, string(policy.ItemTrace), q.trace, ""},
	} {
		extension := chat.Extension{Prefix: "A", What: "申请", Record: x.records, Permission: x.permission, Run: x.run}
		if x.more != "" {
			extension.Args = []chat.Arg{{Name: x.more, Kind: chat.Text, Rest: true, Prompt: "请写" + x.more}}
		}
		if err := engine.Extend(x.command, extension); err != nil {
			return err
		}
	}
	return nil
}

// Commands are what members can say to this part alone, in the order of the
// help.
func (q *Requests) Commands() []chat.Command {
	number := func(record, prompt string) chat.Arg {
		return chat.Arg{Name: "编号", Kind: chat.Number, Record: record, Required: true, Prompt: prompt}
	}
	either := func(prompt string) chat.Arg {
		arg := number(mine+" "+deciding, prompt)
		arg.Any = true
		return arg
	}
	opinion := chat.Arg{Name: "意见", Kind: chat.Text, Rest: true, Prompt: "请写意见"}
	answer := string(policy.ItemAnswer)
	return []chat.Command{
		{
			Name: commandName, Group: group, Permission: answer,
			Summary: "批准或驳回申请；不写编号列出等您审批的", Usage: "审批 [编号] [批准|驳回] [意见]", Example: "审批 A20260302-0001 批准",
			Args: []chat.Arg{
				{Name: "编号", Kind: chat.Number, Record: deciding, Prompt: "请问是哪一项申请？"},
				{Name: "决定", Kind: chat.Choice, Choices: verdictWords, Prompt: "批准 还是 驳回？"},
				{Name: "意见", Kind: chat.Text, Rest: true, Prompt: "请写驳回的原因，申请人会看到"},
			}, Run: q.decide,
		},
		{
			Name: "我的审批", Aliases: []string{"待审批"}, Group: group, Permission: answer,
			Summary: "看等您审批的申请，最早的在前", Usage: "我的审批", Example: "我的审批", Run: q.onMine,
		},
		{
			Name: "批量批准", Group: group, Permission: answer,
			Summary: "一次批准几项申请", Usage: "批量批准 <编号、编号 | 全部> [意见:…]", Example: "批量批准 A20260302-0001、A20260302-0002",
			Args: []chat.Arg{
				{Name: "编号", Kind: chat.Number, Many: true, Required: true, Record: deciding, Prompt: "请写要批准的编号，用顿号隔开；要全部批准就写 全部"},
				{Name: "意见", Kind: chat.Text, Keyed: true, Rest: true},
			}, Run: q.onBatch,
		},
		{
			Name: "转审", Group: group, Permission: answer,
			Summary: "把等您审批的申请转给同事处理", Usage: "转审 [编号] <姓名> [意见]", Example: "转审 A20260302-0001 何静 请财务把关",
			Args: []chat.Arg{
				number(deciding, "请问转哪一项申请？"),
				{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问转给谁审批？写姓名或账号"}, opinion,
			}, Run: q.onTransfer,
		},
		{
			Name: "加签", Group: group, Permission: answer,
			Summary: "请同事一起审批：在您之前、之后，或和您并列", Usage: "加签 [编号] [前|后|并] <姓名、姓名> [意见]", Example: "加签 A20260302-0001 并 何静 请核对金额",
			Args: []chat.Arg{
				number(deciding, "请问给哪一项申请加签？"),
				{Name: "位置", Kind: chat.Choice, Choices: whereChoices, Prompt: "在您之前、之后，还是和您并列？"},
				{Name: "姓名", Kind: chat.Person, Many: true, Required: true, Prompt: "请问请谁加签？多位用顿号隔开"}, opinion,
			}, Run: q.onAdd,
		},
		{
			Name: "减签", Group: group, Permission: answer,
			Summary: "收回还没有处理的加签", Usage: "减签 <编号> <姓名>", Example: "减签 A20260302-0001 何静",
			Args: []chat.Arg{
				either("请问是哪一项申请？"), {Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问减去哪一位？"},
			}, Run: q.onRemove,
		},
		{
			Name: "退回", Group: group, Permission: answer,
			Summary: "退回申请人或之前的一步，修改后再审", Usage: "退回 [编号] [节点|申请人] <原因> [直达]", Example: "退回 A20260302-0001 申请人 发票日期不清楚 直达",
			Args: []chat.Arg{
				number(deciding, "请问退回哪一项申请？"),
				{Name: "节点", Kind: chat.Text, Keyed: true, Prompt: "退回到哪里？"},
				{Name: "直达", Aliases: straightWords[1:], Kind: chat.YesNo, Keyed: true, Prompt: "修改后直接回到您这里吗？"},
				{Name: "原因", Kind: chat.Text, Rest: true, Prompt: "请写退回的原因，申请人会看到"},
			}, Run: q.onReturn,
		},
		{
			Name: "评论", Group: group, Permission: answer, Attach: true,
			Summary: "在申请下留言，可以带图片和文件", Usage: "评论 <编号> <内容>", Example: "评论 A20260302-0001 合同附件已补上",
			Args: []chat.Arg{
				either("请问评论哪一项申请？"), {Name: "内容", Kind: chat.Text, Rest: true, Required: true, Prompt: "请写评论的内容"},
			}, Run: q.onComment,
		},
		{
			Name: "抄送", Group: group, Permission: answer,
			Summary: "把申请告知同事，他们可以查看", Usage: "抄送 <编号> <姓名、姓名>", Example: "抄送 A20260302-0001 林秀",
			Args: []chat.Arg{
				either("请问抄送哪一项申请？"), {Name: "姓名", Kind: chat.Person, Many: true, Required: true, Prompt: "请问抄送给谁？多位用顿号隔开"},
			}, Run: q.onCopy,
		},
		{
			Name: "重新提交", Group: group, Permission: approvalApply,
			Summary: "修改退回或驳回的申请再提交，原来填的都保留", Usage: "重新提交 [编号] [名称:内容]", Example: "重新提交 A20260302-0001",
			Args: []chat.Arg{
				number(again, "请问重新提交哪一项申请？"), {Name: "修改", Kind: chat.Text, Rest: true},
			}, Run: q.onAgain,
		},
		{
			Name: "撤销", Group: group, Permission: approvalApply,
			Summary: "撤销已经通过的申请", Usage: "撤销 [编号] <原因>", Example: "撤销 A20260302-0001 行程取消",
			Args: []chat.Arg{
				number(passed, "请问撤销哪一项申请？"), {Name: "原因", Kind: chat.Text, Rest: true, Required: true, Prompt: "请写撤销的原因，审批人会看到"},
			}, Run: q.onRevoke,
		},
	}
}

// verdictWords are the words of a decision; those of refusals come last.
var verdictWords = []string{"批准", "同意", "通过", "驳回", "拒绝", "不同意"}

func meansYes(word string) bool { return slices.Index(verdictWords, word) < 3 }

// Propose answers the command meant by somebody who has written a bare 批准 or
// 驳回 below a card; nil if it is something else, or nothing waits for him.
func (q *Requests) Propose(r *store.Reader, member int64, text string) (*chat.Proposal, error) {
	word := strings.Trim(text, "。，！!. ")
	if !slices.Contains(verdictWords, word) {
		return nil, nil
	}
	open, err := q.waiting(r, member, 2)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	meant := &chat.Proposal{Question: word + "等您审批的申请？", Command: commandName, Values: map[string]string{"决定": word}, Proceed: word}
	if len(open) == 1 {
		meant.Question = word + " " + q.name(open[0]) + "？"
		meant.Values["编号"] = open[0].Number
	}
	return meant, nil
}

// records lists requests for shortened and omitted numbers.
type records struct {
	list func(r *store.Reader, member int64, limit int) ([]store.Request, error)
}

// Open implements chat.Records.
func (rs records) Open(r *store.Reader, query chat.RecordQuery) ([]chat.Record, error) {
	rows := func(limit int) ([]store.Request, error) { return rs.list(r, query.Member, limit) }
	return chat.Fitting(query, rows, func(q store.Request) chat.Record {
		return chat.Record{Number: q.Number, Title: q.Title, Subject: q.Subject()}
	})
}

func (q *Requests) submitted(r *store.Reader, member int64, limit int) ([]store.Request, error) {
	return r.RequestsOf(member, []store.RequestState{store.RequestRunning, store.RequestReturned}, limit)
}

func (q *Requests) waiting(r *store.Reader, member int64, limit int) ([]store.Request, error) {
	return r.RequestsDecided(member, []store.DeciderState{store.DeciderOpen}, limit)
}

// resubmittable lists what a member may take up again: what came back to him
// first.
func (q *Requests) resubmittable(r *store.Reader, member int64, limit int) ([]store.Request, error) {
	returned, err := r.RequestsOf(member, []store.RequestState{store.RequestReturned}, limit)
	if err != nil || len(returned) > 0 {
		return returned, err
	}
	return r.RequestsOf(member, []store.RequestState{store.RequestRejected, store.RequestWithdrawn}, limit)
}

func (q *Requests) approved(r *store.Reader, member int64, limit int) ([]store.Request, error) {
	return r.RequestsOf(member, []store.RequestState{store.RequestApproved}, limit)
}

// running lists for 我的待办 what a member has submitted and waits for.
func (q *Requests) running(r *store.Reader, member int64, limit int) ([]response.Waiting, error) {
	all, err := q.submitted(r, member, limit)
	var list []response.Waiting
	for _, request := range all {
		list = append(list, response.Waiting{Number: request.Number, Title: request.Title})
	}
	return list, err
}

// reasoned offers the common reasons where a refusal or a return lacks one.
func (q *Requests) reasoned(err error, field string) error {
	var missing chat.Incomplete
	if errors.As(err, &missing) && missing.Field == "意见" {
		missing.Field, missing.Choices = field, q.rules().RejectReasons()
		return missing
	}
	return err
}
