package store

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// ReviewState is where a quarter's review of permissions stands.
type ReviewState string

// The states of a review.
const (
	ReviewGathering ReviewState = "gathering" // pages of bindings and grants are being read
	ReviewOpen      ReviewState = "open"      // rows wait for 正常 or 异常
	ReviewOverdue   ReviewState = "overdue"   // the same, past its time
	ReviewComplete  ReviewState = "complete"  // every row is marked
)

// Review is one quarter's review of roles and permissions (G1-4.3.2(3)b).
type Review struct {
	ID          int64
	Number      string // QS20260401-0001
	Quarter     string // "2026Q2", unique
	State       ReviewState
	App         string
	Phase       int64 // grows whenever older buttons must stop working
	DueAt       time.Time
	OverdueAt   *time.Time
	CompletedAt *time.Time
	CreatedAt   time.Time
	Version     int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Review) TableName() string { return "reviews" }

// Subject is the review for clocks, cards and notices.
func (r Review) Subject() Subject { return Subject{Kind: "permission_review", ID: r.ID} }

// Open says whether rows may be marked.
func (r Review) Open() bool { return r.State == ReviewOpen || r.State == ReviewOverdue }

// ReviewRowKind tells what a row is about.
type ReviewRowKind string

// The kinds of rows.
const (
	RoleRow   ReviewRowKind = "role"   // one defined role
	GrantRow  ReviewRowKind = "grant"  // every personal grant
	LayoutRow ReviewRowKind = "layout" // roles, posts and administrators as a whole (J-ROLE-REVIEW)
)

// ReviewResult is what was found about a row (权限核查结果).
type ReviewResult string

// The results.
const (
	ReviewUnmarked ReviewResult = ""
	ReviewNormal   ReviewResult = "normal"   // 正常
	ReviewAbnormal ReviewResult = "abnormal" // 异常
)

// ReviewRow is one line of the review, guide PermissionReview. What it counts
// is as it was when it was gathered, so a report of it is reproducible.
type ReviewRow struct {
	ID        int64
	ReviewID  int64
	Number    string // QH20260401-0001
	Kind      ReviewRowKind
	Role      string // code; empty unless Kind is RoleRow
	Title     string
	Holders   int64
	Findings  int64  // anomalies
	Uses      string // JSON: permission → last use by a holder
	Proposal  string // 建议措施 that is proposed; empty: 无需调整
	Result    ReviewResult
	Measure   string // 建议措施 as marked
	MarkedBy  int64
	MarkedAt  *time.Time
	CreatedAt time.Time
	Version   int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (ReviewRow) TableName() string { return "review_rows" }

// Subject is the row for cards and notices.
func (r ReviewRow) Subject() Subject { return Subject{Kind: "permission_review_row", ID: r.ID} }

// FindingState is what became of an anomaly.
type FindingState string

// The states of a finding.
const (
	FindingOpen      FindingState = "open"      // nobody has decided
	FindingKept      FindingState = "kept"      // looked at, nothing changes
	FindingAsked     FindingState = "asked"     // its withdrawal waits for confirmation
	FindingWithdrawn FindingState = "withdrawn" // what it names is withdrawn
	FindingGone      FindingState = "gone"      // had ended by itself
)

// ReviewFinding is one anomaly of a row: who holds what, and what is wrong.
type ReviewFinding struct {
	ID          int64
	RowID       int64
	Kind        string // unused, left, conflict, expired, vacant, administrators
	MemberID    int64  // 0: nobody in particular
	Text        string // one line in Chinese, without the member's name
	HoldingKind string // binding, grant; empty: nothing to withdraw
	HoldingID   int64
	UniqueKey   string // of the row: a page that is read again adds nothing
	State       FindingState
	ChangeID    int64 // the change that withdraws it
	CreatedAt   time.Time
}

// TableName is the table.
func (ReviewFinding) TableName() string { return "review_findings" }

// ReviewByQuarter answers a quarter's review; ErrNotFound when there was none.
func (r *Reader) ReviewByQuarter(quarter string) (Review, error) {
	var v Review
	if err := r.g.Take(&v, "quarter = ?", quarter).Error; err != nil {
		return v, fmt.Errorf("review of %s: %w", quarter, translate(err))
	}
	return v, nil
}

// ReviewByNumber answers the review with this number.
func (r *Reader) ReviewByNumber(number string) (Review, error) {
	var v Review
	if err := r.g.Take(&v, "number = ?", number).Error; err != nil {
		return v, fmt.Errorf("review %s: %w", number, translate(err))
	}
	return v, nil
}

// LatestReview answers the review begun last; ErrNotFound when there was none.
func (r *Reader) LatestReview() (Review, error) {
	var v Review
	if err := r.g.Order("id DESC").Take(&v).Error; err != nil {
		return v, fmt.Errorf("latest review: %w", translate(err))
	}
	return v, nil
}

// Review answers the review with this id.
func (r *Reader) Review(id int64) (Review, error) {
	var v Review
	if err := r.g.Take(&v, "id = ?", id).Error; err != nil {
		return v, fmt.Errorf("review %d: %w", id, translate(err))
	}
	return v, nil
}

// AddReview stores a new review; ErrDuplicate when the quarter has one.
func (tx *Tx) AddReview(v *Review) error {
	v.CreatedAt, v.DueAt, v.Version = tx.Now(), cut(v.DueAt), 1
	if err := tx.g.Create(v).Error; err != nil {
		return fmt.Errorf("add review of %s: %w", v.Quarter, translate(err))
	}
	return nil
}

// SaveReview writes a review that was read in this transaction; ErrConflict
// when it has changed since.
func (tx *Tx) SaveReview(v *Review) error {
	old := v.Version
	v.Version++
	done := tx.g.Model(&Review{}).Where("id = ? AND version = ?", v.ID, old).Select("*").Omit("id", "created_at").Updates(v)
	return written(done.Error, done.RowsAffected, "save review", v.ID)
}

// written is the end of a write that expects one row.
func written(err error, rows int64, what string, id int64) error {
	if err = translate(err); err == nil && rows == 0 {
		err = ErrConflict
	}
	if err != nil {
		return fmt.Errorf("%s %d: %w", what, id, err)
	}
	return nil
}

// ReviewRows answers the rows of a review in their order, at most limit.
func (r *Reader) ReviewRows(review int64, limit int) ([]ReviewRow, error) {
	var all []ReviewRow
	if err := r.g.Where("review_id = ?", review).Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("rows of review %d: %w", review, translate(err))
	}
	return all, nil
}

// ReviewRow answers the row with this id.
func (r *Reader) ReviewRow(id int64) (ReviewRow, error) {
	var v ReviewRow
	if err := r.g.Take(&v, "id = ?", id).Error; err != nil {
		return v, fmt.Errorf("review row %d: %w", id, translate(err))
	}
	return v, nil
}

// ReviewRowByNumber answers the row with this number.
func (r *Reader) ReviewRowByNumber(number string) (ReviewRow, error) {
	var v ReviewRow
	if err := r.g.Take(&v, "number = ?", number).Error; err != nil {
		return v, fmt.Errorf("review row %s: %w", number, translate(err))
	}
	return v, nil
}

// AddReviewRow stores a new row.
func (tx *Tx) AddReviewRow(v *ReviewRow) error {
	v.CreatedAt, v.Version = tx.Now(), 1
	if err := tx.g.Create(v).Error; err != nil {
		return fmt.Errorf("add row to review %d: %w", v.ReviewID, translate(err))
	}
	return nil
}

// SaveReviewRow writes a row that was read in this transaction; ErrConflict
// when it has changed since.
func (tx *Tx) SaveReviewRow(v *ReviewRow) error {
	old := v.Version
	v.Version++
	done := tx.g.Model(&ReviewRow{}).Where("id = ? AND version = ?", v.ID, old).Select("*").Omit("id", "created_at").Updates(v)
	return written(done.Error, done.RowsAffected, "save review row", v.ID)
}

// ReviewFindings answers the anomalies of a row in the given states (none:
// any), oldest first, after the one with this id, at most limit.
func (r *Reader) ReviewFindings(row int64, states []FindingState, after int64, limit int) ([]ReviewFinding, error) {
	query := r.g.Where("row_id = ? AND id > ?", row, after)
	if len(states) > 0 {
		query = query.Where("state IN ?", states)
	}
	var all []ReviewFinding
	if err := query.Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("findings of review row %d: %w", row, translate(err))
	}
	return all, nil
}

// AddFinding stores an anomaly and answers whether it is new: one with the
// same key in its row is left as it is. The caller has locked the review.
func (tx *Tx) AddFinding(v ReviewFinding) (bool, error) {
	var there int64
	err := tx.g.Model(&ReviewFinding{}).Where("row_id = ? AND unique_key = ?", v.RowID, v.UniqueKey).Count(&there).Error
	if err == nil && there == 0 {
		v.CreatedAt, v.Text = tx.Now(), clip(v.Text, 255)
		err = tx.g.Create(&v).Error
	}
	if err != nil {
		return false, fmt.Errorf("add finding to review row %d: %w", v.RowID, translate(err))
	}
	return there == 0, nil
}

// SettleFindings moves the findings of a row from one state to another; change
// 0 leaves their change as it is.
func (tx *Tx) SettleFindings(row int64, from, to FindingState, change int64) error {
	set := map[string]any{"state": to}
	if change != 0 {
		set["change_id"] = change
	}
	if err := tx.g.Model(&ReviewFinding{}).Where("row_id = ? AND state = ?", row, from).Updates(set).Error; err != nil {
		return fmt.Errorf("settle findings of review row %d: %w", row, translate(err))
	}
	return nil
}

// SettleFinding moves one finding to a state.
func (tx *Tx) SettleFinding(id int64, to FindingState) error {
	if err := tx.g.Model(&ReviewFinding{}).Where("id = ?", id).Update("state", to).Error; err != nil {
		return fmt.Errorf("settle finding %d: %w", id, translate(err))
	}
	return nil
}

// PermissionUse says when a member last used a permission that not everybody
// has, to the day.
type PermissionUse struct {
	MemberID   int64  `gorm:"primaryKey;autoIncrement:false"`
	Permission string `gorm:"primaryKey"`
	UsedAt     time.Time
}

// useEvery is how old a recorded use may be before it is written again.
const useEvery = 24 * time.Hour

// NoteUse records that a member used a permission just now, at most once a day.
func (tx *Tx) NoteUse(member int64, permission string) error {
	var last PermissionUse
	err := translate(tx.g.Take(&last, "member_id = ? AND permission = ?", member, permission).Error)
	if err == nil && tx.Now().Sub(last.UsedAt) < useEvery {
		return nil
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("use of %s by member %d: %w", permission, member, err)
	}
	last = PermissionUse{MemberID: member, Permission: permission, UsedAt: tx.Now()}
	err = tx.g.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "member_id"}, {Name: "permission"}}, DoUpdates: clause.AssignmentColumns([]string{"used_at"}),
	}).Create(&last).Error
	if err != nil {
		return fmt.Errorf("use of %s by member %d: %w", permission, member, translate(err))
	}
	return nil
}

// UsesOf answers what these members used when; at most 1,000 members.
func (r *Reader) UsesOf(members []int64) ([]PermissionUse, error) {
	if len(members) == 0 {
		return nil, nil
	}
	var all []PermissionUse
	if err := r.g.Where("member_id IN ?", members).Order("member_id, permission").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("uses of permissions: %w", translate(err))
	}
	return all, nil
}
