package approval

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/policy"
)

func halfOf(day string, afternoon bool) policy.HalfDay {
	t, err := time.ParseInLocation("2006-01-02", day, shanghai)
	if err != nil {
		panic(err)
	}
	return policy.HalfDayOf(t, afternoon)
}

// leaveForm is the leave of the guide's example.
func leaveForm() policy.Form {
	return policy.Form{
		"请假类型": {Text: "事假"}, "请假时间": {From: halfOf("2026-03-09", false), To: halfOf("2026-03-10", true)}, "事由": {Text: "家中有事"},
		"预计返回日期": {Time: time.Date(2026, 3, 11, 0, 0, 0, 0, shanghai)}, "工作交接": {Text: "孙七", Members: []int64{7}},
	}
}

func TestG1_2_1_1_b_TheTextsAreExact(t *testing.T) {
	a := withRules(t, "")
	leave, _ := a.rules().ApprovalTemplate("leave")
	text, err := a.text(leave, sceneAsked, leaveForm(), "赵六", nil)
	require.NoError(t, err)
	require.Equal(t, "赵六申请2026-03-09至2026-03-10请假,事由:家中有事,预计返回日期:2026-03-11,工作交接:孙七。", text)
	text, err = a.text(leave, sceneDecided, leaveForm(), "赵六", map[string]string{policy.TextVerdict: "批准", policy.TextRemark: "注意交接"})
	require.NoError(t, err)
	require.Equal(t, "审批意见:批准,注意交接", text, "X-46: the first placeholder is a label")
	text, err = a.text(leave, sceneApproved, leaveForm(), "赵六", nil)
	require.NoError(t, err)
	require.Equal(t, "注意:赵六将于2026-03-09至2026-03-10请假,期间孙七代理其工作。", text)

	reimburse, _ := a.rules().ApprovalTemplate("reimburse")
	form := policy.Form{"金额": {Number: policy.DecimalOf(358)}, "事由": {Text: "打车"}}
	text, err = a.text(reimburse, sceneAsked, form, "孙七", nil)
	require.NoError(t, err)
	require.Equal(t, "孙七申请报销,金额:358.00元,事由:打车,附件:无。", text, "what may be left out and was is 无")
}

// A text with a hole is never sent: what is missing is asked for.
func TestG1_2_1_1_b_AnEmptyPlaceholderIsAskedFor(t *testing.T) {
	a := withRules(t, "")
	leave, _ := a.rules().ApprovalTemplate("leave")
	form := leaveForm()
	delete(form, "工作交接")
	_, err := a.text(leave, sceneAsked, form, "赵六", nil)
	var missing chat.Incomplete
	require.ErrorAs(t, err, &missing)
	require.Equal(t, "工作交接", missing.Field)
}

func TestTheSeparatorOfDatesIsARule(t *testing.T) {
	a := withRules(t, "templates: {date_range_separator: '~'}\n")
	require.Equal(t, "2026-03-09~2026-03-10", a.span(leaveForm()["请假时间"]))
	require.Equal(t, "2026-03-09下午~2026-03-10上午", a.span(policy.FormValue{From: halfOf("2026-03-09", true), To: halfOf("2026-03-10", false)}))
	require.Empty(t, a.span(policy.FormValue{}))
}

// A leave from noon to noon lasts exactly so long (S03 Deputy).
func TestTheSpanOfALeaveIsExact(t *testing.T) {
	a := withRules(t, "")
	leave, _ := a.rules().ApprovalTemplate("leave")
	for _, c := range []struct {
		from, to policy.HalfDay
		begins   string
		ends     string
		last     string
	}{
		{halfOf("2026-03-09", false), halfOf("2026-03-10", true), "2026-03-09 00:00", "2026-03-11 00:00", "3月10日"},
		{halfOf("2026-03-09", true), halfOf("2026-03-10", false), "2026-03-09 12:00", "2026-03-10 12:00", "3月10日 12:00"},
		{halfOf("2026-03-09", false), halfOf("2026-03-09", false), "2026-03-09 00:00", "2026-03-09 12:00", "3月9日 12:00"},
	} {
		form := leaveForm()
		form["请假时间"] = policy.FormValue{From: c.from, To: c.to}
		w, ok := a.awayOf(leave, form)
		require.True(t, ok)
		require.Equal(t, c.begins, w.from.In(shanghai).Format("2006-01-02 15:04"))
		require.Equal(t, c.ends, w.until.In(shanghai).Format("2006-01-02 15:04"))
		require.Equal(t, c.last, a.edge(w.until, true))
		require.Equal(t, int64(7), w.deputy)
	}
	_, ok := a.awayOf(leave, policy.Form{})
	require.False(t, ok)
}

// Nobody is back before his leave is over.
func TestTheReturnIsAfterTheLeave(t *testing.T) {
	a := withRules(t, "")
	leave, _ := a.rules().ApprovalTemplate("leave")
	for back, ok := range map[string]bool{"2026-03-08": false, "2026-03-10": false, "2026-03-11": true, "2026-03-20": true} {
		form := leaveForm()
		day, err := time.ParseInLocation("2006-01-02", back, shanghai)
		require.NoError(t, err)
		form["预计返回日期"] = policy.FormValue{Time: day}
		if err := a.checkReturn(leave, form); ok {
			require.NoError(t, err, back)
		} else {
			require.ErrorContains(t, err, "预计返回日期", back)
			require.ErrorContains(t, err, "2026-03-11", back)
		}
	}
}

// The guide writes 请假 事假 2026-03-09 2026-03-10 家中有事 返回:2026-03-11 交接:孙七.
func TestTheArgumentsAreInTheGuidesOrder(t *testing.T) {
	a := withRules(t, "")
	leave, _ := a.rules().ApprovalTemplate("leave")
	args := a.args(leave)
	var positional, keyed []string
	for _, arg := range args {
		if arg.Keyed {
			keyed = append(keyed, arg.Name)
		} else {
			positional = append(positional, arg.Name)
		}
	}
	require.Equal(t, []string{"请假类型", "请假时间", "事由"}, positional)
	require.Equal(t, []string{"预计返回日期", "工作交接", "附件"}, keyed)
	require.Equal(t, "请假 <请假类型> <请假时间> <事由> 返回:… 交接:… [附件:…]", usage("请假", args))
	require.Equal(t, "请假 事假 明天 后天 说明 返回:明天 交接:姓名", example("请假", args))
}
