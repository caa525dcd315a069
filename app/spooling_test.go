package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/config"
	"guiju/store/spool"
	"guiju/store/storetest"
)

// Callbacks that a disk lost are said to be lost.
func TestDamagedSpoolIsToldInTheLog(t *testing.T) {
	cfg := config.Default()
	dir := t.TempDir()
	cfg.Store.DSN = config.NewSecret(storetest.SQLite(t).DSN)
	cfg.Spool.Dir, cfg.Media.Dir = filepath.Join(dir, "spool"), filepath.Join(dir, "media")
	cfg.WeCom.CorpID = "wwspool0000000001"
	cfg.WeCom.Apps[0].Secret, cfg.WeCom.Apps[0].Token = config.NewSecret("s"), config.NewSecret("t")
	cfg.WeCom.Apps[0].EncodingAESKey = config.NewSecret("k8Jq2Zt5Wv1Xn7Rb4Yc9Ud3Fe6Gh0Lm2Pa5Ts8Io1Kr")
	opens := func() string {
		var log bytes.Buffer
		a, err := New(cfg, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		require.NoError(t, a.unwind(t.Context()))
		return log.String()
	}
	require.NotContains(t, opens(), "spool")

	s, err := spool.Open(cfg.Spool.Dir, 1<<20)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, s.Append([]byte("a callback that was acknowledged")))
	}
	require.NoError(t, s.Close())
	names, err := filepath.Glob(filepath.Join(cfg.Spool.Dir, "*"))
	require.NoError(t, err)
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		if at := bytes.Index(content, []byte("acknowledged")); at > 0 {
			content[at] ^= 1
			require.NoError(t, os.WriteFile(name, content, 0o600))
		}
	}
	require.Contains(t, opens(), "callbacks in the spool are lost: the disk damaged them")
}
