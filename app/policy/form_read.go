package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Read reads the content of a field as administrators write it, in the zone loc:
// 1000.01, 是, 2026-03-09, 2026-03-09下午至2026-03-11. People and departments
// keep their names: who that is is for others to find. The error says in Chinese
// what to write instead.
func (f FormField) Read(text string, loc *time.Location) (FormValue, error) {
	text = strings.TrimSpace(text)
	switch f.Type {
	case NumberField, MoneyField, DaysField:
		d, err := ParseDecimal(text)
		if err != nil {
			return FormValue{}, fmt.Errorf("%s要写成数字，例如 1000.01，不是 %q", f.Label, text)
		}
		return FormValue{Number: d}, nil
	case YesNoField:
		yes := slices.Contains([]string{"是", "yes", "true"}, fold(text))
		if !yes && !slices.Contains([]string{"否", "no", "false"}, fold(text)) {
			return FormValue{}, fmt.Errorf("%s要写成 是 或 否，不是 %q", f.Label, text)
		}
		return FormValue{Yes: yes}, nil
	case DateField, DateTimeField:
		for _, layout := range []string{dateLayout + " 15:04", dateLayout} {
			if t, err := time.ParseInLocation(layout, text, loc); err == nil {
				return FormValue{Time: t}, nil
			}
		}
		return FormValue{}, fmt.Errorf("%s要写成日期，例如 2026-03-09，不是 %q", f.Label, text)
	case PeriodField:
		return f.readPeriod(text)
	case FileField, PhotoField:
		return FormValue{}, fmt.Errorf("%s是附件，这里不能填写", f.Label)
	}
	return FormValue{Text: text}, nil
}

func (f FormField) readPeriod(text string) (FormValue, error) {
	start, end, two := strings.Cut(text, "至")
	if !two {
		end = start
	}
	from, ok := readHalf(start, false)
	to, okTo := readHalf(end, true)
	if !ok || !okTo {
		return FormValue{}, fmt.Errorf("%s要写成起止日期，例如 2026-03-09至2026-03-11 或 2026-03-09下午至2026-03-11上午，不是 %q", f.Label, text)
	}
	return FormValue{From: from, To: to}, nil
}

// readHalf reads one end of a period; afternoon is what a plain date means there.
func readHalf(text string, afternoon bool) (HalfDay, bool) {
	date, isMorning := strings.CutSuffix(strings.TrimSpace(text), "上午")
	date, isAfternoon := strings.CutSuffix(date, "下午")
	t, err := time.Parse(dateLayout, strings.TrimSpace(date))
	if err != nil || isMorning && isAfternoon {
		return HalfDay{}, false
	}
	return HalfDay{Date: t, Afternoon: isAfternoon || afternoon && !isMorning}, true
}
