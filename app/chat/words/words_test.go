package words

import (
	"errors"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// monday is the guide's clock: Monday 2026-03-02 10:00.
func monday() Moment {
	return Moment{
		Now:    time.Date(2026, 3, 2, 10, 0, 0, 0, shanghai),
		DayEnd: 18 * time.Hour,
		AddWorkdays: func(from time.Time, n int) time.Time {
			for n > 0 {
				from = from.AddDate(0, 0, 1)
				if d := from.Weekday(); d != time.Saturday && d != time.Sunday {
					n--
				}
			}
			return from
		},
	}
}

func TestDay(t *testing.T) {
	for said, want := range map[string]string{
		"2026-03-09": "2026-03-09", "2026/3/9": "2026-03-09", "2026.3.9": "2026-03-09", "2026年3月9日": "2026-03-09",
		"２０２６－０３－０９": "2026-03-09", "3月9日": "2026-03-09", "３月９号": "2026-03-09", "三月九日": "2026-03-09", "十二月三十一日": "2026-12-31", "3/9": "2026-03-09",
		"1月5日": "unknown past", "今天": "2026-03-02", "明天": "2026-03-03", "后天": "2026-03-04", "大后天": "2026-03-05", "明天前": "2026-03-03",
		"周一": "2026-03-02", "周五": "2026-03-06", "星期三": "2026-03-04", "礼拜天": "2026-03-08", "周日": "2026-03-08", "周1": "2026-03-02",
		"下周一": "2026-03-09", "下周五": "2026-03-13", "下下周二": "2026-03-17", "本周五": "2026-03-06", "这周日": "2026-03-08", "下个星期三": "2026-03-11", "上周五": "past",
		"月底": "2026-03-31", "本月底": "2026-03-31", "下月底": "2026-04-30", "下个月末": "2026-04-30", "年底": "2026-12-31", "明年底": "2027-12-31",
		"3天后": "2026-03-05", "两天后": "2026-03-04", "十天后": "2026-03-12", "3天内": "2026-03-05", "一周后": "2026-03-09", "两个星期后": "2026-03-16", "一个月后": "2026-04-02", "半个月后": "2026-03-17",
		"3个工作日后": "2026-03-05", "5个工作日后": "2026-03-09", "5号": "2026-03-05", "1号": "2026-04-01", "下月5号": "2026-04-05", "本月15日": "2026-03-15", "下个月5日": "2026-04-05",
		"昨天": "past", "2026-03-01": "past", "3月1日": "past",
		"2月30日": "2026年2月没有30日", "2026-02-29": "2026年2月没有29日", "2028-02-29": "2028-02-29", "13月1日": "没有13月", "4月31日": "2026年4月没有31日", "3月0日": "2026年3月没有0日",
		"9999-01-01": "9999年离现在太远", "9999天后": "超过了20年", "0001-01-01": "1年离现在太远",
		"99999天后": "unknown", "": "unknown", "周八": "unknown", "好的": "unknown", "3月": "unknown", "月5号": "unknown", "后": "unknown", "明天吧": "unknown",
	} {
		t.Run(said, func(t *testing.T) {
			day, err := Day(said, monday())
			check(t, want, day.Format(time.DateOnly), err)
		})
	}
}

func TestDayWithoutAYearTakesTheNextOneOnlyWhenFarBack(t *testing.T) {
	december := monday()
	december.Now = time.Date(2026, 12, 30, 10, 0, 0, 0, shanghai)
	day, err := Day("1月5日", december)
	check(t, "2027-01-05", day.Format(time.DateOnly), err)
	december.Now = time.Date(2027, 1, 5, 10, 0, 0, 0, shanghai)
	december.Past = true
	day, err = Day("12月30日", december)
	check(t, "2026-12-30", day.Format(time.DateOnly), err)
}

func TestMonthLaterStaysInTheMonth(t *testing.T) {
	january := monday()
	january.Now = time.Date(2026, 1, 31, 10, 0, 0, 0, shanghai)
	day, err := Day("一个月后", january)
	check(t, "2026-02-28", day.Format(time.DateOnly), err)
	day, err = Day("下月底", january)
	check(t, "2026-02-28", day.Format(time.DateOnly), err)
}

func TestInstant(t *testing.T) {
	for said, want := range map[string]string{
		"16:30": "2026-03-02 16:30", "１６：３０": "2026-03-02 16:30", "下午4点": "2026-03-02 16:00", "16点半": "2026-03-02 16:30", "下午四点三刻": "2026-03-02 16:45", "16时": "2026-03-02 16:00",
		"4点": "2026-03-02 16:00", "11点": "2026-03-02 11:00", "中午": "2026-03-02 12:00", "下班前": "2026-03-02 18:00", "4:30pm": "2026-03-02 16:30", "PM 4:30": "2026-03-02 16:30",
		"明天 上午10点": "2026-03-03 10:00", "明天上午10点": "2026-03-03 10:00", "3月9日 16:30": "2026-03-09 16:30", "3月9日16点30分": "2026-03-09 16:30", "周五下午4点半": "2026-03-06 16:30",
		"2026-03-09T16:30": "2026-03-09 16:30", "2026-03-0916:30": "2026-03-09 16:30", "2026-03-09 16:30:00": "2026-03-09 16:30", "3/9 9:00": "2026-03-09 09:00", "月底下午5点": "2026-03-31 17:00",
		"今晚8点": "2026-03-02 20:00", "明早9点": "2026-03-03 09:00", "明晚 八点": "2026-03-03 20:00", "今天24:00": "2026-03-03 00:00", "晚上12点": "2026-03-03 00:00", "周五下班前": "2026-03-06 18:00",
		"周五": "2026-03-06 18:00", "今天": "2026-03-02 18:00", "两小时后": "2026-03-02 12:00", "30分钟后": "2026-03-02 10:30", "半小时后": "2026-03-02 10:30", "一个半小时后": "2026-03-02 11:30", "2天后 9:00": "2026-03-04 09:00",
		"9:30": "past", "10:00": "past", "今天 上午9点": "past", "昨天 16:30": "past", "25:00": "一天里没有「25:00」", "16:75": "一天里没有「16:75」", "上午16点": "一天里没有「上午16点」", "明天 26点": "一天里没有「26点」", "下午0点": "一天里没有「下午0点」",
		"2月30日 16:30": "2026年2月没有30日", "明天 什么时候": "unknown", "尽快": "unknown", "999999999:00": "unknown",
	} {
		t.Run(said, func(t *testing.T) {
			at, _, err := Instant(said, monday())
			check(t, want, at.Format("2006-01-02 15:04"), err)
		})
	}
}

func TestTodayAfterWorkStillMeansToday(t *testing.T) {
	evening := monday()
	evening.Now = time.Date(2026, 3, 2, 19, 0, 0, 0, shanghai)
	at, dayOnly, err := Instant("今天", evening)
	require.NoError(t, err)
	require.True(t, dayOnly)
	require.Equal(t, "2026-03-02 23:59", at.Format("2006-01-02 15:04"))
}

func TestLength(t *testing.T) {
	for said, want := range map[string]string{
		"30分钟": "30分钟", "30分": "30分钟", "2小时": "2小时", "两个小时": "2小时", "半小时": "30分钟", "半个小时": "30分钟", "一个半小时": "90分钟", "1.5小时": "90分钟", "一小时半": "90分钟", "1小时30分钟": "90分钟", "三刻钟": "45分钟",
		"3个工作日": "3个工作日", "３工作日": "3个工作日", "一周": "7天", "2个星期": "14天", "3天": "3天", "10日": "10天", "两个月": "2个月", "半个月": "15天", "半年": "6个月", "1年": "12个月",
		"0分钟": "时长不能为零", "0天": "时长不能为零", "9999年": "超过了20年", "9999天": "超过了20年", "": "unknown", "很久": "unknown", "3": "unknown", "-3天": "unknown", "99999天": "unknown", "半天": "unknown", "半半小时": "unknown",
	} {
		t.Run(said, func(t *testing.T) {
			span, err := Length(said)
			check(t, want, span.String(), err)
		})
	}
}

func TestNumbers(t *testing.T) {
	for said, want := range map[string]int{"12": 12, "十二": 12, "二十": 20, "两": 2, "一百零五": 105, "三千二百": 3200, "零": 0, "１２": 12, "9999": 9999} {
		n, ok := Count(said)
		require.True(t, ok, said)
		require.Equal(t, want, n, said)
	}
	for _, said := range []string{"", "二三", "十百", "12345", "-1", "+1", "一x", "十十"} {
		_, ok := Count(said)
		require.False(t, ok, said)
	}
	for said, want := range map[string]string{"1234.50": "1234.5", "¥1,200元": "1200", "１２．５": "12.5", "1.2万": "12000", "1.23456万": "", "0.00": "0", "-0": "0", "-3.5": "-3.5", "007": "7", "999999999999": "999999999999",
		"1234567890123": "", "1e9": "", "": "", "abc": "", "1.2.3": "", "一百元": "100", "1.23万": "12300", "99999999999万": ""} {
		got, ok := Decimal(said)
		require.Equal(t, want, got, said)
		require.Equal(t, want != "", ok, said)
	}
	for said, want := range map[string]int64{"5": 5, "-5": -5, "1,000": 1000, "五": 5} {
		n, ok := Integer(said)
		require.True(t, ok, said)
		require.Equal(t, want, n)
	}
	_, ok := Integer("9999999999999999")
	require.False(t, ok)
}

func TestFold(t *testing.T) {
	require.Equal(t, "zhaoliu abc:1|", Fold("ＺｈａｏＬｉｕ　ＡＢＣ：１｜"))
	require.Equal(t, "收到", Fold("收\u200b\u202e到\ufeff"))
}

func check(t *testing.T, want, got string, err error) {
	t.Helper()
	var mistake *Mistake
	switch {
	case errors.As(err, &mistake):
		if want == "past" || want == "unknown past" {
			require.Contains(t, mistake.Reason, "已经过去了")
		} else {
			require.Equal(t, want, mistake.Reason)
		}
		require.NotEmpty(t, mistake.Instead)
	case errors.Is(err, ErrUnknown):
		require.Equal(t, want, "unknown")
	default:
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"明天下午4点", "2026-02-30", "半个月后", "三千二百", "1.2万", "下下周日 24:00", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := monday()
		if at, _, err := Instant(s, m); err == nil && !at.After(m.Now) {
			t.Errorf("%q is %v, before now", s, at)
		}
		if at, err := Day(s, m); err == nil && at.Before(midnight(m.Now)) {
			t.Errorf("%q is %v, before today", s, at)
		}
		if span, err := Length(s); err == nil && span == (Span{}) {
			t.Errorf("%q is an empty length", s)
		}
		if d, ok := Decimal(s); ok && len(d) > 18 {
			t.Errorf("%q is %q", s, d)
		}
		if utf8.ValidString(s) && !utf8.ValidString(Fold(s)) {
			t.Errorf("folding %q broke it", s)
		}
	})
}
