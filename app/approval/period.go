package approval

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"guiju/app/chat"
)

var (
	monthForm   = regexp.MustCompile(`^(?:(\d{4})\s*[-年/.])?\s*(\d{1,2})\s*月?$`)
	quarterForm = regexp.MustCompile(`^(?:(\d{4})\s*年?)?\s*第?([1-4一二三四])季度$`)
	yearForm    = regexp.MustCompile(`^(\d{4})\s*年$`)
	rangeForm   = regexp.MustCompile(`^(\d{4}-\d{1,2}-\d{1,2})\s*(?:至|到|~|～)\s*(\d{4}-\d{1,2}-\d{1,2})$`)
)

// maxPeriod bounds what one report looks at.
const maxPeriod = 367 * 24 * time.Hour

// period understands 本周, 上周, 本月 (also nothing), 上月, 本季度, 上季度, 今年,
// 2026-03, 3月, 2026年第1季度, 2026年 and 2026-03-01至2026-03-15. to is exclusive.
func (a *Approvals) period(said string, at time.Time) (from, to time.Time, name string, err error) {
	local := a.local(at)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, local.Location())
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	month := today.AddDate(0, 0, 1-today.Day())
	quarter := month.AddDate(0, -(int(month.Month())-1)%3, 0)
	said = strings.TrimSpace(said)
	switch said {
	case "本周", "这周":
		return monday, monday.AddDate(0, 0, 7), "本周", nil
	case "上周":
		return monday.AddDate(0, 0, -7), monday, "上周", nil
	case "", "本月", "这个月":
		return month, month.AddDate(0, 1, 0), local.Format("2006年1月"), nil
	case "上月", "上个月":
		return month.AddDate(0, -1, 0), month, month.AddDate(0, -1, 0).Format("2006年1月"), nil
	case "本季度", "这个季度":
		return quarter, quarter.AddDate(0, 3, 0), quarterName(quarter), nil
	case "上季度", "上个季度":
		return quarter.AddDate(0, -3, 0), quarter, quarterName(quarter.AddDate(0, -3, 0)), nil
	case "今年", "本年":
		said = local.Format("2006年")
	}
	if from, to, name, ok := a.named(said, today); ok {
		return from, to, name, nil
	}
	return from, to, "", chat.Refused{
		Reason: "看不懂期间「" + chat.OneLine(said, 20) + "」", Instead: "写成 本月、上月、2026-03、2026年第1季度 或 2026-03-01至2026-03-15（最长一年）",
	}
}

// named are the periods that are written with numbers.
func (a *Approvals) named(said string, today time.Time) (from, to time.Time, name string, ok bool) {
	zone := today.Location()
	if g := rangeForm.FindStringSubmatch(said); g != nil {
		first, err1 := time.ParseInLocation("2006-1-2", g[1], zone)
		last, err2 := time.ParseInLocation("2006-1-2", g[2], zone)
		to = last.AddDate(0, 0, 1)
		return first, to, first.Format("2006-01-02") + "至" + last.Format("2006-01-02"), err1 == nil && err2 == nil && to.After(first) && to.Sub(first) <= maxPeriod
	}
	if g := quarterForm.FindStringSubmatch(said); g != nil {
		n := strings.Index("1234", g[2]) + 1
		if n == 0 {
			n = strings.Index("一二三四", g[2])/len("一") + 1
		}
		from = time.Date(yearOf(g[1], today), time.Month(3*n-2), 1, 0, 0, 0, 0, zone)
		return from, from.AddDate(0, 3, 0), quarterName(from), true
	}
	if g := yearForm.FindStringSubmatch(said); g != nil {
		from = time.Date(yearOf(g[1], today), 1, 1, 0, 0, 0, 0, zone)
		return from, from.AddDate(1, 0, 0), from.Format("2006年"), true
	}
	if g := monthForm.FindStringSubmatch(said); g != nil {
		n, _ := strconv.Atoi(g[2])
		year := yearOf(g[1], today)
		if g[1] == "" && time.Month(n) > today.Month() {
			year-- // the one that has been
		}
		from = time.Date(year, time.Month(n), 1, 0, 0, 0, 0, zone)
		return from, from.AddDate(0, 1, 0), from.Format("2006年1月"), n >= 1 && n <= 12
	}
	return from, to, "", false
}

func yearOf(said string, today time.Time) int {
	if n, err := strconv.Atoi(said); err == nil {
		return n
	}
	return today.Year()
}

func quarterName(from time.Time) string {
	return fmt.Sprintf("%d年第%d季度", from.Year(), (int(from.Month())+2)/3)
}
