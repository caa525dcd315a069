package duty

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// maxAccountable bounds the nodes a review looks at.
const maxAccountable = 5000

// findings are what a review of all matrices brings up (G1-4.2.1(四),
// G1-4.2.2(3)).
type findings struct {
	overlaps []string // one node, two posts that answer for it
	vacant   []string // posts that answer for a node and that nobody holds
	loose    []string // nodes of posts that are in no process
}

func (f findings) count() int { return len(f.overlaps) + len(f.vacant) + len(f.loose) }

func (d *Duty) review(r *store.Reader) (findings, error) {
	nodes, err := r.AccountableNodes(maxAccountable)
	if err != nil {
		return findings{}, err
	}
	places, err := d.places(r)
	if err != nil {
		return findings{}, err
	}
	var f findings
	byName := map[string][]store.PostNode{}
	missing := map[string][]string{} // post as it is called → processes
	for _, n := range nodes {
		byName[n.Name] = append(byName[n.Name], n)
		if len(places.org.Holders(n.Post, n.DepartmentID)) == 0 {
			post := places.called(n.DepartmentID) + n.Post
			if !slices.Contains(missing[post], n.Process) {
				missing[post] = append(missing[post], n.Process)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if line := overlap(byName[name], d.ownersOf(name)); line != "" {
			f.overlaps = append(f.overlaps, "节点「"+name+"」："+line)
		}
	}
	for _, post := range slices.Sorted(maps.Keys(missing)) {
		f.vacant = append(f.vacant, fmt.Sprintf("%s：在 %s 负责，现在没有人担任", post, strings.Join(missing[post], "、")))
	}
	for _, name := range d.rules().Posts() {
		post, _ := d.rules().Post(name)
		for _, node := range post.Nodes {
			if len(byName[node]) == 0 {
				f.loose = append(f.loose, post.Name+"："+node)
			}
		}
	}
	return f, nil
}

// overlap names the posts that answer for one node if there are several;
// owners are those whose duty it is by the rulebook.
func overlap(nodes []store.PostNode, owners []string) string {
	var parts, posts []string
	add := func(post, part string) {
		if !slices.Contains(posts, store.Fold(post)) {
			posts = append(posts, store.Fold(post))
		}
		parts = append(parts, part)
	}
	for _, n := range nodes {
		add(n.Post, n.Process+" 由「"+n.Post+"」负责")
	}
	for _, owner := range owners {
		add(owner, "岗位职责里属于「"+owner+"」")
	}
	if len(posts) < 2 {
		return ""
	}
	return strings.Join(parts, "，")
}

// audit is 责任矩阵 检查.
func (d *Duty) audit(call *chat.Call) (chat.Answer, error) {
	f, err := d.review(&call.Tx.Reader)
	if err != nil {
		return chat.Answer{}, err
	}
	if f.count() == 0 {
		return chat.Answer{Text: "责任矩阵没有重叠的职责，负责的岗位都有人担任。"}, nil
	}
	return chat.Answer{Text: f.text()}, nil
}

func (f findings) text() string {
	var b strings.Builder
	for _, part := range []struct {
		title string
		lines []string
	}{{"职责重叠", f.overlaps}, {"岗位空缺", f.vacant}, {"还没有流程的节点", f.loose}} {
		if len(part.lines) == 0 {
			continue
		}
		fmt.Fprintf(&b, "【%s】%d 处\n", part.title, len(part.lines))
		for i, line := range part.lines {
			if i == maxListed {
				fmt.Fprintf(&b, "……另有 %d 处\n", len(part.lines)-maxListed)
				break
			}
			b.WriteString("· " + line + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// BeginReview is the matrices' part of J-ROLE-REVIEW: 流程管理员 is asked to put
// in order what has been found. The period makes it one to-do a quarter.
func (d *Duty) BeginReview(tx *store.Tx, period string) (result string, err error) {
	f, err := d.review(&tx.Reader)
	if err != nil {
		return "", err
	}
	found := len(f.overlaps) + len(f.vacant)
	if found == 0 {
		return "责任矩阵没有重叠和空缺", nil
	}
	err = d.people.Raise(tx, people.ToDo{
		Whom: people.Whom("role:" + string(policy.ProcessAdministrator)), Title: fmt.Sprintf("核对责任矩阵：%d 处职责重叠，%d 个岗位空缺", len(f.overlaps), len(f.vacant)),
		Detail: "可发送：责任矩阵 检查，逐项查看；再用 责任矩阵 编制 <流程> 修改。",
		Within: policy.WorkSpan{Workdays: d.rules().Rules().Permission.ReviewDueWorkdays}, Unique: "matrix.review:" + period,
	})
	return fmt.Sprintf("责任矩阵：%d 处职责重叠，%d 个岗位空缺", len(f.overlaps), len(f.vacant)), err
}
