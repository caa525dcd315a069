package doctor_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/config"
	"guiju/app/doctor"
	"guiju/app/playground"
	"guiju/callback/envelope"
	"guiju/store/storetest"
	"guiju/wecom/sandbox"
)

// clinic is a running guiju with a sandbox platform, and the configuration a
// doctor gets to see.
type clinic struct {
	t    *testing.T
	p    *playground.Playground
	o    sandbox.Options
	dir  string
	cfg  config.Config
	spec doctor.Surroundings
}

func open(t *testing.T) *clinic {
	t.Helper()
	return openWith(t, sandbox.DefaultOptions())
}

func openWith(t *testing.T, o sandbox.Options) *clinic {
	t.Helper()
	dir := t.TempDir()
	c := &clinic{t: t, o: o, dir: dir}
	c.o.Retries = 0
	db := config.Store{Driver: "sqlite", DSN: config.NewSecret(filepath.Join(dir, "guiju.db")), Migrate: "auto"}
	var err error
	c.p, err = playground.Start(t.Context(), playground.Options{
		Listen: "127.0.0.1:0", PlatformListen: "127.0.0.1:0", Store: db, Dir: dir, Platform: c.o, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.p.Stop(context.WithoutCancel(t.Context())) })
	ready, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, c.p.Ready(ready))

	c.cfg = config.Default()
	c.cfg.Server.PublicURL = c.p.AppURL
	c.cfg.Store, c.cfg.Spool.Dir = db, filepath.Join(dir, "spool")
	c.cfg.Rulebook = filepath.Join(dir, "company.yaml")
	c.cfg.WeCom.CorpID, c.cfg.WeCom.APIBaseURL = c.o.CorpID, c.p.PlatformURL
	a := c.o.Apps[0]
	c.cfg.WeCom.Apps = []config.App{{
		Name: a.Name, AgentID: a.AgentID, Secret: config.NewSecret(a.Secret), Token: config.NewSecret(a.Token),
		EncodingAESKey: config.NewSecret(a.EncodingAESKey),
	}}
	return c
}

// control calls the platform's control API.
func (c *clinic) control(path string, body map[string]any) {
	c.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(c.t, err)
	answer, err := http.Post(c.p.PlatformURL+"/sandbox/api/"+path, "application/json", bytes.NewReader(text))
	require.NoError(c.t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, answer.StatusCode, "%s: %s", path, said)
}

func (c *clinic) says(text string) {
	c.t.Helper()
	c.control("say", map[string]any{"user": "zhaoliu", "app": "assistant", "text": text})
}

// stopApp lets the app store its last counts.
func (c *clinic) stopApp() {
	c.t.Helper()
	require.NoError(c.t, c.p.StopApp(c.t.Context()))
}

func (c *clinic) run() []doctor.Finding {
	c.spec.Config = c.cfg
	return doctor.Run(c.t.Context(), c.spec)
}

// finding is the one of a title.
func (c *clinic) finding(title string) doctor.Finding {
	c.t.Helper()
	all := c.run()
	for _, f := range all {
		if f.Title == title {
			return f
		}
	}
	var b strings.Builder
	doctor.Print(&b, all)
	c.t.Fatalf("no finding %q in:\n%s", title, b.String())
	return doctor.Finding{}
}

func TestAllWell(t *testing.T) {
	c := open(t)
	c.says("帮助")
	var b strings.Builder
	require.True(t, doctor.Print(&b, c.run()), b.String())
	for _, title := range []string{"数据库", "暂存目录", "时钟", "应用「assistant」的凭证", "应用「assistant」的可信 IP", "应用「assistant」的可见范围", "应用「assistant」的回调", "应用「assistant」的回调地址"} {
		require.Contains(t, b.String(), "✓ "+title+"：")
	}
	for _, secret := range []string{c.o.Apps[0].Secret, c.o.Apps[0].Token, c.o.Apps[0].EncodingAESKey} {
		require.NotContains(t, b.String(), secret)
	}
}

// TestFaults gives the doctor one fault after the other, over real HTTP.
func TestFaults(t *testing.T) {
	c := open(t)
	healthy := c.cfg
	for name, f := range map[string]struct {
		make                        func(c *clinic)
		title, detail, page, remedy string
	}{
		"wrong corp id": {
			func(c *clinic) { c.cfg.WeCom.CorpID = "wwnobody" },
			"应用「assistant」的凭证", "40013", "我的企业 → 企业信息", "wecom.corp_id",
		},
		"wrong secret": {
			func(c *clinic) { c.cfg.WeCom.Apps[0].Secret = config.NewSecret("not-the-secret-of-this-app") },
			"应用「assistant」的凭证", "40001", "应用管理 → 应用 → Secret", "重新查看",
		},
		"wrong agent id": {
			func(c *clinic) { c.cfg.WeCom.Apps[0].AgentID = 7 },
			"应用「assistant」", "301002", "应用管理 → 应用", "AgentId",
		},
		"untrusted IP": {
			func(c *clinic) { c.control("faults", map[string]any{"api": "agent/get", "errcode": 60020, "times": 1}) },
			"应用「assistant」的可信 IP", "60020", "应用管理 → 应用 → 企业可信IP", "需要加入的 IP：127.0.0.1",
		},
		"no visible members": {
			func(c *clinic) {
				c.control("apps", map[string]any{"app": "assistant", "visible_users": []string{"nobody"}})
			},
			"应用「assistant」的可见范围", "没有任何成员", "应用管理 → 应用 → 可见范围", "选入成员",
		},
		"clock": {
			func(c *clinic) { c.spec.Machine = func() time.Time { return time.Now().Add(time.Hour) } },
			"时钟", "快 1h0m", "服务器", "校时",
		},
		"WeCom out of reach": {
			func(c *clinic) { c.cfg.WeCom.APIBaseURL = "http://" + closedAddress(t) },
			"应用「assistant」的凭证", "gettoken", "服务器", "能否访问",
		},
		"callback URL out of reach": {
			func(c *clinic) { c.cfg.Server.PublicURL = "http://" + closedAddress(t) },
			"应用「assistant」的回调地址", "访问不到", "服务器", "反向代理",
		},
		"callback URL redirects": {
			func(c *clinic) { c.cfg.Server.PublicURL = stranger(t, http.StatusFound, "") },
			"应用「assistant」的回调地址", "跳转", "服务器", "去掉跳转",
		},
		"callback URL is another service": {
			func(c *clinic) { c.cfg.Server.PublicURL = stranger(t, http.StatusOK, "hello") },
			"应用「assistant」的回调地址", "不是本服务", "服务器", "反向代理",
		},
		"callback URL is another company's guiju": {
			func(c *clinic) { c.cfg.WeCom.Apps[0].Token = config.NewSecret("AnotherToken") },
			"应用「assistant」的回调地址", "不是这份配置", "服务器", "同一份 config.yaml",
		},
		"Redis": {
			func(c *clinic) { c.cfg.Redis.Address = closedAddress(t) },
			"Redis", "redis", "config.yaml", "redis.address",
		},
		"database": {
			func(c *clinic) { c.cfg.Store.DSN = config.NewSecret(filepath.Join(c.dir, "none.db")) },
			"数据库", "还不存在", "config.yaml", "guiju migrate",
		},
		"spool": {
			func(c *clinic) {
				path := filepath.Join(c.dir, "file")
				require.NoError(t, os.WriteFile(path, nil, 0o600))
				c.cfg.Spool.Dir = filepath.Join(path, "spool")
			},
			"暂存目录", "not a directory", "config.yaml", "spool.dir",
		},
		"rulebook file": {
			func(c *clinic) { c.cfg.Rulebook = write(t, c.dir, "bad.yaml", "response: {important_minutes: soon}\n") },
			"规则文件", "response.important_minutes", "规则文件（config.yaml 的 rulebook）", "guiju check",
		},
		"missing settings": {
			func(c *clinic) { c.cfg.WeCom.Apps[0].Token = config.Secret{} },
			"配置", "wecom.apps[0].token", "config.yaml", "guiju check",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.t, c.cfg, c.spec = t, healthy, doctor.Surroundings{}
			c.cfg.WeCom.Apps = append([]config.App(nil), healthy.WeCom.Apps...)
			f.make(c)
			got := c.finding(f.title)
			require.False(t, got.OK, got)
			require.Contains(t, got.Detail, f.detail)
			require.Equal(t, f.page, got.Page)
			require.Contains(t, got.Remedy, f.remedy)
			if name == "no visible members" {
				c.control("apps", map[string]any{"app": "assistant", "visible_users": []string{}})
			}
		})
	}
}

func TestWrongTokenIsSeenInRefusals(t *testing.T) {
	c := open(t)
	c.says("帮助")
	c.control("apps", map[string]any{"app": "assistant", "token": "TheConsolesToken"})
	c.says("帮助")
	c.stopApp()
	f := c.finding("应用「assistant」的回调")
	require.False(t, f.OK)
	require.Contains(t, f.Detail, "Token 与后台不一致")
	require.Equal(t, "应用管理 → 应用 → 接收消息", f.Page)
}

func TestWrongAESKeyIsSeenInRefusals(t *testing.T) {
	c := open(t)
	c.control("apps", map[string]any{"app": "assistant", "encoding_aes_key": strings.Repeat("k", 42) + "E"})
	c.says("帮助")
	c.stopApp()
	f := c.finding("应用「assistant」的回调")
	require.Contains(t, f.Detail, "EncodingAESKey 与后台不一致")
	require.Contains(t, f.Remedy, "encoding_aes_key")
}

func TestOtherCompanyIsSeenInRefusals(t *testing.T) {
	c := open(t)
	a := c.o.Apps[0]
	key, err := envelope.NewKey(a.Token, a.EncodingAESKey, "wwothercompany")
	require.NoError(t, err)
	salt := envelope.NewSalt(time.Now())
	r, err := key.SealRequest(salt, envelope.XML, "wwothercompany", "", []byte("<xml><MsgType>text</MsgType></xml>"))
	require.NoError(t, err)
	url := c.p.AppURL + "/callback/assistant?msg_signature=" + r.Query.Signature + "&timestamp=" + r.Query.Timestamp + "&nonce=" + r.Query.Nonce
	answer, err := http.Post(url, "text/xml", bytes.NewReader(r.Body))
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	c.stopApp()
	f := c.finding("应用「assistant」的回调")
	require.Contains(t, f.Detail, "另一家企业")
	require.Equal(t, "我的企业 → 企业信息", f.Page)
	require.Contains(t, f.Remedy, "wecom.corp_id")
}

func TestNothingCameYet(t *testing.T) {
	f := open(t).finding("应用「assistant」的回调")
	require.Contains(t, f.Detail, "还没有收到过")
	require.Equal(t, "应用管理 → 应用 → 接收消息", f.Page)
	require.Contains(t, f.Remedy, "设置API接收")
	require.Contains(t, f.Remedy, "点「保存」，几秒后再运行 guiju doctor")
}

func TestSavingTheConsolePageIsEnough(t *testing.T) {
	c := open(t)
	c.control("verify", map[string]any{"app": "assistant"})
	c.stopApp()
	require.True(t, c.finding("应用「assistant」的回调").OK)
}

func TestOwnProbeIsNoVisitOfWeCom(t *testing.T) {
	c := open(t)
	require.True(t, c.finding("应用「assistant」的回调地址").OK)
	c.stopApp()
	require.Contains(t, c.finding("应用「assistant」的回调").Detail, "还没有收到过")
}

// TestDatabaseThatCannotBeWritten is not usable, though it answers.
func TestDatabaseThatCannotBeWritten(t *testing.T) {
	c := open(t)
	c.stopApp()
	db, err := sql.Open("sqlite", c.cfg.Store.DSN.Reveal())
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`CREATE TRIGGER closed BEFORE INSERT ON settings BEGIN SELECT RAISE(ABORT, 'no writing here'); END`)
	require.NoError(t, err)
	f := c.finding("数据库")
	require.False(t, f.OK)
	require.Contains(t, f.Detail, "不能写入")
	require.Contains(t, f.Remedy, "权限")
}

func TestWhatIsNotCheckedIsNotTicked(t *testing.T) {
	c := open(t)
	c.cfg.Server.PublicURL = ""
	var b strings.Builder
	doctor.Print(&b, c.run())
	require.Contains(t, b.String(), "－ Redis：没有使用\n")
	require.Contains(t, b.String(), "－ 应用「assistant」的回调地址：没有检查")
}

// TestSavingBesideAnOwnProbeCounts runs the doctor right before and right after
// 保存, within one report of the service.
func TestSavingBesideAnOwnProbeCounts(t *testing.T) {
	c := open(t)
	require.True(t, c.finding("应用「assistant」的回调地址").OK)
	c.control("verify", map[string]any{"app": "assistant"})
	require.True(t, c.finding("应用「assistant」的回调地址").OK)
	c.stopApp()
	f := c.finding("应用「assistant」的回调")
	require.True(t, f.OK, f.Detail)
}

// TestServiceOnAPlatformsClock judges a service whose business time is months
// from the machine's.
func TestServiceOnAPlatformsClock(t *testing.T) {
	o := sandbox.DefaultOptions()
	o.Start = time.Now().AddDate(0, -8, 0)
	c := openWith(t, o)
	c.control("apps", map[string]any{"app": "assistant", "token": "AnotherToken"})
	c.says("帮助")
	require.True(t, c.finding("应用「assistant」的回调地址").OK)
	c.stopApp()
	require.Contains(t, c.finding("应用「assistant」的回调").Detail, "Token 与后台不一致")
}

func TestContactsReceiver(t *testing.T) {
	c := open(t)
	c.cfg.WeCom.Contacts = config.Contacts{
		Secret: config.NewSecret("no-such-secret"), Token: config.NewSecret(c.o.Contacts.Token),
		EncodingAESKey: config.NewSecret(c.o.Contacts.EncodingAESKey),
	}
	f := c.finding("通讯录同步的凭证")
	require.False(t, f.OK)
	require.Equal(t, "管理工具 → 通讯录同步", f.Page)
	f = c.finding("通讯录同步的回调")
	require.Equal(t, "管理工具 → 通讯录同步", f.Page)
	require.Contains(t, f.Remedy, "设置接收事件服务器")
	require.NotContains(t, f.Remedy, "设置API接收")
	c.cfg.WeCom.Contacts.Secret = config.NewSecret(c.o.Contacts.Secret)
	require.True(t, c.finding("通讯录同步的凭证").OK)
}

// TestDatabaseServer looks at MySQL: reachable, without tables, and with the
// wrong clock.
func TestDatabaseServer(t *testing.T) {
	shared := storetest.MySQL(t)
	cfg := config.Default()
	cfg.Spool.Dir = t.TempDir()
	cfg.WeCom.APIBaseURL = "http://" + closedAddress(t)
	cfg.Store = config.Store{Driver: "mysql", DSN: config.NewSecret(shared.DSN)}
	run := func(now func() time.Time) map[string]doctor.Finding {
		found := map[string]doctor.Finding{}
		for _, f := range doctor.Run(t.Context(), doctor.Surroundings{Config: cfg, Machine: now}) {
			found[f.Title] = f
			require.NotContains(t, f.Detail, shared.DSN, "a DSN holds a password")
		}
		return found
	}
	require.Contains(t, run(time.Now)["数据库"].Remedy, "guiju migrate")
	storetest.OpenConfig(t, shared, storetest.NewClock())
	found := run(time.Now)
	require.True(t, found["数据库"].OK, found["数据库"])
	require.True(t, found["数据库时钟"].OK, found["数据库时钟"])
	found = run(func() time.Time { return time.Now().Add(-5 * time.Second) })
	require.Contains(t, found["数据库时钟"].Detail, "本机比数据库服务器慢 5s")

	cfg.Store.DSN = config.NewSecret("root:wrongpassword@tcp(" + closedAddress(t) + ")/guiju")
	f := run(time.Now)["数据库"]
	require.False(t, f.OK)
	require.NotContains(t, f.Detail, "wrongpassword")
	require.Contains(t, f.Remedy, "store.dsn")
}

// closedAddress is an address nobody listens on.
func closedAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// stranger is a server that is not guiju.
func stranger(t *testing.T, status int, body string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func write(t *testing.T, dir, name, text string) string {
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// A gap in the rules has a fallback: it is worth a look and fails nothing.
func TestAHintFailsNothing(t *testing.T) {
	var b strings.Builder
	require.True(t, doctor.Print(&b, []doctor.Finding{
		{Title: "规则 administrators", OK: true, Hint: true, Detail: "没有管理员", Page: "config.yaml", Remedy: "写上管理员。"},
	}))
	require.Equal(t, "！ 规则 administrators：没有管理员\n    打开：config.yaml\n    处理：写上管理员。\n", b.String())
}
