package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// HolidaysCN, as the whole value of calendar.holidays or as an entry of its
// list, stands for China's public holidays and 调休 make-up days.
const HolidaysCN = "cn"

// Holidays are dates (2026-12-31) and possibly HolidaysCN. YAML may give a list
// or the single word cn.
type Holidays []string

// UnmarshalYAML accepts a text or a list.
func (h *Holidays) UnmarshalYAML(unmarshal func(any) error) error {
	list, err := textOrList(unmarshal)
	if err != nil {
		return fmt.Errorf("must be cn or a list of dates like 2026-12-31")
	}
	*h = list
	return nil
}

// Words are alternatives of which one must occur. YAML may give a list or one
// text with | between them.
type Words []string

// UnmarshalYAML accepts a text or a list; | separates in both.
func (w *Words) UnmarshalYAML(unmarshal func(any) error) error {
	list, err := textOrList(unmarshal)
	if err != nil {
		return fmt.Errorf("must be a list of words or one text like 登录|报错")
	}
	out := Words{}
	for _, s := range list {
		for word := range strings.SplitSeq(s, "|") {
			out = append(out, strings.TrimSpace(word))
		}
	}
	*w = out
	return nil
}

func textOrList(unmarshal func(any) error) ([]string, error) {
	var one string
	if unmarshal(&one) == nil {
		return []string{one}, nil
	}
	list := []string{}
	err := unmarshal(&list)
	return list, err
}

// WorkSpan is an amount of working time: whole standard days ("3wd"), or hours
// and minutes ("2h", "90m"). Exactly one of the two is set.
type WorkSpan struct {
	Workdays int
	Time     time.Duration
}

// UnmarshalText reads "3wd", "2h" or "30m"; at most 3660 days.
func (s *WorkSpan) UnmarshalText(text []byte) error {
	bad := fmt.Errorf("must be an amount of working time like 1wd, 2h or 30m, not %q", text)
	value := strings.TrimSpace(string(text))
	if days, ok := strings.CutSuffix(value, "wd"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 3660 {
			return bad
		}
		*s = WorkSpan{Workdays: n}
		return nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > 3660*24*time.Hour {
		return bad
	}
	*s = WorkSpan{Time: d}
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (s WorkSpan) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Words is the amount as members read it: 3 个工作日, 2 个工作小时.
func (s WorkSpan) Words() string {
	switch {
	case s.Time == 0:
		return fmt.Sprintf("%d 个工作日", s.Workdays)
	case s.Time%time.Hour == 0:
		return fmt.Sprintf("%d 个工作小时", s.Time/time.Hour)
	default:
		return fmt.Sprintf("%d 个工作分钟", s.Time/time.Minute)
	}
}

// String is the amount as the rulebook writes it: 3wd, 2h, 30m.
func (s WorkSpan) String() string {
	switch {
	case s.Time == 0:
		return strconv.Itoa(s.Workdays) + "wd"
	case s.Time%time.Hour == 0:
		return strconv.Itoa(int(s.Time/time.Hour)) + "h"
	case s.Time%time.Minute == 0:
		return strconv.Itoa(int(s.Time/time.Minute)) + "m"
	default:
		return s.Time.String()
	}
}
