package store

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm/clause"
)

// HandOverReason is why open work leaves a member's hands.
type HandOverReason string

// The reasons of a hand-over.
const (
	HandOverLeft    HandOverReason = "left"    // he left: his work is moved to his superior
	HandOverMoved   HandOverReason = "moved"   // another department: his work is listed to both heads
	HandOverStopped HandOverReason = "stopped" // 停用 is approved: listed until a successor is named
)

// HandOverState is where a hand-over stands.
type HandOverState string

// The states of a hand-over.
const (
	HandOverRunning   HandOverState = "running"   // the job is collecting or moving
	HandOverListed    HandOverState = "listed"    // everything is listed and waits for 指定接手人
	HandOverDone      HandOverState = "done"      // nothing is left in his hands
	HandOverCancelled HandOverState = "cancelled" // he came back
)

// HandOver is what becomes of one member's open work.
type HandOver struct {
	ID            int64
	Number        string // JJ20260302-0001
	MemberID      int64  // from
	ToID          int64  // to whom what is moved goes; 0: nobody is left, or only listed
	Reason        HandOverReason
	State         HandOverState
	EventKey      string // the event that caused it; empty: a comparison or a person
	OldDepartment int64  // main departments, of a mover
	NewDepartment int64
	CreatedAt     time.Time
	EndedAt       *time.Time
	Version       int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (HandOver) TableName() string { return "hand_overs" }

// Subject is the hand-over for cards, clocks and notices.
func (h HandOver) Subject() Subject { return Subject{Kind: "hand_over", ID: h.ID} }

// HandOverWork is one piece of open work in a hand-over.
type HandOverWork struct {
	ID          int64
	HandOverID  int64
	Domain      string // the name it was registered by
	SubjectKind string
	SubjectID   int64
	Number      string
	Title       string
	ToID        int64  // who has it now; 0: nobody could take it, or not moved
	State       string // "listed" | "moved" | "ended"
	At          time.Time
}

// The states of work in a hand-over.
const (
	WorkListed = "listed"
	WorkMoved  = "moved"
	WorkEnded  = "ended" // done, or passed on past the hand-over, while it was listed
)

// TableName is the table.
func (HandOverWork) TableName() string { return "hand_over_works" }

// Subject is the aggregate the work belongs to.
func (w HandOverWork) Subject() Subject { return Subject{Kind: w.SubjectKind, ID: w.SubjectID} }

// HandOver answers the hand-over with this id.
func (r *Reader) HandOver(id int64) (HandOver, error) {
	var h HandOver
	if err := r.g.Take(&h, id).Error; err != nil {
		return h, fmt.Errorf("hand-over %d: %w", id, translate(err))
	}
	return h, nil
}

// HandOverByNumber answers the hand-over people call number.
func (r *Reader) HandOverByNumber(number string) (HandOver, error) {
	var h HandOver
	if err := r.g.Where("number = ?", number).Take(&h).Error; err != nil {
		return h, fmt.Errorf("hand-over %s: %w", number, translate(err))
	}
	return h, nil
}

// HandOversOf answers the hand-overs of a member that have not ended, oldest
// first.
func (r *Reader) HandOversOf(member int64) ([]HandOver, error) {
	var all []HandOver
	err := r.g.Where("member_id = ? AND state IN ?", member, []HandOverState{HandOverRunning, HandOverListed}).Order("id").Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("hand-overs of member %d: %w", member, translate(err))
	}
	return all, nil
}

// hisHandOver is the condition of listed hand-overs that a member sees to as far as the contacts say, or was told of: who stands in for
// others is not in the contacts.
const hisHandOver = `state = 'listed' AND (to_id = ?
	OR reason = 'moved' AND EXISTS (SELECT 1 FROM memberships s WHERE s.member_id = ? AND s.is_leader = ?
		AND s.department_id IN (hand_overs.old_department, hand_overs.new_department))
	OR member_id IN (SELECT m.id FROM members m JOIN members l ON l.userid = m.leader_userid WHERE l.id = ?)
	OR member_id IN (SELECT m.id FROM members m JOIN memberships s ON s.department_id = m.main_department WHERE s.member_id = ? AND s.is_leader = ?)
	OR EXISTS (SELECT 1 FROM sent_messages n JOIN sent_recipients p ON p.message_id = n.id
		WHERE n.subject_kind = 'hand_over' AND n.subject_id = hand_overs.id AND p.member_id = ?))`

// HandOversFor answers hand-overs a member may have to see to, newest first, at
// most limit of each: those that are listed and his by the contacts, those whose
// work came to him, and whatever else is listed.
func (r *Reader) HandOversFor(member int64, limit int) ([]HandOver, error) {
	var his, came, listed []HandOver
	err := r.g.Where(hisHandOver, member, member, true, member, member, true, member).Order("id DESC").Limit(limit).Find(&his).Error
	if err == nil {
		err = r.g.Where("to_id = ? AND state = ?", member, HandOverDone).Order("id DESC").Limit(limit).Find(&came).Error
	}
	if err == nil {
		err = r.g.Where("state = ?", HandOverListed).Order("id DESC").Limit(limit).Find(&listed).Error
	}
	if err != nil {
		return nil, fmt.Errorf("hand-overs for member %d: %w", member, translate(err))
	}
	listed = slices.DeleteFunc(listed, func(h HandOver) bool {
		return slices.ContainsFunc(his, func(known HandOver) bool { return known.ID == h.ID })
	})
	all := slices.Concat(his, came, listed)
	slices.SortFunc(all, func(a, b HandOver) int { return cmp.Compare(b.ID, a.ID) })
	return all, nil
}

// HandOverWorks answers the work of a hand-over in the order it was found, at
// most limit.
func (r *Reader) HandOverWorks(handOver int64, limit int) ([]HandOverWork, error) {
	var all []HandOverWork
	if err := r.g.Where("hand_over_id = ?", handOver).Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("work of hand-over %d: %w", handOver, translate(err))
	}
	return all, nil
}

// AddHandOver stores a new hand-over under a number of its own.
func (tx *Tx) AddHandOver(h *HandOver) error {
	number, err := tx.Number("JJ")
	if err != nil {
		return err
	}
	h.Number, h.CreatedAt, h.Version = number, tx.Now(), 1
	if err := tx.g.Create(h).Error; err != nil {
		return fmt.Errorf("add hand-over: %w", translate(err))
	}
	return nil
}

// SaveHandOver writes a hand-over that was read in this transaction;
// ErrConflict when it has changed since.
func (tx *Tx) SaveHandOver(h *HandOver) error {
	old := h.Version
	h.Version = old + 1
	saved := tx.g.Model(h).Where("version = ?", old).Select("*").Omit("id", "number", "created_at").Updates(h)
	if saved.Error != nil {
		return fmt.Errorf("save hand-over %d: %w", h.ID, translate(saved.Error))
	}
	if saved.RowsAffected == 0 {
		return fmt.Errorf("save hand-over %d: %w", h.ID, ErrConflict)
	}
	return nil
}

// PutHandOverWork stores work of a hand-over; what is there already takes the
// new holder and state.
func (tx *Tx) PutHandOverWork(w HandOverWork) error {
	w.ID, w.At = 0, tx.Now()
	w.Number, w.Title = clip(w.Number, 32), clip(w.Title, 300)
	err := tx.g.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "hand_over_id"}, {Name: "subject_kind"}, {Name: "subject_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"to_id", "state", "at"}),
	}).Create(&w).Error
	if err != nil {
		return fmt.Errorf("work of hand-over %d: %w", w.HandOverID, translate(err))
	}
	return nil
}

// EndHandOverWorks marks works of a hand-over as ended.
func (tx *Tx) EndHandOverWorks(handOver int64, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	err := tx.g.Model(&HandOverWork{}).Where("hand_over_id = ? AND id IN ?", handOver, ids).
		Updates(map[string]any{"state": WorkEnded, "at": tx.Now()}).Error
	if err != nil {
		return fmt.Errorf("end work of hand-over %d: %w", handOver, translate(err))
	}
	return nil
}

// HandOverWorkOf answers one work of a hand-over.
func (r *Reader) HandOverWorkOf(handOver int64, work Subject) (HandOverWork, error) {
	var w HandOverWork
	err := r.g.Where("hand_over_id = ? AND subject_kind = ? AND subject_id = ?", handOver, work.Kind, work.ID).Take(&w).Error
	if err != nil {
		return w, fmt.Errorf("%s in hand-over %d: %w", work, handOver, translate(err))
	}
	return w, nil
}

// CountHandOverWorks counts the work of a hand-over in a state.
func (r *Reader) CountHandOverWorks(handOver int64, state string) (int64, error) {
	var n int64
	if err := r.g.Model(&HandOverWork{}).Where("hand_over_id = ? AND state = ?", handOver, state).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("work of hand-over %d: %w", handOver, translate(err))
	}
	return n, nil
}
