package store

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Letter is what a post has to do with a node of a process (G1-4.2.2(1)).
type Letter string

// The letters.
const (
	Responsible Letter = "R" // 执行: does it
	Accountable Letter = "A" // 负责: answers for it; one per node
	Consulted   Letter = "C" // 咨询: is asked
	Informed    Letter = "I" // 知会: is told
)

// Matrix is the responsibility matrix of one process. It holds no content of
// its own: that is in editions, which are never changed or deleted.
type Matrix struct {
	ID        int64
	Process   string // P-02
	Title     string // of the edition in force
	Edition   int    // in force; 1 is the first
	SavedBy   int64
	SavedAt   time.Time
	CreatedAt time.Time
	Version   int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Matrix) TableName() string { return "matrices" }

// Subject is the matrix for audit rows.
func (m Matrix) Subject() Subject { return Subject{Kind: "matrix", ID: m.ID} }

// MatrixEdition says who saved which edition.
type MatrixEdition struct {
	MatrixID int64 `gorm:"primaryKey;autoIncrement:false"`
	Edition  int   `gorm:"primaryKey;autoIncrement:false"`
	Title    string
	Note     string // what was warned of and accepted, one line each
	SavedBy  int64
	SavedAt  time.Time
}

// MatrixNode is one node of the process, in the order of the flow.
type MatrixNode struct {
	MatrixID  int64 `gorm:"primaryKey;autoIncrement:false"`
	Edition   int   `gorm:"primaryKey;autoIncrement:false"`
	Node      int   `gorm:"primaryKey;autoIncrement:false"` // 1 is the first
	Name      string
	KeyNode   bool // 关键节点
	Risk      bool // 风险点
	Input     string
	Output    string
	TimeLimit string // in the company's words: "1个工作日"
}

// MatrixPost is one post that has a part in the process.
type MatrixPost struct {
	MatrixID     int64 `gorm:"primaryKey;autoIncrement:false"`
	Edition      int   `gorm:"primaryKey;autoIncrement:false"`
	Post         int   `gorm:"primaryKey;autoIncrement:false"` // order of the rows, 1 first
	Name         string
	NameFold     string // Fold(Name)
	DepartmentID int64  // 0: not known
	Duty         string // in this process; "" is the post's own
	Authority    string // in this process; "" is the post's own
}

// MatrixCell gives a post one letter at a node; a post may have several.
type MatrixCell struct {
	MatrixID int64  `gorm:"primaryKey;autoIncrement:false"`
	Edition  int    `gorm:"primaryKey;autoIncrement:false"`
	Node     int    `gorm:"primaryKey;autoIncrement:false"`
	Post     int    `gorm:"primaryKey;autoIncrement:false"`
	Letter   Letter `gorm:"primaryKey"`
}

// MatrixSheet is the whole content of one edition.
type MatrixSheet struct {
	MatrixEdition
	Nodes []MatrixNode // by Node
	Posts []MatrixPost // by Post
	Cells []MatrixCell // by Node, Post, Letter
}

// MaxMatrixRows bounds the rows of one edition, so that saving it stays within
// what one transaction may touch.
const MaxMatrixRows = 180

// MatrixOf answers the matrix of a process.
func (r *Reader) MatrixOf(process string) (Matrix, error) {
	var m Matrix
	if err := r.g.Take(&m, "process = ?", process).Error; err != nil {
		return m, fmt.Errorf("matrix of %s: %w", process, translate(err))
	}
	return m, nil
}

// Matrices answers a page of all matrices by process, at most limit.
func (r *Reader) Matrices(after string, limit int) ([]Matrix, error) {
	var all []Matrix
	if err := r.g.Where("process > ?", after).Order("process").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("matrices: %w", translate(err))
	}
	return all, nil
}

// MatrixSheet answers one edition of a matrix.
func (r *Reader) MatrixSheet(matrix int64, edition int) (MatrixSheet, error) {
	var s MatrixSheet
	where := func(order string) *gorm.DB {
		return r.g.Where("matrix_id = ? AND edition = ?", matrix, edition).Order(order)
	}
	err := where("edition").Take(&s.MatrixEdition).Error
	if err == nil {
		err = where("node").Find(&s.Nodes).Error
	}
	if err == nil {
		err = where("post").Find(&s.Posts).Error
	}
	if err == nil {
		err = where("node, post, letter").Find(&s.Cells).Error
	}
	if err != nil {
		return s, fmt.Errorf("edition %d of matrix %d: %w", edition, matrix, translate(err))
	}
	return s, nil
}

// MatrixEditions answers who saved the editions of a matrix, newest first, at
// most limit.
func (r *Reader) MatrixEditions(matrix int64, limit int) ([]MatrixEdition, error) {
	var all []MatrixEdition
	err := r.g.Where("matrix_id = ?", matrix).Order("edition DESC").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("editions of matrix %d: %w", matrix, translate(err))
	}
	return all, nil
}

// PostNode is one node a post has a letter at, in an edition in force.
type PostNode struct {
	Process string
	Title   string // of the process
	Matrix  int64
	Edition int
	Node    int
	Name    string // of the node
	Post    string
	// DepartmentID is the post's, as the matrix has it.
	DepartmentID int64
	Letter       Letter
	KeyNode      bool
	Risk         bool
}

// NodesOfPosts answers where the posts of these names stand in the editions in
// force, by process, node and letter, at most limit.
func (r *Reader) NodesOfPosts(posts []string, limit int) ([]PostNode, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	folds := make([]string, len(posts))
	for i, name := range posts {
		folds[i] = Fold(name)
	}
	return r.postNodes("p.name_fold IN ?", folds, limit)
}

// NodesNamed answers who has letters at nodes of these names in the editions
// in force, by process, node and letter, at most limit.
func (r *Reader) NodesNamed(names []string, limit int) ([]PostNode, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return r.postNodes("n.name IN ?", names, limit)
}

// AccountableNodes answers every node with the post that answers for it, in
// the editions in force, by process and node, at most limit.
func (r *Reader) AccountableNodes(limit int) ([]PostNode, error) {
	return r.postNodes("c.letter = ?", Accountable, limit)
}

func (r *Reader) postNodes(where string, arg any, limit int) ([]PostNode, error) {
	var all []PostNode
	err := r.g.Table("matrices m").
		Select("m.process, m.title, m.id AS matrix, m.edition, n.node, n.name, p.name AS post, p.department_id, c.letter, n.key_node, n.risk").
		Joins("JOIN matrix_posts p ON p.matrix_id = m.id AND p.edition = m.edition").
		Joins("JOIN matrix_cells c ON c.matrix_id = m.id AND c.edition = m.edition AND c.post = p.post").
		Joins("JOIN matrix_nodes n ON n.matrix_id = m.id AND n.edition = m.edition AND n.node = c.node").
		Where(where, arg).Order("m.process, n.node, p.post, c.letter").Limit(limit).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("nodes of matrices: %w", translate(err))
	}
	return all, nil
}

// MatrixPosts answers the names of all posts in the editions in force, each
// once, at most limit.
func (r *Reader) MatrixPosts(limit int) ([]string, error) {
	var names []string
	err := r.g.Table("matrices m").Joins("JOIN matrix_posts p ON p.matrix_id = m.id AND p.edition = m.edition").
		Distinct("p.name").Order("p.name").Limit(limit).Pluck("p.name", &names).Error
	if err != nil {
		return nil, fmt.Errorf("posts of matrices: %w", translate(err))
	}
	return names, nil
}

// SaveMatrix stores a sheet as the next edition of m, which then is in force.
// A new matrix has the ID 0; one that was read in this transaction must still
// be as it was: else ErrConflict.
func (tx *Tx) SaveMatrix(m *Matrix, s MatrixSheet) error {
	if rows := len(s.Nodes) + len(s.Posts) + len(s.Cells); rows > MaxMatrixRows {
		return fmt.Errorf("save matrix of %s: %d rows, at most %d", m.Process, rows, MaxMatrixRows)
	}
	if err := tx.nextEdition(m, s); err != nil {
		return fmt.Errorf("save matrix of %s: %w", m.Process, err)
	}
	s.MatrixID, s.Edition, s.Title, s.SavedBy, s.SavedAt = m.ID, m.Edition, m.Title, m.SavedBy, m.SavedAt
	for i := range s.Nodes {
		s.Nodes[i].MatrixID, s.Nodes[i].Edition = m.ID, m.Edition
	}
	for i := range s.Posts {
		p := &s.Posts[i]
		p.MatrixID, p.Edition, p.NameFold = m.ID, m.Edition, Fold(p.Name)
	}
	for i := range s.Cells {
		s.Cells[i].MatrixID, s.Cells[i].Edition = m.ID, m.Edition
	}
	for _, rows := range []any{&s.MatrixEdition, &s.Nodes, &s.Posts, &s.Cells} {
		if err := tx.g.Create(rows).Error; err != nil && !errors.Is(err, gorm.ErrEmptySlice) {
			return fmt.Errorf("save edition %d of matrix %s: %w", m.Edition, m.Process, translate(err))
		}
	}
	return nil
}

// nextEdition writes the root.
func (tx *Tx) nextEdition(m *Matrix, s MatrixSheet) error {
	m.Title, m.SavedBy, m.SavedAt = s.Title, s.SavedBy, tx.Now()
	m.Edition++
	if m.ID == 0 {
		m.CreatedAt, m.Version = tx.Now(), 1
		err := translate(tx.g.Create(m).Error)
		if errors.Is(err, ErrDuplicate) {
			return fmt.Errorf("%w: %w", ErrConflict, err) // somebody else has just saved the first one
		}
		return err
	}
	old := m.Version
	m.Version++
	saved := tx.g.Model(m).Where("version = ?", old).Select("title", "edition", "saved_by", "saved_at", "version").Updates(m)
	if saved.Error == nil && saved.RowsAffected == 0 {
		return ErrConflict
	}
	return translate(saved.Error)
}

// MatrixDraft is what one member has filled in of a matrix so far.
type MatrixDraft struct {
	ID        int64
	MemberID  int64
	Process   string
	Body      string // JSON of package duty
	TouchedAt time.Time
}

// MatrixDraft answers a member's draft for a process, however old.
func (r *Reader) MatrixDraft(member int64, process string) (MatrixDraft, error) {
	var d MatrixDraft
	if err := r.g.Take(&d, "member_id = ? AND process = ?", member, process).Error; err != nil {
		return d, fmt.Errorf("draft of matrix %s: %w", process, translate(err))
	}
	return d, nil
}

// PutMatrixDraft keeps a member's draft for a process in place of the one
// before.
func (tx *Tx) PutMatrixDraft(member int64, process, body string) error {
	d := MatrixDraft{MemberID: member, Process: process, Body: body, TouchedAt: tx.Now()}
	err := tx.g.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "member_id"}, {Name: "process"}},
		DoUpdates: clause.AssignmentColumns([]string{"body", "touched_at"}),
	}).Create(&d).Error
	if err != nil {
		return fmt.Errorf("keep draft of matrix %s: %w", process, translate(err))
	}
	return nil
}

// DropMatrixDraft forgets a member's draft for a process, if there is one, and
// up to 20 drafts of anybody that nobody has touched since before.
func (tx *Tx) DropMatrixDraft(member int64, process string, before time.Time) error {
	var old []int64
	err := tx.g.Model(&MatrixDraft{}).Where("touched_at < ?", cut(before)).Order("id").Limit(20).Pluck("id", &old).Error
	if err == nil && len(old) > 0 {
		err = tx.g.Where("id IN ?", old).Delete(&MatrixDraft{}).Error
	}
	if err == nil {
		err = tx.g.Where("member_id = ? AND process = ?", member, process).Delete(&MatrixDraft{}).Error
	}
	if err != nil {
		return fmt.Errorf("drop draft of matrix %s: %w", process, translate(err))
	}
	return nil
}

// DutyView counts how often a member has looked at his own duties (G1-2.2a).
type DutyView struct {
	MemberID int64 `gorm:"primaryKey;autoIncrement:false"`
	Views    int64
	LastAt   time.Time
}

// DutyView answers the count of a member; ErrNotFound when he never looked.
func (r *Reader) DutyView(member int64) (DutyView, error) {
	var v DutyView
	if err := r.g.Take(&v, "member_id = ?", member).Error; err != nil {
		return v, fmt.Errorf("duty view of member %d: %w", member, translate(err))
	}
	return v, nil
}

// AddDutyView counts one look.
func (tx *Tx) AddDutyView(member int64) error {
	v := DutyView{MemberID: member, Views: 1, LastAt: tx.Now()}
	err := tx.g.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "member_id"}},
		DoUpdates: clause.Assignments(map[string]any{
			"views": gorm.Expr("duty_views.views + 1"), "last_at": v.LastAt,
		}),
	}).Create(&v).Error
	if err != nil {
		return fmt.Errorf("count duty view of member %d: %w", member, translate(err))
	}
	return nil
}
