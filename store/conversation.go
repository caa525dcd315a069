package store

import (
	"errors"
	"fmt"
	"strings"
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

func (*Conversation) columns() string {
	return "id, member_id, app, state, greeted_at, expires_at, updated_at, version"
}

func (c *Conversation) fields() []any {
	return []any{&c.ID, &c.MemberID, &c.App, &c.State, &c.GreetedAt, &c.ExpiresAt, &c.UpdatedAt, &c.Version}
}

// Speaker answers the member WeCom calls userid, and in the same statement
// reads what nearly every message of his needs: his conversation with the app,
// which it locks as Conversation does, and the values of settings, for Setting
// and Conversation to find. ErrNotFound, wrapped, when nobody is called so.
//
// A conversation that has nothing to remember yet has no row: then the lock is
// on the member's.
func (tx *Tx) Speaker(userid, app string, settings ...string) (Member, error) {
	var m Member
	c := Conversation{App: app}
	var id, version *int64
	var state *string
	var updated *time.Time
	into := append(m.fields(), &id, &state, &c.GreetedAt, &c.ExpiresAt, &updated, &version)
	values := make([][]byte, len(settings))
	query, args := "SELECT m."+strings.ReplaceAll(m.columns(), ", ", ", m.")+", c.id, c.state, c.greeted_at, c.expires_at, c.updated_at, c.version", []any{}
	for i, name := range settings {
		query += ", (SELECT value FROM settings WHERE name = ?)"
		args = append(args, name)
		into = append(into, &values[i])
	}
	query += " FROM members m LEFT JOIN conversations c ON c.member_id = m.id AND c.app = ? WHERE m.userid_fold = ?" + tx.forUpdate()
	found, err := tx.one(query, append(args, app, Fold(userid)), into...)
	if err == nil && !found {
		err = ErrNotFound
	}
	if err != nil {
		return Member{}, fmt.Errorf("member %q: %w", userid, err)
	}
	for i, name := range settings {
		tx.remember(name, values[i])
	}
	c.MemberID = m.ID
	if id != nil {
		c.ID, c.State, c.UpdatedAt, c.Version = *id, *state, *updated, *version
	}
	tx.heard = &c
	return m, nil
}

// Conversation locks and answers the conversation of a member with an app,
// beginning it if there is none. A message takes this lock before any other,
// so that two messages of one member are handled one after the other.
func (tx *Tx) Conversation(member int64, app string) (Conversation, error) {
	if h := tx.heard; h != nil && h.MemberID == member && h.App == app {
		return *h, nil
	}
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
	c, err := take[Conversation](&tx.Reader, "WHERE member_id = ? AND app = ?"+tx.forUpdate(), member, app)
	if err != nil {
		return Conversation{}, fmt.Errorf("conversation of member %d: %w", member, err)
	}
	return c, nil
}

// SaveConversation stores State, GreetedAt and ExpiresAt; ErrConflict if the
// row has moved on since it was read.
func (tx *Tx) SaveConversation(c Conversation) error {
	tx.heard = nil
	var err error
	if c.ID == 0 {
		_, err = tx.exec("INSERT INTO conversations (member_id, app, state, greeted_at, expires_at, updated_at, version) VALUES (?, ?, ?, ?, ?, ?, ?)",
			c.MemberID, c.App, c.State, cutPointer(c.GreetedAt), cutPointer(c.ExpiresAt), tx.Now(), c.Version+1)
		if errors.Is(err, ErrDuplicate) {
			err = ErrConflict // another transaction has just begun it
		}
	} else {
		var n int64
		n, err = tx.changed("UPDATE conversations SET state = ?, greeted_at = ?, expires_at = ?, updated_at = ?, version = ? WHERE id = ? AND version = ?",
			c.State, cutPointer(c.GreetedAt), cutPointer(c.ExpiresAt), tx.Now(), c.Version+1, c.ID, c.Version)
		if err == nil && n == 0 {
			err = ErrConflict
		}
	}
	if err != nil {
		return fmt.Errorf("save conversation of member %d: %w", c.MemberID, err)
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
