package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ApprovalPlan is the route of one form.
type ApprovalPlan struct {
	Nodes []ApprovalNode  // in the order they are passed, cc nodes among them
	CC    []ApprovalActor // informed when the case is approved
	Why   []BranchTaken
}

// BranchTaken is the way a branch sent a case, and why; cases keep it.
type BranchTaken struct {
	Branch string            `json:"branch"`
	Case   int               `json:"case"`           // index of the case taken
	When   string            `json:"when,omitempty"` // its condition; empty: none of the others held
	To     string            `json:"to"`
	Values map[string]string `json:"values,omitempty"` // what its conditions asked for: 天数: 3.5
	Others []CaseTried       `json:"others,omitempty"` // the other cases with a condition
}

// CaseTried is a case that was not taken: its condition did not hold, or an
// earlier one did.
type CaseTried struct {
	When  string `json:"when"`
	To    string `json:"to"`
	Holds bool   `json:"holds,omitempty"`
}

// String says which way was taken and why, in Chinese.
func (w BranchTaken) String() string {
	var seen []string
	for _, name := range sorted(w.Values) {
		seen = append(seen, name+" = "+w.Values[name])
	}
	why := "其他情况"
	if w.When != "" {
		why = "符合 " + w.When
	}
	text := fmt.Sprintf("分支 %s：%s，转到 %s", w.Branch, why, w.To)
	if len(seen) > 0 {
		text += "（" + strings.Join(seen, "，") + "）"
	}
	return text
}

// Plan is the route of a form: the nodes it passes, in order, and why. The same
// form gives the same plan. Actors that the applicant chooses are in it as he
// chose them; the form has to be complete (Complete, CheckForm).
func (t *ApprovalTemplate) Plan(f Form, a ApprovalApplicant) (ApprovalPlan, error) {
	env := formEnv(t.Fields, f, a)
	var plan ApprovalPlan
	for key, passed := t.Start, 0; key != End; passed++ {
		if passed > maxNodes {
			return ApprovalPlan{}, fmt.Errorf("template %s: the route does not end", t.Key)
		}
		if branch, ok := t.branch(key); ok {
			taken, err := t.take(branch, f, a, env)
			if err != nil {
				return ApprovalPlan{}, fmt.Errorf("template %s: %w", t.Key, err)
			}
			plan.Why = append(plan.Why, taken)
			key = taken.To
			continue
		}
		n, ok := t.Node(key)
		if !ok {
			return ApprovalPlan{}, fmt.Errorf("template %s: there is no node %s", t.Key, key)
		}
		actors, err := chosen(n.Actors, f)
		if err != nil {
			return ApprovalPlan{}, fmt.Errorf("template %s, node %s: %w", t.Key, key, err)
		}
		n.Actors = actors
		plan.Nodes = append(plan.Nodes, n)
		key = n.Next
	}
	var err error
	if plan.CC, err = chosen(t.CC, f); err != nil {
		return ApprovalPlan{}, fmt.Errorf("template %s, cc: %w", t.Key, err)
	}
	return plan, nil
}

// take tries the cases of a branch in their order.
func (t *ApprovalTemplate) take(b ApprovalBranch, f Form, a ApprovalApplicant, env map[string]any) (BranchTaken, error) {
	taken := BranchTaken{Branch: b.Key, Case: -1}
	for i, one := range b.Cases {
		holds := one.When == ""
		if c := t.conditions[one.When]; c != nil {
			var err error
			if holds, err = c.holds(env); err != nil {
				return taken, fmt.Errorf("branch %s: %w", b.Key, err)
			}
			for _, name := range c.names {
				if taken.Values == nil {
					taken.Values = map[string]string{}
				}
				taken.Values[name] = t.factText(name, f, a)
			}
		}
		if holds && taken.Case < 0 {
			taken.Case, taken.When, taken.To = i, one.When, one.To
		} else if one.When != "" {
			taken.Others = append(taken.Others, CaseTried{When: one.When, To: one.To, Holds: holds})
		}
	}
	if taken.Case < 0 {
		return taken, fmt.Errorf("branch %s: no case applies", b.Key)
	}
	return taken, nil
}

// factText is what a condition saw, as members read it.
func (t *ApprovalTemplate) factText(name string, f Form, a ApprovalApplicant) string {
	switch name {
	case applicantDepartments:
		return strings.Join(a.Departments, "、")
	case applicantPosts:
		return strings.Join(a.Posts, "、")
	case applicantRoles:
		var titles []string
		for _, role := range a.Roles {
			title := string(role)
			if info, known := RoleNamed(title); known {
				title = info.Title
			}
			titles = append(titles, title)
		}
		return strings.Join(titles, "、")
	}
	i := slices.IndexFunc(t.Fields, func(field FormField) bool { return field.Key == name })
	if i < 0 {
		return ""
	}
	v, filled := f[name]
	if field := t.Fields[i]; filled || field.Type == YesNoField {
		return field.Show(v)
	}
	return "空"
}

func chosen(actors []ApprovalActor, f Form) ([]ApprovalActor, error) {
	out := make([]ApprovalActor, len(actors))
	for i, a := range actors {
		var err error
		if out[i], err = a.chosen(f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// maxDefinition bounds a stored definition, in bytes.
const maxDefinition = 1 << 18

// ParseApprovalTemplate compiles a definition that Definition wrote. What it
// refuses is of type Problems, or no JSON.
func ParseApprovalTemplate(definition []byte) (*ApprovalTemplate, error) {
	if len(definition) > maxDefinition {
		return nil, errors.New("approval template: the definition is too large")
	}
	t := &ApprovalTemplate{}
	decoder := json.NewDecoder(bytes.NewReader(definition))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(t); err != nil {
		return nil, fmt.Errorf("approval template: %w", err)
	}
	k := &checker{}
	c := &templateChecker{k: k, path: t.Key, t: t}
	c.stored()
	t.compile(k, t.Key, nil, len(k.found) == 0)
	if len(k.found) > 0 {
		return nil, k.found
	}
	return t, nil
}

// stored checks of a definition what the rulebook's reader sees to otherwise.
func (c *templateChecker) stored() {
	seen := map[string]bool{}
	for _, key := range c.t.entries() {
		if seen[key] {
			c.add(c.entry(key), "the key %s is given twice", key)
		}
		seen[key] = true
	}
	for _, n := range c.t.Nodes {
		if len(n.Actors) == 0 {
			c.add(c.entry(n.Key)+".who", "must name somebody")
		}
		for _, a := range n.Actors {
			if a.Who == "" {
				c.add(c.entry(n.Key)+".who", "an actor is nobody")
			}
		}
	}
}
