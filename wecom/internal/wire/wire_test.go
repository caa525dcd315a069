package wire_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"guiju/wecom/internal/wire"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"报修 A&B <ok>\n\t": "报修 A&B <ok>\n\t",
		"a\r\nb\rc":       "a\nb\nc",
		"a\u2028b\u2029c": "a\nb\nc",
		"a\x00\x1b\x7fb":  "ab",
		"a\xff":           "a\uFFFD",
		"\uFFFD":          "\uFFFD",
	} {
		require.Equal(t, want, wire.Clean(in))
	}
}

func TestCutKeepsWholePictures(t *testing.T) {
	family := "👩\u200d👩\u200d👧"
	for name, c := range map[string]struct{ got, want string }{
		"short stays":             {wire.CutRunes("规矩", 2), "规矩"},
		"one over":                {wire.CutRunes("规矩人", 2), "规…"},
		"family not torn":         {wire.CutRunes("好"+family+"人", 4), "好…"},
		"skin tone not torn":      {wire.CutRunes("好👍🏽好", 3), "好…"},
		"bytes at a character":    {wire.CutBytes("规矩人", 8), "规…"},
		"bytes exact":             {wire.CutBytes("规矩人", 9), "规矩人"},
		"endless accents are cut": {wire.CutRunes(strings.Repeat("\u0301", 40), 30), strings.Repeat("\u0301", 29) + "…"},
	} {
		require.Equal(t, c.want, c.got, name)
	}
}

func FuzzCut(f *testing.F) {
	f.Add("规矩👍🏽", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 3 || limit > 4096 {
			return
		}
		s = wire.Clean(s)
		require.Equal(t, s, wire.Clean(s), "cleaning twice changes nothing")
		runes, bytes := wire.CutRunes(s, limit), wire.CutBytes(s, limit)
		require.LessOrEqual(t, utf8.RuneCountInString(runes), limit)
		require.LessOrEqual(t, len(bytes), limit)
		require.True(t, utf8.ValidString(runes) && utf8.ValidString(bytes))
	})
}
