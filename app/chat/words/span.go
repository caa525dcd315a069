package words

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Span is a length of time as people say it: clock minutes, days, working
// days or months. Exactly one field of a span that was read is set.
type Span struct {
	Minutes  int `json:"minutes,omitempty"`
	Days     int `json:"days,omitempty"`
	Workdays int `json:"workdays,omitempty"`
	Months   int `json:"months,omitempty"`
}

// String is the span in words: "90分钟", "3个工作日".
func (s Span) String() string {
	switch {
	case s.Months > 0:
		return fmt.Sprintf("%d个月", s.Months)
	case s.Workdays > 0:
		return fmt.Sprintf("%d个工作日", s.Workdays)
	case s.Days > 0:
		return fmt.Sprintf("%d天", s.Days)
	case s.Minutes > 0 && s.Minutes%60 == 0:
		return fmt.Sprintf("%d小时", s.Minutes/60)
	}
	return fmt.Sprintf("%d分钟", s.Minutes)
}

var (
	clockSpan = regexp.MustCompile(`^(?:(\d{1,4}\.\d|半|` + numeral + `)(个)?(半)?(?:小时|钟头)(半)?)?(?:(` + numeral + `)(分钟|分|刻钟))?$`)
	daySpan   = regexp.MustCompile(`^(半|` + numeral + `)(个?工作日|天|日|个?周|个?星期|个?礼拜|个?月|年)$`)
)

// Length reads a length: 30分钟, 2小时, 一个半小时, 1小时30分钟, 3天,
// 3个工作日, 一周, 两个月.
func Length(s string) (Span, error) {
	s = strings.ReplaceAll(tidy(s), " ", "")
	if s == "" {
		return Span{}, ErrUnknown
	}
	if g := daySpan.FindStringSubmatch(s); g != nil {
		return days(g[1], strings.TrimPrefix(g[2], "个"))
	}
	g := clockSpan.FindStringSubmatch(s)
	if g == nil {
		return Span{}, ErrUnknown
	}
	hours, err := halves(g[1], g[3] != "", g[4] != "")
	if err != nil {
		return Span{}, err
	}
	minutes := 0
	if g[5] != "" {
		n, ok := Count(g[5])
		if !ok {
			return Span{}, ErrUnknown
		}
		if minutes = n; g[6] == "刻钟" {
			minutes = 15 * n
		}
	}
	total := hours*60/10 + minutes
	if total == 0 {
		return Span{}, &Mistake{Reason: "时长不能为零", Instead: "30分钟"}
	}
	return Span{Minutes: total}, nil
}

// halves reads a count of hours in tenths: 1.5, 半, 一(个)半.
func halves(s string, half, trailing bool) (int, error) {
	if s == "" {
		return 0, nil
	}
	if s == "半" {
		if half || trailing {
			return 0, ErrUnknown
		}
		return 5, nil
	}
	n := 0
	if whole, tenth, ok := strings.Cut(s, "."); ok {
		w, _ := strconv.Atoi(whole) // the pattern holds digits only
		d, _ := strconv.Atoi(tenth)
		n = 10*w + d
	} else {
		w, ok := Count(s)
		if !ok {
			return 0, ErrUnknown
		}
		n = 10 * w
	}
	if half || trailing {
		n += 5
	}
	return n, nil
}

func days(count, unit string) (Span, error) {
	n, ok := Count(count)
	if count == "半" {
		switch unit {
		case "月":
			return Span{Days: 15}, nil
		case "年":
			return Span{Months: 6}, nil
		}
		return Span{}, ErrUnknown
	}
	if !ok {
		return Span{}, ErrUnknown
	}
	if n == 0 {
		return Span{}, &Mistake{Reason: "时长不能为零", Instead: "1天"}
	}
	span := Span{}
	limit := maxYears
	switch unit {
	case "工作日":
		span.Workdays, limit = n, 250*maxYears
	case "天", "日":
		span.Days, limit = n, 366*maxYears
	case "月":
		span.Months, limit = n, 12*maxYears
	case "年":
		span.Months = 12 * n
	default:
		span.Days, limit = 7*n, 52*maxYears
	}
	if n > limit {
		return Span{}, &Mistake{Reason: fmt.Sprintf("超过了%d年", maxYears), Instead: "短一些的时长，例如 3天"}
	}
	return span, nil
}
