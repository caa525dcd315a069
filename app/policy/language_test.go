package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

func TestG1_4_1_4_a_AE1_LanguageIsFound(t *testing.T) {
	e := engine(t, func(r *policy.Rules) {
		r.Lint.Slang, r.Lint.Internet, r.Lint.Emotional = []string{"绝绝子"}, []string{"yyds", "666"}, []string{"烦死了"}
	})
	for text, want := range map[string][]string{
		"绝绝子，快点交！！！":   {"绝绝子", "！！！"},
		"YYDS":         {"yyds"},
		"订单 16667 已发货": nil,
		"好的！请查收":       nil,
		"真的？！烦死了":      {"烦死了", "？！"},
		"":             nil,
	} {
		d := e.Language(text)
		require.Equal(t, want, d.Found, text)
		require.Equal(t, policy.Warn, d.Level)
		require.Equal(t, "G1-4.1(4)a", d.Clause)
	}
}

func TestLanguageLevelCanBeOverridden(t *testing.T) {
	e := engine(t, func(r *policy.Rules) { r.Enforcement.Overrides = map[string]string{"VIO-15": "record"} })
	require.Equal(t, policy.Record, e.Language("！！").Level)
}
