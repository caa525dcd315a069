package store

import (
	"fmt"
	"time"
)

// Question is a question the app asked one member with buttons. It is open
// until it is answered, dropped or expired; its card shows which.
type Question struct {
	ID         int64
	MemberID   int64
	App        string
	Phase      int64 // of the conversation; never used twice in it
	DeliveryID int64 // the act that led to it
	Title      string
	Body       string
	Options    []QuestionOption `gorm:"serializer:json"`
	Choice     string           // label of what was chosen; "" while open and when dropped
	ClosedAt   *time.Time
	ExpiresAt  time.Time
	CreatedAt  time.Time
}

// QuestionOption is one way to answer.
type QuestionOption struct {
	Label   string `json:"label"`
	Caption string `json:"caption"` // the label as a button shows it
	Line    string `json:"line"`    // chat command of equal effect
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Question) TableName() string { return "questions" }

// Subject is what the question's card is about.
func (q Question) Subject() Subject { return Subject{Kind: "question", ID: q.ID} }

// OpenAt says whether the question may still be answered.
func (q Question) OpenAt(now time.Time) bool { return q.ClosedAt == nil && now.Before(q.ExpiresAt) }

// Question answers the question with this id.
func (r *Reader) Question(id int64) (Question, error) {
	var q Question
	if err := r.g.Take(&q, "id = ?", id).Error; err != nil {
		return q, fmt.Errorf("question %d: %w", id, translate(err))
	}
	return q, nil
}

// AddQuestion stores a new question.
func (tx *Tx) AddQuestion(q *Question) error {
	q.ID, q.CreatedAt, q.ExpiresAt = 0, tx.Now(), cut(q.ExpiresAt)
	if err := tx.g.Create(q).Error; err != nil {
		return fmt.Errorf("add question: %w", translate(err))
	}
	return nil
}

// CloseQuestion ends the question a member was asked in this phase, and answers
// it. ErrNotFound, wrapped, when there is none or it has ended before.
func (tx *Tx) CloseQuestion(member int64, app string, phase int64, choice string) (Question, error) {
	var q Question
	err := tx.g.Take(&q, "member_id = ? AND app = ? AND phase = ?", member, app, phase).Error
	if err != nil {
		return q, fmt.Errorf("question of member %d: %w", member, translate(err))
	}
	if q.ClosedAt != nil {
		return q, fmt.Errorf("question %d has ended: %w", q.ID, ErrNotFound)
	}
	now := tx.Now()
	q.ClosedAt, q.Choice = &now, clip(choice, 255)
	err = tx.g.Model(&Question{}).Where("id = ?", q.ID).Updates(map[string]any{"closed_at": now, "choice": q.Choice}).Error
	if err != nil {
		return q, fmt.Errorf("close question %d: %w", q.ID, translate(err))
	}
	return q, nil
}

// PurgeQuestions forgets questions asked before an instant, at most 200: their
// cards show what members wrote.
func (tx *Tx) PurgeQuestions(before time.Time) (int, error) {
	var ids []int64
	err := tx.g.Model(&Question{}).Where("created_at < ?", cut(before)).Order("created_at").Limit(purgeBatch).Pluck("id", &ids).Error
	if err == nil && len(ids) > 0 {
		err = tx.g.Where("id IN ?", ids).Delete(&Question{}).Error
	}
	if err != nil {
		return 0, fmt.Errorf("purge questions: %w", translate(err))
	}
	return len(ids), nil
}
