package words

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

const period = `凌晨|清晨|早上|早晨|早|上午|中午|正午|下午|午后|傍晚|晚上|晚间|晚|夜里|am|pm`

var (
	colonTime = regexp.MustCompile(`^(` + period + `)?\s?(\d{1,3}):(\d{1,2})(?::\d{2})?\s?(am|pm)?$`)
	pointTime = regexp.MustCompile(`^(` + period + `)?\s?(` + numeral + `)[点时](钟|整|半|一刻|三刻|(?:` + numeral + `)分?)?$`)
	laterTime = regexp.MustCompile(`^(半|` + numeral + `)(个?半?)(小时|钟头|分钟|分|刻钟)[之以]?[后内]$`)
)

// TimeOfDay reads a time: 16:30, 下午4点, 16点半, 上午10点, 中午12点, 下班.
// It answers the length since midnight, at most 24 h. 1点 to 6点 without a
// part of the day are afternoon; 1:00 to 6:00 are as written.
func TimeOfDay(s string, m Moment) (time.Duration, error) { return timeOfDay(tidy(s), m) }

func timeOfDay(s string, m Moment) (time.Duration, error) {
	switch s {
	case "下班":
		return m.DayEnd, nil
	case "中午", "正午":
		return 12 * time.Hour, nil
	}
	if g := colonTime.FindStringSubmatch(s); g != nil {
		part := g[1]
		if part == "" {
			part = g[4]
		}
		return clock(s, part, atoi(g[2]), atoi(g[3]))
	}
	g := pointTime.FindStringSubmatch(s)
	if g == nil {
		return 0, ErrUnknown
	}
	hour, ok := Count(g[2])
	if !ok {
		return 0, ErrUnknown
	}
	minute := 0
	switch g[3] {
	case "", "整", "钟":
	case "半":
		minute = 30
	case "一刻":
		minute = 15
	case "三刻":
		minute = 45
	default:
		if minute, ok = Count(strings.TrimSuffix(g[3], "分")); !ok {
			return 0, ErrUnknown
		}
	}
	part := g[1]
	if part == "" && hour >= 1 && hour <= 6 {
		part = "下午"
	}
	return clock(s, part, hour, minute)
}

func clock(s, part string, hour, minute int) (time.Duration, error) {
	wrong := &Mistake{Reason: fmt.Sprintf("一天里没有「%s」", clip(s)), Instead: "16:30 或 下午4点半"}
	if hour > 24 || minute > 59 || hour == 24 && minute > 0 {
		return 0, wrong
	}
	switch part {
	case "下午", "午后", "傍晚", "pm":
		if hour == 0 || hour == 24 {
			return 0, wrong
		}
		if hour < 12 {
			hour += 12
		}
	case "晚上", "晚间", "晚", "夜里":
		if hour >= 5 && hour <= 12 {
			hour += 12 // 晚上12点 is the midnight after
		}
	case "中午", "正午":
		if hour >= 1 && hour <= 2 {
			hour += 12
		}
		if hour < 11 || hour > 14 {
			return 0, wrong
		}
	case "凌晨", "清晨", "早上", "早晨", "早", "上午", "am":
		if hour == 12 && (part == "凌晨" || part == "am") {
			hour = 0
		}
		if hour > 12 {
			return 0, wrong
		}
	}
	if hour == 24 && minute > 0 {
		return 0, wrong
	}
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute, nil
}

// later reads 两小时后 and 30分钟后.
func later(s string, m Moment) (time.Time, error) {
	g := laterTime.FindStringSubmatch(s)
	if g == nil {
		return time.Time{}, ErrUnknown
	}
	span, err := Length(g[1] + g[2] + g[3])
	if err != nil {
		return time.Time{}, err
	}
	return m.Now.Add(time.Duration(span.Minutes) * time.Minute), nil
}
