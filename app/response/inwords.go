package response

import (
	"fmt"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
)

// InWords makes the reminders about a kind of subject texts without a card,
// for what can only be done elsewhere: advice says where, in Chinese, as the
// end of the text.
func (c *Clocks) InWords(subjectKind, advice string) { c.inWords[subjectKind] = advice }

// remindInWords is tellReceiver without a card: WeCom's own 审批 app takes no
// decision from a card of ours.
func (c *Clocks) remindInWords(tx *store.Tx, clock store.Clock, level policy.Level, purpose, text, advice string) error {
	return c.notify.Tell(tx, notify.Notice{
		App: clock.App, To: []int64{clock.ReceiverID}, Text: text + "。\n" + advice, Subject: subjectOf(clock),
		Purpose: purpose, Important: clock.Class == string(policy.Important), Asks: true,
		Unique: fmt.Sprintf("%s:%d:%d", purpose, clock.ID, level),
	})
}
