package people

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"guiju/callback/event"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

// ReadTag is the job that reads who bears a tag from WeCom.
type ReadTag struct {
	ID       int64  `json:"id"`
	EventKey string `json:"event,omitempty"`
}

// Kind implements store.JobArgs.
func (ReadTag) Kind() string { return "people.read_tag" }

// Regard is the job that looks again, a few at a time, at what members may do:
// the named ones, or everybody of departments and below.
type Regard struct {
	UserIDs     []string `json:"userids,omitempty"`
	Departments []int64  `json:"departments,omitempty"`
	After       int64    `json:"after,omitempty"`
	Why         string   `json:"why"`
	EventKey    string   `json:"event,omitempty"`
}

// Kind implements store.JobArgs.
func (Regard) Kind() string { return "people.regard" }

const tagEvent = "update_tag"

// tagPart bounds the userids or departments of a tag that one transaction
// writes.
const tagPart = 100

// tagTold is update_tag. What it says of a tag we know is taken over; then the
// tag is read, for the order of such events is not guaranteed (callbacks.md 2.3)
// and a tag may be new to us.
func (p *People) tagTold(tx *store.Tx, t Told, e *event.TagUpdated) error {
	id, ok := number(e.TagID)
	err := p.note(tx, t, store.ContactEvent{ObjectID: id}, map[string]any{
		"added_users": len(e.AddedUsers), "removed_users": len(e.RemovedUsers),
		"added_departments": numbers(e.AddedParties), "removed_departments": numbers(e.RemovedParties),
	})
	if err != nil || !ok {
		return err
	}
	if _, err := tx.Tag(id); err == nil {
		d := tagDifference{
			add: someOf(e.AddedUsers), remove: someOf(e.RemovedUsers),
			addParties: numbers(e.AddedParties), removeParties: numbers(e.RemovedParties),
		}
		if err := p.retag(tx, id, d, whyTag, t.Key); err != nil {
			return err
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err = tx.Enqueue(ReadTag{ID: id, EventKey: t.Key}, store.Unique(fmt.Sprint(id)), store.MaxAttempts(readAttempts))
	return err
}

// someOf are the userids that one transaction takes over; reading finds the
// rest.
func someOf(userids []string) []string {
	var all []string
	for _, u := range userids {
		if possible(u) && len(all) < tagPart/2 {
			all = append(all, u)
		}
	}
	return all
}

// tagDifference is who comes under a tag and who leaves it.
type tagDifference struct {
	add, remove               []string
	addParties, removeParties []int64
}

func (d tagDifference) nothing() bool {
	return len(d.add)+len(d.remove)+len(d.addParties)+len(d.removeParties) == 0
}

// retag writes a difference and looks again at what those concerned may do:
// what they lose is lost at once, for the picture of the company has changed.
func (p *People) retag(tx *store.Tx, tag int64, d tagDifference, why, eventKey string) error {
	if d.nothing() {
		return nil
	}
	if err := tx.TagUsers(tag, d.add, d.remove); err != nil {
		return err
	}
	if err := tx.TagParties(tag, d.addParties, d.removeParties); err != nil {
		return err
	}
	if err := p.revise(tx); err != nil {
		return err
	}
	if users := slices.Concat(d.add, d.remove); len(users) > 0 {
		if _, err := tx.Enqueue(Regard{UserIDs: users, Why: why, EventKey: eventKey}); err != nil {
			return err
		}
	}
	if parties := slices.Concat(d.addParties, d.removeParties); len(parties) > 0 {
		if _, err := tx.Enqueue(Regard{Departments: parties, Why: why, EventKey: eventKey}); err != nil {
			return err
		}
	}
	return nil
}

func (p *People) readTagJob(ctx context.Context, job *queue.Job, args ReadTag) queue.Outcome {
	err := p.readTag(ctx, job.InTx, args.ID, whyTag, args.EventKey, false)
	if err != nil {
		return p.later(fmt.Errorf("read tag %d: %w", args.ID, err))
	}
	return queue.Done()
}

// readTag reads one tag and writes what differs, in parts. It stops when an
// event about the tag comes meanwhile: that has it read again.
func (p *People) readTag(ctx context.Context, run inTx, id int64, why, eventKey string, quiet bool) error {
	asked, err := p.db.Reader(ctx).LastContactEvent()
	if err != nil {
		return err
	}
	tag, err := p.contacts.Tag(ctx, int(id))
	gone := tagGone(err)
	if err != nil && !gone {
		return err
	}
	d, err := p.tagDiffers(p.db.Reader(ctx), id, tag)
	if err != nil {
		return err
	}
	write := func(part tagDifference) error {
		return run(ctx, func(tx *store.Tx) error {
			newer, err := tx.ObjectsTold(asked, tagEvent)
			if err != nil {
				return err
			}
			if newer[id] {
				return errNewer
			}
			if !gone {
				if err := p.nameTag(tx, id, tag.Name); err != nil {
					return err
				}
			}
			if quiet { // nobody has lost or gained anything by the first reading
				return errors.Join(tx.TagUsers(id, part.add, part.remove), tx.TagParties(id, part.addParties, part.removeParties), p.revise(tx))
			}
			return p.retag(tx, id, part, why, eventKey)
		})
	}
	named, err := p.db.Reader(ctx).Tag(id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	unnamed := !gone && (err != nil || named.Name != inOneLine(tag.Name))
	for ; unnamed || !d.nothing(); unnamed = false {
		if err := write(d.cut()); err != nil {
			if errors.Is(err, errNewer) {
				return nil
			}
			return err
		}
	}
	if !gone {
		return nil
	}
	return run(ctx, func(tx *store.Tx) error { return tx.DropTag(id) })
}

// cut takes the next part off a difference, removals first.
func (d *tagDifference) cut() tagDifference {
	var part tagDifference
	part.remove, d.remove = split(d.remove)
	part.removeParties, d.removeParties = split(d.removeParties)
	if len(part.remove)+len(part.removeParties) == 0 {
		part.add, d.add = split(d.add)
		part.addParties, d.addParties = split(d.addParties)
	}
	return part
}

func split[T any](all []T) (part, rest []T) {
	n := min(len(all), tagPart)
	return all[:n], all[n:]
}

// tagGone says that there is no such tag for the app.
func tagGone(err error) bool {
	switch wecom.CodeOf(err) {
	case codeBadTag, codeNoTagRight, codeNotVisible:
		return true
	}
	return false
}

func (p *People) nameTag(tx *store.Tx, id int64, name string) error {
	name = inOneLine(name)
	old, err := tx.Tag(id)
	if err == nil && old.Name == name {
		return nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := tx.PutTag(id, name); err != nil {
		return err
	}
	return p.revise(tx)
}

// tagDiffers compares a tag as it was read with who bears it here.
func (p *People) tagDiffers(r *store.Reader, id int64, tag wecom.Tag) (tagDifference, error) {
	var d tagDifference
	bears := make(map[string]struct{}, len(tag.Members))
	for _, m := range tag.Members {
		if possible(m.UserID) {
			bears[store.Fold(m.UserID)] = struct{}{}
		}
	}
	after := ""
	for {
		page, err := r.TagMembers(id, after, 1000)
		if err != nil {
			return d, err
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1]
		for _, fold := range page {
			if _, still := bears[fold]; still {
				delete(bears, fold)
			} else {
				d.remove = append(d.remove, fold)
			}
		}
	}
	for fold := range bears {
		d.add = append(d.add, fold)
	}
	slices.Sort(d.add)
	have, err := r.TagDepartments(id)
	if err != nil {
		return d, err
	}
	for _, party := range tag.Departments {
		if n := int64(party); !slices.Contains(have, n) && !slices.Contains(d.addParties, n) {
			d.addParties = append(d.addParties, n)
		}
	}
	for _, n := range have {
		if !slices.Contains(tag.Departments, int(n)) {
			d.removeParties = append(d.removeParties, n)
		}
	}
	return d, nil
}

// regardSome looks again at the next few members.
func (p *People) regardSome(ctx context.Context, _ *queue.Job, args Regard) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		args := args // a transaction may run again
		var page []store.Member
		var err error
		if len(args.UserIDs) > 0 {
			n := min(room, len(args.UserIDs))
			page, err = tx.MembersByUserID(args.UserIDs[:n])
			args.UserIDs = args.UserIDs[n:]
		} else {
			page, err = tx.MembersOfAfter(args.Departments, args.After, room)
		}
		if err != nil {
			return err
		}
		for _, m := range page {
			args.After = m.ID
			if m.Status == store.MemberLeft || m.Status == store.MemberProvisional {
				continue
			}
			if _, err := p.regard(tx, m, Cause{Kind: BecauseTags, Reason: args.Why, EventKey: args.EventKey}); err != nil {
				return err
			}
		}
		if len(args.UserIDs) > 0 || len(args.Departments) > 0 && len(page) > 0 {
			_, err = tx.Enqueue(args)
		}
		return err
	})
}

// Tags answers the tags a member bears, himself or through one of his
// departments or one above it (guide S06).
func (p *People) Tags(r *store.Reader, m store.Member) ([]store.MemberTag, error) {
	own, err := r.Memberships(m.ID)
	if err != nil {
		return nil, err
	}
	return p.tagsIn(r, m.UserID, ids(own))
}

func (p *People) tagsIn(r *store.Reader, userid string, departments []int64) ([]store.MemberTag, error) {
	org, err := p.Org(r)
	if err != nil {
		return nil, err
	}
	var all []int64
	for _, id := range departments {
		for id != 0 && !slices.Contains(all, id) { // a loop in the tree ends
			all = append(all, id)
			d, _ := org.Department(id)
			id = d.Parent
		}
	}
	return r.TagsOf(userid, all)
}
