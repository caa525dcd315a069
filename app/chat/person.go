package chat

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"guiju/app/chat/words"
	"guiju/store"
)

// Directory finds the people and departments a member writes about.
type Directory interface {
	// Members finds everybody whose name or userid is word, compared by
	// store.Fold, those who have left included, at most limit, in a stable
	// order.
	Members(r *store.Reader, word string, limit int) ([]store.Member, error)
	// Departments finds the present departments whose name is word, compared
	// by store.Fold.
	Departments(r *store.Reader, word string, limit int) ([]store.Department, error)
	// Label tells namesakes apart: "赵六（销售部）".
	Label(r *store.Reader, m store.Member) (string, error)
}

// chosen marks the internal id of somebody chosen from a list; members cannot
// write it, clean takes it away.
const chosen = "\x01"

// maxNames is the most names one argument may list.
const maxNames = 100

var everybody = []string{"全体", "所有人", "全员", "全体成员", "全公司", "all"}

// people resolves the names of a Person or an Audience.
func (t *turn) people(arg *Arg, said string) (Value, *problem, error) {
	v := Value{Text: said}
	names := strings.FieldsFunc(said, func(r rune) bool { return strings.ContainsRune("、，,;；", r) })
	if arg.Kind == Person && !arg.Many && len(names) > 1 {
		return v, wrong(arg, Refused{Reason: fmt.Sprintf("「%s」只能写一位", arg.Name), Instead: "只写一个姓名或账号"}), nil
	}
	if len(names) > maxNames {
		return v, wrong(arg, Refused{Reason: fmt.Sprintf("一次最多写 %d 个姓名", maxNames), Instead: "写部门名称，或分几次发"}), nil
	}
	if len(names) == 0 {
		return v, unknownName(arg, said), nil
	}
	for i, name := range names {
		name = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(name), "@"), "＠")
		if arg.Kind == Audience && slices.Contains(everybody, words.Fold(name)) {
			v.All = true
			continue
		}
		found, department, err := t.named(arg, name)
		if err != nil {
			return v, nil, err
		}
		switch {
		case department != nil:
			v.Departments = append(v.Departments, *department)
		case len(found) == 0:
			return v, unknownName(arg, name), nil
		case len(found) > 1:
			p, err := t.namesakes(arg, name, found, names, i)
			return v, p, err
		case !found[0].Present():
			return v, wrong(arg, Refused{Reason: fmt.Sprintf("%s%s", found[0].Name, absence(found[0])), Instead: "换一位在职的同事"}), nil
		case !slices.ContainsFunc(v.People, func(m store.Member) bool { return m.ID == found[0].ID }):
			v.People = append(v.People, found[0])
		}
	}
	return v, nil, nil
}

// departments resolves the names of a Department argument.
func (t *turn) departments(arg *Arg, said string) (Value, *problem, error) {
	v := Value{Text: said}
	names := strings.FieldsFunc(said, func(r rune) bool { return strings.ContainsRune("、，,;；", r) })
	switch {
	case len(names) == 0:
		return v, unknownName(arg, said), nil
	case !arg.Many && len(names) > 1:
		return v, wrong(arg, Refused{Reason: fmt.Sprintf("「%s」只能写一个部门", arg.Name), Instead: "只写一个部门的名称"}), nil
	case len(names) > maxNames:
		return v, wrong(arg, Refused{Reason: fmt.Sprintf("一次最多写 %d 个部门", maxNames), Instead: "分几次发"}), nil
	}
	for i, name := range names {
		found, err := t.departmentsNamed(strings.TrimSpace(name))
		if err != nil {
			return v, nil, err
		}
		switch {
		case len(found) == 0:
			return v, unknownName(arg, name), nil
		case len(found) > 1:
			p, err := t.sameDepartments(arg, name, found, names, i)
			return v, p, err
		case !slices.ContainsFunc(v.Departments, func(d store.Department) bool { return d.ID == found[0].ID }):
			v.Departments = append(v.Departments, found[0])
		}
	}
	return v, nil, nil
}

// departmentsNamed finds the departments a name, or a choice, means.
func (t *turn) departmentsNamed(name string) ([]store.Department, error) {
	if id, ok := strings.CutPrefix(name, chosen); ok {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("chosen department %q: %w", id, err)
		}
		d, err := t.tx.Department(n)
		if errors.Is(err, store.ErrNotFound) || err == nil && d.Gone {
			return nil, nil
		}
		return []store.Department{d}, err
	}
	found, err := t.e.o.Directory.Departments(&t.tx.Reader, name, maxOptions+1)
	if err != nil {
		return nil, fmt.Errorf("department %q: %w", clip(name, 20), err)
	}
	return found, nil
}

// sameDepartments asks which of the departments of one name is meant, by what
// they belong to.
func (t *turn) sameDepartments(arg *Arg, name string, found []store.Department, names []string, at int) (*problem, error) {
	p := &problem{arg: arg, title: fmt.Sprintf("叫「%s」的部门不止一个，请选一个", clip(name, 20)), more: len(found) > maxOptions}
	for _, d := range found[:min(maxOptions, len(found))] {
		label := d.Name
		above, err := t.tx.Department(d.ParentID)
		switch {
		case err == nil:
			label += "（属于" + above.Name + "）"
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
		all := slices.Clone(names)
		all[at] = chosen + strconv.FormatInt(d.ID, 10)
		p.options = append(p.options, option{Label: label, Words: strings.Join(all, "、")})
	}
	return p, nil
}

// named finds who or what a name means. Present people hide those who left.
func (t *turn) named(arg *Arg, name string) ([]store.Member, *store.Department, error) {
	if id, ok := strings.CutPrefix(name, chosen); ok {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, nil, fmt.Errorf("chosen member %q: %w", id, err)
		}
		m, err := t.tx.Member(n)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil, nil
		}
		return []store.Member{m}, nil, err
	}
	if arg.Kind == Audience {
		departments, err := t.e.o.Directory.Departments(&t.tx.Reader, name, 2)
		if err != nil {
			return nil, nil, fmt.Errorf("department %q: %w", clip(name, 20), err)
		}
		if len(departments) > 0 {
			return nil, &departments[0], nil
		}
	}
	found, err := t.e.o.Directory.Members(&t.tx.Reader, name, maxOptions+1)
	if err != nil {
		return nil, nil, fmt.Errorf("member %q: %w", clip(name, 20), err)
	}
	present := slices.DeleteFunc(slices.Clone(found), func(m store.Member) bool { return !m.Present() })
	if len(present) > 0 {
		found = present
	} else if len(found) > 1 {
		found = found[:1] // all have left: one is reason enough
	}
	return found, nil, nil
}

func (t *turn) namesakes(arg *Arg, name string, found []store.Member, names []string, at int) (*problem, error) {
	p := &problem{arg: arg, title: fmt.Sprintf("「%s」有 %d 位，请选一位", clip(name, 20), len(found)), more: len(found) > maxOptions}
	if p.more {
		p.title = fmt.Sprintf("「%s」有很多位，请选一位", clip(name, 20))
	}
	for _, m := range found[:min(maxOptions, len(found))] {
		label, err := t.e.o.Directory.Label(&t.tx.Reader, m)
		if err != nil {
			return nil, fmt.Errorf("label of member %d: %w", m.ID, err)
		}
		all := slices.Clone(names)
		all[at] = chosen + strconv.FormatInt(m.ID, 10)
		p.options = append(p.options, option{Label: label, Words: strings.Join(all, "、"), Same: m.UserID})
	}
	return p, nil
}

func unknownName(arg *Arg, name string) *problem {
	what := "姓名或账号"
	if arg.Kind == Audience {
		what = "姓名、账号、部门名称或 @全体"
	}
	if arg.Kind == Department {
		what = "部门的完整名称"
	}
	return &problem{arg: arg, failed: true, reason: Incomplete{
		Field: arg.Name, Prompt: fmt.Sprintf("没有找到「%s」，请写%s", clip(name, 20), what),
	}.Error()}
}

func absence(m store.Member) string {
	if m.Status == store.MemberDisabled {
		return "的账号已停用"
	}
	return "已离职"
}
