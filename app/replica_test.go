package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/config"
	"guiju/store"
	"guiju/store/storetest"
)

// TestReplicasHearOfEachOthersSpools runs two processes on one MySQL: while
// callbacks wait in the spool of one, the other reports nobody late.
func TestReplicasHearOfEachOthersSpools(t *testing.T) {
	shared := storetest.LentMySQL(t)
	open := func() *bench {
		cfg := testConfig(t, rules)
		cfg.Store = config.Store{Driver: "mysql", DSN: config.NewSecret(shared.DSN), Migrate: "auto"}
		b := newBench(t, cfg)
		require.NoError(t, b.db.Ready(t.Context()))
		require.NoError(t, b.adoptRulebook(t.Context()))
		return b
	}
	one, two := open(), open()
	beat := func() {
		require.NoError(t, one.beat(t.Context()))
		require.NoError(t, two.beat(t.Context()))
	}
	beat()
	require.False(t, two.holdDeadlines())
	list, err := one.reader().Replicas(spoolSeen)
	require.NoError(t, err)
	require.Len(t, list, 2)

	require.NoError(t, one.spool.Append([]byte("{}")))
	beat()
	require.True(t, one.holdDeadlines())
	require.True(t, two.holdDeadlines(), "the answer may lie in the other's spool")

	require.NoError(t, one.spool.Drain(t.Context(), func([]byte) error { return nil }))
	beat()
	require.False(t, two.holdDeadlines())

	one.leave(t.Context())
	list, err = two.reader().Replicas(spoolSeen)
	require.NoError(t, err)
	require.Len(t, list, 1, "a process that stops is not listed")
}

// TestReplicasProposeAFileOnce lets two processes start with the same file.
func TestReplicasProposeAFileOnce(t *testing.T) {
	shared := storetest.LentMySQL(t)
	benches := make([]*bench, 2)
	for i := range benches {
		cfg := testConfig(t, rules)
		cfg.Store = config.Store{Driver: "mysql", DSN: config.NewSecret(shared.DSN), Migrate: "auto"}
		benches[i] = newBench(t, cfg)
		require.NoError(t, benches[i].db.Ready(t.Context()))
	}
	done := make(chan error, len(benches))
	for _, b := range benches {
		go func() { done <- b.adoptRulebook(t.Context()) }()
	}
	for range benches {
		require.NoError(t, <-done)
	}
	list, err := benches[0].reader().Rulebooks(10)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, store.RulebookActive, list[0].State)
}
