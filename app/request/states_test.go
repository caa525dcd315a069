package request_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/request"
	"guiju/store"
)

// Every state with every action by everybody it may concern: what is answered,
// and where the request stands then. The table is that of the package's doc.
func TestEveryStateActionAndRole(t *testing.T) {
	const (
		yes     = ""
		refused = "【未通过】"
		more    = "【请补充】"
		denied  = "【无权限】"
		unknown = "【未找到】"
	)
	states := []string{"running", "returned", "approved", "rejected", "withdrawn", "revoked"}
	type act = func(q *request.Requests, call *chat.Call, n string) error
	one := func(_ store.Request, err error) error { return err }
	actions := map[string]act{
		"批准": func(q *request.Requests, call *chat.Call, n string) error { return one(q.Decide(call, n, true, "")) },
		"驳回": func(q *request.Requests, call *chat.Call, n string) error {
			return one(q.Decide(call, n, false, "不行"))
		},
		"空驳回": func(q *request.Requests, call *chat.Call, n string) error { return one(q.Decide(call, n, false, "")) },
		"退回": func(q *request.Requests, call *chat.Call, n string) error {
			return one(q.Return(call, n, "", "改", false))
		},
		"退回一": func(q *request.Requests, call *chat.Call, n string) error {
			return one(q.Return(call, n, "a", "改", false))
		},
		"撤回": func(q *request.Requests, call *chat.Call, n string) error {
			return one(q.Withdraw(call, n, "不去了"))
		},
		"催办":  func(q *request.Requests, call *chat.Call, n string) error { return one(q.Urge(call, n)) },
		"评论":  func(q *request.Requests, call *chat.Call, n string) error { return one(q.Comment(call, n, "请看")) },
		"空评论": func(q *request.Requests, call *chat.Call, n string) error { return one(q.Comment(call, n, " ")) },
		"查询":  func(q *request.Requests, call *chat.Call, n string) error { _, err := q.View(call, n); return err },
	}
	// by who and action, in the order of the states: answer>state after it
	table := []struct{ who, action, outcomes string }{
		{"郑十六", "批准", "yes>approved refused refused refused refused refused"},
		{"郑十六", "驳回", "yes>rejected refused refused refused refused refused"},
		{"郑十六", "空驳回", "more refused refused refused refused refused"},
		{"郑十六", "退回", "yes>returned refused refused refused refused refused"},
		{"郑十六", "退回一", "yes>running refused refused refused refused refused"},
		{"郑十六", "撤回", "unknown unknown unknown unknown unknown unknown"},
		{"郑十六", "催办", "unknown unknown unknown unknown unknown unknown"},
		{"郑十六", "评论", "yes yes yes yes yes yes"},
		{"郑十六", "空评论", "more more more more more more"},
		{"郑十六", "查询", "yes yes yes yes yes yes"},
		{"魏伟", "批准", "refused refused refused refused refused refused"},
		{"魏伟", "退回", "refused refused refused refused refused refused"},
		{"魏伟", "查询", "yes yes yes yes yes yes"},
		{"赵六", "批准", "refused refused refused refused refused refused"},
		{"赵六", "驳回", "refused refused refused refused refused refused"},
		{"赵六", "退回", "refused refused refused refused refused refused"},
		{"赵六", "撤回", "yes>withdrawn yes>withdrawn yes>revoked refused refused refused"},
		{"赵六", "催办", "yes refused refused refused refused refused"},
		{"赵六", "评论", "yes yes yes yes yes yes"},
		{"赵六", "查询", "yes yes yes yes yes yes"},
		{"韩梅", "催办", "yes refused refused refused refused refused"}, // above 郑十六
		{"韩梅", "批准", "denied denied denied denied denied denied"},
		{"孙七", "批准", "denied denied denied denied denied denied"},
		{"孙七", "退回", "denied denied denied denied denied denied"},
		{"孙七", "撤回", "unknown unknown unknown unknown unknown unknown"},
		{"孙七", "催办", "unknown unknown unknown unknown unknown unknown"},
		{"孙七", "评论", "unknown unknown unknown unknown unknown unknown"},
		{"孙七", "查询", "unknown unknown unknown unknown unknown unknown"},
	}
	answers := map[string]string{"yes": yes, "refused": refused, "more": more, "denied": denied, "unknown": unknown}
	onSQLite(t, func(c *company) {
		for _, row := range table {
			for i, outcome := range strings.Fields(row.outcomes) {
				n := c.brought(states[i])
				answer, after, moves := strings.Cut(outcome, ">")
				if !moves {
					after = states[i]
				}
				told := c.does(row.who, func(q *request.Requests, call *chat.Call) error { return actions[row.action](q, call, n) })
				require.Equal(c.t, answers[answer] == "", told == "", "%s: %s %s is told %s", states[i], row.who, row.action, told)
				require.True(c.t, strings.HasPrefix(told, answers[answer]), "%s: %s %s is told %s", states[i], row.who, row.action, told)
				r, _ := c.read(n)
				require.Equal(c.t, after, string(r.State), "%s: %s %s", states[i], row.who, row.action)
			}
		}
	})
}

// brought brings a request of two steps, whose first 魏伟 has agreed to, into a
// state.
func (c *company) brought(state string) string {
	c.t.Helper()
	n := c.files(request.Step{Key: "a", Name: "一", Whom: single}, request.Step{Key: "b", Name: "二", Whom: "department:人事部"})
	require.Empty(c.t, c.approves("魏伟", n))
	told := ""
	switch state {
	case "returned":
		told = c.returns("郑十六", n, "", false)
	case "approved", "revoked":
		told = c.approves("郑十六", n)
	case "rejected":
		told = c.rejects("郑十六", n, "不行")
	}
	require.Empty(c.t, told)
	if state == "withdrawn" || state == "revoked" {
		require.Empty(c.t, c.does("赵六", func(q *request.Requests, call *chat.Call) error {
			_, err := q.Withdraw(call, n, "不去了")
			return err
		}))
	}
	r, _ := c.read(n)
	require.Equal(c.t, state, string(r.State))
	return n
}
