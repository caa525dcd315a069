package approval

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/console"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
)

//go:embed html
var pageFiles embed.FS

// The pages, by their addresses.
const (
	homePage  = console.Root
	applyPage = console.Root + "apply/"
	casePage  = console.Root + "case/"
	casesPage = console.Root + "cases"
)

// pages are what members see of approvals in the webview. They call what the
// commands call, so that both say and do the same.
type pages struct {
	*Approvals
	console *console.Console
}

// RegisterPages adds the pages.
func (a *Approvals) RegisterPages(c *console.Console) {
	p := pages{a, c}
	templates := console.ParseTemplates(pageFiles, "html/*.html")
	for _, page := range []console.Page{
		{Path: homePage, Title: "审批", English: "Start, what waits, what was applied for", Get: p.home},
		{Path: applyPage + ":key", Title: "发起申请", English: "Fill in an application", Permission: string(policy.ApprovalApply), Get: p.apply, Post: p.applied},
		{Path: casesPage, Title: "审批列表", English: "Applications one has to do with", Get: p.cases, Post: p.decidedMany},
		{Path: casePage + ":number", Title: "审批详情", English: "One application, for those it concerns", Get: p.oneCase, Post: p.acted},
		{Path: casePage + ":number/edit", Title: "修改申请", English: "Change a returned application, for its applicant", Permission: string(policy.ApprovalApply), Get: p.edit, Post: p.edited},
		{Path: casePage + ":number/file/:id", Title: "附件", English: "A file of an application, for those it concerns", Get: p.file},
		{Path: console.Root + "pick", Title: "查找", English: "Find colleagues and departments by name", Get: p.pick},
	} {
		page.Templates = templates
		c.Page(page)
	}
}

// listed is a request in a list.
type listed struct {
	Number, Kind, Title, State, Class, Who, When string
	Choice                                       bool // may be decided together with others
}

// homeData is the first page.
type homeData struct {
	Hello     string
	Start     []startable
	Waiting   []listed
	Count     string // of what waits
	Mine      []listed
	MayStart  bool
	CasesPath string
}

// startable is one process a member may begin.
type startable struct{ Key, Title, Hint, Mark string }

const shownAtHome = 4

func (p pages) home(v *console.Visit) (console.View, error) {
	data := homeData{Hello: greeting(v.At.In(p.zone())) + "，" + v.Member.Name}
	var err error
	if data.MayStart, err = v.Can(string(policy.ApprovalApply)); err != nil {
		return console.View{}, err
	}
	if data.MayStart {
		if data.Start, err = p.startable(v); err != nil {
			return console.View{}, err
		}
	}
	if data.Waiting, err = p.list(v, store.RequestQuery{Side: store.AsDecider, Limit: shownAtHome}); err != nil {
		return console.View{}, err
	}
	if data.Mine, err = p.list(v, store.RequestQuery{Side: store.AsApplicant, Limit: shownAtHome}); err != nil {
		return console.View{}, err
	}
	const most = 100
	n, err := v.Reader.CountWaiting(v.Member.ID, most)
	if n > 0 {
		data.Count = fmt.Sprint(n)
	}
	if n == most {
		data.Count = "99+"
	}
	return console.View{Template: "home", Data: data}, err
}

func (p pages) startable(v *console.Visit) ([]startable, error) {
	templates, err := p.Startable(v.Reader, v.Member)
	if err != nil {
		return nil, err
	}
	var all []startable
	for _, t := range templates {
		var asked []string
		for _, f := range t.Fields {
			if f.Compute == "" && len(asked) < 3 {
				asked = append(asked, f.Label)
			}
		}
		all = append(all, startable{Key: t.Key, Title: t.Title, Hint: strings.Join(asked, "、"), Mark: firstRune(t.Title)})
	}
	return all, nil
}

// list answers a page of requests in words.
func (p pages) list(v *console.Visit, q store.RequestQuery) ([]listed, error) {
	q.Member = v.Member.ID
	rows, err := v.Reader.RequestsPage(q)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, row := range rows {
		ids = append(ids, row.ApplicantID)
	}
	members, err := v.Reader.Members(ids)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, m := range members {
		names[m.ID] = m.Name
	}
	var all []listed
	for _, row := range rows {
		word, class := stateWords(row.State)
		one := listed{
			Number: row.Number, Title: row.Title, State: word, Class: class, When: p.when(v.At, row.CreatedAt),
			Choice: q.Side == store.AsDecider && row.Engine != store.EngineNative,
		}
		if one.Title == "" {
			one.Title = "内容已按规定清除"
		}
		if q.Side != store.AsApplicant {
			one.Who = names[row.ApplicantID]
		}
		all = append(all, one)
	}
	return all, nil
}

// stateWords are the word and the colour of a state.
func stateWords(s store.RequestState) (word, class string) {
	switch s {
	case store.RequestRunning:
		return "审批中", "running"
	case store.RequestReturned:
		return "待修改", "returned"
	case store.RequestApproved:
		return "已通过", "approved"
	case store.RequestRejected:
		return "已驳回", "rejected"
	case store.RequestWithdrawn:
		return "已撤回", "ended"
	case store.RequestRevoked:
		return "已撤销", "ended"
	case store.RequestDeleted:
		return "已删除", "ended"
	case store.RequestPaid:
		return "已支付", "approved"
	}
	return string(s), "ended"
}

func (p pages) zone() *time.Location { return p.rules().Calendar().Location() }

// when is an instant as people say it: today only the time.
func (p pages) when(now, t time.Time) string {
	now, t = now.In(p.zone()), t.In(p.zone())
	switch {
	case t.IsZero():
		return ""
	case now.Format(time.DateOnly) == t.Format(time.DateOnly):
		return "今天 " + t.Format("15:04")
	case now.Year() == t.Year():
		return t.Format("1月2日 15:04")
	}
	return t.Format("2006年1月2日")
}

func greeting(t time.Time) string {
	switch h := t.Hour(); {
	case h < 6, h >= 23:
		return "夜深了"
	case h < 12:
		return "上午好"
	case h < 14:
		return "中午好"
	case h < 18:
		return "下午好"
	}
	return "晚上好"
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// has says whether an action is among those a viewer may take now.
func has(view request.CaseView, action request.Action) bool {
	for _, a := range view.Actions {
		if a == action {
			return true
		}
	}
	return false
}

// oneLine keeps what members wrote to a line of a notice.
func oneLine(text string, n int) string { return chat.OneLine(text, n) }
