package callback

import "guiju/callback/event"

// decodeSysApproval decodes sys_approval_change (callbacks.md 4.6). Everything that can repeat is a list.
func decodeSysApproval(info element, h event.Header) event.Event {
	ev := &event.SysApproval{Header: h,
		Number:     info.find("SpNoStr").id(),
		Name:       info.find("SpName").text(),
		Status:     event.SysStatus(number(info.find("SpStatus"))),
		TemplateID: info.find("TemplateId").id(),
		AppliedAt:  instant(info.find("ApplyTime")),
		Applicant:  info.path("Applyer", "UserId").id(),
		PartyID:    info.path("Applyer", "Party").id(),
		Change:     event.SysChange(number(info.find("StatuChangeEvent"))),
	}
	if ev.Number == "" {
		ev.Number = info.find("SpNo").id()
	}
	info.each(func(e element) { ev.Records = append(ev.Records, sysRecord(e)) }, "SpRecord")
	info.each(func(e element) { ev.Notified = append(ev.Notified, e.find("UserId").id()) }, "Notifyer")
	info.each(func(process element) {
		process.each(func(e element) { ev.Process = append(ev.Process, processNode(e)) }, "NodeList")
	}, "ProcessList")
	info.each(func(e element) { ev.Comments = append(ev.Comments, comment(e)) }, "Comments")
	return ev
}

func sysRecord(e element) event.SysRecord {
	r := event.SysRecord{
		Status: event.NodeStatus(number(e.find("SpStatus"))),
		Rule:   event.Rule(number(e.find("ApproverAttr"))),
	}
	e.each(func(d element) {
		r.Details = append(r.Details, event.SysDetail{
			Approver: d.path("Approver", "UserId").id(), Speech: d.find("Speech").text(),
			Status: event.NodeStatus(number(d.find("SpStatus"))), At: instant(d.find("SpTime")), MediaIDs: mediaIDs(d),
		})
	}, "Details")
	return r
}

func processNode(e element) event.ProcessNode {
	n := event.ProcessNode{
		Type:   event.NodeType(number(e.find("NodeType"))),
		Status: event.NodeStatus(number(e.find("SpStatus"))),
		Rule:   relation(number(e.find("ApvRel"))),
	}
	e.each(func(p element) {
		n.People = append(n.People, event.ProcessPart{
			UserID: p.path("UserInfo", "UserId").id(), Speech: p.find("Speech").text(),
			Status: event.NodeStatus(number(p.find("SpYj"))), At: instant(p.find("Sptime")), MediaIDs: mediaIDs(p),
		})
	}, "SubNodeList")
	return n
}

// relation translates ApvRel, whose 1 and 2 mean the opposite of ApproverAttr's (callbacks.md trap 27).
func relation(apvRel int) event.Rule {
	switch apvRel {
	case 1:
		return event.Everyone
	case 2:
		return event.AnyOne
	default:
		return event.Rule(apvRel)
	}
}

func comment(e element) event.Comment {
	return event.Comment{
		ID: e.find("CommentId").id(), UserID: e.path("CommentUserInfo", "UserId").id(),
		At: instant(e.find("CommentTime")), Content: e.find("CommentContent").text(), MediaIDs: mediaIDs(e),
	}
}

// mediaIDs gathers attachments under every name the sources give them, plain or one level deeper.
func mediaIDs(e element) []string {
	var all []string
	e.each(func(a element) {
		if id := a.id(); id != "" {
			all = append(all, id)
		}
		a.each(func(inner element) {
			if id := inner.id(); id != "" {
				all = append(all, id)
			}
		})
	}, "Attach", "MediaId", "MediaIds")
	return all
}

// decodeOpenApproval decodes open_approval_change (callbacks.md 4.5), in the spelling of either page.
func decodeOpenApproval(info element, h event.Header) event.Event {
	ev := &event.OpenApproval{Header: h,
		ThirdNo:        info.find("ThirdNo").id(),
		Name:           info.find("OpenSpName").text(),
		TemplateID:     info.find("OpenTemplateId").id(),
		Status:         event.OpenStatus(number(info.find("OpenSpStatus"))),
		AppliedAt:      instant(info.find("ApplyTime")),
		ApplicantName:  info.find("ApplyUserName").text(),
		Applicant:      info.find("ApplyUserId").id(),
		ApplicantParty: info.find("ApplyUserParty").text(),
		ApplicantImage: info.find("ApplyUserImage").id(),
		Step:           number(info.find("ApproverStep")),
	}
	info.find("ApprovalNodes").each(func(e element) { ev.Nodes = append(ev.Nodes, openNode(e)) }, "ApprovalNode")
	info.find("NotifyNodes").each(func(e element) { ev.Notified = append(ev.Notified, openPerson(e)) }, "NotifyNode")
	return ev
}

func openNode(e element) event.OpenNode {
	n := event.OpenNode{
		Status: event.NodeStatus(number(e.find("NodeStatus"))),
		Rule:   event.Rule(number(e.find("NodeAttr"))),
		Type:   event.OpenNodeType(number(e.find("NodeType"))),
	}
	e.find("Items").each(func(i element) {
		n.Items = append(n.Items, event.OpenItem{
			OpenPerson: openPerson(i), Status: event.NodeStatus(number(i.find("ItemStatus"))),
			Speech: i.find("ItemSpeech").text(), At: instant(i.find("ItemOpTime")),
		})
	}, "Item")
	return n
}

func openPerson(e element) event.OpenPerson {
	return event.OpenPerson{Name: e.find("ItemName").text(), UserID: e.find("ItemUserId").id(),
		Party: e.find("ItemParty").text(), Image: e.find("ItemImage").id()}
}
