package wecom_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
)

// Each control as it is submitted [91853] and as a detail shows it again [91983]:
// what was submitted is what is read, whatever the detail adds.
func TestControlsAreReadAsTheyAreSubmitted(t *testing.T) {
	const midnight = 1772380800 // 2026-03-02 in Shanghai
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	span := func(kind string, hours int64) wecom.FormValue {
		return wecom.FormValue{Kind: kind, From: at(midnight), To: at(midnight + hours*3600), Duration: time.Duration(hours) * time.Hour}
	}
	vacation := wecom.FormValue{Options: []wecom.FormOption{{Key: "1", Text: "年假"}}, Kind: "hour", From: at(1772413200), To: at(1772432400), Duration: 5 * time.Hour}
	trip := span("hour", 24)
	trip.Attendance = wecom.BusinessTrip
	for _, c := range []struct {
		control, submitted, read string
		value                    wecom.FormValue
	}{
		{"Text", `{"text":"出差"}`, `{"text":"出差","tips":[],"members":[]}`, wecom.FormValue{Text: "出差"}},
		{"Textarea", `{"text":"两行\n文字"}`, `{"text":"两行\n文字"}`, wecom.FormValue{Text: "两行\n文字"}},
		{"Number", `{"new_number":"700"}`, `{"new_number":"700"}`, wecom.FormValue{Number: "700"}},
		{"Money", `{"new_money":"700.50"}`, `{"new_money":"700.5"}`, wecom.FormValue{Number: "700.50"}},
		{"Date", `{"date":{"type":"day","s_timestamp":"1772380800"}}`, `{"date":{"type":"day","s_timestamp":"1772380800"}}`, wecom.FormValue{Kind: "day", Time: at(midnight)}},
		{"Date", `{"date":{"type":"hour","s_timestamp":"1772415000"}}`,
			`{"date":{"type":"hour","s_timestamp":"1772415000","timezone_info":{"zone_offset":"0","zone_desc":"伦敦"}}}`, wecom.FormValue{Kind: "hour", Time: at(1772415000)}},
		{"Selector", `{"selector":{"type":"single","options":[{"key":"option-1"}]}}`,
			`{"selector":{"type":"single","options":[{"key":"option-1","value":[{"text":"差旅","lang":"zh_CN"}]}]}}`, wecom.FormValue{Kind: "single", Options: []wecom.FormOption{{Key: "option-1"}}}},
		{"Selector", `{"selector":{"type":"multi","options":[{"key":"option-1"},{"key":"option-2"}]}}`,
			`{"selector":{"type":"multi","options":[{"key":"option-2"},{"key":"option-1"}]}}`, wecom.FormValue{Kind: "multi", Options: []wecom.FormOption{{Key: "option-1"}, {Key: "option-2"}}}},
		{"Contact", `{"members":[{"userid":"linmo","name":"林默"}]}`, `{"members":[{"userid":"LinMo","name":"林默"}],"departments":[]}`, wecom.FormValue{Members: []wecom.Named{{ID: "linmo", Name: "林默"}}}},
		{"Contact", `{"departments":[{"openapi_id":"12","name":"采购部"}]}`, `{"departments":[{"openapi_id":12,"name":"采购部"}],"members":[]}`,
			wecom.FormValue{Departments: []wecom.Named{{ID: "12", Name: "采购部"}}}},
		{"File", `{"files":[{"file_id":"MEDIA_1"},{"file_id":"MEDIA_2"}]}`, `{"files":[{"file_id":"WWCISP_a"},{"file_id":"WWCISP_b"}]}`, wecom.FormValue{Files: []string{"MEDIA_1", "MEDIA_2"}}},
		{"DateRange", `{"date_range":{"type":"halfday","new_begin":1772380800,"new_end":1772424000,"new_duration":86400}}`,
			`{"date_range":{"type":"halfday","new_begin":1772380800,"new_end":1772424000,"new_duration":86400,"perday_duration":86400}}`,
			wecom.FormValue{Kind: "halfday", From: at(midnight), To: at(1772424000), Duration: 24 * time.Hour}},
		{"Vacation",
			`{"vacation":{"selector":{"type":"single","options":[{"key":"1","value":[{"text":"年假","lang":"zh_CN"}]}],"exp_type":0},"attendance":{"date_range":{"type":"hour","new_begin":1772413200,"new_end":1772432400,"new_duration":18000},"type":1}}}`,
			`{"vacation":{"selector":{"type":"single","options":[{"key":"1","value":[{"text":"年假","lang":"zh_CN"}]}],"exp_type":0},"attendance":{"date_range":{"type":"hour","new_begin":1772413200,"new_end":1772432400,"new_duration":18000},"type":1,"slice_info":{"day_items":[{"daytime":1772380800,"duration":18000}],"duration":18000,"state":1}}}}`,
			vacation},
		{"Attendance", `{"attendance":{"date_range":{"type":"hour","new_begin":1772380800,"new_end":1772467200,"new_duration":86400},"type":3}}`,
			`{"attendance":{"date_range":{"type":"hour","new_begin":1772380800,"new_end":1772467200,"new_duration":86400},"type":3,"slice_info":{"day_items":[]}}}`, trip},
	} {
		t.Run(c.control, func(t *testing.T) {
			p := newPlatform(t)
			p.answers("oa/applyevent", `{"errcode":0,"sp_no":"1"}`)
			given := wecom.FormControl{Control: c.control, ID: c.control + "-1", Value: c.value}
			a := expense()
			a.Form = []wecom.FormControl{given}
			_, err := p.client(wecom.Options{}).Apply(t.Context(), a)
			require.NoError(t, err)
			var body struct {
				Data struct {
					Contents []struct{ Value json.RawMessage }
				} `json:"apply_data"`
			}
			require.NoError(t, json.Unmarshal([]byte(p.calls("oa/applyevent")[0].body), &body))
			require.JSONEq(t, c.submitted, string(body.Data.Contents[0].Value))

			read, err := wecom.DecodeApproval(fmt.Appendf(nil, `{"sp_no":"1","apply_data":{"contents":[{"control":%q,"id":%q,"title":[{"text":"标题","lang":"zh_CN"}],"value":%s}]}}`,
				c.control, given.ID, c.read))
			require.NoError(t, err)
			require.True(t, wecom.SameForm([]wecom.FormControl{given}, read.Form), "%+v is read as %+v", given, read.Form)
			require.Equal(t, c.value.Kind, read.Form[0].Value.Kind)
			require.Equal(t, c.value.Duration, read.Form[0].Value.Duration)
			require.Equal(t, c.value.Attendance, read.Form[0].Value.Attendance)
			given.Value.Text, given.Value.Number, given.Value.Time, given.Value.From = "x"+given.Value.Text, "1"+given.Value.Number, at(1), at(1)
			if c.control != "File" && c.control != "Contact" && c.control != "Selector" {
				require.False(t, wecom.SameForm([]wecom.FormControl{given}, read.Form), "another value is another form")
			}
		})
	}
}

// What a form cannot hold is refused before WeCom is asked.
func TestApplyRefusesFormsThatCannotBe(t *testing.T) {
	p := newPlatform(t)
	for name, form := range map[string][]wecom.FormControl{
		"seven files":  {{Control: "File", ID: "File-1", Value: wecom.FormValue{Files: []string{"1", "2", "3", "4"}}}, {Control: "File", ID: "File-2", Value: wecom.FormValue{Files: []string{"5", "6", "7"}}}},
		"line break":   {{Control: "Text", ID: "Text-1", Value: wecom.FormValue{Text: "a\nb"}}},
		"no such kind": {{Control: "PunchCorrection", ID: "PunchCorrection-1"}},
	} {
		a := expense()
		a.Form = form
		_, err := p.client(wecom.Options{}).Apply(t.Context(), a)
		require.Error(t, err, name)
	}
	require.Empty(t, p.calls("oa/applyevent"))
}

// A template says what an Attendance is, whether a File takes photos only, and of
// a Vacation its kinds of leave.
func TestTemplateOfTimes(t *testing.T) {
	got, err := wecom.DecodeTemplate([]byte(`{"template_names":[{"text":"出差","lang":"zh_CN"}],"template_content":{"controls":[
	 {"property":{"control":"Attendance","id":"Attendance-1","title":[{"text":"出差","lang":"zh_CN"}],"require":1},"config":{"attendance":{"type":3,"date_range":{"type":"halfday"}}}},
	 {"property":{"control":"File","id":"File-1","title":[{"text":"照片","lang":"zh_CN"}]},"config":{"file":{"is_only_photo":1}}},
	 {"property":{"control":"Vacation","id":"Vacation-1","title":[{"text":"请假","lang":"zh_CN"}]},"config":{"vacation_list":{"item":[{"id":2,"name":[{"text":"事假","lang":"zh_CN"}]}]}}}]}}`))
	require.NoError(t, err)
	require.Equal(t, []wecom.TemplateControl{
		{Control: "Attendance", ID: "Attendance-1", Title: "出差", Required: true, Kind: "halfday", Attendance: wecom.BusinessTrip},
		{Control: "File", ID: "File-1", Title: "照片", Photos: true},
		{Control: "Vacation", ID: "Vacation-1", Title: "请假", Options: []wecom.FormOption{{Key: "2", Text: "事假"}}},
	}, got.Controls)
}
