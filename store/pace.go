package store

import "fmt"

// Pace remembers how often an app has written to a member of late. Recent is
// the caller's own compact text, at most 64 KB.
type Pace struct {
	App      string `gorm:"primaryKey"`
	MemberID int64  `gorm:"primaryKey;autoIncrement:false"`
	Recent   string
}

// TableName is the table.
func (Pace) TableName() string { return "paces" }

func (*Pace) columns() string { return "app, member_id, recent" }

func (p *Pace) fields() []any { return []any{&p.App, &p.MemberID, &p.Recent} }

// Paces answers and locks the pace rows of these members, in their order. A
// member without a row has an empty one.
func (tx *Tx) Paces(app string, members []int64) ([]Pace, error) {
	if len(members) == 0 {
		return nil, nil
	}
	in, ids := idList(members)
	rows, err := list[Pace](&tx.Reader, "WHERE app = ? AND member_id IN "+in+" ORDER BY member_id"+tx.forUpdate(), append([]any{app}, ids...)...)
	if err != nil {
		return nil, fmt.Errorf("paces: %w", err)
	}
	found := make(map[int64]Pace, len(rows))
	for _, row := range rows {
		found[row.MemberID] = row
	}
	all := make([]Pace, len(members))
	for i, id := range members {
		all[i] = Pace{App: app, MemberID: id, Recent: found[id].Recent}
	}
	return all, nil
}

// SavePaces writes pace rows.
func (tx *Tx) SavePaces(rows []Pace) error {
	for len(rows) > 0 {
		some := rows[:min(len(rows), rowsPerStatement)]
		rows = rows[len(some):]
		if err := put(tx, some, "recent"); err != nil {
			return fmt.Errorf("save paces: %w", err)
		}
	}
	return nil
}
