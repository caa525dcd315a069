package store

import (
	"errors"
	"fmt"
	"time"
)

// SentState is where an outgoing message stands.
type SentState string

// The states of an outgoing message.
const (
	SentPlanned  SentState = "planned"  // waits for its turn
	SentHeld     SentState = "held"     // waits for the digest
	SentDigested SentState = "digested" // was listed in a digest
	SentFrozen   SentState = "frozen"   // bytes fixed; an attempt may be under way
	SentDone     SentState = "sent"     // WeCom took it for at least one recipient
	SentRefused  SentState = "refused"  // WeCom refused it for everybody
	SentAside    SentState = "aside"    // waits for a person: outcome unknown, or out of attempts
)

// SentMessage is one line of the ledger of everything the app tells people. A
// message goes to one or many recipients in one call.
type SentMessage struct {
	ID          int64
	App         string
	Purpose     string // what it is for: "inquiry", "reminder", …
	SubjectKind string
	SubjectID   int64
	Text        string // plain text, or the line a digest shows for a card
	CardKind    string // renderer of the card; empty: a text message
	CardID      int64
	Important   bool
	Asks        bool    // asks for an act: no digest swallows it
	Prompt      bool    // answers what the member has just done: quiet hours do not hold it
	UniqueKey   *string // told once for ever
	State       SentState
	Body        []byte     // the exact request, fixed before the first attempt
	TriedSince  *time.Time // machine time of the first attempt whose outcome is unknown
	DigestID    int64      // message that listed this one
	MsgID       string
	ErrorCode   int
	CreatedAt   time.Time
	SentAt      *time.Time
}

// TableName is the table; it is also the kind for Tx.Lock.
func (SentMessage) TableName() string { return "sent_messages" }

func (*SentMessage) columns() string {
	return "id, app, purpose, subject_kind, subject_id, text, card_kind, card_id, important, asks, prompt, unique_key, state, body, " +
		"tried_since, digest_id, msg_id, error_code, created_at, sent_at"
}

func (m *SentMessage) fields() []any {
	return []any{
		&m.ID, &m.App, &m.Purpose, &m.SubjectKind, &m.SubjectID, &m.Text, &m.CardKind, &m.CardID, &m.Important, &m.Asks, &m.Prompt,
		&m.UniqueKey, &m.State, &m.Body, &m.TriedSince, &m.DigestID, &m.MsgID, &m.ErrorCode, &m.CreatedAt, &m.SentAt,
	}
}

// Subject is what the message is about.
func (m SentMessage) Subject() Subject { return Subject{Kind: m.SubjectKind, ID: m.SubjectID} }

// RecipientState is what became of the message for one person.
type RecipientState string

// The states of a recipient.
const (
	RecipientWaiting    RecipientState = "waiting"
	RecipientDelivered  RecipientState = "delivered"  // WeCom took it
	RecipientInvalid    RecipientState = "invalid"    // unknown to WeCom or outside the visible range
	RecipientUnlicensed RecipientState = "unlicensed" // no base API licence
	RecipientGone       RecipientState = "gone"       // left before it was sent
)

// SentRecipient is one person a message goes to.
type SentRecipient struct {
	MessageID int64  `gorm:"primaryKey"`
	MemberID  int64  `gorm:"primaryKey"`
	UserID    string `gorm:"column:user_id"`
	State     RecipientState
}

// TableName is the table.
func (SentRecipient) TableName() string { return "sent_recipients" }

func (*SentRecipient) columns() string { return "message_id, member_id, user_id, state" }

func (p *SentRecipient) fields() []any {
	return []any{&p.MessageID, &p.MemberID, &p.UserID, &p.State}
}

// SentMessage answers one line of the ledger.
func (r *Reader) SentMessage(id int64) (SentMessage, error) {
	m, err := take[SentMessage](r, "WHERE id = ?", id)
	if err != nil {
		return m, fmt.Errorf("sent message %d: %w", id, err)
	}
	return m, nil
}

// LockMessage is SentMessage for a decision about the message: its row is the
// root of the aggregate (see Lock).
func (tx *Tx) LockMessage(id int64) (SentMessage, error) {
	m, err := take[SentMessage](&tx.Reader, "WHERE id = ?"+tx.forUpdate(), id)
	if err != nil {
		return m, fmt.Errorf("sent message %d: %w", id, err)
	}
	return m, nil
}

// SentAbout answers the messages about a subject, oldest first, at most limit.
func (r *Reader) SentAbout(subject Subject, limit int) ([]SentMessage, error) {
	var all []SentMessage
	err := r.g.Where("subject_kind = ? AND subject_id = ?", subject.Kind, subject.ID).Order("id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("messages about %s: %w", subject, translate(err))
	}
	return all, nil
}

// SentRecipients answers the people a message goes to, ordered by member.
func (r *Reader) SentRecipients(messageID int64) ([]SentRecipient, error) {
	all, err := list[SentRecipient](r, "WHERE message_id = ? ORDER BY member_id", messageID)
	if err != nil {
		return nil, fmt.Errorf("recipients of message %d: %w", messageID, err)
	}
	return all, nil
}

// HeldMessages answers what waits for a member's digest, oldest first.
func (r *Reader) HeldMessages(app string, memberID int64, limit int) ([]SentMessage, error) {
	var all []SentMessage
	err := r.g.Table("sent_messages m").Select("m.*").
		Joins("JOIN sent_recipients p ON p.message_id = m.id AND p.member_id = ?", memberID).
		Where("m.app = ? AND m.state = ?", app, SentHeld).Order("m.id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("held messages: %w", translate(err))
	}
	return all, nil
}

// DigestibleSince counts the messages to a member that a digest could have
// listed and that were sent after since.
func (r *Reader) DigestibleSince(app string, memberID int64, since time.Time) (int, error) {
	var n int64
	err := r.g.Table("sent_messages m").
		Joins("JOIN sent_recipients p ON p.message_id = m.id AND p.member_id = ?", memberID).
		Where("m.app = ? AND m.state = ? AND m.important = ? AND m.asks = ? AND m.prompt = ? AND m.sent_at > ?",
			app, SentDone, false, false, false, since.UTC()).
		Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count recent messages: %w", translate(err))
	}
	return int(n), nil
}

// PlanMessage stores a message and its recipients. fresh is false, and nothing
// is stored, when the unique key is taken.
func (tx *Tx) PlanMessage(m *SentMessage, to []int64) (fresh bool, err error) {
	m.State = SentPlanned
	m.CreatedAt = tx.Now()
	m.ID, err = tx.insert(m)
	if errors.Is(err, ErrDuplicate) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("plan message: %w", err)
	}
	return true, tx.addRecipients(m.ID, to)
}

// SplitMessage moves the recipients named into a message of their own, still
// planned, and answers its id.
func (tx *Tx) SplitMessage(m SentMessage, members []int64) (int64, error) {
	rest := m
	rest.ID, rest.UniqueKey, rest.State, rest.CreatedAt = 0, nil, SentPlanned, tx.Now()
	var err error
	if rest.ID, err = tx.insert(&rest); err != nil {
		return 0, fmt.Errorf("split message %d: %w", m.ID, err)
	}
	err = tx.g.Where("message_id = ? AND member_id IN ?", m.ID, members).Delete(&SentRecipient{}).Error
	if err != nil {
		return 0, fmt.Errorf("split message %d: %w", m.ID, translate(err))
	}
	return rest.ID, tx.addRecipients(rest.ID, members)
}

func (tx *Tx) addRecipients(messageID int64, members []int64) error {
	rows := make([]SentRecipient, len(members))
	for i, id := range members {
		rows[i] = SentRecipient{MessageID: messageID, MemberID: id, State: RecipientWaiting}
	}
	for len(rows) > 0 {
		some := rows[:min(len(rows), rowsPerStatement)]
		rows = rows[len(some):]
		if err := put(tx, some); err != nil {
			return fmt.Errorf("recipients of message %d: %w", messageID, err)
		}
	}
	return nil
}

// SaveMessage writes every column of m.
func (tx *Tx) SaveMessage(m SentMessage) error {
	if _, err := tx.overwrite(&m, "id = ?", m.ID); err != nil {
		return fmt.Errorf("save message %d: %w", m.ID, err)
	}
	return nil
}

// SaveRecipient writes one recipient's state.
func (tx *Tx) SaveRecipient(p SentRecipient) error {
	_, err := tx.exec("UPDATE sent_recipients SET user_id = ?, state = ? WHERE message_id = ? AND member_id = ?",
		p.UserID, string(p.State), p.MessageID, p.MemberID)
	if err != nil {
		return fmt.Errorf("save recipient: %w", err)
	}
	return nil
}
