package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// Departments, tags, and what changes in the directory mean for the apps' ranges.

func (p *Platform) editParty(in *contactInput, full bool) ([]*delivery, gin.H, *refusal) {
	depts := p.st.Company.Departments
	id := 0
	if in.ID != nil {
		id = int(*in.ID)
	}
	if in.ChangeType == "create_party" && id == 0 {
		id = slices.Max(p.st.Company.departmentIDs()) + 1
	}
	d := depts[id]
	answer := gin.H{"id": id}
	if in.ParentID != nil && depts[int(*in.ParentID)] == nil {
		return nil, nil, deny("ParentId", "no department %d", *in.ParentID)
	}
	switch {
	case in.ChangeType == "create_party":
		switch {
		case d != nil || id <= 0:
			return nil, nil, deny("Id", "%d is taken or not positive", id)
		case in.Name == nil || *in.Name == "" || len(*in.Name) > 64:
			return nil, nil, deny("Name", "needs 1 to 64 bytes")
		}
		d = &Department{ID: id, Name: *in.Name, ParentID: 1, Order: 100000}
		if in.ParentID != nil {
			d.ParentID = int(*in.ParentID)
		}
		if in.Order != nil {
			d.Order = int64(*in.Order)
		}
		depts[id] = d
		p.st.Company.reshaped()
		return p.contactEvent("create_party", func(x *xmlText) {
			x.num("Id", int64(id))
			if full {
				x.cdata("Name", d.Name)
			}
			x.cdata("ParentId", strconv.Itoa(d.ParentID))
			if full {
				x.num("Order", d.Order)
			}
		}), answer, nil
	case d == nil:
		return nil, nil, deny("Id", "no department %d", id)
	case in.ChangeType == "update_party":
		if in.ParentID != nil && (id == 1 || p.st.Company.subtree(id)[int(*in.ParentID)]) {
			return nil, nil, deny("ParentId", "a department cannot lie below itself")
		}
		if in.Name != nil && (*in.Name == "" || len(*in.Name) > 64) {
			return nil, nil, deny("Name", "needs 1 to 64 bytes")
		}
		moved := in.ParentID != nil && int(*in.ParentID) != d.ParentID
		if in.Name != nil {
			d.Name = *in.Name
		}
		if in.ParentID != nil {
			d.ParentID = int(*in.ParentID)
			p.st.Company.reshaped()
		}
		if !full && !moved {
			return nil, answer, nil
		}
		return p.contactEvent("update_party", func(x *xmlText) {
			x.num("Id", int64(id))
			if full && in.Name != nil {
				x.cdata("Name", d.Name)
			}
			if moved {
				x.cdata("ParentId", strconv.Itoa(d.ParentID))
			}
		}), answer, nil
	}
	if id == 1 || len(p.st.Company.subtree(id)) > 1 || len(p.st.Company.direct(id)) > 0 {
		return nil, nil, deny("Id", "the root and departments with members or sub-departments cannot be deleted")
	}
	delete(depts, id)
	p.st.Company.reshaped()
	return p.contactEvent("delete_party", func(x *xmlText) { x.num("Id", int64(id)) }), answer, nil
}

// editTag changes a tag's people; a tag that does not exist is made.
func (p *Platform) editTag(in *contactInput) ([]*delivery, gin.H, *refusal) {
	if in.TagID == nil || *in.TagID <= 0 {
		return nil, nil, deny("TagId", "must be a positive number")
	}
	for _, u := range slices.Concat(in.AddUserItems, in.DelUserItems) {
		if p.st.Company.member(u) == nil {
			return nil, nil, deny("AddUserItems", "no member %q", cutBytes(u, 64))
		}
	}
	for _, d := range slices.Concat(in.AddPartyItems, in.DelPartyItems) {
		if p.st.Company.Departments[d] == nil {
			return nil, nil, deny("AddPartyItems", "no department %d", d)
		}
	}
	id := int(*in.TagID)
	tag := p.st.Company.Tags[id]
	if tag == nil {
		tag = &Tag{ID: id, Name: fmt.Sprintf("标签%d", id)}
		p.st.Company.Tags[id] = tag
	}
	if in.Name != nil && *in.Name != "" {
		tag.Name = *in.Name
	}
	p.st.Company.reshaped()
	hasUser := func(list []string, u string) bool {
		return slices.ContainsFunc(list, func(x string) bool { return fold(x) == fold(u) })
	}
	tag.Users = slices.DeleteFunc(tag.Users, func(u string) bool { return hasUser(in.DelUserItems, u) })
	tag.Parties = slices.DeleteFunc(tag.Parties, func(d int) bool { return slices.Contains(in.DelPartyItems, d) })
	for _, u := range in.AddUserItems {
		if !hasUser(tag.Users, u) {
			tag.Users = append(tag.Users, p.st.Company.member(u).UserID)
		}
	}
	for _, d := range in.AddPartyItems {
		if !slices.Contains(tag.Parties, d) {
			tag.Parties = append(tag.Parties, d)
		}
	}
	return p.contactEvent("update_tag", func(x *xmlText) {
		x.num("TagId", int64(id)).cdata("AddUserItems", strings.Join(in.AddUserItems, ",")).cdata("DelUserItems", strings.Join(in.DelUserItems, ",")).
			cdata("AddPartyItems", joinComma(in.AddPartyItems)).cdata("DelPartyItems", joinComma(in.DelPartyItems))
	}), gin.H{"id": id}, nil
}

// subscribers lists who can use each app now: app → folded userid → userid. With
// userids it looks at them alone.
func (p *Platform) subscribers(userids ...string) map[string]map[string]string {
	out := map[string]map[string]string{}
	for name, a := range p.st.Apps {
		v := p.st.Company.visible(a.App)
		out[name] = map[string]string{}
		note := func(m *Member) {
			if v.reaches(m) {
				out[name][fold(m.UserID)] = m.UserID
			}
		}
		if len(userids) == 0 {
			for _, m := range p.st.Company.Members {
				note(m)
			}
		}
		for _, u := range userids {
			if m := p.st.Company.member(u); m != nil {
				note(m)
			}
		}
	}
	return out
}

// subscriptions builds subscribe and unsubscribe for everyone who came or went.
func (p *Platform) subscriptions(before map[string]map[string]string, userids ...string) []*delivery {
	var out []*delivery
	after := p.subscribers(userids...)
	event := func(app, user, name string) {
		a := p.st.Apps[app].App
		if a.CallbackURL == "" || a.Disabled {
			return
		}
		d := &delivery{}
		_, done := p.event(a, user, name, d)
		done()
		out = append(out, d)
	}
	for _, app := range sortedKeys(after) {
		for _, key := range sortedKeys(after[app]) {
			if _, was := before[app][key]; !was {
				event(app, after[app][key], "subscribe")
			}
		}
		for _, key := range sortedKeys(before[app]) {
			if _, is := after[app][key]; !is {
				event(app, before[app][key], "unsubscribe")
			}
		}
	}
	return out
}
