package chat

import (
	"fmt"
	"strings"

	"guiju/store"
)

// Media is a message that is not text.
type Media struct {
	Kind        string // image, voice, video, shortvideo, file, link, location
	MediaID     string // of what can be downloaded for three days
	Name        string // of a file, link or place
	URL         string
	Description string
	Latitude    float64
	Longitude   float64
}

var mediaNames = map[string]string{
	"image": "图片", "voice": "语音", "video": "视频", "shortvideo": "视频", "file": "文件", "link": "链接", "location": "位置",
}

// MediaName is what members call this kind of message.
func MediaName(kind string) string {
	if name, ok := mediaNames[kind]; ok {
		return name
	}
	return "文件"
}

// maxAttachments bounds what one form or one wait for a command collects.
const maxAttachments = 9

// NonText takes a message that is not text: recorded, then attached to the open
// form, or to the only open item; otherwise it waits DraftTime for a command
// that takes it, and the member is told how to go on (guide G1-2.2b).
func (e *Engine) NonText(tx *store.Tx, from From, media Media) (Answer, error) {
	return e.turn(tx, from, FromChat, func(t *turn) (Answer, error) {
		name, known := mediaNames[media.Kind]
		if !known {
			return Answer{Text: "这种消息我还看不了。请用文字、图片、语音或文件发来。"}, nil
		}
		attachment, err := tx.AddAttachment(store.Attachment{
			DeliveryID: from.Delivery, MemberID: from.Member.ID, App: from.App, Kind: media.Kind, MediaID: media.MediaID,
			Name: clean(media.Name), URL: clean(media.URL), Description: clean(media.Description),
			Latitude: media.Latitude, Longitude: media.Longitude,
		})
		if err != nil {
			return Answer{}, err
		}
		if media.MediaID != "" {
			if _, err := tx.Enqueue(FetchMedia{Attachment: attachment.ID}); err != nil {
				return Answer{}, err
			}
		}
		if f := t.mem.Form; f != nil && f.Command != "" && len(f.Attachments) < maxAttachments {
			return t.sentFor(f, attachment, name)
		}
		return t.attach(attachment, name)
	})
}

// attachable is an open item that takes attachments.
type attachable struct {
	kind   string
	record Record
}

// attach files a message under the only open item that takes it.
func (t *turn) attach(attachment store.Attachment, name string) (Answer, error) {
	open, err := t.attachables()
	if err != nil {
		return Answer{}, err
	}
	switch {
	case len(open) == 1:
		return t.attachTo(open[0].kind+" "+open[0].record.Number, []int64{attachment.ID})
	case len(open) > 1:
		f := &form{Source: t.source, Attachments: []int64{attachment.ID}}
		for _, o := range open[:min(len(open), maxOptions-1)] {
			f.Options = append(f.Options, option{
				Label: strings.TrimSpace(o.record.Number + " " + clip(o.record.Title, 24)), Do: doAttach, Words: o.kind + " " + o.record.Number,
			})
		}
		f.Options = append(f.Options, option{Label: "都不是", Do: doDrop})
		return t.offer(f, name+"已收到，附在哪一项？"), nil
	}
	t.mem.Loose = append(t.mem.Loose, attachment.ID)
	if extra := len(t.mem.Loose) - maxAttachments; extra > 0 {
		t.mem.Loose = t.mem.Loose[extra:]
	}
	t.mem.LooseAt = t.from.At
	if attachment.Kind == "voice" {
		return Accepted("", "语音已记录。要办成任务或报障，请再用一句文字说明要做什么。"), nil
	}
	return Accepted("", fmt.Sprintf("%s已记录。请再用一句文字说明要做什么，%s内发的命令会带上它。", name, length(t.e.o.DraftTime))), nil
}

// attachables lists the open items of the asker that take attachments.
func (t *turn) attachables() ([]attachable, error) {
	var all []attachable
	seen := map[string]bool{}
	for _, kind := range t.e.kinds {
		records, ok := t.e.records[kind].(Attacher)
		if !ok {
			continue
		}
		list, err := records.Open(&t.tx.Reader, RecordQuery{Member: t.from.Member.ID, Limit: maxCandidates})
		if err != nil {
			return nil, fmt.Errorf("open %s of member %d: %w", kind, t.from.Member.ID, err)
		}
		for _, record := range list {
			if !seen[record.Number] {
				seen[record.Number] = true
				all = append(all, attachable{kind: kind, record: record})
			}
		}
	}
	return all, nil
}

// attachTo files attachments under the record "kind number", if it is still
// open.
func (t *turn) attachTo(target string, ids []int64) (Answer, error) {
	_, number, _ := strings.Cut(target, " ")
	open, err := t.attachables()
	if err != nil {
		return Answer{}, err
	}
	for _, o := range open {
		if o.record.Number != number {
			continue
		}
		list, err := t.tx.Attachments(ids)
		if err != nil {
			return Answer{}, err
		}
		answer := Answer{}
		for _, attachment := range list {
			answer, err = t.e.records[o.kind].(Attacher).Attach(t.call(nil, t.source), o.record, attachment)
			if err != nil {
				return Answer{}, err
			}
		}
		if err := t.tx.FileAttachments(o.record.Subject, ids...); err != nil {
			return Answer{}, err
		}
		if answer.Text == "" && len(list) > 0 {
			answer.Text = Accepted(number, mediaNames[list[0].Kind]+"已附上").Text
		}
		return answer, nil
	}
	return Answer{}, NotFound{Number: number}
}
