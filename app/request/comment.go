package request

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

// Comment adds a remark to a request, with the attachments of the call, which
// are filed under it (评论). Whoever may read the request may comment; those who
// have to decide and the applicant are told.
func (q *Requests) Comment(call *chat.Call, number, text string) (store.Request, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	if err := elsewhere(d.request); err != nil {
		return d.request, err
	}
	if err := q.mayRead(call, d); err != nil {
		return d.request, err
	}
	if err := active(call, d); err != nil {
		return d.request, err
	}
	var ids []int64
	for _, a := range call.Attachments {
		ids = append(ids, a.ID)
	}
	if strings.TrimSpace(text) == "" && len(ids) == 0 {
		return d.request, chat.Incomplete{Field: "内容", Prompt: "请写评论的内容，也可以发送附件"}
	}
	if err := short("评论", text); err != nil {
		return d.request, err
	}
	n, err := call.Tx.CountRequestEntries(d.request.ID, store.RequestCommented)
	if err != nil {
		return d.request, err
	}
	if n >= MaxComments {
		return d.request, chat.Refused{Reason: fmt.Sprintf("%s 已有 %d 条评论", d.request.Number, n), Instead: "直接联系相关同事"}
	}
	if err := q.ownAttachments(&call.Tx.Reader, call.Member.ID, d.request.Subject(), ids); err != nil {
		return d.request, err
	}
	return d.request, q.comment(call, d, text, ids)
}

func (q *Requests) comment(call *chat.Call, d *dossier, text string, ids []int64) error {
	tx, step := call.Tx, int64(0)
	told := []int64{d.request.ApplicantID}
	if now := d.step(); now != nil {
		step = now.ID
		told = append(told, membersOf(d.of(step, store.DeciderOpen))...)
	}
	told = slices.DeleteFunc(distinct(told), func(id int64) bool { return id == call.Member.ID })
	if len(ids) > 0 {
		text = strings.TrimSpace(fmt.Sprintf("%s（附件 %d 个）", text, len(ids)))
	}
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	if err := tx.FileAttachments(d.request.Subject(), ids...); err != nil {
		return err
	}
	if err := q.enterHistory(tx, d.request, step, actOf(call), store.RequestCommented, text, change{}); err != nil {
		return err
	}
	return q.tell(tx, d.request, told, fmt.Sprintf("【评论】%s 评论了%s：%s", call.Member.Name, q.name(d.request), cmp.Or(text, "见附件")))
}
