package account

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/store/storetest"
)

// A secret's age counts from when it was first seen; another value begins anew,
// and nothing of the value is kept (G2-4.2(3)).
func TestSecretsGrowOld(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\n"))
		require.NoError(t, err)
		value := map[string]string{"甲": "first-secret-value", "乙": "second-secret-value"}
		secret := func(name string) Secret {
			return Secret{Name: name, Value: func() []byte { return []byte(value[name]) }}
		}
		a := &Accounts{rules: func() *policy.Engine { return book.Engine }, secrets: []Secret{secret("甲"), secret("乙")}}
		note := func() {
			t.Helper()
			require.NoError(t, db.InTx(t.Context(), a.NoteSecrets))
		}
		old := func() (names []string) {
			t.Helper()
			require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
				names = nil
				all, err := a.oldSecrets(tx)
				for _, s := range all {
					names = append(names, s.Name)
				}
				return err
			}))
			return names
		}
		note()
		clock.Advance(100 * 24 * time.Hour)
		note()
		require.Empty(t, old())
		value["乙"] = "third-secret-value"
		note()
		clock.Advance(81 * 24 * time.Hour)
		note()
		require.Equal(t, []string{"甲"}, old(), "181 days, more than account.secret_max_days")
		clock.Advance(100 * 24 * time.Hour)
		require.Equal(t, []string{"甲", "乙"}, old())

		var kept map[string]any
		require.NoError(t, db.Reader(t.Context()).Setting(secretsKey, &kept))
		for _, v := range value {
			require.NotContains(t, kept, v)
			require.NotContains(t, toText(kept), v)
		}
		a.secrets = a.secrets[:1]
		note()
		require.Equal(t, []string{"甲"}, old(), "what is configured no longer is forgotten")
	})
}

func toText(v map[string]any) string {
	text := ""
	for key, value := range v {
		text += key
		if below, ok := value.(map[string]any); ok {
			text += toText(below)
		} else if s, ok := value.(string); ok {
			text += s
		}
	}
	return text
}
