package words

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Half is the half of a day that is meant.
type Half string

// The halves. WholeDay is also what a day alone means.
const (
	WholeDay  Half = ""
	Forenoon  Half = "am"
	Afternoon Half = "pm"
)

// String is the half in words, "" for a whole day.
func (h Half) String() string {
	switch h {
	case Forenoon:
		return "上午"
	case Afternoon:
		return "下午"
	}
	return ""
}

// HalfDay is a day of the calendar, or a half of it.
type HalfDay struct {
	Day  time.Time `json:"day,omitzero"` // its midnight
	Half Half      `json:"half,omitempty"`
}

// String is the day as it is written on forms: 2026-03-09上午.
func (h HalfDay) String() string {
	if h.Day.IsZero() {
		return ""
	}
	return h.Day.Format(time.DateOnly) + h.Half.String()
}

var partsOfDay = map[string]Half{
	"": WholeDay, "全天": WholeDay, "整天": WholeDay, "一天": WholeDay, "一整天": WholeDay,
	"上午": Forenoon, "早上": Forenoon, "早": Forenoon, "上半天": Forenoon, "am": Forenoon,
	"下午": Afternoon, "午后": Afternoon, "下半天": Afternoon, "pm": Afternoon,
}

// DayOrHalf reads a day with or without its half: 3月9日上午, 2026-03-09 下午,
// 明天下午, 周五.
func DayOrHalf(s string, m Moment) (HalfDay, error) {
	s = tidy(s)
	t, rest, err := day(s, m)
	if err != nil {
		return HalfDay{}, err
	}
	if g := dayPart.FindStringSubmatch(s); g != nil && rest == "" {
		rest = g[2] // 今早
	}
	half, ok := partsOfDay[strings.Trim(rest, "() ")]
	if !ok {
		if _, err := timeOfDay(rest, m); err == nil {
			return HalfDay{}, &Mistake{
				Reason:  fmt.Sprintf("「%s」写到了几点，这里按半天计算", clip(s)),
				Instead: t.Format(time.DateOnly) + "上午，或 " + t.Format(time.DateOnly) + "下午",
			}
		}
		return HalfDay{}, ErrUnknown
	}
	if !m.Past && t.Before(midnight(m.Now)) {
		return HalfDay{}, passed(s, m)
	}
	return HalfDay{Day: t, Half: half}, nil
}

var (
	between = regexp.MustCompile(`\s*(?:至|到|~|—+|–|--)\s*|\s+-\s+|\s+`)
	// counted are days counted from now: what 3月9日至明天 means does not depend
	// on its first day.
	counted = []*regexp.Regexp{fullDate, namedDay, daysLater, dayPart}
)

// DayRange reads the days from one to another, both included: 3月9日至3月11日,
// 3月9日上午到10日下午, 2026-03-09 2026-03-10. A single day is both.
func DayRange(s string, m Moment) (from, to HalfDay, err error) {
	s = tidy(s)
	s = strings.TrimPrefix(s, "从")
	s = strings.TrimSuffix(strings.TrimSuffix(s, "为止"), "止")
	if from, err = DayOrHalf(s, m); !errors.Is(err, ErrUnknown) {
		return from, from, err
	}
	// The words between the days may also stand inside of one, as in 3月9日 上午:
	// the first cut that leaves two days counts.
	unclear := err
	for _, at := range between.FindAllStringIndex(s, 16) {
		first, errFirst := DayOrHalf(s[:at[0]], m)
		second, errSecond := lastDay(s[at[1]:], first.Day, m)
		if errors.Is(errFirst, ErrUnknown) || errors.Is(errSecond, ErrUnknown) {
			continue
		}
		switch {
		case errFirst != nil:
			return first, second, errFirst
		case errSecond != nil:
			return first, second, errSecond
		}
		return first, second, ordered(first, second)
	}
	return from, to, unclear
}

// lastDay reads the end of a range. 11日 and 周三 after a first day are the next
// ones after it.
func lastDay(s string, first time.Time, m Moment) (HalfDay, error) {
	after := m
	after.Now = first
	if first.IsZero() || firstMatch(s, counted...) != nil {
		after = m
	}
	last, err := DayOrHalf(s, after)
	var mistake *Mistake
	if errors.As(err, &mistake) && !m.Past { // if it exists, it only lies before the first day
		after.Past = true
		if earlier, err := DayOrHalf(s, after); err == nil {
			return earlier, nil
		}
	}
	return last, err
}

// ordered refuses ranges that end before they begin.
func ordered(from, to HalfDay) error {
	if to.Day.After(from.Day) || to.Day.Equal(from.Day) && !(from.Half == Afternoon && to.Half == Forenoon) {
		return nil
	}
	return &Mistake{
		Reason:  fmt.Sprintf("结束（%s）早于开始（%s）", to, from),
		Instead: fmt.Sprintf("%s至%s", to, from),
	}
}
