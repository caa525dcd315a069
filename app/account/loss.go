package account

import (
	"errors"
	"fmt"
	"slices"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

func (a *Accounts) lossCommands() []chat.Command {
	return []chat.Command{
		{
			Name: "账号 挂失", Aliases: []string{"账号挂失", "挂失"}, Group: group, Permission: string(policy.AccountLoss),
			Summary: "手机丢失或账号可疑时立即暂停重要权限", Usage: "账号 挂失 [姓名]", Example: "账号 挂失",
			Args: []chat.Arg{{Name: "姓名", Kind: chat.Person}}, Run: a.reportLoss,
		},
		{
			Name: "账号 恢复", Aliases: []string{"账号恢复"}, Group: group, Permission: string(policy.AccountManage),
			Summary: "核实本人后恢复挂失或停用的权限", Usage: "账号 恢复 <姓名>", Example: "账号 恢复 罗岩",
			Args: []chat.Arg{{Name: "姓名", Kind: chat.Text, Required: true, Prompt: "请问恢复哪位同事？"}}, Run: a.restore,
		},
	}
}

// reportLoss is 账号 挂失: sensitive permissions end at once, and those who see
// to it hear of it as an important item (G2-4.2(3)).
func (a *Accounts) reportLoss(call *chat.Call) (chat.Answer, error) {
	member := call.Member
	if call.Has("姓名") {
		member = call.Person("姓名")
	}
	if member.ID != call.Member.ID {
		if allowed, err := call.Permits.Permit(call, string(policy.AccountManage), ""); err != nil {
			return chat.Answer{}, err
		} else if !allowed {
			return chat.Answer{}, chat.NoPermission{Permission: string(policy.AccountManage), Object: member.UserID}
		}
	}
	if err := call.Tx.Lock(member.TableName(), member.ID); err != nil {
		return chat.Answer{}, err
	}
	member, err := call.Tx.Member(member.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	if member.SuspendedAt != nil {
		return chat.Answer{}, chat.Refused{
			Reason: fmt.Sprintf("%s的账号已在 %s 挂失", member.Name, a.when(*member.SuspendedAt)), Clause: "G2-4.2(3)",
			Instead: "核实后请行政部或信息安全部门发送：账号 恢复 " + member.Name,
		}
	}
	if err := a.people.Suspend(call.Tx, member.ID, call.Member.ID); err != nil {
		return chat.Answer{}, err
	}
	to, err := a.watchers(&call.Tx.Reader, member.ID, call.Member.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	what := fmt.Sprintf("账号挂失：%s（%s）\n本人报告设备丢失或账号可疑，重要权限已暂停。请联系本人核实，必要时在管理后台停用账号；核实后发送：账号 恢复 %s",
		member.Name, member.UserID, member.Name)
	if member.ID != call.Member.ID {
		what = fmt.Sprintf("账号挂失：%s代%s（%s）报告\n设备丢失或账号可疑，重要权限已暂停。请联系本人核实，必要时在管理后台停用账号；核实后发送：账号 恢复 %s",
			call.Member.Name, member.Name, member.UserID, member.Name)
		told := fmt.Sprintf("【账号】%s 为您报告了账号挂失，重要权限已暂停。如有疑问，请联系行政部或信息安全部门。", call.Member.Name)
		if err := a.alert(call.Tx, call.App, memberSubject(member.ID), "", told, member.ID); err != nil {
			return chat.Answer{}, err
		}
	}
	number, err := a.hearOf(call, to, what, lossOf(member.ID))
	if err != nil {
		return chat.Answer{}, err
	}
	told, err := call.Tx.Members(to)
	if err != nil {
		return chat.Answer{}, err
	}
	heard := "请立即联系行政部"
	if len(told) > 0 {
		heard = "已通知" + names(told)
	}
	return chat.Accepted(number, fmt.Sprintf("%s的账号已挂失，重要权限立即暂停，%s。请尽快修改企业微信和手机的密码。", member.Name, heard)), nil
}

// hearOf tells those who have to see to a loss.
func (a *Accounts) hearOf(call *chat.Call, to []int64, what, about string) (number string, err error) {
	if len(to) == 0 {
		a.log.Error("nobody is left to hear of a lost device: name them in account.loss_told")
		return "", nil
	}
	if a.inform == nil {
		return "", a.alert(call.Tx, call.App, memberSubject(call.Member.ID), "", "【账号】"+what, to...)
	}
	return a.inform(call, to, what, about)
}

// lossOf names the loss of a member's account for Inform and Overtaken.
func lossOf(member int64) string { return fmt.Sprintf("account.loss:%d", member) }

// watchers are who has to see to a loss; never the one whose account it is, and
// not who reports it.
func (a *Accounts) watchers(r *store.Reader, member, reporter int64) ([]int64, error) {
	var all []int64
	for _, whom := range a.rules().Rules().Account.LossTold {
		found, err := a.people.Resolve(r, people.Whom(whom), member)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		for _, id := range found.Members {
			if id != reporter && !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all, nil
}

// restore is 账号 恢复: somebody else has made sure that it is he. It also takes
// back a stop that was carried out by mistake.
func (a *Accounts) restore(call *chat.Call) (chat.Answer, error) {
	member, err := a.suspended(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if member.ID == call.Member.ID {
		return chat.Answer{}, chat.Refused{
			Reason: "不能恢复自己的账号", Clause: "G2-4.2(3)", Instead: "请行政部或信息安全部门的其他同事核实后发送：账号 恢复 " + member.Name,
			Denied: chat.NoPermission{Permission: string(policy.AccountManage), Object: member.UserID},
		}
	}
	if member.SuspendedAt != nil {
		if err := a.people.Restore(call.Tx, member.ID, call.Member.ID); err != nil {
			return chat.Answer{}, err
		}
	}
	if member.StoppedAt != nil {
		if err := a.people.Unstop(call.Tx, member.ID); err != nil {
			return chat.Answer{}, err
		}
	}
	to, err := a.watchers(&call.Tx.Reader, member.ID, call.Member.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	if a.over != nil {
		among, err := a.watchers(&call.Tx.Reader, member.ID, 0)
		if err != nil {
			return chat.Answer{}, err
		}
		if err := a.over(call, lossOf(member.ID), "已核实并恢复，不用再处理", append(among, member.ID)); err != nil {
			return chat.Answer{}, err
		}
	}
	text := fmt.Sprintf("【账号】%s 核实后恢复了%s的账号权限。", call.Member.Name, member.Name)
	if err := a.tell(call.Tx, call.App, memberSubject(member.ID), lossPurpose, text, to...); err != nil {
		return chat.Answer{}, err
	}
	text = fmt.Sprintf("【账号】%s 已核实并恢复您的账号权限，可以正常使用了。", call.Member.Name)
	if err := a.alert(call.Tx, call.App, memberSubject(member.ID), "", text, member.ID); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", fmt.Sprintf("已恢复%s的账号权限，并通知本人。", member.Name)), nil
}

// suspended finds the one member of a name whose access is suspended or was
// stopped. Those are no longer found as colleagues, so the name is looked up
// here.
func (a *Accounts) suspended(call *chat.Call) (store.Member, error) {
	said := call.Text("姓名")
	all, err := a.people.Members(&call.Tx.Reader, said, maxSame)
	if err != nil {
		return store.Member{}, err
	}
	var fit []store.Member
	for _, m := range all {
		if m.Status != store.MemberLeft && (m.SuspendedAt != nil || m.StoppedAt != nil) {
			fit = append(fit, m)
		}
	}
	switch {
	case len(fit) == 1:
		if err := call.Tx.Lock(fit[0].TableName(), fit[0].ID); err != nil {
			return store.Member{}, err
		}
		return call.Tx.Member(fit[0].ID)
	case len(fit) > 1:
		return store.Member{}, chat.Refused{Reason: fmt.Sprintf("有 %d 位叫「%s」的同事账号已暂停", len(fit), chat.OneLine(said, 20)), Instead: "写账号：账号 恢复 " + fit[0].UserID}
	case len(all) == 0:
		return store.Member{}, chat.Refused{Reason: "没有找到「" + chat.OneLine(said, 20) + "」", Instead: "写姓名或账号"}
	case all[0].Status == store.MemberLeft:
		return store.Member{}, chat.Refused{Reason: all[0].Name + "已离职", Instead: "重新入职时在企业微信后台恢复账号即可"}
	}
	return store.Member{}, chat.Refused{Reason: all[0].Name + "的账号没有挂失，不需要恢复", Instead: "账号 挂失 " + all[0].Name}
}
