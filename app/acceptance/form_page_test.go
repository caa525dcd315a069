package acceptance_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store/storetest"
	"guiju/wecom/sandbox/pagetest"
)

// webview is the pages on a phone: whoever opens one is the member who holds it.
type webview struct {
	*pagetest.Page
	w      *World
	shots  string
	number int
}

func openWebview(t *testing.T, w *World) *webview {
	t.Helper()
	folder := os.Getenv("GUIJU_TEST_SCREENSHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	return &webview{Page: pagetest.Open(t, w.play.PlatformURL, pagetest.Phone), w: w, shots: folder}
}

// opens lets a member open a page from his chat.
func (v *webview) opens(name, path string) {
	v.w.t.Helper()
	v.Visit(v.w.play.PlatformURL + "/sandbox/open?user=" + userid(name) + "&url=" + v.w.play.AppURL + path)
	v.Text(".foot", name)
	v.Fits()
}

// shot keeps what the screen shows.
func (v *webview) shot(what string) {
	v.w.t.Helper()
	v.number++
	v.Shot(v.shots, fmt.Sprintf("form-%02d-%s", v.number, what))
}

// taps brings something into the middle of the screen, as a hand would, and presses it.
func (v *webview) taps(css string) {
	v.w.t.Helper()
	v.See(css)
	v.Until(fmt.Sprintf(`(document.querySelector(%q).scrollIntoView({block: 'center'}), true)`, css))
	v.Click(css)
}

// sets gives an input a value as a picker of the phone would.
func (v *webview) sets(css, value string) {
	v.w.t.Helper()
	v.Until(fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e) return false; e.value = %q; for (const what of ['input', 'change']) e.dispatchEvent(new Event(what, {bubbles: true})); return e.value === %q; })()`, css, value, value))
}

// Given 赵六 on his phone, when he asks for four days off on the form page, then
// the branch over three days brings in 分管领导; 邵静 sends it back, he changes
// it and submits it again; she approves on the page, 高总 on his card, the rest
// as they like, and it is approved. Everybody sees where it stands.
func TestFormPage_FourDaysOffReturnedChangedApproved(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), nil)
	v := openWebview(t, w)

	v.opens("赵六", "/form/")
	v.Text(".starter strong", "请假")
	v.shot("home")
	v.taps(`.starter[href="form/apply/leave"]`)
	v.Text("h1", "请假")
	v.shot("empty")
	v.taps(".bar .weui-btn_primary")
	v.Text(".error", "还没有填")
	v.shot("missing")

	v.fillLeave("家里老人住院，需要陪护")
	v.Text("#route .way", "分管领导")
	v.shot("filled")
	v.Until(`(document.querySelector('#route').scrollIntoView({block: 'center'}), true)`)
	v.shot("route")
	v.taps(".bar .weui-btn_primary")
	v.Text("dd", "家里老人住院")
	v.Text(".way", "邵静")
	v.Text(".way", "高总")
	v.shot("confirm")
	v.taps(`.bar [value=submit]`)
	v.Text(".notice.good", "已提交")
	v.Text("#state", "审批中")
	v.shot("submitted")
	number := pagetest.Evaluate[string](v.Page, `document.querySelector('.number').textContent`)
	v.w.Settle()

	v.opens("邵静", "/form/")
	v.Text(".count", "1")
	v.shot("waiting")
	v.taps(`.row[href="form/case/` + number + `"]`)
	v.Text("#state", "审批中")
	v.shot("case")
	v.taps("[data-testid=more]")
	v.See(".sheet[open] .act")
	v.shot("more")
	v.taps(`.act:has([value="退回"]) summary`)
	v.Type(`.act[open] textarea`, "请写明工作由谁、怎么接手")
	v.shot("return")
	v.taps(`.act[open] button[value="退回"]`)
	v.Text(".notice.good", "已退回")
	v.Text("#state", "待修改")
	v.shot("returned")
	v.w.Settle()

	v.opens("赵六", "/form/case/"+number)
	v.Text(".voter p", "请写明工作由谁")
	v.shot("to-change")
	v.taps(`.bar a.main`)
	v.Text("h1", "修改请假")
	require.Equal(t, "2026-03-09", pagetest.Evaluate[string](v.Page, `document.querySelector('[name="f.请假时间.from"]').value`), "what was filled in is kept")
	v.Type(`textarea[name="f.事由"]`, "家里老人住院，需要陪护；客户跟进由孙七接手")
	v.taps(".bar .weui-btn_primary")
	v.Text("dd", "客户跟进由孙七接手")
	v.taps(`.bar [value=submit]`)
	v.Text(".notice.good", "已重新提交")
	v.Text(".round", "第 2 轮")
	v.shot("again")
	v.w.Settle()

	v.opens("邵静", "/form/case/"+number)
	v.taps("[data-testid=approve]")
	v.Type(`.sheet[open] textarea`, "注意交接")
	v.shot("approve")
	v.taps(`.sheet[open] button[value="批准"]`)
	v.Text(".notice.good", "已批准")
	v.shot("approved-by-one")
	v.w.Settle()

	v.Visit(w.play.PlatformURL)
	v.See(`[data-testid=live][data-state=live]`)
	v.Play("gaozong")
	v.Text(".row.theirs .card", "请假")
	v.Until(`(() => { const b = [...document.querySelectorAll('.card button')].filter((b) => b.textContent.trim() === '批准').at(-1); b?.click(); return Boolean(b); })()`)
	v.See(`[data-testid=card-dead]`)
	v.shot("card")
	v.w.Settle()

	v.opens("高总", "/form/case/"+number)
	v.Text(".stage", "高总")
	v.shot("after-card")

	for _, name := range []string{"郑十六", "何静"} {
		v.opens(name, "/form/cases?show=waiting")
		v.Text(".choice", "赵六")
		v.shot("batch")
		v.taps(`.choice input`)
		v.taps("[data-testid=batch]")
		v.Text(".notice.good", "已批准 1 件")
		v.w.Settle()
	}
	v.opens("赵六", "/form/case/"+number)
	v.Text("#state", "已通过")
	v.Dark()
	v.shot("dark")
	v.opens("赵六", "/form/cases?show=mine")
	v.Text(".row .state", "已通过")
	v.shot("mine-dark")
	v.opens("赵六", "/form/apply/leave")
	v.shot("form-dark")
}

// fillLeave fills in four days from Monday 9 March.
func (v *webview) fillLeave(why string) {
	v.w.t.Helper()
	v.sets(`[name="f.请假类型"]`, "事假")
	v.sets(`[name="f.请假时间.from"]`, "2026-03-09")
	v.sets(`[name="f.请假时间.to"]`, "2026-03-12")
	v.sets(`[name="f.预计返回日期"]`, "2026-03-13")
	v.Type(`textarea[name="f.事由"]`, why)
	v.Type(`[name="f.工作交接.find"]`, "孙")
	v.Text(`.pick`, "孙七")
	v.shot("found")
	v.taps(`.pick`)
}
