package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/config"
	"guiju/callback"
	"guiju/callback/event"
	"guiju/store"
	"guiju/store/storetest"
)

// What a callback costs is the statements it runs: each is a round trip to
// MySQL and most of the time on SQLite. Whoever raises a bound here makes every
// callback slower, and knows it.
func TestStatementsOfACallback(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
	}{
		{"我的待办", 7},      // delivery, sender, his clocks, his answers, his tasks without a limit, his applications, finish
		{"帮助", 3},        // delivery, sender, finish
		{"咨询 报销怎么写", 17}, // ten rows, and who answers, stands in and is sent something already
	} {
		t.Run(c.text, func(t *testing.T) {
			a := forStatements(t)
			for n := range 3 { // the first fills what the process remembers
				var ran int
				require.NoError(t, a.db.InTx(t.Context(), func(tx *store.Tx) error {
					d := textDelivery(a, c.text, n)
					row, fresh, err := tx.AcceptDelivery(a.inbox.row(d))
					if err != nil || !fresh {
						return fmt.Errorf("accept: fresh %t: %w", fresh, err)
					}
					reply, err := a.inbox.finish(tx, d, row.ID, true)
					require.NotNil(t, reply)
					ran = tx.Statements()
					return err
				}))
				if n > 0 {
					require.LessOrEqual(t, ran, c.most)
					require.Greater(t, ran, 1, "the hook counts")
				}
			}
		})
	}
}

func textDelivery(a *App, text string, n int) callback.Delivery {
	now := a.db.Now()
	return callback.Delivery{
		Receiver: "assistant", App: "assistant", Key: fmt.Sprintf("assistant:%d", n), Raw: []byte("<xml/>"), ReceivedAt: now, Arrived: time.Now(),
		Event: &event.Text{Header: event.Header{FromUserName: "LiSi", CreateTime: now, MsgType: "text"}, Content: text},
	}
}

// forStatements is an App on a fresh database with an asker and one who answers.
func forStatements(t *testing.T) *App {
	t.Helper()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	require.NoError(t, os.WriteFile(rules, []byte("administrators: [boss]\n"), 0o600))
	cfg := config.Default()
	cfg.Store.DSN = config.NewSecret(storetest.SQLite(t).DSN)
	cfg.Spool.Dir, cfg.Media.Dir, cfg.Rulebook = filepath.Join(dir, "spool"), filepath.Join(dir, "media"), rules
	cfg.WeCom.CorpID = "wwstatements00001"
	cfg.WeCom.Apps[0].Secret, cfg.WeCom.Apps[0].Token = config.NewSecret("s"), config.NewSecret("t")
	cfg.WeCom.Apps[0].EncodingAESKey = config.NewSecret("k8Jq2Zt5Wv1Xn7Rb4Yc9Ud3Fe6Gh0Lm2Pa5Ts8Io1Kr")
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	a, err := New(cfg, Options{Now: func() time.Time { return at }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.unwind(context.Background())) })
	require.NoError(t, a.db.Ready(t.Context()))
	require.NoError(t, a.db.InTx(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutDepartments([]store.Department{{ID: 1, Name: "公司"}, {ID: 7, ParentID: 1, Name: "财务部"}}); err != nil {
			return err
		}
		for _, userid := range []string{"boss", "LiSi"} {
			m := store.Member{UserID: userid, Name: userid, MainDepartment: 7, Status: store.MemberActive, Visible: true}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: 7, IsLeader: userid == "boss"}}); err != nil {
				return err
			}
		}
		return nil
	}))
	return a
}
