package callback

import (
	"math"
	"strconv"
	"strings"
	"time"

	"guiju/callback/event"
)

// Decode turns a plaintext into its event. What has no type becomes event.Unknown; an error means that the plaintext
// cannot be read at all. The event keeps plaintext as Header.Raw.
func Decode(plaintext []byte) (event.Event, error) {
	t := trees.Get().(*tree)
	defer t.release()
	if err := t.parse(plaintext); err != nil {
		return nil, err
	}
	root := t.root()
	h := header(root)
	h.Raw = plaintext
	if h.MsgType == "event" {
		return decodeEvent(root, h), nil
	}
	return decodeMessage(root, h), nil
}

func header(root element) event.Header {
	var h event.Header
	root.each(func(e element) {
		switch name := e.t.nodes[e.i].name; {
		case sameName(name, "ToUserName"):
			h.ToUserName = e.id()
		case sameName(name, "FromUserName"):
			h.FromUserName = e.id()
		case sameName(name, "CreateTime"):
			h.CreateTime = instant(e)
		case sameName(name, "MsgType"):
			h.MsgType = e.id()
		case sameName(name, "Event"):
			h.Event = e.id()
		case sameName(name, "ChangeType"):
			h.ChangeType = e.id()
		case sameName(name, "EventKey"):
			h.EventKey = e.id()
		case sameName(name, "MsgId"):
			h.MsgID = e.id()
		case sameName(name, "AgentID"):
			h.AgentID = e.id()
		}
	})
	return h
}

func decodeMessage(root element, h event.Header) event.Event {
	switch h.MsgType {
	case "text":
		return &event.Text{Header: h, Content: root.find("Content").exact()}
	case "image":
		return &event.Image{Header: h, PicURL: root.find("PicUrl").id(), MediaID: root.find("MediaId").id()}
	case "voice":
		return &event.Voice{Header: h, MediaID: root.find("MediaId").id(), Format: root.find("Format").id()}
	case "video":
		return &event.Video{Header: h, MediaID: root.find("MediaId").id(), ThumbMediaID: root.find("ThumbMediaId").id()}
	case "location":
		return &event.Location{Header: h,
			Latitude: decimal(root.find("Location_X")), Longitude: decimal(root.find("Location_Y")),
			Scale: number(root.find("Scale")), Label: root.find("Label").text(), AppType: root.find("AppType").id()}
	case "link":
		return &event.Link{Header: h,
			Title: root.find("Title").text(), Description: root.find("Description").text(),
			URL: root.find("Url").id(), PicURL: root.find("PicUrl").id()}
	}
	return &event.Unknown{Header: h}
}

func decodeEvent(root element, h event.Header) event.Event {
	switch h.Event {
	case "change_contact":
		return decodeContact(root, h)
	case "sys_approval_change":
		return decodeSysApproval(root.find("ApprovalInfo"), h)
	case "open_approval_change":
		return decodeOpenApproval(root.find("ApprovalInfo"), h)
	}
	if ev := decodeApp(root, h); ev != nil {
		return ev
	}
	if named(h.Event, h.ChangeType) {
		return &event.Named{Header: h}
	}
	return &event.Unknown{Header: h}
}

// decodeApp decodes the events of the app itself (callbacks.md 4.1–4.3, 4.7–4.9), nil for any other.
func decodeApp(root element, h event.Header) event.Event {
	switch h.Event {
	case "subscribe":
		return &event.Subscribe{Header: h}
	case "unsubscribe":
		return &event.Unsubscribe{Header: h}
	case "enter_agent":
		return &event.EnterAgent{Header: h}
	case "LOCATION":
		return &event.LocationReport{Header: h,
			Latitude: decimal(root.find("Latitude")), Longitude: decimal(root.find("Longitude")),
			Precision: decimal(root.find("Precision")), AppType: root.find("AppType").id()}
	case "click":
		return &event.Click{Header: h}
	case "view":
		return &event.View{Header: h}
	case "view_miniprogram":
		return &event.ViewMiniprogram{Header: h}
	case "scancode_push", "scancode_waitmsg":
		scan := root.find("ScanCodeInfo")
		return &event.ScanCode{Header: h, Waiting: h.Event == "scancode_waitmsg",
			Type: scan.find("ScanType").id(), Result: scan.find("ScanResult").text()}
	case "pic_sysphoto", "pic_photo_or_album", "pic_weixin":
		return decodePhotos(root.find("SendPicsInfo"), h)
	case "location_select":
		place := root.find("SendLocationInfo")
		return &event.LocationSelect{Header: h,
			Latitude: decimal(place.find("Location_X")), Longitude: decimal(place.find("Location_Y")),
			Scale: number(place.find("Scale")), Label: place.find("Label").text(),
			Place: place.find("Poiname").text(), AppType: root.find("AppType").id()}
	case "template_card_event":
		return &event.CardClick{Header: h, TaskID: root.find("TaskId").id(), CardType: root.find("CardType").id(),
			ResponseCode: root.find("ResponseCode").id(), Selected: selections(root.find("SelectedItems"))}
	case "template_card_menu_event":
		return &event.CardMenu{Header: h, TaskID: root.find("TaskId").id(), CardType: root.find("CardType").id(),
			ResponseCode: root.find("ResponseCode").id()}
	case "taskcard_click":
		return &event.TaskCardClick{Header: h, TaskID: root.find("TaskId").id()}
	case "share_agent_change":
		return &event.AgentShared{Header: h}
	case "share_chain_change":
		return &event.ChainShared{Header: h}
	case event.StateInactiveAlert, event.StateInactive, event.StateReopened,
		event.StateLowActiveAlert, event.StateLowActive, event.StateRestored:
		return &event.AppState{Header: h, EffectAt: instant(root.find("EffectTime"))}
	case "switch_workbench_mode":
		return &event.WorkbenchMode{Header: h, On: number(root.find("Mode")) == 1}
	case "batch_job_result":
		return decodeBatchJob(root, h)
	}
	return nil
}

// decodePhotos gathers the pictures of all PicList elements: real traffic repeats the list, one picture in each.
func decodePhotos(info element, h event.Header) event.Event {
	ev := &event.Photos{Header: h, Count: number(info.find("Count"))}
	info.each(func(list element) {
		list.each(func(item element) { ev.MD5 = append(ev.MD5, item.find("PicMd5Sum").id()) }, "item")
	}, "PicList")
	return ev
}

// selections also reads the spelling OpitonIds/OpitonId, which one source has (callbacks.md 4.7).
func selections(items element) []event.Selection {
	var all []event.Selection
	items.each(func(item element) {
		one := event.Selection{Question: item.find("QuestionKey").id()}
		item.each(func(ids element) {
			ids.each(func(id element) { one.Options = append(one.Options, id.id()) }, "OptionId", "OpitonId")
		}, "OptionIds", "OpitonIds")
		all = append(all, one)
	}, "SelectedItem")
	return all
}

// decodeBatchJob also reads the four fields directly under the root (callbacks.md 4.3).
func decodeBatchJob(root element, h event.Header) event.Event {
	job := root.find("BatchJob")
	if !job.present() {
		job = root
	}
	return &event.BatchJob{Header: h, JobID: job.find("JobId").id(), JobType: job.find("JobType").id(),
		ErrCode: number(job.find("ErrCode")), ErrMsg: job.find("ErrMsg").text()}
}

// number is 0 for an element that is absent or no number.
func number(e element) int {
	n, _ := strconv.Atoi(e.id())
	return n
}

// decimal is 0 for an element that is absent or no finite number.
func decimal(e element) float64 {
	f, err := strconv.ParseFloat(e.id(), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// instant reads Unix seconds. 0 means that nothing happened yet, and values outside the years 1970 to 9999 cannot
// be stored: both give the zero time.
func instant(e element) time.Time {
	const year10000 = 253402300800
	s, err := strconv.ParseInt(e.id(), 10, 64)
	if err != nil || s <= 0 || s >= year10000 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

// list splits a comma list and drops empty entries.
func list(e element) []string {
	return fields(e.id(), func(r rune) bool { return r == ',' })
}

func fields(text string, separator func(rune) bool) []string {
	var all []string
	for _, one := range strings.FieldsFunc(text, separator) {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}
