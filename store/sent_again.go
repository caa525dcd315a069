package store

import (
	"fmt"
	"time"
)

// What has been sent before: texts that are equal, cards that are replaced.

// latestMessages bounds how far back the questions about one reader look, so
// that they cost the same in the tenth year.
const latestMessages = 500

// SameTextSince counts the text messages to a member with exactly the text of
// m that were planned before it, after since, and are or may have been sent.
func (r *Reader) SameTextSince(m SentMessage, memberID int64, since time.Time) (int, error) {
	var n int64
	err := r.g.Table("(SELECT message_id FROM sent_recipients WHERE member_id = ? ORDER BY message_id DESC LIMIT ?) p", memberID, latestMessages).
		Joins("JOIN sent_messages m ON m.id = p.message_id").
		Where("m.id < ? AND m.app = ? AND m.text = ? AND m.card_kind = ? AND m.state IN ? AND m.created_at > ?",
			m.ID, m.App, m.Text, "", []SentState{SentFrozen, SentDone, SentAside}, since.UTC()).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count equal messages: %w", translate(err))
	}
	return int(n), nil
}

// Superseded says whether each of these holders of a card has been sent a
// newer one of the same kind about the same subject.
func (r *Reader) Superseded(c Card, holders []int64) (bool, error) {
	var n int64
	err := r.g.Table("sent_messages m").Joins("JOIN sent_recipients p ON p.message_id = m.id").
		Where("m.subject_kind = ? AND m.subject_id = ? AND m.id > ? AND m.card_kind = ? AND m.app = ? AND m.state <> ? AND p.member_id IN ?",
			c.SubjectKind, c.SubjectID, c.MessageID, c.Kind, c.App, SentRefused, holders).
		Distinct("p.member_id").Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("newer cards about %s: %w", c.Subject(), translate(err))
	}
	return len(holders) > 0 && int(n) == len(holders), nil
}
