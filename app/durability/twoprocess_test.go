package durability_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/wecom/sandbox"
)

// Given `guiju sandbox --platform-only --state FILE` and `guiju serve --clock`
// as two processes that know of each other only what the contract says, when
// each is killed and started again in the middle, then the slice goes on: ask,
// card, breach, answer, resolved.
func TestTwoProcessesPlayTheSliceThroughKills(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db store.Config) {
		dir := t.TempDir()
		s := setup{listen: freeAddress(t), store: db, dir: dir}
		page := freeAddress(t)
		s.platform = "http://" + page
		config := s.write(t, sandbox.DefaultOptions())
		startPlatform := func() *process {
			p := launch(t, "", "sandbox", "--platform-only", "-c", config, "--platform-listen", page,
				"--state", filepath.Join(dir, "platform.json"), "--start", "2026-03-02T10:00:00+08:00", "--retry-spacing", "200ms")
			answers(t, s.platform+"/sandbox/api/members")
			return p
		}
		wecom := platform{t: t, url: s.platform}
		platformProcess := startPlatform()
		wecom.post("clock", map[string]any{"running": false}, nil)
		app := s.serve(t, "", sandbox.DefaultOptions())
		wecom.settle()

		require.Equal(t, 200, wecom.say("zhaoliu", "咨询 报销发票抬头 重要").Status)
		wecom.settle()
		require.Equal(t, 1, wecom.shown("hejing", "咨询：报销发票抬头"))

		// guiju dies; the time of the answer passes while it is away.
		app.kill()
		unheard := wecom.say("zhaoliu", "咨询 差旅费怎么报销")
		require.Zero(t, unheard.Status, "nobody answers")
		app = s.serve(t, "", sandbox.DefaultOptions())
		wecom.redeliver(unheard.DeliveryID, 1)
		wecom.settle()
		require.Equal(t, 1, wecom.shown("hejing", "咨询：差旅费怎么报销"))
		wecom.advance(31 * 60e9)
		require.Equal(t, 1, wecom.shown("zhaoliu", "【超时】M20260302-0001", "何静"))

		// The platform ends and goes on from its file, its clock included; guiju
		// finds it again by itself.
		platformProcess.stop()
		platformProcess = startPlatform()
		wecom.post("clock", map[string]any{"running": false}, nil)
		require.Equal(t, 1, wecom.shown("hejing", "咨询：差旅费怎么报销"), "the chat survives")
		answers(t, "http://"+s.listen+"/readyz")

		require.Equal(t, 200, wecom.say("hejing", "回复 M20260302-0001 抬头写公司全称").Status)
		eventually(t, 20e9, "the answer to reach 赵六", func() bool {
			wecom.settle()
			return wecom.shown("zhaoliu", "抬头写公司全称") == 1
		})

		// And guiju once more, between the answer and 已解决.
		app.kill()
		app = s.serve(t, "", sandbox.DefaultOptions())
		require.Equal(t, 200, wecom.press("zhaoliu", "已解决").Status)
		wecom.settle()
		require.Equal(t, 1, wecom.shown("hejing", "【已解决】赵六 确认 M20260302-0001"))
		require.Equal(t, 1, wecom.shown("zhaoliu", "抬头写公司全称"))
		app.stop()
		platformProcess.stop()
	})
}
