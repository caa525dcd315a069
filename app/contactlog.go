package app

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// shownChanges is how many of the newest contact events 通讯录 lists.
const shownChanges = 10

// changeWords are WeCom's change types as members call them.
var changeWords = map[string]string{
	"create_user": "加入", "update_user": "资料变更", "delete_user": "离职",
	"create_party": "新建部门", "update_party": "部门变更", "delete_party": "撤销部门", "update_tag": "标签变更",
	"subscribe": "进入应用可见范围", "unsubscribe": "离开应用可见范围",
}

// contactsCommand is 通讯录, the entry of 管理员 (G1-4.2.1(三)): how the mirror
// of the contacts stands and what changed last.
func (a *App) contactsCommand() chat.Command {
	return chat.Command{
		Name: "通讯录", Group: "管理", Permission: string(policy.ContactManage),
		Summary: "看成员数和最近的变动", Usage: "通讯录", Example: "通讯录", Run: a.contactChanges,
	}
}

func (a *App) contactChanges(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	text, err := a.contactLines(r)
	if err != nil {
		return chat.Answer{}, err
	}
	last, err := r.LastContactEvent()
	if err != nil {
		return chat.Answer{}, err
	}
	events, err := r.ContactEventsAfter(max(0, last-shownChanges), shownChanges)
	if err != nil {
		return chat.Answer{}, err
	}
	var lines []string
	for _, e := range slices.Backward(events) {
		line, err := a.changeLine(r, e)
		if err != nil {
			return chat.Answer{}, err
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return chat.Answer{Text: text + "\n最近没有收到变动通知。"}, nil
	}
	return chat.Answer{Text: text + "\n最近的变动：" + strings.Join(lines, "")}, nil
}

func (a *App) changeLine(r *store.Reader, e store.ContactEvent) (string, error) {
	what := changeWords[e.ChangeType]
	if what == "" {
		what = e.ChangeType
	}
	who := ""
	if e.MemberID != 0 {
		m, err := r.Member(e.MemberID)
		if err != nil {
			return "", err
		}
		who = m.Name + " "
	} else if e.UserID != "" {
		who = e.UserID + " "
	}
	return fmt.Sprintf("\n· %s %s%s", a.when(e.At), who, what), nil
}
