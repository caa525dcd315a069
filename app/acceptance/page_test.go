package acceptance_test

import (
	"testing"

	"guiju/store/storetest"
	"guiju/wecom/sandbox/pagetest"
)

// Given a newcomer who has opened the sandbox's page, when he follows its
// three steps, then he has asked, answered as the other person, resolved, and
// watched a breach after 31 minutes: on a phone's width and on a desk's.
func TestPage_AskAnswerResolveAndBreach(t *testing.T) {
	for name, size := range pagetest.Widths {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, storetest.SQLite(t), nil)
			p := pagetest.Open(t, w.play.PlatformURL, size)

			p.Text(`[data-testid=guide-task]`, "咨询 报销发票抬头")
			p.Click(`[data-testid=guide-do]`)
			p.Until(`document.querySelector('[data-testid=input]').value === '咨询 报销发票抬头'`)
			p.Click(`[data-testid=send]`)
			p.Text(`.row.theirs .say`, "【已受理】M20260302-0001")

			p.Click(`[data-testid=news-hejing]`)
			p.Text(`[data-testid=me]`, "何静")
			p.Text(`.row.theirs .card`, "报销发票抬头")
			p.Click(`.card [data-key="1|回复 M20260302-0001"]`)
			p.Text(`.row.theirs .say`, "请输入回复内容")
			p.Say("抬头写公司全称")
			p.Text(`[data-testid=card-dead]`, "已回复")
			p.Calm()

			p.Play("zhaoliu")
			p.View("chat")
			p.Text(`.row.theirs .card`, "抬头写公司全称")
			p.Click(`.card [data-key="1|已解决 M20260302-0001"]`)
			p.Text(`[data-testid=card-dead]`, "已办结")
			p.Calm()

			p.Say("咨询 差旅报销标准 紧急")
			p.Text(`.row.theirs .say`, "【已受理】M20260302-0002")
			p.View("clock")
			p.Click(`[data-testid=clock-advance-31m]`)
			p.Text(`[data-testid=clock-now]`, "10:31")
			p.View("chat")
			p.See(`[data-testid=news-gaozong]`)
			p.Text(`.row.theirs .say`, "【超时】M20260302-0002")
			p.Click(`[data-testid=news-hejing]`)
			p.Text(`.row.theirs .card`, "已超时，请尽快回应")
			p.Calm()
		})
	}
}
