package store

import (
	"database/sql"
	"fmt"
)

// MemberGroup is present members for whom superiors and heads are the same: of
// one main department, under one 直接上级, and heading the department or not.
type MemberGroup struct {
	Department int64
	Leader     string // userid of the 直接上级; "" without one
	Heads      bool   // they are 部门主管 of their main department
	Members    int
	One        int64 // one of them
}

// MemberGroups answers a page of the groups of all present members, behind the
// last one of the page before (nil: from the start), at most limit.
func (r *Reader) MemberGroups(after *MemberGroup, limit int) ([]MemberGroup, error) {
	where, args := "", []any{string(MemberLeft), string(MemberDisabled)}
	if after != nil {
		where = " AND (g.department > ? OR g.department = ? AND (g.leader > ? OR g.leader = ? AND g.heads > ?))"
		args = append(args, after.Department, after.Department, after.Leader, after.Leader, after.Heads)
	}
	var all []MemberGroup
	err := r.each("SELECT g.department, g.leader, g.heads, COUNT(*), MIN(g.id) FROM (SELECT m.id AS id, m.main_department AS department, "+
		"m.leader_userid AS leader, COALESCE(s.is_leader, ?) AS heads FROM members m LEFT JOIN memberships s ON s.member_id = m.id AND "+
		"s.department_id = m.main_department WHERE m.status <> ? AND m.status <> ?) g WHERE 1 = 1"+where+
		" GROUP BY g.department, g.leader, g.heads ORDER BY g.department, g.leader, g.heads"+first(limit), append([]any{false}, args...),
		func(rows *sql.Rows) error {
			var g MemberGroup
			err := rows.Scan(&g.Department, &g.Leader, &g.Heads, &g.Members, &g.One)
			all = append(all, g)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("groups of members: %w", err)
	}
	return all, nil
}
