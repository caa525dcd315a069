package store

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// Conversation is what the app remembers between two messages of one member:
// the half-filled form, the question asked, when he was greeted. State is
// bounded JSON that only app/chat reads.
type Conversation struct {
	ID        int64
	MemberID  int64
	App       string
	State     string     // "" when there is nothing to remember
	GreetedAt *time.Time // last greeting; nil: never
	ExpiresAt *time.Time // from when State may be forgotten; nil while it is empty
	UpdatedAt time.Time
	Version   int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Conversation) TableName() string { return "conversations" }

// Conversation locks and answers the conversation of a member with an app,
// beginning it if there is none. A message takes this lock before any other,
// so that two messages of one member are handled one after the other.
func (tx *Tx) Conversation(member int64, app string) (Conversation, error) {
	c, err := tx.lockedConversation(member, app)
	if !errors.Is(err, ErrNotFound) {
		return c, err
	}
	fresh := Conversation{MemberID: member, App: app, UpdatedAt: tx.Now(), Version: 1}
	if err := tx.g.Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh).Error; err != nil {
		return Conversation{}, fmt.Errorf("begin conversation of member %d: %w", member, translate(err))
	}
	return tx.lockedConversation(member, app) // another transaction may have begun it
}

func (tx *Tx) lockedConversation(member int64, app string) (Conversation, error) {
	q := tx.g
	if tx.db.dialect == "mysql" {
		q = q.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
	}
	var c Conversation
	if err := q.Take(&c, "member_id = ? AND app = ?", member, app).Error; err != nil {
		return Conversation{}, fmt.Errorf("conversation of member %d: %w", member, translate(err))
	}
	return c, nil
}

// SaveConversation stores State, GreetedAt and ExpiresAt; ErrConflict if the
// row has moved on since it was read.
func (tx *Tx) SaveConversation(c Conversation) error {
	done := tx.g.Model(&Conversation{}).Where("id = ? AND version = ?", c.ID, c.Version).Updates(map[string]any{
		"state": c.State, "greeted_at": cutPointer(c.GreetedAt), "expires_at": cutPointer(c.ExpiresAt),
		"updated_at": tx.Now(), "version": c.Version + 1,
	})
	if done.Error != nil {
		return fmt.Errorf("save conversation %d: %w", c.ID, translate(done.Error))
	}
	if done.RowsAffected == 0 {
		return fmt.Errorf("save conversation %d: %w", c.ID, ErrConflict)
	}
	return nil
}

// ForgetConversations empties states that expired before the instant, at most
// 200, and answers how many: forms hold what members wrote.
func (tx *Tx) ForgetConversations(before time.Time) (int, error) {
	var ids []int64
	err := tx.g.Model(&Conversation{}).Where("expires_at < ?", cut(before)).Order("expires_at").Limit(purgeBatch).Pluck("id", &ids).Error
	if err == nil && len(ids) > 0 {
		err = tx.g.Model(&Conversation{}).Where("id IN ? AND expires_at < ?", ids, cut(before)).Updates(map[string]any{
			"state": "", "expires_at": nil, "updated_at": tx.Now(), "version": clause.Expr{SQL: "version + 1"},
		}).Error
	}
	if err != nil {
		return 0, fmt.Errorf("forget conversations: %w", translate(err))
	}
	return len(ids), nil
}

func cutPointer(t *time.Time) any {
	if t == nil {
		return nil
	}
	return cut(*t)
}
