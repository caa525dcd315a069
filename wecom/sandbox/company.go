package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
)

// Company is the simulated directory. Members are keyed by folded userid.
type Company struct {
	Departments map[int]*Department `json:"departments"`
	Members     map[string]*Member  `json:"members"`
	Tags        map[int]*Tag        `json:"tags"`

	index *companyIndex // nil until it is needed
}

// Department is one department; 1 is the root, with ParentID 0.
type Department struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	NameEn   string `json:"name_en,omitempty"`
	ParentID int    `json:"parentid"`
	Order    int64  `json:"order"`
}

// Member is one member as the directory knows him. Departments, IsLeader and
// Order run in parallel.
type Member struct {
	UserID         string    `json:"userid"`
	Name           string    `json:"name"`
	Departments    []int     `json:"department"`
	IsLeader       []int     `json:"is_leader_in_dept"`
	Order          []int64   `json:"order"`
	MainDepartment int       `json:"main_department"`
	Position       string    `json:"position"`
	DirectLeader   []string  `json:"direct_leader"`
	Status         int       `json:"status"`
	Alias          string    `json:"alias,omitempty"`
	Telephone      string    `json:"telephone,omitempty"`
	Mobile         string    `json:"mobile,omitempty"`
	Gender         int       `json:"gender,omitempty"`
	Email          string    `json:"email,omitempty"`
	BizMail        string    `json:"biz_mail,omitempty"`
	Avatar         string    `json:"avatar,omitempty"`
	Address        string    `json:"address,omitempty"`
	ExtAttr        []ExtAttr `json:"extattr,omitempty"`
	RenamedOnce    bool      `json:"renamed_once,omitempty"`
}

// ExtAttr is one extended attribute: Type 0 text (Value) or 1 web (Title, URL).
type ExtAttr struct {
	Name  string `json:"name"`
	Type  int    `json:"type"`
	Value string `json:"value,omitempty"`
	Title string `json:"title,omitempty"`
	URL   string `json:"url,omitempty"`
}

// Tag is a label on members and departments.
type Tag struct {
	ID      int      `json:"tagid"`
	Name    string   `json:"tagname"`
	Users   []string `json:"users"`
	Parties []int    `json:"parties"`
}

// Member states (api.md 4.3).
const (
	statusActive   = 1
	statusDisabled = 2
	statusInactive = 4
	statusLeft     = 5
)

func (c *Company) clone() *Company {
	raw, err := json.Marshal(c)
	if err != nil { // plain data always encodes
		panic("sandbox: company: " + err.Error())
	}
	out := &Company{}
	if err := json.Unmarshal(raw, out); err != nil {
		panic("sandbox: company: " + err.Error())
	}
	makeMap(&out.Departments)
	makeMap(&out.Members)
	makeMap(&out.Tags)
	return out
}

// member finds a member by userid without regard to case.
func (c *Company) member(userid string) *Member { return c.Members[fold(userid)] }

// departmentIDs lists all department ids in growing order.
func (c *Company) departmentIDs() []int { return slices.Sorted(maps.Keys(c.Departments)) }

// members lists all members in the order of their departments and names' ids.
func (c *Company) members() []*Member {
	out := make([]*Member, 0, len(c.Members))
	for _, m := range c.Members {
		out = append(out, m)
	}
	slices.SortFunc(out, byHome)
	return out
}

// leaders lists the heads of a department.
func (c *Company) leaders(dept int) []string {
	out := []string{}
	for _, m := range c.direct(dept) {
		for i, d := range m.Departments {
			if d == dept && i < len(m.IsLeader) && m.IsLeader[i] == 1 {
				out = append(out, m.UserID)
			}
		}
	}
	return out
}

// in tells whether the member belongs to one of the departments.
func (m *Member) in(depts map[int]bool) bool {
	for _, d := range m.Departments {
		if depts[d] {
			return true
		}
	}
	return false
}

// visibility is what one app may see (可见范围).
type visibility struct {
	users map[string]bool // folded
	depts map[int]bool    // with all below
	tags  map[int]bool
}

// rangeOf computes an app's range; tags contribute their members and departments.
func (c *Company) rangeOf(a App) visibility {
	v := visibility{users: map[string]bool{}, depts: map[int]bool{}, tags: map[int]bool{}}
	parties := a.VisibleParties
	if len(a.VisibleUsers)+len(a.VisibleParties)+len(a.VisibleTags) == 0 {
		parties = []int{1}
	}
	for _, t := range a.VisibleTags {
		if tag := c.Tags[t]; tag != nil {
			v.tags[t] = true
			parties = append(slices.Clone(parties), tag.Parties...)
			for _, u := range tag.Users {
				v.users[fold(u)] = true
			}
		}
	}
	for _, p := range parties {
		maps.Copy(v.depts, c.subtree(p))
	}
	if v.depts[1] { // the whole company: every tag is usable
		for id := range c.Tags {
			v.tags[id] = true
		}
	}
	for _, u := range a.VisibleUsers {
		v.users[fold(u)] = true
	}
	return v
}

// sees tells whether a member is inside the range, whatever his status.
func (v visibility) sees(m *Member) bool {
	return m != nil && (v.users[fold(m.UserID)] || m.in(v.depts))
}

// reaches tells whether a message can be delivered to the member: inside the
// range and neither disabled nor gone.
func (v visibility) reaches(m *Member) bool {
	return v.sees(m) && (m.Status == statusActive || m.Status == statusInactive)
}
