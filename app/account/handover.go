package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom/card"
)

// C-HANDOVER: open work of somebody who leaves, moves or is to be stopped.
//
//	reason   state      指定接手人                      交接
//	left     done       what the caller took on is passed on  shown
//	moved    listed     the work goes to the successor        shown
//	stopped  listed     the work goes to the successor        shown
//	any      running    refused: being collected              shown
//	any      done       refused, but for what the caller took on  shown
//	any      cancelled  refused: he is back                   shown
//
// A hand-over that was listed is done when nothing is left in it.
const handOverCard = "hand-over"

// handOverRecords are the hand-overs a member may name a successor for.
const handOverRecords = "hand_over.mine"

const (
	// handOversSearched bounds the hand-overs among which a shortened number is
	// looked for.
	handOversSearched = 200

	maxWorks   = 1000 // of one hand-over that are looked at
	worksBatch = 10   // moved by one transaction
	shownWorks = 3    // on a card
	cardText   = 160  // characters of a card's text [90236]
)

func (a *Accounts) handOverCommands() []chat.Command {
	number := chat.Arg{Name: "编号", Kind: chat.Number, Record: handOverRecords, Required: true, Prompt: "请问是哪一份交接？"}
	anyNumber := number
	anyNumber.Any = true
	return []chat.Command{
		{
			Name: "指定接手人", Group: group, Permission: string(policy.HandOverOwn),
			Summary: "把离职或调岗同事的工作交给别人", Usage: "指定接手人 <编号> <姓名> [事项]", Example: "指定接手人 JJ20260302-0001 孙七",
			Args: []chat.Arg{
				number, {Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问由谁接手？"},
				{Name: "事项", Kind: chat.Text, Validate: short("事项", 40)},
			},
			Run: a.appoint,
		},
		{
			Name: "交接", Group: group, Permission: string(policy.HandOverOwn),
			Summary: "查看一份工作交接清单", Usage: "交接 <编号>", Example: "交接 JJ20260302-0001", Args: []chat.Arg{anyNumber}, Run: a.showHandOver,
		},
	}
}

// handedOver is called when everything of a hand-over is moved or listed: those
// who have to see to it get the card. Whose account is stopped by then has his
// work passed on at once.
func (a *Accounts) handedOver(tx *store.Tx, h store.HandOver) error {
	member, err := tx.Member(h.MemberID)
	if err != nil {
		return err
	}
	if h.Reason == store.HandOverStopped && member.StoppedAt != nil {
		return a.handOverRest(tx, h)
	}
	heirs, err := a.heirs(&tx.Reader, h)
	if err != nil {
		return err
	}
	works, err := tx.HandOverWorks(h.ID, 1)
	if err != nil || len(works) == 0 && h.Reason != store.HandOverStopped {
		return err // nothing was open: nobody has to do anything
	}
	notice := notify.Notice{
		To: heirs, Subject: h.Subject(), Purpose: handPurpose,
		Text:   fmt.Sprintf("【工作交接】%s即将停用账号，现在没有需要交接的工作；停用时还没办完的会转给您。", member.Name),
		Unique: fmt.Sprintf("hand_over:%d", h.ID),
	}
	if len(works) > 0 {
		notice.Card, notice.Asks = handOverCard, true
		notice.Text = fmt.Sprintf("【工作交接】%s %s，可发送：交接 %s", h.Number, handOverTitle(h, member.Name), h.Number)
	}
	return a.notify.Tell(tx, notice)
}

// heirs are those who see to a hand-over: who took the work, the superior of
// who is to be stopped, both heads of who moves.
func (a *Accounts) heirs(r *store.Reader, h store.HandOver) ([]int64, error) {
	var whoms []people.Whom
	switch h.Reason {
	case store.HandOverMoved:
		whoms = []people.Whom{people.Whom(fmt.Sprintf("head:%d", h.OldDepartment)), people.Whom(fmt.Sprintf("head:%d", h.NewDepartment))}
	default:
		if h.ToID != 0 {
			return []int64{h.ToID}, nil
		}
		whoms = []people.Whom{"superior"}
	}
	var all []int64
	for _, w := range whoms {
		found, err := a.people.Resolve(r, w, h.MemberID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		for _, id := range found.Members {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all, nil
}

func handOverTitle(h store.HandOver, name string) string {
	switch h.Reason {
	case store.HandOverMoved:
		return name + "调岗，工作需要交接"
	case store.HandOverStopped:
		return name + "即将停用账号，请先指定接手人"
	default:
		return name + "已离职，工作已转到您名下"
	}
}

// mine are the works of a hand-over that a member may pass on: those nobody has
// taken, and those that came to him by it.
func mine(works []store.HandOverWork, member int64) []store.HandOverWork {
	var all []store.HandOverWork
	for _, w := range works {
		if w.State == store.WorkListed || w.ToID == member {
			all = append(all, w)
		}
	}
	return all
}

// appoint is 指定接手人.
func (a *Accounts) appoint(call *chat.Call) (chat.Answer, error) {
	h, err := a.seenHandOver(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if h, err = a.people.Refreshed(call.Tx, h.ID); err != nil {
		return chat.Answer{}, err
	}
	heirs, err := a.heirs(&call.Tx.Reader, h)
	if err != nil {
		return chat.Answer{}, err
	}
	to := call.Person("姓名")
	works, err := call.Tx.HandOverWorks(h.ID, maxWorks)
	if err != nil {
		return chat.Answer{}, err
	}
	open := mine(works, call.Member.ID)
	if only := strings.ToUpper(call.Text("事项")); only != "" {
		open = slices.DeleteFunc(open, func(w store.HandOverWork) bool { return w.Number != only })
	}
	open = slices.DeleteFunc(open, func(w store.HandOverWork) bool { return w.State == store.WorkMoved && w.ToID == to.ID })
	if !slices.Contains(heirs, call.Member.ID) {
		return chat.Answer{}, chat.NoPermission{Permission: string(policy.HandOverOwn), Object: h.Number}
	}
	if err := appointable(h, len(open), to); err != nil {
		return chat.Answer{}, err
	}
	job := PassOn{HandOver: h.ID, To: to.ID, By: call.Member.ID}
	for _, w := range open {
		job.Works = append(job.Works, w.ID)
	}
	if _, err := call.Tx.Enqueue(job); err != nil {
		return chat.Answer{}, err
	}
	err = call.Tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: "hand_over.appointed", Subject: h.Subject(), Source: store.AuditSource(call.Source),
		Detail: map[string]any{"number": h.Number, "to": to.ID, "works": len(open)},
	})
	if err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(h.Number, fmt.Sprintf("%d 项工作转给%s，对方会收到通知。", len(open), to.Name)), nil
}

// appointable is nil if somebody can be named now for the work that is open to
// the caller; else it says why not, by the table above.
func appointable(h store.HandOver, open int, to store.Member) error {
	switch {
	case h.State == store.HandOverRunning:
		return chat.Refused{Reason: h.Number + " 还在整理清单", Instead: "收到清单后再指定接手人"}
	case h.State == store.HandOverCancelled:
		return chat.Refused{Reason: h.Number + " 已取消，不需要交接", Instead: "交接 " + h.Number}
	case to.ID == h.MemberID:
		return chat.Refused{Reason: "不能把工作交回" + to.Name, Clause: "G2-4.2(1)", Instead: "指定接手人 " + h.Number + " <其他同事>"}
	case open == 0:
		return chat.Refused{Reason: h.Number + " 里没有还要您交接的工作", Instead: "交接 " + h.Number}
	}
	return nil
}

// PassOn is the job that gives work of a hand-over to a successor.
type PassOn struct {
	HandOver int64   `json:"hand_over"`
	Works    []int64 `json:"works"`
	To       int64   `json:"to"`
	By       int64   `json:"by"`
	Passed   int     `json:"passed"` // by earlier turns
}

// Kind implements store.JobArgs.
func (PassOn) Kind() string { return "account.pass_on" }

func (a *Accounts) passOn(_ context.Context, _ *queue.Job, args PassOn) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		args := args // a transaction may run again
		h, err := a.people.Refreshed(tx, args.HandOver)
		if err != nil {
			return err
		}
		members, err := tx.Members([]int64{h.MemberID, args.To})
		if err != nil {
			return err
		}
		name := map[int64]store.Member{}
		for _, m := range members {
			name[m.ID] = m
		}
		if !name[args.To].Present() {
			return a.tell(tx, "", h.Subject(), handPurpose, fmt.Sprintf("【工作交接】%s %s已离职，请另外指定接手人。", h.Number, name[args.To].Name), args.By)
		}
		works, err := tx.HandOverWorks(h.ID, maxWorks)
		if err != nil {
			return err
		}
		now, later := args.Works, []int64(nil)
		if len(now) > worksBatch {
			now, later = now[:worksBatch], now[worksBatch:]
		}
		why := fmt.Sprintf("%s的工作已交接（%s）", name[h.MemberID].Name, h.Number) // who has it now is added by whoever tells it
		for _, w := range works {
			if !slices.Contains(now, w.ID) || w.State == store.WorkEnded || w.State == store.WorkMoved && w.ToID == args.To {
				continue
			}
			if _, err := a.people.PassOn(tx, h.ID, w.Subject(), args.To, why); err != nil {
				return fmt.Errorf("pass on %s: %w", w.Number, err)
			}
			args.Passed++
		}
		if len(later) > 0 {
			args.Works = later
			_, err := tx.Enqueue(args)
			return err
		}
		if err := a.notify.Refresh(tx, h.Subject()); err != nil {
			return err
		}
		if args.Passed == 0 {
			return a.tell(tx, "", h.Subject(), handPurpose, fmt.Sprintf("【工作交接】%s 里这些工作已办结或已转给其他同事，不用交接了。", h.Number), args.By)
		}
		return a.tell(tx, "", h.Subject(), handPurpose, fmt.Sprintf("【工作交接】您接手了%s的 %d 项工作，清单可发送：交接 %s", name[h.MemberID].Name, args.Passed, h.Number), args.To)
	})
}

// seenHandOver takes a hand-over the caller may see: who sees to it, who took
// part of it, the one whose work it is, and who manages accounts.
func (a *Accounts) seenHandOver(call *chat.Call) (store.HandOver, error) {
	number := call.Number("编号")
	h, err := call.Tx.HandOverByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return h, chat.NotFound{Number: number}
	}
	if err != nil {
		return h, err
	}
	heirs, err := a.heirs(&call.Tx.Reader, h)
	if err != nil {
		return h, err
	}
	works, err := call.Tx.HandOverWorks(h.ID, maxWorks)
	if err != nil {
		return h, err
	}
	took := slices.ContainsFunc(works, func(w store.HandOverWork) bool { return w.ToID == call.Member.ID })
	if took || h.MemberID == call.Member.ID || slices.Contains(heirs, call.Member.ID) {
		return h, nil
	}
	manages, err := call.Permits.Permit(call, string(policy.AccountManage), h.Number)
	if err == nil && !manages {
		err = chat.NotFound{Number: number}
	}
	return h, err
}

var handOverWords = map[store.HandOverState]string{
	store.HandOverRunning: "正在整理", store.HandOverListed: "等待指定接手人", store.HandOverDone: "已交接", store.HandOverCancelled: "已取消",
}

// showHandOver is 交接: the whole list.
func (a *Accounts) showHandOver(call *chat.Call) (chat.Answer, error) {
	h, err := a.seenHandOver(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if h, err = a.people.Refreshed(call.Tx, h.ID); err != nil {
		return chat.Answer{}, err
	}
	r := &call.Tx.Reader
	member, err := r.Member(h.MemberID)
	if err != nil {
		return chat.Answer{}, err
	}
	works, err := r.HandOverWorks(h.ID, maxWorks)
	if err != nil {
		return chat.Answer{}, err
	}
	var ids []int64
	for _, w := range works {
		ids = append(ids, w.ToID)
	}
	slices.Sort(ids)
	holders, err := r.Members(slices.Compact(ids))
	if err != nil {
		return chat.Answer{}, err
	}
	name := map[int64]string{}
	for _, m := range holders {
		name[m.ID] = m.Name
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s的工作交接（%s），共 %d 项", h.Number, member.Name, handOverWords[h.State], len(works))
	for i, w := range works {
		if i == maxListed {
			fmt.Fprintf(&b, "\n……还有 %d 项", len(works)-maxListed)
			break
		}
		b.WriteString("\n· " + workLine(w, 40))
		switch {
		case w.State == store.WorkListed:
			b.WriteString("：待交接")
		case w.State == store.WorkEnded:
			b.WriteString("：已办结或已转给其他同事，不用交接")
		case w.ToID == 0:
			b.WriteString("：已结束，没有人可以接手")
		default:
			b.WriteString("：" + name[w.ToID])
		}
	}
	if len(works) > 0 && h.State == store.HandOverListed {
		fmt.Fprintf(&b, "\n可发送：指定接手人 %s <姓名> [事项编号]", h.Number)
	}
	return chat.Answer{Text: b.String()}, nil
}

// workLine tells one work by its number and its title, cut to most characters;
// after retention.message_bodies the title is forgotten.
func workLine(w store.HandOverWork, most int) string {
	return strings.TrimSpace(w.Number + " " + chat.OneLine(w.Title, most))
}

// drawHandOver is C-HANDOVER.
func (a *Accounts) drawHandOver(r *store.Reader, v notify.View) (notify.Rendered, error) {
	h, err := r.HandOver(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	member, err := r.Member(h.MemberID)
	if err != nil {
		return notify.Rendered{}, err
	}
	works, err := r.HandOverWorks(h.ID, maxWorks)
	if err != nil {
		return notify.Rendered{}, err
	}
	open := 0
	var lines []string
	for _, w := range works {
		if w.State != store.WorkListed && !slices.ContainsFunc(v.Holders, func(m store.Member) bool { return m.ID == w.ToID }) {
			continue
		}
		open++
		if len(lines) < shownWorks {
			lines = append(lines, workLine(w, 30))
		}
	}
	if open > shownWorks {
		lines = append(lines, fmt.Sprintf("……共 %d 项", open))
	}
	button := card.ButtonInteraction{
		TaskID: v.TaskID,
		Source: &card.Source{Desc: "工作交接", DescColor: card.Red},
		Title:  card.MainTitle{Title: handOverTitle(h, member.Name), Desc: a.when(h.CreatedAt)},
		Rows: []card.HorizontalContent{
			{KeyName: "编号", Value: h.Number},
			{KeyName: "待交接", Value: fmt.Sprintf("%d 项", open)},
		},
		SubTitle: chat.OneLine(strings.Join(lines, "；"), cardText),
		Buttons: []card.Button{
			{Text: "指定接手人", Style: 1, Key: notify.Key(0, "指定接手人 "+h.Number)},
			{Text: "查看清单", Style: 2, Key: notify.Key(0, "交接 "+h.Number)},
		},
	}
	if h.Reason == store.HandOverStopped {
		stop, err := a.stopOf(r, h.MemberID)
		if err == nil {
			button.Rows = append(button.Rows, card.HorizontalContent{KeyName: "停用时间", Value: a.when(stop.EffectiveAt)})
		} else if !errors.Is(err, store.ErrNotFound) {
			return notify.Rendered{}, err
		}
	}
	closed := handOverWords[h.State]
	if h.EndedAt != nil {
		closed += "（" + a.when(*h.EndedAt) + "）"
	}
	return notify.Rendered{Card: button, Open: open > 0 && h.State != store.HandOverCancelled, Closed: closed}, nil
}

// handOvers lists what shortened and omitted numbers may mean.
type handOvers struct{ a *Accounts }

// Open implements chat.Records.
func (l handOvers) Open(r *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	limit := q.Limit
	if q.Sequence > 0 {
		limit = handOversSearched
	}
	open, err := r.HandOversFor(q.Member, limit)
	if err != nil {
		return nil, err
	}
	var all []chat.Record
	for _, h := range open {
		if q.Sequence > 0 && chat.Sequence(h.Number) != q.Sequence {
			continue
		}
		if len(all) == q.Limit {
			break
		}
		heirs, err := l.a.heirs(r, h)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(heirs, q.Member) {
			continue
		}
		member, err := r.Member(h.MemberID)
		if err != nil {
			return nil, err
		}
		all = append(all, chat.Record{Number: h.Number, Title: member.Name + "的工作交接", Subject: h.Subject()})
	}
	return all, nil
}
