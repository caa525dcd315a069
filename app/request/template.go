package request

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// maxVersions bounds how far back a version is looked for that an applicant's
// case may begin with: all but the newest few are on trial elsewhere.
const maxVersions = 20

// Adopt stores the approval processes of the rules in force that are not stored
// yet. One with a later effective date leaves the version before it in force
// until then; cases go on with the version they began with (guide G1-3.2(4)a).
// It is called whenever a rulebook has come into force; the same twice changes
// nothing.
func (q *Requests) Adopt(tx *store.Tx, rules *policy.Engine) error {
	for _, t := range rules.ApprovalTemplates() {
		definition := t.Definition()
		sum := sha256.Sum256(definition)
		row := store.ApprovalTemplate{
			Key: t.Key, Version: t.Version, Hash: hex.EncodeToString(sum[:]), Definition: string(definition),
			Rulebook: int64(rules.Version()), EffectiveAt: tx.Now(),
		}
		if t.Effective.After(row.EffectiveAt) {
			row.EffectiveAt = t.Effective
		}
		changed, err := tx.PutApprovalTemplate(&row)
		if err != nil {
			return err
		}
		if !changed {
			continue
		}
		err = tx.Audit(store.AuditEntry{
			Action: "approval.template", Source: store.SourceJob, Subject: store.Subject{Kind: "approval_template", ID: row.ID},
			Detail: map[string]any{"key": t.Key, "version": t.Version, "effective": row.EffectiveAt, "rulebook": rules.Version()},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Template is one version of an approval process as it is stored.
type Template struct {
	*policy.ApprovalTemplate
	ID int64 // of its row; 0: not stored yet, as before the first adoption
}

// Template answers the version of a process that a new case of a member begins
// with now: the newest in force that is not on trial elsewhere. Whoever may not
// start any gets an error of package chat with the reason.
func (q *Requests) Template(r *store.Reader, key string, m store.Member) (Template, error) {
	applicant, err := q.Applicant(r, m)
	if err != nil {
		return Template{}, err
	}
	return q.TemplateFor(r, key, applicant)
}

// TemplateFor is Template of an applicant about whom everything is known.
func (q *Requests) TemplateFor(r *store.Reader, key string, applicant policy.ApprovalApplicant) (Template, error) {
	known, ok := q.rules().ApprovalTemplate(key)
	if !ok {
		return Template{}, chat.NotFound{Number: "审批模板 " + chat.OneLine(key, 20)}
	}
	if known.Off {
		return Template{}, chat.Refused{Reason: "「" + known.Title + "」已停用，不能再提交", Instead: "发送「申请」查看可以提交的申请"}
	}
	versions, err := q.versions(r, key)
	if err != nil {
		return Template{}, err
	}
	var candidates []*policy.ApprovalTemplate // in the order they were adopted
	for _, v := range slices.Backward(versions) {
		candidates = append(candidates, v.ApprovalTemplate)
	}
	chosen, why := policy.ChooseApprovalTemplate(candidates, applicant, r.Now())
	for _, v := range versions {
		if chosen != nil && v.ApprovalTemplate == chosen {
			return v, nil
		}
	}
	if why == "" {
		why = "「" + known.Title + "」还没有生效的版本"
	}
	return Template{}, chat.Refused{Reason: why, Clause: "G1-3.2(2)", Instead: "发送「申请」查看可以提交的申请"}
}

// Startable are the versions of a process that somebody may begin a case with
// now, newest first: the newest, and while that is on trial in some departments
// the ones before it, down to the one that is for everybody.
func (q *Requests) Startable(r *store.Reader, key string) ([]Template, error) {
	versions, err := q.versions(r, key)
	if err != nil {
		return nil, err
	}
	for i, v := range versions {
		if len(v.Pilot) == 0 {
			return versions[:i+1], nil
		}
	}
	return versions, nil
}

// versions are those of a process that are effective by now, newest first.
func (q *Requests) versions(r *store.Reader, key string) ([]Template, error) {
	rows, err := r.ApprovalTemplateVersions(key, maxVersions)
	if err != nil {
		return nil, err
	}
	var all []Template
	for _, row := range rows {
		if row.EffectiveAt.After(r.Now()) {
			continue
		}
		t, err := q.Pinned(r, row.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	if len(rows) > 0 {
		return all, nil
	}
	known, ok := q.rules().ApprovalTemplate(key)
	if ok && !known.Effective.After(r.Now()) {
		all = append(all, Template{ApprovalTemplate: known})
	}
	return all, nil
}

// Pinned answers the version a case is pinned to.
func (q *Requests) Pinned(r *store.Reader, id int64) (Template, error) {
	row, err := r.ApprovalTemplate(id)
	if err != nil {
		return Template{}, err
	}
	compiled, err := q.compiled.of(row.Hash, func() (*policy.ApprovalTemplate, error) {
		return policy.ParseApprovalTemplate([]byte(row.Definition))
	})
	if err != nil {
		return Template{}, fmt.Errorf("version %s of approval template %s: %w", row.Version, row.Key, err)
	}
	return Template{ApprovalTemplate: compiled, ID: id}, nil
}

// compilations keeps definitions that have been compiled, by their hash: they
// never change, so it does not matter which transaction read them.
type compilations struct {
	mu   sync.Mutex
	done map[string]*policy.ApprovalTemplate
}

// maxCompiled bounds them; beyond it everything is compiled anew.
const maxCompiled = 500

func (c *compilations) of(hash string, compile func() (*policy.ApprovalTemplate, error)) (*policy.ApprovalTemplate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.done[hash]; ok {
		return t, nil
	}
	t, err := compile()
	if err != nil {
		return nil, err
	}
	if c.done == nil || len(c.done) >= maxCompiled {
		c.done = map[string]*policy.ApprovalTemplate{}
	}
	c.done[hash] = t
	return t, nil
}

// TemplateOf answers the version a case is pinned to; ErrNotFound, wrapped, for
// a case from before there were versions.
func (q *Requests) TemplateOf(r *store.Reader, request store.Request) (Template, error) {
	if request.TemplateID == 0 {
		return Template{}, fmt.Errorf("template of request %s: %w", request.Number, store.ErrNotFound)
	}
	return q.Pinned(r, request.TemplateID)
}

// Applicant answers what conditions may ask about who applies.
func (q *Requests) Applicant(r *store.Reader, m store.Member) (policy.ApprovalApplicant, error) {
	a, err := q.people.Applicant(r, m)
	if err != nil {
		return a, fmt.Errorf("applicant %d: %w", m.ID, err)
	}
	return a, nil
}

// Title is what a kind of request is called: that of the domain, else that of
// its process.
func (q *Requests) Title(key string) string {
	if t, ok := q.rules().ApprovalTemplate(key); ok {
		return t.Title
	}
	return q.kinds[key].Title
}
