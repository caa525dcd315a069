package rulebook

import ("testing";"github.com/stretchr/testify/require")

func TestGuideLoads(t *testing.T) {
	b, err := Guide()
	require.NoError(t, err)
	t.Log(b.Values())
	s, _ := b.Show("")
	t.Log(s)
}
