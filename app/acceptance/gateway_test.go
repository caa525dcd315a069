package acceptance_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/wecom/sandbox"
)

// Callbacks and messages under duplicates, delays, failures and outages: S00,
// scenario E2.S 10 and the guarantees of the design.

func TestS00_AE_TheSameMessageTwiceIsOneItem(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.Says("赵六", "咨询 报销发票抬头")
		for _, again := range w.Redelivers(w.last.DeliveryID, 2, false) {
			require.Equal(t, 200, again.Status)
		}
		for _, answer := range w.Answers(w.last.DeliveryID, 3) {
			require.Contains(t, answer, told, "a duplicate is answered the same")
		}
		w.Settle()
		require.Equal(t, 1, w.Count("何静", "咨询：报销发票抬头"))
		require.Contains(t, w.Says("何静", "我的待办"), "您有 1 项待办")
	})
}

// Given processing takes 8 s, then the callback is still answered at once and
// the result comes by message/send. Here somebody else holds the rows that the
// handler needs.
func TestS00_AE_SlowProcessingIsAnsweredAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "发通知") // so that his conversation has a row
		release := w.holdDatabase()
		started := time.Now()
		result := w.Tries("赵六", "咨询 报销发票抬头")
		require.Equal(t, 200, result.Status)
		require.Less(t, time.Since(started), 5*time.Second)
		require.Nil(t, result.Reply, "nothing was decided yet")
		require.Zero(t, w.Count("赵六", "【已受理】"))
		release()
		require.Eventually(t, func() bool {
			w.Settle()
			return w.Count("赵六", "【已受理】M20260302-0001") == 1
		}, 10*time.Second, 20*time.Millisecond)
		w.Gets("何静", "咨询：报销发票抬头")
		require.Len(t, w.Calls("message/send", "【已受理】M20260302-0001"), 1)
	})
}

// holdDatabase keeps every handler waiting until release is called.
func (w *World) holdDatabase() (release func()) {
	w.t.Helper()
	driver, hold := "sqlite", "BEGIN IMMEDIATE"
	if w.db.Driver == "mysql" {
		driver, hold = "mysql", "SELECT id FROM conversations FOR UPDATE"
	}
	conn, done := w.database(driver)
	ctx := context.Background()
	if driver == "mysql" {
		_, err := conn.ExecContext(ctx, "BEGIN")
		require.NoError(w.t, err)
	}
	_, err := conn.ExecContext(ctx, hold)
	require.NoError(w.t, err)
	return func() {
		_, err := conn.ExecContext(ctx, "ROLLBACK")
		require.NoError(w.t, err)
		done()
	}
}

// database is a connection of the test's own beside the app's.
func (w *World) database(driver string) (*sql.Conn, func()) {
	w.t.Helper()
	pool, err := sql.Open(driver, w.db.DSN)
	require.NoError(w.t, err)
	conn, err := pool.Conn(context.Background())
	require.NoError(w.t, err)
	if driver == "sqlite" { // the app writes too
		_, err = conn.ExecContext(context.Background(), "PRAGMA busy_timeout = 5000")
		require.NoError(w.t, err)
	}
	return conn, func() {
		_ = conn.Close()
		_ = pool.Close()
	}
}

// A handler that fails loses nothing: the member is told the number, and the
// delivery is handled again by itself.
func TestE2_0_Wording_InternalError(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		driver := w.db.Driver
		conn, done := w.database(driver)
		defer done()
		rename := func(from, to string) {
			_, err := conn.ExecContext(context.Background(), "ALTER TABLE "+from+" RENAME TO "+to)
			require.NoError(t, err)
		}
		rename("item_entries", "item_entries_away")
		told := w.Says("赵六", "咨询 报销发票抬头")
		require.Contains(t, told, "【系统异常】已登记故障 ")
		require.Contains(t, told, "您的消息已保存，会自动重试，不用重发")
		w.GetsNothing("何静", "报销发票抬头")
		rename("item_entries_away", "item_entries")
		w.Waits(time.Minute)
		w.Gets("赵六", "【已受理】M20260302-")
		w.Gets("何静", "咨询：报销发票抬头")
		require.Equal(t, 1, w.Count("何静", "咨询：报销发票抬头"))
	})
}

// Server down 10:25–10:35 with callbacks retried by the platform: no event
// lost or doubled, breaches stamped with their due times.
func TestE2_S_10_Outage(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头 重要")
		w.Says("孙七", "咨询 发票丢了 重要")
		w.To("10:25")
		w.Down()
		w.To("10:28")
		answer := w.Tries("何静", "回复 M20260302-0001 抬头写公司全称")
		require.Zero(t, answer.Status, "nobody is home")
		asked := w.Tries("周八", "咨询 企业微信登录不上")
		w.To("10:35")
		w.Up()
		w.Advance(6 * time.Second)
		w.Gets("赵六", "【超时】M20260302-0001", "应在 3月2日 10:30 前回应")
		w.Gets("孙七", "【超时】M20260302-0002", "应在 3月2日 10:30 前回应")

		// The platform comes back with both, more than once and at once.
		for _, id := range []int64{asked.DeliveryID, answer.DeliveryID} {
			for _, again := range w.Redelivers(id, 5, true) {
				require.Equal(t, 200, again.Status)
			}
		}
		w.Settle()
		require.Equal(t, 1, w.Count("林秀", "咨询：企业微信登录不上"))
		w.Gets("赵六", "【更正】何静 在 3月2日 10:28 已按时回应 M20260302-0001，之前的超时通知作废")
		w.Gets("高总", "【更正】何静")
		w.Traces("赵六", "M20260302-0001", "何静：按时回应", "时限 3月2日 10:30")
		w.Traces("孙七", "M20260302-0002", "何静：已超时", "时限 3月2日 10:30")
		w.To("12:00")
		require.Equal(t, 1, w.Count("赵六", "【超时】"))
		require.Equal(t, 1, w.Count("孙七", "【超时】"))
		require.Equal(t, 1, w.Count("何静", "【已受理】M20260302-0001 已回复"))
	})
}

// The platform goes on trying while the app is being restarted.
func TestE2_S_10_RetriesReachTheRestartedApp(t *testing.T) {
	slower := func(o *playground.Options) { o.Platform.Retries, o.Platform.RetrySpacing = 10, 300*time.Millisecond }
	eachWith(t, slower, func(t *testing.T, w *World) {
		w.Says("赵六", "我的待办")
		w.Down()
		require.Zero(t, w.Tries("赵六", "咨询 报销发票抬头").Status)
		require.Zero(t, w.Tries("孙七", "咨询 发票丢了").Status)
		w.Up() // Ready waits until the retries have arrived
		require.Equal(t, 1, w.Count("何静", "咨询：报销发票抬头"))
		require.Equal(t, 1, w.Count("何静", "咨询：发票丢了"))
		require.Equal(t, 1, w.Count("赵六", "【已受理】"))
	})
}

// An accepted callback is handled once in effect, also when its duplicates come
// at the same time.
func TestConcurrentDuplicatesAreOneEffect(t *testing.T) {
	eachWith(t, noRetries, func(t *testing.T, w *World) {
		w.Down()
		asked := w.Tries("赵六", "咨询 报销发票抬头")
		w.Up()
		for _, r := range w.Redelivers(asked.DeliveryID, 20, true) {
			require.Equal(t, 200, r.Status)
		}
		for _, answer := range w.Answers(asked.DeliveryID, 20) {
			require.Contains(t, answer, "【已受理】M20260302-", "every answer is the same")
			require.Contains(t, answer, "已转给财务部何静")
		}
		w.Settle()
		require.Equal(t, 1, w.Count("何静", "咨询：报销发票抬头"))
		require.Contains(t, w.Says("何静", "我的待办"), "您有 1 项待办")

		w.Presses("何静", "收到")
		w.Redelivers(w.last.DeliveryID, 10, true)
		w.Settle()
		require.Equal(t, 1, w.Count("何静", "已确认收到"))
	})
}

// Nothing sent is lost while WeCom fails, throttles or expires the token, and
// everything arrives once.
func TestWeComTroubleLosesAndDoublesNothing(t *testing.T) {
	for name, trouble := range map[string]map[string]any{
		"busy":             {"errcode": -1, "times": 2},
		"throttled":        {"errcode": 45009, "times": 1},
		"failing":          {"http": 502, "times": 2},
		"refused":          {"drop": "request", "times": 1},
		"answer lost":      {"drop": "answer", "times": 1},
		"token expired":    {"errcode": 42001, "times": 1},
		"token not valid":  {"errcode": 40014, "times": 1},
		"too many at once": {"errcode": 45033, "times": 1},
	} {
		t.Run(name, func(t *testing.T) {
			eachWith(t, patient, func(t *testing.T, w *World) {
				w.Fails("message/send", trouble)
				w.Says("赵六", "咨询 报销发票抬头 重要")
				for range 8 {
					w.Waits(time.Minute)
				}
				require.Equal(t, 1, w.Count("何静", "咨询：报销发票抬头"), "once, and not lost")
				w.Presses("何静", "回复") // and the card works
				w.Says("何静", "抬头写公司全称")
				w.Gets("赵六", "抬头写公司全称", "已解决")
			})
		})
	}
}

// Guide G1-3.4(2): WeCom is busy twice, the third try succeeds, and exactly one
// message is delivered.
func TestG1_3_4_2_AE2_BusyTwiceThenDelivered(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		w.Fails("message/send", map[string]any{"errcode": -1, "times": 2})
		w.Says("赵六", "咨询 报销发票抬头 重要")
		require.Zero(t, w.Count("何静", "报销发票抬头"))
		for range 4 {
			w.Waits(time.Minute)
		}
		calls := w.Calls("message/send", "报销发票抬头")
		require.Equal(t, 3, len(calls))
		require.Equal(t, []int{-1, -1, 0}, []int{calls[0].ErrCode, calls[1].ErrCode, calls[2].ErrCode})
		require.Equal(t, 1, w.Count("何静", "咨询：报销发票抬头"))
	})
}

func TestWeComRevokesTheToken(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.post("tokens", map[string]any{"app": "assistant", "action": "revoke"}, nil)
		w.Says("孙七", "咨询 发票丢了")
		w.Gets("何静", "咨询：发票丢了")
		require.Equal(t, 1, w.Count("何静", "咨询：发票丢了"))
	})
}

// Card updates are repeated as well, and spend no code twice.
func TestWeComFailsToUpdateACard(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		w.Says("邵静", "发通知 赵六、孙七 三点开会")
		w.Fails("message/update_template_card", map[string]any{"http": 500, "times": 2})
		w.Presses("赵六", "收到")
		for range 6 {
			w.Waits(time.Minute)
		}
		require.Contains(t, w.Shown("孙七", "三点开会").String(), "已回应 1/2")
		w.Presses("孙七", "收到")
		for range 3 {
			w.Waits(time.Minute)
		}
		require.Contains(t, w.Shown("孙七", "三点开会").String(), "已办结")
		w.Gets("邵静", "【已响应】")
	})
}

// Of two who decide at once exactly one wins, the other is told how it stands.
func TestTwoDecisionsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 企业微信登录不上")
		results := make([]sandbox.PressResult, 2)
		var all sync.WaitGroup
		for i, to := range []string{"孙十二", "李十三"} {
			all.Go(func() {
				w.post("say", map[string]any{"user": "linxiu", "app": "assistant", "text": "转交 M20260302-0001 " + to}, &results[i])
			})
		}
		all.Wait()
		w.Settle()
		won, lost := 0, 0
		for _, r := range results {
			require.NotNil(t, r.Reply)
			switch {
			case r.Reply.Text == "【未通过】M20260302-0001 已转交他人。可改为：追溯 M20260302-0001":
				lost++
			default:
				require.Contains(t, r.Reply.Text, "【已受理】M20260302-0001 已转交给")
				won++
			}
		}
		require.Equal(t, [2]int{1, 1}, [2]int{won, lost})
		require.Equal(t, 1, w.Count("孙十二", "咨询：")+w.Count("李十三", "咨询："))
	})
}

// Two last receivers who answer at once finish their item.
func TestTwoLastReceiversFinishTheItem(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for round := 1; round <= 5; round++ {
			number := fmt.Sprintf("M20260302-%04d", round)
			require.Contains(t, w.Says("邵静", fmt.Sprintf("发通知 赵六、孙七 第%d次会", round)), number)
			var all sync.WaitGroup
			for _, name := range []string{"zhaoliu", "sunqi"} {
				all.Go(func() {
					w.post("say", map[string]any{"user": name, "app": "assistant", "text": "收到 " + number}, nil)
				})
			}
			all.Wait()
			w.Settle()
			require.Equal(t, 1, w.Count("邵静", "【已响应】"+number), "round %d", round)
		}
	})
}
