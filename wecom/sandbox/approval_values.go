package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// Values of form controls: the table of api.md 5.2.

type applyContent struct {
	Control string          `json:"control"`
	ID      string          `json:"id"`
	Value   json.RawMessage `json:"value"`
}

// checkContents holds the given values against the template: every control must be
// one of the form, of the right shape, and required ones filled (301025, 40058).
func (p *Platform) checkContents(t *Template, given []applyContent, now time.Time) ([]gin.H, *apiError) {
	byID := map[string]applyContent{}
	for _, g := range given {
		if !slices.ContainsFunc(t.Controls, func(c TemplateControl) bool { return c.ID == g.ID && c.Control == g.Control }) {
			return nil, fail(301025, "apply_data: no such control "+cutBytes(g.ID, 64))
		}
		byID[g.ID] = g
	}
	out := []gin.H{}
	for _, c := range t.Controls {
		g, there := byID[c.ID]
		if !there || len(g.Value) == 0 || string(g.Value) == "null" {
			if c.Required {
				return nil, fail(40058, "apply_data: required "+c.ID+" is empty")
			}
			continue
		}
		value, failed := p.checkValue(c, g.Value, now)
		if failed != nil {
			return nil, failed
		}
		out = append(out, gin.H{"control": c.Control, "id": c.ID, "title": zh(c.Title), "value": value})
	}
	return out, nil
}

// checkValue checks one value's shape (table of api.md 5.2) and gives the read form.
func (p *Platform) checkValue(c TemplateControl, raw json.RawMessage, now time.Time) (gin.H, *apiError) {
	var v struct {
		Text     *string `json:"text"`
		Number   *string `json:"new_number"`
		Money    *string `json:"new_money"`
		Date     *gin.H  `json:"date"`
		Selector *struct {
			Type    string `json:"type"`
			Options []struct {
				Key string `json:"key"`
			} `json:"options"`
		} `json:"selector"`
		Members []struct {
			UserID string `json:"userid"`
			Name   string `json:"name"`
		} `json:"members"`
		Departments []struct {
			ID string `json:"openapi_id"`
		} `json:"departments"`
		Files []struct {
			FileID string `json:"file_id"`
		} `json:"files"`
		DateRange *spanValue `json:"date_range"`
		Vacation  *struct {
			Selector struct {
				Type    string `json:"type"`
				Options []struct {
					Key string `json:"key"`
				} `json:"options"`
			} `json:"selector"`
			Attendance attendanceValue `json:"attendance"`
		} `json:"vacation"`
		Attendance *attendanceValue `json:"attendance"`
	}
	bad := fail(301025, "value of "+c.ID)
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, bad
	}
	out := gin.H{"tips": []any{}, "members": []any{}, "departments": []any{}, "files": []any{}, "children": []any{}, "stat_field": []any{}}
	switch c.Control {
	case "Text", "Textarea":
		if v.Text == nil || c.Required && *v.Text == "" || c.Control == "Text" && strings.ContainsAny(*v.Text, "\r\n") {
			return nil, bad
		}
		out["text"] = *v.Text
	case "Number":
		if v.Number == nil || !isNumber(*v.Number) {
			return nil, bad
		}
		out["new_number"] = *v.Number
	case "Money":
		if v.Money == nil || !isNumber(*v.Money) {
			return nil, bad
		}
		out["new_money"] = *v.Money
	case "Date":
		if v.Date == nil {
			return nil, bad
		}
		stamp, isText := (*v.Date)["s_timestamp"].(string)
		if _, err := strconv.ParseInt(stamp, 10, 64); !isText || err != nil || (*v.Date)["type"] != c.Kind {
			return nil, bad
		}
		out["date"] = gin.H{"type": c.Kind, "s_timestamp": stamp}
	case "Selector":
		if v.Selector == nil || v.Selector.Type != c.Kind || len(v.Selector.Options) == 0 || c.Kind == "single" && len(v.Selector.Options) != 1 {
			return nil, bad
		}
		options := []gin.H{}
		for _, o := range v.Selector.Options {
			i := slices.IndexFunc(c.Options, func(known [2]string) bool { return known[0] == o.Key })
			if i < 0 {
				return nil, bad
			}
			options = append(options, gin.H{"key": o.Key, "value": zh(c.Options[i][1])})
		}
		out["selector"] = gin.H{"type": c.Kind, "options": options}
	case "Contact":
		if c.Mode == "department" {
			if len(v.Departments) == 0 || c.Kind == "single" && len(v.Departments) > 1 {
				return nil, bad
			}
			departments := []gin.H{}
			for _, d := range v.Departments {
				id, err := strconv.Atoi(d.ID)
				known := p.st.Company.Departments[id]
				if err != nil || known == nil {
					return nil, bad
				}
				departments = append(departments, gin.H{"openapi_id": d.ID, "name": known.Name})
			}
			out["departments"] = departments
			return out, nil
		}
		if len(v.Members) == 0 || c.Kind == "single" && len(v.Members) > 1 {
			return nil, bad
		}
		people := []gin.H{}
		for _, m := range v.Members {
			who := p.st.Company.member(m.UserID)
			if who == nil {
				return nil, bad
			}
			people = append(people, gin.H{"userid": who.UserID, "name": who.Name})
		}
		out["members"] = people
	case "File":
		if len(v.Files) == 0 || len(v.Files) > 6 {
			return nil, bad
		}
		files := []gin.H{}
		for _, f := range v.Files {
			if p.liveMedia(f.FileID, now) == nil {
				return nil, fail(40007, "")
			}
			files = append(files, gin.H{"file_id": f.FileID})
		}
		out["files"] = files
	case "DateRange":
		if v.DateRange == nil || !v.DateRange.fits(c.Kind) {
			return nil, bad
		}
		out["date_range"] = v.DateRange.view()
	case "Attendance":
		if v.Attendance == nil || v.Attendance.Type != c.Attendance || !v.Attendance.Range.fits(c.Kind) {
			return nil, bad
		}
		out["attendance"] = gin.H{"date_range": v.Attendance.Range.view(), "type": v.Attendance.Type}
	case "Vacation":
		if v.Vacation == nil || v.Vacation.Selector.Type != "single" || len(v.Vacation.Selector.Options) != 1 || v.Vacation.Attendance.Type != 1 ||
			!v.Vacation.Attendance.Range.fits(c.Kind) {
			return nil, bad
		}
		key := v.Vacation.Selector.Options[0].Key
		i := slices.IndexFunc(c.Options, func(known [2]string) bool { return known[0] == key })
		if i < 0 {
			return nil, bad
		}
		out["vacation"] = gin.H{
			"selector":   gin.H{"type": "single", "options": []gin.H{{"key": key, "value": zh(c.Options[i][1])}}, "exp_type": 0},
			"attendance": gin.H{"date_range": v.Vacation.Attendance.Range.view(), "type": 1},
		}
	default:
		return nil, bad
	}
	return out, nil
}

// spanValue is a date_range; attendanceValue one with what it is.
type spanValue struct {
	Type     string `json:"type"`
	Begin    int64  `json:"new_begin"`
	End      int64  `json:"new_end"`
	Duration int64  `json:"new_duration"`
}

type attendanceValue struct {
	Type  int       `json:"type"`
	Range spanValue `json:"date_range"`
}

// fits holds a span against its control: half days begin at 00:00 or 12:00, and
// the one that begins at new_end counts, so a single one has both ends equal.
func (s spanValue) fits(kind string) bool {
	const half = 43200
	if s.Type != kind || s.Begin <= 0 || s.End < s.Begin || s.Duration <= 0 {
		return false
	}
	if kind != "halfday" {
		return s.End > s.Begin
	}
	return (s.Begin+8*3600)%half == 0 && (s.End+8*3600)%half == 0 && s.Duration%half == 0 && s.Duration <= s.End-s.Begin+half
}

func (s spanValue) view() gin.H {
	return gin.H{"type": s.Type, "new_begin": s.Begin, "new_end": s.End, "new_duration": s.Duration, "perday_duration": 86400}
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && !strings.ContainsAny(s, "xXnNiIeE_+")
}

// shape turns what a person would type into the control's value: a text, a number,
// an option's text, a userid, a date. An object is taken as the value itself.
func shape(c TemplateControl, raw json.RawMessage) json.RawMessage {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		if n := string(raw); isNumber(n) {
			text = n
		} else {
			return raw
		}
	}
	var value any
	switch c.Control {
	case "Text", "Textarea":
		value = gin.H{"text": text}
	case "Number":
		value = gin.H{"new_number": text}
	case "Money":
		value = gin.H{"new_money": text}
	case "Selector":
		for _, o := range c.Options {
			if o[1] == text {
				text = o[0]
			}
		}
		value = gin.H{"selector": gin.H{"type": c.Kind, "options": []gin.H{{"key": text}}}}
	case "Contact":
		value = gin.H{"members": []gin.H{{"userid": text}}}
	case "File":
		value = gin.H{"files": []gin.H{{"file_id": text}}}
	case "Date":
		value = gin.H{"date": gin.H{"type": c.Kind, "s_timestamp": day(text)}}
	case "DateRange": // "2026-03-09 2026-03-10", both days whole
		first, last, _ := strings.Cut(text, " ")
		begin, _ := strconv.ParseInt(day(first), 10, 64)
		end, _ := strconv.ParseInt(day(last), 10, 64)
		end += 43200
		value = gin.H{"date_range": gin.H{"type": c.Kind, "new_begin": begin, "new_end": end, "new_duration": end - begin + 43200}}
	}
	out, err := json.Marshal(value)
	if err != nil { // plain data always encodes
		panic(fmt.Sprintf("sandbox: value: %v", err))
	}
	return out
}

// day is the Unix second of a date's midnight in UTC+8, "" if it is none.
func day(text string) string {
	t, err := time.ParseInLocation("2006-01-02", text, time.FixedZone("CST", 8*3600))
	if err != nil {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}
