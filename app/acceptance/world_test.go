// Package acceptance plays the guide's acceptance examples on the whole
// product: guiju, unmodified, talks WeCom's protocol with the sandbox platform
// over HTTP, on a real database, under a clock the test moves.
package acceptance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/config"
	"guiju/app/playground"
	"guiju/store"
	"guiju/store/storetest"
	"guiju/wecom/sandbox"
)

// shanghai is the company's zone.
var shanghai = time.FixedZone("CST", 8*60*60)

// World is the example company of guide 0.6 on Monday 2026-03-02 10:00.
type World struct {
	t      *testing.T
	play   *playground.Playground
	db     store.Config
	seen   map[string]int64 // member → last message looked at
	newest map[string]int64 // member → last message there was before he acted
	judged map[int64]bool   // messages whose buttons the permission matrix names
	last   sandbox.PressResult
	ahead  atomic.Int64 // of the machine's clock, see patient
	beside *store.DB    // a second look at the app's database
	media  string       // folder of what members sent

	printed *printed // by the product

	mu         sync.Mutex
	transcript []string
	words      []string // of members, see hears
}

// each runs a test on SQLite and, when there is one, on MySQL.
func each(t *testing.T, test func(t *testing.T, w *World)) {
	t.Helper()
	eachWith(t, nil, test)
}

// eachWith is each with a company or platform of the test's own.
func eachWith(t *testing.T, change func(*playground.Options), test func(t *testing.T, w *World)) {
	t.Helper()
	// CI plays them under the race detector on one database and without it on the other.
	only := os.Getenv("GUIJU_TEST_ACCEPTANCE")
	require.Contains(t, []string{"", "sqlite", "mysql"}, only, "GUIJU_TEST_ACCEPTANCE")
	if only != "" {
		t.Parallel() // on both databases one test at a time is two worlds at a time already
	}
	for name, open := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "mysql": storetest.LentMySQL} {
		if only != "" && only != name {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, open(t), change))
		})
	}
}

// noHourly leaves out the hourly comparison of the 审批 app: a day of the clock
// is then not two dozen stops. Worlds have it only if they choose their own
// Overlay.
const noHourly = "\njobs: {J-APPROVAL-SYNC: \"off\"}\n"

// noNightly leaves out the nightly comparison of contacts too, for tests that
// let months go by.
func noNightly(o *playground.Options) {
	o.Overlay = "\njobs: {J-CONTACT-SYNC: \"off\", J-APPROVAL-SYNC: \"off\"}\n"
}

// newWorld starts the company; change alters how.
func newWorld(t *testing.T, db store.Config, change func(*playground.Options)) *World {
	t.Helper()
	log := &printed{}
	platform := sandbox.DefaultOptions()
	platform.Start = at("2026-03-02 10:00")
	platform.Frozen = true
	platform.RetrySpacing = 20 * time.Millisecond
	o := playground.Options{
		Listen: "127.0.0.1:0", PlatformListen: "127.0.0.1:0", Dir: t.TempDir(), Platform: platform,
		Store:  config.Store{Driver: db.Driver, DSN: config.NewSecret(db.DSN), Migrate: "auto"},
		Logger: log.logger(), Overlay: noHourly,
	}
	if change != nil {
		change(&o)
	}
	w := &World{t: t, db: db, seen: map[string]int64{}, newest: map[string]int64{}, judged: map[int64]bool{}, media: filepath.Join(o.Dir, "media"), printed: log}
	if o.Machine != nil {
		o.Machine = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	}
	play, err := playground.Start(context.Background(), o)
	require.NoError(t, err)
	w.play = play
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("transcript:\n%s", strings.Join(w.transcript, "\n"))
		}
		log.asks(play)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, play.Stop(ctx))
		w.keepsSecrets(secretsOf(o.Platform))
	})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(t, play.Ready(ctx))
	return w
}

// colleagues of the example company by name.
var colleagues = map[string]string{
	"张三": "zhangsan", "李四": "lisi", "王五": "wangwu", "赵六": "zhaoliu", "孙七": "sunqi", "周八": "zhouba",
	"吴九": "wujiu", "郑十": "zhengshi", "陈立": "chenli", "邵静": "shaojing", "林秀": "linxiu", "魏伟": "weiwei",
	"何静": "hejing", "方安": "fangan", "唐流": "tangliu", "潘梦": "panmeng", "罗岩": "luoyan", "邓工": "denggong",
	"马设": "mashe", "江一": "jiangyi", "高总": "gaozong", "沈悦": "shenyue", "韩梅": "hanmei", "蒋新": "jiangxin", "曹产": "caochan",
	"钱十一": "qianshiyi", "孙十二": "sunshier", "李十三": "lishisan", "周十四": "zhoushisi", "吴十五": "wushiwu", "郑十六": "zhengshiliu",
	"钱十七": "qianshiqi",
}

func userid(name string) string {
	if id, ok := colleagues[name]; ok {
		return id
	}
	return name // somebody a test made up, by his userid
}

func at(text string) time.Time {
	when, err := time.ParseInLocation("2006-01-02 15:04:05", text, shanghai)
	if err != nil {
		if when, err = time.ParseInLocation("2006-01-02 15:04", text, shanghai); err != nil {
			panic(err)
		}
	}
	return when
}

// Says lets a member write to the app and answers what he is told at once:
// the passive reply, or the first message that follows it.
func (w *World) Says(name, text string) string {
	w.t.Helper()
	return w.act(name, "说："+text, "say", map[string]any{"user": userid(name), "app": "assistant", "text": text})
}

// Enters lets a member open the app.
func (w *World) Enters(name string) string {
	w.t.Helper()
	return w.act(name, "进入应用", "enter", map[string]any{"user": userid(name), "app": "assistant"})
}

// Sends lets a member send something that is not text.
func (w *World) Sends(name, kind string, fields map[string]any) string {
	w.t.Helper()
	body := map[string]any{"user": userid(name), "app": "assistant", "type": kind}
	for k, v := range fields {
		body[k] = v
	}
	return w.act(name, "发送"+kind, "say", body)
}

// Clicks lets a member press an entry of the app's menu.
func (w *World) Clicks(name, key string) string {
	w.t.Helper()
	return w.act(name, "菜单："+key, "menu", map[string]any{"user": userid(name), "app": "assistant", "key": key})
}

// Presses presses a button of the newest card that has it.
func (w *World) Presses(name, button string) string {
	w.t.Helper()
	messages := w.chat(name, 0)
	for i := len(messages) - 1; i >= 0; i-- {
		if key, ok := messages[i].button(button); ok {
			return w.PressesOn(name, messages[i], key)
		}
	}
	require.Fail(w.t, "no card of "+name+" has a button "+button)
	return ""
}

// PressesOn presses the button with this key on one message.
func (w *World) PressesOn(name string, on message, key string) string {
	w.t.Helper()
	return w.act(name, "按下："+key, "click", map[string]any{"user": userid(name), "message_id": on.ID, "key": key})
}

// act does something that the app must take over at once, and answers what the
// member is told: the passive reply, or the first text that follows.
func (w *World) act(name, what, path string, body map[string]any) string {
	w.t.Helper()
	result, before := w.try(name, what, path, body)
	require.Equal(w.t, 200, result.Status, "the app answered: %s", result.Error)
	w.Settle()
	told := ""
	if result.Reply != nil && result.Reply.Text != "" {
		told = result.Reply.Text
	} else {
		told = answerIn(w.chat(name, before))
	}
	w.note("         → %s", told)
	return told
}

// answerIn is the first text among messages, or the first card if there is none.
func answerIn(messages []message) string {
	card := ""
	for _, m := range messages {
		switch {
		case m.From != "assistant":
		case m.Kind == "text":
			return m.Text
		case card == "":
			card = m.String()
		}
	}
	return card
}

// try does something whatever the app answers. before is the last message the
// member had.
func (w *World) try(name, what, path string, body map[string]any) (result sandbox.PressResult, before int64) {
	w.t.Helper()
	w.note("%s %s %s", w.Now().Format("15:04:05"), name, what)
	if path == "say" {
		for _, value := range body {
			if text, ok := value.(string); ok {
				w.hears(text)
			}
		}
	}
	before = w.newest[name]
	for _, m := range w.chat(name, before) {
		before = m.ID
	}
	w.newest[name] = before
	w.post(path, body, &result)
	w.last = result
	return result, before
}

// Tries lets a member write while the app may be away.
func (w *World) Tries(name, text string) sandbox.PressResult {
	w.t.Helper()
	result, _ := w.try(name, "试着说："+text, "say", map[string]any{"user": userid(name), "app": "assistant", "text": text})
	w.note("         → 状态 %d %s", result.Status, result.Error)
	return result
}

// Settle lets everything that is due happen.
func (w *World) Settle() {
	w.t.Helper()
	w.post("settle", map[string]any{}, nil)
}

// Advance moves the clock through every due instant.
func (w *World) Advance(d time.Duration) {
	w.t.Helper()
	w.To(w.Now().Add(d).Format("2006-01-02 15:04:05"))
}

// To moves the clock to an instant of the company's zone; a time alone is
// meant for the present day.
func (w *World) To(text string) {
	w.t.Helper()
	if !strings.Contains(text, "-") {
		text = w.Now().Format("2006-01-02 ") + text
	}
	w.note("%s 时钟拨到 %s", w.Now().Format("15:04:05"), text)
	w.post("clock", map[string]any{"set": at(text).Format(time.RFC3339)}, nil)
}

// Now is business time.
func (w *World) Now() time.Time { return w.play.Platform.Now().In(shanghai) }

func (w *World) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.transcript = append(w.transcript, fmt.Sprintf(format, args...))
	if os.Getenv("GUIJU_TEST_LOG") != "" {
		w.t.Logf(format, args...)
	}
}

func (w *World) post(path string, body, into any) {
	w.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(w.t, err)
	response, err := http.Post(w.play.PlatformURL+"/sandbox/api/"+path, "application/json", bytes.NewReader(encoded))
	require.NoError(w.t, err)
	w.read(path, response, into)
}

func (w *World) get(path string, into any) {
	w.t.Helper()
	response, err := http.Get(w.play.PlatformURL + "/sandbox/api/" + path)
	require.NoError(w.t, err)
	w.read(path, response, into)
}

func (w *World) read(path string, response *http.Response, into any) {
	w.t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	require.Equal(w.t, 200, response.StatusCode, "%s: %s", path, body)
	if into != nil {
		require.NoError(w.t, json.Unmarshal(body, into), "%s: %s", path, body)
	}
}
