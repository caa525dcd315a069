package communication

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// ask opens an inquiry (咨询): its topic finds the department, the department
// its answerer, never the asker (G1-4.2(1)).
func (c *Communication) ask(call *chat.Call) (chat.Answer, error) {
	body := call.Text("内容")
	if err := fits(body); err != nil {
		return chat.Answer{}, err
	}
	rules := c.rules()
	org, err := c.people.Org(&call.Tx.Reader)
	if err != nil {
		return chat.Answer{}, err
	}
	route := rules.Route(body)
	answerer := rules.Answerer(route.Department, route.Post, call.Member.ID, org)
	if len(answerer.Members) == 0 {
		return chat.Answer{}, chat.Refused{
			Reason: "暂时没有人可以答复「" + route.Department + "」的问题", Clause: "G1-4.2(1)",
			Instead: "请联系管理员设置该部门的负责人",
		}
	}
	item := c.newItem(call, store.InquiryItem, body, rules)
	item.NeedsReply = true
	item.Topic, item.Department, item.Rule = route.Word, answerer.Department.Name, route.Rule
	item.Why = route.Why.String() + "\n" + answerer.Why.String()
	receivers, err := c.open(call, &item, answerer.Members[:1], store.EntryAsked)
	if err != nil {
		return chat.Answer{}, err
	}
	receiver, err := c.firstReceiver(&call.Tx.Reader, receivers, answerer.Department)
	if err != nil {
		return chat.Answer{}, err
	}
	answer := chat.Accepted(item.Number, fmt.Sprintf("已转给%s，最晚 %s 前答复。",
		receiver, c.when(rules.Due(policy.Class(item.Class), call.Tx.Now()).Due)))
	answer.Subject = item.Subject()
	return answer, nil
}

// inform opens a notice (发通知): direct, without review, one clock for each
// receiver.
func (c *Communication) inform(call *chat.Call) (chat.Answer, error) {
	body := call.Text("内容")
	if err := fits(body); err != nil {
		return chat.Answer{}, err
	}
	if err := c.proper(call, body); err != nil {
		return chat.Answer{}, err
	}
	to, err := c.audience(call, call.Audience("对象"))
	if err != nil {
		return chat.Answer{}, err
	}
	item := c.newItem(call, store.NoticeItem, body, c.rules())
	item.NeedsReply = call.Yes("需回复")
	if _, err := c.open(call, &item, to, store.EntrySent); err != nil {
		return chat.Answer{}, err
	}
	wanted := "请对方确认收到"
	if item.NeedsReply {
		wanted = "请对方回复"
	}
	due := c.rules().Due(policy.Class(item.Class), call.Tx.Now()).Due
	answer := chat.Accepted(item.Number, fmt.Sprintf("已通知 %d 人，%s，最晚 %s。", len(to), wanted, c.when(due)))
	answer.Subject = item.Subject()
	return answer, nil
}

// proper holds a notice to the company's language (G1-4.1(4)a): by default the
// sender is warned once and may insist.
func (c *Communication) proper(call *chat.Call, body string) error {
	language := c.rules().Language(body)
	if len(language.Found) == 0 {
		return nil
	}
	reason := "有不合适的用语：" + strings.Join(language.Found, "、")
	switch language.Level {
	case policy.Block, policy.Require:
		return chat.Refused{Reason: reason, Clause: language.Clause, Instead: "换一种专业、简洁的说法再发"}
	case policy.Warn:
		if !call.Insists {
			return chat.Warned{Reason: reason, Clause: language.Clause}
		}
	}
	return call.Tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: "violation.recorded", Source: store.AuditSource(call.Source),
		Subject: store.Subject{Kind: "delivery", ID: call.Delivery}, Detail: map[string]any{"check": "VIO-15", "found": len(language.Found)},
	})
}

// audience resolves who a notice goes to: at most a hundred present people,
// without the sender.
func (c *Communication) audience(call *chat.Call, a chat.Recipients) ([]int64, error) {
	r := &call.Tx.Reader
	members := a.People
	if len(a.Departments) > 0 {
		ids := make([]int64, len(a.Departments))
		for i, d := range a.Departments {
			ids[i] = d.ID
		}
		in, err := c.people.In(r, ids, maxReceivers+2)
		if err != nil {
			return nil, err
		}
		members = append(members, in...)
	}
	if a.All {
		everybody, err := c.people.Everybody(r, maxReceivers+2)
		if err != nil {
			return nil, err
		}
		members = append(members, everybody...)
	}
	seen := map[int64]bool{call.Member.ID: true}
	var to []int64
	for _, m := range members {
		if !seen[m.ID] {
			seen[m.ID] = true
			to = append(to, m.ID)
		}
	}
	switch {
	case len(to) == 0:
		return nil, chat.Refused{Reason: "除了您自己，没有可以通知的人", Instead: "写同事的姓名或有成员的部门"}
	case len(to) > maxReceivers:
		return nil, chat.Refused{Reason: fmt.Sprintf("一次最多通知 %d 人", maxReceivers), Instead: "分部门发送"}
	}
	return to, nil
}

// newItem fills what every item has. Words like 紧急 in the text count as if
// they had been given (route.keywords).
func (c *Communication) newItem(call *chat.Call, kind store.ItemKind, body string, rules *policy.Engine) store.Item {
	signals := rules.Signals(body)
	importance, urgency := signals.Importance, signals.Urgency
	if call.Yes("重要") {
		importance = policy.ImportanceImportant
	}
	if call.Yes("紧急") {
		urgency = policy.UrgencyHigh
	}
	return store.Item{
		Kind: kind, SenderID: call.Member.ID, App: call.App, Body: body, State: store.ItemOpen, Phase: 1,
		Importance: string(importance), Urgency: string(urgency), Class: string(rules.Class(importance, urgency).Class),
		Rulebook: rules.Version(), DeliveryID: call.Delivery,
	}
}

// open stores an item, opens the clocks of its receivers or of those who stand
// in for them, and shows it to them. It answers who received it.
func (c *Communication) open(call *chat.Call, item *store.Item, to []int64, kind store.EntryKind) ([]int64, error) {
	number, err := call.Tx.Number("M")
	if err != nil {
		return nil, err
	}
	item.Number = number
	if err := call.Tx.AddItem(item); err != nil {
		return nil, err
	}
	if err := c.enter(call, *item, kind, item.Body); err != nil {
		return nil, err
	}
	return c.deliver(call.Tx, *item, to)
}

// deliver makes members receivers of an item and shows it to them. While one
// of them is away his deputy takes his place (G1-4.1(4)b AE6). It answers who
// received it.
func (c *Communication) deliver(tx *store.Tx, item store.Item, to []int64) ([]int64, error) {
	var receivers []int64
	taken := map[int64]bool{item.SenderID: true}
	for _, member := range to {
		receiver, deputyFor, err := c.clocks.Stand(&tx.Reader, member, tx.Now())
		if err != nil {
			return nil, err
		}
		if taken[receiver] {
			// A deputy who is the sender, or a receiver already, cannot stand in.
			if receiver, deputyFor = member, 0; taken[receiver] {
				continue
			}
		}
		taken[receiver] = true
		receivers = append(receivers, receiver)
		if err := tx.PutParty(store.ItemParty{ItemID: item.ID, MemberID: receiver, DeputyFor: deputyFor, Active: true}); err != nil {
			return nil, err
		}
		_, err = c.clocks.Open(tx, response.Opening{
			Subject: item.Subject(), Number: item.Number, Title: title(item), App: item.App,
			Class: policy.Class(item.Class), NeedsReply: item.NeedsReply,
			Sender: item.SenderID, Receiver: receiver, DeputyFor: deputyFor,
		})
		if err != nil {
			return nil, err
		}
	}
	return receivers, c.show(tx, item, receivers)
}

// show sends the item's card to receivers, after its full text where the card
// would cut it.
func (c *Communication) show(tx *store.Tx, item store.Item, to []int64) error {
	if len([]rune(item.Body)) > cardText {
		sender, err := tx.Member(item.SenderID)
		if err != nil {
			return err
		}
		// The first line is ours: nobody's words pass for the app's own.
		text := fmt.Sprintf("%s 的%s %s 全文：\n%s", sender.Name, kindWord(item), item.Number, item.Body)
		if err := c.tell(tx, item, to, eventPurpose, text); err != nil {
			return err
		}
	}
	return c.notify.Tell(tx, notify.Notice{
		App: item.App, To: to, Card: itemCard, Subject: item.Subject(), Purpose: itemPurpose,
		Text: item.Number + " " + title(item), Important: item.Class == string(policy.Important), Asks: true,
	})
}

// forward gives an item that did not reach its receiver to somebody else.
func (c *Communication) forward(tx *store.Tx, missed store.Clock, to int64) error {
	item, err := c.locked(tx, missed.SubjectID)
	if err != nil || !item.Open() {
		return err
	}
	member, err := tx.Member(to)
	if err != nil {
		return err
	}
	err = tx.AddEntry(store.ItemEntry{ItemID: item.ID, Kind: store.EntryMissed, Text: "未送达，转交" + member.Name, Source: "job", At: tx.Now()})
	if err != nil {
		return err
	}
	if err := tx.PutParty(store.ItemParty{ItemID: item.ID, MemberID: missed.ReceiverID}); err != nil {
		return err
	}
	if to == item.SenderID {
		return nil // he is told that it did not arrive; he cannot answer himself
	}
	current, err := c.receivers(&tx.Reader, item)
	if err != nil {
		return err
	}
	for _, id := range current {
		if id == to {
			return nil
		}
	}
	_, err = c.deliver(tx, item, []int64{to})
	return err
}

// firstReceiver names who answers: 财务部何静, or, when nobody of the department
// itself can, 高总（总经理办公室）.
func (c *Communication) firstReceiver(r *store.Reader, ids []int64, department policy.DepartmentDecision) (string, error) {
	if len(ids) == 0 {
		return "", nil
	}
	member, err := r.Member(ids[0])
	if err != nil {
		return "", err
	}
	if member.MainDepartment == department.ID {
		return department.Name + member.Name, nil
	}
	return c.people.Label(r, member)
}

func fits(text string) error {
	if n := len([]rune(text)); n > maxBody {
		return chat.Refused{Reason: fmt.Sprintf("内容有 %d 字，最多 %d 字", n, maxBody), Instead: "分几条发送，或发送文件"}
	}
	return nil
}
