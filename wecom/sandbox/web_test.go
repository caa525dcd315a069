package sandbox_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// page drives the sandbox's web page in a real Chromium. Every wait is for a condition.
type page struct {
	t   *testing.T
	ctx context.Context
	url string

	mu       sync.Mutex
	troubles []string // console warnings, errors and uncaught exceptions
}

const pageTimeout = 60 * time.Second

// widths are the two screens the page promises to be good at.
var widths = map[string][2]int64{"390": {390, 844}, "1280": {1280, 800}}

// openPage starts Chromium at a size and waits until the page is live. Without Chromium the test is skipped,
// or fails when GUIJU_TEST_REQUIRE names browser.
func openPage(t *testing.T, url string, size [2]int64) *page {
	t.Helper()
	p := &page{t: t, url: url}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "zh-CN"))...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator, chromedp.WithListener(p.listen))
	t.Cleanup(closeTab)
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithTimeout(tab, pageTimeout)
	t.Cleanup(cancel)
	p.do(chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(url))
	p.see(`body[data-ready]`)
	p.see(`[data-testid=live][data-state=live]`)
	return p
}

func chromium(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if strings.Contains(os.Getenv("GUIJU_TEST_REQUIRE"), "browser") {
		t.Fatal("no Chromium in PATH, but GUIJU_TEST_REQUIRE names browser")
	}
	t.Skip("no Chromium in PATH: the sandbox's page is not tested")
	return ""
}

func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, arg := range e.Args {
				p.troubles = append(p.troubles, fmt.Sprintf("console %s: %s %s", e.Type, arg.Value, arg.Description))
			}
		}
	case *runtime.EventExceptionThrown:
		p.troubles = append(p.troubles, fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			p.troubles = append(p.troubles, fmt.Sprintf("log %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	}
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatalf("%v\n%s", err, p.picture())
	}
}

// picture saves what the page looked like when a step failed, if GUIJU_TEST_SCREENSHOTS names a folder.
func (p *page) picture() string {
	folder := os.Getenv("GUIJU_TEST_SCREENSHOTS")
	if folder == "" {
		return "set GUIJU_TEST_SCREENSHOTS to a folder to see the page at this moment"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 10*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return "no screenshot: " + err.Error()
	}
	name := filepath.Join(folder, strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name())+".png")
	if err := os.WriteFile(name, png, 0o600); err != nil {
		return "no screenshot: " + err.Error()
	}
	return "screenshot: " + name
}

// see waits until something matching the selector is visible.
func (p *page) see(css string) { p.t.Helper(); p.do(chromedp.WaitVisible(chromedp.CSS(css))) }

// click waits for the element, presses it and so moves the focus like a hand would.
func (p *page) click(css string) { p.t.Helper(); p.do(chromedp.Click(chromedp.CSS(css))) }

// until waits for a JavaScript condition.
func (p *page) until(condition string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](condition)); err != nil {
		p.t.Fatalf("never true: %s: %v\n%s", condition, err, p.picture())
	}
}

// text waits until the element's text holds the words.
func (p *page) text(css, words string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, css, words))
}

func evaluate[T any](p *page, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err, expression)
	return value
}

// say types a text and sends it with Enter.
func (p *page) say(text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS(`[data-testid=input]`), text+"\r"))
	p.text(`.row.mine .say`, text)
	p.until(`document.querySelector('[data-testid=input]').value === ''`)
}

// play switches to a member the way this width offers.
func (p *page) play(userid string) {
	p.t.Helper()
	if evaluate[bool](p, `getComputedStyle(document.querySelector('.tabs')).display !== 'none'`) {
		p.click(`[data-testid=tab-members]`)
	}
	p.click(fmt.Sprintf(`[data-testid=member-%s]`, userid))
	p.see(`[data-testid=input]`)
}

// view opens a panel the way this width offers: clock is always there on a wide screen.
func (p *page) view(name string) {
	p.t.Helper()
	if evaluate[bool](p, `getComputedStyle(document.querySelector('.tabs')).display !== 'none'`) {
		p.click(`.tabs [data-view=` + name + `]`)
	} else if name == "traffic" || name == "faults" {
		p.click(`.side-tabs [data-view=` + name + `]`)
	}
}

// fits requires that nothing is wider than the screen.
func (p *page) fits() {
	p.t.Helper()
	require.LessOrEqual(p.t, evaluate[int](p, `document.documentElement.scrollWidth`), evaluate[int](p, `document.documentElement.clientWidth`), "the page scrolls sideways")
}

// calm requires that the page fits and that the console has stayed empty. Chromium itself logs refused calls
// there, so a test that provokes one asks only whether the page fits.
func (p *page) calm() {
	p.t.Helper()
	p.fits()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Empty(p.t, p.troubles, "the console must stay empty")
}

func TestPagePlaysAskAnswerAndBreach(t *testing.T) {
	for name, size := range widths {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p := openPage(t, d.serve().URL, size)
			p.calm()

			// ask
			p.text(`[data-testid=guide-task]`, "咨询 报销发票抬头")
			p.click(`[data-testid=guide-do]`)
			p.until(`document.querySelector('[data-testid=input]').value === '咨询 报销发票抬头'`)
			p.click(`[data-testid=send]`)
			p.text(`.row.theirs .say`, "【已受理】")

			// card: the badge at 何静 leads to it
			p.click(`[data-testid=news-hejing]`)
			p.text(`[data-testid=me]`, "何静")
			p.calm()
			p.click(`.card [data-key=reply]`)
			p.text(`[data-testid=card-dead]`, "回复中")
			p.text(`.row.theirs .say`, "请直接发送回复内容")

			// reply, resolved
			p.say("抬头写：规矩科技有限公司")
			p.click(`[data-testid=guide-do]`)
			p.text(`[data-testid=me]`, "赵六")
			p.text(`.card-quote`, "抬头写：规矩科技有限公司")
			p.click(`.card [data-key=resolved]`)
			p.text(`[data-testid=card-dead]`, "已解决")
			p.calm()

			// breach
			p.text(`[data-testid=guide-task]`, "紧急")
			p.say("咨询 差旅报销标准 紧急")
			p.see(`[data-testid=news-hejing]`)
			p.view("clock")
			p.click(`[data-testid=clock-advance-31m]`)
			p.text(`[data-testid=clock-now]`, "10:31")
			p.text(`[data-testid=clock-ran]`, "办了 1 件到期的事")
			p.view("chat")
			p.see(`[data-testid=news-gaozong]`)
			p.click(`[data-testid=news-hejing]`)
			p.text(`.row.theirs .say`, "【超时】30 分钟内没有人回应：差旅报销标准 紧急")
			p.click(`[data-testid=guide-do]`)
			p.text(`[data-testid=guide-task]`, "三步走完了")
			p.click(`[data-testid=guide-finish]`)
			p.do(chromedp.WaitNotVisible(chromedp.CSS(`[data-testid=guide]`)))
			p.calm()

			// a second visit is not guided again
			p.do(chromedp.Reload())
			p.see(`body[data-ready]`)
			require.True(t, evaluate[bool](p, `document.getElementById('guide').hidden`))
			p.calm()
		})
	}
}

func TestPageGuideWaitsForWorkingTime(t *testing.T) {
	d := newDeskAt(t, time.Date(2026, 3, 6, 21, 30, 0, 0, time.FixedZone("CST", 8*3600))) // a Friday
	p := openPage(t, d.serve().URL, widths["390"])
	p.text(`[data-testid=guide-task]`, "已经下班")
	p.click(`[data-testid=guide-do]`)
	p.text(`[data-testid=guide-task]`, "咨询 报销发票抬头")
	require.Equal(t, "2026-03-09T09:00:00+08:00", d.platform.Now().Format(time.RFC3339))
	p.calm()
}

func TestPageEnterSendsAndShiftEnterBreaksTheLine(t *testing.T) {
	d := newDesk(t)
	p := openPage(t, d.serve().URL, widths["390"])
	p.do(chromedp.SendKeys(chromedp.CSS(`[data-testid=input]`), "第一行"),
		chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierShift)),
		chromedp.KeyEvent("第二行"), chromedp.KeyEvent("\r"))
	p.awaits(d, func(in inbound) bool { return in.Content == "第一行\n第二行" })
	p.text(`.row.mine .say`, "第一行\n第二行")
	p.calm()
}

func TestPageDrawsEveryKindAndRunsNothing(t *testing.T) {
	const hostile = `<img src=x onerror="window.ran=1"><script>window.ran=1</script>`
	d := newDesk(t)
	server := d.serve()
	for _, m := range everyKind(hostile) {
		d.send("wujiu", m.kind, m.body)
	}
	for name, size := range widths {
		t.Run(name, func(t *testing.T) {
			p := openPage(t, server.URL, size)
			p.play("wujiu")
			for _, m := range everyKind(hostile) {
				for _, words := range m.shown {
					p.text(`.log .kind-`+m.kind, words)
				}
			}
			require.False(t, evaluate[bool](p, `'ran' in window`), "text from a message was executed")
			require.Zero(t, evaluate[int](p, `document.querySelectorAll('.log img, .log script').length`), "text from a message became an element")
			require.Zero(t, evaluate[int](p, `[...document.querySelectorAll('.log a')].filter((a) => !/^https?:/.test(a.href) || a.target !== '_blank' || !a.rel.includes('noopener')).length`),
				"a link leads elsewhere than to the web, or gives the page away")
			p.calm()
		})
	}
}

func TestPageSubmitsWhatIsChosen(t *testing.T) {
	d := newDesk(t)
	p := openPage(t, d.serve().URL, widths["390"])
	d.send("wujiu", "template_card", voteCard("vote-1"))
	d.send("wujiu", "template_card", selectCard("select-1"))
	d.send("wujiu", "template_card", noticeCard("menu-1", "三月公告"))
	p.play("wujiu")

	p.click(`[data-question=q_lunch][value=film]`)
	p.click(`[data-key=vote_submit]`)
	p.text(`[data-testid=toast-bad]`, "请先选一项再提交。")
	p.click(`.toast-close`)
	p.click(`[data-question=q_lunch][value=film]`)
	p.click(`[data-question=q_lunch][value=hike]`)
	p.click(`[data-key=vote_submit]`)
	in := p.awaits(d, func(in inbound) bool { return in.EventKey == "vote_submit" })
	require.Equal(t, "q_lunch", in.Selected[0].QuestionKey)
	require.ElementsMatch(t, []string{"hike", "film"}, in.Selected[0].OptionID)

	p.do(chromedp.SetValue(chromedp.CSS(`[data-question=speed]`), "s3"))
	p.click(`[data-key=survey_submit]`)
	in = p.awaits(d, func(in inbound) bool { return in.EventKey == "survey_submit" })
	require.Equal(t, []string{"s3"}, in.Selected[0].OptionID)
	require.Equal(t, []string{"yes"}, in.Selected[1].OptionID, "without a selected_id the first option stands")

	p.click(`[data-testid=card-menu]`)
	p.click(`.card-menu [data-key=sub_off]`)
	in = p.awaits(d, func(in inbound) bool { return in.EventKey == "sub_off" })
	require.Equal(t, "template_card_menu_event", in.Event)
	p.fits()
}

// awaits waits until the app has got a callback that matches, and returns it.
func (p *page) awaits(d *desk, matches func(inbound) bool) inbound {
	p.t.Helper()
	var found []inbound
	require.Eventually(p.t, func() bool { found = d.received(matches); return len(found) > 0 }, 10*time.Second, 5*time.Millisecond)
	return found[0]
}

func TestPageSendsWhatThePlusSheetOffers(t *testing.T) {
	d := newDesk(t)
	p := openPage(t, d.serve().URL, widths["390"])
	open := func(entry string) { p.click(`[data-testid=plus]`); p.click(`[data-testid=more-` + entry + `]`) }
	kind := func(msgType string) func(inbound) bool {
		return func(in inbound) bool { return in.MsgType == msgType }
	}

	for _, plain := range []string{"voice", "video"} {
		open(plain)
		p.awaits(d, kind(plain))
	}
	open("location")
	p.click(`.ask [type=submit]`)
	p.awaits(d, kind("location"))
	p.text(`.log .kind-location`, "杭州市上城区")
	open("link")
	p.click(`.ask [type=submit]`)
	p.awaits(d, kind("link"))
	open("enter")
	p.awaits(d, func(in inbound) bool { return in.Event == "enter_agent" })
	open("report")
	p.click(`.ask [type=submit]`)
	p.awaits(d, func(in inbound) bool { return in.Event == "LOCATION" })

	picture := filepath.Join(t.TempDir(), "a.png")
	dot, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(picture, dot, 0o600))
	p.do(chromedp.SetUploadFiles(chromedp.CSS(`[data-testid=file]`), []string{picture}, chromedp.NodeReady))
	p.awaits(d, kind("image"))
	p.calm()
}

func TestPageShowsTrafficFaultsAndRedelivers(t *testing.T) {
	d := newDesk(t)
	p := openPage(t, d.serve().URL, widths["1280"])
	p.say("你好")
	isGreeting := func(in inbound) bool { return in.Content == "你好" }
	p.awaits(d, isGreeting)

	p.click(`.traffic-row.callback[data-path=text] summary`)
	p.text(`.traffic-body pre`, "<Content><![CDATA[你好]]></Content>")
	p.click(`[data-testid^=redeliver-]`)
	require.Eventually(t, func() bool { return len(d.received(isGreeting)) == 2 }, 10*time.Second, 5*time.Millisecond)
	got := d.received(isGreeting)
	require.Equal(t, got[0].MsgID, got[1].MsgID, "a redelivery is the same message")
	p.until(`document.querySelectorAll('.traffic-row.callback[data-path=text]').length === 2`)
	d.mu.Lock()
	d.text("chenli", "好")
	d.mu.Unlock()
	p.text(`[data-testid=traffic]`, "发消息 给 陈立")
	p.do(chromedp.SendKeys(chromedp.CSS(`[data-testid=traffic-filter]`), "没有这样的记录"))
	p.text(`[data-testid=traffic]`, "没有符合条件的记录")

	p.view("faults")
	p.do(chromedp.SetValue(chromedp.CSS(`[data-testid=fault-value]`), "45009"))
	p.click(`[data-testid=fault-add]`)
	p.text(`[data-testid=faults]`, "返回错误码 45009，还有 1 次")
	answer := d.callAnyway(http.MethodGet, "/cgi-bin/gettoken?corpid="+d.opts.CorpID+"&corpsecret="+d.opts.Apps[0].Secret, nil)
	answer = d.callAnyway(http.MethodPost, "/cgi-bin/message/send?access_token="+answer["access_token"].(string), object{"touser": "zhaoliu", "msgtype": "text", "agentid": d.opts.Apps[0].AgentID, "text": object{"content": "好"}})
	require.EqualValues(t, 45009, answer["errcode"])
	p.text(`[data-testid=faults]`, "现在一切正常")
	p.calm()
}

func TestPageGoesOnWithoutTheStream(t *testing.T) {
	d := newDesk(t)
	server := d.serve()
	p := openPage(t, server.URL, widths["390"])
	tell := func(user, text string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.text(user, text)
	}

	d.streamless.Store(true)
	server.CloseClientConnections()
	p.see(`[data-testid=live][data-state=polling]`)
	tell("zhaoliu", "没有推送也看得到")
	p.text(`.row.theirs .say`, "没有推送也看得到")
	tell("chenli", "别人的消息也是")
	p.see(`[data-testid=news-chenli]`)

	d.streamless.Store(false)
	p.see(`[data-testid=live][data-state=live]`)
	tell("zhaoliu", "连接回来了")
	p.text(`.row.theirs .say`, "连接回来了")
	p.fits()
}
