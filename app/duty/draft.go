package duty

import (
	"fmt"
	"slices"
	"strings"

	"guiju/store"
)

// Bounds of one matrix. What is stored of an edition stays within
// store.MaxMatrixRows.
const (
	maxPosts = 15
	maxNodes = 20
	maxName  = 30  // characters of a post, a node, a process
	maxField = 200 // characters of an input, an output, a duty, an authority
	maxLimit = 20  // characters of a time limit
)

// step is where the wizard stands: the four steps of G1-4.2.2(2), in order.
type step int

const (
	stepPosts     step = 1 // 确定组织结构
	stepNodes     step = 2 // 梳理业务流程
	stepLetters   step = 3 // 绘制责任矩阵
	stepAuthority step = 4 // 分配职责和权限
)

var stepNames = map[step]string{
	stepPosts: "确定组织结构", stepNodes: "梳理业务流程", stepLetters: "绘制责任矩阵", stepAuthority: "分配职责和权限",
}

// draft is a matrix being made. Letters stand with the nodes under the names
// of posts, so that the lists of both may still change.
type draft struct {
	Base  int         `json:"base,omitempty"` // edition it began from; 0: there was none
	Step  step        `json:"step"`
	Title string      `json:"title,omitempty"` // of the process
	Posts []draftPost `json:"posts,omitempty"`
	Nodes []draftNode `json:"nodes,omitempty"`
}

type draftPost struct {
	Name       string `json:"name"`
	Department int64  `json:"department,omitempty"`
	Duty       string `json:"duty,omitempty"`
	Authority  string `json:"authority,omitempty"`
}

type draftNode struct {
	Name    string                    `json:"name"`
	Key     bool                      `json:"key,omitempty"`
	Risk    bool                      `json:"risk,omitempty"`
	Input   string                    `json:"input,omitempty"`
	Output  string                    `json:"output,omitempty"`
	Limit   string                    `json:"limit,omitempty"`
	Letters map[string][]store.Letter `json:"letters,omitempty"` // post → letters in the order of allLetters
}

// allLetters in the order they are written: who does it, who answers for it,
// who is asked, who is told.
var allLetters = []store.Letter{store.Responsible, store.Accountable, store.Consulted, store.Informed}

func (d *draft) post(name string) *draftPost {
	i := slices.IndexFunc(d.Posts, func(p draftPost) bool { return store.Fold(p.Name) == store.Fold(name) })
	if i < 0 {
		return nil
	}
	return &d.Posts[i]
}

func (d *draft) node(name string) *draftNode {
	i := slices.IndexFunc(d.Nodes, func(n draftNode) bool { return store.Fold(n.Name) == store.Fold(name) })
	if i < 0 {
		return nil
	}
	return &d.Nodes[i]
}

// holders are the posts with a letter at a node, in the order of the posts.
func (d *draft) holders(n draftNode, letter store.Letter) []string {
	var names []string
	for _, p := range d.Posts {
		if slices.Contains(n.Letters[p.Name], letter) {
			names = append(names, p.Name)
		}
	}
	return names
}

// missing says what a node lacks: at least one R and exactly one A (G1-4.2.2(1)).
// It is empty for a node that is complete.
func (d *draft) missing(n draftNode) string {
	var lacks []string
	if len(d.holders(n, store.Responsible)) == 0 {
		lacks = append(lacks, "还没有执行岗位（R）")
	}
	switch accountable := d.holders(n, store.Accountable); len(accountable) {
	case 0:
		lacks = append(lacks, "还没有负责岗位（A）")
	case 1:
	default:
		lacks = append(lacks, fmt.Sprintf("有 %d 个负责岗位（A）：%s，只能留一个", len(accountable), strings.Join(accountable, "、")))
	}
	if len(lacks) == 0 {
		return ""
	}
	return fmt.Sprintf("节点「%s」%s", n.Name, strings.Join(lacks, "，"))
}

// lacking is the first node that is not complete; nil when all are.
func (d *draft) lacking() *draftNode {
	for i := range d.Nodes {
		if d.missing(d.Nodes[i]) != "" {
			return &d.Nodes[i]
		}
	}
	return nil
}

// gaps says everything that must still be filled in before the matrix can be
// saved, one line each, and the step where that is done.
func (d *draft) gaps() (lines []string, at step) {
	if len(d.Posts) == 0 {
		return []string{"还没有岗位"}, stepPosts
	}
	if len(d.Nodes) == 0 {
		return []string{"还没有流程节点"}, stepNodes
	}
	for _, n := range d.Nodes {
		if lack := d.missing(n); lack != "" {
			lines = append(lines, lack)
		}
	}
	if rows := d.rows(); len(lines) == 0 && rows > store.MaxMatrixRows {
		lines = append(lines, fmt.Sprintf("矩阵太大（%d 项，最多 %d 项），请把流程拆成两个，或去掉一些 C、I", rows, store.MaxMatrixRows))
	}
	return lines, stepLetters
}

// rows is how many rows the matrix would be stored in.
func (d *draft) rows() int {
	n := len(d.Posts) + len(d.Nodes)
	for _, node := range d.Nodes {
		for _, letters := range node.Letters {
			n += len(letters)
		}
	}
	return n
}

// setPosts replaces the posts. Letters of posts that are no more go with them.
func (d *draft) setPosts(posts []draftPost) {
	for i := range posts {
		if had := d.post(posts[i].Name); had != nil {
			posts[i].Duty, posts[i].Authority = had.Duty, had.Authority
		}
	}
	d.Posts = posts
	for i := range d.Nodes {
		for name := range d.Nodes[i].Letters {
			if d.post(name) == nil {
				delete(d.Nodes[i].Letters, name)
			}
		}
	}
}

// setNodes replaces the nodes. One that was there keeps its letters, and of
// its fields those that are not written anew.
func (d *draft) setNodes(title string, nodes []draftNode) {
	for i := range nodes {
		n := &nodes[i]
		had := d.node(n.Name)
		if had == nil {
			continue
		}
		n.Letters = had.Letters
		for _, field := range []struct{ now, before *string }{{&n.Input, &had.Input}, {&n.Output, &had.Output}, {&n.Limit, &had.Limit}} {
			if *field.now == "" {
				*field.now = *field.before
			}
		}
	}
	if title != "" {
		d.Title = title
	}
	d.Nodes = nodes
}

// sheet is the draft as an edition to be stored.
func (d *draft) sheet() store.MatrixSheet {
	s := store.MatrixSheet{MatrixEdition: store.MatrixEdition{Title: d.Title}}
	for i, p := range d.Posts {
		s.Posts = append(s.Posts, store.MatrixPost{Post: i + 1, Name: p.Name, DepartmentID: p.Department, Duty: p.Duty, Authority: p.Authority})
	}
	for i, n := range d.Nodes {
		s.Nodes = append(s.Nodes, store.MatrixNode{
			Node: i + 1, Name: n.Name, KeyNode: n.Key, Risk: n.Risk, Input: n.Input, Output: n.Output, TimeLimit: n.Limit,
		})
		for j, p := range d.Posts {
			for _, letter := range n.Letters[p.Name] {
				s.Cells = append(s.Cells, store.MatrixCell{Node: i + 1, Post: j + 1, Letter: letter})
			}
		}
	}
	return s
}

// draftOf is an edition to be changed.
func draftOf(s store.MatrixSheet) draft {
	d := draft{Base: s.Edition, Step: stepPosts, Title: s.Title}
	for _, p := range s.Posts {
		d.Posts = append(d.Posts, draftPost{Name: p.Name, Department: p.DepartmentID, Duty: p.Duty, Authority: p.Authority})
	}
	for _, n := range s.Nodes {
		node := draftNode{Name: n.Name, Key: n.KeyNode, Risk: n.Risk, Input: n.Input, Output: n.Output, Limit: n.TimeLimit,
			Letters: map[string][]store.Letter{}}
		for _, c := range s.Cells {
			if c.Node == n.Node && c.Post >= 1 && c.Post <= len(s.Posts) {
				name := s.Posts[c.Post-1].Name
				node.Letters[name] = append(node.Letters[name], c.Letter)
			}
		}
		for name, letters := range node.Letters {
			node.Letters[name] = inOrder(letters)
		}
		d.Nodes = append(d.Nodes, node)
	}
	return d
}

// inOrder sorts letters as they are written and takes each once.
func inOrder(letters []store.Letter) []store.Letter {
	var sorted []store.Letter
	for _, letter := range allLetters {
		if slices.Contains(letters, letter) {
			sorted = append(sorted, letter)
		}
	}
	return sorted
}
