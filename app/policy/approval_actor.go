package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ApprovalActor says who acts at a node or is informed: the word of the
// rulebook (直接上级, 部门负责人:2, 岗位:财务部/财务经理, HR), and what it means
// to people.Resolve.
type ApprovalActor struct {
	Word string `json:"word"`
	Who  string `json:"whom"` // superior, head, head^2, supervisor, post:…, role:…, department:…, user:…, field:…
}

// Whom is the actor for people.Resolve. In a template "field:审批人" stands for
// whom the applicant chooses; in a plan it is replaced by what the form says.
func (a ApprovalActor) Whom() string { return a.Who }

// Field is the field that names the actor; "" if none does.
func (a ApprovalActor) Field() string {
	name, ok := strings.CutPrefix(a.Who, "field:")
	if !ok {
		return ""
	}
	return name
}

func (a ApprovalActor) String() string { return a.Word }

// chosen is the actor with the form's choice in place of the field: the people
// named, or whoever heads the department named.
func (a ApprovalActor) chosen(f Form) (ApprovalActor, error) {
	name := a.Field()
	if name == "" {
		return a, nil
	}
	v := f[name]
	switch {
	case len(v.Members) > 0:
		ids := make([]string, len(v.Members))
		for i, id := range v.Members {
			ids[i] = strconv.FormatInt(id, 10)
		}
		a.Who = "members:" + strings.Join(ids, ",")
	case len(v.Departments) > 0:
		a.Who = fmt.Sprintf("head:%d", v.Departments[0])
	default:
		return a, fmt.Errorf("field %s names nobody", name)
	}
	return a, nil
}

// The words of the guide that need no prefix.
const (
	headWord       = "部门负责人"
	topOfficeWord  = "总经理办公室"
	maxHeadLevel   = 9
	maxActors      = 10   // of one node
	rulePrefix     = "规则" // 规则:account.verify_by: whom another key names
	actorForms     = "直接上级, 部门负责人, 部门负责人:2, 分管领导, 岗位:…, 角色:…, 部门:…, 人员:…, 字段:…, or a word of approval.actors"
	userIDNotAllow = " \t\n,;:，；：|/"
)

// actorReader compiles the words for those who act.
type actorReader struct {
	k *checker
	e *Engine
}

// read compiles one word; aliases of approval.actors are followed once.
func (r actorReader) read(path, word string) (ApprovalActor, bool) {
	word = strings.TrimSpace(word)
	if word == "" {
		r.k.add(path, "must not be empty; use %s", actorForms)
		return ApprovalActor{}, false
	}
	meant := word
	if alias, ok := r.e.rules.Approval.Actors[word]; ok {
		meant = strings.TrimSpace(alias)
	}
	who, problem := r.whom(meant)
	if problem != "" {
		r.k.add(path, "%s", problem)
		return ApprovalActor{}, false
	}
	return ApprovalActor{Word: word, Who: who}, true
}

// all compiles a list of words, each of which may be there once.
func (r actorReader) all(path string, words []string) []ApprovalActor {
	if len(words) > maxActors {
		r.k.add(path, "must name at most %d", maxActors)
	}
	var found []ApprovalActor
	for i, word := range words {
		at := path
		if len(words) > 1 {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		a, ok := r.read(at, word)
		if !ok {
			continue
		}
		if slices.ContainsFunc(found, func(b ApprovalActor) bool { return b.Who == a.Who }) {
			r.k.add(at, "%s is named twice", word)
			continue
		}
		found = append(found, a)
	}
	return found
}

// aliases checks approval.actors itself.
func (r actorReader) aliases() {
	for _, name := range sorted(r.e.rules.Approval.Actors) {
		path, meant := "approval.actors."+name, strings.TrimSpace(r.e.rules.Approval.Actors[name])
		if _, chained := r.e.rules.Approval.Actors[meant]; chained {
			r.k.add(path, "must name people, not the word %s of this list", meant)
			continue
		}
		if _, problem := r.whom(meant); problem != "" {
			r.k.add(path, "%s", problem)
		}
	}
}

// whom turns a word into what people.Resolve reads; problem is why it cannot.
func (r actorReader) whom(word string) (whom, problem string) {
	kind, name, prefixed := strings.Cut(strings.ReplaceAll(word, "：", ":"), ":")
	kind, name = strings.TrimSpace(kind), strings.TrimSpace(name)
	if prefixed && name == "" {
		return "", fmt.Sprintf("%q names nobody after the colon", word)
	}
	if !prefixed {
		return r.plain(word)
	}
	switch kind {
	case headWord, "部门主管":
		n, err := strconv.Atoi(name)
		if err != nil || n < 1 || n > maxHeadLevel {
			return "", fmt.Sprintf("the level of %s must be 1..%d, as in %s:2", kind, maxHeadLevel, headWord)
		}
		if n == 1 {
			return "head", ""
		}
		return fmt.Sprintf("head^%d", n), ""
	case "岗位":
		return r.post(name)
	case "角色":
		return r.role(name)
	case "部门":
		return "department:" + name, ""
	case "人员":
		if strings.ContainsAny(name, userIDNotAllow) || len(name) > 64 {
			return "", fmt.Sprintf("人员 must be one userid, not %q", name)
		}
		return "user:" + name, ""
	case "字段":
		return "field:" + name, ""
	case rulePrefix:
		return r.rule(name)
	}
	return "", fmt.Sprintf("unknown actor %q; use %s", word, actorForms)
}

// plain is a word without a prefix.
func (r actorReader) plain(word string) (whom, problem string) {
	switch word {
	case "直接上级":
		return "superior", ""
	case headWord, "部门主管":
		return "head", ""
	case "分管领导":
		return "supervisor", ""
	}
	if r.knownDepartment(word) {
		return "department:" + word, ""
	}
	if _, known := r.e.rules.Posts[word]; known {
		return "post:" + word, ""
	}
	if info, known := r.e.RoleNamed(word); known && info.Kind != Base {
		return "role:" + string(info.Role), ""
	}
	return "", fmt.Sprintf("unknown actor %q; use %s", word, actorForms)
}

func (r actorReader) knownDepartment(name string) bool {
	rules := &r.e.rules
	_, mapped := rules.Departments[name]
	_, alias := rules.DepartmentAliases[name]
	return mapped || alias || slices.Contains(rules.DepartmentsNeeded, name) || name == rules.Route.TopFallback
}

func (r actorReader) post(name string) (whom, problem string) {
	place, post, placed := strings.Cut(name, "/")
	if !placed {
		place, post = "", name
	}
	if placed && strings.TrimSpace(place) == "" {
		return "", fmt.Sprintf("must name a department before the slash in 岗位:%s", name)
	}
	if _, known := r.e.rules.Posts[post]; !known {
		return "", fmt.Sprintf("unknown post %q; the posts are those of posts: %s", post, someOf(sorted(r.e.rules.Posts)))
	}
	return "post:" + name, ""
}

func (r actorReader) role(name string) (whom, problem string) {
	role, object, _ := strings.Cut(name, "/")
	info, known := r.e.RoleNamed(role)
	switch {
	case !known:
		return "", fmt.Sprintf("unknown role %q; use a role of permission.roles or its Chinese name", role)
	case info.Kind == Base:
		return "", fmt.Sprintf("everybody is %s", info.Title)
	case object != "":
		return "role:" + string(info.Role) + "/" + object, ""
	}
	return "role:" + string(info.Role), ""
}

// rule is whom another key of the rulebook names.
func (r actorReader) rule(key string) (whom, problem string) {
	if key == "ruleset.approver" {
		return "department:" + r.e.rules.Ruleset.Approver, ""
	}
	whoms := map[string]string{
		"account.verify_by": r.e.rules.Account.VerifyBy, "account.open_by": r.e.rules.Account.OpenBy,
		"account.admin_by": r.e.rules.Account.AdminBy, "permission.confirm_by": r.e.rules.Permission.ConfirmBy,
		"permission.security_by": r.e.rules.Permission.SecurityBy, "duty.vacancy_by": r.e.rules.Duty.VacancyBy,
	}
	whom, known := whoms[key]
	if !known {
		return "", fmt.Sprintf("%s names no people; use one of %s", key, strings.Join(append(sorted(whoms), "ruleset.approver"), ", "))
	}
	return whom, "" // that key is checked where it stands
}

// someOf lists a few names for a message.
func someOf(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
