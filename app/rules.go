package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"guiju/app/config"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/app/rulebook"
	"guiju/store"
)

// fileKey is the setting that remembers the last rulebook file that was
// proposed: a file that has not changed since is not proposed again.
const fileKey = "rulebook.file"

// loadRulebook reads the built-in guide and the company's overrides.
func loadRulebook(cfg config.Config) (*rulebook.Book, error) {
	book, err := rulebook.Load(cfg.Rulebook)
	if err != nil {
		return nil, fmt.Errorf("rulebook: %w", err)
	}
	return book, nil
}

// adoptRulebook proposes the file and makes the version in force the rules of
// this process.
func (a *App) adoptRulebook(ctx context.Context) error {
	book, err := loadRulebook(a.cfg)
	if err != nil {
		return err
	}
	var proposed Proposed
	err = a.db.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if proposed, err = propose(tx, book, store.SourceJob, false); err != nil {
			return err
		}
		return a.tellPending(tx, proposed)
	})
	if err != nil {
		return fmt.Errorf("rulebook: %w", err)
	}
	if proposed.Pending != 0 {
		a.log.Warn("changed guide values wait for approval; see guiju rulebook show", "version", proposed.Pending)
	}
	return a.followRulebook(ctx)
}

// followRulebook puts the version in force in force in this process: another
// one may have approved it, or its day has come.
func (a *App) followRulebook(ctx context.Context) error {
	r := a.db.Reader(ctx)
	row, err := r.ActiveRulebook(r.Now())
	if err != nil {
		return err
	}
	before := a.rules.Load().Version()
	if before == int(row.Version) {
		return nil
	}
	book, err := bookOf(row)
	if err != nil {
		return err
	}
	a.rules.Store(book.Engine)
	if before != 0 {
		a.log.Info("rulebook version in force", "version", row.Version, "before", before)
		return a.ensureJobs(ctx)
	}
	return nil
}

// Proposed is what became of a rulebook file.
type Proposed struct {
	Active  int64 // the version that is in force now
	Taken   bool  // it is new
	Pending int64 // the version that waits for approval; 0: none
	Changes []rulebook.Change
}

// propose stores what a file changes (guide 附则): the first file becomes
// version 1; later a changed guide value waits for approval and everything else
// takes effect. Without again a file that was proposed last is passed over, so
// that a restart does not bring back what was approved otherwise since.
func propose(tx *store.Tx, book *rulebook.Book, source store.AuditSource, again bool) (Proposed, error) {
	var last string
	if err := tx.Setting(fileKey, &last); err != nil && !errors.Is(err, store.ErrNotFound) {
		return Proposed{}, err
	}
	// Written first: the row is the lock that keeps two processes from
	// proposing the same file at once.
	if err := tx.SetSetting(fileKey, book.Hash()); err != nil {
		return Proposed{}, err
	}
	active, err := tx.ActiveRulebook(tx.Now())
	if errors.Is(err, store.ErrNotFound) {
		first, err := tx.AddRulebook(book.Values(), store.RulebookActive)
		if err != nil {
			return Proposed{}, err
		}
		return Proposed{Active: first.Version, Taken: true}, auditRulebook(tx, source, 0, first.Version, "import")
	}
	if err != nil {
		return Proposed{}, err
	}
	open, err := openVersion(tx)
	if err != nil {
		return Proposed{}, err
	}
	result := Proposed{Active: active.Version}
	if open != nil && open.State == rulebook.Pending {
		result.Pending = int64(open.Number)
	}
	if last == book.Hash() && !again {
		return result, nil
	}
	inForce, err := versionOf(active)
	if err != nil {
		return Proposed{}, err
	}
	p, err := rulebook.Propose(inForce, open, book, tx.Now())
	if err != nil {
		return Proposed{}, err
	}
	result.Changes = p.Changes
	return carryOut(tx, p, source, result)
}

func carryOut(tx *store.Tx, p rulebook.Proposal, source store.AuditSource, result Proposed) (Proposed, error) {
	for _, number := range p.Drop {
		if err := tx.SupersedeRulebook(int64(number)); err != nil {
			return result, err
		}
		result.Pending = 0
		if err := auditRulebook(tx, source, 0, int64(number), "supersede"); err != nil {
			return result, err
		}
	}
	if p.Activate != nil {
		row, err := tx.AddRulebook(p.Activate.Values, store.RulebookActive)
		if err != nil {
			return result, err
		}
		result.Active, result.Taken = row.Version, true
		if err := auditRulebook(tx, source, 0, row.Version, "import"); err != nil {
			return result, err
		}
	}
	if p.Pend != nil {
		row, err := tx.AddRulebook(p.Pend.Values, store.RulebookPending)
		if err != nil {
			return result, err
		}
		result.Pending = row.Version
		return result, auditRulebook(tx, source, 0, row.Version, "propose")
	}
	return result, nil
}

// tellPending asks the administrators, once for each version, to have it approved.
func (a *App) tellPending(tx *store.Tx, p Proposed) error {
	if p.Pending == 0 {
		return nil
	}
	return a.tellAdministrators(tx, notify.Notice{
		Purpose: "rulebook.pending", Subject: store.Subject{Kind: "rulebook", ID: p.Pending},
		Text: fmt.Sprintf("【规则待批准】规则第 %d 版改动了规范值，须经%s批准后才生效，在此之前按原规则执行。查看：guiju rulebook diff --version %d；批准：guiju rulebook approve %d",
			p.Pending, a.rules.Load().Rules().Ruleset.Approver, p.Pending, p.Pending),
		Unique: fmt.Sprintf("rulebook.pending:%d", p.Pending),
	})
}

// approveRulebook lets a member put a pending version in force. He must hold
// ruleset.approve, or belong to the department the guide names (附则). The
// record of a refusal must be committed, although the answer is NotAllowed.
func (a *App) approveRulebook(tx *store.Tx, version int64, userid string, effective time.Time) (rulebook.Version, error) {
	row, err := tx.Rulebook(version)
	if err != nil {
		return rulebook.Version{}, err
	}
	v, err := versionOf(row)
	if err != nil {
		return v, err
	}
	member, err := tx.MemberByUserID(userid)
	if err != nil {
		return v, err
	}
	allowed, err := a.mayApprove(&tx.Reader, member)
	if err != nil {
		return v, err
	}
	if !allowed {
		if err := auditRulebook(tx, store.SourceCommand, member.ID, version, "approve_denied"); err != nil {
			return v, err
		}
		return v, NotAllowed{member.Name, a.rules.Load().Rules().Ruleset.Approver}
	}
	if v, err = rulebook.Approve(v, strconv.FormatInt(member.ID, 10), tx.Now(), effective); err != nil {
		return v, err
	}
	if err := tx.ApproveRulebook(version, member.ID, v.EffectiveAt); err != nil {
		return v, err
	}
	return v, auditRulebook(tx, store.SourceCommand, member.ID, version, "approve")
}

// NotAllowed refuses an approval.
type NotAllowed struct{ Name, Approver string }

func (e NotAllowed) Error() string {
	return fmt.Sprintf("%s 不能批准规则：须由%s的成员批准（附则）", e.Name, e.Approver)
}

func (a *App) mayApprove(r *store.Reader, m store.Member) (bool, error) {
	if !m.Present() {
		return false, nil
	}
	actor, err := a.people.Actor(r, m)
	if err != nil {
		return false, err
	}
	rules := a.rules.Load()
	if rules.Permit(actor, policy.RulesetApprove, policy.Object{}, r.Now()).Allowed {
		return true, nil
	}
	org, err := a.people.Org(r)
	if err != nil {
		return false, err
	}
	department := rules.ResolveDepartment(rules.Rules().Ruleset.Approver, org)
	if !department.Found || department.Fallback {
		return false, nil
	}
	memberships, err := r.Memberships(m.ID)
	return slices.ContainsFunc(memberships, func(ms store.Membership) bool { return ms.DepartmentID == department.ID }), err
}

// openVersion is the newest version that is pending or planned, or nil.
func openVersion(tx *store.Tx) (*rulebook.Version, error) {
	row, err := tx.OpenRulebook(tx.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := versionOf(row)
	return &v, err
}

// versionOf is a stored version with the hash of its values.
func versionOf(row store.Rulebook) (rulebook.Version, error) {
	v := rulebook.Version{
		Number: int(row.Version), State: rulebook.State(row.State), Values: row.Body, ProposedAt: row.CreatedAt,
	}
	if row.EffectiveAt != nil {
		v.EffectiveAt = *row.EffectiveAt
	}
	if row.ApprovedBy != nil {
		v.ApprovedBy = strconv.FormatInt(*row.ApprovedBy, 10)
	}
	book, err := v.Book()
	if err != nil {
		return v, fmt.Errorf("rulebook version %d: %w", row.Version, err)
	}
	v.Hash = book.Hash()
	return v, nil
}

func bookOf(row store.Rulebook) (*rulebook.Book, error) {
	book, err := rulebook.Version{Number: int(row.Version), Values: row.Body}.Book()
	if err != nil {
		return nil, fmt.Errorf("rulebook version %d: %w", row.Version, err)
	}
	return book, nil
}

func auditRulebook(tx *store.Tx, source store.AuditSource, actor, version int64, verb string) error {
	return tx.Audit(store.AuditEntry{
		Actor: actor, Action: "rulebook." + verb, Source: source, Subject: store.Subject{Kind: "rulebook", ID: version},
	})
}
