// Package communication keeps 沟通事项: questions put to a department (咨询)
// and notices to people (发通知), each tracked until it is answered (guide
// G1-4.1(4)b, G1-2.2c, S03).
//
//	kind     state      收到          回复      有疑问    转交  已解决  未解决  补充  撤回       催办
//	inquiry  open       open          answered  open      open  closed  –       open  withdrawn  open
//	inquiry  answered   answered      answered  answered  open  closed  open    open  withdrawn  –
//	inquiry  closed     –             –         –         –     –       –       –     –          –
//	inquiry  withdrawn  –             –         –         –     –       –       –     –          –
//	notice   open       open/closed*  closed*   open      open  –       –       open  withdrawn  open
//	notice   closed     –             –         –         –     –       –       –     –          –
//	notice   withdrawn  –             –         –         –     –       –       –     –          –
//
// a/b: a where a reply is owed, b where 收到 is enough. * a notice closes when
// the clock of its last receiver stops (AE9). An answered inquiry whose asker
// says nothing closes by itself. – is refused and changes nothing.
//
// Receivers do the first four, the sender the others; 催办 is also for those
// above one of the two.
package communication

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
	"guiju/store/queue"
)

// Purposes of the notices of this package; itemPurpose carries clocks.
const (
	itemPurpose   = "item"
	answerPurpose = "answer"
	eventPurpose  = "item.event"
)

const (
	maxReceivers = 100  // of one notice
	maxHistory   = 200  // lines of one item that are read
	maxBody      = 2000 // characters of a question, notice or reply
)

// Communication is the domain.
type Communication struct {
	notify *notify.Notifier
	clocks *response.Clocks
	people *people.People
	rules  notify.Rules
	log    *slog.Logger
}

// New builds the domain and registers its cards and hooks.
func New(n *notify.Notifier, clocks *response.Clocks, p *people.People, rules notify.Rules, log *slog.Logger) *Communication {
	c := &Communication{notify: n, clocks: clocks, people: p, rules: rules, log: log}
	n.Card(itemCard, c.drawItem)
	n.Card(answerCard, c.drawAnswer)
	delivered := func(tx *store.Tx, d notify.Delivered) error {
		return clocks.Delivered(tx, d.Message.Subject(), d.Members, d.At)
	}
	n.OnDelivered(itemPurpose, delivered)
	n.OnDelivered(itemPurpose+".again", delivered)
	clocks.OnUndelivered("item", c.forward)
	clocks.OnAway("item", c.standIn)
	clocks.AlsoWaiting("待我确认是否解决", func(r *store.Reader, member int64, limit int) ([]response.Waiting, error) {
		items, err := r.ItemLinesSent(member, store.ItemAnswered, limit)
		var all []response.Waiting
		for _, item := range items {
			all = append(all, response.Waiting{Number: item.Number, Title: title(store.Item{Kind: item.Kind, Body: item.Body}), Hint: "已解决 " + item.Number})
		}
		return all, err
	}, func(p store.Pending) bool { return p.Answered })
	return c
}

// Register gives the queue the workers.
func (c *Communication) Register(q *queue.Queue) {
	queue.Register(q, c.closeUnanswered, queue.Deadline())
}

// The kinds of record a number may mean.
const (
	received = "item.received" // items the member must or may answer
	asked    = "item.asked"    // items the member sent
)

// RegisterChat adds the commands and what their numbers mean.
func (c *Communication) RegisterChat(engine *chat.Engine) error {
	if err := engine.RegisterRecords(received, records{c, (*store.Reader).ItemsReceived}); err != nil {
		return err
	}
	if err := engine.RegisterRecords(asked, records{c, (*store.Reader).ItemsSent}); err != nil {
		return err
	}
	return engine.Register(c.Commands()...)
}

// Commands are what members can say to this domain, in the order of the help.
func (c *Communication) Commands() []chat.Command {
	const group = "沟通"
	number := func(kind string) chat.Arg {
		return chat.Arg{Name: "编号", Kind: chat.Number, Record: kind, Required: true, Prompt: "请问是哪一条？"}
	}
	words := func(prompt string) chat.Arg {
		return chat.Arg{Name: "内容", Kind: chat.Text, Required: true, Rest: true, Prompt: prompt}
	}
	important := chat.Arg{Name: "重要", Kind: chat.YesNo, Keyed: true}
	urgent := chat.Arg{Name: "紧急", Kind: chat.YesNo, Keyed: true}
	latest := number(received)
	latest.Newest = true
	anyNumber := number(received + " " + asked)
	anyNumber.Any = true
	return []chat.Command{
		{
			Name: "咨询", Group: group, Permission: string(policy.InquiryCreate), Attach: true,
			Summary: "提一个问题，自动转给负责的部门", Usage: "咨询 <内容> [重要] [紧急]", Example: "咨询 报销发票抬头怎么写",
			Args: []chat.Arg{important, urgent, words("请输入要咨询的内容")}, Run: c.ask,
		},
		{
			Name: "发通知", Group: group, Permission: string(policy.NoticeSend), Attach: true,
			Summary: "通知同事或部门，并跟踪回应", Usage: "发通知 <对象> <内容> [重要] [需回复]", Example: "发通知 销售部 今晚八点系统停机 重要 需回复",
			Args: []chat.Arg{
				{Name: "对象", Kind: chat.Audience, Required: true, Prompt: "请问要通知谁？可以写姓名、部门，多个用顿号隔开"},
				important, urgent, {Name: "需回复", Kind: chat.YesNo, Keyed: true},
				words("请输入通知内容"),
			}, Run: c.inform,
		},
		{
			Name: "收到", Group: group, Permission: string(policy.ItemAnswer),
			Summary: "确认已收到", Usage: "收到 [编号]", Example: "收到 12", Args: []chat.Arg{latest}, Run: c.acknowledge,
		},
		{
			Name: "回复", Group: group, Permission: string(policy.ItemAnswer), Attach: true,
			Summary: "回复一条咨询或通知", Usage: "回复 [编号] <内容>", Example: "回复 12 抬头写公司全称",
			Args: []chat.Arg{number(received), words("请输入回复内容")}, Run: c.reply,
		},
		{
			Name: "有疑问", Group: group, Permission: string(policy.ItemAnswer),
			Summary: "向发起人追问，时限不变", Usage: "有疑问 [编号] <内容>", Example: "有疑问 12 是哪一张发票",
			Args: []chat.Arg{number(received), words("请问您的疑问是什么？")}, Run: c.doubt,
		},
		{
			Name: "转交", Group: group, Permission: string(policy.ItemAnswer),
			Summary: "请同事代为答复，时限重新计算", Usage: "转交 [编号] <姓名>", Example: "转交 12 林秀",
			Args: []chat.Arg{number(received), {Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问转交给谁？"}}, Run: c.pass,
		},
		{
			Name: "已解决", Group: group, Permission: string(policy.InquiryCreate),
			Summary: "确认问题已解决", Usage: "已解决 [编号]", Example: "已解决 12", Args: []chat.Arg{number(asked)}, Run: c.resolve,
		},
		{
			Name: "未解决", Group: group, Permission: string(policy.InquiryCreate),
			Summary: "问题没解决，请对方重新答复", Usage: "未解决 [编号] [说明]", Example: "未解决 12 还是登录不上",
			Args: []chat.Arg{number(asked), {Name: "说明", Kind: chat.Text, Rest: true}}, Run: c.reopen,
		},
		{
			Name: "补充", Group: group, Permission: string(policy.InquiryCreate), Attach: true,
			Summary: "给已发出的咨询或通知补充内容", Usage: "补充 [编号] <内容>", Example: "补充 12 发票是增值税专用发票",
			Args: []chat.Arg{number(asked), words("请输入要补充的内容")}, Run: c.add,
		},
		{
			Name: "催办", Group: group, Permission: string(policy.ItemAnswer),
			Summary: "提醒还没有回应的人", Usage: "催办 [编号]", Example: "催办 12",
			Args: []chat.Arg{{Name: "编号", Kind: chat.Number, Record: asked, Required: true, Prompt: "请问催办哪一条？"}}, Run: c.urge,
		},
		{
			Name: "撤回", Group: group, Permission: string(policy.InquiryCreate),
			Summary: "撤回自己发出的咨询或通知", Usage: "撤回 [编号]", Example: "撤回 12", Args: []chat.Arg{number(asked)}, Run: c.withdraw,
		},
		{
			Name: "已知悉", Group: group, Permission: string(policy.ItemAnswer), Hidden: true,
			Summary: "知悉下属超时", Usage: "已知悉 <编号>", Example: "已知悉 M20260302-0001", Args: []chat.Arg{anyNumber}, Run: c.note,
		},
		{
			Name: "追溯", Aliases: []string{"查询"}, Group: "查询", Permission: string(policy.ItemTrace),
			Summary: "查看一条事项的来龙去脉", Usage: "追溯 <编号>", Example: "追溯 M20260302-0001", Args: []chat.Arg{anyNumber}, Run: c.trace,
		},
	}
}

// records lists open items for shortened and omitted numbers.
type records struct {
	c    *Communication
	list func(r *store.Reader, member int64, states []store.ItemState, limit int) ([]store.Item, error)
}

// Open implements chat.Records.
func (rs records) Open(r *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	rows := func(limit int) ([]store.Item, error) { return rs.list(r, q.Member, store.OpenItems, limit) }
	return chat.Fitting(q, rows, func(i store.Item) chat.Record {
		return chat.Record{Number: i.Number, Title: title(i), Subject: i.Subject()}
	})
}

// Attach implements chat.Attacher: what a member sends without a command while
// one item of his is open belongs to that item.
func (rs records) Attach(call *chat.Call, to chat.Record, a store.Attachment) (chat.Answer, error) {
	item, err := rs.c.called(call.Tx, to.Number)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := rs.c.enter(call, item, store.EntryAttached, chat.MediaName(a.Kind)); err != nil {
		return chat.Answer{}, err
	}
	text := fmt.Sprintf("【补充】%s 给 %s「%s」补充了%s。", call.Member.Name, item.Number, chat.OneLine(item.Body, 20), chat.MediaName(a.Kind))
	if err := rs.c.tellOthers(call, item, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(item.Number, "已把"+chat.MediaName(a.Kind)+"记入「"+chat.OneLine(item.Body, 20)+"」。"), nil
}

// called takes the item people call number for a decision about it.
func (c *Communication) called(tx *store.Tx, number string) (store.Item, error) {
	item, err := tx.ItemByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return item, chat.NotFound{Number: number}
	}
	if err != nil {
		return item, err
	}
	return c.locked(tx, item.ID)
}

// locked takes an item for a decision about it.
func (c *Communication) locked(tx *store.Tx, id int64) (store.Item, error) {
	if err := tx.Lock("items", id); err != nil {
		return store.Item{}, err
	}
	return tx.Item(id)
}

// asReceiver takes an item the member is a receiver of. Whoever is not gets
// the answer of a number that does not exist.
func (c *Communication) asReceiver(call *chat.Call) (store.Item, error) {
	item, err := c.called(call.Tx, call.Number("编号"))
	if err != nil {
		return item, err
	}
	parties, err := call.Tx.ItemParties(item.ID)
	if err != nil {
		return item, err
	}
	for _, p := range parties {
		if p.MemberID != call.Member.ID {
			continue
		}
		if !p.Active {
			return item, chat.Refused{Reason: item.Number + " 已转交他人", Instead: "追溯 " + item.Number}
		}
		return item, c.stillOpen(item)
	}
	if item.SenderID == call.Member.ID {
		return item, chat.Refused{Reason: item.Number + " 是您自己发出的", Instead: "补充 " + item.Number + " <内容>"}
	}
	return item, chat.NotFound{Number: item.Number}
}

// asSender takes an item the member sent.
func (c *Communication) asSender(call *chat.Call) (store.Item, error) {
	item, err := c.called(call.Tx, call.Number("编号"))
	if err != nil {
		return item, err
	}
	if item.SenderID != call.Member.ID {
		return item, chat.NotFound{Number: item.Number}
	}
	return item, c.stillOpen(item)
}

func (c *Communication) stillOpen(item store.Item) error {
	switch item.State {
	case store.ItemClosed:
		return chat.Refused{Reason: item.Number + " 已经办结", Instead: "追溯 " + item.Number}
	case store.ItemWithdrawn:
		return chat.Refused{Reason: item.Number + " 已被发起人撤回", Instead: "追溯 " + item.Number}
	}
	return nil
}

// enter adds what the caller did to the item's history and to the audit.
func (c *Communication) enter(call *chat.Call, item store.Item, kind store.EntryKind, text string) error {
	err := call.Tx.AddEntry(store.ItemEntry{
		ItemID: item.ID, MemberID: call.Member.ID, Kind: kind, Text: text,
		Source: string(call.Source), DeliveryID: call.Delivery, At: call.At,
	})
	if err != nil {
		return err
	}
	return call.Tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: "item." + string(kind), Subject: item.Subject(), Source: store.AuditSource(call.Source),
		Detail: map[string]any{"number": item.Number, "delivery": call.Delivery},
	})
}

// receivers answers the active receivers of an item.
func (c *Communication) receivers(r *store.Reader, item store.Item) ([]int64, error) {
	parties, err := r.ItemParties(item.ID)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, p := range parties {
		if p.Active {
			ids = append(ids, p.MemberID)
		}
	}
	return ids, nil
}

// tellOthers tells the other side of an item what the caller has done: the
// receivers if he is the sender, else the sender.
func (c *Communication) tellOthers(call *chat.Call, item store.Item, text string) error {
	to := []int64{item.SenderID}
	if call.Member.ID == item.SenderID {
		var err error
		if to, err = c.receivers(&call.Tx.Reader, item); err != nil {
			return err
		}
	}
	return c.tell(call.Tx, item, to, eventPurpose, text)
}

// tell sends text about an item, in as many messages as it needs.
func (c *Communication) tell(tx *store.Tx, item store.Item, to []int64, purpose, text string) error {
	for _, part := range chat.Split(text) {
		err := c.notify.Tell(tx, notify.Notice{
			App: item.App, To: to, Text: part, Subject: item.Subject(), Purpose: purpose,
			Important: item.Class == string(policy.Important),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// title is one line that tells an item apart.
func title(item store.Item) string {
	first, _, _ := strings.Cut(strings.TrimSpace(item.Body), "\n")
	return kindWord(item) + "：" + chat.OneLine(first, titleText)
}

func kindWord(item store.Item) string {
	if item.Kind == store.NoticeItem {
		return "通知"
	}
	return "咨询"
}

func (c *Communication) when(t time.Time) string {
	return c.rules().Calendar().Moment(t)
}
