package duty

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// known resolves every post of step 1 into department 3.
func known(list []named) ([]draftPost, error) {
	var posts []draftPost
	for _, n := range list {
		posts = append(posts, draftPost{Name: n.post, Department: 3})
	}
	return posts, nil
}

// drafts are the states a wizard may be in, by how much is filled in.
func drafts() map[string]func() draft {
	letters := map[string][]store.Letter{"甲": {store.Responsible, store.Accountable}}
	return map[string]func() draft{
		"empty": func() draft { return draft{} },
		"posts": func() draft { return draft{Posts: []draftPost{{Name: "甲", Department: 3}}} },
		"nodes": func() draft {
			return draft{Posts: []draftPost{{Name: "甲", Department: 3}}, Nodes: []draftNode{{Name: "登记"}}}
		},
		"complete": func() draft {
			return draft{Posts: []draftPost{{Name: "甲", Department: 3}}, Nodes: []draftNode{{Name: "登记", Letters: letters}}}
		},
	}
}

// The table of the package comment: step × answer × what is filled in.
func TestWizardStateByAnswer(t *testing.T) {
	content := map[step]string{stepPosts: "乙", stepNodes: "开票", stepLetters: "R 甲 A 甲", stepAuthority: "甲 职责:管"}
	goOn := func(d draft, to step) step { // 继续, 第n步: n where all before it is filled in, else 0
		switch {
		case to > stepPosts && len(d.Posts) == 0, to > stepNodes && len(d.Nodes) == 0, to > stepLetters && d.lacking() != nil, to > stepAuthority:
			return 0
		}
		return to
	}
	for fill, make := range drafts() {
		for at := stepPosts; at <= stepAuthority; at++ {
			if goOn(make(), at) == 0 {
				continue // the wizard is never there
			}
			for name, c := range map[string]struct {
				text string
				want func(d draft) step // 0: refused
			}{
				"content": {content[at], func(d draft) step {
					switch at {
					case stepPosts, stepNodes:
						return at + 1
					}
					return stepAuthority
				}},
				"onward":  {"继续", func(d draft) step { return goOn(d, at+1) }},
				"back":    {"上一步", func(d draft) step { return at - 1 }},
				"first":   {"第1步", func(d draft) step { return goOn(d, 1) }},
				"second":  {"第二步", func(d draft) step { return goOn(d, 2) }},
				"third":   {"第 3 步。", func(d draft) step { return goOn(d, 3) }},
				"fourth":  {"第4步", func(d draft) step { return goOn(d, 4) }},
				"restart": {"重来", func(draft) step { return stepPosts }},
			} {
				t.Run(fmt.Sprintf("%s/%d/%s", fill, at, name), func(t *testing.T) {
					d := make()
					d.Step = at
					before, err := json.Marshal(d)
					require.NoError(t, err)
					want := c.want(d)
					a, to := actOf(c.text)
					_, err = d.take(a, to, c.text, known)
					if want == 0 {
						require.IsType(t, mistake(""), err)
						after, err := json.Marshal(d)
						require.NoError(t, err)
						require.Equal(t, string(before), string(after), "a mistake changes nothing")
						return
					}
					require.NoError(t, err)
					require.Equal(t, want, d.Step)
					if name == "restart" {
						require.Empty(t, d.Posts)
						require.Empty(t, d.Nodes)
					}
				})
			}
		}
	}
}

func TestCompleteness(t *testing.T) {
	R, A := store.Responsible, store.Accountable
	for name, c := range map[string]struct {
		letters map[string][]store.Letter
		want    string
	}{
		"nobody":          {nil, "节点「登记」还没有执行岗位（R），还没有负责岗位（A）"},
		"no A":            {map[string][]store.Letter{"甲": {R}}, "节点「登记」还没有负责岗位（A）"},
		"no R":            {map[string][]store.Letter{"甲": {A}}, "节点「登记」还没有执行岗位（R）"},
		"two A":           {map[string][]store.Letter{"甲": {R, A}, "乙": {A}}, "节点「登记」有 2 个负责岗位（A）：甲、乙，只能留一个"},
		"two R":           {map[string][]store.Letter{"甲": {R, A}, "乙": {R}}, ""},
		"of who is gone":  {map[string][]store.Letter{"甲": {R}, "丙": {A}}, "节点「登记」还没有负责岗位（A）"},
		"one does it all": {map[string][]store.Letter{"甲": {R, A}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := draft{Posts: []draftPost{{Name: "甲"}, {Name: "乙"}}, Nodes: []draftNode{{Name: "登记", Letters: c.letters}}}
			require.Equal(t, c.want, d.missing(d.Nodes[0]))
			lines, at := d.gaps()
			require.Equal(t, c.want != "", len(lines) > 0)
			require.Equal(t, stepLetters, at)
		})
	}
	lines, at := (&draft{}).gaps()
	require.Equal(t, []string{"还没有岗位"}, lines)
	require.Equal(t, stepPosts, at)
	lines, at = (&draft{Posts: []draftPost{{Name: "甲"}}}).gaps()
	require.Equal(t, []string{"还没有流程节点"}, lines)
	require.Equal(t, stepNodes, at)
}

// Editing keeps what still fits: letters of nodes and posts that stay, fields
// that are not written anew.
func TestEditingKeepsWhatStillFits(t *testing.T) {
	d := sample()
	for _, line := range []string{"登记：R 销售经理 A 财务经理", "合同审核：R CI A 财务经理"} {
		_, err := d.take(actAnswer, 0, line, nil)
		require.NoError(t, err)
		d.Step = stepLetters
	}
	d.Nodes[0].Output = "订单"
	d.Step = stepNodes
	_, err := d.take(actAnswer, 0, "登记 时限:1天 → 复审 → 合同审核", nil)
	require.NoError(t, err)
	require.Equal(t, "订单", d.Nodes[0].Output)
	require.Equal(t, "1天", d.Nodes[0].Limit)
	require.Equal(t, "销售订单", d.Title, "not written anew")
	require.Equal(t, "复审", d.lacking().Name)
	require.Equal(t, []string{"CI"}, d.holders(d.Nodes[2], store.Responsible))

	d.Step = stepPosts
	d.Posts[1].Duty = "管钱"
	_, err = d.take(actAnswer, 0, "财务经理、销售经理", known)
	require.NoError(t, err)
	require.Equal(t, "管钱", d.Posts[0].Duty)
	require.Equal(t, "节点「合同审核」还没有执行岗位（R）", d.missing(d.Nodes[2]), "CI is no more")
}

func TestAMatrixThatIsTooLarge(t *testing.T) {
	d := draft{Step: stepLetters}
	var line strings.Builder
	for i := range maxPosts {
		name := fmt.Sprintf("岗位%d", i)
		d.Posts = append(d.Posts, draftPost{Name: name})
		line.WriteString(" " + name)
	}
	for i := range maxNodes {
		d.Nodes = append(d.Nodes, draftNode{Name: fmt.Sprintf("节点%d", i)})
	}
	var err error
	for i := 0; i < maxNodes && err == nil; i++ {
		_, err = d.take(actAnswer, 0, fmt.Sprintf("节点%d：R C I%s", i, line.String()), nil)
		require.LessOrEqual(t, d.rows(), store.MaxMatrixRows)
	}
	require.ErrorContains(t, err, "矩阵太大")
}

func TestSheetAndBack(t *testing.T) {
	d := sample()
	_, err := d.take(actAnswer, 0, "登记：R 销售经理 A 财务经理 I CI\n合同审核：A R 财务经理", nil)
	require.NoError(t, err)
	s := d.sheet()
	require.Len(t, s.Cells, 5)
	again := draftOf(s)
	require.Equal(t, d.Posts, again.Posts)
	require.Equal(t, d.Nodes, again.Nodes)
	require.Equal(t, s, again.sheet())
}
