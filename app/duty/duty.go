// Package duty says who answers for what: the posts of the company and what
// they are for, the responsibility matrix of each process, and what passes
// from department to department (guide G1-2.2a, G1-4.2(1),(2), G1-4.2.2, G2-1,
// S06).
//
// A matrix is made in the four steps of G1-4.2.2(2). The answers to the wizard,
// by step; n is the step that is meant:
//
//	step           content          继续            上一步  第n步            重来  保存
//	1 岗位         2                2 if there are  –       n if all before  1     if complete
//	2 节点         3                3 if there are  1       it is filled in  1     if complete
//	3 字母         4 once complete  4 if complete   2                        1     if complete
//	4 职责和权限   4                –               3                        1     if complete
//
// A matrix is complete when every node has at least one R and exactly one A.
// Saving makes the next edition; editions are kept.
package duty

import (
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// Duty is the domain.
type Duty struct {
	notify *notify.Notifier
	people *people.People
	rules  notify.Rules
}

// New builds the domain.
func New(n *notify.Notifier, p *people.People, rules notify.Rules) *Duty {
	return &Duty{notify: n, people: p, rules: rules}
}

// RegisterChat adds the commands.
func (d *Duty) RegisterChat(engine *chat.Engine) error { return engine.Register(d.Commands()...) }

// Commands are what members can say to this domain, in the order of the help.
func (d *Duty) Commands() []chat.Command {
	const group = "岗位"
	process := chat.Arg{Name: "流程", Kind: chat.Text, Required: true, Prompt: "请问是哪个流程？写流程编号，例如 P-02"}
	which := process
	which.Required = false
	return []chat.Command{
		{
			Name: "我的职责", Aliases: []string{"岗位职责"}, Group: group, Permission: chat.Everybody,
			Summary: "看自己的岗位、职责、权限范围和沟通责任", Usage: "我的职责 [姓名]", Example: "我的职责",
			Args: []chat.Arg{{Name: "姓名", Kind: chat.Person}}, Run: d.mine,
		},
		{
			Name: "责任矩阵", Group: group, Permission: chat.Everybody,
			Summary: "看一个流程里谁执行、谁负责", Usage: "责任矩阵 [流程] [版本:2]", Example: "责任矩阵 P-02",
			Args: []chat.Arg{which, {Name: "版本", Kind: chat.Integer, Keyed: true}}, Run: d.show,
		},
		{
			Name: "责任矩阵 编制", Group: group, Permission: string(policy.NodeManage),
			Summary: "分四步编制或修改一个流程的责任矩阵", Usage: "责任矩阵 编制 <流程>", Example: "责任矩阵 编制 P-02",
			Args: []chat.Arg{process, {Name: "内容", Kind: chat.Text, Rest: true}}, Run: d.compose,
		},
		{
			Name: "责任矩阵 检查", Group: group, Permission: string(policy.NodeManage),
			Summary: "找出所有流程里重叠的职责和空缺的岗位", Usage: "责任矩阵 检查", Example: "责任矩阵 检查", Run: d.audit,
		},
		{
			Name: "接口", Group: group, Permission: chat.Everybody,
			Summary: "看一个流程在部门之间怎么交接、找谁", Usage: "接口 <流程>", Example: "接口 P-02",
			Args: []chat.Arg{process}, Run: d.interfaces,
		},
		{
			Name: "岗位变更", Group: group, Permission: string(policy.PostAssign),
			Summary: "任命岗位，权限随之调整", Usage: "岗位变更 <姓名> <岗位> [原岗位]", Example: "岗位变更 赵六 销售经理",
			Args: []chat.Arg{
				{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问是哪位同事？"},
				{Name: "岗位", Kind: chat.Text, Required: true, Prompt: "请问任命什么岗位？写岗位名称，或 部门/岗位"},
				{Name: "原岗位", Kind: chat.Text},
			}, Run: d.change,
		},
		{
			Name: "报表 职责权重", Group: group, Permission: string(policy.DutyWeightReport),
			Summary: "按重要性和职责份额算各部门的职责权重", Usage: "报表 职责权重 [部门:份额…]", Example: "报表 职责权重 行政部:2 销售部:1",
			Args: []chat.Arg{{Name: "份额", Kind: chat.Text, Rest: true}}, Run: d.weights,
		},
	}
}

// Left takes the posts a leaver was given, so that he does not hold them when
// he comes back.
func (d *Duty) Left(tx *store.Tx, l people.Left) error {
	held, err := tx.PostHoldingsOf(l.Member.ID)
	if err != nil {
		return err
	}
	for _, h := range held {
		if err := tx.EndPostHolding(h); err != nil {
			return err
		}
	}
	return nil
}

// maxHeld is how many posts one member may be given at a time.
const maxHeld = 10

func (d *Duty) day(t time.Time) string {
	return t.In(d.rules().Calendar().Location()).Format("1月2日")
}

func (d *Duty) when(t time.Time) string {
	return d.rules().Calendar().Moment(t)
}
