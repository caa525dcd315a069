package approval

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
	"guiju/wecom"
)

// Every type of field in every control that takes it, as it is submitted and as
// it is read back: what the 审批 app holds is what was filled in.
func TestX26_FieldsAndControlsStandForEachOther(t *testing.T) {
	zone := time.FixedZone("Asia/Shanghai", 8*3600)
	day := func(d, h, m int) time.Time { return time.Date(2026, 3, d, h, m, 0, 0, zone) }
	number := func(text string) policy.Decimal {
		n, err := policy.ParseDecimal(text)
		require.NoError(t, err)
		return n
	}
	span := func(fromDay int, fromNoon bool, toDay int, toNoon bool) policy.FormValue {
		return policy.FormValue{From: policy.HalfDayOf(day(fromDay, 0, 0), fromNoon), To: policy.HalfDayOf(day(toDay, 0, 0), toNoon)}
	}
	there := named{
		member: func(id int64) wecom.Named {
			return wecom.Named{ID: fmt.Sprintf("user%d", id), Name: fmt.Sprintf("成员%d", id)}
		},
		department: func(id int64) wecom.Named { return wecom.Named{ID: fmt.Sprint(id), Name: fmt.Sprintf("部门%d", id)} },
	}
	here := known{
		member:     func(userid string) (id int64) { fmt.Sscanf(userid, "user%d", &id); return id },
		department: func(id string) (number int64) { fmt.Sscan(id, &number); return number },
	}
	days := []wecom.FormOption{{Key: "1", Text: "事假"}, {Key: "2", Text: "年假"}}
	for _, c := range []struct {
		name    string
		control wecom.TemplateControl
		field   policy.FieldType
		value   policy.FormValue
		want    wecom.FormValue
	}{
		{"text", wecom.TemplateControl{Control: "Text"}, policy.TextField, policy.FormValue{Text: "深圳"}, wecom.FormValue{Text: "深圳"}},
		{"long text", wecom.TemplateControl{Control: "Textarea"}, policy.LongTextField, policy.FormValue{Text: "一\n二"}, wecom.FormValue{Text: "一\n二"}},
		{"number", wecom.TemplateControl{Control: "Number"}, policy.NumberField, policy.FormValue{Number: number("0")}, wecom.FormValue{Number: "0"}},
		{"money", wecom.TemplateControl{Control: "Money"}, policy.MoneyField, policy.FormValue{Number: number("328.5")}, wecom.FormValue{Number: "328.50"}},
		{"date", wecom.TemplateControl{Control: "Date", Kind: "day"}, policy.DateField, policy.FormValue{Time: day(9, 0, 0)}, wecom.FormValue{Kind: "day", Time: day(9, 0, 0)}},
		{"instant", wecom.TemplateControl{Control: "Date", Kind: "hour"}, policy.DateTimeField, policy.FormValue{Time: day(9, 15, 30)}, wecom.FormValue{Kind: "hour", Time: day(9, 15, 30)}},
		{"choice", wecom.TemplateControl{Control: "Selector", Kind: "single", Options: days}, policy.ChoiceField, policy.FormValue{Text: "年假"}, wecom.FormValue{Kind: "single", Options: days[1:]}},
		{"choice of many", wecom.TemplateControl{Control: "Selector", Kind: "multi", Options: days}, policy.ChoiceField, policy.FormValue{Text: "事假"}, wecom.FormValue{Kind: "multi", Options: days[:1]}},
		{"yes", wecom.TemplateControl{Control: "Selector", Kind: "single", Options: []wecom.FormOption{{Key: "y", Text: "是"}, {Key: "n", Text: "否"}}}, policy.YesNoField,
			policy.FormValue{Yes: true}, wecom.FormValue{Kind: "single", Options: []wecom.FormOption{{Key: "y", Text: "是"}}}},
		{"person", wecom.TemplateControl{Control: "Contact", Kind: "single", Mode: "user"}, policy.PersonField,
			policy.FormValue{Text: "成员7", Members: []int64{7}}, wecom.FormValue{Kind: "single", Members: []wecom.Named{{ID: "user7", Name: "成员7"}}}},
		{"people", wecom.TemplateControl{Control: "Contact", Kind: "multi", Mode: "user"}, policy.PeopleField,
			policy.FormValue{Text: "成员7、成员8", Members: []int64{7, 8}}, wecom.FormValue{Kind: "multi", Members: []wecom.Named{{ID: "user7", Name: "成员7"}, {ID: "user8", Name: "成员8"}}}},
		{"department", wecom.TemplateControl{Control: "Contact", Kind: "single", Mode: "department"}, policy.DepartmentField,
			policy.FormValue{Text: "部门3", Departments: []int64{3}}, wecom.FormValue{Kind: "single", Departments: []wecom.Named{{ID: "3", Name: "部门3"}}}},
		{"whole days", wecom.TemplateControl{Control: "DateRange", Kind: "halfday"}, policy.PeriodField, span(9, false, 10, true),
			wecom.FormValue{Kind: "halfday", From: day(9, 0, 0), To: day(10, 12, 0), Duration: 48 * time.Hour}},
		{"one half day", wecom.TemplateControl{Control: "DateRange", Kind: "halfday"}, policy.PeriodField, span(9, true, 9, true),
			wecom.FormValue{Kind: "halfday", From: day(9, 12, 0), To: day(9, 12, 0), Duration: 12 * time.Hour}},
		{"by the hour", wecom.TemplateControl{Control: "DateRange", Kind: "hour"}, policy.PeriodField, span(9, true, 10, false),
			wecom.FormValue{Kind: "hour", From: day(9, 12, 0), To: day(10, 12, 0), Duration: 24 * time.Hour}},
		{"a vacation of no kind", wecom.TemplateControl{Control: "Vacation", Options: days}, policy.PeriodField, span(9, false, 9, false),
			wecom.FormValue{Kind: "halfday", From: day(9, 0, 0), To: day(9, 0, 0), Duration: 12 * time.Hour}},
		{"a trip", wecom.TemplateControl{Control: "Attendance", Kind: "halfday", Attendance: wecom.BusinessTrip}, policy.PeriodField, span(9, false, 9, true),
			wecom.FormValue{Kind: "halfday", From: day(9, 0, 0), To: day(9, 12, 0), Duration: 24 * time.Hour, Attendance: wecom.BusinessTrip}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.control.ID, c.control.Title = "C-1", "控件"
			f := policy.FormField{Key: "字段", Label: "字段", Type: c.field, Required: true, Choices: []string{"事假", "年假"}}
			tpl := &policy.ApprovalTemplate{Fields: []policy.FormField{f}, Native: policy.NativeTemplate{Controls: map[string]string{"字段": "C-1"}}}
			at := wecom.ApprovalTemplate{Controls: []wecom.TemplateControl{c.control}}
			require.Empty(t, mappingProblems(tpl, at))
			sent := controlsOf(tpl, at, policy.Form{"字段": c.value}, zone, there, nil)
			require.Equal(t, []wecom.FormControl{{Control: c.control.Control, ID: "C-1", Value: c.want}}, sent)
			read, whole := formOf(tpl, sent, zone, here)
			require.True(t, whole)
			require.True(t, c.value.Time.Equal(read["字段"].Time))
			back := read["字段"]
			back.Time = c.value.Time
			require.Equal(t, c.value, back)
		})
	}
}

// What does not fit is said before anything is submitted, and what cannot be read
// is not made up.
func TestX26_WhatDoesNotFitIsSaid(t *testing.T) {
	for _, c := range []struct {
		field   policy.FieldType
		control wecom.TemplateControl
		says    string
	}{
		{policy.FileField, wecom.TemplateControl{Control: "File", Photos: true}, "只收照片"},
		{policy.PeriodField, wecom.TemplateControl{Control: "Attendance", Attendance: wecom.Overtime}, "不是出差或外出"},
		{policy.PersonField, wecom.TemplateControl{Control: "Contact", Mode: "department"}, "选的是部门"},
		{policy.PeopleField, wecom.TemplateControl{Control: "Contact", Kind: "single", Mode: "user"}, "只能选一人"},
		{policy.DateTimeField, wecom.TemplateControl{Control: "Date", Kind: "day"}, "只到日期"},
		{policy.ChoiceField, wecom.TemplateControl{Control: "Selector", Options: []wecom.FormOption{{Key: "1", Text: "事假"}}}, "没有选项「年假」"},
		{policy.MoneyField, wecom.TemplateControl{Control: "Date"}, "不能填这类内容"},
	} {
		c.control.ID, c.control.Title = "C-1", "控件"
		tpl := &policy.ApprovalTemplate{
			Fields: []policy.FormField{{Key: "字段", Label: "字段", Type: c.field, Choices: []string{"事假", "年假"}}},
			Native: policy.NativeTemplate{Controls: map[string]string{"字段": "C-1"}},
		}
		problems := mappingProblems(tpl, wecom.ApprovalTemplate{Controls: []wecom.TemplateControl{c.control}})
		require.Len(t, problems, 1, c.says)
		require.Contains(t, problems[0], c.says)
	}
	tpl := &policy.ApprovalTemplate{
		Fields: []policy.FormField{
			{Key: "类型", Type: policy.ChoiceField, Required: true, Choices: []string{"事假", "年假"}}, {Key: "附件", Type: policy.FileField, Required: true},
		},
		Native: policy.NativeTemplate{Controls: map[string]string{"类型": "S-1", "附件": "F-1"}},
	}
	read := func(options ...wecom.FormOption) bool {
		_, whole := formOf(tpl, []wecom.FormControl{{Control: "Selector", ID: "S-1", Value: wecom.FormValue{Options: options}},
			{Control: "File", ID: "F-1", Value: wecom.FormValue{Files: []string{"WWCISP_a"}}}}, time.UTC, known{})
		return whole
	}
	require.True(t, read(wecom.FormOption{Key: "1", Text: "年假"}), "a file that stays there is a file")
	require.False(t, read(wecom.FormOption{Key: "1", Text: "年假"}, wecom.FormOption{Key: "2", Text: "事假"}), "none of two is passed over")
}
