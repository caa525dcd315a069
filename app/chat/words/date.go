package words

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrUnknown says that the words are no day, time or length at all.
var ErrUnknown = errors.New("not understood")

// Mistake says that the words were understood and cannot be meant.
type Mistake struct {
	Reason  string // "2026年2月没有30日"
	Instead string // "2026-02-28"
}

func (m *Mistake) Error() string { return m.Reason }

// Moment is when and for what words are read.
type Moment struct {
	Now    time.Time     // the instant of the act, in the company's zone
	DayEnd time.Duration // meant by a day alone where an instant is asked
	Past   bool          // what lies before now is allowed
	// AddWorkdays counts working days; nil: 3个工作日后 is not understood.
	AddWorkdays func(from time.Time, days int) time.Time
}

// maxYears is how far from now a day may lie.
const maxYears = 20

var (
	fullDate  = regexp.MustCompile(`^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?`)
	monthDay  = regexp.MustCompile(`^(` + numeral + `)月(` + numeral + `)[日号]?`)
	slashDate = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})(?:\s|$)`)
	monthsDay = regexp.MustCompile(`^(本|这|下)?个?(月)?(` + numeral + `)[日号]`)
	weekday   = regexp.MustCompile(`^(下下|下|本|这|上)?个?(?:周|星期|礼拜)([一二三四五六日天1-7])`)
	monthEnd  = regexp.MustCompile(`^(本|这|下)?个?月[底末]`)
	yearEnd   = regexp.MustCompile(`^(今|明)?年[底末]`)
	daysLater = regexp.MustCompile(`^(半|` + numeral + `)(个?工作日|天|日|个?周|个?星期|个?礼拜|个?月)[之以]?[后内]`)
	namedDay  = regexp.MustCompile(`^(大后天|后天|后日|明天|明日|今天|今日|昨天|昨日|前天)`)
	dayPart   = regexp.MustCompile(`^([今明昨])([早晚])(上)?`)
)

var dayNames = map[string]int{"大后天": 3, "后天": 2, "后日": 2, "明天": 1, "明日": 1, "今天": 0, "今日": 0, "昨天": -1, "昨日": -1, "前天": -2}

var weekdays = map[string]int{"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "6": 5, "7": 6}

// Day reads a day: 2026-03-09, 2026/3/9, 3月9日, 明天, 周五, 下周一, 月底,
// 两天后. It answers its midnight.
func Day(s string, m Moment) (time.Time, error) {
	s = tidy(s)
	t, rest, err := day(s, m)
	if err != nil {
		return time.Time{}, err
	}
	if rest != "" {
		return time.Time{}, ErrUnknown
	}
	if !m.Past && t.Before(midnight(m.Now)) {
		return time.Time{}, passed(s, m)
	}
	return t, nil
}

// Instant reads a day, a time, or both: 3月9日 16:30, 明天下午4点, 两小时后.
// A day alone means its DayEnd and answers dayOnly.
func Instant(s string, m Moment) (t time.Time, dayOnly bool, err error) {
	s = tidy(s)
	if t, err := later(s, m); err == nil {
		return t, false, nil
	}
	t, rest, err := day(s, m)
	if errors.Is(err, ErrUnknown) {
		t, rest = midnight(m.Now), s
	} else if err != nil {
		return time.Time{}, false, err
	}
	clock := m.DayEnd
	dayOnly = rest == ""
	if dayOnly {
		if t.Equal(midnight(m.Now)) && !t.Add(clock).After(m.Now) {
			clock = 24*time.Hour - time.Minute // said after work, it still means today
		}
	} else if clock, err = timeOfDay(rest, m); err != nil {
		return time.Time{}, false, err
	}
	t = atClock(t, clock)
	if !m.Past && !t.After(m.Now) {
		return time.Time{}, false, passed(s, m)
	}
	return t, dayOnly, nil
}

// day reads a day at the start of s and answers what follows it.
func day(s string, m Moment) (t time.Time, rest string, err error) {
	today := midnight(m.Now)
	y, mo, d := today.Date()
	if g := fullDate.FindStringSubmatch(s); g != nil {
		t, err = date(atoi(g[1]), atoi(g[2]), atoi(g[3]), m)
		return t, after(s, g), err
	}
	if g := firstMatch(s, monthDay, slashDate); g != nil {
		month, _ := Count(g[1])
		dd, ok := Count(g[2])
		if !ok {
			return t, "", ErrUnknown
		}
		t, err = nearestYear(month, dd, m)
		return t, after(s, g), err
	}
	if g := namedDay.FindStringSubmatch(s); g != nil {
		return today.AddDate(0, 0, dayNames[g[1]]), after(s, g), nil
	}
	if g := dayPart.FindStringSubmatch(s); g != nil {
		t = today.AddDate(0, 0, map[string]int{"今": 0, "明": 1, "昨": -1}[g[1]])
		rest = strings.TrimSpace(s[len(g[0]):])
		if rest != "" {
			rest = g[2] + rest
		}
		return t, rest, nil
	}
	if g := weekday.FindStringSubmatch(s); g != nil {
		return onWeekday(g[1], weekdays[g[2]], today), after(s, g), nil
	}
	if g := daysLater.FindStringSubmatch(s); g != nil {
		t, err = daysFrom(today, g[1], g[2], m)
		return t, after(s, g), err
	}
	if g := monthEnd.FindStringSubmatch(s); g != nil {
		if g[1] == "下" {
			mo++
		}
		return time.Date(y, mo+1, 0, 0, 0, 0, 0, today.Location()), after(s, g), nil
	}
	if g := yearEnd.FindStringSubmatch(s); g != nil {
		if g[1] == "明" {
			y++
		}
		return time.Date(y, 12, 31, 0, 0, 0, 0, today.Location()), after(s, g), nil
	}
	if g := monthsDay.FindStringSubmatch(s); g != nil {
		dd, ok := Count(g[3])
		if !ok || (g[1] == "") != (g[2] == "") {
			return t, "", ErrUnknown
		}
		if g[1] == "下" || g[1] == "" && dd < d && !m.Past {
			first := time.Date(y, mo+1, 1, 0, 0, 0, 0, today.Location())
			y, mo = first.Year(), first.Month()
		}
		t, err = date(y, int(mo), dd, m)
		return t, after(s, g), err
	}
	return t, "", ErrUnknown
}

// date refuses days that do not exist and says which does.
func date(y, month, d int, m Moment) (time.Time, error) {
	if month < 1 || month > 12 {
		return time.Time{}, &Mistake{Reason: fmt.Sprintf("没有%d月", month), Instead: "月份写 1 到 12，例如 " + example(m)}
	}
	if now := m.Now.Year(); y < now-maxYears || y > now+maxYears {
		return time.Time{}, &Mistake{Reason: fmt.Sprintf("%d年离现在太远", y), Instead: example(m)}
	}
	last := time.Date(y, time.Month(month)+1, 0, 0, 0, 0, 0, m.Now.Location())
	if d < 1 || d > last.Day() {
		return time.Time{}, &Mistake{
			Reason:  fmt.Sprintf("%d年%d月没有%d日", y, month, d),
			Instead: last.Format(time.DateOnly) + "（当月最后一天）",
		}
	}
	return time.Date(y, time.Month(month), d, 0, 0, 0, 0, m.Now.Location()), nil
}

// nearestYear gives 3月9日 its year: this one, unless that lies more than half
// a year on the wrong side of today.
func nearestYear(month, d int, m Moment) (time.Time, error) {
	today := midnight(m.Now)
	year := today.Year()
	t, err := date(year, month, d, m)
	if err != nil {
		return t, err
	}
	if !m.Past && t.Before(today.AddDate(0, -6, 0)) {
		return date(year+1, month, d, m)
	}
	if m.Past && t.After(today.AddDate(0, 6, 0)) {
		return date(year-1, month, d, m)
	}
	return t, nil
}

// onWeekday counts weeks from Monday. 周五 alone is the next one, today
// included.
func onWeekday(which string, n int, today time.Time) time.Time {
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	switch which {
	case "下下":
		return monday.AddDate(0, 0, n+14)
	case "下":
		return monday.AddDate(0, 0, n+7)
	case "上":
		return monday.AddDate(0, 0, n-7)
	}
	t := monday.AddDate(0, 0, n)
	if which == "" && t.Before(today) {
		t = t.AddDate(0, 0, 7)
	}
	return t
}

func daysFrom(today time.Time, count, unit string, m Moment) (time.Time, error) {
	unit = strings.TrimPrefix(unit, "个")
	n, ok := Count(count)
	if count == "半" {
		if unit != "月" {
			return time.Time{}, ErrUnknown
		}
		n, unit, ok = 15, "天", true
	}
	if !ok {
		return time.Time{}, ErrUnknown
	}
	t := today
	switch unit {
	case "工作日":
		if m.AddWorkdays == nil {
			return time.Time{}, ErrUnknown
		}
		if n > 250*maxYears {
			return time.Time{}, tooFar(m)
		}
		t = midnight(m.AddWorkdays(today, n))
	case "天", "日":
		t = today.AddDate(0, 0, n)
	case "月":
		// 31 January and one month is the end of February, not 3 March.
		first := time.Date(today.Year(), today.Month()+time.Month(n), 1, 0, 0, 0, 0, today.Location())
		last := first.AddDate(0, 1, -1).Day()
		t = first.AddDate(0, 0, min(today.Day(), last)-1)
	default:
		t = today.AddDate(0, 0, 7*n)
	}
	if t.After(today.AddDate(maxYears, 0, 0)) {
		return time.Time{}, tooFar(m)
	}
	return t, nil
}

func tooFar(m Moment) error {
	return &Mistake{Reason: fmt.Sprintf("超过了%d年", maxYears), Instead: example(m)}
}

func passed(s string, m Moment) error {
	return &Mistake{Reason: fmt.Sprintf("「%s」已经过去了", clip(s)), Instead: "写以后的时间，例如 " + example(m)}
}

func example(m Moment) string { return m.Now.AddDate(0, 0, 1).Format(time.DateOnly) }

// tidy folds s and takes the blanks and particles out that carry no meaning.
func tidy(s string) string {
	s = strings.Join(strings.Fields(Fold(s)), " ")
	for _, end := range []string{"之前", "以前", "前"} {
		s = strings.TrimSuffix(s, end)
	}
	return s
}

// after is what follows the match in s, without what joins day and time.
func after(s string, match []string) string {
	return strings.TrimLeft(s[len(strings.TrimRight(match[0], " ")):], " t,，的")
}

func firstMatch(s string, patterns ...*regexp.Regexp) []string {
	for _, p := range patterns {
		if g := p.FindStringSubmatch(s); g != nil {
			return g
		}
	}
	return nil
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func atClock(day time.Time, clock time.Duration) time.Time {
	minutes := int(clock / time.Minute)
	return time.Date(day.Year(), day.Month(), day.Day(), minutes/60, minutes%60, 0, 0, day.Location())
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // the pattern holds digits only
	return n
}

// clip keeps echoed words short.
func clip(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}
