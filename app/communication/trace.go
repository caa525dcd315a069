package communication

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// trace is 追溯: what became of an item, for its parties, those above them and
// administrators (G1-4.1(5)).
func (c *Communication) trace(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	number, err := c.whole(r, call.Member.ID, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	item, err := r.ItemByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	visible, err := c.visible(call, item)
	if err != nil {
		return chat.Answer{}, err
	}
	if !visible {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	text, err := c.story(r, item)
	return chat.Answer{Text: text}, err
}

// whole completes a shortened number that means none of the member's open
// items: the newest of his items, ended ones included, that ends in it.
func (c *Communication) whole(r *store.Reader, member int64, number string) (string, error) {
	const scanned = 500
	wanted := chat.Sequence("-" + number)
	if strings.Contains(number, "-") || wanted <= 0 {
		return number, nil
	}
	every := []store.ItemState{store.ItemOpen, store.ItemAnswered, store.ItemClosed, store.ItemWithdrawn}
	sent, err := r.ItemsSent(member, every, scanned)
	if err != nil {
		return "", err
	}
	got, err := r.ItemsReceived(member, every, scanned)
	if err != nil {
		return "", err
	}
	best := store.Item{Number: number}
	for _, item := range append(sent, got...) {
		if item.ID > best.ID && chat.Sequence(item.Number) == wanted {
			best = item
		}
	}
	return best.Number, nil
}

// visible says whether the caller may see an item.
func (c *Communication) visible(call *chat.Call, item store.Item) (bool, error) {
	r := &call.Tx.Reader
	if item.SenderID == call.Member.ID {
		return true, nil
	}
	parties, err := r.ItemParties(item.ID)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(parties, func(p store.ItemParty) bool { return p.MemberID == call.Member.ID }) {
		return true, nil
	}
	above, err := c.above(r, item, call.Member.ID)
	if err != nil || above {
		return above, err
	}
	return call.Permits.Permit(call, string(policy.LogRead), item.Number)
}

// above says whether a member stands directly above one of the item's people.
func (c *Communication) above(r *store.Reader, item store.Item, member int64) (bool, error) {
	people := []int64{item.SenderID}
	parties, err := r.ItemParties(item.ID)
	if err != nil {
		return false, err
	}
	for _, p := range parties {
		people = append(people, p.MemberID)
	}
	for _, id := range people {
		if above, err := c.people.StandsOver(r, member, id); err != nil || above {
			return above, err
		}
	}
	return false, nil
}

var stateWords = map[store.ItemState]string{
	store.ItemOpen: "等待回应", store.ItemAnswered: "已答复，等待确认", store.ItemClosed: "已办结", store.ItemWithdrawn: "已撤回",
}

var clockWords = map[store.ClockState]string{
	store.ClockWaiting: "等待送达", store.ClockRunning: "计时中", store.ClockAcked: "已收到，待回复",
	store.ClockBreached: "已超时", store.ClockMet: "按时回应", store.ClockLate: "超时回应",
	store.ClockMoved: "已转交", store.ClockCancelled: "无需回应", store.ClockMissed: "未送达",
}

var entryWords = map[store.EntryKind]string{
	store.EntryAsked: "提出咨询", store.EntrySent: "发出通知", store.EntryAdded: "补充", store.EntryAcked: "收到",
	store.EntryReplied: "回复", store.EntryDoubted: "有疑问", store.EntryResolved: "确认已解决",
	store.EntryUnresolved: "表示未解决", store.EntryPassed: "", store.EntryUrged: "催办", store.EntryNoted: "已知悉",
	store.EntryWithdrawn: "撤回", store.EntryAttached: "补充", store.EntryClosed: "无人确认，自动办结", store.EntryMissed: "",
}

// story tells an item in the order of G1-4.1(5): who began it, how it was
// routed, what the receivers did, what the platform did.
func (c *Communication) story(r *store.Reader, item store.Item) (string, error) {
	names := map[int64]string{0: "系统"}
	name := func(id int64) (string, error) {
		if n, ok := names[id]; ok {
			return n, nil
		}
		m, err := r.Member(id)
		if err != nil {
			return "", err
		}
		names[id] = m.Name
		return m.Name, nil
	}
	var b strings.Builder
	sender, err := name(item.SenderID)
	if err != nil {
		return "", err
	}
	class := "普通"
	if item.Class == string(policy.Important) {
		class = "重要"
	}
	fmt.Fprintf(&b, "%s %s（%s，%s）\n", item.Number, title(item), class, stateWords[item.State])
	fmt.Fprintf(&b, "【发起】%s %s：%s\n", c.when(item.CreatedAt), sender, chat.OneLine(item.Body, 100))
	if item.Department != "" {
		fmt.Fprintf(&b, "【分派】%s", item.Department)
		if item.Topic != "" {
			fmt.Fprintf(&b, "（内容含“%s”，依据 G1-4.2(1)）", item.Topic)
		}
		b.WriteByte('\n')
	}

	clocks, err := r.ClocksOf(item.Subject(), maxHistory)
	if err != nil {
		return "", err
	}
	b.WriteString("【接收】\n")
	for _, clock := range clocks {
		receiver, err := name(clock.ReceiverID)
		if err != nil {
			return "", err
		}
		if clock.DeputyFor != 0 {
			absent, err := name(clock.DeputyFor)
			if err != nil {
				return "", err
			}
			receiver += "（代" + absent + "）"
		}
		fmt.Fprintf(&b, "· %s：%s", receiver, clockWords[clock.State])
		if clock.DueAt != nil {
			fmt.Fprintf(&b, "，送达 %s，时限 %s", c.when(*clock.DeliveredAt), c.when(*clock.DueAt))
		}
		if clock.State == store.ClockLate {
			fmt.Fprintf(&b, "，迟 %d 分钟", (clock.LateSeconds+59)/60)
		}
		b.WriteByte('\n')
	}

	if err := c.listAttachments(&b, r, item, name); err != nil {
		return "", err
	}
	entries, err := r.ItemEntries(item.ID, maxHistory)
	if err != nil {
		return "", err
	}
	b.WriteString("【经过】\n")
	for _, e := range entries {
		who, err := name(e.MemberID)
		if err != nil {
			return "", err
		}
		line := entryWords[e.Kind]
		if e.Text != "" && e.Kind != store.EntryAsked && e.Kind != store.EntrySent {
			if line != "" {
				line += "："
			}
			line += chat.OneLine(e.Text, 100)
		}
		fmt.Fprintf(&b, "· %s %s %s\n", c.when(e.At), who, line)
	}
	return strings.TrimRight(b.String(), "\n"), nil
}

// listAttachments names what belongs to an item besides words.
func (c *Communication) listAttachments(b *strings.Builder, r *store.Reader, item store.Item, name func(int64) (string, error)) error {
	list, err := r.AttachmentsOf(item.Subject())
	if err != nil || len(list) == 0 {
		return err
	}
	b.WriteString("【附件】\n")
	for _, a := range list {
		who, err := name(a.MemberID)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "· %s %s %s", c.when(a.CreatedAt), who, chat.MediaName(a.Kind))
		if a.Name != "" {
			fmt.Fprintf(b, "「%s」", chat.OneLine(a.Name, titleText))
		}
		switch {
		case a.Path != "":
			fmt.Fprintf(b, "（已保存，%s）", bytes(a.Size))
		case a.MediaID != "":
			b.WriteString("（未保存）")
		}
		b.WriteByte('\n')
	}
	return nil
}

// bytes is a size as people read it.
func bytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d 字节", n)
	}
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
