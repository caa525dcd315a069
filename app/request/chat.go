package request

import (
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// The kinds of record a number may mean.
const (
	mine     = "request.mine"     // requests the member submitted that are not over
	deciding = "request.deciding" // requests that wait for his decision
)

// approvalApply is the permission to apply for something (E2.P).
const approvalApply = "approval.apply"

// RegisterChat adds the command and gives the commands about records of other
// domains those of this one. They are registered first.
func (q *Requests) RegisterChat(engine *chat.Engine) error {
	if err := engine.RegisterRecords(mine, records{q.submitted}); err != nil {
		return err
	}
	if err := engine.RegisterRecords(deciding, records{q.waiting}); err != nil {
		return err
	}
	if err := engine.Register(q.Commands()...); err != nil {
		return err
	}
	for _, x := range []struct {
		command, records, permission string
		run                          func(*chat.Call) (chat.Answer, error)
	}{
		{"撤回", mine, approvalApply, q.withdraw},
		{"催办", mine, approvalApply, q.urge},
		{"已知悉", mine, string(policy.ItemAnswer), q.note},
		{"追溯", mine + " " + deciding, string(policy.ItemTrace), q.trace},
	} {
		err := engine.Extend(x.command, chat.Extension{Prefix: "A", What: "申请", Record: x.records, Permission: x.permission, Run: x.run})
		if err != nil {
			return err
		}
	}
	return nil
}

// Commands are what members can say to this part alone.
func (q *Requests) Commands() []chat.Command {
	return []chat.Command{{
		Name: commandName, Group: "审批", Permission: string(policy.ItemAnswer),
		Summary: "同意或驳回申请；不写编号列出等您审批的", Usage: "审批 [编号] [同意|驳回] [意见]", Example: "审批 A20260302-0001 同意",
		Args: []chat.Arg{
			{Name: "编号", Kind: chat.Number, Record: deciding, Prompt: "请问是哪一项申请？"},
			{Name: "决定", Kind: chat.Choice, Choices: verdictWords, Prompt: "同意 还是 驳回？"},
			{Name: "意见", Kind: chat.Text, Rest: true, Prompt: "请写驳回的原因，申请人会看到"},
		}, Run: q.decide,
	}}
}

// verdictWords are the words of a decision; those of refusals come last.
var verdictWords = []string{"同意", "批准", "通过", "驳回", "拒绝", "不同意"}

func meansYes(word string) bool { return slices.Index(verdictWords, word) < 3 }

// Propose answers the command meant by somebody who has written a bare 同意 or
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

// running lists for 我的待办 what a member has submitted and waits for.
func (q *Requests) running(r *store.Reader, member int64, limit int) ([]response.Waiting, error) {
	all, err := q.submitted(r, member, limit)
	var list []response.Waiting
	for _, request := range all {
		list = append(list, response.Waiting{Number: request.Number, Title: request.Title})
	}
	return list, err
}
