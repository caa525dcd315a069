package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

const (
	// codes of WeCom that are part of what a reading means
	codeNoSuchMember     = 60111
	codeBadMember        = 40003
	codeNotVisible       = 60011
	codeNoSuchDepartment = 60003
	codeBadDepartment    = 60123
	codeBadTag           = 40068
	codeNoTagRight       = 81011
	codeTooLarge         = 45029

	readAttempts = 6
	// settleTime is after how long a reading that an event caused is repeated: a
	// callback may come before the data it tells of (callbacks.md 7, 35).
	settleTime = time.Minute
	// checksAtOnce bounds the members one job reads one by one.
	checksAtOnce = 20
)

// ReadMember is the job that reads one member's details from WeCom.
type ReadMember struct {
	UserID   string `json:"userid"`
	EventKey string `json:"event,omitempty"` // the event that caused it
}

// Kind implements store.JobArgs.
func (ReadMember) Kind() string { return "people.read_member" }

// Check is the job that reads the members one by one whom a comparison missed.
type Check struct{}

// Kind implements store.JobArgs.
func (Check) Kind() string { return "people.check" }

// readTwice reads a member now, and once more when WeCom's data have settled.
func (p *People) readTwice(tx *store.Tx, userid, eventKey string) error {
	if err := p.readNow(tx, userid, eventKey); err != nil {
		return err
	}
	return p.readAfter(tx, userid, eventKey)
}

func (p *People) readNow(tx *store.Tx, userid, eventKey string) error {
	_, err := tx.Enqueue(ReadMember{UserID: userid, EventKey: eventKey}, store.Unique(store.Fold(userid)), store.MaxAttempts(readAttempts))
	return err
}

func (p *People) readAfter(tx *store.Tx, userid, eventKey string) error {
	_, err := tx.Enqueue(ReadMember{UserID: userid, EventKey: eventKey},
		store.Unique("settled:"+store.Fold(userid)), store.At(tx.Now().Add(settleTime)), store.MaxAttempts(readAttempts))
	return err
}

func (p *People) readMember(ctx context.Context, _ *queue.Job, args ReadMember) queue.Outcome {
	effect, err := p.read(ctx, args.UserID, args.EventKey, whyEvent)
	if err != nil {
		return p.later(fmt.Errorf("read member: %w", err))
	}
	return queue.Done(effect)
}

// later is the outcome of a reading that failed. A frequency limit is waited
// for; what no repetition mends is set aside.
func (p *People) later(err error) queue.Outcome {
	switch wecom.ClassOf(err) {
	case wecom.Throttled:
		return queue.Snooze(p.db.Now().Add(max(wecom.RetryAfter(err), time.Second)))
	case wecom.Permanent:
		return queue.Bury(err)
	default:
		return queue.Retry(err)
	}
}

// read asks WeCom about one member and answers what writes the answer. When an
// event about him came after the question, the answer may be the older: then it
// is dropped, for every event causes a reading of its own.
func (p *People) read(ctx context.Context, userid, eventKey, why string) (func(tx *store.Tx) error, error) {
	asked, err := p.db.Reader(ctx).LastContactEvent()
	if err != nil {
		return nil, err
	}
	member, err := p.contacts.Member(ctx, userid)
	absent := absence(err)
	if err != nil && absent == here {
		return nil, err
	}
	folds := []string{store.Fold(userid)}
	if absent == here {
		folds = append(folds, store.Fold(member.UserID))
	}
	return func(tx *store.Tx) error {
		newer, err := tx.ContactsTold(asked, folds)
		if err != nil || len(newer) > 0 {
			return err
		}
		if absent == here {
			_, err := p.take(tx, []wecom.Member{member}, source{eventKey: eventKey, why: why, asked: asked})
			return err
		}
		return p.absent(tx, userid, absent, eventKey, why)
	}, nil
}

// presence is what a refused reading says of a member.
type presence int

const (
	here      presence = iota
	invisible          // outside the app's visible range; he may work here all the same
	nobody             // WeCom knows no such userid
)

func absence(err error) presence {
	switch wecom.CodeOf(err) {
	case codeNoSuchMember, codeBadMember:
		return nobody
	case codeNotVisible:
		return invisible
	}
	return here
}

// absent records that the app cannot see a member: he left, or the visible
// range does not hold him.
func (p *People) absent(tx *store.Tx, userid string, how presence, eventKey, why string) error {
	m, err := tx.MemberByUserID(userid)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if how == nobody {
		return p.left(tx, m, eventKey, why)
	}
	if !m.Visible {
		return nil
	}
	m.Visible = false
	return tx.SaveMember(&m)
}

// source says where readings come from.
type source struct {
	eventKey string
	why      string
	asked    int64 // the newest contact event before WeCom was asked
	quiet    bool  // the very first reading of the company
}

// tally counts what was written.
type tally struct{ changed, joined int }

// take writes members as WeCom showed them, those left out of whom an event
// told since. They and their departments are at most 200 rows; each change that
// others are told of touches more, see room.
func (p *People) take(tx *store.Tx, read []wecom.Member, from source) (tally, error) {
	var sum tally
	changes, err := p.changes(&tx.Reader, read, from)
	if err != nil {
		return sum, err
	}
	folds := make([]string, len(read))
	for i, w := range read {
		folds[i] = store.Fold(w.UserID)
	}
	newer, err := tx.ContactsTold(from.asked, folds)
	if err != nil {
		return sum, err
	}
	var fresh []change
	for _, c := range changes {
		switch {
		case newer[store.Fold(c.after.UserID)] || newer[c.before.UserIDFold]:
		case c.after.ID == 0:
			fresh = append(fresh, c)
		default:
			if _, err := p.keep(tx, c); err != nil {
				return sum, err
			}
			sum.changed++
		}
	}
	if err := p.welcome(tx, fresh); err != nil {
		return sum, err
	}
	sum.changed, sum.joined = sum.changed+len(fresh), len(fresh)
	return sum, nil
}

// changes are the members who differ from what the mirror says.
func (p *People) changes(r *store.Reader, read []wecom.Member, from source) ([]change, error) {
	folds := make([]string, len(read))
	for i, w := range read {
		folds[i] = store.Fold(w.UserID)
	}
	known, err := r.MembersByUserID(folds)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(known))
	byFold := make(map[string]store.Member, len(known))
	for i, m := range known {
		ids[i], byFold[m.UserIDFold] = m.ID, m
	}
	had, err := r.MembershipsOf(ids)
	if err != nil {
		return nil, err
	}
	var all []change
	for i, w := range read {
		m := byFold[folds[i]]
		c := change{before: m, after: seenAs(m, w), had: had[m.ID], has: memberships(m.ID, w), eventKey: from.eventKey, why: from.why, quiet: from.quiet}
		if m.ID == 0 && c.after.Status == store.MemberLeft || c.nothing() {
			continue // somebody who left before we ever saw him
		}
		now := r.Now()
		c.after.SyncedAt = &now
		all = append(all, c)
	}
	return all, nil
}

// welcome stores members nobody knew.
func (p *People) welcome(tx *store.Tx, fresh []change) error {
	if len(fresh) == 0 {
		return nil
	}
	members := make([]store.Member, len(fresh))
	for i := range fresh {
		fresh[i].dated(tx)
		members[i] = fresh[i].after
	}
	if err := tx.AddMembers(members); err != nil {
		if errors.Is(err, store.ErrDuplicate) {
			return fmt.Errorf("%w: %w", store.ErrConflict, err) // somebody else has just added one: read again
		}
		return err
	}
	matters := false
	var places []store.Membership
	for i := range fresh {
		fresh[i].after = members[i]
		matters = matters || p.matters(fresh[i])
		for _, s := range fresh[i].has {
			s.MemberID = members[i].ID
			places = append(places, s)
		}
	}
	for len(places) > 0 {
		n := min(len(places), 100)
		if err := tx.AddMemberships(places[:n]); err != nil {
			return err
		}
		places = places[n:]
	}
	if matters {
		if err := p.revise(tx); err != nil {
			return err
		}
	}
	for _, c := range fresh {
		if err := p.follow(tx, c); err != nil {
			return err
		}
	}
	return nil
}

// checkLater plans readings of members whom a comparison missed.
func (p *People) checkLater(tx *store.Tx, userids []string) error {
	for _, u := range userids {
		if err := tx.CheckContact(store.ContactCheck{UserID: u}); err != nil {
			return err
		}
	}
	_, err := tx.Enqueue(Check{}, store.Unique("all"))
	return err
}

func (p *People) check(ctx context.Context, job *queue.Job, _ Check) queue.Outcome {
	more, err := p.checkSome(ctx, job.InTx)
	if err != nil {
		return p.later(fmt.Errorf("read members one by one: %w", err))
	}
	if !more {
		return queue.Done()
	}
	return queue.Done(func(tx *store.Tx) error {
		_, err := tx.Enqueue(Check{}, store.Unique("all"))
		return err
	})
}

// inTx runs a transaction: a job's, or one of the command line's.
type inTx func(ctx context.Context, fn func(tx *store.Tx) error) error

// checkSome reads the next members one by one and answers whether there are
// more.
func (p *People) checkSome(ctx context.Context, run inTx) (more bool, err error) {
	checks, err := p.db.Reader(ctx).ContactChecks(checksAtOnce)
	if err != nil {
		return false, err
	}
	for _, c := range checks {
		effect, err := p.read(ctx, c.UserID, c.EventKey, whyCompare)
		if err != nil && wecom.ClassOf(err) != wecom.Permanent {
			return false, err
		}
		err = run(ctx, func(tx *store.Tx) error {
			if effect != nil {
				if err := effect(tx); err != nil {
					return err
				}
			}
			return tx.DropContactCheck(c.UserIDFold)
		})
		if err != nil {
			return false, err
		}
	}
	return len(checks) == checksAtOnce, nil
}
