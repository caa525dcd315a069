package acceptance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/app/rulebook"
	"guiju/store"
)

// Processes as the rulebook defines them: what is refused, where they are
// tried, who sees their cases, which version a case runs on.

// rules is the file that says how the company differs from the guide.
func (w *World) rules() string { return filepath.Join(filepath.Dir(w.media), "company.yaml") }

// Rules writes further keys into the company's rulebook and starts the app
// again, which takes them over.
func (w *World) Rules(more string) {
	w.t.Helper()
	w.Down()
	w.note("%s 规则补充：%s", w.Now().Format("15:04:05"), more)
	text, err := os.ReadFile(w.rules())
	require.NoError(w.t, err)
	require.NoError(w.t, os.WriteFile(w.rules(), append(text, more...), 0o600))
	w.Up()
}

// withProcess is for eachWith: the company has further processes.
func withProcess(templates string) func(o *playground.Options) {
	return func(o *playground.Options) { o.Overlay = templates + noHourly }
}

// refused answers what loading a rulebook with these keys says.
func refused(t *testing.T, keys string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(file, []byte(keys), 0o600))
	_, err := rulebook.Load(file)
	require.Error(t, err, keys)
	return err.Error()
}

// gift is a process of a company's own: gifts above 500 yuan are also for 分管领导.
const gift = `
approval:
  templates:
    gift:
      title: 礼品
      version: 1.0.0
      title_text: "礼品：{用途}"
      fields:
        用途: {type: text, required: true, prompt: 请问送给谁？}
        金额: {type: money, required: true, prompt: 请问多少元？}
      route:
        - {node: head, name: 部门负责人, who: 部门负责人}
        - branch: amount
          cases:
            - {when: "金额 > 500", to: leader}
            - {else: true, to: end}
        - {node: leader, name: 分管领导, who: 分管领导}
`

// Given a process with a branch but no default, when it is published, then it is
// refused, with the place and the remedy. So are other graphs that cannot work.
func TestG1_3_2_1_AE2_ABranchNeedsADefault(t *testing.T) {
	const head = `
approval:
  templates:
    gift:
      title: 礼品
      version: 1.0.0
      fields:
        金额: {type: money, required: true, prompt: 请问多少元？}
      route:
`
	for _, c := range []struct{ route, path, says string }{
		{`        - branch: amount
          cases: [{when: "金额 > 500", to: leader}]
        - {node: leader, name: 分管领导, who: 分管领导}
`, "approval.templates.gift.route", "else"},
		{`        - {node: a, name: 甲, who: 部门负责人, next: b}
        - {node: b, name: 乙, who: 财务, next: a}
`, "approval.templates.gift.route", ""},
		{`        - {node: a, name: 甲, who: 部门负责人, next: end}
        - {node: b, name: 乙, who: 财务}
`, "approval.templates.gift.route", "b"},
		{`        - {node: a, name: 甲, who: 天使投资人}
`, "approval.templates.gift.route", "天使投资人"},
		{`        - branch: amount
          cases: [{when: "总价 > 500", to: leader}, {else: true, to: leader}]
        - {node: leader, name: 分管领导, who: 分管领导}
`, "approval.templates.gift.route", "总价"},
		{`        - branch: amount
          cases: [{when: "金额 > '许多'", to: leader}, {else: true, to: leader}]
        - {node: leader, name: 分管领导, who: 分管领导}
`, "approval.templates.gift.route", "mismatched types number and string"},
		{`        - {node: a, name: 甲, who: 部门负责人}
      cc: [人员:fangan, 人员:fangan]
`, "approval.templates.gift.cc[1]", "人员:fangan"},
	} {
		said := refused(t, head+c.route)
		require.Contains(t, said, c.path, c.route)
		require.Contains(t, said, c.says, c.route)
		require.Regexp(t, `line \d+`, said)
	}
}

// Given three pilot departments, then refused: one or two (guide).
func TestG1_3_2_2_AE2_APilotIsInOneOrTwoDepartments(t *testing.T) {
	said := refused(t, `
approval:
  templates:
    leave: {pilot: [销售部, 市场部, 研发部], version: 1.1.0}
`)
	require.Contains(t, said, "approval.templates.leave.pilot")
	require.Regexp(t, `1.{1,3}2`, said)
}

// Given a process in pilot for 销售部, when 罗岩 (研发部) starts it, then refused with
// 试点中; in 销售部 it works.
func TestG1_3_2_2_AE3_OnlyThePilotDepartmentsStartIt(t *testing.T) {
	eachWith(t, withProcess(gift+"      pilot: [销售部]\n"), func(t *testing.T, w *World) {
		told := w.Says("罗岩", "申请 礼品 用途:客户 金额:300")
		require.Contains(t, told, "【未通过】")
		require.Contains(t, told, "试点中")
		require.Zero(t, w.rows("SELECT COUNT(*) FROM requests"))
		number := w.Applies("孙七", "申请 礼品 用途:客户 金额:300")
		require.Equal(t, []string{"部门负责人"}, w.Route("孙七", number))
	})
}

// contract applies for a contract of 销售部 with the chain 邵静→何静→高总.
func (w *World) contract() string {
	w.t.Helper()
	w.SendsPicture("孙七", picture(w.t, 70), "合同.png")
	return w.Applies("孙七", "申请 合同 合同名称:年度供货合同 合同类型:销售合同 对方单位:甲乙公司 金额:80000 说明:年度供货")
}

// Given a contract case with chain 邵静→何静→高总, when 周八 queries it, then 无权限
// and an audit row; when 何静 does, then its details. Lists do not show it either.
func TestG1_3_2_4_AE1_ASensitiveCaseIsForThoseInvolved(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.contract()
		require.Equal(t, []string{"部门负责人", "财务经理", "分管领导"}, w.Route("孙七", number))
		denied := func() int { return w.rows("SELECT COUNT(*) FROM audit WHERE action = 'permission.denied'") }
		for i, ask := range []string{"查询 ", "追溯 "} {
			before := denied()
			require.Contains(t, w.Says("周八", ask+number), "【无权限】", ask)
			require.Equal(t, before+1, denied(), "%d", i)
		}
		for _, list := range []string{"我的审批", "审批", "我的待办"} {
			require.NotContains(t, w.Says("周八", list), number)
		}
		for _, name := range []string{"何静", "孙七", "邵静"} {
			require.Contains(t, w.Says(name, "查询 "+number), "甲乙公司", name)
		}
		require.NotContains(t, w.Says("林秀", "查询 "+number), "甲乙公司")
		w.Decides("邵静", number, "批准")
		w.Decides("何静", number, "批准")
		w.Decides("高总", number, "批准 请归档")
		require.Contains(t, w.Says("何静", "查询 "+number), "甲乙公司", "those who decided still may")
		require.Contains(t, w.Says("周八", "查询 "+number), "【无权限】")
	})
}

// Given 何静 is an approver and would be copied, when it is submitted, then she is
// not copied and the record says 重复抄送已合并.
func TestG1_3_2_3_b_AE1_NoCopyForWhoDecides(t *testing.T) {
	eachWith(t, withProcess(`
approval:
  templates:
    gift:
      title: 礼品
      version: 1.0.0
      fields:
        用途: {type: text, required: true, prompt: 请问送给谁？}
      route:
        - {node: head, name: 部门负责人, who: 部门负责人}
        - {node: finance, name: 财务, who: 财务}
      cc: [人员:hejing, 人员:fangan, 信息安全部门]
`), func(t *testing.T, w *World) {
		number := w.Applies("孙七", "申请 礼品 用途:客户")
		w.Traces("孙七", number, "重复抄送已合并")
		w.Decides("邵静", number, "批准")
		w.Decides("何静", number, "批准")
		w.Gets("方安", "【抄送】", number)
		require.Equal(t, 1, w.Count("方安", "【抄送】"))
		require.Zero(t, w.Count("何静", "【抄送】"))
		require.Contains(t, w.Says("方安", "查询 "+number), "客户", "who is copied may read it")
	})
}

// A process of version 1.1.0 with effective 2026-03-09: cases begun before go on
// with the old one, later ones take the new.
func TestANewVersionFromItsDay(t *testing.T) {
	eachWith(t, withProcess(gift), func(t *testing.T, w *World) {
		old := w.Applies("孙七", "申请 礼品 用途:客户 金额:800")
		require.Equal(t, []string{"部门负责人", "分管领导"}, w.Route("孙七", old))
		text, err := os.ReadFile(w.rules())
		require.NoError(t, err)
		w.Down()
		require.NoError(t, os.WriteFile(w.rules(), []byte(replaceAll(string(text), "version: 1.0.0", "version: 1.1.0\n      effective: 2026-03-09", "to: leader", "to: finance",
			"{node: leader, name: 分管领导, who: 分管领导}", "{node: finance, name: 财务经理, who: 财务}")), 0o600))
		w.Up()
		still := w.Applies("周八", "申请 礼品 用途:客户 金额:800")
		require.Equal(t, []string{"部门负责人", "分管领导"}, w.Route("周八", still), "the new version waits for its day")
		w.To("2026-03-09 09:00")
		fresh := w.Applies("魏伟", "申请 礼品 用途:客户 金额:800")
		require.Equal(t, []string{"部门负责人", "财务经理"}, w.Route("魏伟", fresh))
		require.Equal(t, "1.1.0", w.Case(fresh).TemplateVersion)

		// What began before is pinned: it ends the way it began.
		require.Equal(t, "1.0.0", w.Case(old).TemplateVersion)
		w.Decides("邵静", old, "批准")
		w.Gets("高总", old, "批准")
		w.Decides("高总", old, "批准")
		require.Equal(t, store.RequestApproved, w.Case(old).State)
		require.NotContains(t, w.Says("孙七", "追溯 "+old), "财务经理")
	})
}

// The branch that was taken is kept with its reasons.
func TestTheBranchTakenIsKept(t *testing.T) {
	eachWith(t, withProcess(gift), func(t *testing.T, w *World) {
		number := w.Applies("孙七", "申请 礼品 用途:客户 金额:500.01")
		why := w.text("SELECT route FROM requests WHERE number = '" + number + "'")
		for _, word := range []string{"amount", "500.01", "leader"} {
			require.Contains(t, why, word)
		}
		require.Contains(t, w.Says("孙七", "追溯 "+number), "金额 > 500")
	})
}

// replaceAll replaces each old text, which must be there, by its new one.
func replaceAll(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			panic("not there: " + pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}
