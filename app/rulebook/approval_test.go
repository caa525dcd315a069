package rulebook

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

const trip = `
approval:
  templates:
    leave:
      fields:
        事由: {max_chars: 300}
    contract: {off: true}
    purchase:
      route:
        - {node: buyer, name: 采购经理, who: 采购经理, authority: 确定采购需求}
        - branch: amount
          cases:
            - {when: 金额 > 50000, to: leader}
            - {else: true, to: finance}
        - {node: leader, name: 分管领导, who: 分管领导}
        - {node: finance, name: 财务经理, who: 财务经理}
    trip:
      title: 出差
      version: 1.0.0
      fields:
        目的地: {type: text, required: true}
      route:
        - {node: head, name: 部门负责人, who: 部门负责人}
`

// Fields merge key by key in the order of the guide, routes replace as a whole,
// and templates of one's own come last.
func TestTemplatesMergeKeyByKey(t *testing.T) {
	b := book(t, trip)
	leave, _ := b.Engine.ApprovalTemplate("leave")
	var fields []string
	for _, f := range leave.Fields {
		fields = append(fields, f.Key)
	}
	require.Equal(t, []string{"请假类型", "请假时间", "天数", "事由", "预计返回日期", "工作交接", "附件"}, fields)
	require.Equal(t, 300, leave.Fields[3].MaxChars)
	require.True(t, leave.Fields[3].Required)
	all := b.Engine.ApprovalTemplates()
	require.Equal(t, "trip", all[len(all)-1].Key)
	require.Equal(t, "请填写目的地", all[len(all)-1].Fields[0].Prompt)
	contract, _ := b.Engine.ApprovalTemplate("contract")
	require.True(t, contract.Off)

	require.Equal(t, b.Hash(), book(t, b.Values()).Hash(), "stored values keep the order")
	lean := book(t, "approval: {templates: {leave: {fields: {附件: {off: true}}}}}")
	leave, _ = lean.Engine.ApprovalTemplate("leave")
	require.Len(t, leave.Fields, 6)
	require.Equal(t, definitions(lean), definitions(book(t, lean.Values())), "what was switched off stays off")
}

func TestTemplateChangesAreReadable(t *testing.T) {
	golden(t, "diff_templates.txt", Render(Diff(book(t, ""), book(t, trip))))
	require.Equal(t, []string{"leave", "contract", "purchase"}, Unnumbered(book(t, ""), book(t, trip)))
	require.Empty(t, Unnumbered(book(t, ""), book(t, "approval: {templates: {contract: {off: true, version: 1.0.1}}}")))
	text, err := book(t, trip).Show("approval.templates.purchase")
	require.NoError(t, err)
	golden(t, "show_template.txt", text)
}

// G1-3.2(1): the design check.
func TestCheckOfProcesses(t *testing.T) {
	render := func(found []Finding) string {
		var lines []string
		for _, f := range found {
			if strings.HasPrefix(f.Path, "approval.") {
				lines = append(lines, f.String())
			}
		}
		return strings.Join(lines, "\n")
	}
	require.Empty(t, render(Check(book(t, ""), nil, monday)))
	long := book(t, `
process: {max_approval_nodes: 3}
approval:
  templates:
    trip:
      title: 出差
      version: 1.0.0
      for: [火星部]
      cc: [HR]
      fields:
        金额: {type: money, required: true}
      route:
        - {node: head, name: 部门负责人, who: 部门负责人}
        - branch: amount
          cases: [{when: 金额 > 500, to: again}, {else: true, to: people}]
        - {node: again, name: 部门主管复核, who: 部门主管}
        - {node: people, name: HR, who: [HR, "部门:火星部"]}
        - {node: quiet, name: 档案, who: 部门:档案室}
`)
	org := policy.NewOrg([]policy.Department{{ID: 2, Name: "行政部", Leaders: []int64{1}}, {ID: 3, Name: "档案室"}}, nil, []int64{1})
	golden(t, "check_approvals.txt", render(Check(long, org, monday)))
}

// A template's guide values wait for approval, the rest applies at once.
func TestTemplateChangesArePartedByTheirMarks(t *testing.T) {
	first := First(book(t, ""), monday)
	p := propose(t, first, nil, "approval: {templates: {contract: {sensitive: false, version: 1.1.0}}}")
	now, later := rules(t, *p.Activate), rules(t, *p.Pend)
	active, _ := now.Engine.ApprovalTemplate("contract")
	pending, _ := later.Engine.ApprovalTemplate("contract")
	require.True(t, active.Sensitive, "G1-3.2(4)b is the guide's")
	require.Equal(t, "1.1.0", active.Version)
	require.False(t, pending.Sensitive)

	p = propose(t, first, nil, trip)
	require.Nil(t, p.Pend)
	require.NotNil(t, p.Activate)
}
