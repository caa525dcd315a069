package duty

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// hr is the department that describes posts and fills vacant ones.
const hr = people.Whom("department:人事部")

// maxNodesShown is how many letters of matrices one member's duties list.
const maxNodesShown = 60

// mine is 我的职责 (G1-2.2a): the member's posts with duty, nodes, authority and
// contact, what his department is for, and his duties in communication. Whom
// nobody has described yet 人事部 is asked to describe. Those who may fill a
// member's post may look at his duties too.
func (d *Duty) mine(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	m := call.Member
	places, err := d.places(r)
	if err != nil {
		return chat.Answer{}, err
	}
	if call.Has("姓名") && call.Person("姓名").ID != m.ID {
		m = call.Person("姓名")
		may, err := d.mayAssign(call, m.MainDepartment, places)
		if err != nil {
			return chat.Answer{}, err
		}
		if !may {
			return chat.Answer{}, chat.NoPermission{Permission: string(policy.PostAssign), Object: m.UserID}
		}
	}
	var b strings.Builder
	whose := "您"
	if m.ID != call.Member.ID {
		whose = m.Name
	}
	described, err := d.describePosts(&b, r, m, places)
	if err != nil {
		return chat.Answer{}, err
	}
	if !described {
		b.WriteString("【岗位】未设置")
		if m.Position != "" { // what WeCom calls him says not what he answers for
			fmt.Fprintf(&b, "（职务「%s」还没有说明）", m.Position)
		}
		b.WriteString("，已请人事部补充。\n")
		if err := d.askToDescribe(call, m); err != nil {
			return chat.Answer{}, err
		}
	}
	if name, duty := d.departmentDuty(m.MainDepartment, places); duty != "" {
		fmt.Fprintf(&b, "【部门职责】%s：%s\n", name, duty)
	}
	if err := d.communicationDuties(&b, call, m); err != nil {
		return chat.Answer{}, err
	}
	if err := d.viewed(&b, call, m); err != nil {
		return chat.Answer{}, err
	}
	return chat.Answer{Text: whose + "的职责\n" + strings.TrimRight(b.String(), "\n")}, nil
}

// describePosts writes the posts of a member and says whether any of them is
// described: by the rulebook or by a matrix.
func (d *Duty) describePosts(b *strings.Builder, r *store.Reader, m store.Member, places places) (described bool, err error) {
	held, err := d.people.PostsOf(r, m)
	if err != nil {
		return false, err
	}
	for _, post := range held {
		info, known := d.rules().Post(post.Name)
		nodes, err := r.NodesOfPosts([]string{post.Name}, maxNodesShown)
		if err != nil {
			return false, err
		}
		if !known && len(nodes) == 0 && !slices.Contains(post.Sources, people.Assigned) {
			continue // a position in WeCom that nobody has described
		}
		fmt.Fprintf(b, "【岗位】%s", post.Name)
		if name := places.name(post.Department); name != "" {
			fmt.Fprintf(b, "（%s）", name)
		}
		duty, authority := info.Duty, strings.Join(info.Authority, "，")
		involved, err := d.inMatrices(r, nodes, post, &duty, &authority)
		if err != nil {
			return false, err
		}
		described = described || duty != "" || len(nodes) > 0
		fmt.Fprintf(b, "\n职责：%s\n流程节点：%s\n权限范围：%s\n", orUnset(duty), orUnset(strings.Join(info.Nodes, "、")), orUnset(authority))
		b.WriteString(involved)
		contact := info.Contact
		if contact == "" {
			contact = fmt.Sprintf("发送 发通知 %s <内容>", m.Name)
		}
		fmt.Fprintf(b, "联系方式：%s\n", contact)
	}
	return described, nil
}

// inMatrices writes where a post stands in the processes and with which posts
// it has to do there: those at the same node and at the neighbouring ones. A
// duty or authority that only a matrix names is filled in.
func (d *Duty) inMatrices(r *store.Reader, nodes []store.PostNode, post people.HeldPost, duty, authority *string) (string, error) {
	var b strings.Builder
	for _, of := range chunkByProcess(nodes) {
		first := of[0]
		fmt.Fprintf(&b, "流程 %s：", strings.TrimSpace(first.Process+" "+first.Title))
		sheet, err := r.MatrixSheet(first.Matrix, first.Edition)
		if err != nil {
			return "", err
		}
		draft := draftOf(sheet)
		if own := draft.post(post.Name); own != nil {
			*duty, *authority = orEmpty(*duty, own.Duty), orEmpty(*authority, own.Authority)
		}
		var near []string
		for i, n := range draft.Nodes {
			letters := n.Letters[draft.nameOf(post.Name)]
			if len(letters) == 0 {
				continue
			}
			fmt.Fprintf(&b, "%s %s", n.Name, lettersText(letters, ""))
			if n.Key {
				b.WriteByte('*')
			}
			if n.Risk {
				b.WriteByte('!')
			}
			b.WriteString("；")
			for j := max(0, i-1); j <= min(len(draft.Nodes)-1, i+1); j++ {
				for _, p := range draft.Posts {
					if len(draft.Nodes[j].Letters[p.Name]) > 0 && store.Fold(p.Name) != store.Fold(post.Name) && !slices.Contains(near, p.Name) {
						near = append(near, p.Name)
					}
				}
			}
		}
		b.WriteByte('\n')
		if len(near) > 0 {
			fmt.Fprintf(&b, "　相关岗位：%s\n", strings.Join(near, "、"))
		}
	}
	return strings.ReplaceAll(b.String(), "；\n", "\n"), nil
}

func (d *draft) nameOf(post string) string {
	if p := d.post(post); p != nil {
		return p.Name
	}
	return post
}

func orEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// chunkByProcess groups nodes, which come sorted, by their process.
func chunkByProcess(nodes []store.PostNode) [][]store.PostNode {
	var all [][]store.PostNode
	for _, n := range nodes {
		if last := len(all) - 1; last >= 0 && all[last][0].Process == n.Process {
			all[last] = append(all[last], n)
		} else {
			all = append(all, []store.PostNode{n})
		}
	}
	return all
}

// askToDescribe raises one to-do for 人事部 while nobody has described the
// member's post (G1-2.2a AE1).
func (d *Duty) askToDescribe(call *chat.Call, m store.Member) error {
	return d.people.Raise(call.Tx, people.ToDo{
		Whom: hr, About: m.ID, App: call.App,
		Title:   "补充" + m.Name + "的岗位职责",
		Detail:  fmt.Sprintf("%s的岗位职责未设置。需要换岗位的，可发送：岗位变更 %s <岗位>；岗位本身没有说明的，请管理员在规则文件里补充。", m.Name, m.Name),
		Within:  policy.WorkSpan{Workdays: d.rules().Rules().Duty.UnsetWorkdays},
		Subject: store.Subject{Kind: "member", ID: m.ID},
		Unique:  fmt.Sprintf("duty.unset:%d", m.ID),
	})
}

// departmentDuty is the main duty of a department or of the nearest one above
// it that has one (G1-4.2(1)).
func (d *Duty) departmentDuty(id int64, places places) (name, duty string) {
	rules := d.rules()
	byID := map[int64]string{}
	for guideName := range rules.Rules().Duty.Departments {
		if found := rules.ResolveDepartment(guideName, places.org); found.Found && !found.Fallback {
			byID[found.ID] = guideName
		}
	}
	for range len(places.all) + 1 { // a loop in the tree ends
		if guideName, ok := byID[id]; ok {
			return places.name(id), rules.Rules().Duty.Departments[guideName]
		}
		department, known := places.org.Department(id)
		if !known {
			return "", ""
		}
		id = department.Parent
	}
	return "", ""
}

// communicationDuties writes the rows of G1-4.1(5) that apply to a member: he
// begins and receives, he reviews, he looks after the platform.
func (d *Duty) communicationDuties(b *strings.Builder, call *chat.Call, m store.Member) error {
	needs := map[string][]policy.Permission{
		policy.DutyInitiator: {policy.NoticeSend, policy.InquiryCreate},
		policy.DutyReviewer:  {"review.department", "review.company", "review.sensitive"},
		policy.DutyReceiver:  {policy.ItemAnswer},
		policy.DutyPlatform:  {policy.FaultPlatform},
	}
	texts := d.rules().Rules().Duty.Communication
	heading := "【沟通责任】\n"
	for _, position := range policy.CommunicationPositions() {
		if texts[position] == "" {
			continue
		}
		for _, permission := range needs[position] {
			can, err := d.people.Can(&call.Tx.Reader, m, permission, policy.Object{})
			if err != nil {
				return err
			}
			if can.Allowed {
				fmt.Fprintf(b, "%s· %s：%s\n", heading, position, texts[position])
				heading = ""
				break
			}
		}
	}
	return nil
}

// viewed records that a member has looked at his own duties; to those who look
// at somebody else's it says how often he has.
func (d *Duty) viewed(b *strings.Builder, call *chat.Call, m store.Member) error {
	err := call.Tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: "duty.viewed", Subject: store.Subject{Kind: "member", ID: m.ID}, Source: store.AuditSource(call.Source),
		Detail: map[string]any{"delivery": call.Delivery},
	})
	if err != nil {
		return err
	}
	if m.ID == call.Member.ID {
		return call.Tx.AddDutyView(m.ID)
	}
	view, err := call.Tx.DutyView(m.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		b.WriteString("本人还没有看过。\n")
		return nil
	case err == nil:
		fmt.Fprintf(b, "本人看过 %d 次，最近一次 %s。\n", view.Views, d.when(view.LastAt))
	}
	return err
}

// mayAssign says whether the caller may fill posts in a department: everywhere,
// or because he heads it or one above it.
func (d *Duty) mayAssign(call *chat.Call, department int64, places places) (bool, error) {
	for range len(places.all) + 1 { // a loop in the tree ends
		can, err := d.people.Can(&call.Tx.Reader, call.Member, policy.PostAssign, policy.Object{Department: department})
		if err != nil || can.Allowed {
			return can.Allowed, err
		}
		above, known := places.org.Department(department)
		if !known || above.Parent == 0 {
			return false, nil
		}
		department = above.Parent
	}
	return false, nil
}
