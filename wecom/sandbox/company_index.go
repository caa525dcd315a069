package sandbox

import (
	"cmp"
	"fmt"
	"slices"
)

// companyIndex is what is derived from a Company, so that one of a hundred
// thousand members answers as fast as the platform does. Whoever edits the
// company says so: put, drop, reshaped.
type companyIndex struct {
	direct   map[int]map[string]*Member // department → its direct members by folded userid
	children map[int][]int
	ranges   map[string]visibility // what an app with this range sees
}

func (c *Company) indexed() *companyIndex {
	if c.index == nil {
		c.index = &companyIndex{direct: map[int]map[string]*Member{}}
		for _, m := range c.Members {
			c.index.place(m)
		}
	}
	return c.index
}

func (x *companyIndex) place(m *Member) {
	for _, d := range m.Departments {
		if x.direct[d] == nil {
			x.direct[d] = map[string]*Member{}
		}
		x.direct[d][fold(m.UserID)] = m
	}
}

// put adds a member, or one who was dropped for an edit.
func (c *Company) put(m *Member) {
	c.Members[fold(m.UserID)] = m
	if c.index != nil {
		c.index.place(m)
	}
}

// drop takes a member out, for good or for an edit.
func (c *Company) drop(m *Member) {
	delete(c.Members, fold(m.UserID))
	if c.index == nil {
		return
	}
	for _, d := range m.Departments {
		delete(c.index.direct[d], fold(m.UserID))
	}
}

// reshaped says that departments or tags have changed.
func (c *Company) reshaped() {
	if c.index != nil {
		c.index.children, c.index.ranges = nil, nil
	}
}

// direct lists the direct members of a department, in the order of members.
func (c *Company) direct(dept int) []*Member {
	of := c.indexed().direct[dept]
	out := make([]*Member, 0, len(of))
	for _, m := range of {
		out = append(out, m)
	}
	slices.SortFunc(out, byHome)
	return out
}

func byHome(a, b *Member) int {
	return cmp.Or(cmp.Compare(a.MainDepartment, b.MainDepartment), cmp.Compare(a.UserID, b.UserID))
}

// subtree is id and everything below it.
func (c *Company) subtree(id int) map[int]bool {
	out := map[int]bool{}
	if c.Departments[id] == nil {
		return out
	}
	x := c.indexed()
	if x.children == nil {
		x.children = make(map[int][]int, len(c.Departments))
		for _, d := range c.Departments {
			x.children[d.ParentID] = append(x.children[d.ParentID], d.ID)
		}
	}
	for queue := []int{id}; len(queue) > 0; queue = queue[1:] {
		if at := queue[0]; !out[at] {
			out[at] = true
			queue = append(queue, x.children[at]...)
		}
	}
	return out
}

// visible is an app's range; it is not to be changed.
func (c *Company) visible(a App) visibility {
	x := c.indexed()
	key := fmt.Sprint(a.VisibleUsers, a.VisibleParties, a.VisibleTags)
	v, known := x.ranges[key]
	if !known {
		v = c.rangeOf(a)
		if x.ranges == nil {
			x.ranges = map[string]visibility{}
		}
		x.ranges[key] = v
	}
	return v
}
