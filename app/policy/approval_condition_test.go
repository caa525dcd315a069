package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// conditionFields has a field of every type.
func conditionFields() []FormField {
	fields := []FormField{
		{Key: "金额", Type: MoneyField}, {Key: "数量", Type: NumberField}, {Key: "天数", Type: DaysField}, {Key: "类型", Type: ChoiceField, Choices: []string{"事假", "病假"}},
		{Key: "急", Type: YesNoField}, {Key: "期间", Type: PeriodField}, {Key: "开始", Type: DateField}, {Key: "几点", Type: DateTimeField},
		{Key: "说明", Type: LongTextField}, {Key: "同事", Type: PersonField}, {Key: "参与人", Type: PeopleField}, {Key: "部门", Type: DepartmentField},
		{Key: "附件", Type: FileField}, {Key: "price2", Type: NumberField}, {Key: "_x", Type: TextField},
	}
	for i := range fields {
		fields[i].Required = true
		fields[i].complete()
	}
	return fields
}

func conditionForm(t testing.TB) Form {
	amount, err := ParseDecimal("1000.01")
	require.NoError(t, err)
	return Form{
		"金额": {Number: amount}, "数量": {Number: DecimalOf(3)}, "天数": {Number: 35000}, "类型": {Text: "病假"}, "急": {Yes: true},
		"开始": {Time: time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)}, "几点": {Time: time.Date(2026, 3, 9, 9, 30, 0, 0, time.UTC)},
		"说明": {Text: "含有发票"}, "同事": {Text: "孙七", Members: []int64{7}}, "参与人": {Members: []int64{1, 2}}, "部门": {Text: "研发部", Departments: []int64{14}},
	}
}

func TestConditionsHold(t *testing.T) {
	fields, applicant := conditionFields(), ApprovalApplicant{Departments: []string{"销售部"}, Roles: []Role{DepartmentHead}, Posts: []string{"销售经理"}}
	for text, want := range map[string]bool{
		"金额 > 1000": true, "金额 > 1000.01": false, "金额 >= 1000.01": true, "金额 == 1000.01": true, "金额 < 1000.02": true, "金额 != 1000": true,
		"金额 * 数量 == 3000.03": true, "金额 - 0.01 == 1000": true, "金额 + 数量 > 1003": true, "-金额 < 0": true, "数量 * 0.1 == 0.3": true,
		"0.1 + 0.2 == 0.3": true, "天数 > 3": true, "天数 > 3.5": false, "1 < 天数 and 天数 < 4": true, "1 < 天数 < 3": false,
		`类型 == "病假"`: true, `类型 in ["事假", "病假"]`: true, `类型 not in ["事假"]`: true, `类型 != "事假" && !急`: false,
		"急": true, "not 急": false, "急 or 金额 > 5000": true, `急 == true`: true, `说明 contains "发票"`: true, `说明 startsWith "含"`: true,
		`说明 endsWith "票"`: true, `开始 >= "2026-03-09"`: true, `开始 < "2026-03-09"`: false, `几点 > "2026-03-09 09:00"`: true,
		`同事 == "孙七"`: true, "参与人 > 1": true, "附件 == 0": true, `部门 == "研发部"`: true, "price2 == 0": true, `_x == ""`: true,
		`"销售部" in 申请人部门`: true, `"department_head" in 申请人角色`: true, `"部门主管" in 申请人角色`: true, `"销售经理" in 申请人岗位`: true,
		"数量 in [1, 2, 3]": true, "数量 in [1, 2.5]": false, "(急 or 金额 > 1) and 天数 > 1": true,
	} {
		c, err := compileCondition(text, fields)
		require.NoError(t, err, text)
		got, err := c.holds(formEnv(fields, conditionForm(t), applicant))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestConditionsAreRefusedWhenTheyAreRead(t *testing.T) {
	fields := conditionFields()
	for text, want := range map[string]string{
		"天 > 3":                            "unknown field 天; known here: ",
		`金额 > "很多"`:                        "invalid operation: > (mismatched types number and string) (at character 4)",
		"类型 == 3":                          "invalid operation: == (mismatched types string and number) (at character 4)",
		"金额":                               "expected bool, but got number",
		"急 > 1":                            "invalid operation: > (mismatched types bool and number) (at character 3)",
		"期间 == 1":                          "field 期间 of type period cannot be used in a condition",
		"len(类型) > 1":                      "only fields, texts, numbers, true, false, lists in [ ] and the operators ",
		"all([1], # > 0)":                  "only fields, ",
		"1..100000000":                     ".. is not allowed; use and ",
		"repeat(类型, 9)":                    "only fields, ",
		"金额 ** 9 > 1":                      "** is not allowed",
		"金额 / 2 > 1":                       "/ is not allowed",
		`类型 matches "a+"`:                  "matches is not allowed",
		"金额 > 1.00001":                     "1.00001 must be a number with at most four decimals",
		"金额 > 1e300":                       "1e+300 must be a number with at most four decimals",
		"金额 > 99999999999999999":           "is too large a number",
		"金额 >":                             "unexpected token EOF",
		"金额 > 1; 急":                        "only fields, ",
		"let x = 1; x > 2":                 "unknown field x",
		"急 ? true : false":                 "only fields, ",
		"类型.x":                             "only fields, ",
		"nil == 类型":                        "only fields, ",
		`{"a": 1} == 类型`:                   "only fields, ",
		`"a" | upper() == 类型`:              "only fields, ",
		"申请人部门 == 类型":                      "invalid operation: == (mismatched types []string and string)",
		"$env":                             "unknown field $env",
		"decimal_times(金额, 金额) > 1":        "unknown field decimal_times",
		strings.Repeat("急 or ", 60) + "急":  "must have at most 100 parts",
		strings.Repeat("急 or ", 200) + "急": "must have at most 500 characters, not 1001",
		strings.Repeat("(", 300) + "急":     "unexpected token EOF",
		strings.Repeat("not ", 120) + "急":  "must have at most 100 parts",
	} {
		_, err := compileCondition(text, fields)
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "\n")
		require.NotContains(t, err.Error(), "int64")
	}
}

// A product beyond all bounds is more than anything it is compared with.
func TestLargeProducts(t *testing.T) {
	fields := conditionFields()
	for text, want := range map[string]bool{
		"金额 * 金额 > 999999999999": true, "-金额 * 金额 < -999999999999": true, "金额 * 金额 == 数量 * 金额": true,
		strings.Repeat("金额 * 金额 + ", 15) + "金额 > 0": true, "price2 * 金额 == 0": true,
	} {
		c, err := compileCondition(text, fields)
		require.NoError(t, err)
		yes, err := c.holds(formEnv(fields, Form{"金额": {Number: maxDecimal}, "数量": {Number: maxDecimal}}, ApprovalApplicant{}))
		require.NoError(t, err)
		require.Equal(t, want, yes, text)
	}
}

// Which cases are dead is found by trying the values around every constant.
func TestDeadCases(t *testing.T) {
	for name, c := range map[string]struct {
		cases []string // "" is the else
		dead  []int
	}{
		"alive":                  {[]string{"金额 > 10000", "金额 > 1000", ""}, nil},
		"taken by one before":    {[]string{"金额 > 1000", "金额 > 10000", ""}, []int{1}},
		"contradiction":          {[]string{"天数 > 3 and 天数 < 2", ""}, []int{0}},
		"between two halves":     {[]string{"天数 > 3 and 天数 < 3.5", ""}, []int{0}},
		"between two cents":      {[]string{"金额 > 3 and 金额 < 3.01", ""}, []int{0}},
		"a cent between":         {[]string{"金额 > 3 and 金额 < 3.02", ""}, nil},
		"below the bounds":       {[]string{"金额 < 0", ""}, []int{0}},
		"everything":             {[]string{"金额 > 0", ""}, []int{1}},
		"constant false":         {[]string{"1 > 2", ""}, []int{0}},
		"constant true":          {[]string{"true", "急", ""}, []int{1, 2}},
		"no such choice":         {[]string{`类型 == "年假"`, ""}, []int{0}},
		"all choices":            {[]string{`类型 == "事假"`, `类型 == "病假"`, ""}, []int{2}},
		"yes and no":             {[]string{"急", "not 急", ""}, []int{2}},
		"dates":                  {[]string{`开始 < "2026-05-01"`, `开始 <= "2026-04-30"`, ""}, []int{1}},
		"one person":             {[]string{`同事 == "孙七"`, `同事 != "孙七"`, ""}, []int{2}},
		"who applies":            {[]string{`"销售部" in 申请人部门`, `"销售部" in 申请人部门 and "市场部" in 申请人部门`, ""}, []int{1}},
		"both departments":       {[]string{`"销售部" in 申请人部门 and "市场部" in 申请人部门`, `"市场部" in 申请人部门`, ""}, nil},
		"numbers off the grid":   {[]string{"天数 > 3.2", "天数 > 3", ""}, []int{1}},
		"too much to judge":      {[]string{"金额 * 数量 > 5", "金额 * 数量 > 50", ""}, nil},
		"text is not judged":     {[]string{`说明 contains "a"`, `说明 contains "ab"`, ""}, nil},
		"too many to try":        {[]string{many("金额", 8) + " and " + many("数量", 8) + " and " + many("参与人", 8), ""}, nil},
		"chosen by several":      {[]string{"急 and 金额 > 100", "急 and 金额 > 50", "not 急 and 金额 > 100", ""}, nil},
		"a list of numbers":      {[]string{"数量 in [1, 2]", "数量 == 2", ""}, []int{1}},
		"negative constants":     {[]string{"数量 > -1", "数量 >= -1", ""}, nil},
		"compared the other way": {[]string{"1000 < 金额", "10000 < 金额", ""}, []int{1}},
	} {
		of := &ApprovalTemplate{Fields: conditionFields(), conditions: map[string]*condition{}}
		branch := ApprovalBranch{Key: "b"}
		for _, when := range c.cases {
			branch.Cases = append(branch.Cases, ApprovalCase{When: when, To: End})
			if when == "" {
				continue
			}
			compiled, err := compileCondition(when, of.Fields)
			require.NoError(t, err, when)
			of.conditions[when] = compiled
		}
		require.Equal(t, c.dead, of.deadCases(branch), name)
	}
}

// many compares a field with n constants.
func many(field string, n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, field+"!="+string(rune('1'+i%9))+strings.Repeat("0", i/9))
	}
	return strings.Join(parts, " and ")
}

func FuzzCondition(f *testing.F) {
	for _, text := range []string{"金额 > 1000.01", `"销售部" in 申请人部门`, "急 and not (天数 > 3)", "金额 * 数量 > 0.1", "金额 *!数量 > 0.1", `说明 contains "发票"`, "1..9", "all(", "类型[0]", "\x00", "１ ＞ ０"} {
		f.Add(text)
	}
	fields := conditionFields()
	form := conditionForm(f)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := compileCondition(text, fields)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		env := formEnv(fields, form, ApprovalApplicant{})
		first, err := c.holds(env)
		require.NoError(t, err, "what was accepted can be evaluated")
		again, err := c.holds(env)
		require.NoError(t, err)
		require.Equal(t, first, again)
		of := &ApprovalTemplate{Fields: fields, conditions: map[string]*condition{text: c}}
		of.deadCases(ApprovalBranch{Cases: []ApprovalCase{{When: text, To: End}, {To: End}}})
	})
}

func FuzzParseApprovalTemplate(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"key":"x","title":"请","version":"1.0.0","engine":"guiju","title_text":"x{金额}","fields":[{"key":"金额","label":"金额","type":"money","required":true,"prompt":"?","min":"0.01","max":"100"}],
		"start":"b","nodes":[{"key":"a","name":"甲","kind":"share","share":60,"actors":[{"word":"直接上级","whom":"superior"}],"limit":"1wd","mode":"approve","next":"end"}],
		"branches":[{"key":"b","cases":[{"when":"金额 > 5","to":"a"},{"to":"a"}]}]}`))
	f.Fuzz(func(t *testing.T, definition []byte) {
		of, err := ParseApprovalTemplate(definition)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		again, err := ParseApprovalTemplate(of.Definition())
		require.NoError(t, err, "what was accepted can be stored and read back")
		require.Equal(t, string(of.Definition()), string(again.Definition()))
		form := Form{}
		for _, field := range of.Fields {
			form[field.Key] = FormValue{Text: "x", Members: []int64{1}, Departments: []int64{1}}
		}
		_, err = of.Plan(form, ApprovalApplicant{})
		require.NoError(t, err, "every form of a valid template has a route")
	})
}
