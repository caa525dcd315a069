package approval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"guiju/app/policy"
	"guiju/store"
	"guiju/wecom"
)

// cachedTemplate is a template of WeCom as it was read last.
type cachedTemplate struct {
	wecom.ApprovalTemplate
	readAt time.Time
}

// templateAt reads a template at WeCom, at most once in templateLife.
func (n *Native) templateAt(ctx context.Context, app, id string) (wecom.ApprovalTemplate, error) {
	key, now := app+"/"+id, n.db.Now()
	n.mu.Lock()
	cached, known := n.templates[key]
	n.mu.Unlock()
	if known && now.Sub(cached.readAt) < templateLife && !now.Before(cached.readAt) {
		return cached.ApprovalTemplate, nil
	}
	t, err := n.api(app).TemplateDetail(ctx, id)
	if wecom.CodeOf(err) == wecom.CodeApprovalParameter {
		return t, &cannotSubmit{
			applicant: "企业微信「审批」中已没有对应的模板，已通知管理员",
			it:        "企业微信「审批」中没有模板 " + id + "，请核对规则 approval.templates 中的 native.template。",
		}
	}
	if err != nil {
		return t, fmt.Errorf("read template %s: %w", id, err)
	}
	if was, now := hashOf(cached.ApprovalTemplate), hashOf(t); known && was != now {
		n.log.Info("a template of the 审批 app has changed", "template", id, "hash", now)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.templates) >= maxTemplates {
		clear(n.templates)
	}
	n.templates[key] = cachedTemplate{ApprovalTemplate: t, readAt: now}
	return t, nil
}

// forgetTemplates makes the next submission read its template again.
func (n *Native) forgetTemplates() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.templates)
}

func hashOf(t wecom.ApprovalTemplate) string { return digestOf(fmt.Sprintf("%#v", t)) }

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// upload gives WeCom the attachments of a form and answers their media ids. What
// was sent in chat is on our disk; until it is, the submission waits.
func (n *Native) upload(ctx context.Context, q store.Request, t *policy.ApprovalTemplate, form policy.Form) (map[int64]string, error) {
	files := map[int64]string{}
	for _, f := range t.Fields {
		if t.Native.Controls[f.Key] == "" {
			continue
		}
		for _, id := range form[f.Key].Attachments {
			if files[id] != "" {
				continue
			}
			if len(files) == wecom.MaxFormFiles {
				return nil, &cannotSubmit{applicant: fmt.Sprintf("附件超过 %d 个，企业微信「审批」不接受；请撤回后减少附件再提交", wecom.MaxFormFiles)}
			}
			media, err := n.uploadOne(ctx, q, id)
			if err != nil {
				return nil, err
			}
			files[id] = media
		}
	}
	return files, nil
}

func (n *Native) uploadOne(ctx context.Context, q store.Request, id int64) (string, error) {
	attachment, err := n.db.Reader(ctx).Attachment(id)
	if errors.Is(err, store.ErrNotFound) {
		return "", &cannotSubmit{applicant: "一个附件已经过期；请撤回后重新发送附件再提交"}
	}
	if err != nil {
		return "", err
	}
	if attachment.Path == "" {
		return "", fmt.Errorf("attachment %d of request %s has not been downloaded yet", id, q.Number)
	}
	if attachment.Size > maxAttachment {
		return "", &cannotSubmit{applicant: "附件「" + nameOfFile(attachment) + "」超过 20 MB，企业微信「审批」不接受；请撤回后换小一些的附件再提交"}
	}
	file, err := n.files(attachment.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &cannotSubmit{applicant: "附件「" + nameOfFile(attachment) + "」已经不在了；请撤回后重新发送附件再提交"}
	}
	if err != nil {
		return "", fmt.Errorf("attachment %d: %w", id, err)
	}
	defer file.Close()
	media, err := n.api(q.App).UploadMedia(ctx, wecom.MediaFile, nameOfFile(attachment), file)
	if err != nil {
		return "", fmt.Errorf("upload attachment %d: %w", id, err)
	}
	return media.ID, nil
}

// nameOfFile is what the approvers see; pictures sent in chat have no name.
func nameOfFile(a store.Attachment) string {
	if a.Name != "" {
		return a.Name
	}
	ending := map[string]string{"image": ".jpg", "video": ".mp4", "voice": ".amr"}[a.Kind]
	return fmt.Sprintf("附件%d%s", a.ID, ending)
}
