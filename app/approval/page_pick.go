package approval

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"guiju/app/console"
	"guiju/app/policy"
	"guiju/store"
)

// Choosing colleagues and departments: a word is searched for, what is found is
// offered to be ticked, and what is ticked stays. Without JavaScript the form's
// own 查找 button does it; a name that is clear needs no search at all.

const (
	maxFound  = 20 // offered for one word
	maxChosen = 50
)

// peopleOptions are those chosen, and those whose names begin with the words.
func (p pages) peopleOptions(r *store.Reader, chosen []string, find string) ([]option, error) {
	ids := numbers(chosen)
	members, err := r.Members(ids[:min(len(ids), maxChosen)])
	if err != nil {
		return nil, err
	}
	found, err := r.MembersBeginning(find, maxFound)
	if err != nil {
		return nil, err
	}
	var all []option
	for i, m := range append(members, found...) {
		value := strconv.FormatInt(m.ID, 10)
		again := slices.ContainsFunc(all, func(o option) bool { return o.Value == value })
		if !m.Present() || again {
			continue
		}
		label, err := p.people.Label(r, m)
		if err != nil {
			return nil, err
		}
		all = append(all, option{Value: value, Label: label, Checked: i < len(members)})
	}
	return all, nil
}

// departmentOptions are those chosen, and those whose names hold the words.
func departmentOptions(r *store.Reader, chosen []string, find string) ([]option, error) {
	departments, err := r.Departments()
	if err != nil {
		return nil, err
	}
	ids := numbers(chosen)
	word := store.Fold(find)
	var all []option
	offered := 0
	for _, d := range departments {
		isChosen := slices.Contains(ids, d.ID)
		fits := word != "" && offered < maxFound && strings.Contains(store.Fold(d.Name), word)
		if !isChosen && !fits {
			continue
		}
		offered++
		all = append(all, option{Value: strconv.FormatInt(d.ID, 10), Label: d.Name, Checked: isChosen})
	}
	return all, nil
}

// decodePeople reads whom a field names: those ticked, and a name typed beside
// them if it is clear.
func (p pages) decodePeople(v *console.Visit, field policy.FormField, f filled) (value policy.FormValue, given bool, err error) {
	members, problem, err := p.chosenPeople(v.Reader, f.all(field.Key, ""), f.get(field.Key, ".find"))
	if err != nil {
		return value, false, err
	}
	if field.Type == policy.PersonField && len(members) > 1 {
		problem = field.Label + "只能选一位，请取消其他人"
	}
	if problem != "" {
		f.wrong(field.Key, problem)
		return value, false, nil
	}
	var names []string
	for _, m := range members {
		value.Members = append(value.Members, m.ID)
		names = append(names, m.Name)
	}
	value.Text = strings.Join(names, "、")
	return value, len(members) > 0, nil
}

// chosenPeople answers the members ticked and the one whose name was typed. A
// problem says why that name is not clear.
func (p pages) chosenPeople(r *store.Reader, ticked []string, typed string) (members []store.Member, problem string, err error) {
	ids := numbers(ticked)
	if len(ids) > maxChosen {
		return nil, fmt.Sprintf("一次最多选 %d 位", maxChosen), nil
	}
	all, err := r.Members(ids)
	if err != nil {
		return nil, "", err
	}
	for _, m := range all {
		if m.Present() {
			members = append(members, m)
		}
	}
	if typed == "" {
		return members, "", nil
	}
	var named []store.Member
	found, err := r.MembersNamed(typed, maxFound)
	if err != nil {
		return nil, "", err
	}
	for _, m := range found {
		if m.Present() {
			named = append(named, m)
		}
	}
	if len(named) == 0 {
		if named, err = r.MembersBeginning(typed, maxFound); err != nil {
			return nil, "", err
		}
	}
	isTicked := func(m store.Member) bool {
		return slices.ContainsFunc(members, func(t store.Member) bool { return t.ID == m.ID })
	}
	switch {
	case len(named) == 0:
		return members, "没有找到「" + oneLine(typed, 20) + "」，请核对姓名，或输入姓名的第一个字再查找", nil
	case slices.ContainsFunc(named, isTicked): // the search that was ticked from
		return members, "", nil
	case len(named) > 1:
		return members, fmt.Sprintf("「%s」有 %d 位，请在下面勾选", oneLine(typed, 20), len(named)), nil
	}
	return append(members, named[0]), "", nil
}

func (p pages) decodeDepartment(v *console.Visit, field policy.FormField, f filled) (value policy.FormValue, given bool, err error) {
	options, err := departmentOptions(v.Reader, f.all(field.Key, ""), f.get(field.Key, ".find"))
	if err != nil {
		return value, false, err
	}
	ticked := slices.DeleteFunc(slices.Clone(options), func(o option) bool { return !o.Checked })
	if find := f.get(field.Key, ".find"); len(ticked) == 0 && find != "" {
		switch exact := slices.DeleteFunc(slices.Clone(options), func(o option) bool { return store.Fold(o.Label) != store.Fold(find) }); {
		case len(exact) == 1:
			ticked = exact
		case len(options) == 1:
			ticked = options
		case len(options) == 0:
			f.wrong(field.Key, "没有找到「"+oneLine(find, 20)+"」，请核对部门名称")
		default:
			f.wrong(field.Key, "有几个部门符合，请在下面选一个")
		}
	}
	if len(ticked) > 1 {
		f.wrong(field.Key, field.Label+"只能选一个部门")
	}
	if len(ticked) != 1 {
		return value, false, nil
	}
	return policy.FormValue{Text: ticked[0].Label, Departments: numbers([]string{ticked[0].Value})}, true, nil
}

// pickData is what a search found.
type pickData struct {
	Name    string
	Many    bool
	Find    string
	Options []option
	Ask     string
	Act     string // what the people are chosen for
}

// ask is what a search as one types sends along, in JSON.
func ask(what, name string, many bool) string {
	values := map[string]string{"what": what, "name": name}
	if many {
		values["many"] = "1"
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return "{}" // texts can always be written
	}
	return string(raw)
}

// pick answers the options for a word, for the part of a form below its search.
func (p pages) pick(v *console.Visit) (console.View, error) {
	name := v.Query.Get("name")
	data := pickData{Name: name, Many: v.Query.Get("many") == "1", Find: strings.TrimSpace(v.Query.Get(name + ".find"))}
	chosen := v.Query[name]
	var err error
	if v.Query.Get("what") == "department" {
		data.Options, err = departmentOptions(v.Reader, chosen, data.Find)
	} else {
		data.Options, err = p.peopleOptions(v.Reader, chosen, data.Find)
	}
	return console.View{Template: "picking", Part: "picked", Data: data}, err
}
