package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/callback/event"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

const (
	batch = 200 // rows one transaction touches

	// codes of WeCom that say a member is not to be seen by the app
	codeNoSuchMember  = 60111
	codeNotVisible    = 60011
	maxDepartments    = 50_000
	memberReadRetries = 6
)

// ReadMember is the job that reads one member's details from WeCom.
type ReadMember struct {
	UserID string `json:"userid"`
}

// Kind implements store.JobArgs.
func (ReadMember) Kind() string { return "people.read_member" }

// Compare is the job that reads the whole company and corrects the mirror.
type Compare struct{}

// Kind implements store.JobArgs.
func (Compare) Kind() string { return "people.compare" }

// CompareLater plans a full comparison unless one is waiting.
func (p *People) CompareLater(tx *store.Tx) error {
	_, err := tx.Enqueue(Compare{}, store.Unique("all"))
	return err
}

func (p *People) readLater(tx *store.Tx, userid string) error {
	_, err := tx.Enqueue(ReadMember{UserID: userid}, store.Unique(store.Fold(userid)), store.MaxAttempts(memberReadRetries))
	return err
}

// Changed takes a contact event, or the app's visible range changing. Events
// carry little and come in any order, so they only say what to read again;
// but a member who left may do nothing from this transaction on.
func (p *People) Changed(tx *store.Tx, ev event.Event) error {
	switch e := ev.(type) {
	case *event.UserCreated:
		return p.readLater(tx, e.UserID)
	case *event.UserUpdated:
		if renamed, ok := e.NewUserID.Get(); ok && renamed != "" && renamed != e.UserID {
			if err := p.rename(tx, e.UserID, renamed); err != nil {
				return err
			}
			return p.readLater(tx, renamed)
		}
		return p.readLater(tx, e.UserID)
	case *event.UserDeleted:
		return p.left(tx, e.UserID)
	case *event.Subscribe:
		return p.readLater(tx, e.FromUserName)
	case *event.Unsubscribe:
		return p.readLater(tx, e.FromUserName)
	case *event.PartyCreated, *event.PartyUpdated, *event.PartyDeleted:
		return p.CompareLater(tx)
	}
	return nil
}

// left ends a member's work here.
func (p *People) left(tx *store.Tx, userid string) error {
	m, err := tx.MemberByUserID(userid)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || m.Status == store.MemberLeft {
		return err
	}
	m.Status, m.Visible = store.MemberLeft, false
	if err := tx.SaveMember(&m); err != nil {
		return err
	}
	if err := each(tx, p.hooks.left, Left{Member: m}); err != nil {
		return err
	}
	return p.revise(tx)
}

// rename gives a member his new userid. A provisional member of that name was
// the same person: he wrote under it before the event came, and is merged by
// giving way. A real one is somebody else, so the rename is refused and IT told.
func (p *People) rename(tx *store.Tx, from, to string) error {
	m, err := tx.MemberByUserID(from)
	if errors.Is(err, store.ErrNotFound) {
		return nil // an event that came twice, or somebody never seen
	}
	if err != nil {
		return err
	}
	other, err := tx.MemberByUserID(to)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	case other.ID == m.ID:
	case other.Status == store.MemberProvisional:
		other.UserID, other.Status, other.Visible = fmt.Sprintf("%s#merged-%d", other.UserID, other.ID), store.MemberLeft, false
		if err := tx.SaveMember(&other); err != nil {
			return err
		}
	default:
		p.log.Error("rename refused: the new userid belongs to somebody else", "member", m.ID, "other", other.ID)
		return tx.Audit(store.AuditEntry{
			Action: "people.rename_refused", Subject: store.Subject{Kind: "member", ID: m.ID}, Source: "callback",
			Detail: map[string]any{"other": other.ID},
		})
	}
	m.UserID = to
	if err := tx.SaveMember(&m); err != nil {
		return err
	}
	return p.revise(tx)
}

// readMember reads one member and writes what WeCom says of him.
func (p *People) readMember(ctx context.Context, _ *queue.Job, args ReadMember) queue.Outcome {
	m, err := p.contacts.Member(ctx, args.UserID)
	if err == nil {
		return queue.Done(func(tx *store.Tx) error {
			changed, err := p.put(tx, m)
			if err != nil || !changed {
				return err
			}
			return p.revise(tx)
		})
	}
	var answered *wecom.Error
	if errors.As(err, &answered) && (answered.Code == codeNoSuchMember || answered.Code == codeNotVisible) {
		return queue.Done(func(tx *store.Tx) error { return p.unseen(tx, args.UserID, answered.Code == codeNoSuchMember) })
	}
	return queue.Retry(fmt.Errorf("read member: %w", err))
}

// unseen records that the app cannot see a member: he left, or the visible
// range does not hold him.
func (p *People) unseen(tx *store.Tx, userid string, left bool) error {
	if left {
		return p.left(tx, userid)
	}
	m, err := tx.MemberByUserID(userid)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || !m.Visible {
		return err
	}
	m.Visible = false
	return tx.SaveMember(&m)
}

// put writes one member as WeCom has him and answers whether that changed
// anything. Empty fields of a narrower view change nothing.
func (p *People) put(tx *store.Tx, w wecom.Member) (changed bool, err error) {
	now := tx.Now()
	m, err := tx.MemberByUserID(w.UserID)
	fresh := errors.Is(err, store.ErrNotFound)
	if err != nil && !fresh {
		return false, err
	}
	before := m
	m.UserID, m.Visible, m.Status = w.UserID, true, statusOf(w.Status)
	if w.Name != "" {
		m.Name = w.Name
	}
	m.Position, m.MainDepartment, m.LeaderUserID = w.Position, int64(w.MainDepartment), ""
	if len(w.DirectLeaders) > 0 {
		m.LeaderUserID = w.DirectLeaders[0]
	}
	if fresh {
		m.SyncedAt = &now
		if err := tx.AddMember(&m); err != nil {
			return false, err
		}
		return true, tx.SetMemberships(m.ID, memberships(m.ID, w))
	}
	wanted := memberships(m.ID, w)
	have, err := tx.Memberships(m.ID)
	if err != nil {
		return false, err
	}
	same := slices.Equal(have, wanted) && before.UserID == m.UserID && before.Visible && before.Status == m.Status &&
		before.Name == m.Name && before.Position == m.Position && before.MainDepartment == m.MainDepartment &&
		before.LeaderUserID == m.LeaderUserID
	if same {
		return false, nil
	}
	m.SyncedAt = &now
	if err := tx.SaveMember(&m); err != nil {
		return false, err
	}
	if m.Status == store.MemberLeft && before.Status != store.MemberLeft {
		if err := each(tx, p.hooks.left, Left{Member: m}); err != nil {
			return false, err
		}
	}
	return true, tx.SetMemberships(m.ID, wanted)
}

func memberships(member int64, w wecom.Member) []store.Membership {
	var all []store.Membership
	for i, id := range w.Departments {
		s := store.Membership{MemberID: member, DepartmentID: int64(id), Position: i, IsLeader: w.Leads(id)}
		if !slices.ContainsFunc(all, func(o store.Membership) bool { return o.DepartmentID == s.DepartmentID }) {
			all = append(all, s)
		}
	}
	return all
}

func statusOf(s wecom.MemberStatus) store.MemberStatus {
	switch int(s) {
	case 2:
		return store.MemberDisabled
	case 4:
		return store.MemberInactive
	case 5:
		return store.MemberLeft
	default:
		return store.MemberActive
	}
}

// Compared counts what a full comparison did.
type Compared struct {
	Departments, Members, Changed, Gone int
}

// String is the result in words.
func (c Compared) String() string {
	return fmt.Sprintf("%d 个部门，%d 名成员，更新 %d 名，不再可见 %d 名", c.Departments, c.Members, c.Changed, c.Gone)
}

func (p *People) compare(ctx context.Context, _ *queue.Job, _ Compare) queue.Outcome {
	result, err := p.Sync(ctx)
	p.noteCompared(ctx, result, err)
	if err != nil {
		return queue.Retry(fmt.Errorf("compare contacts: %w", err))
	}
	p.log.Info("contacts compared", "departments", result.Departments, "members", result.Members, "changed", result.Changed, "gone", result.Gone)
	return queue.Done()
}

// Sync reads every department and member the app may see and corrects the
// mirror, in transactions of at most 200 rows. Nobody is taken for gone unless
// the whole company was read.
func (p *People) Sync(ctx context.Context) (Compared, error) {
	var result Compared
	departments, err := p.contacts.Departments(ctx, 0)
	if err != nil {
		return result, fmt.Errorf("read departments: %w", err)
	}
	if len(departments) > maxDepartments {
		return result, fmt.Errorf("%d departments are more than the %d that can be mirrored", len(departments), maxDepartments)
	}
	if err := p.syncDepartments(ctx, departments); err != nil {
		return result, err
	}
	result.Departments = len(departments)
	seen := make(map[string]bool)
	for _, d := range departments {
		members, err := p.contacts.Members(ctx, d.ID)
		if err != nil {
			return result, fmt.Errorf("read members of department %d: %w", d.ID, err)
		}
		var news []wecom.Member
		for _, m := range members {
			if fold := store.Fold(m.UserID); !seen[fold] {
				seen[fold] = true
				news = append(news, m)
			}
		}
		for part := range slices.Chunk(news, batch/2) {
			changed, err := p.putAll(ctx, part)
			if err != nil {
				return result, err
			}
			result.Changed += changed
		}
	}
	result.Members = len(seen)
	result.Gone, err = p.dropUnseen(ctx, seen)
	return result, err
}

func (p *People) syncDepartments(ctx context.Context, read []wecom.Department) error {
	known, err := p.db.Reader(ctx).Departments()
	if err != nil {
		return err
	}
	old := make(map[int64]store.Department, len(known))
	for _, d := range known {
		old[d.ID] = d
	}
	var put []store.Department
	for _, d := range read {
		id := int64(d.ID)
		row := store.Department{ID: id, ParentID: int64(d.ParentID), Name: d.Name, SortOrder: int64(d.Order)}
		if o, ok := old[id]; !ok || o.Name != row.Name || o.ParentID != row.ParentID || o.SortOrder != row.SortOrder {
			put = append(put, row)
		}
		delete(old, id)
	}
	var gone []int64
	for id := range old {
		gone = append(gone, id)
	}
	slices.Sort(gone)
	write := func(fn func(tx *store.Tx) error) error {
		return p.db.InBackground(ctx, func(tx *store.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return p.revise(tx)
		})
	}
	for part := range slices.Chunk(put, batch) {
		if err := write(func(tx *store.Tx) error { return tx.PutDepartments(part) }); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(gone, batch) {
		if err := write(func(tx *store.Tx) error { return tx.DropDepartments(part) }); err != nil {
			return err
		}
	}
	return nil
}

func (p *People) putAll(ctx context.Context, part []wecom.Member) (changed int, err error) {
	err = p.db.InBackground(ctx, func(tx *store.Tx) error {
		changed = 0
		for _, m := range part {
			did, err := p.put(tx, m)
			if err != nil {
				return err
			}
			if did {
				changed++
			}
		}
		if changed == 0 {
			return nil
		}
		return p.revise(tx)
	})
	return changed, err
}

// dropUnseen marks members the app cannot see any more. They may have left or
// only been moved out of the visible range, so a read of each decides.
func (p *People) dropUnseen(ctx context.Context, seen map[string]bool) (int, error) {
	gone := 0
	var last int64
	for {
		page, err := p.db.Reader(ctx).MembersAfter(last, 1000)
		if err != nil || len(page) == 0 {
			return gone, err
		}
		last = page[len(page)-1].ID
		var missing []store.Member
		for _, m := range page {
			if !seen[m.UserIDFold] && m.Status != store.MemberLeft && m.Visible && !strings.Contains(m.UserID, "#merged-") {
				missing = append(missing, m)
			}
		}
		gone += len(missing)
		for part := range slices.Chunk(missing, batch/2) {
			err := p.db.InBackground(ctx, func(tx *store.Tx) error {
				for _, m := range part {
					if err := p.readLater(tx, m.UserID); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return gone, err
			}
		}
	}
}
