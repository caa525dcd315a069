package response_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
	"guiju/store/storetest"
)

// A clock with a limit of its own runs by it from the delivery, whatever its
// class, and keeps it when the rules change.
func TestAClockWithALimitOfItsOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock) // Monday 09:00
		opens := func(limit policy.WorkSpan) (c store.Clock) {
			d.subject++
			d.tx(func(tx *store.Tx) (err error) {
				c, err = d.clocks.Open(tx, response.Opening{
					Subject: store.Subject{Kind: "item", ID: d.subject}, Number: "A1", Title: "账号申请", App: "assistant",
					Class: policy.Important, NeedsReply: true, Sender: d.asker, Receiver: d.receiver, Limit: limit,
				})
				if err != nil {
					return err
				}
				return d.clocks.Delivered(tx, c.Subject(), []int64{d.receiver}, tx.Now().Add(time.Hour))
			})
			return d.read(c.ID)
		}
		due := func(c store.Clock) string { return c.DueAt.UTC().Add(8 * time.Hour).Format("01-02 15:04") }
		require.Equal(t, "03-02 10:30", due(opens(policy.WorkSpan{})), "by class")
		require.Equal(t, "03-03 10:00", due(opens(policy.WorkSpan{Workdays: 1})))
		hours := opens(policy.WorkSpan{Time: 3 * time.Hour})
		require.Equal(t, "03-02 13:00", due(hours))
		require.Equal(t, "3h", hours.WorkLimit)
		require.Contains(t, hours.Timetable, `"level":0`, "a reminder two working hours before")
	})
}

// What a member himself waits for is shown and not counted.
func TestWhatWaitsForOthersIsNotCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.clocks.AlsoShow("我提交的申请", func(*store.Reader, int64, int) ([]response.Waiting, error) {
			return []response.Waiting{{Number: "A1", Title: "账号申请"}}, nil
		}, nil)
		asks := func() (text string) {
			d.tx(func(tx *store.Tx) error {
				member, err := tx.Member(d.receiver)
				require.NoError(t, err)
				answer, err := d.clocks.Commands()[0].Run(&chat.Call{Tx: tx, From: chat.From{Member: member, App: "assistant", At: clock.Now()}})
				text = answer.Text
				return err
			})
			return text
		}
		require.Equal(t, "您现在没有待办，真不错。\n【我提交的申请】\nA1 账号申请", asks())
		waiting, err := d.clocks.Waiting(d.reader(), d.receiver)
		require.NoError(t, err)
		require.Zero(t, waiting)
		d.opens(true, d.receiver)
		require.Contains(t, asks(), "您有 1 项待办：\n【待我回应】\n")
		require.Contains(t, asks(), "【我提交的申请】\nA1 账号申请")
	})
}
