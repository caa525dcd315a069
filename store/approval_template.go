package store

import (
	"errors"
	"fmt"
	"time"
)

// ApprovalTemplate is one version of an approval process as a rulebook defined
// it. Rows are never changed or deleted: cases go on with the one they began
// with (guide G1-3.2(4)a).
type ApprovalTemplate struct {
	ID          int64
	Key         string `gorm:"column:template_key"`
	Version     string // 1.0.0
	Hash        string // of the definition
	Definition  string // JSON, as package policy writes it
	Rulebook    int64  // the version of the rulebook that brought it
	EffectiveAt time.Time
	CreatedAt   time.Time
}

// TableName is the table.
func (ApprovalTemplate) TableName() string { return "approval_templates" }

func (*ApprovalTemplate) columns() string {
	return "id, template_key, version, hash, definition, rulebook, effective_at, created_at"
}

func (t *ApprovalTemplate) fields() []any {
	return []any{&t.ID, &t.Key, &t.Version, &t.Hash, &t.Definition, &t.Rulebook, &t.EffectiveAt, &t.CreatedAt}
}

// ApprovalTemplate answers the version with this id.
func (r *Reader) ApprovalTemplate(id int64) (ApprovalTemplate, error) {
	t, err := take[ApprovalTemplate](r, "WHERE id = ?", id)
	if err != nil {
		return t, fmt.Errorf("approval template %d: %w", id, err)
	}
	return t, nil
}

// ApprovalTemplateInForce answers the version of a process that holds at an
// instant: of those effective by then the latest effective, then the newest.
// ErrNotFound, wrapped, when there is none.
func (r *Reader) ApprovalTemplateInForce(key string, at time.Time) (ApprovalTemplate, error) {
	t, err := take[ApprovalTemplate](r, "WHERE template_key = ? AND effective_at <= ? ORDER BY effective_at DESC, id DESC LIMIT 1", key, cut(at))
	if err != nil {
		return t, fmt.Errorf("approval template %s in force: %w", key, err)
	}
	return t, nil
}

// ApprovalTemplateVersions answers the versions of a process without their
// definitions, newest first, at most limit.
func (r *Reader) ApprovalTemplateVersions(key string, limit int) ([]ApprovalTemplate, error) {
	var all []ApprovalTemplate
	err := r.g.Omit("definition").Where("template_key = ?", key).Order("effective_at DESC, id DESC").Limit(page(limit)).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("versions of approval template %s: %w", key, translate(err))
	}
	return all, nil
}

// PutApprovalTemplate makes a definition the one that comes into force at
// t.EffectiveAt: versions that were planned for later are dropped, no case can
// have begun with them. A definition that is there already, and that a newer
// one has replaced, comes into force again. changed says whether anything did.
func (tx *Tx) PutApprovalTemplate(t *ApprovalTemplate) (changed bool, err error) {
	t.EffectiveAt = cut(t.EffectiveAt)
	there, err := take[ApprovalTemplate](&tx.Reader, "WHERE template_key = ? AND hash = ?", t.Key, t.Hash)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, fmt.Errorf("approval template %s: %w", t.Key, err)
	}
	dropped, err := tx.changed("DELETE FROM approval_templates WHERE template_key = ? AND effective_at > ? AND hash <> ?", t.Key, tx.Now(), t.Hash)
	if err != nil {
		return false, fmt.Errorf("drop planned versions of approval template %s: %w", t.Key, err)
	}
	if !known {
		t.CreatedAt = tx.Now()
		if t.ID, err = tx.insert(t); err != nil {
			return false, fmt.Errorf("add approval template %s: %w", t.Key, err)
		}
		return true, nil
	}
	newest, err := take[ApprovalTemplate](&tx.Reader, "WHERE template_key = ? ORDER BY effective_at DESC, id DESC LIMIT 1", t.Key)
	if err != nil {
		return false, fmt.Errorf("approval template %s: %w", t.Key, err)
	}
	wanted := t.EffectiveAt
	*t = there
	if newest.ID == there.ID {
		return dropped > 0, nil
	}
	t.EffectiveAt = wanted
	if _, err := tx.exec("UPDATE approval_templates SET effective_at = ? WHERE id = ?", wanted, t.ID); err != nil {
		return false, fmt.Errorf("approval template %s again: %w", t.Key, err)
	}
	return true, nil
}
