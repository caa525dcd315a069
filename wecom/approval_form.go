package wecom

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FormControl is one control of a form with what stands in it.
type FormControl struct {
	Control string // Text, Money, Selector …; see the table of [91853]
	ID      string
	Title   string // on read
	Hidden  bool   // on read
	Value   FormValue
}

// FormValue is the value of a control. Which fields count depends on the control.
type FormValue struct {
	Text        string       // Text, Textarea, PhoneNumber
	Number      string       // Number, Money, Formula: a decimal
	Kind        string       // Date: day | hour; Selector: single | multi; DateRange: halfday | hour
	Time        time.Time    // Date
	Options     []FormOption // Selector, Vacation
	Members     []Named      // Contact
	Departments []Named      // Contact
	Files       []string     // File: media ids; at most MaxFormFiles in a form
	From, To    time.Time    // DateRange, Vacation, Attendance
	Duration    time.Duration
	Attendance  int             // Attendance: what it is, as in TemplateControl
	Rows        [][]FormControl // Table
	Related     []string        // RelatedApproval: numbers
	Place       string          // Location, on read
}

// FormOption is one choice of a Selector; its text is not submitted.
type FormOption struct{ Key, Text string }

// Named is a member or a department with the name WeCom shows.
type Named struct{ ID, Name string }

// Empty says that nothing stands in a control.
func (v FormValue) Empty() bool {
	return v.Text == "" && v.Number == "" && v.Time.IsZero() && len(v.Options) == 0 && len(v.Members) == 0 && len(v.Departments) == 0 &&
		len(v.Files) == 0 && v.From.IsZero() && len(v.Rows) == 0 && len(v.Related) == 0
}

// contentsOf are the contents of apply_data.
func contentsOf(form []FormControl) ([]map[string]any, error) {
	all := []map[string]any{}
	files := 0
	for _, f := range form {
		if f.Control == "Tips" {
			continue // filled by WeCom
		}
		value, err := f.submitted()
		if err != nil {
			return nil, err
		}
		files += len(f.Value.Files)
		for _, row := range f.Value.Rows {
			for _, cell := range row {
				files += len(cell.Value.Files)
			}
		}
		all = append(all, map[string]any{"control": f.Control, "id": f.ID, "value": value})
	}
	if files > MaxFormFiles {
		return nil, &InvalidError{"apply_data.files", fmt.Sprintf("%d files, a form holds at most %d", files, MaxFormFiles)}
	}
	return all, nil
}

func unixText(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// submitted is the value as oa/applyevent takes it.
func (f FormControl) submitted() (map[string]any, error) {
	v := f.Value
	refuse := func(problem string) (map[string]any, error) { return nil, &InvalidError{"apply_data." + f.ID, problem} }
	switch f.Control {
	case "Text", "Textarea":
		if f.Control == "Text" && strings.ContainsAny(v.Text, "\r\n") {
			return refuse("a Text holds no line breaks")
		}
		return map[string]any{"text": v.Text}, nil
	case "Number":
		return map[string]any{"new_number": v.Number}, nil
	case "Money":
		return map[string]any{"new_money": v.Number}, nil
	case "Date":
		return map[string]any{"date": map[string]any{"type": v.Kind, "s_timestamp": unixText(v.Time)}}, nil
	case "Selector":
		var options []map[string]any
		for _, o := range v.Options {
			options = append(options, map[string]any{"key": o.Key})
		}
		return map[string]any{"selector": map[string]any{"type": v.Kind, "options": options}}, nil
	case "Contact":
		out := map[string]any{}
		if len(v.Members) > 0 {
			var members []map[string]any
			for _, m := range v.Members {
				members = append(members, map[string]any{"userid": m.ID, "name": m.Name})
			}
			out["members"] = members
		}
		if len(v.Departments) > 0 {
			var departments []map[string]any
			for _, d := range v.Departments {
				departments = append(departments, map[string]any{"openapi_id": d.ID, "name": d.Name})
			}
			out["departments"] = departments
		}
		return out, nil
	case "File":
		var files []map[string]any
		for _, id := range v.Files {
			files = append(files, map[string]any{"file_id": id})
		}
		return map[string]any{"files": files}, nil
	case "DateRange":
		return map[string]any{"date_range": v.dateRange()}, nil
	case "Vacation":
		return v.vacation(), nil
	case "Attendance":
		return map[string]any{"attendance": map[string]any{"date_range": v.dateRange(), "type": v.Attendance}}, nil
	case "RelatedApproval":
		var related []map[string]any
		for _, no := range v.Related {
			related = append(related, map[string]any{"sp_no": no})
		}
		return map[string]any{"related_approval": related}, nil
	}
	return refuse(fmt.Sprintf("a %s cannot be submitted", f.Control))
}

func (v FormValue) dateRange() map[string]any {
	return map[string]any{
		"type": v.Kind, "new_begin": v.From.Unix(), "new_end": v.To.Unix(), "new_duration": int64(v.Duration / time.Second),
	}
}

func (v FormValue) vacation() map[string]any {
	var options []map[string]any
	for _, o := range v.Options {
		options = append(options, map[string]any{"key": o.Key, "value": inChinese(o.Text)})
	}
	return map[string]any{"vacation": map[string]any{
		"selector":   map[string]any{"type": "single", "options": options, "exp_type": 0},
		"attendance": map[string]any{"date_range": v.dateRange(), "type": 1},
	}}
}

// formContent is a control as getapprovaldetail shows it. The value carries many empty siblings: only what belongs to
// the control counts.
type formContent struct {
	Control flexText        `json:"control"`
	ID      flexText        `json:"id"`
	Title   langTexts       `json:"title"`
	Hidden  flexInt         `json:"hidden"`
	Value   json.RawMessage `json:"value"`
}

// langTexts is a list of one text in several languages.
type langTexts struct {
	texts lenient[struct{ Text, Lang flexText }]
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *langTexts) UnmarshalJSON(b []byte) error { return l.texts.UnmarshalJSON(b) }

// chinese is the Chinese text, else the first.
func (l langTexts) chinese() string {
	i := slices.IndexFunc(l.texts, func(t struct{ Text, Lang flexText }) bool {
		return strings.HasPrefix(strings.ToLower(string(t.Lang)), "zh")
	})
	switch {
	case len(l.texts) == 0:
		return ""
	case i < 0:
		i = 0
	}
	return string(l.texts[i].Text)
}

type rawRange struct {
	Type     flexText `json:"type"`
	Begin    flexInt  `json:"new_begin"`
	End      flexInt  `json:"new_end"`
	Duration flexInt  `json:"new_duration"`
}

type rawSelector struct {
	Type    flexText `json:"type"`
	Options lenient[struct {
		Key   flexText  `json:"key"`
		Value langTexts `json:"value"`
	}] `json:"options"`
}

func (s rawSelector) options() []FormOption {
	var all []FormOption
	for _, o := range s.Options {
		all = append(all, FormOption{Key: string(o.Key), Text: o.Value.chinese()})
	}
	return all
}

// rawValue is what any control may hold.
type rawValue struct {
	Text      flexText    `json:"text"`
	Number    flexText    `json:"new_number"`
	Money     flexText    `json:"new_money"`
	Date      rawDate     `json:"date"`
	Bare      flexInt     `json:"s_timestamp"` // a page drops the wrapper of a Date
	BareType  flexText    `json:"type"`
	Selector  rawSelector `json:"selector"`
	DateRange rawRange    `json:"date_range"`
	Vacation  struct {
		Selector   rawSelector   `json:"selector"`
		Attendance rawAttendance `json:"attendance"`
	} `json:"vacation"`
	Attendance rawAttendance `json:"attendance"`
	Members    lenient[struct {
		UserID flexText `json:"userid"`
		Name   flexText `json:"name"`
	}] `json:"members"`
	Departments lenient[struct {
		ID   flexText `json:"openapi_id"`
		Name flexText `json:"name"`
	}] `json:"departments"`
	Files lenient[struct {
		ID flexText `json:"file_id"`
	}] `json:"files"`
	Children lenient[struct {
		List lenient[formContent] `json:"list"`
	}] `json:"children"`
	Related lenient[struct {
		SpNo flexText `json:"sp_no"`
	}] `json:"related_approval"`
	Formula struct {
		Value flexText `json:"value"`
	} `json:"formula"`
	Location struct {
		Title   flexText `json:"title"`
		Address flexText `json:"address"`
	} `json:"location"`
}

type rawDate struct {
	Type  flexText `json:"type"`
	Stamp flexInt  `json:"s_timestamp"`
}

type rawAttendance struct {
	Type  flexInt  `json:"type"`
	Range rawRange `json:"date_range"`
}

// maxTableDepth bounds tables in tables, which no template has.
const maxTableDepth = 1

func (c formContent) decode(depth int) FormControl {
	f := FormControl{Control: string(c.Control), ID: string(c.ID), Title: c.Title.chinese(), Hidden: c.Hidden == 1}
	var in rawValue
	if loosely(c.Value, &in) != nil {
		return f
	}
	v := &f.Value
	switch f.Control {
	case "Text", "Textarea", "PhoneNumber":
		v.Text = string(in.Text)
	case "Number":
		v.Number = string(in.Number)
	case "Money":
		v.Number = string(in.Money)
	case "Formula":
		v.Number = string(in.Formula.Value)
	case "Date":
		v.Kind, v.Time = string(in.Date.Type), in.Date.Stamp.time()
		if in.Date.Stamp == 0 {
			v.Kind, v.Time = string(in.BareType), in.Bare.time()
		}
	case "Selector":
		v.Kind, v.Options = string(in.Selector.Type), in.Selector.options()
	case "Contact":
		for _, m := range in.Members {
			v.Members = append(v.Members, Named{string(m.UserID), string(m.Name)})
		}
		for _, d := range in.Departments {
			v.Departments = append(v.Departments, Named{string(d.ID), string(d.Name)})
		}
	case "File":
		for _, file := range in.Files {
			v.Files = append(v.Files, string(file.ID))
		}
	case "DateRange":
		v.take(in.DateRange)
	case "Vacation":
		v.Options = in.Vacation.Selector.options()
		v.take(in.Vacation.Attendance.Range)
	case "Attendance":
		v.Attendance = int(in.Attendance.Type)
		v.take(in.Attendance.Range)
	case "RelatedApproval":
		for _, r := range in.Related {
			v.Related = append(v.Related, string(r.SpNo))
		}
	case "Location":
		v.Place = strings.TrimSpace(string(in.Location.Title) + " " + string(in.Location.Address))
	case "Table":
		v.Rows = rowsOf(in, depth)
	}
	return f
}

func rowsOf(in rawValue, depth int) [][]FormControl {
	if depth >= maxTableDepth {
		return nil
	}
	var rows [][]FormControl
	for _, child := range in.Children {
		var row []FormControl
		for _, cell := range child.List {
			row = append(row, cell.decode(depth+1))
		}
		rows = append(rows, row)
	}
	return rows
}

func (v *FormValue) take(r rawRange) {
	v.Kind, v.From, v.To, v.Duration = string(r.Type), r.Begin.time(), r.End.time(), time.Duration(min(max(r.Duration, 0), latest))*time.Second
	if v.Duration < 0 { // beyond what a Duration holds
		v.Duration = 0
	}
}

// ApprovalTemplate is a form of the 审批 app (oa/gettemplatedetail [91982]).
type ApprovalTemplate struct {
	Name     string
	Controls []TemplateControl // in the order of the form
}

// TemplateControl is one control of it.
type TemplateControl struct {
	Control  string
	ID       string
	Title    string
	Required bool
	Kind     string       // Date, Selector, Contact, DateRange, Attendance: as in FormValue.Kind; of a Vacation often ""
	Mode     string       // Contact: user | department
	Options  []FormOption // Selector; of a Vacation its kinds of leave
	Children []TemplateControl
	Photos   bool // File: photos only
	// Attendance says what an Attendance is.
	Attendance int
}

// What an Attendance is (type of attendance [91982]).
const (
	BusinessTrip = 3
	GoingOut     = 4
	Overtime     = 5
)

// TemplateDetail reads a template (oa/gettemplatedetail [91982]). CodeApprovalParameter: there is none of this id.
func (c *Client) TemplateDetail(ctx context.Context, id string) (ApprovalTemplate, error) {
	var k checks
	k.need("template_id", id, maxTemplateID)
	if k.err != nil {
		return ApprovalTemplate{}, fmt.Errorf("read approval template: %w", k.err)
	}
	var got json.RawMessage
	if err := c.callJSON(ctx, "oa/gettemplatedetail", map[string]string{"template_id": id}, &got); err != nil {
		return ApprovalTemplate{}, err
	}
	t, err := DecodeTemplate(got)
	if err != nil {
		return ApprovalTemplate{}, &Error{API: "oa/gettemplatedetail", HTTPStatus: 200, Msg: "answer is no template", class: Transient}
	}
	return t, nil
}

// DecodeTemplate reads the answer of gettemplatedetail.
func DecodeTemplate(answer []byte) (ApprovalTemplate, error) {
	var in struct {
		Names   langTexts `json:"template_names"`
		Content struct {
			Controls lenient[rawControl] `json:"controls"`
		} `json:"template_content"`
		Vacations rawVacations `json:"vacation_list"`
	}
	if err := loosely(answer, &in); err != nil {
		return ApprovalTemplate{}, fmt.Errorf("approval template: %w", err)
	}
	t := ApprovalTemplate{Name: in.Names.chinese()}
	for _, raw := range in.Content.Controls {
		control := raw.decode(0)
		if control.Control == "Vacation" && len(control.Options) == 0 { // beside template_content
			control.Options = in.Vacations.options()
		}
		t.Controls = append(t.Controls, control)
	}
	return t, nil
}

type rawVacations struct {
	Item lenient[struct {
		ID   flexText  `json:"id"`
		Name langTexts `json:"name"`
	}] `json:"item"`
}

func (v rawVacations) options() []FormOption {
	var all []FormOption
	for _, i := range v.Item {
		all = append(all, FormOption{Key: string(i.ID), Text: i.Name.chinese()})
	}
	return all
}

type rawControl struct {
	Property struct {
		Control flexText  `json:"control"`
		ID      flexText  `json:"id"`
		Title   langTexts `json:"title"`
		Require flexInt   `json:"require"`
	} `json:"property"`
	Config struct {
		Date      rawDate     `json:"date"`
		DateRange rawRange    `json:"date_range"`
		Selector  rawSelector `json:"selector"`
		Contact   struct {
			Type flexText `json:"type"`
			Mode flexText `json:"mode"`
		} `json:"contact"`
		Attendance rawAttendance `json:"attendance"`
		Table      struct {
			Children lenient[rawControl] `json:"children"`
		} `json:"table"`
		File struct {
			PhotosOnly flexInt `json:"is_only_photo"`
		} `json:"file"`
		Vacations rawVacations `json:"vacation_list"`
	} `json:"config"`
}

func (r rawControl) decode(depth int) TemplateControl {
	t := TemplateControl{
		Control: string(r.Property.Control), ID: string(r.Property.ID), Title: r.Property.Title.chinese(), Required: r.Property.Require == 1,
	}
	config := r.Config
	switch t.Control {
	case "Date":
		t.Kind = string(config.Date.Type)
	case "DateRange":
		t.Kind = string(config.DateRange.Type)
	case "Selector":
		t.Kind, t.Options = string(config.Selector.Type), config.Selector.options()
	case "Contact":
		t.Kind, t.Mode = string(config.Contact.Type), string(config.Contact.Mode)
	case "Attendance":
		t.Kind, t.Attendance = string(config.Attendance.Range.Type), int(config.Attendance.Type)
	case "Vacation":
		t.Kind, t.Options = string(config.Attendance.Range.Type), config.Vacations.options()
	case "File":
		t.Photos = config.File.PhotosOnly == 1
	case "Table":
		if depth < maxTableDepth {
			for _, child := range config.Table.Children {
				t.Children = append(t.Children, child.decode(depth+1))
			}
		}
	}
	return t
}
