package words

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Monday 2026-03-02 10:00.
func TestDaysAndHalves(t *testing.T) {
	for said, want := range map[string]string{
		"3月9日上午": "2026-03-09上午", "2026-03-09 下午": "2026-03-09下午", "2026-03-09下午": "2026-03-09下午", "明天下午": "2026-03-03下午",
		"周五": "2026-03-06", "２０２６-０３-０９　上午": "2026-03-09上午", "今早": "2026-03-02上午", "3月9日全天": "2026-03-09", "3月9号（下午）": "2026-03-09下午",
	} {
		half, err := DayOrHalf(said, monday())
		require.NoError(t, err, said)
		require.Equal(t, want, half.String(), said)
	}
	for said, want := range map[string]string{
		"3月9日 14:00": "按半天计算", "3月9日下午三点": "按半天计算", "2月30日": "没有30日", "昨天上午": "已经过去",
	} {
		_, err := DayOrHalf(said, monday())
		var mistake *Mistake
		require.ErrorAs(t, err, &mistake, said)
		require.Contains(t, mistake.Reason, want, said)
	}
	for _, said := range []string{"", "上午", "家中有事", "3月9日随便", "12"} {
		_, err := DayOrHalf(said, monday())
		require.ErrorIs(t, err, ErrUnknown, said)
	}
}

func TestDayRanges(t *testing.T) {
	for said, want := range map[string][2]string{
		"3月9日至3月11日":              {"2026-03-09", "2026-03-11"},
		"2026-03-09至2026-03-11":   {"2026-03-09", "2026-03-11"},
		"2026-03-09 2026-03-10":   {"2026-03-09", "2026-03-10"},
		"2026-03-09~2026-03-10":   {"2026-03-09", "2026-03-10"},
		"2026-03-09 - 2026-03-10": {"2026-03-09", "2026-03-10"},
		"3月9日 上午 到 3月10日 下午":      {"2026-03-09上午", "2026-03-10下午"},
		"从3月9日上午到10日下午止":          {"2026-03-09上午", "2026-03-10下午"},
		"下周一到周三":                  {"2026-03-09", "2026-03-11"},
		"30日至2日":                  {"2026-03-30", "2026-04-02"},
		"12月30日至1月3日":             {"2026-12-30", "2027-01-03"},
		"3月9日下午":                  {"2026-03-09下午", "2026-03-09下午"},
		"明天到后天":                   {"2026-03-03", "2026-03-04"},
		"3月9日上午至3月9日":             {"2026-03-09上午", "2026-03-09"},
	} {
		from, to, err := DayRange(said, monday())
		require.NoError(t, err, said)
		require.Equal(t, want, [2]string{from.String(), to.String()}, said)
	}
	for said, want := range map[string]string{
		"3月11日至3月9日": "早于开始", "3月9日下午至3月9日上午": "早于开始", "3月9日至明天": "早于开始", "2026-03-09 2026-02-01": "早于开始",
		"3月9日至3月32日": "没有32日", "2月30日至3月2日": "没有30日",
	} {
		_, _, err := DayRange(said, monday())
		var mistake *Mistake
		require.ErrorAs(t, err, &mistake, said)
		require.Contains(t, mistake.Reason, want, said)
	}
	for _, said := range []string{"", "至", "家中有事", "3月9日至", "至3月9日", "3月9日至明年"} {
		_, _, err := DayRange(said, monday())
		require.ErrorIs(t, err, ErrUnknown, said)
	}
}

func TestMoney(t *testing.T) {
	for said, want := range map[string]string{
		"1,234.50元": "1234.5", "1.2万": "12000", "￥800": "800", "¥ 800.05": "800.05", "1200": "1200", "1200 元": "1200", "0.50": "0.5", ".5元": "0.5",
		"１２００元": "1200", "人民币3000元整": "3000", "一千二百元": "1200", "两万元": "20000", "3千": "3000", "1.23456万": "12345.6", "1.2w": "12000",
		"0": "0", "007": "7", "1.500": "1.5", "12.": "12", "2亿": "200000000",
	} {
		got, err := Money(said)
		require.NoError(t, err, said)
		require.Equal(t, want, got, said)
	}
	for said, want := range map[string]string{
		"-5": "负数", "－1200元": "负数", "12.345": "两位小数", "1.2345678万": "两位小数", "12,34": "三位", "1234567890123": "太大", "99999亿元": "太大",
	} {
		_, err := Money(said)
		var mistake *Mistake
		require.ErrorAs(t, err, &mistake, said)
		require.Contains(t, mistake.Reason+mistake.Instead, want, said)
	}
	for _, said := range []string{"", "元", "很多钱", "1e9", "12元5", "12 300", "0x10", "NaN", "+", ".", "一千", "五"} {
		_, err := Money(said)
		require.ErrorIs(t, err, ErrUnknown, said)
	}
}

// What is read from a member's words is what he can be shown, and is read the
// same again.
func FuzzForms(f *testing.F) {
	for _, s := range []string{"3月9日上午至10日下午", "2026-03-09 2026-03-10", "1,234.50元", "1.2万", "-5", "从明天到后天", "１.５w"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := monday()
		if amount, err := Money(s); err == nil {
			again, err := Money(amount)
			require.NoError(t, err)
			require.Equal(t, amount, again)
		}
		from, to, err := DayRange(s, m)
		if err != nil {
			return
		}
		require.False(t, to.Day.Before(from.Day))
		require.Less(t, to.Day.Sub(from.Day), 3*maxYears*366*24*time.Hour)
		past := m
		past.Past = true
		again, last, err := DayRange(from.String()+"至"+to.String(), past)
		require.NoError(t, err)
		require.Equal(t, [2]HalfDay{from, to}, [2]HalfDay{again, last})
	})
}
