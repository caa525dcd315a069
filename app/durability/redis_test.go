package durability_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store/storetest"
)

// Given an app that shares its token through Redis, when Redis is killed, held
// or away at the start, then everything still works, slower at worst.
func TestRedisAwayEverythingStillWorks(t *testing.T) {
	t.Parallel()
	redis := privateRedis(t)
	app, wecom := onDatabase(t, storetest.SQLite(t), redis.address)
	ask := func(question string) {
		t.Helper()
		promptly(t, wecom, "zhaoliu", "咨询 "+question)
		eventually(t, 30*time.Second, "the card about "+question, func() bool { return wecom.shown("hejing", question) == 1 })
	}
	revoke := func() { wecom.post("tokens", map[string]any{"app": "assistant", "action": "revoke"}, nil) }
	ask("报销问题甲")
	require.Equal(t, "ok", app.health(t).Redis)

	redis.kill()
	ask("报销问题乙")
	revoke() // the next one cannot be shared
	app.passes(0)
	promptly(t, wecom, "zhaoliu", "咨询 报销问题丙")
	eventually(t, 30*time.Second, "the card after a new token", func() bool {
		app.passes(5 * time.Second) // the refused send pauses
		return wecom.shown("hejing", "报销问题丙") == 1
	})
	require.Equal(t, "away", app.health(t).Redis)
	require.Equal(t, "degraded", app.health(t).Status)

	redis.start()
	ask("报销问题丁")
	eventually(t, 30*time.Second, "Redis to be seen again", func() bool { return app.health(t).Redis == "ok" })

	redis.hold() // it takes connections and answers nothing
	revoke()
	promptly(t, wecom, "zhaoliu", "咨询 报销问题戊")
	eventually(t, 60*time.Second, "the card in spite of a deaf Redis", func() bool {
		app.passes(5 * time.Second)
		return wecom.shown("hejing", "报销问题戊") == 1
	})
	redis.release()
}
