package app

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/wecom"
)

// react connects what happens in one part with what it causes in another.
func (a *App) react() {
	a.notify.OnRefused(a.undeliverable)
	a.people.OnLeave(a.comm.Leave)
	a.notify.Card(questionCard, a.drawQuestion)
}

// undeliverable is what follows when a message will not reach somebody: the
// clock of an item passes to the 部门主管, who tells the sender and the
// administrators; a question is asked by text; of anything else the
// administrators are told (G1-4.1(5) AE1).
func (a *App) undeliverable(tx *store.Tx, r notify.Refused) error {
	if r.Message.SubjectKind == "item" && r.Message.CardKind != "" {
		return a.clocks.Refused(tx, r.Message.Subject(), r.Members, r.Why)
	}
	if r.Message.CardKind == questionCard {
		return a.askByText(tx, r)
	}
	if r.Message.Purpose == "fault" {
		a.log.Error("administrators cannot be reached", "message", r.Message.ID)
		return nil // a fault about a fault would never end
	}
	administrators, err := a.people.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	members, err := tx.Members(r.Members)
	if err != nil {
		return err
	}
	for _, m := range members {
		err := a.notify.Tell(tx, notify.Notice{
			App: r.Message.App, To: administrators, Purpose: "fault", Subject: r.Message.Subject(), Important: true,
			Text:   fmt.Sprintf("【发送失败】发给%s（%s）的一条消息没有送达：%s。请检查应用的可见范围和成员状态。", m.Name, m.UserID, r.Why),
			Unique: fmt.Sprintf("undeliverable:%d:%d", r.Message.ID, m.ID),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sendTexts plans the texts of an answer that does not fit the HTTP response.
func (a *App) sendTexts(tx *store.Tx, h Handled, delivery int64, texts []string) error {
	for i, text := range texts {
		err := a.notify.Tell(tx, notify.Notice{
			App: h.App, To: []int64{h.Member}, Text: text, Purpose: "reply", Prompt: true,
			Subject: store.Subject{Kind: "delivery", ID: delivery},
			Unique:  fmt.Sprintf("reply:%d:%d:%d", delivery, len(texts), i),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tellFailure tells a member that his message was kept although handling it
// failed (guide E2.0, internal error).
func (a *App) tellFailure(tx *store.Tx, delivery int64, userid, app string) error {
	if userid == "" {
		return nil
	}
	member, _, err := a.people.Identify(tx, userid)
	if err != nil {
		return err
	}
	return a.notify.Tell(tx, notify.Notice{
		App: app, To: []int64{member.ID}, Purpose: "reply", Prompt: true,
		Text:    chat.Internal(strconv.FormatInt(delivery, 10)).Text + "，您的消息已保存，会自动重试，不用重发。",
		Subject: store.Subject{Kind: "delivery", ID: delivery},
		Unique:  fmt.Sprintf("failed:%d", delivery),
	})
}

// permits asks the policy on behalf of the chat.
type permits struct{ a *App }

// Permit implements chat.Permits. Objects are not resolved here: a domain that
// decides by the object asks about its own.
func (p permits) Permit(c *chat.Call, permission, _ string) (bool, error) {
	decision := p.a.rules.Load().Permit(p.a.people.Asker(c.Member), policy.Permission(permission), policy.Object{}, c.Tx.Now())
	return decision.Allowed, nil
}

// Denied implements chat.Permits.
func (p permits) Denied(c *chat.Call, permission, object string) error {
	return c.Tx.Audit(store.AuditEntry{
		Actor: c.Member.ID, Action: "permission.denied", Source: store.AuditSource(c.Source),
		Subject: store.Subject{Kind: "delivery", ID: c.Delivery},
		Detail:  map[string]any{"permission": permission, "object": object, "command": c.Command},
	})
}

// topics proposes a 咨询 for free text that has a topic (G1-4.2(1)).
type topics struct{ a *App }

// Propose implements chat.Topics.
func (t topics) Propose(c *chat.Call, text string) (*chat.Proposal, error) {
	rules := t.a.rules.Load()
	route := rules.Route(text)
	if !route.Matched {
		return nil, nil
	}
	org, err := t.a.people.Org(&c.Tx.Reader)
	if err != nil {
		return nil, err
	}
	answerer := rules.Answerer(route.Department, route.Post, c.Member.ID, org)
	if len(answerer.Members) == 0 {
		return nil, nil
	}
	return &chat.Proposal{
		Question: "发给" + answerer.Department.Name + "？",
		Command:  "咨询", Values: map[string]string{"内容": text},
	}, nil
}

// downloads opens the media members sent, with the app they sent it to.
type downloads struct{ a *App }

// Download implements chat.Downloader.
func (d downloads) Download(ctx context.Context, app, mediaID string, limit int64) (io.ReadCloser, error) {
	client := d.a.clients[app]
	if client == nil {
		return nil, fmt.Errorf("no app is named %q", app)
	}
	file, err := client.DownloadMedia(ctx, mediaID, limit)
	switch {
	case err == nil:
		return file.Body, nil
	case wecom.ClassOf(err) == wecom.Permanent:
		return nil, fmt.Errorf("%w: %w", chat.ErrGone, err)
	default:
		return nil, err
	}
}

// mediaLost tells the sender that what he sent could not be kept, so that he
// sends it again, and the administrators.
func (a *App) mediaLost(tx *store.Tx, lost store.Attachment) error {
	member, err := tx.Member(lost.MemberID)
	if err != nil {
		return err
	}
	what := chat.MediaName(lost.Kind)
	err = a.notify.Tell(tx, notify.Notice{
		App: lost.App, To: []int64{lost.MemberID}, Purpose: "media.lost", Subject: store.Subject{Kind: "attachment", ID: lost.ID}, Prompt: true,
		Text:   fmt.Sprintf("【提醒】您 %s 发来的%s没能保存下来，请再发一次。", a.local(lost.CreatedAt), what),
		Unique: fmt.Sprintf("media.lost:%d", lost.ID),
	})
	if err != nil {
		return err
	}
	return a.tellAdministrators(tx, "fault", fmt.Sprintf("【文件未保存】%s %s 发来的%s没能从企业微信下载，可能已经过期，已请对方重发。查看：guiju jobs list",
		member.Name, a.local(lost.CreatedAt), what), fmt.Sprintf("media.lost.admin:%d", lost.ID))
}

// local is an instant as members read it.
func (a *App) local(t time.Time) string {
	return t.In(a.rules.Load().Calendar().Location()).Format("1月2日 15:04")
}
