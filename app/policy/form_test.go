package policy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

// half reads 2026-03-09 上午.
func half(t testing.TB, text string) policy.HalfDay {
	t.Helper()
	var h policy.HalfDay
	require.NoError(t, h.UnmarshalText([]byte(text)))
	return h
}

func period(t testing.TB, from, to string) policy.FormValue {
	return policy.FormValue{From: half(t, from), To: half(t, to)}
}

// days are working days, both ends included, half days count 0.5.
func TestX16_LeaveDays(t *testing.T) {
	cal := engine(t, func(r *policy.Rules) { r.Calendar.Holidays = policy.Holidays{"2026-03-12"} }).Calendar()
	for _, c := range []struct{ from, to, days string }{
		{"2026-03-09 上午", "2026-03-09 下午", "1"},
		{"2026-03-09 上午", "2026-03-09 上午", "0.5"},
		{"2026-03-09 下午", "2026-03-09 下午", "0.5"},
		{"2026-03-09 上午", "2026-03-10 下午", "2"},
		{"2026-03-09 下午", "2026-03-11 下午", "2.5"},
		{"2026-03-09 下午", "2026-03-11 上午", "2"},
		{"2026-03-06 上午", "2026-03-09 下午", "2"},   // over a weekend
		{"2026-03-06 下午", "2026-03-08 上午", "0.5"}, // the end is no working day
		{"2026-03-09 上午", "2026-03-13 下午", "4"},   // the 12th is a holiday
		{"2026-03-07 上午", "2026-03-08 下午", "0"},
		{"2026-03-10 上午", "2026-03-09 下午", "0"},
	} {
		require.Equal(t, c.days, cal.LeaveDays(half(t, c.from), half(t, c.to)).String(), "%s – %s", c.from, c.to)
	}
	require.Equal(t, half(t, "2026-03-02 下午"), policy.HalfDayOf(at(t, "2026-03-02 23:30"), true), "the date is the company's")
}

// leaveForm is the example of G1-2.1(1)b AE1.
func leaveForm(t testing.TB) policy.Form {
	return policy.Form{
		"请假类型": {Text: "事假"}, "请假时间": period(t, "2026-03-09 上午", "2026-03-10 下午"), "事由": {Text: "家中有事"},
		"预计返回日期": {Time: at(t, "2026-03-11 00:00")}, "工作交接": {Text: "孙七", Members: []int64{7}},
	}
}

// G1-2.1(1)b AE4: what is missing is named, and nothing else.
func TestG1_2_1_1b_AE4_TheFormNamesWhatIsMissing(t *testing.T) {
	e := engine(t)
	leave := template(t, "leave")
	now := at(t, "Mon 10:00")
	form := leave.Complete(leaveForm(t), e.Calendar())
	require.Empty(t, leave.CheckForm(form, now))
	require.Equal(t, "2", form["天数"].Number.String())
	require.Equal(t, "请假：事假 2026-03-09至2026-03-10", leave.CaseTitle(form))

	delete(form, "工作交接")
	problems := leave.CheckForm(form, now)
	require.Len(t, problems, 1)
	require.True(t, problems[0].Missing)
	require.Equal(t, "工作交接", problems[0].Field.Key)
	require.Equal(t, "请假期间由哪位同事接手您的工作？", problems[0].Field.Prompt)
	require.Equal(t, "还没有填工作交接", problems[0].Text)

	same := leaveForm(t)
	require.NotContains(t, same, "天数", "the form itself stays as it was")
	weekend := leaveForm(t)
	weekend["请假时间"] = period(t, "2026-03-07 上午", "2026-03-08 下午")
	require.Equal(t, "所选时间里没有工作日，请核对起止日期", leave.CheckForm(leave.Complete(weekend, e.Calendar()), now)[0].Text)
	for word, key := range map[string]string{"返回": "预计返回日期", "交接": "工作交接", "请假类型": "请假类型"} {
		field, ok := leave.Field(word)
		require.True(t, ok)
		require.Equal(t, key, field.Key)
	}
}

func TestCheckFormSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	of := template(t, "purchase", func(r *policy.Rules) {
		edit(r, "purchase", func(p *policy.ApprovalTemplateRule) {
			for key, field := range map[string]policy.FormFieldRule{
				"急":   {Type: "yesno"},
				"时刻":  {Type: "datetime"},
				"期间":  {Type: "period"},
				"折算":  {Type: "days"},
				"验收人": {Type: "person"},
				"参与人": {Type: "people", Max: pointer(policy.DecimalOf(2))},
				"部门":  {Type: "department"},
				"照片":  {Type: "photo", Min: pointer(policy.DecimalOf(1)), Max: pointer(policy.DecimalOf(2))},
				"等级":  {Type: "choice", Choices: []string{"高", "低"}},
			} {
				*p.Fields.Entry(key).(*policy.FormFieldRule) = field
			}
		})
	})
	now := at(t, "Mon 10:00")
	many := make([]int64, 10)
	for _, c := range []struct {
		field string
		value policy.FormValue
		want  string
	}{
		{"金额", number(t, "-5"), "金额要大于 0，现在是 -5.00 元"},
		{"金额", number(t, "0"), "金额要大于 0，现在是 0.00 元"},
		{"金额", number(t, "100000000.01"), "金额最多 100000000.00 元，现在是 100000000.01，请核对"},
		{"金额", number(t, "3.585"), "金额最多写到分，例如 358.50"},
		{"金额", number(t, "358.50"), ""},
		{"数量", number(t, "0"), "数量最少 1，现在是 0"},
		{"数量", number(t, "1000001"), "数量最多 1000000，现在是 1000001，请核对"},
		{"物品", policy.FormValue{Text: strings.Repeat("长", 81)}, "物品有 81 字，最多 80 字，请写得简短一些"},
		{"物品", policy.FormValue{Text: "一\n二"}, "物品只能写一行，请去掉换行"},
		{"物品", policy.FormValue{Text: " "}, "还没有填物品"},
		{"等级", policy.FormValue{Text: "中"}, "等级请从这些里选一个：高、低"},
		{"期望到货日期", policy.FormValue{Time: at(t, "2026-03-01 00:00")}, "期望到货日期 2026-03-01 已经过去，请写今天或以后的日期"},
		{"期望到货日期", policy.FormValue{Time: at(t, "2026-03-02 00:00")}, ""},
		{"期望到货日期", policy.FormValue{Time: at(t, "2029-03-02 00:00")}, "期望到货日期 2029-03-02 离今天太远，请核对年份"},
		{"时刻", policy.FormValue{Time: at(t, "2206-03-02 09:00")}, "时刻 2206-03-02 离今天太远，请核对年份"},
		{"期间", period(t, "2026-03-10 上午", "2026-03-09 下午"), "期间的结束 2026-03-09 下午 早于开始 2026-03-10 上午，请对调或改正"},
		{"期间", period(t, "2026-03-10 下午", "2026-03-10 上午"), "期间的结束 2026-03-10 上午 早于开始 2026-03-10 下午，请对调或改正"},
		{"期间", period(t, "2026-03-09 上午", "2027-03-10 下午"), "期间超过一年，请核对年份"},
		{"期间", period(t, "2026-02-27 上午", "2026-03-02 下午"), "期间从 2026-02-27 开始，已经过去，请写今天或以后的日期"},
		{"期间", period(t, "2029-02-27 上午", "2029-03-02 下午"), "期间 2029-02-27 离今天太远，请核对年份"},
		{"期间", policy.FormValue{From: half(t, "2026-03-09 上午")}, "期间少了结束日期，请写从哪天到哪天"},
		{"期间", policy.FormValue{To: half(t, "2026-03-09 上午")}, "期间少了开始日期，请写从哪天到哪天"},
		{"折算", number(t, "1.25"), "折算按半天计，例如 2 或 2.5"},
		{"折算", number(t, "0"), "折算最少 0.5 天，现在是 0"},
		{"折算", number(t, "367"), "折算最多 366 天，现在是 367，请核对"},
		{"验收人", policy.FormValue{Members: []int64{1, 2}}, "验收人只能写一位同事"},
		{"部门", policy.FormValue{Departments: []int64{1, 2}}, "部门只能写一个部门"},
		{"参与人", policy.FormValue{Members: []int64{1, 2, 3}}, "参与人最多 2 位，现在有 3"},
		{"照片", policy.FormValue{Attachments: []int64{1, 2, 3}}, "照片最多 2 张照片，现在有 3"},
		{"附件", policy.FormValue{Attachments: many}, "附件最多 9 个文件，现在有 10"},
		{"急", policy.FormValue{Yes: true}, ""},
		{"奖金", policy.FormValue{Text: "x"}, "「采购申请」没有「奖金」这一项，请去掉"},
	} {
		form := policy.Form{"物品": {Text: "打印机"}, "数量": number(t, "1"), "金额": number(t, "1"), "用途": {Text: "办公"}}
		form[c.field] = c.value
		var got []string
		for _, p := range of.CheckForm(form, now) {
			got = append(got, p.String())
		}
		require.Equal(t, c.want, strings.Join(got, "\n"), c.field)
	}
	require.Len(t, of.CheckForm(nil, now), 4, "every required field is named at once")
}

func pointer[T any](v T) *T { return &v }

func TestShow(t *testing.T) {
	for _, c := range []struct {
		kind  policy.FieldType
		value policy.FormValue
		want  string
	}{
		{policy.MoneyField, number(t, "1000.5"), "1000.50"},
		{policy.DaysField, number(t, "3.50"), "3.5"},
		{policy.YesNoField, policy.FormValue{Yes: true}, "是"},
		{policy.YesNoField, policy.FormValue{}, "否"},
		{policy.DateField, policy.FormValue{Time: at(t, "2026-03-11 00:00")}, "2026-03-11"},
		{policy.DateTimeField, policy.FormValue{Time: at(t, "2026-03-11 09:30")}, "2026-03-11 09:30"},
		{policy.PeriodField, period(t, "2026-03-09 上午", "2026-03-11 下午"), "2026-03-09至2026-03-11"},
		{policy.PeriodField, period(t, "2026-03-09 下午", "2026-03-11 上午"), "2026-03-09下午至2026-03-11上午"},
		{policy.PeriodField, period(t, "2026-03-09 下午", "2026-03-09 下午"), "2026-03-09下午"},
		{policy.PeriodField, period(t, "2026-03-09 上午", "2026-03-09 上午"), "2026-03-09上午"},
		{policy.PeriodField, period(t, "2026-03-09 上午", "2026-03-09 下午"), "2026-03-09至2026-03-09"},
		{policy.PhotoField, policy.FormValue{Attachments: []int64{1, 2}}, "2 张照片"},
		{policy.FileField, policy.FormValue{Attachments: []int64{1}}, "1 个文件"},
		{policy.PersonField, policy.FormValue{Text: "孙七", Members: []int64{7}}, "孙七"},
	} {
		require.Equal(t, c.want, policy.FormField{Type: c.kind}.Show(c.value))
	}
}

// Amounts are exact: no binary fraction comes between a form and a limit.
func TestDecimal(t *testing.T) {
	for text, want := range map[string]string{
		"1000": "1000", "1,000.00": "1000", "1000.01": "1000.01", "０.５": "0.5", "-3.50": "-3.5", "0.0001": "0.0001", " 12 ": "12",
		"1000000000000": "1000000000000", "007": "7",
	} {
		d, err := policy.ParseDecimal(text)
		require.NoError(t, err, text)
		require.Equal(t, want, d.String())
		again, err := policy.ParseDecimal(d.String())
		require.NoError(t, err)
		require.Equal(t, d, again)
	}
	for _, text := range []string{"", "-", "一千", "1.00001", "1.", ".5", "1e3", "0x10", "1 000", "--1", "1000000000000.01", "99999999999999999999", "NaN", "1.2.3", "+1"} {
		_, err := policy.ParseDecimal(text)
		require.ErrorIs(t, err, policy.ErrDecimal, text)
	}
	require.Equal(t, []string{"1000.00", "1000.50", "1000.01", "-0.50"}, []string{
		decimal(t, "1000").Money(), decimal(t, "1000.5").Money(), decimal(t, "1000.01").Money(), decimal(t, "-0.5").Money()})
}

func TestFormSurvivesJSON(t *testing.T) {
	form := template(t, "leave").Complete(leaveForm(t), engine(t).Calendar())
	form["金额"], form["急"], form["部门"] = number(t, "1000.01"), policy.FormValue{Yes: true}, policy.FormValue{Text: "研发部", Departments: []int64{14}}
	data, err := json.Marshal(form)
	require.NoError(t, err)
	var back policy.Form
	require.NoError(t, json.Unmarshal(data, &back))
	require.True(t, back["预计返回日期"].Time.Equal(form["预计返回日期"].Time))
	require.Equal(t, form["请假时间"], back["请假时间"])
	require.Equal(t, form["金额"], back["金额"])
	again, err := json.Marshal(back)
	require.NoError(t, err)
	require.JSONEq(t, string(data), string(again))
	require.Error(t, json.Unmarshal([]byte(`{"a":{"from":"2026-03-09 中午"}}`), &back))
	require.Error(t, json.Unmarshal([]byte(`{"a":{"number":"很多"}}`), &back))
}

func FuzzCheckForm(f *testing.F) {
	f.Add("leave", "事假", int64(35000), int64(1_780_000_000), true)
	f.Add("purchase", "", int64(-1), int64(0), false)
	e := engine(f)
	f.Fuzz(func(t *testing.T, key, text string, n, seconds int64, yes bool) {
		of, ok := e.ApprovalTemplate(key)
		if !ok {
			of, _ = e.ApprovalTemplate("doc_permission")
		}
		moment := time.Unix(seconds%(1<<40), 0).UTC()
		form := policy.Form{}
		for _, field := range of.Fields {
			form[field.Key] = policy.FormValue{
				Text: text, Number: policy.Decimal(n), Time: moment, From: policy.HalfDayOf(moment, yes), To: policy.HalfDayOf(moment.AddDate(0, 0, int(n%500)), yes),
				Yes: yes, Members: []int64{n}, Departments: []int64{n}, Attachments: []int64{n},
			}
		}
		form = of.Complete(form, e.Calendar())
		for _, p := range of.CheckForm(form, at(t, "Mon 10:00")) {
			require.NotEmpty(t, p.Text)
		}
		require.LessOrEqual(t, len([]rune(of.CaseTitle(form))), 60)
		_, err := of.Plan(form, policy.ApprovalApplicant{})
		require.NoError(t, err, "whatever the fields hold, the route ends")
	})
}
