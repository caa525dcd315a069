package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
)

// The years looked up for HolidaysCN. The data begin in 2001; years without
// data cost nothing and are reported by MissingYears.
const (
	firstHolidayYear = 2001
	lastHolidayYear  = 2100
)

// calendar checks the calendar section and builds the calendar, which is usable
// only if nothing was found.
func (k *checker) calendar(r CalendarRules) *Calendar {
	c := &Calendar{special: map[day]bool{}, known: map[int]bool{}}
	c.loc = k.location("calendar.timezone", r.Timezone)
	k.weekdays(c, r.Workdays)
	k.hours(c, r.Hours)
	k.holidays(c, r.Holidays)
	for i, text := range r.MakeupWorkdays {
		path := fmt.Sprintf("calendar.makeup_workdays[%d]", i)
		if slices.Contains(r.Holidays, text) {
			k.add(path, "%s is also in calendar.holidays", text)
		}
		if d, ok := k.date(path, text); ok {
			c.special[d] = true
		}
	}
	return c
}

func (k *checker) location(path, name string) *time.Location {
	// "" and "Local" would load, and mean the machine's zone.
	if name == "" || name == "Local" {
		k.add(path, "must be a time zone like Asia/Shanghai")
		return time.UTC
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		k.add(path, "unknown time zone %q; use a name like Asia/Shanghai", name)
		return time.UTC
	}
	return loc
}

func (k *checker) weekdays(c *Calendar, names []string) {
	known := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	if len(names) == 0 {
		k.add("calendar.workdays", "must name at least one day")
	}
	for i, name := range names {
		path := fmt.Sprintf("calendar.workdays[%d]", i)
		d := slices.Index(known, strings.ToLower(name))
		switch {
		case d < 0:
			k.add(path, "must be one of mon, tue, wed, thu, fri, sat, sun, not %q", name)
		case c.weekdays[d]:
			k.add(path, "%s is given twice", name)
		default:
			c.weekdays[d] = true
		}
	}
}

// hours fills the spans in order of time. Spans that touch become one; spans
// that overlap are a mistake.
func (k *checker) hours(c *Calendar, texts []string) {
	if len(texts) == 0 {
		k.add("calendar.hours", "must have at least one span like 09:00-18:00")
	}
	for i, text := range texts {
		path := fmt.Sprintf("calendar.hours[%d]", i)
		s, ok := parseSpan(text)
		switch {
		case !ok:
			k.add(path, "must be a span of a day like 09:00-18:00, not %q", text)
			continue
		case s.end <= s.start:
			k.add(path, "must end after it starts; a span over midnight is written as two")
			continue
		}
		for _, other := range c.spans {
			if s.start < other.end && other.start < s.end {
				k.add(path, "overlaps %s", other)
			}
		}
		c.spans = append(c.spans, s)
	}
	slices.SortFunc(c.spans, func(a, b span) int { return a.start - b.start })
	joined := c.spans[:0]
	for _, s := range c.spans {
		if n := len(joined); n > 0 && joined[n-1].end == s.start {
			joined[n-1].end = s.end
		} else {
			joined = append(joined, s)
		}
	}
	c.spans = joined
	for _, s := range c.spans {
		c.standard += time.Duration(s.end-s.start) * time.Minute
	}
}

func (k *checker) holidays(c *Calendar, list Holidays) {
	if len(list) > 4000 {
		k.add("calendar.holidays", "must have at most 4000 dates")
		return
	}
	c.cn = slices.Contains(list, HolidaysCN)
	if c.cn {
		c.addChineseHolidays()
	}
	// Listed dates come last: they correct the built-in data.
	for i, text := range list {
		if text == HolidaysCN {
			continue
		}
		if d, ok := k.date(fmt.Sprintf("calendar.holidays[%d]", i), text); ok {
			c.special[d] = false
			y, _, _ := d.date()
			c.known[y] = true
		}
	}
}

// addChineseHolidays takes public holidays and 调休 make-up days from lunar-go.
func (c *Calendar) addChineseHolidays() {
	for year := firstHolidayYear; year <= lastHolidayYear; year++ {
		list := HolidayUtil.GetHolidaysByYear(year)
		for e := list.Front(); e != nil; e = e.Next() {
			h := e.Value.(*HolidayUtil.Holiday)
			if t, err := time.Parse(time.DateOnly, h.GetDay()); err == nil {
				c.special[dayOf(t)] = h.IsWork()
				c.known[year] = true
			}
		}
	}
}

func (k *checker) date(path, text string) (day, bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		k.add(path, "must be a date like 2026-12-31, not %q", text)
		return 0, false
	}
	return dayOf(t), true
}

// parseSpan reads "09:00-18:00". It does not compare the two times: quiet hours
// go over midnight.
func parseSpan(text string) (span, bool) {
	a, b, ok := strings.Cut(text, "-")
	if !ok {
		return span{}, false
	}
	start, ok1 := parseClock(strings.TrimSpace(a))
	end, ok2 := parseClock(strings.TrimSpace(b))
	return span{start, end}, ok1 && ok2 && start < 24*60
}

// parseClock reads "09:00" … "24:00" as minutes since midnight.
func parseClock(text string) (int, bool) {
	hh, mm, ok := strings.Cut(text, ":")
	if !ok || len(hh) != 2 || len(mm) != 2 {
		return 0, false
	}
	h, err1 := strconv.ParseUint(hh, 10, 8)
	m, err2 := strconv.ParseUint(mm, 10, 8)
	if err1 != nil || err2 != nil || h > 24 || m > 59 || h == 24 && m > 0 {
		return 0, false
	}
	return int(h)*60 + int(m), true
}

func (s span) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.start/60, s.start%60, s.end/60, s.end%60)
}
