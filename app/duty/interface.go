package duty

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

// interfaces is 接口: one line for each step of a process that passes from one
// department to another (G2-1): what is handed over, what is needed, by when,
// and whom to ask on both sides. The department of a node is that of the post
// that answers for it.
func (d *Duty) interfaces(call *chat.Call) (chat.Answer, error) {
	matrix, err := d.matrixOf(call)
	if err != nil {
		return chat.Answer{}, err
	}
	r := &call.Tx.Reader
	sheet, err := r.MatrixSheet(matrix.ID, matrix.Edition)
	if err != nil {
		return chat.Answer{}, err
	}
	places, err := d.places(r)
	if err != nil {
		return chat.Answer{}, err
	}
	draft := draftOf(sheet)
	name := strings.TrimSpace(matrix.Process + " " + sheet.Title)
	var b strings.Builder
	edges, unknown := 0, false
	for i := 0; i+1 < len(draft.Nodes); i++ {
		from, to := draft.Nodes[i], draft.Nodes[i+1]
		giver, taker := draft.accountable(from), draft.accountable(to)
		if giver == nil || taker == nil || giver.Department == taker.Department {
			continue
		}
		edges++
		giving, err := d.contact(r, *giver, places)
		if err != nil {
			return chat.Answer{}, err
		}
		taking, err := d.contact(r, *taker, places)
		if err != nil {
			return chat.Answer{}, err
		}
		unknown = unknown || from.Output == "" || to.Input == "" || from.Limit == ""
		fmt.Fprintf(&b, "%d. %s「%s」→ %s「%s」：输出 %s；输入 %s；时限 %s；联系人 %s → %s\n", edges,
			places.called(giver.Department), from.Name, places.called(taker.Department), to.Name,
			orUnset(from.Output), orUnset(to.Input), orUnset(from.Limit), giving, taking)
	}
	if edges == 0 {
		return chat.Answer{Text: name + " 在一个部门内完成，没有部门之间的交接。"}, nil
	}
	text := fmt.Sprintf("%s 的部门交接（%d 处）：\n%s", name, edges, strings.TrimRight(b.String(), "\n"))
	if unknown {
		text += fmt.Sprintf("\n未填写的，请流程管理员发送 责任矩阵 编制 %s，在第 2 步的节点后面写 输入:… 输出:… 时限:…", matrix.Process)
	}
	return chat.Answer{Text: text}, nil
}

// accountable is the post that answers for a node.
func (d *draft) accountable(n draftNode) *draftPost {
	names := d.holders(n, store.Accountable)
	if len(names) == 0 {
		return nil
	}
	return d.post(names[0])
}

// called is a department's name; it may have gone since the matrix was made.
func (p places) called(id int64) string {
	if name := p.name(id); name != "" {
		return name
	}
	return "（部门已撤销）"
}

// maxContacts is how many holders of one post a line names.
const maxContacts = 3

// contact is whom to ask about a post: its holders, else 部门主管.
func (d *Duty) contact(r *store.Reader, post draftPost, places places) (string, error) {
	members, err := d.holdersAt(r, post.Name, post.Department)
	if err != nil {
		return "", err
	}
	title := post.Name
	if len(members) == 0 {
		department, _ := places.org.Department(post.Department)
		if len(department.Leaders) == 0 {
			return post.Name + " 空缺", nil
		}
		members, title = department.Leaders, "部门主管，"+post.Name+" 空缺"
	}
	people, err := r.Members(members[:min(len(members), maxContacts)])
	if err != nil {
		return "", err
	}
	names := make([]string, len(people))
	for i, m := range people {
		names[i] = m.Name
	}
	text := fmt.Sprintf("%s（%s）", strings.Join(names, "、"), title)
	if info, _ := d.rules().Post(post.Name); info.Contact != "" {
		text += " " + info.Contact
	}
	return text, nil
}
