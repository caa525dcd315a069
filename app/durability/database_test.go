package durability_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom/sandbox"
)

// longestAnswer is how long WeCom waits for the answer to a callback [90930].
const longestAnswer = 5 * time.Second

// onPrivateMariaDB gives a test the app on a database server it may break.
func onPrivateMariaDB(t *testing.T) (*service, *replica, platform) {
	t.Helper()
	server, db := privateMariaDB(t)
	s := setup{listen: freeAddress(t), store: db, dir: t.TempDir()}
	wecom := newPlatform(t, "http://"+s.listen, nil)
	s.platform = wecom.url
	return server, startReplica(t, s, wecom, nil), wecom
}

// promptly says something and asserts that the app took it in time.
func promptly(t *testing.T, wecom platform, user, text string) {
	t.Helper()
	begun := time.Now()
	result := wecom.say(user, text)
	require.Equal(t, 200, result.Status, "%s: %s", text, result.Error)
	require.Less(t, time.Since(begun), longestAnswer, text)
}

// Given two important questions, when the database is killed, one is answered
// in time meanwhile and the deadline of both passes, then after the database's
// return the answer counts as timely, nobody hears of a breach of it, and the
// other question is reported, once.
func TestDatabaseAwayAnswersWaitInTheSpoolAndNobodyIsBlamed(t *testing.T) {
	t.Parallel()
	server, app, wecom := onPrivateMariaDB(t)
	app.ready()
	promptly(t, wecom, "zhaoliu", "咨询 报销发票抬头 重要") // M20260302-0001
	promptly(t, wecom, "sunqi", "咨询 差旅报销标准 重要")   // M20260302-0002
	app.settle()
	require.Equal(t, 1, wecom.shown("hejing", "报销发票抬头"))
	require.Equal(t, 1, wecom.shown("hejing", "差旅报销标准"))

	server.kill()
	wecom.advance(25 * time.Minute)
	promptly(t, wecom, "hejing", "回复 M20260302-0001 抬头写公司全称")
	promptly(t, wecom, "zhouba", "咨询 报销单在哪里领")
	for i := range 5 {
		promptly(t, wecom, "zhouba", fmt.Sprintf("补充 第%d句", i+1))
	}
	wecom.advance(20 * time.Minute) // 10:45, both were due at 10:30
	require.Zero(t, wecom.shown("zhaoliu", "抬头写公司全称"), "the database is away")

	server.start()
	eventually(t, 30*time.Second, "the answer to reach 赵六", func() bool { return wecom.shown("zhaoliu", "抬头写公司全称") == 1 })
	eventually(t, 30*time.Second, "the spool to be handled", func() bool { return wecom.shown("zhouba", "已补充") == 5 })
	app.settle()
	require.Zero(t, wecom.shown("hejing", "已超时"), "deadlines wait until 30 s after the database's return")

	app.passes(31 * time.Second)
	eventually(t, 30*time.Second, "the true breach to be noticed", func() bool { return wecom.shown("hejing", "已超时") > 0 })
	wecom.advance(time.Minute) // the sender's summary comes a little later
	eventually(t, 30*time.Second, "the true breach to be reported", func() bool { return wecom.shown("sunqi", "【超时】M20260302-0002") == 1 })
	app.settle()
	require.Zero(t, wecom.shown("zhaoliu", "【超时】"), "his answer was in time:\n%s", transcript(wecom.chat("zhaoliu")))
	for _, user := range []string{"hejing", "gaozong", "zhaoliu"} {
		require.Zero(t, wecom.shown(user, "超时", "M20260302-0001"), "%s heard:\n%s", user, transcript(wecom.chat(user)))
	}
	trace := wecom.say("zhaoliu", "追溯 M20260302-0001")
	require.Contains(t, trace.Reply.Text, "何静：按时回应")

	said := []string{}
	for line := range strings.SplitSeq(wecom.say("zhouba", "追溯 M20260302-0003").Reply.Text, "\n") {
		if i := strings.Index(line, "第"); i >= 0 {
			said = append(said, line[i:])
		}
	}
	require.Equal(t, []string{"第1句", "第2句", "第3句", "第4句", "第5句"}, said, "the spool keeps the order")
}

// Given an outage in which nobody says anything, when the database returns
// after a deadline, then other replicas' spools get 30 s before anybody is
// told, and then he is.
func TestDatabaseAwayUnnoticedByCallbacksHoldsDeadlines(t *testing.T) {
	t.Parallel()
	server, app, wecom := onPrivateMariaDB(t)
	app.ready()
	promptly(t, wecom, "sunqi", "咨询 差旅报销标准 重要")
	app.settle()
	server.kill()
	eventually(t, 30*time.Second, "the app to see it", func() bool { return app.health(t).Database == "away" })
	wecom.advance(31 * time.Minute)
	server.start()
	eventually(t, 30*time.Second, "the app to see its return", func() bool { return app.health(t).Database == "ok" })
	app.settle()
	require.Zero(t, wecom.shown("hejing", "已超时"), "deadlines wait until 30 s after the database's return")
	app.passes(31 * time.Second)
	eventually(t, 30*time.Second, "the breach to be reported", func() bool { return wecom.shown("hejing", "已超时") > 0 })
}

// Given a database that takes connections and answers nothing, then callbacks
// are still answered in time, and each is handled once when it wakes up,
// whatever became of the transactions that hung.
func TestDatabaseHangsCallbacksAreAnsweredInTime(t *testing.T) {
	t.Parallel()
	server, app, wecom := onPrivateMariaDB(t)
	app.ready()
	server.hold()
	promptly(t, wecom, "zhaoliu", "咨询 报销发票抬头")
	promptly(t, wecom, "sunqi", "咨询 差旅报销标准")
	server.release()
	for user, question := range map[string]string{"zhaoliu": "报销发票抬头", "sunqi": "差旅报销标准"} {
		eventually(t, 60*time.Second, user+" to be answered", func() bool { return wecom.shown(user, "【已受理】") == 1 })
		eventually(t, 60*time.Second, "the card", func() bool { return wecom.shown("hejing", question) == 1 })
	}
	app.settle()
	for user, question := range map[string]string{"zhaoliu": "报销发票抬头", "sunqi": "差旅报销标准"} {
		require.Equal(t, 1, wecom.shown(user, "【已受理】"), transcript(wecom.chat(user)))
		require.Equal(t, 1, wecom.shown("hejing", question), transcript(wecom.chat("hejing")))
	}
}

// Given a database that is away when the app starts, then the app serves from
// its spool, and is whole when the database comes; and it stops in good order
// while the database is away.
func TestDatabaseAwayAtStart(t *testing.T) {
	t.Parallel()
	server, db := privateMariaDB(t)
	s := setup{listen: freeAddress(t), store: db, dir: t.TempDir()}
	wecom := newPlatform(t, "http://"+s.listen, nil)
	s.platform = wecom.url
	app := startReplica(t, s, wecom, nil)
	app.ready() // once, to read the company
	app.stop()

	server.kill()
	app = startReplica(t, s, wecom, nil)
	answers(t, "http://"+s.listen+"/readyz")
	require.Equal(t, "degraded", app.health(t).Status)
	promptly(t, wecom, "zhaoliu", "咨询 报销发票抬头")
	require.Equal(t, "waiting", app.health(t).Spool)

	app.stop() // with the database away and a callback in the spool
	app = startReplica(t, s, wecom, nil)
	promptly(t, wecom, "zhaoliu", "我的待办")
	server.start()
	app.ready()
	eventually(t, 30*time.Second, "the question to be taken", func() bool { return wecom.shown("zhaoliu", "【已受理】") == 1 })
	eventually(t, 30*time.Second, "the card", func() bool { return wecom.shown("hejing", "报销发票抬头") == 1 })
	require.Equal(t, 1, wecom.shown("zhaoliu", "【已受理】"))
	eventually(t, 30*time.Second, "the app to be well", func() bool { return app.health(t).Status == "ok" })
}

// Given jobs under way when the database is killed, then each send happens
// once: what WeCom has taken is not sent again.
func TestDatabaseAwayBetweenSendAndRecord(t *testing.T) {
	t.Parallel()
	server, app, wecom := onPrivateMariaDB(t)
	app.ready()
	wecom.fault(sandbox.Fault{API: "message/send", Delay: "1500ms", Times: -1})
	for i := range 5 {
		promptly(t, wecom, "zhaoliu", fmt.Sprintf("咨询 报销问题%d", i))
	}
	eventually(t, 20*time.Second, "a card to arrive", func() bool { return wecom.shown("hejing", "报销问题") > 0 })
	server.kill()
	eventually(t, 20*time.Second, "the app to see it", func() bool { return app.health(t).Database == "away" })
	wecom.clearFaults()
	server.start()
	eventually(t, 30*time.Second, "the app to be back", func() bool { return app.health(t).Database == "ok" })
	app.passes(time.Minute) // leases and pauses end
	for i := range 5 {
		eventually(t, 30*time.Second, "every card", func() bool { return wecom.shown("hejing", fmt.Sprintf("报销问题%d", i)) > 0 })
	}
	app.settle()
	for i := range 5 {
		require.Equal(t, 1, wecom.shown("hejing", fmt.Sprintf("报销问题%d", i)), transcript(wecom.chat("hejing")))
	}
}

// health is what /readyz says.
type health struct{ Status, Database, Queue, Redis, Spool string }

func (r *replica) health(t testing.TB) health {
	t.Helper()
	var h health
	w := record(r.app.Handler(), http.MethodGet, "/readyz")
	decode(t, w.Body.Bytes(), &h)
	return h
}
