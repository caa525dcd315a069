package permission

import (
	"fmt"
	"strings"

	"guiju/app/chat"
)

// holders is 谁有: who holds a permission, by role, post or grant, and until
// when (G2-4.2(2) AE2). Its own permission is perm.view, which 管理员 and
// 审计人员 have.
func (d *Permissions) holders(call *chat.Call) (chat.Answer, error) {
	info, err := d.permissionNamed(call.Text("权限"))
	if err != nil {
		return chat.Answer{}, err
	}
	r := &call.Tx.Reader
	heading := fmt.Sprintf("%s（%s）", info.Title, info.Code)
	if d.rules().Base(info.Code) {
		return chat.Answer{Text: heading + " 是基本权限，每位在职成员都有。"}, nil
	}
	found, err := d.people.Holders(r, info.Code, maxHolders+1)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(found) == 0 {
		return chat.Answer{Text: heading + " 现在没有人持有。"}, nil
	}
	names, err := d.names(r)
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	people := map[int64]bool{}
	for _, h := range found {
		people[h.Member.ID] = true
	}
	total := fmt.Sprintf("%d 人持有", len(people))
	if len(found) > maxHolders {
		total = fmt.Sprintf("有很多人持有，只列出前 %d 条", maxHolders)
	}
	fmt.Fprintf(&b, "%s %s：", heading, total)
	for _, h := range found[:min(len(found), maxHolders)] {
		fmt.Fprintf(&b, "\n· %s：%s", names.member(h.Member), h.Source)
		if h.Until != nil {
			b.WriteString("，" + d.until(*h.Until))
		}
		if h.Member.SuspendedAt != nil {
			b.WriteString("（已挂失，暂停使用）")
		}
	}
	return chat.Answer{Text: b.String()}, nil
}

// maxHolders bounds the lines: one for each source of each holder.
const maxHolders = 100
