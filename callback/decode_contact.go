package callback

import (
	"strconv"
	"strings"

	"guiju/callback/event"
)

// decodeContact decodes change_contact (callbacks.md 4.4).
func decodeContact(root element, h event.Header) event.Event {
	switch h.ChangeType {
	case "create_user":
		return &event.UserCreated{Header: h, Member: member(root)}
	case "update_user":
		return &event.UserUpdated{Header: h, NewUserID: idField(root, "NewUserID"), Member: member(root)}
	case "delete_user":
		return &event.UserDeleted{Header: h, UserID: root.find("UserID").id()}
	case "create_party":
		return &event.PartyCreated{Header: h, Party: party(root)}
	case "update_party":
		return &event.PartyUpdated{Header: h, Party: party(root)}
	case "delete_party":
		return &event.PartyDeleted{Header: h, ID: root.find("Id").id()}
	case "update_tag":
		return &event.TagUpdated{Header: h, TagID: root.find("TagId").id(),
			AddedUsers: list(root.find("AddUserItems")), RemovedUsers: list(root.find("DelUserItems")),
			AddedParties: list(root.find("AddPartyItems")), RemovedParties: list(root.find("DelPartyItems"))}
	}
	return &event.Unknown{Header: h}
}

func member(root element) event.Member {
	m := event.Member{
		UserID:         root.find("UserID").id(),
		Name:           textField(root, "Name"),
		MainDepartment: idField(root, "MainDepartment"),
		Position:       textField(root, "Position"),
		Mobile:         idField(root, "Mobile"),
		Gender:         numberField(root, "Gender"),
		Email:          idField(root, "Email"),
		BizMail:        idField(root, "BizMail"),
		Avatar:         idField(root, "Avatar"),
		Alias:          textField(root, "Alias"),
		EnglishName:    textField(root, "EnglishName"),
		Telephone:      idField(root, "Telephone"),
		Address:        textField(root, "Address"),
	}
	if n, ok := numberField(root, "Status").Get(); ok {
		m.Status = event.Some(event.MemberStatus(n))
	}
	if n, ok := numberField(root, "IsLeader").Get(); ok {
		m.IsLeader = event.Some(n == 1)
	}
	if e := root.find("Department"); e.present() {
		m.Departments = event.Some(list(e))
	}
	if e := root.find("IsLeaderInDept"); e.present() {
		m.LeaderIn = event.Some(flags(e.id()))
	}
	if e := root.find("DirectLeader"); e.present() {
		m.DirectLeaders = event.Some(fields(e.id(), func(r rune) bool { return r == ',' || r == '|' }))
	}
	if e := root.find("ExtAttr"); e.present() {
		m.Attributes = event.Some(attributes(e))
	}
	return m
}

// flags keeps one entry per department, empty ones too, because the order says which is meant.
func flags(text string) []bool {
	var all []bool
	if text == "" {
		return nil
	}
	for _, one := range strings.Split(text, ",") {
		all = append(all, strings.TrimSpace(one) == "1")
	}
	return all
}

// attributes reads both the page's form and the real one, which lacks Type and repeats the value (callbacks.md 4.4).
func attributes(ext element) []event.Attribute {
	var all []event.Attribute
	ext.each(func(item element) {
		web := item.find("Web")
		a := event.Attribute{
			Name: item.find("Name").text(), Web: number(item.find("Type")) == 1 || web.present(),
			Text: item.path("Text", "Value").text(), Title: web.find("Title").text(), URL: web.find("Url").id(),
		}
		if a.Text == "" {
			a.Text = item.find("Value").text()
		}
		all = append(all, a)
	}, "Item")
	return all
}

func party(root element) event.Party {
	return event.Party{ID: root.find("Id").id(), Name: textField(root, "Name"),
		ParentID: idField(root, "ParentId"), Order: idField(root, "Order")}
}

func textField(root element, name string) event.Field[string] {
	e := root.find(name)
	return event.Field[string]{Value: e.text(), Present: e.present()}
}

func idField(root element, name string) event.Field[string] {
	e := root.find(name)
	return event.Field[string]{Value: e.id(), Present: e.present()}
}

// numberField is absent when the element holds no number, because 0 would be a statement.
func numberField(root element, name string) event.Field[int] {
	n, err := strconv.Atoi(root.find(name).id())
	if err != nil {
		return event.Field[int]{}
	}
	return event.Some(n)
}
