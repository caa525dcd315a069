package console

import (
	"net/url"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// Page is one address of the webview.
type Page struct {
	Path       string // "/form/apply/:key": a part with a colon matches one segment
	Title      string // 申请; what WeCom shows above the page
	English    string // for the permission matrix
	Permission string // who may ask for it; "" (chat.Everybody): every member
	Templates  *Templates
	// Get reads and changes nothing.
	Get func(v *Visit) (View, error)
	// Post acts inside one transaction, which may run again: it keeps nothing of
	// an earlier run. It decides before it writes. A worded error of package chat
	// changes nothing and shows the page anew with what is wrong above it; so
	// does a Next with a View, as for a form with mistakes. nil: nothing to act on.
	Post func(v *Visit) (Next, error)
}

// Visit is one request of a member who is signed in and may see the page.
type Visit struct {
	Reader *store.Reader
	Tx     *store.Tx // in Post alone
	Member store.Member
	App    string    // whose webview it is
	At     time.Time // business time of the request
	Path   string    // as asked for, without the query
	Query  url.Values
	Form   url.Values // what was posted; empty in a first Get, kept when a Post was refused
	// Files are what was uploaded with this form, by its field: stored, filed
	// under nothing yet, and gone after retention.message_bodies if that stays so.
	Files map[string][]store.Attachment
	// Problem is what the member is told when the page is shown anew because a
	// Post was refused.
	Problem string
	// Partial is set when only a part of the page will be replaced (htmx).
	Partial bool

	params  map[string]string
	console *Console
}

// Param is a segment of the path: Param("key") of /form/apply/:key. Asking for
// one that the page does not declare is a programming error and panics.
func (v *Visit) Param(name string) string {
	value, ok := v.params[name]
	if !ok {
		panic("console: the page has no parameter " + name)
	}
	return value
}

// Call is the member's act for what takes one from chat. command names it in the
// record of refusals. In a Get it only reads: its Tx belongs to no transaction.
func (v *Visit) Call(command string) *chat.Call {
	tx, permits := v.Tx, v.console.o.Permits
	if tx == nil {
		tx, permits = &store.Tx{Reader: *v.Reader}, looking{v}
	}
	return &chat.Call{
		Tx: tx, From: chat.From{Member: v.Member, App: v.App, At: v.At},
		Source: chat.FromPage, Command: command, Permits: permits,
	}
}

// looking are the permissions of a Get. Nothing can be written there: what is
// looked at is no use of a permission, and serve records the refusal that ends it.
type looking struct{ v *Visit }

// Permit implements chat.Permits.
func (l looking) Permit(_ *chat.Call, permission, _ string) (bool, error) { return l.v.Can(permission) }

// Denied implements chat.Permits.
func (l looking) Denied(*chat.Call, string, string) error { return nil }

// Can says whether the visitor may do what permission names, in general.
func (v *Visit) Can(permission string) (bool, error) {
	if permission == chat.Everybody {
		return true, nil
	}
	decision, err := v.console.o.Members.Can(v.Reader, v.Member, policy.Permission(permission), policy.Object{})
	return decision.Allowed, err
}

// Upload answers a file this member has uploaded and filed under nothing yet:
// forms name such files again when they are shown anew. ErrNotFound, wrapped,
// for anything else.
func (v *Visit) Upload(id int64) (store.Attachment, error) {
	a, err := v.Reader.Attachment(id)
	if err != nil {
		return a, err
	}
	if a.MemberID != v.Member.ID || a.SubjectKind != "" || a.Path == "" {
		return store.Attachment{}, store.ErrNotFound
	}
	return a, nil
}

// View is what is shown.
type View struct {
	Title    string // "": the page's
	Template string // of the page's Templates; it reads a Frame
	// Part is the template shown alone when htmx replaces a part of the page; "":
	// the whole.
	Part   string
	Data   any // Frame.Data
	Status int // 0: 200, or 422 when a Post answers it
	// File is sent in place of a page.
	File *store.Attachment
}

// Next is what follows an act.
type Next struct {
	To   string // page to go to; it begins with /form/
	Note string // said there once, such as 已批准
	View *View  // shown in place; nothing of the act is kept
}
