// Package request keeps applications (申请, 审批单据) that people decide on a
// route of steps (guide S04, G1-3.2). A domain or a template of the rulebook
// says what is applied for and by whom it is decided; this package finds the
// people, shows them cards, takes their decisions and tells the applicant.
//
//	request    last step agreed  no by its rule  退回申请人  退回, else  撤回       重新提交  催办, 评论, 抄送
//	running    approved          rejected        returned   running    withdrawn  –        running
//	returned   –                 –               –          –          withdrawn  running  returned (no 催办)
//	approved   –                 –               –          –          revoked*   –        approved (no 催办)
//	rejected, withdrawn, revoked: 评论 and 抄送 alone, and they stay what they are
//
//	step       entered  agreed    refused   sent back  加签 before it  request ends  merged, carried on, only told
//	waiting    current  –         –         –          –              skipped       skipped
//	current    –        approved  rejected  returned   waiting        skipped       –
//	approved, rejected, returned, skipped: nothing, ever
//
//	decider    his turn  decides  another decides  replaced, 转审, 减签  加签 before  step ends
//	queued     open      –        –                passed               –           ended
//	open       –         voted    open†            passed               queued      ended
//	voted, ended: nothing; passed: open when he is given a part again
//
// * if its kind lets the applicant (Kind.Revocable). † ended in 或签, and in any
// vote that is decided by then.
//
// Steps are only ever added: a return or a resubmission begins a new round of
// them behind the others, in which what is not asked again is carried on. How
// the votes of a step become one is in vote.go: 或签, 会签, 依次, 票签.
//
// A step's people are found when it is entered (E2.0, names in force): never
// the applicant or the member it is about, deputies for those who are away.
// Whoever of them leaves, goes away or cannot be reached is replaced; a vote he
// has given stays. Read on: submit.go, step.go (a step is entered and ends),
// decide.go, return.go, transfer.go, add.go, remove.go, applicant.go, copy.go,
// comment.go, handover.go and force.go (people change), history.go, see.go and
// view.go (who may read what).
package request

import (
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// The bounds of one request.
const (
	MaxSteps       = 10  // of a draft
	MaxRoundSteps  = 20  // of one round, added ones included
	MaxRounds      = 10  // returns
	MaxDeciders    = 20  // of one step
	MaxLines       = 20  // shown
	MaxText        = 500 // characters of an opinion or of the value of a line
	MaxCopies      = 50  // people who are told
	MaxComments    = 100
	MaxAttachments = 20  // with one act
	MaxMoves       = 100 // transfers and added approvers
	maxKey         = 20  // characters of a line's name
	maxTitle       = 60  // characters
	maxData        = 16 << 10
	maxForm        = 64 << 10 // bytes of JSON
	maxHistory     = 1000     // lines of a history that are read
)

// Purposes of the notices of this package; stepPurpose carries clocks.
const (
	stepPurpose  = "request.step"
	eventPurpose = "request.event"
)

// stepSubject is the kind of subject of a step's cards and clocks.
const stepSubject = "request_step"

// People finds who decides. It is implemented by people.
type People interface {
	Resolve(r *store.Reader, w people.Whom, about int64) (people.Found, error)
	ReportVacancy(tx *store.Tx, w people.Whom, found people.Found, about int64) error
	Superior(r *store.Reader, member int64) (int64, error)
	StandsOver(r *store.Reader, member, other int64) (bool, error)
	Administrators(r *store.Reader) ([]int64, error)
	Applicant(r *store.Reader, m store.Member) (policy.ApprovalApplicant, error)
}

// Kind is one sort of request, owned by a domain.
type Kind struct {
	Title string // "权限申请"
	// Finished is called in the transaction that ends a request as approved,
	// rejected or withdrawn. What it refuses fails the delivery: whatever can be
	// refused belongs into Check.
	Finished func(tx *store.Tx, r store.Request) error
	// Tells says that Finished tells the applicant of an approval, with the
	// opinion: he gets no 【已通过】 beside it.
	Tells bool
	// Check may refuse a decision before anything is written, with an error of
	// package chat. nil: nothing to check.
	Check func(tx *store.Tx, r store.Request, step store.RequestStep, by store.Member, approve bool) error
	// Entered is called when a step has become current and its people are asked.
	// What follows from it for the request itself belongs into a job: the
	// transaction goes on with the request as it was.
	Entered func(tx *store.Tx, r store.Request, step store.RequestStep) error
	// Decided is called after each single decision has been recorded, with what
	// was said.
	Decided func(tx *store.Tx, r store.Request, step store.RequestStep, by store.Member, approve bool, opinion string) error
	// Returned is called when a request has been sent back to its applicant,
	// Resubmitted when he has submitted it again, with the route it takes now.
	Returned    func(tx *store.Tx, r store.Request) error
	Resubmitted func(tx *store.Tx, r store.Request) error
	// Resubmits says that a request may be returned to its applicant, who
	// changes it and submits it again: the domain calls Resubmit.
	Resubmits bool
	// Revocable may refuse, with an error of package chat, that an approved
	// request is revoked; nil: what is approved cannot be revoked. Revoked undoes
	// in the same transaction what followed from the approval.
	Revocable func(r *store.Reader, q store.Request) error
	Revoked   func(tx *store.Tx, q store.Request) error
	// Visible lets others than those involved read its requests; "": nobody.
	Visible policy.Permission
}

// Step is one decision to be made.
type Step struct {
	Key     string          // of the node in the template; "": its position counts
	Name    string          // "部门负责人"; one of its own in the request
	Whom    people.Whom     // found when the step is entered
	Also    []people.Whom   // further ones, each found on its own
	Mode    store.StepMode  // "": StepAny
	Share   int             // percent, of StepShare
	Command string          // what approves it in place of 审批: "已开通"; "": 审批
	Within  policy.WorkSpan // time to decide; zero: approval.node_limit_hours
}

// TemplateRef is the version of a template a request is pinned to.
type TemplateRef struct {
	ID      int64
	Version string // 1.0.0
}

// Line is one thing the deciders read.
type Line struct {
	Key   string
	Value string
	// Only names the steps whose deciders need the value because it is personal
	// data; everybody else sees 138****5678. nil: everybody reads it.
	Only []string
}

// Draft is a request to be submitted.
type Draft struct {
	Kind      string
	Applicant int64
	About     int64 // the member it is for; 0: the applicant
	App       string
	Title     string // one line without personal data
	Lines     []Line
	Data      any // JSON for the domain; purged once the request has long finished
	Steps     []Step
	Delivery  int64
	Source    chat.Source // "": chat
	At        time.Time   // of the act; zero: now

	Template    TemplateRef // the version it is pinned to; zero: none
	Form        policy.Form
	Why         []policy.BranchTaken // why it takes this route
	CC          []people.Whom        // told when it is approved
	Sensitive   bool                 // only those involved see it (G1-3.2(4)b)
	Attachments []int64
}

// Requests is the part.
type Requests struct {
	notify *notify.Notifier
	clocks *response.Clocks
	people People
	rules  notify.Rules
	log    *slog.Logger
	kinds  map[string]Kind
	others func(key string) (Kind, bool)

	compiled     compilations
	lent         lent                                            // what other parts give the chat and the cards
	submitNative func(tx *store.Tx, request store.Request) error // to the 审批 app
}

// New builds the part and registers its cards and hooks.
func New(n *notify.Notifier, clocks *response.Clocks, p People, rules notify.Rules, log *slog.Logger) *Requests {
	q := &Requests{notify: n, clocks: clocks, people: p, rules: rules, log: log, kinds: map[string]Kind{}, others: noKind}
	q.kinds[NativeKind] = Kind{Title: "企业微信审批"}
	clocks.InWords(nativeSubject, inNativeApp)
	clocks.Nodes(nativeSubject)
	n.Card(stepCard, q.drawStep)
	n.Card(resultCard, q.drawResult)
	n.Card(batchCard, q.drawBatch)
	delivered := func(tx *store.Tx, d notify.Delivered) error {
		return clocks.Delivered(tx, d.Message.Subject(), d.Members, d.At)
	}
	n.OnDelivered(stepPurpose, delivered)
	n.OnDelivered(stepPurpose+".again", delivered)
	clocks.Nodes(stepSubject)
	clocks.OnUndelivered(stepSubject, q.forward)
	clocks.OnAway(stepSubject, q.standIn)
	clocks.ActsOn(stepSubject, q.buttons)
	clocks.AlsoShow("我提交的申请", q.running, func(p store.Pending) bool { return p.Requests })
	return q
}

var kindName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Kind registers a sort of request under a name that never changes. Call it
// before the first Submit; a name that is bad or taken is a programming error
// and panics.
func (q *Requests) Kind(name string, k Kind) {
	if _, taken := q.kinds[name]; taken || !kindName.MatchString(name) || k.Title == "" {
		panic(fmt.Sprintf("request: kind %q is taken, badly named or without a title", name))
	}
	q.kinds[name] = k
}

// Otherwise gives the kind of keys that are not registered by Kind: templates
// of the rulebook that no domain calls its own.
func (q *Requests) Otherwise(kind func(key string) (Kind, bool)) { q.others = kind }

func noKind(string) (Kind, bool) { return Kind{}, false }

// kind is how requests of a key are handled; of one that nobody knows any more,
// with its key as title.
func (q *Requests) kind(key string) Kind {
	if k, known := q.kinds[key]; known {
		return k
	}
	if k, known := q.others(key); known {
		return k
	}
	return Kind{Title: key}
}

func (q *Requests) knows(key string) bool {
	_, registered := q.kinds[key]
	_, known := q.others(key)
	return registered || known
}

// act is who does something, how it came in, and when.
type act struct {
	member   int64 // 0: the system
	source   string
	delivery int64
	at       time.Time
}

func actOf(call *chat.Call) act {
	return act{member: call.Member.ID, source: string(call.Source), delivery: call.Delivery, at: call.At}
}

// system is the act of a timer or of a change of people.
func system(tx *store.Tx) act { return act{source: "job", at: tx.Now()} }

// locked takes the request called number for a decision about it.
func (q *Requests) locked(tx *store.Tx, number string) (store.Request, error) {
	request, err := tx.RequestByNumber(number)
	if err != nil {
		return request, err
	}
	return q.lock(tx, request.ID)
}

func (q *Requests) lock(tx *store.Tx, id int64) (store.Request, error) {
	if err := tx.Lock(store.Request{}.TableName(), id); err != nil {
		return store.Request{}, err
	}
	return tx.Request(id)
}

// name is what a request is called in a sentence: A20260302-0001「权限申请：…」.
func (q *Requests) name(request store.Request) string {
	return request.Number + "「" + chat.OneLine(request.Title, titleText) + "」"
}

// withApplicant lists requests for their deciders: number, title, whose it is.
func withApplicant(r *store.Reader, all []store.Request) ([]string, error) {
	var ids []int64
	for _, request := range all {
		ids = append(ids, request.ApplicantID)
	}
	members, err := r.Members(ids)
	if err != nil {
		return nil, err
	}
	name := make(map[int64]string, len(members))
	for _, m := range members {
		name[m.ID] = m.Name
	}
	var lines []string
	for _, request := range all {
		lines = append(lines, fmt.Sprintf("%s %s（%s）", request.Number, chat.OneLine(request.Title, titleText), name[request.ApplicantID]))
	}
	return lines, nil
}

func (q *Requests) when(t time.Time) string {
	return q.rules().Calendar().Moment(t)
}
