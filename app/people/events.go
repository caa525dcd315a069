package people

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"guiju/app/notify"
	"guiju/callback/event"
	"guiju/store"
)

// Told is an event about the contacts, or about an app's visible range, and the
// callback it came in.
type Told struct {
	Delivery int64
	Key      string
	Event    event.Event
}

// Changed takes such an event. Events carry little and come in any order, twice,
// and late, so what they mean is read from WeCom afterwards. But what somebody
// loses by an event he loses in this transaction: his departments when he moves,
// everything when he leaves. Each event leaves one ContactEvent.
func (p *People) Changed(tx *store.Tx, t Told) error {
	switch e := t.Event.(type) {
	case *event.UserCreated:
		return p.touched(tx, t, e.UserID)
	case *event.UserUpdated:
		return p.updated(tx, t, e)
	case *event.UserDeleted:
		return p.deleted(tx, t, e.UserID)
	case *event.Subscribe, *event.Unsubscribe:
		return p.touched(tx, t, e.Head().FromUserName)
	case *event.PartyCreated:
		return p.partyTold(tx, t, e.ID, false)
	case *event.PartyUpdated:
		return p.partyTold(tx, t, e.ID, false)
	case *event.PartyDeleted:
		return p.partyTold(tx, t, e.ID, true)
	case *event.TagUpdated:
		return p.tagTold(tx, t, e)
	}
	return nil
}

// note records an event.
func (p *People) note(tx *store.Tx, t Told, e store.ContactEvent, detail map[string]any) error {
	head := t.Event.Head()
	e.DeliveryID, e.EventKey, e.At = t.Delivery, t.Key, head.CreateTime
	if e.ChangeType = head.ChangeType; e.ChangeType == "" {
		e.ChangeType = head.Event
	}
	if e.At.IsZero() {
		e.At = tx.Now()
	}
	e.Detail = "{}"
	if len(detail) > 0 {
		raw, err := json.Marshal(detail)
		if err != nil {
			return fmt.Errorf("contact event: %w", err)
		}
		e.Detail = string(raw)
	}
	return tx.AddContactEvent(&e)
}

// noteMember records an event about a userid and answers whom we know by it.
func (p *People) noteMember(tx *store.Tx, t Told, userid, renamed string, detail map[string]any) (m store.Member, known, late bool, err error) {
	m, err = tx.MemberByUserID(userid)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return m, false, false, err
	}
	known = err == nil
	// WeCom's time has whole seconds: what happened in the same second counts.
	if late, err = tx.LaterContactEvent(userid, t.Event.Head().CreateTime.Add(time.Second-1)); err != nil {
		return m, false, false, err
	}
	return m, known, late, p.note(tx, t, store.ContactEvent{UserID: userid, NewFold: store.Fold(renamed), MemberID: m.ID}, detail)
}

// touched is an event that only says whom to read.
func (p *People) touched(tx *store.Tx, t Told, userid string) error {
	if !possible(userid) {
		return p.note(tx, t, store.ContactEvent{}, nil)
	}
	if _, _, _, err := p.noteMember(tx, t, userid, "", nil); err != nil {
		return err
	}
	return p.readTwice(tx, userid, t.Key)
}

// updated is update_user: what it gives is taken over at once, and read again.
func (p *People) updated(tx *store.Tx, t Told, e *event.UserUpdated) error {
	if !possible(e.UserID) {
		return p.note(tx, t, store.ContactEvent{}, nil)
	}
	renamed, _ := e.NewUserID.Get()
	if !possible(renamed) || renamed == e.UserID {
		renamed = ""
	}
	departments := numbers(e.Departments.Value)
	m, known, late, err := p.noteMember(tx, t, e.UserID, renamed, map[string]any{"departments": departments, "renamed": renamed != ""})
	if err != nil {
		return err
	}
	name := e.UserID
	if renamed != "" {
		if m, err = p.rename(tx, t, e.UserID, renamed); err != nil {
			return err
		}
		known, name = m.ID != 0, renamed
		if err := p.readTwice(tx, e.UserID, t.Key); err != nil { // whoever bears the old name now
			return err
		}
	}
	if known && !late && m.Status != store.MemberLeft && m.Status != store.MemberProvisional {
		if err := p.amend(tx, t, m, e.Member, departments); err != nil {
			return err
		}
	}
	return p.readTwice(tx, name, t.Key)
}

// amend takes over what an event says of a member.
func (p *People) amend(tx *store.Tx, t Told, m store.Member, e event.Member, departments []int64) error {
	had, err := tx.Memberships(m.ID)
	if err != nil {
		return err
	}
	c := change{before: m, after: m, had: had, has: had, eventKey: t.Key, why: whyEvent}
	if name := inOneLine(e.Name.Value); name != "" {
		c.after.Name = name
	}
	if position, ok := e.Position.Get(); ok {
		c.after.Position = inOneLine(position)
	}
	if leaders, ok := e.DirectLeaders.Get(); ok {
		c.after.LeaderUserID = ""
		if len(leaders) > 0 && possible(leaders[0]) {
			c.after.LeaderUserID = leaders[0]
		}
	}
	if status, ok := e.Status.Get(); ok {
		switch status { // 4 has several meanings here: that is read
		case event.MemberDisabled:
			c.after.Status = store.MemberDisabled
		case event.MemberLeft:
			c.after.Status = store.MemberLeft
		}
	}
	if len(departments) > 0 {
		c.has = given(m.ID, departments, e.LeaderIn, had)
		c.after.MainDepartment = mainOf(m.MainDepartment, e.MainDepartment, departments)
	}
	_, err = p.keep(tx, c)
	return err
}

// given are the departments an event names. Whether he heads one it may not say:
// then what we know stands, and nobody heads a department he is new in.
func given(member int64, departments []int64, leads event.Field[[]bool], had []store.Membership) []store.Membership {
	all := make([]store.Membership, 0, len(departments))
	for i, id := range departments {
		if slices.ContainsFunc(all, func(s store.Membership) bool { return s.DepartmentID == id }) {
			continue
		}
		s := store.Membership{MemberID: member, DepartmentID: id, Position: i}
		if flags, ok := leads.Get(); ok && len(flags) == len(departments) {
			s.IsLeader = flags[i]
		} else {
			s.IsLeader = slices.ContainsFunc(had, func(h store.Membership) bool { return h.DepartmentID == id && h.IsLeader })
		}
		all = append(all, s)
	}
	return all
}

// mainOf is the main department after an event: the one it names, else the
// present one if he is still in it, else his first.
func mainOf(present int64, named event.Field[string], departments []int64) int64 {
	if text, ok := named.Get(); ok {
		if id, ok := number(text); ok && slices.Contains(departments, id) {
			return id
		}
	}
	if slices.Contains(departments, present) {
		return present
	}
	return departments[0]
}

// deleted is delete_user: he leaves in this transaction. Should the event be
// older than his return, the reading a minute later brings him back.
func (p *People) deleted(tx *store.Tx, t Told, userid string) error {
	if !possible(userid) {
		return p.note(tx, t, store.ContactEvent{}, nil)
	}
	m, known, late, err := p.noteMember(tx, t, userid, "", nil)
	if err != nil {
		return err
	}
	if known && !late {
		if err := p.left(tx, m, t.Key, whyEvent); err != nil {
			return err
		}
	}
	if late {
		return p.readTwice(tx, userid, t.Key)
	}
	return p.readAfter(tx, userid, t.Key)
}

// left ends a member's work here. His departments stay on record: they say who
// his superior was.
func (p *People) left(tx *store.Tx, m store.Member, eventKey, why string) error {
	if m.Status == store.MemberLeft {
		return nil
	}
	had, err := tx.Memberships(m.ID)
	if err != nil {
		return err
	}
	c := change{before: m, after: m, had: had, has: had, eventKey: eventKey, why: why}
	c.after.Status = store.MemberLeft
	_, err = p.keep(tx, c)
	return err
}

// rename gives a member his new userid and answers him as he is then; ID 0 when
// nobody is known by the old one. WeCom lets nobody take a name that is in use,
// so whoever bears it here already is the same person, if he is provisional (he
// wrote before the event came) or was read moments ago and has never written: he
// gives way. Anybody else is somebody else: refused, and IT told.
func (p *People) rename(tx *store.Tx, t Told, from, to string) (store.Member, error) {
	m, err := tx.MemberByUserID(from)
	if errors.Is(err, store.ErrNotFound) {
		return store.Member{}, nil // an event that came twice, or somebody never seen
	}
	if err != nil {
		return m, err
	}
	c := change{before: m, after: m, eventKey: t.Key, why: whyEvent}
	if c.had, err = tx.Memberships(m.ID); err != nil {
		return m, err
	}
	c.has = c.had
	other, err := tx.MemberByUserID(to)
	switch {
	case errors.Is(err, store.ErrNotFound) || other.ID == m.ID:
	case err != nil:
		return m, err
	case !sameSoon(m, other, tx.Now()):
		return m, p.refuseRename(tx, t, m, other)
	default:
		if err := p.giveWay(tx, other, &c); err != nil {
			return m, err
		}
	}
	c.after.UserID = to
	if _, err := p.keep(tx, c); err != nil {
		return m, err
	}
	if err := tx.RenameTagged(from, to); err != nil {
		return m, err
	}
	if err := p.renameLeader(tx, from, to); err != nil {
		return m, err
	}
	return tx.Member(m.ID)
}

// sameSoon says that other may be the member himself under his new userid.
func sameSoon(m, other store.Member, now time.Time) bool {
	if other.Status == store.MemberProvisional {
		return true
	}
	return other.SeenAt == nil && other.JoinedAt != nil && now.Sub(*other.JoinedAt) < 24*time.Hour &&
		m.JoinedAt != nil && m.JoinedAt.Before(*other.JoinedAt)
}

// giveWay takes the userid from a member who turned out to be another's new
// name, and passes on what was read under it.
func (p *People) giveWay(tx *store.Tx, other store.Member, c *change) error {
	departments, err := tx.Memberships(other.ID)
	if err != nil {
		return err
	}
	gone := change{before: other, after: other, had: departments, has: departments, eventKey: c.eventKey, why: c.why}
	gone.after.UserID = fmt.Sprintf("%s%s%d", other.UserID, merged, other.ID)
	gone.after.Status = store.MemberLeft
	if other.Status != store.MemberProvisional && c.before.Status == store.MemberLeft {
		c.after.Status, c.after.Visible, c.after.MainDepartment = other.Status, other.Visible, other.MainDepartment
		c.has = make([]store.Membership, len(departments))
		for i, s := range departments {
			s.MemberID = c.before.ID
			c.has[i] = s
		}
	}
	_, err = p.keep(tx, gone)
	return err
}

// merged marks the userid of a member who gave way; WeCom has no such userids.
const merged = "#merged-"

func (p *People) refuseRename(tx *store.Tx, t Told, m, other store.Member) error {
	err := tx.Audit(store.AuditEntry{
		Action: "people.rename_refused", Subject: store.Subject{Kind: "member", ID: m.ID}, Source: store.SourceCallback,
		EventKey: t.Key, Detail: map[string]any{"other": other.ID},
	})
	if err != nil {
		return err
	}
	administrators, err := p.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	return p.notify.Tell(tx, notify.Notice{
		To: administrators, Purpose: "people.rename_refused", Subject: store.Subject{Kind: "member", ID: m.ID}, Important: true,
		Text: fmt.Sprintf("【通讯录】企业微信通知：%s 的账号由 %s 改为 %s。但 %s 已是另一位成员%s，没有改名，两人的资料会重新读取。请在企业微信后台核对这两个账号。",
			m.Name, m.UserID, other.UserID, other.UserID, other.Name),
		Unique: "people.rename_refused:" + t.Key,
	})
}

// leadsAtOnce bounds the members whose 直接上级 is renamed in the transaction of
// the event; more are left to a comparison.
const leadsAtOnce = 50

func (p *People) renameLeader(tx *store.Tx, from, to string) error {
	led, err := tx.MembersLedBy(from, leadsAtOnce+1)
	if err != nil {
		return err
	}
	if len(led) > leadsAtOnce {
		if err := p.CompareLater(tx); err != nil {
			return err
		}
		led = led[:leadsAtOnce]
	}
	for _, m := range led {
		m.LeaderUserID = to
		if err := tx.SaveMember(&m); err != nil {
			return err
		}
	}
	return nil
}

// possible says that WeCom could have given this userid: 1 to 64 bytes that
// print, no blanks [90195].
func possible(userid string) bool {
	return userid != "" && len(userid) <= 64 && !strings.Contains(userid, merged) &&
		!strings.ContainsFunc(userid, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// number reads an id of a department or tag: a positive 32-bit number.
func number(text string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	return n, err == nil && n > 0
}

// numbers are the ids of a list; empty when one of them is none, so that half a
// list is not taken for the whole.
func numbers(texts []string) []int64 {
	var all []int64
	for _, text := range texts {
		id, ok := number(text)
		if !ok || len(all) == mostDepartments {
			return nil
		}
		all = append(all, id)
	}
	return all
}

// mostDepartments bounds the departments an event may put a member into.
const mostDepartments = 100
