package policy_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"guiju/app/policy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// guide is the built-in rulebook with the empty holiday list of the guide's
// examples (0.6).
func guide(t testing.TB) policy.Rules {
	t.Helper()
	data, err := os.ReadFile("../rulebook/guide.yaml")
	require.NoError(t, err)
	var rules policy.Rules
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&rules))
	rules.Calendar.Holidays = nil
	rules.Version = 1
	return rules
}

// engine compiles the guide after edits.
func engine(t testing.TB, edits ...func(*policy.Rules)) *policy.Engine {
	t.Helper()
	rules := guide(t)
	for _, edit := range edits {
		edit(&rules)
	}
	e, err := policy.Compile(rules)
	require.NoError(t, err)
	return e
}

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	return loc
}

// at reads "Mon 10:00" in the example's week, which begins on 2026-03-02, "+Mon"
// in the week after it, or a full date "2026-02-13 17:00".
func at(t testing.TB, text string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if got, err := time.ParseInLocation(layout, text, shanghai(t)); err == nil {
			return got
		}
	}
	days := map[string]string{"Mon": "02", "Tue": "03", "Wed": "04", "Thu": "05", "Fri": "06", "Sat": "07", "Sun": "08", "+Mon": "09", "+Tue": "10"}
	for name, date := range days {
		if rest, ok := cut(text, name+" "); ok {
			return at(t, "2026-03-"+date+" "+rest)
		}
	}
	require.Fail(t, "no such time: "+text)
	return time.Time{}
}

func cut(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return "", false
}

func equalTime(t testing.TB, want string, got time.Time) {
	t.Helper()
	require.Equal(t, at(t, want).Format(time.DateTime), got.In(shanghai(t)).Format(time.DateTime))
}

// golden compares text with testdata/name.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text+"\n")
}
