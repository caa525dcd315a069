package request

import (
	"errors"

	"guiju/app/chat"
	"guiju/store"
)

var errNotBuilt = errors.New("request: this action is not built yet")

// Where added approvers decide.
type Where string

// The places of added approvers (加签).
const (
	Before Where = "before" // before the current step, which then goes on
	After  Where = "after"  // right after it
	Beside Where = "beside" // with it: every one of them must agree too
)

// PreviewStep is one step of the route before anything is submitted.
type PreviewStep struct {
	Key     string
	Name    string
	Mode    store.StepMode
	Share   int
	People  []store.Member // who would be asked now, deputies included
	Names   string         // 魏伟、何静（代韩梅）
	Instead string         // why somebody else than named, in Chinese
	Skipped string         // why it would be passed over; "": it would not
	Limit   string         // 8 个工作小时
}

// Decided is what became of one number of DecideMany.
type Decided struct {
	Number  string
	Request store.Request
	Err     error // worded for the member; nil: decided
}

// Otherwise gives the kind of keys that are not registered by Kind.
func (q *Requests) Otherwise(kind func(key string) (Kind, bool)) {}

// Preview answers the route a draft would take, without writing anything.
func (q *Requests) Preview(r *store.Reader, d Draft) ([]PreviewStep, error) { return nil, errNotBuilt }

// Return sends a request back: to the earlier step with the key to, or to its
// applicant ("" or 申请人). It then runs the route again from there, or, if
// straight, comes straight back to the step that returned it.
func (q *Requests) Return(call *chat.Call, number, to, opinion string, straight bool) (store.Request, error) {
	return store.Request{}, errNotBuilt
}

// Transfer gives the caller's part of the current step to somebody else (转审).
func (q *Requests) Transfer(call *chat.Call, number string, to int64, opinion string) (store.Request, error) {
	return store.Request{}, errNotBuilt
}

// AddApprovers adds people who have to decide (加签).
func (q *Requests) AddApprovers(call *chat.Call, number string, where Where, members []int64, mode store.StepMode, opinion string) (store.Request, error) {
	return store.Request{}, errNotBuilt
}

// Withdraw is the applicant's 撤回; of an approved request it revokes it, if
// its kind lets him.
func (q *Requests) Withdraw(call *chat.Call, number, why string) (store.Request, error) {
	return store.Request{}, errNotBuilt
}

// Urge reminds those who have to decide (催办).
func (q *Requests) Urge(call *chat.Call, number string) (store.Request, error) {
	return store.Request{}, errNotBuilt
}

// Comment adds a remark, with the attachments of the call, to a request (评论).
func (q *Requests) Comment(call *chat.Call, number, text string) (store.Request, error) {
	return store.Request{}, errNotBuilt
}

// Copy tells members of a request, who may read it from then on (抄送).
func (q *Requests) Copy(call *chat.Call, number string, members []int64) (store.Request, error) {
	return store.Request{}, errNotBuilt
}

// Resubmit submits a returned request again with what d says now.
func (q *Requests) Resubmit(call *chat.Call, number string, d Draft) (store.Request, error) {
	return store.Request{}, errNotBuilt
}

// DecideMany approves several requests, each on its own.
func (q *Requests) DecideMany(call *chat.Call, numbers []string, opinion string) ([]Decided, error) {
	return nil, errNotBuilt
}
