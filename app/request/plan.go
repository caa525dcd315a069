package request

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// Plan is the draft of a new case: the version of the process that the applicant
// begins with now, and the route his form takes by it. The caller adds who
// submits it and how. It answers an error of package chat when the applicant may
// not start the process. The form has been checked.
func (q *Requests) Plan(r *store.Reader, key string, applicant, about int64, f policy.Form) (Draft, error) {
	return q.plan(r, applicant, about, f, func(a policy.ApprovalApplicant) (Template, error) { return q.TemplateFor(r, key, a) })
}

// PlanAgain is the draft of a case that is submitted again: by the version it
// began with, whatever has come into force since (guide G1-3.2(4)a).
func (q *Requests) PlanAgain(r *store.Reader, request store.Request, f policy.Form) (Draft, error) {
	return q.plan(r, request.ApplicantID, request.AboutID, f, func(a policy.ApprovalApplicant) (Template, error) {
		if request.TemplateID == 0 { // it is older than the versions
			return q.TemplateFor(r, request.Kind, a)
		}
		return q.Pinned(r, request.TemplateID)
	})
}

func (q *Requests) plan(r *store.Reader, applicant, about int64, f policy.Form, choose func(policy.ApprovalApplicant) (Template, error)) (Draft, error) {
	m, err := r.Member(applicant)
	if err != nil {
		return Draft{}, err
	}
	facts, err := q.Applicant(r, m)
	if err != nil {
		return Draft{}, err
	}
	t, err := choose(facts)
	if err != nil {
		return Draft{}, err
	}
	f = t.Complete(f, q.rules().Calendar())
	route, err := t.Plan(f, facts)
	if err != nil {
		return Draft{}, fmt.Errorf("route of %s %s: %w", t.Key, t.Version, err)
	}
	d := Draft{
		Kind: t.Key, Applicant: applicant, About: about, Title: t.CaseTitle(f), Form: f, Why: route.Why, Sensitive: t.Sensitive,
		Template: TemplateRef{ID: t.ID, Version: t.Version},
	}
	for _, node := range route.Nodes {
		d.Steps = append(d.Steps, stepOf(node))
	}
	for _, actor := range route.CC {
		d.CC = append(d.CC, people.Whom(actor.Whom()))
	}
	d.Lines, d.Attachments = linesOf(t.ApprovalTemplate, f, d.Steps)
	return d, nil
}

var modes = map[policy.NodeKind]store.StepMode{
	policy.SingleNode: store.StepAny, policy.AnyNode: store.StepAny, policy.AllNode: store.StepAll,
	policy.SequenceNode: store.StepSequence, policy.ShareNode: store.StepShare,
}

// stepOf is a node of the route as a step.
func stepOf(node policy.ApprovalNode) Step {
	step := Step{
		Key: node.Key, Name: node.Name, Mode: modes[node.Kind], Share: node.Share, Command: node.Command, Within: node.Limit,
	}
	if node.Mode == policy.CCMode {
		step.Mode, step.Share = store.StepCopy, 0
	}
	for i, actor := range node.Actors {
		if whom := people.Whom(actor.Whom()); i == 0 {
			step.Whom = whom
		} else {
			step.Also = append(step.Also, whom)
		}
	}
	return step
}

// linesOf are what the deciders read of a form, in the order of its fields, and
// what is attached to it. Personal values are for those who decide.
func linesOf(t *policy.ApprovalTemplate, f policy.Form, steps []Step) (lines []Line, attachments []int64) {
	var deciding []string
	for _, s := range steps {
		if s.Mode != store.StepCopy {
			deciding = append(deciding, s.Name)
		}
	}
	for _, field := range t.Fields {
		v, given := f[field.Key]
		if !given {
			continue
		}
		line := Line{Key: field.Label, Value: field.Show(v)}
		if field.Personal {
			line.Only = deciding
		}
		if line.Value != "" && len(lines) < MaxLines {
			lines = append(lines, line)
		}
		for _, id := range v.Attachments {
			if !slices.Contains(attachments, id) {
				attachments = append(attachments, id)
			}
		}
	}
	return lines, attachments
}

// Path names the steps of a draft that are decided: 直接上级 → 权限负责人.
func (d Draft) Path(between string) string {
	var names []string
	for _, s := range d.Steps {
		if s.Mode != store.StepCopy {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, between)
}
