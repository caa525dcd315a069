package store

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Card is one template card: one send, one copy at each holder. WeCom knows
// it by its task id.
type Card struct {
	ID          int64
	App         string
	TaskID      string // unique within the app for ever
	MessageID   int64
	Kind        string // renderer
	SubjectKind string
	SubjectID   int64
	Phase       int64 // what its buttons offered when it was last rendered
	Open        bool  // asks for an act
	Dirty       bool  // its subject has changed since it was drawn
	CreatedAt   time.Time
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Card) TableName() string { return "cards" }

func (*Card) columns() string {
	return "id, app, task_id, message_id, kind, subject_kind, subject_id, phase, open, dirty, created_at"
}

func (c *Card) fields() []any {
	return []any{
		&c.ID, &c.App, &c.TaskID, &c.MessageID, &c.Kind, &c.SubjectKind, &c.SubjectID, &c.Phase, &c.Open, &c.Dirty, &c.CreatedAt,
	}
}

// Subject is what the card is about.
func (c Card) Subject() Subject { return Subject{Kind: c.SubjectKind, ID: c.SubjectID} }

// CardCode is a response code: it changes the card once, within 72 h [94888].
type CardCode struct {
	ID      int64
	CardID  int64
	Code    string
	GotAt   time.Time
	SpentAt *time.Time
}

// Card answers the card with this id.
func (r *Reader) Card(id int64) (Card, error) {
	c, err := take[Card](r, "WHERE id = ?", id)
	if err != nil {
		return c, fmt.Errorf("card %d: %w", id, err)
	}
	return c, nil
}

// CardByTask answers the card an app sent under taskID.
func (r *Reader) CardByTask(app, taskID string) (Card, error) {
	var c Card
	if err := r.g.Take(&c, "app = ? AND task_id = ?", app, taskID).Error; err != nil {
		return c, fmt.Errorf("card of task %q: %w", taskID, translate(err))
	}
	return c, nil
}

// CardsAbout answers the cards about a subject, oldest first, at most limit.
func (r *Reader) CardsAbout(subject Subject, limit int) ([]Card, error) {
	var all []Card
	err := r.g.Where("subject_kind = ? AND subject_id = ?", subject.Kind, subject.ID).Order("id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("cards about %s: %w", subject, translate(err))
	}
	return all, nil
}

// AddCard stores a new card.
func (tx *Tx) AddCard(c *Card) error {
	c.CreatedAt = tx.Now()
	var err error
	if c.ID, err = tx.insert(c); err != nil {
		return fmt.Errorf("add card: %w", err)
	}
	return nil
}

// SaveCard writes every column of c.
func (tx *Tx) SaveCard(c Card) error {
	if _, err := tx.overwrite(&c, "id = ?", c.ID); err != nil {
		return fmt.Errorf("save card %d: %w", c.ID, err)
	}
	return nil
}

// longestCode is what the column holds, in bytes.
const longestCode = 190

// AddCode keeps a response code of a card.
func (tx *Tx) AddCode(cardID int64, code string) error {
	if code == "" || len(code) > longestCode {
		return nil // WeCom's are shorter; one that does not fit cannot be used
	}
	if _, err := tx.exec("INSERT INTO card_codes (card_id, code, got_at) VALUES (?, ?, ?)", cardID, code, tx.Now()); err != nil {
		return fmt.Errorf("keep code of card %d: %w", cardID, err)
	}
	return nil
}

// SpendCode takes the newest unspent code got after since and marks it spent;
// ErrNotFound when there is none. It commits before the code is used, so that
// no code is used twice.
func (tx *Tx) SpendCode(cardID int64, since time.Time) (string, error) {
	var c CardCode
	err := tx.g.Where("card_id = ? AND spent_at IS NULL AND got_at > ?", cardID, since.UTC()).Order("id DESC").Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", fmt.Errorf("code of card %d: %w", cardID, ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("code of card %d: %w", cardID, translate(err))
	}
	if err := tx.g.Model(&c).Update("spent_at", tx.Now()).Error; err != nil {
		return "", fmt.Errorf("spend code of card %d: %w", cardID, translate(err))
	}
	return c.Code, nil
}
