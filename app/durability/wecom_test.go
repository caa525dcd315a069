package durability_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/wecom/sandbox"
)

// Given one failing send of each kind, when the pause after it has passed,
// then the receiver has the card once, and his time runs from then.
func TestWeComFailsOnceEachCardArrivesOnce(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"http 500":              {HTTP: 500},
		"busy (-1)":             {ErrCode: -1},
		"throttled (45009)":     {ErrCode: 45009},
		"token expired (42001)": {ErrCode: 42001},
		"token invalid (40014)": {ErrCode: 40014},
		"request lost":          {Drop: "request"},
		"answer lost":           {Drop: "answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachDatabase(t, func(t *testing.T, db store.Config) {
				app, wecom := onDatabase(t, db, "")
				fault.API, fault.Times = "message/send", 1
				wecom.fault(fault)
				promptly(t, wecom, "zhaoliu", "咨询 报销发票抬头 重要")
				for range 5 { // pauses and parked interfaces, all shorter than this
					app.settle()
					app.passes(time.Minute)
				}
				app.settle()
				require.Equal(t, 1, wecom.shown("hejing", "报销发票抬头"), transcript(wecom.chat("hejing")))
				promptly(t, wecom, "hejing", "回复 抬头写公司全称")
				app.settle()
				require.Equal(t, 1, wecom.shown("zhaoliu", "抬头写公司全称"))
			})
		})
	}
}

// Given a WeCom that fails every call for an hour, when it is back, then all
// that was said meanwhile has been sent once, also to the 部门主管 who was to
// take over what did not arrive (G1-4.1(5) AE1), and from him to nobody else;
// the time to answer runs from the delivery: nobody is late.
func TestWeComAwayForAnHourSendsEverythingOnceAfterwards(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"no answer": {Drop: "request"}, "http 503": {HTTP: 503}, "throttled": {ErrCode: 45009}, "busy": {ErrCode: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachDatabase(t, func(t *testing.T, db store.Config) {
				const questions = 5
				app, wecom := onDatabase(t, db, "")
				fault.API, fault.Times = "*", -1
				wecom.fault(fault)
				for i := range questions {
					result := wecom.say("zhaoliu", fmt.Sprintf("咨询 报销问题%d", i))
					require.Equal(t, 200, result.Status)
					require.NotNil(t, result.Reply, "callbacks are answered without WeCom's API")
				}
				for range 12 {
					app.settle()
					app.passes(5 * time.Minute)
					wecom.advance(5 * time.Minute)
				}
				require.Zero(t, wecom.shown("hejing", "报销问题"))

				wecom.clearFaults()
				for range 3 {
					app.passes(35 * time.Minute)
					app.settle()
				}
				for i := range questions {
					question := fmt.Sprintf("报销问题%d", i)
					for _, user := range []string{"hejing", "gaozong"} {
						require.Equal(t, 1, wecom.shown(user, "咨询："+question, "button_list"), "%s: %s", user, transcript(wecom.chat(user)))
					}
					require.Zero(t, wecom.shown("chenli", "咨询："+question, "button_list"), transcript(wecom.chat("chenli")))
				}
				require.Zero(t, wecom.shown("zhaoliu", "【超时】"), transcript(wecom.chat("zhaoliu")))
			})
		})
	}
}

// onDatabase gives a test the app, ready, on a database that stays.
func onDatabase(t *testing.T, db store.Config, redis string) (*replica, platform) {
	t.Helper()
	s := setup{listen: freeAddress(t), store: db, redis: redis, dir: t.TempDir()}
	wecom := newPlatform(t, "http://"+s.listen, nil)
	s.platform = wecom.url
	app := startReplica(t, s, wecom, nil)
	app.ready()
	return app, wecom
}
