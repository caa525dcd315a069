package duty

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// draftTime is how long a half-made matrix is kept, like a half-filled form
// (guide E2.0).
const draftTime = 30 * time.Minute

// work is a matrix being made by one member.
type work struct {
	draft
	process string
	matrix  store.Matrix // ID 0: the first edition is being made
	resumed bool         // he made a part of it before this message
}

// compose is 责任矩阵 编制, one answer at a time. What has been answered is kept
// in a draft of the member's own; the command without content asks for the
// next.
func (d *Duty) compose(call *chat.Call) (chat.Answer, error) {
	w, err := d.work(call)
	if err != nil {
		return chat.Answer{}, err
	}
	places, err := d.places(&call.Tx.Reader)
	if err != nil {
		return chat.Answer{}, err
	}
	text := call.Text("内容")
	if text == "" {
		intro := ""
		if w.resumed {
			intro = "接着上次没编完的内容（30 分钟内有效，从头开始请回复 重来）。\n"
		}
		return chat.Answer{}, d.ask(intro, w, places)
	}
	a, to := actOf(text)
	if a == actSave {
		return d.save(call, w, places)
	}
	said, err := w.take(a, to, text, d.resolve(&call.Tx.Reader, places))
	var m mistake
	if errors.As(err, &m) {
		return chat.Answer{}, chat.Incomplete{Field: "内容", Prompt: m.Error() + "。"}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	body, err := json.Marshal(w.draft)
	if err != nil {
		return chat.Answer{}, fmt.Errorf("draft of matrix %s: %w", w.process, err)
	}
	if err := call.Tx.PutMatrixDraft(call.Member.ID, w.process, string(body)); err != nil {
		return chat.Answer{}, err
	}
	return chat.Answer{Text: said, Ask: "责任矩阵 编制 " + w.process}, nil
}

// ask is the question of the present step; the form stays open for its answer.
func (d *Duty) ask(intro string, w work, places places) error {
	return chat.Incomplete{Field: "内容", Prompt: intro + w.question(places.name, func(post string) (duty, authority string) {
		info, _ := d.rules().Post(post)
		return info.Duty, strings.Join(info.Authority, "、")
	})}
}

// work takes up the member's draft, or begins one with the edition in force.
func (d *Duty) work(call *chat.Call) (work, error) {
	code, err := codeOf(call)
	if err != nil {
		return work{}, err
	}
	w := work{process: code, draft: draft{Step: stepPosts}}
	r := &call.Tx.Reader
	can, err := d.people.Can(r, call.Member, policy.NodeManage, policy.Object{Process: code})
	if err != nil {
		return w, err
	}
	if !can.Allowed {
		return w, chat.NoPermission{Permission: string(policy.NodeManage), Object: code}
	}
	w.matrix, err = r.MatrixOf(code)
	switch {
	case errors.Is(err, store.ErrNotFound):
		w.matrix = store.Matrix{Process: code}
	case err != nil:
		return w, err
	}
	kept, err := r.MatrixDraft(call.Member.ID, code)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return w, err
	}
	if err == nil && call.Tx.Now().Sub(kept.TouchedAt) <= draftTime {
		if json.Unmarshal([]byte(kept.Body), &w.draft) == nil && w.Step >= stepPosts && w.Step <= stepAuthority {
			w.resumed = kept.TouchedAt.Before(call.Tx.Now())
			return w, nil
		}
		w.draft = draft{Step: stepPosts} // of another version of the program
	}
	if w.matrix.ID != 0 {
		sheet, err := r.MatrixSheet(w.matrix.ID, w.matrix.Edition)
		if err != nil {
			return w, err
		}
		w.draft = draftOf(sheet)
	}
	return w, nil
}

// codeOf is the process of a call in full.
func codeOf(call *chat.Call) (string, error) {
	said := call.Text("流程")
	code, ok := process(said)
	if !ok {
		return "", chat.Incomplete{Field: "流程", Prompt: fmt.Sprintf("「%s」不是流程编号，请写像 P-02 这样的编号", chat.OneLine(said, 20))}
	}
	return code, nil
}

// save makes the draft the next edition. What is missing is asked for; what is
// doubtful is warned of (G1-4.2.2(1), G1-4.2.1(四)).
func (d *Duty) save(call *chat.Call, w work, places places) (chat.Answer, error) {
	if lines, at := w.gaps(); len(lines) > 0 {
		return chat.Answer{}, chat.Incomplete{Field: "内容", Prompt: fmt.Sprintf("还不能保存，第 %d 步要补充：\n%s", at, strings.Join(lines, "\n"))}
	}
	if w.matrix.Edition != w.Base {
		saver, err := d.memberName(&call.Tx.Reader, w.matrix.SavedBy)
		if err != nil {
			return chat.Answer{}, err
		}
		return chat.Answer{}, chat.Incomplete{Field: "内容", Prompt: fmt.Sprintf(
			"%s 在 %s 保存了 %s 的第 %d 版，您的草稿是按以前的内容改的。请先看：责任矩阵 %s，再回复 重来，按新内容重编", saver, d.when(w.matrix.SavedAt), w.process, w.matrix.Edition, w.process)}
	}
	doubts, err := d.doubts(&call.Tx.Reader, w, places)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(doubts) > 0 && !call.Insists {
		return chat.Answer{}, chat.Warned{Reason: strings.Join(doubts, "；"), Clause: "G1-4.2.1(四)", Proceed: "仍然保存"}
	}
	if w.matrix.ID != 0 {
		if err := call.Tx.Lock(w.matrix.TableName(), w.matrix.ID); err != nil {
			return chat.Answer{}, err
		}
	}
	sheet := w.sheet()
	sheet.SavedBy, sheet.Note = call.Member.ID, strings.Join(doubts, "\n")
	if err := call.Tx.SaveMatrix(&w.matrix, sheet); err != nil {
		return chat.Answer{}, err
	}
	if err := call.Tx.DropMatrixDraft(call.Member.ID, w.process, call.Tx.Now().Add(-draftTime)); err != nil {
		return chat.Answer{}, err
	}
	err = call.Tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: "matrix.saved", Subject: w.matrix.Subject(), Source: store.AuditSource(call.Source),
		Detail: map[string]any{"process": w.process, "edition": w.matrix.Edition, "doubts": len(doubts), "delivery": call.Delivery},
	})
	if err != nil {
		return chat.Answer{}, err
	}
	if err := d.people.PostsChanged(call.Tx); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(w.process, fmt.Sprintf("责任矩阵第 %d 版已保存（%d 个岗位，%d 个节点）。可发送：责任矩阵 %s，或 接口 %s",
		w.matrix.Edition, len(w.Posts), len(w.Nodes), w.process, w.process)), nil
}

// doubts are overlaps and gaps that the saver should know of: a node another
// post answers for elsewhere, and an accountable post nobody holds.
func (d *Duty) doubts(r *store.Reader, w work, places places) ([]string, error) {
	names := make([]string, len(w.Nodes))
	for i, n := range w.Nodes {
		names[i] = n.Name
	}
	elsewhere, err := r.NodesNamed(names, maxListed*10)
	if err != nil {
		return nil, err
	}
	var doubts []string
	asked := map[string]bool{}
	for _, n := range w.Nodes {
		accountable := w.holders(n, store.Accountable)[0]
		for _, other := range elsewhere {
			if other.Process != w.process && other.Letter == store.Accountable && other.Name == n.Name && store.Fold(other.Post) != store.Fold(accountable) {
				doubts = append(doubts, fmt.Sprintf("节点「%s」在 %s 由「%s」负责，这里由「%s」负责", n.Name, other.Process, other.Post, accountable))
			}
		}
		for _, owner := range d.ownersOf(n.Name) {
			if store.Fold(owner) != store.Fold(accountable) {
				doubts = append(doubts, fmt.Sprintf("节点「%s」按岗位职责属于「%s」，这里由「%s」负责", n.Name, owner, accountable))
			}
		}
		if asked[accountable] {
			continue
		}
		asked[accountable] = true
		holders, err := d.holdersAt(r, accountable, w.post(accountable).Department)
		if err != nil {
			return nil, err
		}
		if len(holders) == 0 {
			doubts = append(doubts, fmt.Sprintf("岗位「%s」现在没有人担任", accountable))
		}
	}
	if len(doubts) > maxListed {
		doubts = append(doubts[:maxListed], fmt.Sprintf("另有 %d 处", len(doubts)-maxListed))
	}
	return doubts, nil
}

// maxListed bounds the lines of one list.
const maxListed = 20

// ownersOf are the posts of the rulebook that a node belongs to.
func (d *Duty) ownersOf(node string) []string {
	var owners []string
	for _, name := range d.rules().Posts() {
		post, known := d.rules().Post(name)
		if known && slices.ContainsFunc(post.Nodes, func(n string) bool { return store.Fold(n) == store.Fold(node) }) {
			owners = append(owners, post.Name)
		}
	}
	return owners
}

// resolve finds the posts of step 1 among those the company has.
func (d *Duty) resolve(r *store.Reader, places places) resolver {
	return func(list []named) ([]draftPost, error) {
		known, err := d.knownPosts(r)
		if err != nil {
			return nil, err
		}
		posts := make([]draftPost, len(list))
		for i, n := range list {
			name, err := known.find(n.post)
			if err != nil {
				return nil, err
			}
			department, err := d.departmentOf(r, name, n.department, places)
			if err != nil {
				return nil, err
			}
			posts[i] = draftPost{Name: name, Department: department}
		}
		return posts, nil
	}
}

// departmentOf is where a post stands: where it was written to be, else where
// the rulebook puts it, else the only department in which somebody holds it.
func (d *Duty) departmentOf(r *store.Reader, post, written string, places places) (int64, error) {
	info, _ := d.rules().Post(post)
	for _, name := range []string{written, info.Department} {
		if name == "" {
			continue
		}
		found := d.rules().ResolveDepartment(name, places.org)
		if found.Found && !found.Fallback {
			return found.ID, nil
		}
		if name == written {
			if near := nearest(written, places.names()); near != "" {
				return 0, wrong("没有部门「%s」，最接近的是「%s」", chat.OneLine(written, 20), near)
			}
			return 0, wrong("没有部门「%s」，请写通讯录里的部门名称", chat.OneLine(written, 20))
		}
	}
	held, err := d.people.HoldersOf(r, post)
	if err != nil {
		return 0, err
	}
	var in []string
	for _, h := range held {
		in = append(in, places.name(h.Department)+"/"+post)
	}
	switch len(held) {
	case 0:
		return 0, wrong("岗位「%s」现在没有人担任，请写明部门，例如 采购部/%s", post, post)
	case 1:
		return held[0].Department, nil
	}
	slices.Sort(in)
	return 0, wrong("岗位「%s」在 %d 个部门都有，请写明是哪一个：%s", post, len(in), strings.Join(in[:min(len(in), 5)], "、"))
}

// places are the departments by id.
type places struct {
	org *policy.Org
	all []store.Department
}

func (d *Duty) places(r *store.Reader) (places, error) {
	org, err := d.people.Org(r)
	if err != nil {
		return places{}, err
	}
	all, err := r.Departments()
	return places{org, all}, err
}

func (p places) name(id int64) string {
	department, _ := p.org.Department(id)
	return department.Name
}

func (p places) names() []string {
	names := make([]string, len(p.all))
	for i, department := range p.all {
		names[i] = department.Name
	}
	return names
}

// posts are the names of all posts the company has.
type posts []string

// maxKnown bounds the posts a name is looked for among.
const maxKnown = 2000

func (d *Duty) knownPosts(r *store.Reader) (posts, error) {
	names := posts(d.rules().Posts())
	positions, err := r.Positions(maxKnown)
	if err != nil {
		return nil, err
	}
	inMatrices, err := r.MatrixPosts(maxKnown)
	if err != nil {
		return nil, err
	}
	held, err := r.HeldPosts(maxKnown)
	if err != nil {
		return nil, err
	}
	return slices.Concat(names, positions, inMatrices, held), nil
}

// find answers the post as it is written where it comes from.
func (p posts) find(word string) (string, error) {
	for _, name := range p {
		if store.Fold(name) == store.Fold(word) {
			return name, nil
		}
	}
	if near := nearest(word, p); near != "" {
		return "", wrong("没有岗位「%s」，最接近的是「%s」", chat.OneLine(word, 20), near)
	}
	return "", wrong("没有岗位「%s」。岗位来自规则文件的 posts 和企业微信的职务，请先在那里添加", chat.OneLine(word, 20))
}

// holdersAt are the present members who hold a post in a department; with no
// department, anywhere.
func (d *Duty) holdersAt(r *store.Reader, post string, department int64) ([]int64, error) {
	held, err := d.people.HoldersOf(r, post)
	if err != nil {
		return nil, err
	}
	var members []int64
	for _, h := range held {
		if department == 0 || h.Department == department {
			members = append(members, h.Members...)
		}
	}
	slices.Sort(members)
	return slices.Compact(members), nil
}

func (d *Duty) memberName(r *store.Reader, id int64) (string, error) {
	if id == 0 {
		return "系统", nil
	}
	m, err := r.Member(id)
	return m.Name, err
}
