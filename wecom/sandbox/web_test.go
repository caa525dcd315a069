package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"guiju/wecom/sandbox/pagetest"
)

func TestPagePlaysAskAnswerAndBreach(t *testing.T) {
	for name, size := range pagetest.Widths {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p := pagetest.Open(t, d.serve().URL, size)
			p.Calm()

			// ask
			p.Text(`[data-testid=guide-task]`, "咨询 报销发票抬头")
			p.Click(`[data-testid=guide-do]`)
			p.Until(`document.querySelector('[data-testid=input]').value === '咨询 报销发票抬头'`)
			p.Click(`[data-testid=send]`)
			p.Text(`.row.theirs .say`, "【已受理】")

			// card: the badge at 何静 leads to it
			p.Click(`[data-testid=news-hejing]`)
			p.Text(`[data-testid=me]`, "何静")
			p.Calm()
			p.Click(`.card [data-key=reply]`)
			p.Text(`[data-testid=card-dead]`, "回复中")
			p.Text(`.row.theirs .say`, "请直接发送回复内容")

			// reply, resolved
			p.Say("抬头写：规矩科技有限公司")
			p.Click(`[data-testid=guide-do]`)
			p.Text(`[data-testid=me]`, "赵六")
			p.Text(`.card-quote`, "抬头写：规矩科技有限公司")
			p.Click(`.card [data-key=resolved]`)
			p.Text(`[data-testid=card-dead]`, "已解决")
			p.Calm()

			// breach
			p.Text(`[data-testid=guide-task]`, "紧急")
			p.Say("咨询 差旅报销标准 紧急")
			p.See(`[data-testid=news-hejing]`)
			p.View("clock")
			p.Click(`[data-testid=clock-advance-31m]`)
			p.Text(`[data-testid=clock-now]`, "10:31")
			p.Text(`[data-testid=clock-ran]`, "办了 1 件到期的事")
			p.View("chat")
			p.See(`[data-testid=news-gaozong]`)
			p.Click(`[data-testid=news-hejing]`)
			p.Text(`.row.theirs .say`, "【超时】30 分钟内没有人回应：差旅报销标准 紧急")
			p.Click(`[data-testid=guide-do]`)
			p.Text(`[data-testid=guide-task]`, "三步走完了")
			p.Click(`[data-testid=guide-finish]`)
			p.Do(chromedp.WaitNotVisible(chromedp.CSS(`[data-testid=guide]`)))
			p.Calm()

			// a second visit is not guided again
			p.Do(chromedp.Reload())
			p.See(`body[data-ready]`)
			require.True(t, pagetest.Evaluate[bool](p, `document.getElementById('guide').hidden`))
			p.Calm()
		})
	}
}

func TestPageGuideWaitsForWorkingTime(t *testing.T) {
	d := newDeskAt(t, time.Date(2026, 3, 6, 21, 30, 0, 0, time.FixedZone("CST", 8*3600))) // a Friday
	p := pagetest.Open(t, d.serve().URL, pagetest.Widths["390"])
	p.Text(`[data-testid=guide-task]`, "已经下班")
	p.Click(`[data-testid=guide-do]`)
	p.Text(`[data-testid=guide-task]`, "咨询 报销发票抬头")
	require.Equal(t, "2026-03-09T09:00:00+08:00", d.platform.Now().Format(time.RFC3339))
	p.Calm()
}

func TestPageEnterSendsAndShiftEnterBreaksTheLine(t *testing.T) {
	d := newDesk(t)
	p := pagetest.Open(t, d.serve().URL, pagetest.Widths["390"])
	p.Do(chromedp.SendKeys(chromedp.CSS(`[data-testid=input]`), "第一行"),
		chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierShift)),
		chromedp.KeyEvent("第二行"), chromedp.KeyEvent("\r"))
	d.awaits(func(in inbound) bool { return in.Content == "第一行\n第二行" })
	p.Text(`.row.mine .say`, "第一行\n第二行")
	p.Calm()
}

func TestPageDrawsEveryKindAndRunsNothing(t *testing.T) {
	const hostile = `<img src=x onerror="window.ran=1"><script>window.ran=1</script>`
	d := newDesk(t)
	server := d.serve()
	for _, m := range everyKind(hostile) {
		d.send("wujiu", m.kind, m.body)
	}
	for name, size := range pagetest.Widths {
		t.Run(name, func(t *testing.T) {
			p := pagetest.Open(t, server.URL, size)
			p.Play("wujiu")
			for _, m := range everyKind(hostile) {
				for _, words := range m.shown {
					p.Text(`.log .kind-`+m.kind, words)
				}
			}
			require.False(t, pagetest.Evaluate[bool](p, `'ran' in window`), "text from a message was executed")
			require.Zero(t, pagetest.Evaluate[int](p, `document.querySelectorAll('.log img, .log script').length`), "text from a message became an element")
			require.Zero(t, pagetest.Evaluate[int](p, `[...document.querySelectorAll('.log a')].filter((a) => !/^https?:/.test(a.href) || a.target !== '_blank' || !a.rel.includes('noopener')).length`),
				"a link leads elsewhere than to the web, or gives the page away")
			p.Calm()
		})
	}
}

func TestPageSubmitsWhatIsChosen(t *testing.T) {
	d := newDesk(t)
	p := pagetest.Open(t, d.serve().URL, pagetest.Widths["390"])
	d.send("wujiu", "template_card", voteCard("vote-1"))
	d.send("wujiu", "template_card", selectCard("select-1"))
	d.send("wujiu", "template_card", noticeCard("menu-1", "三月公告"))
	p.Play("wujiu")

	p.Click(`[data-question=q_lunch][value=film]`)
	p.Click(`[data-key=vote_submit]`)
	p.Text(`[data-testid=toast-bad]`, "请先选一项再提交。")
	p.Click(`.toast-close`)
	p.Click(`[data-question=q_lunch][value=film]`)
	p.Click(`[data-question=q_lunch][value=hike]`)
	p.Click(`[data-key=vote_submit]`)
	in := d.awaits(func(in inbound) bool { return in.EventKey == "vote_submit" })
	require.Equal(t, "q_lunch", in.Selected[0].QuestionKey)
	require.ElementsMatch(t, []string{"hike", "film"}, in.Selected[0].OptionID)

	p.Do(chromedp.SetValue(chromedp.CSS(`[data-question=speed]`), "s3"))
	p.Click(`[data-key=survey_submit]`)
	in = d.awaits(func(in inbound) bool { return in.EventKey == "survey_submit" })
	require.Equal(t, []string{"s3"}, in.Selected[0].OptionID)
	require.Equal(t, []string{"yes"}, in.Selected[1].OptionID, "without a selected_id the first option stands")

	p.Click(`[data-testid=card-menu]`)
	p.Click(`.card-menu [data-key=sub_off]`)
	in = d.awaits(func(in inbound) bool { return in.EventKey == "sub_off" })
	require.Equal(t, "template_card_menu_event", in.Event)
	p.Fits()
}

// awaits waits until the app has got a callback that matches, and returns it.
func (d *desk) awaits(matches func(inbound) bool) inbound {
	d.t.Helper()
	var found []inbound
	require.Eventually(d.t, func() bool { found = d.received(matches); return len(found) > 0 }, 10*time.Second, 5*time.Millisecond)
	return found[0]
}

func TestPageSendsWhatThePlusSheetOffers(t *testing.T) {
	d := newDesk(t)
	p := pagetest.Open(t, d.serve().URL, pagetest.Widths["390"])
	open := func(entry string) { p.Click(`[data-testid=plus]`); p.Click(`[data-testid=more-` + entry + `]`) }
	kind := func(msgType string) func(inbound) bool {
		return func(in inbound) bool { return in.MsgType == msgType }
	}

	for _, plain := range []string{"voice", "video"} {
		open(plain)
		d.awaits(kind(plain))
	}
	open("location")
	p.Click(`.ask [type=submit]`)
	d.awaits(kind("location"))
	p.Text(`.log .kind-location`, "杭州市上城区")
	open("link")
	p.Click(`.ask [type=submit]`)
	d.awaits(kind("link"))
	open("enter")
	d.awaits(func(in inbound) bool { return in.Event == "enter_agent" })
	open("report")
	p.Click(`.ask [type=submit]`)
	d.awaits(func(in inbound) bool { return in.Event == "LOCATION" })

	picture := filepath.Join(t.TempDir(), "a.png")
	dot, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(picture, dot, 0o600))
	p.Do(chromedp.SetUploadFiles(chromedp.CSS(`[data-testid=file]`), []string{picture}, chromedp.NodeReady))
	d.awaits(kind("image"))
	p.Calm()
}

func TestPageShowsTrafficFaultsAndRedelivers(t *testing.T) {
	d := newDesk(t)
	p := pagetest.Open(t, d.serve().URL, pagetest.Widths["1280"])
	p.Say("你好")
	isGreeting := func(in inbound) bool { return in.Content == "你好" }
	d.awaits(isGreeting)

	p.Click(`.traffic-row.callback[data-path=text] summary`)
	p.Text(`.traffic-body pre`, "<Content><![CDATA[你好]]></Content>")
	p.Click(`[data-testid^=redeliver-]`)
	require.Eventually(t, func() bool { return len(d.received(isGreeting)) == 2 }, 10*time.Second, 5*time.Millisecond)
	got := d.received(isGreeting)
	require.Equal(t, got[0].MsgID, got[1].MsgID, "a redelivery is the same message")
	p.Until(`document.querySelectorAll('.traffic-row.callback[data-path=text]').length === 2`)
	d.mu.Lock()
	d.text("chenli", "好")
	d.mu.Unlock()
	p.Text(`[data-testid=traffic]`, "发消息 给 陈立")
	p.Do(chromedp.SendKeys(chromedp.CSS(`[data-testid=traffic-filter]`), "没有这样的记录"))
	p.Text(`[data-testid=traffic]`, "没有符合条件的记录")

	p.View("faults")
	p.Do(chromedp.SetValue(chromedp.CSS(`[data-testid=fault-value]`), "45009"))
	p.Click(`[data-testid=fault-add]`)
	p.Text(`[data-testid=faults]`, "返回错误码 45009，还有 1 次")
	answer := d.callAnyway(http.MethodGet, "/cgi-bin/gettoken?corpid="+d.opts.CorpID+"&corpsecret="+d.opts.Apps[0].Secret, nil)
	answer = d.callAnyway(http.MethodPost, "/cgi-bin/message/send?access_token="+answer["access_token"].(string), object{"touser": "zhaoliu", "msgtype": "text", "agentid": d.opts.Apps[0].AgentID, "text": object{"content": "好"}})
	require.EqualValues(t, 45009, answer["errcode"])
	p.Text(`[data-testid=faults]`, "现在一切正常")
	p.Calm()
}

func TestPageGoesOnWithoutTheStream(t *testing.T) {
	d := newDesk(t)
	server := d.serve()
	p := pagetest.Open(t, server.URL, pagetest.Widths["390"])
	tell := func(user, text string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.text(user, text)
	}

	d.streamless.Store(true)
	server.CloseClientConnections()
	p.See(`[data-testid=live][data-state=polling]`)
	tell("zhaoliu", "没有推送也看得到")
	p.Text(`.row.theirs .say`, "没有推送也看得到")
	tell("chenli", "别人的消息也是")
	p.See(`[data-testid=news-chenli]`)

	d.streamless.Store(false)
	p.See(`[data-testid=live][data-state=live]`)
	tell("zhaoliu", "连接回来了")
	p.Text(`.row.theirs .say`, "连接回来了")
	p.Fits()
}
