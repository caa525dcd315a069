package request

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// Requests that WeCom's own 审批 app decides. Nothing we do moves them:
// they are mirrored from what WeCom's detail says, whoever asked for it and in
// whatever order callbacks came (S04 AE). A state there never moves back:
//
//	             running  approved  rejected  withdrawn  revoked  deleted  paid
//	running      ·        yes       yes       yes        yes      yes      yes
//	approved     –        ·         –         –          yes      yes      yes
//	rejected     –        –         ·         –          –        yes      –
//	withdrawn    –        –         –         ·          –        yes      –
//	revoked      –        –         –         –          ·        yes      –
//	paid         –        –         –         –          yes      yes      ·
//	deleted      –        –         –         –          –        –        ·
//
// Their nodes are steps, their people deciders with clocks of their own
// (subject native_step), which remind in words alone.

// NativeKind is the kind of requests whose template at WeCom belongs to none of
// the rulebook's.
const NativeKind = "native"

// nativeSubject is the kind of subject of the clocks of native steps.
const nativeSubject = "native_step"

// inNativeApp is the end of what an approver is told about a native step.
const inNativeApp = "请在企业微信「审批」中处理（工作台 → 审批），在这里不能代为审批。"

// nativeSource is how acts in the 审批 app came in.
const nativeSource = "native"

// The bounds of what is mirrored of one case.
const (
	maxNativeNodes    = 30
	maxNativePeople   = 60 // of all nodes together
	maxNativeComments = 100
	maxNativeCopies   = 50
	// nativeLag is the longest a clock is set back to the moment its approver was
	// asked in the 审批 app. What we hear of later counts from then: nobody is
	// late because our news were.
	nativeLag = 2 * time.Hour
	// nativeTouch is how often an unchanged case is written, to note that it was
	// looked at.
	nativeTouch = 12 * time.Hour
)

// NativeCase is a case as WeCom's detail shows it, with its people as members.
type NativeCase struct {
	System     store.NativeSystem
	Ref        string // sp_no, or the ThirdNo of the flow engine
	App        string // that reads it and speaks about it
	Kind       string // key of the template it is mapped to; "": NativeKind
	Template   TemplateRef
	TemplateID string // of WeCom
	Name       string // of the template at WeCom
	Applicant  int64
	Title      string
	Lines      []Line
	Form       policy.Form // what the mapping made of its controls; nil: unmapped
	Sensitive  bool
	State      store.RequestState
	AppliedAt  time.Time
	Nodes      []NativeNode
	Copies     []int64
	Comments   []NativeComment
}

// NativeNode is one node that decides or handles.
type NativeNode struct {
	Mode    store.StepMode // any, all or sequence
	Handler bool           // 办理人
	Done    NativeAct      // what it came to; "": it has not ended
	People  []NativePart
}

// NativePart is one person's part in a node.
type NativePart struct {
	Member  int64
	Act     NativeAct
	Opinion string
	At      time.Time // zero: has not acted
}

// NativeAct is what somebody did, or a node came to.
type NativeAct string

// The acts. What WeCom may add later is NativeOther: it changes nothing.
const (
	NativeWaits       NativeAct = ""
	NativeAgreed      NativeAct = "agreed"
	NativeRefused     NativeAct = "refused"
	NativeTransferred NativeAct = "transferred"
	NativeSentBack    NativeAct = "sent_back"
	NativeAdded       NativeAct = "added" // he added an approver and has to decide again
	NativeAddedAgreed NativeAct = "added_agreed"
	NativeHandled     NativeAct = "handled"
	NativeOther       NativeAct = "other"
)

// NativeComment is a remark below a case.
type NativeComment struct {
	ID     string
	Member int64
	At     time.Time
	Text   string
}

// SpNo is the case's number in our books: those of the two systems never meet.
func (c NativeCase) SpNo() string { return NativeNumber(c.System, c.Ref) }

// NativeNumber is what requests.sp_no holds of a case.
func NativeNumber(system store.NativeSystem, ref string) string {
	if system == store.NativeOpen {
		sum := sha256.Sum256([]byte(ref))
		return "open:" + hex.EncodeToString(sum[:24])
	}
	return ref
}

// digest tells whether anything has changed.
func (c NativeCase) digest() (string, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("native case %s: %w", c.Ref, err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// bounded cuts what no honest case has.
func (c NativeCase) bounded() NativeCase {
	c.Nodes = slices.Clone(c.Nodes[:min(len(c.Nodes), maxNativeNodes)])
	left := maxNativePeople
	for i := range c.Nodes {
		n := min(len(c.Nodes[i].People), left)
		c.Nodes[i].People, left = c.Nodes[i].People[:n], left-n
	}
	c.Comments = c.Comments[max(0, len(c.Comments)-maxNativeComments):]
	c.Copies = c.Copies[:min(len(c.Copies), maxNativeCopies)]
	c.Lines = slices.Clone(c.Lines[:min(len(c.Lines), MaxLines)])
	for i := range c.Lines {
		c.Lines[i].Key, c.Lines[i].Value = chat.OneLine(c.Lines[i].Key, maxKey), chat.Shorten(c.Lines[i].Value, MaxText)
	}
	if c.Kind == "" {
		c.Kind = NativeKind
	}
	return c
}

// nativeMoves are the states a native request may go to; see the table above.
var nativeMoves = map[store.RequestState][]store.RequestState{
	store.RequestRunning: {
		store.RequestApproved, store.RequestRejected, store.RequestWithdrawn, store.RequestRevoked, store.RequestDeleted, store.RequestPaid,
	},
	store.RequestApproved:  {store.RequestRevoked, store.RequestDeleted, store.RequestPaid},
	store.RequestRejected:  {store.RequestDeleted},
	store.RequestWithdrawn: {store.RequestDeleted},
	store.RequestRevoked:   {store.RequestDeleted},
	store.RequestPaid:      {store.RequestRevoked, store.RequestDeleted},
}

// Mirror takes over what WeCom's detail says of a case, in the transaction tx,
// and answers its request. Said again, it writes nothing.
func (q *Requests) Mirror(tx *store.Tx, c NativeCase) (store.Request, error) {
	c = c.bounded()
	request, err := tx.RequestBySPNo(c.SpNo())
	if errors.Is(err, store.ErrNotFound) {
		return q.firstSeen(tx, c)
	}
	if err != nil {
		return request, err
	}
	if request, err = q.lock(tx, request.ID); err != nil {
		return request, err
	}
	row, err := tx.NativeCase(request.ID)
	if err != nil {
		return request, err
	}
	return q.renew(tx, request, row, c)
}

// firstSeen stores a case nobody has told us of before.
func (q *Requests) firstSeen(tx *store.Tx, c NativeCase) (store.Request, error) {
	number, spNo, now := "", c.SpNo(), tx.Now()
	number, err := tx.Number("A")
	if err != nil {
		return store.Request{}, err
	}
	request := store.Request{
		Number: number, Kind: c.Kind, ApplicantID: c.Applicant, AboutID: c.Applicant, App: c.App, Title: chat.OneLine(c.Title, maxTitle),
		State: store.RequestRunning, Data: "null", Engine: store.EngineNative, SpNo: &spNo, NativeAt: &now,
		TemplateID: c.Template.ID, TemplateVersion: c.Template.Version, Sensitive: c.Sensitive,
	}
	if err := takeForm(&request, c); err != nil {
		return request, err
	}
	if err := tx.AddRequest(&request, nil); err != nil {
		if errors.Is(err, store.ErrDuplicate) {
			return request, fmt.Errorf("%w: %w", store.ErrConflict, err) // somebody else has just stored it: look again
		}
		return request, err
	}
	by := act{member: c.Applicant, source: nativeSource, at: orNow(tx, c.AppliedAt)}
	if err := q.enterHistory(tx, request, 0, by, store.RequestSubmitted, "在企业微信「审批」中提交「"+chat.OneLine(c.Name, titleText)+"」"); err != nil {
		return request, err
	}
	row := store.NativeCase{RequestID: request.ID, System: c.System, Ref: c.Ref, TemplateID: c.TemplateID, Name: c.Name}
	return q.renew(tx, request, row, c)
}

// takeForm takes over what was filled in.
func takeForm(request *store.Request, c NativeCase) error {
	var err error
	if request.Content, request.Personal, err = encodeLines(c.Lines); err != nil {
		return err
	}
	if c.Form == nil {
		return nil
	}
	form, err := json.Marshal(c.Form)
	if err != nil {
		return fmt.Errorf("form of %s: %w", c.Ref, err)
	}
	request.Form = string(form)
	return nil
}

func orNow(tx *store.Tx, at time.Time) time.Time {
	if at.IsZero() || at.After(tx.Now()) {
		return tx.Now()
	}
	return at
}

// renew brings a request to what the detail says. The caller holds its lock.
func (q *Requests) renew(tx *store.Tx, request store.Request, row store.NativeCase, c NativeCase) (store.Request, error) {
	digest, err := c.digest()
	if err != nil {
		return request, err
	}
	now := tx.Now()
	if row.Digest == digest {
		if request.NativeAt != nil && now.Sub(*request.NativeAt) < nativeTouch {
			return request, nil
		}
		request.NativeAt = &now
		return request, tx.SaveRequest(&request)
	}
	if c.State != request.State && !slices.Contains(nativeMoves[request.State], c.State) {
		q.log.Info("what is over in the 审批 app does not move back", "request", request.ID, "state", string(request.State), "told", string(c.State))
		return request, nil
	}
	m := &mirroring{q: q, tx: tx, request: request, c: c, fresh: row.Digest == ""}
	if err := m.run(&row); err != nil {
		return m.request, err
	}
	row.Digest, row.Name, row.TemplateID = digest, c.Name, c.TemplateID
	return m.request, tx.PutNativeCase(row)
}

// elsewhere refuses what can only be done in the 审批 app.
func elsewhere(request store.Request) error {
	if request.Engine != store.EngineNative {
		return nil
	}
	return chat.Refused{
		Reason: request.Number + " 是企业微信「审批」中的申请，不能在这里处理", Clause: "X-26",
		Instead: "打开 工作台 → 审批 处理；进展可发送：查询 " + request.Number,
	}
}
