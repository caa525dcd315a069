package request

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// Submit stores a request and enters its first step. It answers an error of
// package chat, before it writes, when a line is too long or nobody can decide.
func (q *Requests) Submit(tx *store.Tx, d Draft) (store.Request, error) {
	request, steps, err := q.prepare(d)
	if err != nil {
		return request, err
	}
	if err := q.startable(tx, request, steps, d); err != nil {
		return request, err
	}
	if request.Number, err = tx.Number("A"); err != nil {
		return request, err
	}
	if err := tx.AddRequest(&request, steps); err != nil {
		return request, err
	}
	by := d.act(tx)
	made := &dossier{request: request, steps: steps}
	if err := q.enterHistory(tx, request, 0, by, store.RequestSubmitted, "", change{Request: request.State, Steps: places(steps)}); err != nil {
		return request, err
	}
	if err := q.attach(tx, made, d, by); err != nil {
		return request, err
	}
	err = q.advance(tx, made, 0, nil)
	return made.request, err
}

// startable refuses, before anything is written, what nobody could decide or
// what comes with attachments of others.
func (q *Requests) startable(tx *store.Tx, request store.Request, steps []store.RequestStep, d Draft) error {
	first := slices.IndexFunc(steps, func(s store.RequestStep) bool { return s.Mode != store.StepCopy && s.State != store.StepSkipped })
	f, err := q.find(&tx.Reader, request, steps[first])
	if err != nil {
		return err
	}
	if len(f.deciders) == 0 {
		return chat.Refused{
			Reason: "暂时没有人可以处理「" + steps[first].Name + "」这一步", Clause: "G1-4.2.2(3)", Instead: "请联系管理员设置该部门的负责人或岗位",
		}
	}
	return q.ownAttachments(&tx.Reader, d.Applicant, request.Subject(), d.Attachments)
}

// act is who submits a draft, how and when.
func (d Draft) act(tx *store.Tx) act {
	by := act{member: d.Applicant, source: string(d.Source), delivery: d.Delivery, at: d.At}
	if by.source == "" {
		by.source = string(chat.FromChat)
	}
	if by.at.IsZero() {
		by.at = tx.Now()
	}
	return by
}

// attach files what comes with a draft under its request, and notes who is to
// be told of it.
func (q *Requests) attach(tx *store.Tx, made *dossier, d Draft, by act) error {
	if err := tx.FileAttachments(made.request.Subject(), d.Attachments...); err != nil {
		return err
	}
	return q.noteCopies(tx, made, d.CC, by)
}

// prepare checks a draft and makes the rows of it.
func (q *Requests) prepare(d Draft) (store.Request, []store.RequestStep, error) {
	request := store.Request{
		Kind: d.Kind, ApplicantID: d.Applicant, AboutID: cmp.Or(d.About, d.Applicant), App: d.App, Title: chat.OneLine(d.Title, maxTitle),
		State: store.RequestRunning, DeliveryID: d.Delivery, Round: 1, Sensitive: d.Sensitive,
		TemplateID: d.Template.ID, TemplateVersion: d.Template.Version,
	}
	fail := func(format string, args ...any) (store.Request, []store.RequestStep, error) {
		return request, nil, fmt.Errorf("request of kind %q: %s", d.Kind, fmt.Sprintf(format, args...))
	}
	switch {
	case !q.knows(d.Kind):
		return fail("nobody has registered it")
	case d.Applicant == 0 || request.Title == "":
		return fail("has no applicant or no title")
	case len(d.Steps) == 0 || len(d.Steps) > MaxSteps:
		return fail("has %d steps, not 1 to %d", len(d.Steps), MaxSteps)
	case len(d.Lines) > MaxLines:
		return fail("has %d lines, more than %d", len(d.Lines), MaxLines)
	case len(d.Attachments) > MaxAttachments:
		return request, nil, chat.Refused{Reason: fmt.Sprintf("附件有 %d 个，最多 %d 个", len(d.Attachments), MaxAttachments), Instead: "合并或减少附件再提交"}
	}
	var err error
	if request.Data, request.Form, request.Route, err = d.encode(); err != nil {
		return fail("%v", err)
	}
	steps, err := prepareSteps(d.Steps)
	if err != nil {
		return fail("%v", err)
	}
	for _, line := range d.Lines {
		for _, name := range line.Only {
			if !slices.ContainsFunc(steps, func(s store.RequestStep) bool { return s.Name == name }) {
				return fail("line %q is for step %q, which is none", line.Key, name)
			}
		}
		if len([]rune(line.Key)) > maxKey || line.Key == "" {
			return fail("line %q has no name or one of more than %d characters", line.Key, maxKey)
		}
		if n := len([]rune(line.Value)); n > MaxText {
			return request, nil, chat.Refused{
				Reason: fmt.Sprintf("「%s」有 %d 字，最多 %d 字", line.Key, n, MaxText), Instead: "写得简短一些再提交",
			}
		}
	}
	request.Content, request.Personal, err = encodeLines(d.Lines)
	return request, steps, err
}

// encode are the parts of a draft that are stored as JSON.
func (d Draft) encode() (data, form, route string, err error) {
	for _, part := range []struct {
		what  string
		value any
		into  *string
		most  int
		none  bool
	}{
		{"data", d.Data, &data, maxData, false}, {"form", d.Form, &form, maxForm, d.Form == nil}, {"route", d.Why, &route, maxForm, d.Why == nil},
	} {
		if part.none {
			continue
		}
		raw, err := json.Marshal(part.value)
		if err != nil || len(raw) > part.most {
			return "", "", "", fmt.Errorf("%s of %d bytes: %w", part.what, len(raw), err)
		}
		*part.into = string(raw)
	}
	return data, form, route, nil
}

// prepareSteps makes the rows of the steps of a draft.
func prepareSteps(all []Step) ([]store.RequestStep, error) {
	var steps []store.RequestStep
	names, keys, decided := map[string]bool{}, map[string]bool{}, false
	for _, s := range all {
		mode := cmp.Or(s.Mode, store.StepAny)
		switch {
		case s.Name == "" || s.Whom == "" || names[s.Name] || s.Key != "" && keys[s.Key]:
			return nil, fmt.Errorf("step %q (%s) has no name, nobody to decide it, or comes twice", s.Name, s.Key)
		case !slices.Contains([]store.StepMode{store.StepAny, store.StepAll, store.StepSequence, store.StepShare, store.StepCopy}, mode):
			return nil, fmt.Errorf("step %q has the mode %q", s.Name, mode)
		case mode == store.StepShare && (s.Share < 1 || s.Share > 100):
			return nil, fmt.Errorf("step %q needs %d percent", s.Name, s.Share)
		}
		names[s.Name], keys[s.Key], decided = true, true, decided || mode != store.StepCopy
		step := store.RequestStep{Key: s.Key, Name: s.Name, Whom: string(s.Whom), Also: joined(s.Also), Mode: mode, Share: int64(s.Share), Command: s.Command}
		if s.Within != (policy.WorkSpan{}) {
			step.WorkLimit = s.Within.String()
		}
		steps = append(steps, step)
	}
	if !decided {
		return nil, fmt.Errorf("nobody decides: every step only informs")
	}
	return steps, nil
}

func joined(all []people.Whom) string {
	var lines []string
	for _, w := range all {
		lines = append(lines, string(w))
	}
	return strings.Join(lines, "\n")
}

// ownAttachments refuses attachments that are somebody else's, belong to
// something else, or are too many.
func (q *Requests) ownAttachments(r *store.Reader, member int64, subject store.Subject, ids []int64) error {
	if len(ids) > MaxAttachments {
		return chat.Refused{Reason: fmt.Sprintf("附件有 %d 个，最多 %d 个", len(ids), MaxAttachments), Instead: "合并或减少附件"}
	}
	all, err := r.Attachments(ids)
	if err != nil {
		return err
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(ids)))
	for _, a := range all {
		if a.MemberID != member || a.SubjectKind != "" && (a.SubjectKind != subject.Kind || a.SubjectID != subject.ID) {
			return chat.Refused{Reason: "附件「" + chat.OneLine(cmp.Or(a.Name, a.Kind), 40) + "」已用于其他事项，或不是您发送的", Instead: "请重新发送附件"}
		}
	}
	if len(all) < len(distinct) {
		return chat.Refused{Reason: "有附件已经过期，找不到了", Instead: "请重新发送附件"}
	}
	return nil
}

// PreviewStep is one step of the route before anything is submitted.
type PreviewStep struct {
	Key     string
	Name    string
	Mode    store.StepMode
	Share   int
	People  []store.Member // who would be asked now, deputies included
	Names   string         // 魏伟、何静（代韩梅）
	Instead string         // why somebody else than named, in Chinese
	Skipped string         // why it would be passed over; "": it would not
	Limit   string         // 8 个工作小时
}

// Preview answers the route a draft would take if it were submitted now,
// without writing anything.
func (q *Requests) Preview(r *store.Reader, d Draft) ([]PreviewStep, error) {
	request, steps, err := q.prepare(d)
	if err != nil {
		return nil, err
	}
	var all []PreviewStep
	var before []int64
	for i, step := range steps {
		f, err := q.find(r, request, step)
		if err != nil {
			return nil, err
		}
		if step.Mode == store.StepCopy {
			if f, err = q.findCopies(r, request, step); err != nil {
				return nil, err
			}
		}
		p := PreviewStep{Key: step.Key, Name: step.Name, Mode: step.Mode, Share: int(step.Share), Instead: f.instead, Limit: q.limitWords(step)}
		inTurn := membersOf(f.deciders)
		if p.People, err = r.Members(inTurn); err != nil {
			return nil, err
		}
		slices.SortFunc(p.People, func(a, b store.Member) int { return slices.Index(inTurn, a.ID) - slices.Index(inTurn, b.ID) })
		if p.Names, err = q.names(r, f.deciders); err != nil {
			return nil, err
		}
		if by := same(step, f, before); by != 0 && i > 0 && step.Mode != store.StepCopy {
			p.Skipped = "与上一步同一人，届时合并"
		} else if step.Mode != store.StepCopy {
			before = nil
			if len(f.deciders) == 1 || several(step) && step.Mode != store.StepShare {
				before = membersOf(f.deciders)
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// limitWords is the time a step has, for people.
func (q *Requests) limitWords(step store.RequestStep) string {
	if step.Mode == store.StepCopy {
		return ""
	}
	var limit policy.WorkSpan
	if step.WorkLimit == "" || limit.UnmarshalText([]byte(step.WorkLimit)) != nil {
		limit = q.rules().NodeLimit()
	}
	return limit.Words()
}
