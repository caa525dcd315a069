package sandbox

import (
	"encoding/base64"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// The read side of the directory (api.md 4). An app sees what is inside its
// range; the contact-sync assistant reads ids only and gets 48009 for details.

// details refuses the assistant, and locks for the rest. A nil refusal means mu is
// held and v is the caller's range.
func (k *call) details() (v visibility, failed *apiError) {
	if k.app == nil {
		return v, fail(48009, "")
	}
	k.p.mu.Lock()
	return k.p.st.Company.visible(k.app.App), nil
}

// memberView is the member object of api.md 4.3 as the app may see it.
func (p *Platform) memberView(m *Member, v visibility, privacy bool) gin.H {
	departments, order, leader := []int{}, []int64{}, []int{}
	for i, d := range m.Departments {
		if !v.depts[d] {
			continue
		}
		departments, order, leader = append(departments, d), append(order, at(m.Order, i)), append(leader, at(m.IsLeader, i))
	}
	superiors := []string{}
	for _, u := range m.DirectLeader {
		if v.sees(p.st.Company.member(u)) {
			superiors = append(superiors, u)
		}
	}
	out := gin.H{"userid": m.UserID, "name": m.Name, "department": departments, "order": order, "position": m.Position,
		"gender": "0", "is_leader_in_dept": leader, "direct_leader": superiors, "telephone": m.Telephone, "alias": m.Alias,
		"extattr": gin.H{"attrs": extAttrs(m)}, "status": m.Status, "external_position": "",
		"external_profile": gin.H{"external_corp_name": "", "external_attr": []any{}}}
	if v.depts[m.MainDepartment] {
		out["main_department"] = m.MainDepartment
	}
	if privacy {
		out["gender"], out["mobile"], out["email"], out["biz_mail"] = strconv.Itoa(m.Gender), m.Mobile, m.Email, m.BizMail
		out["avatar"], out["address"], out["qr_code"] = m.Avatar, m.Address, ""
	}
	return out
}

func at[T any](list []T, i int) (zero T) {
	if i < len(list) {
		return list[i]
	}
	return zero
}

func extAttrs(m *Member) []gin.H {
	out := []gin.H{}
	for _, a := range m.ExtAttr {
		if a.Type == 1 {
			out = append(out, gin.H{"type": 1, "name": a.Name, "web": gin.H{"url": a.URL, "title": a.Title}})
		} else {
			out = append(out, gin.H{"type": 0, "name": a.Name, "text": gin.H{"value": a.Value}})
		}
	}
	return out
}

func userGet(k *call) (gin.H, *apiError) {
	v, failed := k.details()
	if failed != nil {
		return nil, failed
	}
	defer k.p.mu.Unlock()
	id := k.query.Get("userid")
	if id == "" {
		return nil, fail(41009, "")
	}
	m := k.p.st.Company.member(id)
	switch {
	case m == nil:
		return nil, fail(60111, "")
	case !v.sees(m):
		return nil, fail(60011, "")
	}
	return k.p.memberView(m, v, k.app.App.Privacy), nil
}

// department reads and checks the department_id (or id) parameter.
func (k *call) department(name string, v visibility) (int, *apiError) {
	id, err := strconv.Atoi(k.query.Get(name))
	switch {
	case k.query.Get(name) == "":
		return 0, fail(40058, name+" missing")
	case err != nil || id <= 0:
		return 0, fail(60123, "")
	case k.p.st.Company.Departments[id] == nil:
		return 0, fail(60003, "")
	case !v.depts[id]:
		return 0, fail(60011, "")
	}
	return id, nil
}

func (k *call) direct(row func(*Member, visibility) gin.H) (gin.H, *apiError) {
	v, failed := k.details()
	if failed != nil {
		return nil, failed
	}
	defer k.p.mu.Unlock()
	id, failed := k.department("department_id", v)
	if failed != nil {
		return nil, failed
	}
	list := []gin.H{}
	for _, m := range k.p.st.Company.direct(id) {
		list = append(list, row(m, v))
	}
	return gin.H{"userlist": list}, nil
}

func userList(k *call) (gin.H, *apiError) {
	return k.direct(func(m *Member, v visibility) gin.H { return k.p.memberView(m, v, k.app.App.Privacy) })
}

func userSimpleList(k *call) (gin.H, *apiError) {
	return k.direct(func(m *Member, v visibility) gin.H {
		full := k.p.memberView(m, v, false)
		return gin.H{"userid": m.UserID, "name": m.Name, "department": full["department"]}
	})
}

// userListID is POST user/list_id: every membership, paged, for the assistant only.
func userListID(k *call) (gin.H, *apiError) {
	var in struct {
		Cursor string `json:"cursor"`
		Limit  *int   `json:"limit"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	limit := 10000
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > 10000 {
		return nil, fail(40058, "limit must be within 1 and 10000")
	}
	from, ok := decodeCursor(in.Cursor)
	if !ok {
		return nil, fail(60268, "")
	}
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	rows := []gin.H{}
	ids := make([]string, 0, len(k.p.st.Company.Members))
	for id := range k.p.st.Company.Members {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		m := k.p.st.Company.Members[id]
		for _, d := range m.Departments {
			rows = append(rows, gin.H{"userid": m.UserID, "department": d})
		}
	}
	if from > len(rows) {
		return nil, fail(60268, "")
	}
	end, next := min(from+limit, len(rows)), ""
	if end < len(rows) {
		next = encodeCursor(end)
	}
	return gin.H{"next_cursor": next, "dept_user": rows[from:end]}, nil
}

func encodeCursor(n int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("cursor " + strconv.Itoa(n)))
}

func decodeCursor(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	text, found := strings.CutPrefix(string(raw), "cursor ")
	n, nerr := strconv.Atoi(text)
	return n, err == nil && found && nerr == nil && n >= 0
}

// finder answers the two searches by personal data. Their documented guard (misses
// above a fifth of the account cap block for a day) is kept.
func (k *call) finder(match func(*Member) bool, miss int) (gin.H, *apiError) {
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	v := k.p.st.Company.visible(k.app.App)
	for _, m := range k.p.st.Company.members() {
		if match(m) && v.sees(m) {
			return gin.H{"userid": m.UserID}, nil
		}
	}
	if !k.p.rates.take("find "+k.name, 1, 24*time.Hour, max(1, k.p.opts.AccountCap/5), k.now) {
		return nil, fail(45009, "")
	}
	return nil, fail(miss, "not found")
}

func userByMobile(k *call) (gin.H, *apiError) {
	var in struct {
		Mobile string `json:"mobile"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if len(in.Mobile) < 5 || len(in.Mobile) > 32 {
		return nil, fail(40058, "mobile needs 5 to 32 bytes")
	}
	return k.finder(func(m *Member) bool { return m.Mobile == in.Mobile }, 46004)
}

func userByEmail(k *call) (gin.H, *apiError) {
	var in struct {
		Email string `json:"email"`
		Type  int    `json:"email_type"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if in.Email == "" || in.Type < 0 || in.Type > 2 {
		return nil, fail(40058, "email missing or email_type not 1 or 2")
	}
	return k.finder(func(m *Member) bool {
		if in.Type == 2 {
			return m.Email == in.Email
		}
		return m.BizMail == in.Email
	}, 46004)
}

// departments lists ids below the optional parameter id that the caller may see.
func (k *call) departments(v visibility) ([]*Department, *apiError) {
	all := k.p.st.Company.Departments
	under := map[int]bool{}
	for id := range all {
		under[id] = true
	}
	if k.query.Get("id") != "" {
		id, failed := k.department("id", v)
		if failed != nil {
			return nil, failed
		}
		under = k.p.st.Company.subtree(id)
	}
	out := []*Department{}
	for _, id := range k.p.st.Company.departmentIDs() {
		if under[id] && v.depts[id] {
			out = append(out, all[id])
		}
	}
	return out, nil
}

func (k *call) departmentView(d *Department, v visibility) gin.H {
	heads := []string{}
	for _, u := range k.p.st.Company.leaders(d.ID) {
		if v.sees(k.p.st.Company.member(u)) {
			heads = append(heads, u)
		}
	}
	return gin.H{"id": d.ID, "name": d.Name, "name_en": d.NameEn, "department_leader": heads, "parentid": d.ParentID, "order": d.Order}
}

func departmentList(k *call) (gin.H, *apiError) {
	v, failed := k.details()
	if failed != nil {
		return nil, failed
	}
	defer k.p.mu.Unlock()
	found, failed := k.departments(v)
	if failed != nil {
		return nil, failed
	}
	list := []gin.H{}
	for _, d := range found {
		list = append(list, k.departmentView(d, v))
	}
	return gin.H{"department": list}, nil
}

// departmentSimpleList is open to the assistant, who sees everything.
func departmentSimpleList(k *call) (gin.H, *apiError) {
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	everyone := App{}
	if k.app != nil {
		everyone = k.app.App
	}
	found, failed := k.departments(k.p.st.Company.visible(everyone))
	if failed != nil {
		return nil, failed
	}
	list := []gin.H{}
	for _, d := range found {
		list = append(list, gin.H{"id": d.ID, "parentid": d.ParentID, "order": d.Order})
	}
	return gin.H{"department_id": list}, nil
}

func departmentGet(k *call) (gin.H, *apiError) {
	v, failed := k.details()
	if failed != nil {
		return nil, failed
	}
	defer k.p.mu.Unlock()
	id, failed := k.department("id", v)
	if failed != nil {
		return nil, failed
	}
	return gin.H{"department": k.departmentView(k.p.st.Company.Departments[id], v)}, nil
}

func tagList(k *call) (gin.H, *apiError) {
	v, failed := k.details()
	if failed != nil {
		return nil, failed
	}
	defer k.p.mu.Unlock()
	list := []gin.H{}
	for _, id := range sortedKeys(k.p.st.Company.Tags) {
		if v.tags[id] {
			list = append(list, gin.H{"tagid": id, "tagname": k.p.st.Company.Tags[id].Name})
		}
	}
	return gin.H{"taglist": list}, nil
}

func tagGet(k *call) (gin.H, *apiError) {
	v, failed := k.details()
	if failed != nil {
		return nil, failed
	}
	defer k.p.mu.Unlock()
	raw := k.query.Get("tagid")
	id, err := strconv.Atoi(raw)
	tag := k.p.st.Company.Tags[id]
	switch {
	case raw == "":
		return nil, fail(41017, "")
	case err != nil || tag == nil:
		return nil, fail(40068, "invalid tagid")
	case !v.tags[id]:
		return nil, fail(81011, "no privilege on the tag")
	}
	users := []gin.H{}
	for _, u := range tag.Users {
		if m := k.p.st.Company.member(u); v.sees(m) {
			users = append(users, gin.H{"userid": m.UserID, "name": m.Name})
		}
	}
	return gin.H{"tagname": tag.Name, "userlist": users, "partylist": notNil(tag.Parties)}, nil
}
