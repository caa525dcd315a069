package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// Edits of the directory by the console: each changes the company, then the
// contact receiver gets change_contact and the apps get subscribe or unsubscribe.

// contactInput is POST /sandbox/api/contacts, with the fields of callbacks.md 4.4.
// What is left out stays as it is.
type contactInput struct {
	ChangeType                       string
	Full                             *bool
	UserID, NewUserID                string
	Name, Position, Alias, Telephone *string
	Mobile, Email, BizMail, Avatar   *string
	Address                          *string
	Department, IsLeaderInDept       *intList
	DirectLeader                     *textList
	MainDepartment, Gender, Status   *looseID
	ExtAttr                          *[]ExtAttr
	ID, ParentID, Order              *looseID
	TagID                            *looseID
	AddUserItems, DelUserItems       textList
	AddPartyItems, DelPartyItems     intList
}

// looseID is a whole number, written as a number or as text.
type looseID int64

func (n *looseID) UnmarshalJSON(raw []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil {
		return errors.New("must be a whole number")
	}
	*n = looseID(v)
	return nil
}

// textList is ["a","b"] or "a,b".
type textList []string

func (l *textList) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*l = textList{}
		for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '|' }) {
			*l = append(*l, strings.TrimSpace(part))
		}
		return nil
	}
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return errors.New("must be a list of texts, or one text with commas")
	}
	*l = list
	return nil
}

// intList is [1,2], "1,2" or 1.
type intList []int

func (l *intList) UnmarshalJSON(raw []byte) error {
	var list []int
	if json.Unmarshal(raw, &list) == nil {
		*l = list
		return nil
	}
	text := strings.Trim(string(raw), `"`)
	*l = intList{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return errors.New("must be a list of whole numbers, or one text with commas")
		}
		*l = append(*l, n)
	}
	return nil
}

// editContacts is POST /sandbox/api/contacts.
func (p *Platform) editContacts(c *gin.Context) {
	var in contactInput
	if !readControl(c, &in, controlBody) {
		return
	}
	full := p.opts.ContactEventsFull
	if in.Full != nil {
		full = *in.Full
	}
	p.mu.Lock()
	var concerned []string // an edit of one member changes nobody else's range
	if strings.HasSuffix(in.ChangeType, "_user") {
		concerned = []string{in.UserID, in.NewUserID}
	}
	before := p.subscribers(concerned...)
	events, answer, no := p.edit(&in, full)
	if no == nil {
		p.touch()
		events = append(events, p.subscriptions(before, concerned...)...)
	}
	p.mu.Unlock()
	if no != nil {
		refuse(c, no.status, no.field, no.error)
		return
	}
	p.stream.send(StreamHint{Type: "contacts"})
	results, err := p.sendAndWait(c.Request.Context(), events)
	if err != nil {
		refuse(c, http.StatusTooManyRequests, "", err.Error())
		return
	}
	answer["deliveries"] = results
	c.JSON(http.StatusOK, answer)
}

func (p *Platform) edit(in *contactInput, full bool) ([]*delivery, gin.H, *refusal) {
	switch in.ChangeType {
	case "create_user":
		return p.createUser(in, full)
	case "update_user":
		return p.updateUser(in, full)
	case "delete_user":
		m := p.st.Company.member(in.UserID)
		if m == nil {
			return nil, nil, deny("UserID", "no member %q", cutBytes(in.UserID, 64))
		}
		p.st.Company.drop(m)
		return p.contactEvent("delete_user", func(x *xmlText) { x.cdata("UserID", m.UserID) }), gin.H{"userid": m.UserID}, nil
	case "create_party", "update_party", "delete_party":
		return p.editParty(in, full)
	case "update_tag":
		return p.editTag(in)
	}
	return nil, nil, deny("change_type", "must be create_user, update_user, delete_user, create_party, update_party, delete_party or update_tag")
}

// contactEvent builds one change_contact; nothing without a configured receiver.
func (p *Platform) contactEvent(change string, fields func(*xmlText)) []*delivery {
	if p.opts.Contacts.CallbackURL == "" {
		return nil
	}
	x := p.head("sys").cdata("MsgType", "event").cdata("Event", "change_contact").cdata("ChangeType", change)
	fields(x)
	return []*delivery{{receiver: contactsReceiver, event: "change_contact", kind: "change_contact/" + change, text: x.close("xml").string()}}
}

func (p *Platform) createUser(in *contactInput, full bool) ([]*delivery, gin.H, *refusal) {
	company := p.st.Company
	switch {
	case in.UserID == "" || len(in.UserID) > 64:
		return nil, nil, deny("UserID", "needs 1 to 64 bytes")
	case company.member(in.UserID) != nil:
		return nil, nil, deny("UserID", "%s exists already", cutBytes(in.UserID, 64))
	case in.NewUserID != "":
		return nil, nil, deny("NewUserID", "is for update_user")
	case in.Name == nil || *in.Name == "":
		return nil, nil, deny("Name", "is missing")
	case in.Department == nil:
		return nil, nil, deny("Department", "is missing")
	}
	m := &Member{UserID: in.UserID, Status: statusInactive, DirectLeader: []string{}}
	if in.Status == nil { // the simulated member opens the app at once
		m.Status = statusActive
	}
	if no := p.apply(m, in); no != nil {
		return nil, nil, no
	}
	company.put(m)
	answer := gin.H{"userid": m.UserID}
	if !full {
		return p.contactEvent("create_user", func(x *xmlText) {
			x.cdata("UserID", m.UserID).cdata("Department", joinComma(m.Departments))
		}), answer, nil
	}
	// Creating a member is reported as create_user and update_user in one second.
	events := p.contactEvent("create_user", func(x *xmlText) { memberFields(x, m, nil) })
	return append(events, p.contactEvent("update_user", func(x *xmlText) { memberFields(x, m, nil) })...), answer, nil
}

func (p *Platform) updateUser(in *contactInput, full bool) ([]*delivery, gin.H, *refusal) {
	company := p.st.Company
	m := company.member(in.UserID)
	if m == nil {
		return nil, nil, deny("UserID", "no member %q", cutBytes(in.UserID, 64))
	}
	old := m.UserID
	if n := in.NewUserID; n != "" {
		switch {
		case len(n) > 64:
			return nil, nil, deny("NewUserID", "needs 1 to 64 bytes")
		case company.member(n) != nil:
			return nil, nil, deny("NewUserID", "%s exists already", cutBytes(n, 64))
		case m.RenamedOnce:
			return nil, nil, deny("NewUserID", "a userid can be changed once only")
		}
	}
	changed := *m
	if no := p.apply(&changed, in); no != nil {
		return nil, nil, no
	}
	moved := !slices.Equal(m.Departments, changed.Departments)
	company.drop(m)
	*m = changed
	company.put(m)
	if in.NewUserID != "" {
		p.rename(m, in.NewUserID)
	}
	answer := gin.H{"userid": m.UserID}
	if !full {
		if !moved && in.NewUserID == "" {
			return nil, answer, nil
		}
		return p.contactEvent("update_user", func(x *xmlText) {
			x.cdata("UserID", old)
			if in.NewUserID != "" {
				x.cdata("NewUserID", in.NewUserID)
			}
			x.cdata("Department", joinComma(m.Departments))
		}), answer, nil
	}
	return p.contactEvent("update_user", func(x *xmlText) {
		shown := *m
		shown.UserID = old
		memberFields(x, &shown, in)
	}), answer, nil
}

// apply copies the given fields into m after checking them.
func (p *Platform) apply(m *Member, in *contactInput) *refusal {
	for _, f := range []struct {
		into *string
		from *string
	}{{&m.Name, in.Name}, {&m.Position, in.Position}, {&m.Alias, in.Alias}, {&m.Telephone, in.Telephone}, {&m.Mobile, in.Mobile},
		{&m.Email, in.Email}, {&m.BizMail, in.BizMail}, {&m.Avatar, in.Avatar}, {&m.Address, in.Address}} {
		if f.from != nil {
			*f.into = *f.from
		}
	}
	if in.Name != nil && (*in.Name == "" || len(*in.Name) > 64) {
		return deny("Name", "needs 1 to 64 bytes")
	}
	if in.Department != nil {
		if len(*in.Department) == 0 || len(*in.Department) > 100 {
			return deny("Department", "needs 1 to 100 department ids")
		}
		for _, d := range *in.Department {
			if p.st.Company.Departments[d] == nil {
				return deny("Department", "no department %d", d)
			}
		}
		m.Departments = slices.Clone(*in.Department)
		m.Order, m.IsLeader = make([]int64, len(m.Departments)), make([]int, len(m.Departments))
		if !slices.Contains(m.Departments, m.MainDepartment) {
			m.MainDepartment = m.Departments[0]
		}
	}
	if in.IsLeaderInDept != nil {
		if len(*in.IsLeaderInDept) != len(m.Departments) {
			return deny("IsLeaderInDept", "needs one 0 or 1 per department")
		}
		for _, v := range *in.IsLeaderInDept {
			if v != 0 && v != 1 {
				return deny("IsLeaderInDept", "needs one 0 or 1 per department")
			}
		}
		m.IsLeader = slices.Clone(*in.IsLeaderInDept)
	}
	if in.MainDepartment != nil {
		if !slices.Contains(m.Departments, int(*in.MainDepartment)) {
			return deny("MainDepartment", "must be one of the member's departments")
		}
		m.MainDepartment = int(*in.MainDepartment)
	}
	if in.DirectLeader != nil {
		if len(*in.DirectLeader) > 5 {
			return deny("DirectLeader", "at most 5 superiors")
		}
		for _, u := range *in.DirectLeader {
			if p.st.Company.member(u) == nil {
				return deny("DirectLeader", "no member %q", cutBytes(u, 64))
			}
		}
		m.DirectLeader = slices.Clone(*in.DirectLeader)
	}
	if in.Gender != nil {
		if *in.Gender < 0 || *in.Gender > 2 {
			return deny("Gender", "must be 0, 1 or 2")
		}
		m.Gender = int(*in.Gender)
	}
	if in.Status != nil {
		if !slices.Contains([]int{statusActive, statusDisabled, statusInactive, statusLeft}, int(*in.Status)) {
			return deny("Status", "must be 1, 2, 4 or 5")
		}
		m.Status = int(*in.Status)
	}
	if in.ExtAttr != nil {
		m.ExtAttr = slices.Clone(*in.ExtAttr)
	}
	return nil
}

// rename changes a userid everywhere the platform uses it.
func (p *Platform) rename(m *Member, to string) {
	c, from := p.st.Company, m.UserID
	same := func(u string) bool { return fold(u) == fold(from) }
	c.drop(m)
	m.UserID, m.RenamedOnce = to, true
	c.put(m)
	c.reshaped() // tags name him
	replace := func(list []string) {
		for i, u := range list {
			if same(u) {
				list[i] = to
			}
		}
	}
	for _, other := range c.Members {
		replace(other.DirectLeader)
	}
	for _, t := range c.Tags {
		replace(t.Users)
	}
	for _, g := range p.st.AppChats {
		replace(g.Users)
		if same(g.Owner) {
			g.Owner = to
		}
	}
	for key, talk := range p.st.Chats {
		user, app, _ := strings.Cut(key, "\x00")
		if user != fold(from) {
			continue
		}
		delete(p.st.Chats, key)
		p.st.Chats[chatKey(to, app)] = talk
		for _, msg := range talk.Messages {
			msg.user = fold(to)
			if same(msg.From) {
				msg.From = to
			}
		}
	}
	for _, sent := range p.st.Sent {
		if id, ok := sent.Copies[fold(from)]; ok {
			delete(sent.Copies, fold(from))
			sent.Copies[fold(to)] = id
		}
	}
}

// memberFields writes the full form; with in, only what it gave.
func memberFields(x *xmlText, m *Member, in *contactInput) {
	all := in == nil
	if all {
		in = &contactInput{}
	}
	x.cdata("UserID", m.UserID)
	if in.NewUserID != "" {
		x.cdata("NewUserID", in.NewUserID)
	}
	text := func(name, value string, given bool) {
		if all || given {
			x.cdata(name, value)
		}
	}
	text("Name", m.Name, in.Name != nil)
	text("Department", joinComma(m.Departments), in.Department != nil)
	if all || in.MainDepartment != nil || in.Department != nil {
		x.num("MainDepartment", int64(m.MainDepartment))
	}
	text("IsLeaderInDept", joinComma(m.IsLeader), in.IsLeaderInDept != nil || in.Department != nil)
	text("DirectLeader", strings.Join(m.DirectLeader, ","), in.DirectLeader != nil)
	text("Position", cutBytes(m.Position, 64), in.Position != nil)
	if all || in.Mobile != nil {
		// The samples print it bare; free text needs its CDATA.
		x.cdata("Mobile", m.Mobile)
	}
	if all || in.Gender != nil {
		x.num("Gender", int64(m.Gender))
	}
	text("Email", m.Email, in.Email != nil)
	text("BizMail", m.BizMail, in.BizMail != nil)
	if all || in.Status != nil {
		x.num("Status", int64(m.Status))
	}
	text("Avatar", m.Avatar, in.Avatar != nil)
	text("Alias", m.Alias, in.Alias != nil)
	text("Telephone", m.Telephone, in.Telephone != nil)
	text("Address", m.Address, in.Address != nil)
	if len(m.ExtAttr) > 0 && (all || in.ExtAttr != nil) {
		x.open("ExtAttr")
		for _, a := range m.ExtAttr {
			x.open("Item").cdata("Name", a.Name).num("Type", int64(a.Type))
			if a.Type == 1 {
				x.open("Web").cdata("Title", a.Title).cdata("Url", a.URL).close("Web")
			} else {
				x.open("Text").cdata("Value", a.Value).close("Text")
			}
			x.close("Item")
		}
		x.close("ExtAttr")
	}
}

func joinComma(list []int) string { return strings.ReplaceAll(joinInts(list), "|", ",") }
