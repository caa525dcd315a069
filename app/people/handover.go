package people

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"guiju/store"
	"guiju/store/queue"
)

// HandOver is a domain that holds open work of members. Every domain that does
// is registered with TakesOver.
type HandOver interface {
	// Label is what the domain calls its work: "沟通事项".
	Label() string
	// List answers open work of the member, oldest first, at most limit.
	List(r *store.Reader, member int64, limit int) ([]Work, error)
	// Reassign gives work to another member, or ends it when to is 0: nobody is
	// left to take it. Afterwards List(from) no longer answers it. Done already,
	// it does nothing.
	Reassign(tx *store.Tx, w store.Subject, from, to int64, why string) error
}

// Work is one piece of open work.
type Work struct {
	Number  string
	Title   string
	Subject store.Subject
}

// TakesOver registers a domain under a name that never changes.
func (p *People) TakesOver(name string, h HandOver) {
	p.domains = append(p.domains, domain{name, h})
}

type domain struct {
	name string
	HandOver
}

// HandOvers answers every domain that holds open work, by the name it was
// registered under.
func (p *People) HandOvers() map[string]HandOver {
	all := make(map[string]HandOver, len(p.domains))
	for _, d := range p.domains {
		all[d.name] = d.HandOver
	}
	return all
}

const (
	// worksAtOnce bounds the work one transaction moves.
	worksAtOnce = 20
	// worksListed bounds the work of one domain in a hand-over that only lists.
	worksListed = 50
	// worksRefreshed bounds the work of a hand-over that is compared with what
	// is still open, workStillOpen what is open in one domain.
	worksRefreshed = 500
	workStillOpen  = 200
)

// handOverJob is the job that moves or lists a member's open work, a page at a
// time (guide E2.0, names in force).
//
//	state      left                      moved, stopped
//	running    a page is moved: running  one domain is listed: running
//	           nothing left: done        all domains: listed; nothing found: done
//	           he is back: cancelled     he has left, or stays: cancelled
//	listed     -                         all passed on: done
//	                                     he has left, or stays: cancelled
//	                                     stopped only, begun again: running
//
// Listed work that he does no longer have, because it has ended or has been
// passed on otherwise, is marked so whenever somebody looks (Refreshed), and
// counts as passed on.
//
// A leaver's hand-over ends the others of his: what they listed is moved now.
type handOverJob struct {
	ID     int64 `json:"id"`
	Domain int   `json:"domain"` // how many of the registered ones are done
}

// Kind implements store.JobArgs.
func (handOverJob) Kind() string { return "people.hand_over" }

// StartHandOver begins a hand-over of h.Reason: of somebody who left everything
// is moved to his superior; of somebody who moved or whose account is to be
// stopped it is listed for somebody to pass on. It answers the one under way
// if there is one for the same event; that of a stop then lists what has come
// since, too.
func (p *People) StartHandOver(tx *store.Tx, h store.HandOver) (store.HandOver, error) {
	open, err := tx.HandOversOf(h.MemberID)
	if err != nil {
		return h, err
	}
	for _, o := range open {
		if o.Reason == h.Reason && (o.EventKey == h.EventKey || h.Reason != store.HandOverMoved) {
			if o.Reason != store.HandOverStopped || o.State != store.HandOverListed {
				return o, nil
			}
			o.State = store.HandOverRunning
			if err := tx.SaveHandOver(&o); err != nil {
				return o, err
			}
			_, err = tx.Enqueue(handOverJob{ID: o.ID}, store.Unique(fmt.Sprint(o.ID)))
			return o, err
		}
		if h.Reason == store.HandOverLeft {
			if err := p.endHandOver(tx, &o, store.HandOverCancelled); err != nil {
				return h, err
			}
		}
	}
	h.State = store.HandOverRunning
	if err := tx.AddHandOver(&h); err != nil {
		return h, err
	}
	_, err = tx.Enqueue(handOverJob{ID: h.ID}, store.Unique(fmt.Sprint(h.ID)))
	return h, err
}

// CancelHandOver ends a hand-over whose cause is gone. One that has ended stays
// as it is.
func (p *People) CancelHandOver(tx *store.Tx, id int64) error {
	if err := tx.Lock(store.HandOver{}.TableName(), id); err != nil {
		return err
	}
	h, err := tx.HandOver(id)
	if err != nil || h.EndedAt != nil {
		return err
	}
	return p.endHandOver(tx, &h, store.HandOverCancelled)
}

func (p *People) endHandOver(tx *store.Tx, h *store.HandOver, state store.HandOverState) error {
	now := tx.Now()
	h.State, h.EndedAt = state, &now
	return tx.SaveHandOver(h)
}

func (p *People) handOver(_ context.Context, _ *queue.Job, args handOverJob) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		args := args // a transaction may run again
		if err := tx.Lock(store.HandOver{}.TableName(), args.ID); err != nil {
			return err
		}
		h, err := tx.HandOver(args.ID)
		if err != nil || h.State != store.HandOverRunning {
			return err
		}
		member, err := tx.Member(h.MemberID)
		if err != nil {
			return err
		}
		gone := member.Status == store.MemberLeft
		if gone != (h.Reason == store.HandOverLeft) {
			return p.endHandOver(tx, &h, store.HandOverCancelled)
		}
		if args.Domain >= len(p.domains) {
			return p.handedOver(tx, h)
		}
		more := false
		if gone {
			more, err = p.moveSome(tx, &h, member, p.domains[args.Domain])
		} else {
			err = p.listAll(tx, h, p.domains[args.Domain])
		}
		if err != nil {
			return fmt.Errorf("hand over %s of member %d: %w", p.domains[args.Domain].name, member.ID, err)
		}
		if !more {
			args.Domain++
		}
		_, err = tx.Enqueue(args, store.Unique(fmt.Sprint(h.ID)))
		return err
	})
}

// moveSome gives the next of a leaver's work to his superior and answers
// whether there may be more.
func (p *People) moveSome(tx *store.Tx, h *store.HandOver, from store.Member, d domain) (more bool, err error) {
	works, err := d.List(&tx.Reader, from.ID, worksAtOnce)
	if err != nil || len(works) == 0 {
		return false, err
	}
	to, err := p.Superior(&tx.Reader, from.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if errors.Is(err, store.ErrNotFound) {
		to = 0
	}
	if h.ToID != to {
		h.ToID = to
		if err := tx.SaveHandOver(h); err != nil {
			return false, err
		}
	}
	moved := false
	for _, w := range works {
		old, err := tx.HandOverWorkOf(h.ID, w.Subject)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		if old.State == store.WorkMoved {
			// The domain still lists what it has passed on: it is not asked for ever.
			p.log.Error("work is still listed after it was handed over", "domain", d.name, "subject", w.Subject.String())
			continue
		}
		if err := d.Reassign(tx, w.Subject, from.ID, to, from.Name+"已离职"); err != nil {
			return false, fmt.Errorf("%s: %w", w.Subject, err)
		}
		moved = true
		err = tx.PutHandOverWork(store.HandOverWork{
			HandOverID: h.ID, Domain: d.name, SubjectKind: w.Subject.Kind, SubjectID: w.Subject.ID,
			Number: w.Number, Title: w.Title, ToID: to, State: store.WorkMoved,
		})
		if err != nil {
			return false, err
		}
	}
	return moved, nil
}

// listAll writes down the open work of one domain that stays where it is.
func (p *People) listAll(tx *store.Tx, h store.HandOver, d domain) error {
	works, err := d.List(&tx.Reader, h.MemberID, worksListed)
	if err != nil {
		return err
	}
	for _, w := range works {
		err := tx.PutHandOverWork(store.HandOverWork{
			HandOverID: h.ID, Domain: d.name, SubjectKind: w.Subject.Kind, SubjectID: w.Subject.ID,
			Number: w.Number, Title: w.Title, State: store.WorkListed,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// handedOver ends the collecting, and tells whoever asked if there was anything.
func (p *People) handedOver(tx *store.Tx, h store.HandOver) error {
	works, err := tx.HandOverWorks(h.ID, 1)
	if err != nil {
		return err
	}
	if h.Reason == store.HandOverLeft || len(works) == 0 {
		err = p.endHandOver(tx, &h, store.HandOverDone)
	} else {
		h.State = store.HandOverListed
		err = tx.SaveHandOver(&h)
	}
	if err != nil || len(works) == 0 && h.Reason == store.HandOverMoved {
		return err
	}
	return each(tx, p.hooks.handedOver, h)
}

// PassOn gives one work of a hand-over to a member: 指定接手人. The last one
// ends a hand-over that was listed. Work that has ended meanwhile stays ended.
func (p *People) PassOn(tx *store.Tx, handOver int64, work store.Subject, to int64, why string) (store.HandOver, error) {
	if err := tx.Lock(store.HandOver{}.TableName(), handOver); err != nil {
		return store.HandOver{}, err
	}
	h, err := tx.HandOver(handOver)
	if err != nil {
		return h, err
	}
	w, err := tx.HandOverWorkOf(h.ID, work)
	if err != nil {
		return h, err
	}
	d := slices.IndexFunc(p.domains, func(d domain) bool { return d.name == w.Domain })
	if d < 0 {
		return h, fmt.Errorf("hand-over %d: nobody takes over %s", h.ID, w.Domain)
	}
	from := h.MemberID
	if w.State == store.WorkMoved {
		from = w.ToID
	}
	if err := p.domains[d].Reassign(tx, work, from, to, why); err != nil {
		return h, err
	}
	w.ToID, w.State = to, store.WorkMoved
	if err := tx.PutHandOverWork(w); err != nil {
		return h, err
	}
	return p.endPassedOn(tx, h)
}

// endPassedOn ends a listed hand-over in which nothing is left.
func (p *People) endPassedOn(tx *store.Tx, h store.HandOver) (store.HandOver, error) {
	left, err := tx.CountHandOverWorks(h.ID, store.WorkListed)
	if err != nil || left > 0 || h.State != store.HandOverListed {
		return h, err
	}
	return h, p.endHandOver(tx, &h, store.HandOverDone)
}

// Refreshed is a hand-over without the listed work that is not in his hands any
// more: what has ended meanwhile, or has gone to somebody else.
func (p *People) Refreshed(tx *store.Tx, id int64) (store.HandOver, error) {
	if err := tx.Lock(store.HandOver{}.TableName(), id); err != nil {
		return store.HandOver{}, err
	}
	h, err := tx.HandOver(id)
	if err != nil || h.State != store.HandOverListed {
		return h, err
	}
	works, err := tx.HandOverWorks(h.ID, worksRefreshed)
	if err != nil {
		return h, err
	}
	var ended []int64
	for _, d := range p.domains {
		listed := slices.DeleteFunc(slices.Clone(works), func(w store.HandOverWork) bool {
			return w.Domain != d.name || w.State != store.WorkListed
		})
		if len(listed) == 0 {
			continue
		}
		has, err := d.List(&tx.Reader, h.MemberID, workStillOpen)
		if err != nil {
			return h, fmt.Errorf("hand-over %d: %s: %w", h.ID, d.name, err)
		}
		if len(has) == workStillOpen {
			continue // what is not among these may be behind them
		}
		for _, w := range listed {
			if !slices.ContainsFunc(has, func(work Work) bool { return work.Subject == w.Subject() }) {
				ended = append(ended, w.ID)
			}
		}
	}
	if len(ended) == 0 {
		return h, nil
	}
	if err := tx.EndHandOverWorks(h.ID, ended); err != nil {
		return h, err
	}
	if h, err = p.endPassedOn(tx, h); err != nil {
		return h, err
	}
	return h, p.notify.Refresh(tx, h.Subject())
}
