package permission

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/chat/words"
)

// term is for how long a permission is asked for: a length that begins with
// the approval, or fixed bounds. The zero term is the default length.
type term struct {
	Span words.Span `json:"span,omitzero"`
	From time.Time  `json:"from,omitzero"` // zero: the approval
	To   time.Time  `json:"to,omitzero"`   // exclusive
}

// Given says whether the applicant named a term.
func (t term) Given() bool { return t.Span != (words.Span{}) || !t.To.IsZero() }

// bounds are the instants the term covers when it is approved at an instant.
// Working days are counted by addWorkdays.
func (t term) bounds(approved time.Time, defaultDays int, addWorkdays func(time.Time, int) time.Time) (from, to time.Time) {
	if !t.To.IsZero() {
		if t.From.After(approved) {
			return t.From, t.To
		}
		return approved, t.To
	}
	s := t.Span
	switch {
	case s.Months > 0:
		return approved, approved.AddDate(0, s.Months, 0)
	case s.Workdays > 0:
		return approved, addWorkdays(approved, s.Workdays)
	case s.Days > 0:
		return approved, approved.AddDate(0, 0, s.Days)
	case s.Minutes > 0:
		return approved, approved.Add(time.Duration(s.Minutes) * time.Minute)
	}
	return approved, approved.AddDate(0, 0, defaultDays)
}

// check refuses a term that ends before it begins, is over, or is too long.
// again is what the applicant sends instead, with %s for the term.
func (t term) check(now time.Time, rules termRules, again string) error {
	refuse := func(instead, format string, args ...any) error {
		return chat.Refused{Reason: fmt.Sprintf(format, args...), Clause: "G2-4.2(2)", Instead: fmt.Sprintf(again, instead)}
	}
	days := fmt.Sprintf("%d天", rules.defaultDays)
	from, to := t.bounds(now, rules.defaultDays, rules.addWorkdays)
	latest := from.AddDate(0, 0, rules.maxDays)
	switch {
	case !t.From.IsZero() && !t.To.After(t.From):
		last := t.To.Add(-time.Minute)
		return refuse(day(last)+"到"+day(t.From), "期限的结束 %s 早于开始 %s", day(last), day(t.From))
	case !to.After(now):
		return refuse(days, "期限「%s」已经过去了", moment(to))
	case !to.After(from):
		return refuse(days, "期限的结束不晚于开始")
	case from.After(now.AddDate(0, 0, rules.maxDays)):
		return refuse(days, "期限从 %s 才开始，太早申请了", day(from))
	case to.After(latest):
		return refuse(fmt.Sprintf("%d天", rules.maxDays), "授权最长 %d 天", rules.maxDays)
	}
	return nil
}

// termRules are the limits of a term (permission.grant_default_days, grant_max_days).
type termRules struct {
	defaultDays, maxDays int
	addWorkdays          func(time.Time, int) time.Time
}

// String is the term as the deciders read it.
func (t term) String() string {
	switch {
	case !t.From.IsZero():
		return day(t.From) + "至" + moment(t.To)
	case !t.To.IsZero():
		return "至" + moment(t.To)
	case t.Given():
		return t.Span.String()
	}
	return "默认"
}

func (t term) label(defaultDays int) string {
	if !t.Given() {
		return fmt.Sprintf("%d天", defaultDays)
	}
	if t.To.IsZero() {
		return t.String() + "（自批准时起）"
	}
	return t.String()
}

// day is a day in words; moment adds the time unless it is the end of a day.
func day(t time.Time) string { return t.Format("1月2日") }

func moment(t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Add(-time.Minute).Format("2006年1月2日") + "（含当天）"
	}
	return t.Format("2006年1月2日 15:04")
}

var (
	rangeTerm = regexp.MustCompile(`^(?:从|自)?(.+?)(?:到|至|~|～|—+|--)(.+)$`)
	untilTerm = regexp.MustCompile(`^(?:到|至|截至|截止到|截止|直到)(.+)$`)
	endOfTerm = regexp.MustCompile(`(?:为止|止|之前|以前|前)$`)
)

// readTerm reads 7天, 两周, 到4月1日, 3月5日到3月9日, 2026-04-01前. words.ErrUnknown
// says that it is none; a chat.Refused that it cannot be meant.
func readTerm(text string, now time.Time) (term, error) {
	text = strings.Trim(strings.Join(strings.Fields(text), " "), "，。,. ")
	text = strings.TrimPrefix(text, "期限")
	text = strings.TrimLeft(text, "：: ")
	if text == "" {
		return term{}, words.ErrUnknown
	}
	if span, err := words.Length(strings.TrimSuffix(strings.TrimPrefix(text, "用"), "内")); err == nil {
		return term{Span: span}, nil
	} else if mistake := new(words.Mistake); errors.As(err, &mistake) {
		return term{}, worded(mistake)
	}
	if g := rangeTerm.FindStringSubmatch(text); g != nil {
		from, err := readDay(g[1], now)
		if err == nil {
			to, err := readEnd(g[2], now)
			return term{From: from, To: to}, err
		}
	}
	if g := untilTerm.FindStringSubmatch(text); g != nil {
		to, err := readEnd(g[1], now)
		return term{To: to}, err
	}
	to, err := readEnd(text, now)
	return term{To: to}, err
}

// readDay reads the first day of a term: its midnight.
func readDay(text string, now time.Time) (time.Time, error) {
	return finished(words.Day(strings.TrimSpace(text), words.Moment{Now: now, Past: true}))
}

// readEnd reads the end of a term: the midnight after a day alone, or an instant.
func readEnd(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(endOfTerm.ReplaceAllString(strings.TrimSpace(text), ""))
	t, dayOnly, err := words.Instant(text, words.Moment{Now: now, DayEnd: 18 * time.Hour, Past: true})
	if err == nil && dayOnly {
		t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
	}
	return finished(t, err)
}

func finished(t time.Time, err error) (time.Time, error) {
	if mistake := new(words.Mistake); errors.As(err, &mistake) {
		err = worded(mistake)
	}
	return t, err
}

func worded(m *words.Mistake) error { return chat.Refused{Reason: m.Reason, Instead: m.Instead} }

// termWords is how many words at an end of a reason may be its term.
const termWords = 4

// splitTerm parts the words after a permission into reason and term, which may
// stand at either end: "核对三月报表 7天", "7天 核对三月报表". Without a term all
// of it is the reason.
func splitTerm(text string, now time.Time) (reason string, t term, err error) {
	list := strings.Fields(text)
	tidy := func(words []string) string { return strings.Trim(strings.Join(words, " "), "|｜，, ") }
	for n := min(termWords, len(list)); n > 0; n-- {
		for _, at := range []int{len(list) - n, 0} {
			part := strings.Trim(strings.Join(list[at:at+n], " "), "|｜ ")
			found, err := readTerm(part, now)
			if errors.Is(err, words.ErrUnknown) {
				continue
			}
			rest := append(append([]string(nil), list[:at]...), list[at+n:]...)
			return tidy(rest), found, err
		}
	}
	if len(list) > 0 && termLike.MatchString(list[len(list)-1]) {
		return "", term{}, chat.Refused{Reason: "看不懂期限「" + chat.OneLine(list[len(list)-1], 20) + "」", Instead: "写成 7天、30天 或 到4月1日"}
	}
	return tidy(list), term{}, nil
}

// termLike is what can only be meant as a term and is none: -3天, 999999天,
// 2026-13-45.
var termLike = regexp.MustCompile(`^(?:期限[:：]?)?(?:[-+−－]?[0-9.]+个?(?:天|日|周|星期|月|季度|年|小时|分钟|工作日)内?|(?:到|至|截至|直到)?\d{4,}[-/.年]\d.*)$`)
