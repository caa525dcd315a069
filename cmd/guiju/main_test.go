package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app"
	"guiju/app/config"
	"guiju/app/playground"
	"guiju/store"
	"guiju/wecom/sandbox"
)

var update = flag.Bool("update", false, "write the golden files")

// result is what one command line printed and answered.
type result struct {
	code     int
	out, err string
}

func guiju(t *testing.T, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	code := execute(t.Context(), args, &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

// office is a company with a configuration, a database and a platform; guiju
// itself has run on it and is running.
type office struct {
	t      *testing.T
	p      *playground.Playground
	o      sandbox.Options
	dir    string
	config string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	dir := t.TempDir()
	f := &office{t: t, o: sandbox.DefaultOptions(), dir: dir, config: filepath.Join(dir, "config.yaml")}
	f.o.Retries, f.o.Company = 0, sandbox.ExampleCompany()
	db := filepath.Join(dir, "guiju.db")
	var err error
	f.p, err = playground.Start(t.Context(), playground.Options{
		Listen: "127.0.0.1:0", PlatformListen: "127.0.0.1:0", Dir: dir, Platform: f.o, Logger: slog.New(slog.DiscardHandler),
		Store: config.Store{Driver: "sqlite", DSN: config.NewSecret(db), Migrate: "auto"},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.p.Stop(context.WithoutCancel(t.Context())) })
	ready, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, f.p.Ready(ready))
	a := f.o.Apps[0]
	f.write("config.yaml", fmt.Sprintf(`server: {listen: "127.0.0.1:0", public_url: %q}
log: {level: error}
store: {dsn: %q}
spool: {dir: %q}
rulebook: %q
wecom:
  corp_id: %s
  api_base_url: %s
  apps:
    - {name: %s, agent_id: %d, secret: %q, token: %q, encoding_aes_key: %q}
`, f.p.AppURL, db, filepath.Join(dir, "spool"), filepath.Join(dir, "company.yaml"), f.o.CorpID, f.p.PlatformURL,
		a.Name, a.AgentID, a.Secret, a.Token, a.EncodingAESKey))
	return f
}

func (f *office) write(name, text string) string {
	path := filepath.Join(f.dir, name)
	require.NoError(f.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// run runs a command line on the office's configuration. No output may hold a
// secret.
func (f *office) run(args ...string) result {
	f.t.Helper()
	r := guiju(f.t, append(args, "-c", f.config)...)
	for _, secret := range []string{f.o.Apps[0].Secret, f.o.Apps[0].Token, f.o.Apps[0].EncodingAESKey} {
		require.NotContains(f.t, r.out+r.err, secret)
	}
	return r
}

// ok runs a command line that must succeed.
func (f *office) ok(args ...string) string {
	f.t.Helper()
	r := f.run(args...)
	require.Equal(f.t, exitOK, r.code, "%s\n%s", r.out, r.err)
	require.Empty(f.t, r.err)
	return r.out
}

// db opens the database beside everybody else.
func (f *office) db(do func(tx *store.Tx) error) {
	f.t.Helper()
	cfg, err := config.Load(f.config, nil)
	require.NoError(f.t, err)
	ad, err := app.OpenAdmin(f.t.Context(), cfg, app.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(f.t, err)
	defer ad.Close()
	require.NoError(f.t, ad.DB().InTx(f.t.Context(), do))
}

// job is a kind nobody runs.
type job struct{ Body string }

func (job) Kind() string { return "test.nobody" }

func TestHelpIsGolden(t *testing.T) {
	var all strings.Builder
	for _, args := range [][]string{
		{"--help"}, {"serve", "--help"}, {"check", "--help"}, {"doctor", "--help"}, {"migrate", "--help"}, {"explain", "--help"},
		{"explain", "due", "--help"}, {"explain", "approval", "--help"}, {"rulebook", "--help"}, {"rulebook", "approve", "--help"}, {"members", "--help"}, {"jobs", "--help"},
		{"jobs", "list", "--help"}, {"jobs", "schedule", "--help"}, {"events", "--help"}, {"events", "show", "--help"}, {"audit", "--help"}, {"menu", "push", "--help"},
	} {
		r := guiju(t, args...)
		require.Equal(t, exitOK, r.code, args)
		require.Empty(t, r.err)
		fmt.Fprintf(&all, "$ guiju %s\n%s\n", strings.Join(args, " "), r.out)
	}
	const golden = "testdata/help.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(all.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), all.String(), "run go test ./cmd/guiju -update and read the difference")
}

// TestEveryPromisedCommandExists holds the list of the outside contract.
func TestEveryPromisedCommandExists(t *testing.T) {
	for _, line := range []string{
		"serve", "sandbox", "check", "doctor", "migrate", "explain route", "explain due", "explain permit", "explain approval",
		"rulebook show", "rulebook check", "rulebook diff", "rulebook import", "rulebook approve",
		"members sync", "members list", "jobs list", "jobs schedule", "jobs retry", "jobs drop", "events list", "events show", "events replay",
		"audit verify", "menu push", "help", "version",
	} {
		root := newRoot()
		root.InitDefaultHelpCmd()
		words := strings.Fields(line)
		cmd, rest, err := root.Find(words)
		require.NoError(t, err, line)
		require.Empty(t, rest, line)
		require.Equal(t, words[len(words)-1], cmd.Name())
		require.NotEmpty(t, cmd.Short, line)
	}
}

func TestWrongUsageIsExit2(t *testing.T) {
	f := newOffice(t)
	for _, args := range [][]string{
		{"nosuch"}, {"version", "too", "many"}, {"jobs", "list", "--state", "nosuch"}, {"jobs", "retry", "x"}, {"jobs", "retry"},
		{"events", "show", "-3"}, {"events", "list", "--state", "x"}, {"explain", "due", "soon"}, {"explain", "due", "normal", "31 February"},
		{"explain", "permit", "zhaoliu", "no.such"}, {"rulebook", "approve", "2"}, {"rulebook", "show", "nosection"},
		{"menu", "push", "--app", "nosuch"}, {"help", "nosuch"}, {"--nosuch"}, {"jobs", "nosuch"},
	} {
		r := f.run(args...)
		require.Equal(t, exitUsage, r.code, "%v: %s%s", args, r.out, r.err)
		require.Equal(t, 1, strings.Count(r.err, "guiju:"), "%v: told once: %s", args, r.err)
	}
}

func TestMissingArgumentsAreToldInChinese(t *testing.T) {
	for _, line := range []string{"jobs retry", "jobs drop", "events show", "rulebook approve", "explain permit", "rulebook diff a b"} {
		r := guiju(t, strings.Fields(line)...)
		require.Equal(t, 2, r.code, line)
		require.Contains(t, r.err, "写了参数", line)
		require.Contains(t, r.err, "用法：guiju "+strings.Join(strings.Fields(line)[:2], " "), line)
	}
}

// TestPlatformDeliversToWhereTheAppListens keeps GUIJU_SERVER__LISTEN good for both processes.
func TestPlatformDeliversToWhereTheAppListens(t *testing.T) {
	cfg := config.Default()
	cfg.Server.Listen = "127.0.0.1:9580"
	o := sandbox.DefaultOptions()
	sandboxFlags{}.adopt(&o, cfg)
	require.Equal(t, "http://127.0.0.1:9580/callback/assistant", o.Apps[0].CallbackURL)
	require.Equal(t, "http://127.0.0.1:9580/callback/contacts", o.Contacts.CallbackURL)
	sandboxFlags{callbackURL: "http://127.0.0.1:1/other"}.adopt(&o, cfg)
	require.Equal(t, "http://127.0.0.1:1/other", o.Apps[0].CallbackURL)
}

func TestConfigMistakesAreExit2(t *testing.T) {
	f := newOffice(t)
	for name, text := range map[string]string{
		"unknown.yaml": "sever: {}\n",
		"rules.yaml":   fmt.Sprintf("rulebook: %q\n", f.write("bad-rules.yaml", "response: {important_minutes: -1}\n")),
	} {
		path := f.write(name, text)
		for _, args := range [][]string{{"check"}, {"migrate"}, {"jobs", "list"}} {
			r := guiju(t, append(args, "-c", path)...)
			require.Equal(t, exitUsage, r.code, "%s %v: %s", name, args, r.err)
		}
	}
	r := guiju(t, "check", "-c", filepath.Join(f.dir, "none.yaml"))
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "找不到配置文件")
	r = guiju(t, "check", "-c", f.write("misspelt.yaml", "server: {lisen: x}\n"))
	require.Contains(t, r.err, "server.lisen")
}

func TestCheck(t *testing.T) {
	f := newOffice(t)
	require.Contains(t, f.ok("check"), "没有错误")
	empty := f.write("empty.yaml", "")
	r := guiju(t, "check", "-c", empty)
	require.Equal(t, exitOK, r.code)
	require.Contains(t, r.out, "wecom.corp_id", "says what is missing for a real company")
}

func TestVersion(t *testing.T) {
	r := guiju(t, "version")
	require.Equal(t, exitOK, r.code)
	require.Regexp(t, `^guiju \S+\n`, r.out)
	require.Contains(t, r.out, "go1.")
}

func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(fmt.Sprintf("store: {dsn: %q, migrate: manual}\n", filepath.Join(dir, "new.db"))), 0o600))
	r := guiju(t, "jobs", "list", "-c", path)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "guiju migrate")
	r = guiju(t, "migrate", "-c", path)
	require.Equal(t, exitOK, r.code, r.err)
	require.Contains(t, r.out, "已升级")
	r = guiju(t, "migrate", "-c", path)
	require.Contains(t, r.out, "已是最新")
	r = guiju(t, "jobs", "list", "-c", path)
	require.Equal(t, exitOK, r.code, r.err)
	require.Contains(t, r.out, "没有这样的任务")
}

func TestDoctorExitCodes(t *testing.T) {
	f := newOffice(t)
	r := f.run("doctor")
	require.Equal(t, exitFailed, r.code, "nothing has come from WeCom yet")
	require.Contains(t, r.out, "✗ 应用「assistant」的回调：")
	require.Empty(t, r.err, "the findings say it all")
	f.says("帮助")
	require.Contains(t, f.ok("doctor"), "全部正常")
}

func TestMembers(t *testing.T) {
	f := newOffice(t)
	require.NotEmpty(t, f.ok("members", "sync"))
	list := f.ok("members", "list")
	require.Contains(t, list, "zhaoliu")
	require.Contains(t, list, "在职")

	f.write("config.yaml", strings.Replace(f.text("config.yaml"), f.o.Apps[0].Secret, "wrong", 1))
	r := guiju(t, "members", "sync", "-c", f.config)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "应用管理 → 应用 → Secret")
}

func TestExplain(t *testing.T) {
	f := newOffice(t)
	route := f.ok("explain", "route", "报销发票抬头怎么写 紧急")
	require.Contains(t, route, "规则第 1 版")
	require.Contains(t, route, "财务部")
	require.Contains(t, route, "发给：")
	require.Contains(t, route, "紧急")

	due := f.ok("explain", "due", "important", "2026-03-02 17:50")
	require.Contains(t, due, "逾期，告知接收人和发起人 2026-03-03 周二 09:20:01")
	offline := guiju(t, "explain", "due", "important", "2026-03-02 17:50", "--file", "-c", f.config)
	require.Equal(t, exitOK, offline.code, offline.err)
	require.Contains(t, offline.out, "2026-03-03 周二 09:20:01")

	require.Contains(t, f.ok("explain", "permit", "zhaoliu", "notice.send"), "可以")
	require.Contains(t, f.ok("explain", "permit", "zhaoliu", "log.verify"), "不可以")

	leave := f.ok("explain", "approval", "请假", "天数:3.5", "--as", "zhaoliu")
	for _, want := range []string{
		"规则第 1 版", "模板：请假（leave）1.0.0", "部门负责人 → 分管领导 → HR → 财务（approval.templates.leave.route，依据 G1-3.2(2)，规则第 1 版）",
		"✓ 天数 > 3 → 分管领导", "1. 部门负责人（head）：部门负责人 → 邵静（shaojing）；时限 8 个工作小时",
		"2. 分管领导（leader）：分管领导 → 高总（gaozong）", "3. HR（hr）：HR → 郑十六（zhengshiliu）", "4. 财务（finance）：财务 → 何静（hejing）",
	} {
		require.Contains(t, leave, want)
	}
	require.Contains(t, f.ok("explain", "approval", "contract"), "1. 部门负责人（head）：部门负责人 → 视申请人而定，加 --as <成员账号> 查看")
	require.Contains(t, f.ok("explain", "approval", "doc_permission", "文档负责人:罗岩", "所属部门:研发部"), "1. 文档负责人确认（owner）：字段:文档负责人 → 罗岩（luoyan）")
	reimburse := guiju(t, "explain", "approval", "报销", "金额:1000.01", "--file", "-c", f.config)
	require.Equal(t, exitOK, reimburse.code, reimburse.err)
	require.Contains(t, reimburse.out, "部门负责人 → 分管领导 → 财务")
	require.Contains(t, reimburse.out, "✗ 金额 > 10000（→ 总经理办公室）")
	for _, wrong := range [][]string{{"加薪"}, {"报销", "奖金:3"}, {"报销", "金额:很多"}, {"报销", "金额"}, {"exemption", "归口部门:月球部"}} {
		r := f.run(append([]string{"explain", "approval"}, wrong...)...)
		require.Equal(t, exitUsage, r.code, "%v %s", wrong, r.err)
	}
	require.Equal(t, exitFailed, f.run("explain", "approval", "请假", "--as", "nobody").code)

	r := f.run("explain", "permit", "nobody", "notice.send")
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "没有找到成员 nobody")
}

func TestRulebookChangesWaitForApproval(t *testing.T) {
	f := newOffice(t)
	require.Contains(t, f.ok("rulebook", "show", "response"), "规则第 1 版")
	require.Contains(t, f.ok("rulebook", "diff"), "与现行规则相同")
	trip := f.write("trip.yaml", f.text("company.yaml")+"approval: {templates: {purchase: {route: [{node: buyer, who: 采购经理}]}}}\n")
	diff := f.ok("rulebook", "diff", trip)
	require.Contains(t, diff, "  + {node: buyer, who: [采购经理]}")
	require.Contains(t, diff, "提示：审批模板 purchase 有改动而版本号没有变")

	changed := f.write("changed.yaml", f.text("company.yaml")+"response: {important_minutes: 20}\n")
	require.Contains(t, f.ok("rulebook", "diff", changed), "response.important_minutes: 30 → 20")
	require.Contains(t, f.ok("rulebook", "import", changed), "第 2 版改动了规范值，待批准")
	require.Contains(t, f.ok("rulebook", "show", "response"), "规则第 1 版", "nothing has changed yet")
	require.Contains(t, f.ok("rulebook", "show", "--list"), "待批准")
	require.Contains(t, f.ok("rulebook", "diff", "--version", "2"), "30 → 20")

	r := f.run("rulebook", "approve", "2", "--by", "zhaoliu")
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "总经理办公室")
	require.Contains(t, f.ok("rulebook", "approve", "2", "--by", f.approver()), "第 2 版自")
	require.Contains(t, f.ok("rulebook", "show", "response"), "规则第 2 版")
	r = f.run("rulebook", "approve", "2", "--by", f.approver())
	require.Equal(t, exitFailed, r.code, "approved already")
	require.Equal(t, exitFailed, f.run("rulebook", "approve", "9", "--by", f.approver()).code)
}

func TestRulebookCheck(t *testing.T) {
	f := newOffice(t)
	out := f.ok("rulebook", "check")
	require.Contains(t, out, "没有发现问题")
	require.Contains(t, out, "提示：posts.采购经理：没有人担任“采购经理”")
	bad := f.write("bad.yaml", "administrators: []\n")
	r := f.run("rulebook", "check", bad)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.out, "administrators：")
	require.Empty(t, r.err)
}

func TestJobs(t *testing.T) {
	f := newOffice(t)
	require.Contains(t, f.ok("jobs", "list"), "没有这样的任务")
	schedule := f.ok("jobs", "schedule")
	require.Regexp(t, `J-CONTACT-SYNC +与企业微信核对通讯录 +每天 03:00 +\S+ \S+ +还没有执行过`, schedule)
	require.Contains(t, f.ok("jobs", "schedule", "--job", "J-CONTACT-SYNC"), "没有这项任务的执行记录")
	require.NoError(t, f.p.StopApp(t.Context()))
	var id int64
	f.db(func(tx *store.Tx) error {
		var err error
		if id, err = tx.Enqueue(job{Body: "员工写的话"}); err != nil {
			return err
		}
		_, err = tx.BuryUnknownJobs([]string{"other"}, tx.Now().Add(time.Hour), 10)
		return err
	})
	list := f.ok("jobs", "list")
	require.Contains(t, list, "test.nobody")
	require.NotContains(t, list, "员工写的话", "arguments are not printed")
	number := fmt.Sprint(id)
	require.Contains(t, f.ok("jobs", "retry", number), "将重新执行")
	require.Contains(t, f.ok("jobs", "drop", number), "已放弃")
	r := f.run("jobs", "drop", number)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "没有找到")
	require.Contains(t, f.ok("audit", "verify"), "审计链完整")
}

func TestEvents(t *testing.T) {
	f := newOffice(t)
	f.says("这句话不该出现在列表里")
	list := f.ok("events", "list", "--user", "zhaoliu")
	require.Contains(t, list, "zhaoliu")
	require.NotContains(t, list, "这句话")
	var id string
	for _, line := range strings.Split(list, "\n") {
		if strings.Contains(line, "text") {
			id = strings.Fields(line)[0]
		}
	}
	require.NotEmpty(t, id, list)
	require.NotContains(t, f.ok("events", "show", id), "这句话")
	require.Contains(t, f.ok("events", "show", id, "--body"), "这句话不该出现在列表里")
	r := f.run("events", "replay", id)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "已经处理过")
	require.Equal(t, exitFailed, f.run("events", "replay", "999999").code)
}

func TestReplayHandlesWhatFailed(t *testing.T) {
	f := newOffice(t)
	f.says("我的待办")
	require.NoError(t, f.p.StopApp(t.Context()))
	f.db(func(tx *store.Tx) error {
		list, err := tx.Deliveries(store.DeliveryFilter{Userid: "zhaoliu", Limit: 1})
		if err != nil {
			return err
		}
		return tx.FailDelivery(list[0].ID, "试验")
	})
	list := f.ok("events", "list", "--state", "failed")
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	require.Contains(t, f.ok("events", "replay", id), "将重新处理")
	require.NoError(t, f.p.StartApp(t.Context()))
	ready, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, f.p.Ready(ready))
	// A first attempt that a busy machine made fail is repeated after a pause.
	require.Eventually(t, func() bool {
		return strings.Contains(f.ok("events", "list", "--state", "failed"), "没有这样的回调")
	}, 30*time.Second, 200*time.Millisecond, f.ok("jobs", "list", "--state", "all"))
}

func TestMenuPush(t *testing.T) {
	f := newOffice(t)
	require.Contains(t, f.ok("menu", "push", "--dry-run"), "我的待办")
	require.Contains(t, f.ok("menu", "push"), "菜单已设置")
	keys := f.menu()
	require.Contains(t, keys, `"key":"我的待办"`)
	require.Contains(t, keys, `"name":"发起"`)
}

func TestHelpTopics(t *testing.T) {
	r := guiju(t, "help")
	require.Equal(t, exitOK, r.code)
	require.Contains(t, r.out, "doctor")
	require.Contains(t, guiju(t, "help", "doctor").out, "# 诊断")
	require.Contains(t, guiju(t, "help", "doctor", "--en").out, "# Diagnosis")
	require.Contains(t, guiju(t, "help", "jobs", "retry").out, "guiju jobs retry <编号>…")
}
