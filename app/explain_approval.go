package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// BadQuestion is a question that cannot be answered as it was put.
type BadQuestion string

func (q BadQuestion) Error() string { return string(q) }

// Application is what guiju explain approval asks about.
type Application struct {
	Template string                   // key, title or command
	Values   []string                 // 字段:值
	By       policy.ApprovalApplicant // who applies
	At       time.Time
	// Who names the members who would act, for the one who applies; nil: only
	// the rules are asked.
	Who func(whom string) string
	// Whom fills in who is meant by the name in a field; nil: nobody is looked for.
	Whom func(f policy.FormField, v *policy.FormValue) error
}

// ExplainApproval says which way a form would go, by the rules alone or with the
// people who would act.
func ExplainApproval(e *policy.Engine, a Application) (string, error) {
	t, ok := e.ApprovalTemplateNamed(a.Template)
	if !ok {
		var known []string
		for _, t := range e.ApprovalTemplates() {
			known = append(known, t.Key+"（"+t.Title+"）")
		}
		return "", BadQuestion(fmt.Sprintf("没有审批模板 %q，可用的有：%s", a.Template, strings.Join(known, " ")))
	}
	form, err := readForm(e, t, a)
	if err != nil {
		return "", err
	}
	form = t.Complete(form, e.Calendar())
	plan, err := t.Plan(form, a.By)
	if err != nil {
		return "", fmt.Errorf("explain approval: %w", err)
	}
	var b strings.Builder
	version(&b, e)
	fmt.Fprintf(&b, "模板：%s（%s）%s%s\n", t.Title, t.Key, t.Version, standing(e, t, a))
	writeForm(&b, t, form, a.At.In(e.Calendar().Location()))
	section(&b, "路线", e.ExplainApproval(t, plan))
	for i, n := range plan.Nodes {
		fmt.Fprintf(&b, "%d. %s\n", i+1, nodeLine(n, a.Who))
	}
	for _, actor := range plan.CC {
		fmt.Fprintf(&b, "抄送：%s\n", actorLine(actor, a.Who))
	}
	return b.String(), nil
}

// readForm reads 字段:值. A field that names who acts is filled in where nothing
// is said, or no route could be shown.
func readForm(e *policy.Engine, t *policy.ApprovalTemplate, a Application) (policy.Form, error) {
	form := policy.Form{}
	for _, pair := range a.Values {
		name, text, ok := strings.Cut(strings.ReplaceAll(pair, "：", ":"), ":")
		field, known := t.Field(name)
		if !ok || !known {
			var names []string
			for _, f := range t.Fields {
				names = append(names, f.Key)
			}
			return nil, BadQuestion(fmt.Sprintf("请写成 字段:值，%q 不是。「%s」的字段有：%s", pair, t.Title, strings.Join(names, " ")))
		}
		v, err := field.Read(text, e.Calendar().Location())
		if err != nil {
			return nil, BadQuestion(err.Error())
		}
		if a.Whom != nil {
			if err := a.Whom(field, &v); err != nil {
				return nil, err
			}
		}
		form[field.Key] = v
	}
	for _, f := range t.Fields {
		v := form[f.Key]
		switch { // 0 is nobody in particular
		case f.Required && f.Type == policy.DepartmentField && len(v.Departments) == 0:
			v.Departments = []int64{0}
		case f.Required && (f.Type == policy.PersonField || f.Type == policy.PeopleField) && len(v.Members) == 0:
			v.Members = []int64{0}
		default:
			continue
		}
		form[f.Key] = v
	}
	return form, nil
}

// standing says from when and for whom a template is.
func standing(e *policy.Engine, t *policy.ApprovalTemplate, a Application) string {
	var words []string
	if !t.Effective.IsZero() {
		words = append(words, "自 "+t.Effective.In(e.Calendar().Location()).Format("2006-01-02")+" 起生效")
	}
	if t.Engine == policy.EngineNative {
		words = append(words, "在企业微信「审批」中办理")
	}
	if t.Sensitive {
		words = append(words, "仅相关人员可见")
	}
	if why, ok := t.MayStart(a.By); !ok {
		words = append(words, why)
	}
	if len(words) == 0 {
		return ""
	}
	return "，" + strings.Join(words, "；")
}

func writeForm(b *strings.Builder, t *policy.ApprovalTemplate, form policy.Form, at time.Time) {
	for _, f := range t.Fields {
		if v, given := form[f.Key]; given && f.Show(v) != "" {
			fmt.Fprintf(b, "%s：%s\n", f.Label, f.Show(v))
		}
	}
	var missing []string
	for _, p := range t.CheckForm(form, at) {
		if p.Missing {
			missing = append(missing, p.Field.Label)
		} else {
			fmt.Fprintf(b, "提示：%s\n", p.Text)
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(b, "未填写，按空值计算：%s\n", strings.Join(missing, "、"))
	}
}

func nodeLine(n policy.ApprovalNode, who func(string) string) string {
	var actors []string
	for _, a := range n.Actors {
		actors = append(actors, actorLine(a, who))
	}
	details := []string{"时限 " + n.Limit.Words()}
	if kind := n.KindWords(); kind != "" {
		details = append(details, kind)
	}
	if n.Command != "" {
		details = append(details, "办结指令 "+n.Command)
	}
	if n.Authority != "" {
		details = append(details, "权限范围 "+n.Authority)
	}
	return fmt.Sprintf("%s（%s）：%s；%s", n.Title(), n.Key, strings.Join(actors, "、"), strings.Join(details, "，"))
}

// actorLine is the word of the rulebook and, if somebody can tell, who that is.
// Whom a field names without saying whom stays a word.
func actorLine(a policy.ApprovalActor, who func(string) string) string {
	if who == nil || a.Whom() == "members:0" || a.Whom() == "head:0" {
		return a.Word
	}
	return a.Word + " → " + who(a.Whom())
}

// ExplainApproval is the function of that name by the rules in force, for a
// member; without one nobody in particular applies.
func (ad *Admin) ExplainApproval(ctx context.Context, template string, values []string, userid string) (string, error) {
	r := ad.a.db.Reader(ctx)
	a := Application{Template: template, Values: values, At: r.Now(), Whom: func(f policy.FormField, v *policy.FormValue) error { return ad.lookUp(r, f, v) }}
	var about int64
	if userid != "" {
		m, err := r.MemberByUserID(userid)
		if err != nil {
			return "", err
		}
		if a.By, err = ad.a.people.Applicant(r, m); err != nil {
			return "", err
		}
		about = m.ID
	}
	a.Who = func(whom string) string {
		if about == 0 && dependsOnApplicant(whom) {
			return "视申请人而定，加 --as <成员账号> 查看"
		}
		found, err := ad.a.people.Resolve(r, people.Whom(whom), about)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return "没有人可以处理"
		case err != nil:
			return "查不到：" + err.Error()
		}
		var names []string
		for _, id := range found.Members {
			names = append(names, memberName(r, id))
		}
		text := strings.Join(names, "、")
		if found.Instead != "" {
			text += "（" + found.Instead + "）"
		}
		return text
	}
	return ExplainApproval(ad.Rules(), a)
}

// dependsOnApplicant tells the words that mean somebody else for everybody.
func dependsOnApplicant(whom string) bool {
	return whom == "superior" || whom == "supervisor" || whom == "head" || strings.HasPrefix(whom, "head^")
}

// lookUp finds the members or the department that a field names.
func (ad *Admin) lookUp(r *store.Reader, f policy.FormField, v *policy.FormValue) error {
	const most = 2
	switch f.Type {
	case policy.PersonField, policy.PeopleField:
		for _, name := range strings.FieldsFunc(v.Text, func(c rune) bool { return c == '、' || c == ',' || c == '，' }) {
			found, err := ad.a.people.Members(r, strings.TrimSpace(name), most)
			if err != nil {
				return err
			}
			if len(found) != 1 {
				return BadQuestion(fmt.Sprintf("%s：没有找到唯一的成员 %q，请写成员账号", f.Label, name))
			}
			v.Members = append(v.Members, found[0].ID)
		}
	case policy.DepartmentField:
		org, err := ad.a.people.Org(r)
		if err != nil {
			return err
		}
		d := ad.Rules().ResolveDepartment(v.Text, org)
		if !d.Found || d.Fallback {
			return BadQuestion(fmt.Sprintf("%s：通讯录里没有部门 %q", f.Label, v.Text))
		}
		v.Departments = []int64{d.ID}
	}
	return nil
}
