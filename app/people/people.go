// Package people knows who works here and who may do what. Its files tell five
// stories:
//
//   - the mirror of WeCom's contacts, read with the app's own secret: events.go
//     what WeCom tells, read.go what is asked for, compare.go and walk.go the
//     nightly comparison, departments.go, tags.go; member.go stores a change;
//   - what follows from it: lifecycle.go (joined, moved, left), handover.go,
//     stop.go, todo.go;
//   - the company as the policy sees it: org.go, post.go;
//   - who is meant and who stands above whom: people.go, whom.go, org.go;
//   - roles, grants and denies (guide S02): access.go asks, access_assign.go and
//     access_grant.go give and take, access_change.go follows the contacts
//     (F-13) and access_rederive.go the rulebook, access_list.go tells who holds
//     what.
package people

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

// Contacts is the part of the WeCom client that reads the company.
type Contacts interface {
	DepartmentIDs(ctx context.Context, root int) ([]wecom.DepartmentID, error)
	Department(ctx context.Context, id int) (wecom.Department, error)
	Departments(ctx context.Context, root int) ([]wecom.Department, error)
	Members(ctx context.Context, department int) ([]wecom.Member, error)
	Member(ctx context.Context, userID string) (wecom.Member, error)
	Tags(ctx context.Context) ([]wecom.Tag, error)
	Tag(ctx context.Context, id int) (wecom.Tag, error)
}

// People answers who is who. It is safe for concurrent use.
type People struct {
	db       *store.DB
	contacts Contacts
	notify   *notify.Notifier
	rules    notify.Rules
	log      *slog.Logger
	hooks    hooks
	actors   actors
	changed  []func(tx *store.Tx, c store.PermissionChange) error
	approved func(r *store.Reader, m store.Member) (bool, error)
	domains  []domain

	mu       sync.Mutex
	org      *policy.Org // of the revision and rulebook below
	revision int64
	rulebook int
}

// New builds People.
func New(db *store.DB, contacts Contacts, n *notify.Notifier, rules notify.Rules, log *slog.Logger) *People {
	return &People{db: db, contacts: contacts, notify: n, rules: rules, log: log}
}

// longRun bounds one run of a job that reads many things from WeCom or writes
// many members.
const longRun = 5 * time.Minute

// Register gives the queue the workers.
func (p *People) Register(q *queue.Queue) {
	queue.Register(q, p.readMember)
	queue.Register(q, p.check, queue.Timeout(longRun))
	queue.Register(q, p.compare, queue.Timeout(longRun))
	queue.Register(q, p.readDepartment)
	queue.Register(q, p.checkDepartment)
	queue.Register(q, p.checkMap)
	queue.Register(q, p.readTagJob, queue.Timeout(longRun))
	queue.Register(q, p.regardSome)
	queue.Register(q, p.handOver)
	queue.Register(q, p.expireGrant)
	queue.Register(q, p.expireBinding)
	queue.Register(q, p.rederive)
}

// Identify answers the member who wrote to us. Somebody unknown becomes a
// provisional member: he is greeted once, may do what everybody may, and his
// details are read from WeCom.
func (p *People) Identify(tx *store.Tx, userid string) (member store.Member, welcome string, err error) {
	member, err = tx.MemberByUserID(userid)
	if errors.Is(err, store.ErrNotFound) {
		return p.admit(tx, userid)
	}
	return member, "", err
}

// Speaker is Identify for a message to an app. What the answer needs in most
// cases is read along: the conversation, locked, and the revision of Org.
func (p *People) Speaker(tx *store.Tx, userid, app string) (member store.Member, welcome string, err error) {
	member, err = tx.Speaker(userid, app, revisionKey)
	if errors.Is(err, store.ErrNotFound) {
		return p.admit(tx, userid)
	}
	if err == nil {
		err = p.see(tx, &member)
	}
	return member, "", err
}

// see notes, once a day, that a member acted toward an app.
func (p *People) see(tx *store.Tx, m *store.Member) error {
	now := tx.Now()
	day := func(t time.Time) string { return t.In(p.db.Zone()).Format(time.DateOnly) }
	if m.SeenAt != nil && day(*m.SeenAt) == day(now) {
		return nil
	}
	m.SeenAt = &now
	return tx.SeeMember(m.ID)
}

// admit makes somebody unknown a provisional member.
func (p *People) admit(tx *store.Tx, userid string) (member store.Member, welcome string, err error) {
	now := tx.Now()
	member = store.Member{UserID: userid, Name: userid, Status: store.MemberProvisional, Visible: true, SeenAt: &now}
	if err := p.add(tx, &member); err != nil {
		return member, "", err
	}
	if err := p.readNow(tx, userid, ""); err != nil {
		return member, "", err
	}
	administrators, err := p.Administrators(&tx.Reader)
	if err != nil {
		return member, "", err
	}
	err = p.notify.Tell(tx, notify.Notice{
		To: administrators, Purpose: "people.unknown", Subject: store.Subject{Kind: "member", ID: member.ID},
		Text: fmt.Sprintf("【通讯录】%s 给应用发了消息，但还不在成员资料里，正在从企业微信读取。若长时间读不到，请检查应用的可见范围。"+
			"一小时内再有这样的成员不再提醒，可用 guiju members list 查看「待读取」的成员。", userid),
		Unique: "people.unknown:" + tx.Now().UTC().Format("2006010215"), // a flood of them makes no flood of notices
	})
	return member, "您好，我还没有您的成员资料，正在读取。现在就可以使用基本功能。", err
}

// add stores a new member under a new revision of the company's picture.
func (p *People) add(tx *store.Tx, m *store.Member) error {
	if err := tx.AddMember(m); err != nil {
		if errors.Is(err, store.ErrDuplicate) {
			return fmt.Errorf("%w: %w", store.ErrConflict, err) // somebody else has just added him: read again
		}
		return err
	}
	return p.revise(tx)
}

// Members implements chat.Directory.
func (p *People) Members(r *store.Reader, word string, limit int) ([]store.Member, error) {
	return r.MembersNamed(word, limit)
}

// Departments implements chat.Directory.
func (p *People) Departments(r *store.Reader, word string, limit int) ([]store.Department, error) {
	return r.DepartmentsNamed(word, limit)
}

// Label tells namesakes apart by their main department: "赵六（销售部）".
func (p *People) Label(r *store.Reader, m store.Member) (string, error) {
	name, err := p.departmentName(r, m)
	if err != nil || name == "" {
		return fmt.Sprintf("%s（%s）", m.Name, m.UserID), err
	}
	return fmt.Sprintf("%s（%s）", m.Name, name), nil
}

func (p *People) departmentName(r *store.Reader, m store.Member) (string, error) {
	departments, err := r.Departments()
	if err != nil {
		return "", err
	}
	for _, d := range departments {
		if d.ID == m.MainDepartment {
			return d.Name, nil
		}
	}
	return "", nil
}

// In answers the present members of departments and everything below them, by
// id, at most limit.
func (p *People) In(r *store.Reader, departments []int64, limit int) ([]store.Member, error) {
	all, err := r.Departments()
	if err != nil {
		return nil, err
	}
	children := make(map[int64][]int64, len(all))
	for _, d := range all {
		children[d.ParentID] = append(children[d.ParentID], d.ID)
	}
	seen := make(map[int64]bool, len(all))
	queue := slices.Clone(departments)
	var below []int64
	for len(queue) > 0 { // each department is taken once, so a loop in the tree ends
		id := queue[0]
		queue = queue[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		below = append(below, id)
		queue = append(queue, children[id]...)
	}
	return r.MembersOf(below, limit)
}

// Everybody answers all present members, at most limit.
func (p *People) Everybody(r *store.Reader, limit int) ([]store.Member, error) {
	var all []store.Member
	var last int64
	for len(all) <= limit {
		page, err := r.MembersAfter(last, 1000)
		if err != nil || len(page) == 0 {
			return all, err
		}
		last = page[len(page)-1].ID
		for _, m := range page {
			if m.Present() {
				all = append(all, m)
			}
		}
	}
	return all[:limit], nil
}
