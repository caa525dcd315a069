package permission

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var zone = time.FixedZone("CST", 8*60*60)

func on(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		panic(err)
	}
	return t
}

// Five working days from Monday noon end on the next Monday noon.
func addDays(t time.Time, n int) time.Time { return t.AddDate(0, 0, n/5*7+n%5) }

func TestTermOfAGrant(t *testing.T) {
	now := on("2026-03-02 10:00")
	for text, want := range map[string]struct{ reason, from, to string }{
		"核对三月报表":               {"核对三月报表", "2026-03-02 10:00", "2026-04-01 10:00"},
		"核对三月报表 7天":            {"核对三月报表", "2026-03-02 10:00", "2026-03-09 10:00"},
		"7天 核对三月报表":            {"核对三月报表", "2026-03-02 10:00", "2026-03-09 10:00"},
		"核对 三月 报表 两周":          {"核对 三月 报表", "2026-03-02 10:00", "2026-03-16 10:00"},
		"核对 1个月":               {"核对", "2026-03-02 10:00", "2026-04-02 10:00"},
		"核对 2小时":               {"核对", "2026-03-02 10:00", "2026-03-02 12:00"},
		"核对 5个工作日":             {"核对", "2026-03-02 10:00", "2026-03-09 10:00"},
		"核对 到4月1日":             {"核对", "2026-03-02 10:00", "2026-04-02 00:00"},
		"核对 至2026-04-01":       {"核对", "2026-03-02 10:00", "2026-04-02 00:00"},
		"核对 4月1日前":             {"核对", "2026-03-02 10:00", "2026-04-02 00:00"},
		"核对 4月1日 18:00":        {"核对", "2026-03-02 10:00", "2026-04-01 18:00"},
		"核对 3月5日到3月9日":         {"核对", "2026-03-05 00:00", "2026-03-10 00:00"},
		"核对 从3月5日 到3月9日":       {"核对", "2026-03-05 00:00", "2026-03-10 00:00"},
		"核对 从3月5日 到3月9日 18:00": {"核对", "2026-03-05 00:00", "2026-03-09 18:00"},
		"核对 | 7天":              {"核对", "2026-03-02 10:00", "2026-03-09 10:00"},
		"核对，期限：7天":             {"核对，期限：7天", "2026-03-02 10:00", "2026-04-01 10:00"}, // one word is no word and a term
		"7天":                   {"", "2026-03-02 10:00", "2026-03-09 10:00"},
	} {
		t.Run(text, func(t *testing.T) {
			reason, got, err := splitTerm(text, now)
			require.NoError(t, err)
			require.Equal(t, want.reason, reason)
			from, to := got.bounds(now, 30, addDays)
			require.Equal(t, on(want.from), from)
			require.Equal(t, on(want.to), to)
			require.NoError(t, got.check(now, termRules{30, 180, addDays}, "%s"))
		})
	}
}

func TestTermThatCannotBeMeant(t *testing.T) {
	now := on("2026-03-02 10:00")
	rules := termRules{30, 180, addDays}
	for text, want := range map[string]string{
		"核对 3月9日到3月5日":     "【未通过】期限的结束 3月5日 早于开始 3月9日（依据 G2-4.2(2)）。可改为：再发 3月5日到3月9日",
		"核对 到2026-03-01":   "【未通过】期限「2026年3月1日（含当天）」已经过去了（依据 G2-4.2(2)）。可改为：再发 30天",
		"核对 3月2日 09:00":    "【未通过】期限「2026年3月2日 09:00」已经过去了（依据 G2-4.2(2)）。可改为：再发 30天",
		"核对 181天":          "【未通过】授权最长 180 天（依据 G2-4.2(2)）。可改为：再发 180天",
		"核对 到2026-12-31":   "【未通过】授权最长 180 天（依据 G2-4.2(2)）。可改为：再发 180天",
		"核对 一年":            "【未通过】授权最长 180 天（依据 G2-4.2(2)）。可改为：再发 180天",
		"核对 0天":            "【未通过】时长不能为零。可改为：1天",
		"核对 到2026-02-30":   "【未通过】",
		"核对 3月2日到3月1日":     "早于开始",
		"核对 2025-03-05前":   "已经过去了",
		"核对 9999999天":      "【未通过】",
		"核对 到2199-01-01":   "【未通过】",
		"核对 3月9日至3月9日9:00": "",
	} {
		t.Run(text, func(t *testing.T) {
			_, got, err := splitTerm(text, now)
			if err == nil {
				err = got.check(now, rules, "再发 %s")
			}
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, want)
		})
	}
}

// Whatever is written, a term that passes begins before it ends and ends in time.
func FuzzTerm(f *testing.F) {
	for _, seed := range []string{"核对 7天", "到4月1日", "3月9日到3月5日", "从从到到", "| 期限 |", "半年", "99999999天", "至", "2026-02-30"} {
		f.Add(seed)
	}
	now := on("2026-03-02 10:00")
	f.Fuzz(func(t *testing.T, text string) {
		_, got, err := splitTerm(text, now)
		if err != nil || got.check(now, termRules{30, 180, addDays}, "%s") != nil {
			return
		}
		from, to := got.bounds(now, 30, addDays)
		if !to.After(from) || !to.After(now) || to.After(now.AddDate(0, 0, 181)) {
			t.Fatalf("%q: %s to %s", text, from, to)
		}
	})
}
