package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":            "",
		"LiSi":        "lisi",
		"ＬｉＳｉ　":       "lisi",
		" 李四 ":        "李四",
		"ＷＡＮＧ．００１":    "wang.001",
		"E\u0301va":   "\u00e9va",
		"Straße":      "strasse",
		"wang-wu@x_1": "wang-wu@x_1",
	} {
		require.Equal(t, want, store.Fold(in), in)
		require.Equal(t, want, store.Fold(store.Fold(in)), "folding twice changes nothing: %s", in)
	}
}
