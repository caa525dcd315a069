package duty

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// keepAll is the 原岗位 of somebody who keeps what he has.
const keepAll = "无"

// change is 岗位变更: a member holds a post from now on, in place of one he was
// given before. His access follows at once by F-13, his open work is listed,
// he and the heads are told (G1-4.3.2(2)).
func (d *Duty) change(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	m := call.Person("姓名")
	if m.ID == call.Member.ID {
		return chat.Answer{}, chat.Refused{
			Reason: "不能变更自己的岗位", Clause: "G1-4.2.1(四)", Instead: "请上级或其他管理员发送：岗位变更 " + m.Name + " <岗位>",
			Denied: chat.NoPermission{Permission: string(policy.PostAssign), Object: m.UserID},
		}
	}
	places, err := d.places(r)
	if err != nil {
		return chat.Answer{}, err
	}
	post, err := d.postFor(r, m, call.Text("岗位"), places)
	if err != nil {
		return chat.Answer{}, asked("岗位", err)
	}
	for _, department := range []int64{m.MainDepartment, post.Department} {
		may, err := d.mayAssign(call, department, places)
		if err != nil {
			return chat.Answer{}, err
		}
		if !may {
			return chat.Answer{}, chat.NoPermission{Permission: string(policy.PostAssign), Object: m.UserID}
		}
	}
	if err := call.Tx.Lock(m.TableName(), m.ID); err != nil {
		return chat.Answer{}, err
	}
	held, err := d.people.PostsOf(r, m)
	if err != nil {
		return chat.Answer{}, err
	}
	if slices.ContainsFunc(held, func(h people.HeldPost) bool { return same(h, post) }) {
		return chat.Answer{}, chat.Refused{
			Reason: fmt.Sprintf("%s已经担任%s", m.Name, d.called(post, places)), Instead: "我的职责 " + m.Name,
		}
	}
	given, err := r.PostHoldingsOf(m.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	ends, err := d.ending(call, m, held, given)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(ends) == 0 && len(given) >= maxHeld {
		return chat.Answer{}, chat.Refused{Reason: fmt.Sprintf("%s已经有 %d 个任命的岗位", m.Name, len(given)), Instead: "写明原岗位，替换其中一个"}
	}
	if err := d.compatible(r, m, post, places); err != nil {
		return chat.Answer{}, err
	}
	return d.appoint(call, m, post, ends, places)
}

// asked turns a mistake into a question for the argument.
func asked(field string, err error) error {
	if m, ok := err.(mistake); ok {
		return chat.Incomplete{Field: field, Prompt: m.Error()}
	}
	return err
}

func same(h, o people.HeldPost) bool {
	return store.Fold(h.Name) == store.Fold(o.Name) && h.Department == o.Department
}

// called is a post with its department: "财务部财务经理".
func (d *Duty) called(post people.HeldPost, places places) string {
	return places.name(post.Department) + post.Name
}

// postFor is the post a member is to hold: in the department that was written,
// else where the rulebook puts it, else in his own.
func (d *Duty) postFor(r *store.Reader, m store.Member, text string, places places) (people.HeldPost, error) {
	list, err := parsePosts(text)
	if err != nil {
		return people.HeldPost{}, err
	}
	if len(list) > 1 {
		return people.HeldPost{}, wrong("一次只能任命一个岗位")
	}
	known, err := d.knownPosts(r)
	if err != nil {
		return people.HeldPost{}, err
	}
	post := people.HeldPost{Department: m.MainDepartment}
	if post.Name, err = known.find(list[0].post); err != nil {
		return post, err
	}
	info, _ := d.rules().Post(post.Name)
	if list[0].department != "" || info.Department != "" {
		post.Department, err = d.departmentOf(r, post.Name, list[0].department, places)
	}
	return post, err
}

// ending answers which of the posts a member was given ends by the change: the
// one that was named, else the only one. What comes from WeCom's position or
// the rulebook is ended there.
func (d *Duty) ending(call *chat.Call, m store.Member, held []people.HeldPost, given []store.PostHolding) ([]store.PostHolding, error) {
	names := make([]string, len(given))
	for i, h := range given {
		names[i] = h.Post
	}
	old := call.Text("原岗位")
	switch {
	case old == keepAll || old == "保留" || old == "兼任":
		return nil, nil
	case old == "" && len(given) > 1:
		return nil, chat.Incomplete{Field: "原岗位", Prompt: fmt.Sprintf("%s现在任命的岗位有 %s，这次替换哪一个？都保留请写 无", m.Name, strings.Join(names, "、"))}
	case old == "":
		return given, nil
	}
	_, bare, both := strings.Cut(old, "/")
	if !both {
		bare = old
	}
	for _, h := range given {
		if store.Fold(h.Post) == store.Fold(bare) {
			return []store.PostHolding{h}, nil
		}
	}
	for _, h := range held {
		if store.Fold(h.Name) != store.Fold(bare) {
			continue
		}
		where := "企业微信的职务"
		if slices.Contains(h.Sources, people.FromRulebook) {
			where = "规则文件的 posts"
		}
		return nil, chat.Refused{
			Reason:  fmt.Sprintf("%s的「%s」来自%s，不能在这里取消", m.Name, h.Name, where),
			Instead: fmt.Sprintf("先修改%s，或保留它：岗位变更 %s %s 无", where, m.Name, call.Text("岗位")),
		}
	}
	for _, h := range held {
		names = append(names, h.Name)
	}
	slices.Sort(names)
	now := "没有岗位"
	if names = slices.Compact(names); len(names) > 0 {
		now = "担任" + strings.Join(names, "、")
	}
	return nil, chat.Incomplete{Field: "原岗位", Prompt: fmt.Sprintf("%s没有担任「%s」，现在%s；都保留请写 无", m.Name, chat.OneLine(bare, 20), now)}
}

// compatible refuses a post whose roles may not be one person's with those he
// has (G1-4.2.1(四)).
func (d *Duty) compatible(r *store.Reader, m store.Member, post people.HeldPost, places places) error {
	conflicts, err := d.people.PostConflicts(r, m, post)
	if err != nil || len(conflicts) == 0 {
		return err
	}
	a, _ := d.rules().RoleNamed(string(conflicts[0].A.Role))
	b, _ := d.rules().RoleNamed(string(conflicts[0].B.Role))
	return chat.Refused{
		Reason:  fmt.Sprintf("%s不能担任%s：「%s」和「%s」不能由同一人担任", m.Name, d.called(post, places), a.Title, b.Title),
		Clause:  "G1-4.2.1(四)",
		Instead: "任命其他同事，或先取消其中一项",
	}
}

// appoint writes the change and what follows from it.
func (d *Duty) appoint(call *chat.Call, m store.Member, post people.HeldPost, ends []store.PostHolding, places places) (chat.Answer, error) {
	tx := call.Tx
	var left []string
	for _, h := range ends {
		if err := tx.EndPostHolding(h); err != nil {
			return chat.Answer{}, err
		}
		left = append(left, places.name(h.Department)+h.Post)
	}
	h := store.PostHolding{MemberID: m.ID, Post: post.Name, Department: post.Department}
	if err := tx.AddPostHolding(&h); err != nil {
		return chat.Answer{}, err
	}
	err := tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: "post.changed", Subject: store.Subject{Kind: "member", ID: m.ID}, Source: store.AuditSource(call.Source),
		Detail: map[string]any{"post": post.Name, "department": post.Department, "ended": len(ends), "delivery": call.Delivery},
	})
	if err != nil {
		return chat.Answer{}, err
	}
	moved, err := tx.Member(m.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	name, before := d.called(post, places), ""
	if len(left) > 0 {
		before = "，不再担任" + strings.Join(left, "、")
	}
	access, err := d.people.Reconcile(tx, moved, people.Cause{
		Kind: people.BecausePost, Reason: "岗位变更：担任" + name + before, EventKey: fmt.Sprintf("post:%d", h.ID), By: call.Member.ID,
	})
	if err != nil {
		return chat.Answer{}, err
	}
	follows := ""
	if access != nil {
		follows = "权限随之调整：原岗位的权限已收回，新增的等待确认。"
	}
	open, err := d.openWork(&tx.Reader, m)
	if err != nil {
		return chat.Answer{}, err
	}
	text := fmt.Sprintf("【岗位变更】%s自今日起担任%s%s。%s%s", m.Name, name, before, follows, open)
	if err := d.tellChange(call, moved, post, text, places); err != nil {
		return chat.Answer{}, err
	}
	if err := d.people.PostsChanged(tx); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", strings.TrimSpace(fmt.Sprintf("%s自今日起担任%s%s，已通知本人和部门主管。%s", m.Name, name, before, follows))), nil
}

// maxWork bounds the open work that is named.
const maxWork = 10

// openWork names what a member has in his hands, from every domain that holds
// work: it stays with him, and he and the heads see what may have to be passed
// on.
func (d *Duty) openWork(r *store.Reader, m store.Member) (string, error) {
	domains := d.people.HandOvers()
	var b strings.Builder
	listed, more := 0, false
	for _, name := range slices.Sorted(maps.Keys(domains)) {
		work, err := domains[name].List(r, m.ID, maxWork+1)
		if err != nil {
			return "", fmt.Errorf("open work of member %d in %s: %w", m.ID, name, err)
		}
		for _, w := range work {
			if listed == maxWork {
				more = true
				break
			}
			listed++
			fmt.Fprintf(&b, "\n· %s %s %s", domains[name].Label(), w.Number, chat.OneLine(w.Title, 24))
		}
	}
	switch {
	case listed == 0:
		return "", nil
	case more:
		b.WriteString("\n……")
	}
	return fmt.Sprintf("\n%s手上未办完的事项仍由本人办理，需要时请交接：%s", m.Name, b.String()), nil
}

// tellChange tells the member and the heads of his department and of the
// post's.
func (d *Duty) tellChange(call *chat.Call, m store.Member, post people.HeldPost, text string, places places) error {
	subject := store.Subject{Kind: "member", ID: m.ID}
	err := d.notify.Tell(call.Tx, notify.Notice{
		App: call.App, To: []int64{m.ID}, Subject: subject, Purpose: "post", Text: text + "\n可发送：我的职责",
	})
	if err != nil {
		return err
	}
	var heads []int64
	for _, id := range []int64{m.MainDepartment, post.Department} {
		department, _ := places.org.Department(id)
		heads = append(heads, department.Leaders...)
	}
	slices.Sort(heads)
	heads = slices.DeleteFunc(slices.Compact(heads), func(id int64) bool { return id == call.Member.ID || id == m.ID })
	return d.notify.Tell(call.Tx, notify.Notice{App: call.App, To: heads, Subject: subject, Purpose: "post", Text: text})
}
