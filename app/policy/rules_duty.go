package policy

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// DutyRules say what departments answer for and how much each counts.
type DutyRules struct {
	Weights       map[string]float64 `yaml:"weights"`        // importance of departments, F-12
	Departments   map[string]string  `yaml:"departments"`    // name used by the guide → main duty, G1-4.2(1)
	Communication map[string]string  `yaml:"communication"`  // 职位 → 沟通责任, G1-4.1(5)
	UnsetWorkdays int                `yaml:"unset_workdays"` // for 人事部 to describe a member's post, G1-2.2a
	VacancyBy     string             `yaml:"vacancy_by"`     // as people.Whom: who is asked to fill a post nobody holds, G1-4.2.2(3)
}

// The positions of the table of G1-4.1(5), in its order: the keys of
// duty.communication.
const (
	DutyInitiator = "沟通发起人"
	DutyReviewer  = "沟通审核人"
	DutyReceiver  = "接收方"
	DutyPlatform  = "后台管理员"
)

// CommunicationPositions are these positions in the guide's order.
func CommunicationPositions() []string {
	return []string{DutyInitiator, DutyReviewer, DutyReceiver, DutyPlatform}
}

// PostRules are the posts of the company by name.
type PostRules map[string]PostRule

// PostRule is one post (岗位) with its 岗位职责说明书 (G1-4.2.2(3)).
type PostRule struct {
	Duty       string   `yaml:"duty"`
	Nodes      []string `yaml:"nodes"`      // 相关流程节点
	Authority  []string `yaml:"authority"`  // 权限范围
	Department string   `yaml:"department"` // name used by the guide; "" is not bound to one
	Contact    string   `yaml:"contact"`    // how to reach its holder; "" is by a message to him
	Roles      []string `yaml:"roles"`      // of its holders: 审计人员, or 审批人员A:P-02 for one process
	Holders    []string `yaml:"holders"`    // userids, besides those whose position in WeCom it is
}

// PostInfo is a post with its name.
type PostInfo struct {
	Name string
	PostRule
}

// Post answers the post of this name, whatever its case and width.
func (e *Engine) Post(name string) (PostInfo, bool) {
	if rule, ok := e.rules.Posts[name]; ok {
		return PostInfo{name, rule}, true
	}
	for _, known := range slices.Sorted(maps.Keys(e.rules.Posts)) {
		if fold(known) == fold(name) {
			return PostInfo{known, e.rules.Posts[known]}, true
		}
	}
	return PostInfo{Name: name}, false
}

// PostsHeldBy answers the posts whose holders name userid, by name.
func (e *Engine) PostsHeldBy(userid string) []PostInfo {
	var held []PostInfo
	for _, name := range slices.Sorted(maps.Keys(e.rules.Posts)) {
		rule := e.rules.Posts[name]
		if slices.ContainsFunc(rule.Holders, func(h string) bool { return fold(h) == fold(userid) }) {
			held = append(held, PostInfo{name, rule})
		}
	}
	return held
}

// duties checks what departments and posts answer for.
func (k *checker) duties(r *Rules) {
	k.weights("duty.weights", r.Duty.Weights)
	for _, name := range sorted(r.Duty.Departments) {
		k.filled("duty.departments."+name, r.Duty.Departments[name])
	}
	for _, position := range sorted(r.Duty.Communication) {
		path := "duty.communication." + position
		k.filled(path, r.Duty.Communication[position])
		if !slices.Contains(CommunicationPositions(), position) {
			k.add(path, "must be one of %s", strings.Join(CommunicationPositions(), ", "))
		}
	}
	k.within("duty.unset_workdays", r.Duty.UnsetWorkdays, 1, 60)
	k.whom("duty.vacancy_by", r.Duty.VacancyBy)
	seen := map[string]string{}
	for _, name := range sorted(r.Posts) {
		path := "posts." + name
		post := r.Posts[name]
		switch other, twice := seen[fold(name)]; {
		case strings.TrimSpace(name) == "" || strings.ContainsAny(name, "/、，,:：|"):
			k.add(path, "must be a name without / 、 , : |")
		case len([]rune(name)) > MaxPostName:
			k.add(path, "must have at most %d characters", MaxPostName)
		case twice:
			k.add(path, "is the same post as %s", other)
		}
		seen[fold(name)] = name
		k.once(path+".nodes", post.Nodes)
		k.once(path+".authority", post.Authority)
		k.once(path+".roles", post.Roles)
		k.once(path+".holders", post.Holders)
	}
}

// postRoles turns the roles of posts into rules of permission.assign.
func (k *checker) postRoles(e *Engine) []assignRule {
	var all []assignRule
	for _, name := range sorted(e.rules.Posts) {
		for i, text := range e.rules.Posts[name].Roles {
			role, object, _ := strings.Cut(text, ":")
			path := "posts." + name + ".roles[" + strconv.Itoa(i) + "]"
			if compiled, ok := k.assign(path, AssignRule{Role: role, Post: name, Object: object}, e); ok {
				all = append(all, compiled)
			}
		}
	}
	return all
}

// MaxPostName is the most characters of a post's name.
const MaxPostName = 32

// once accepts a list of different non-empty texts.
func (k *checker) once(path string, list []string) {
	k.words(path, list)
	for i, w := range list {
		if slices.ContainsFunc(list[:i], func(before string) bool { return fold(before) == fold(w) }) {
			k.add(path+"["+strconv.Itoa(i)+"]", "%s is given twice", w)
		}
	}
}

// guideOrder sorts names of departments as the guide lists them in
// departments_required, others behind by name.
func (e *Engine) guideOrder(names []string) {
	place := func(name string) int {
		if i := slices.Index(e.rules.DepartmentsNeeded, name); i >= 0 {
			return i
		}
		return len(e.rules.DepartmentsNeeded)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
}
