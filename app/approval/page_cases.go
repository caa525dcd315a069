package approval

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"guiju/app/chat"
	"guiju/app/console"
	"guiju/store"
)

// casesData is one page of a list.
type casesData struct {
	Side    string
	Tabs    []tab
	States  []tab // of what was applied for
	Rows    []listed
	More    string // address of what follows
	Empty   string
	Choices bool
}

type tab struct {
	Label, To string
	On        bool
}

const rowsPerPage = 20

// sides are the lists, in the order of the tabs.
var sides = []struct {
	side         store.RequestSide
	label, empty string
}{
	{store.AsDecider, "待我审批", "没有等您审批的申请。有新的会在企业微信里通知您。"},
	{store.AsApplicant, "我的申请", "这里还没有申请。"},
	{store.AsVoter, "我已审批", "还没有您审批过的申请。"},
	{store.AsCopied, "抄送我的", "还没有抄送给您的申请。"},
}

// filters are the states one's own applications can be filtered by.
var filters = []struct {
	key, label string
	states     []store.RequestState
}{
	{"", "全部", nil},
	{"open", "审批中", []store.RequestState{store.RequestRunning}},
	{"returned", "待修改", []store.RequestState{store.RequestReturned}},
	{"approved", "已通过", []store.RequestState{store.RequestApproved, store.RequestPaid}},
	{"ended", "未通过", []store.RequestState{
		store.RequestRejected, store.RequestWithdrawn, store.RequestRevoked, store.RequestDeleted,
	}},
}

// cases shows one list.
func (p pages) cases(v *console.Visit) (console.View, error) {
	data := casesData{Side: v.Query.Get("show")}
	query := store.RequestQuery{Limit: rowsPerPage + 1}
	at := 0
	for i, s := range sides {
		if string(s.side) == data.Side {
			at = i
		}
	}
	query.Side, data.Side, data.Empty = sides[at].side, string(sides[at].side), sides[at].empty
	for i, s := range sides {
		data.Tabs = append(data.Tabs, tab{Label: s.label, To: listAddress(s.side, "", 0), On: i == at})
	}
	state := v.Query.Get("state")
	if query.Side == store.AsApplicant {
		for _, f := range filters {
			data.States = append(data.States, tab{Label: f.label, To: listAddress(query.Side, f.key, 0), On: f.key == state})
			if f.key == state {
				query.States = f.states
			}
		}
	}
	query.Before, _ = strconv.ParseInt(v.Query.Get("before"), 10, 64) // what is no number begins the list
	rows, last, err := p.page(v, query)
	if err != nil {
		return console.View{}, err
	}
	data.Rows = rows
	if last > 0 {
		data.More = listAddress(query.Side, state, last)
	}
	for _, row := range rows {
		data.Choices = data.Choices || row.Choice
	}
	return console.View{Title: sides[at].label, Template: "cases", Part: "rows", Data: data}, nil
}

// page answers one page and, if more follows, the id it goes on after.
func (p pages) page(v *console.Visit, q store.RequestQuery) (rows []listed, last int64, err error) {
	rows, err = p.list(v, q)
	if err != nil || len(rows) < q.Limit {
		return rows, 0, err
	}
	rows = rows[:q.Limit-1]
	row, err := v.Reader.RequestByNumber(rows[len(rows)-1].Number)
	return rows, row.ID, err
}

func listAddress(side store.RequestSide, state string, before int64) string {
	q := url.Values{"show": {string(side)}}
	if state != "" {
		q.Set("state", state)
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	return strings.TrimPrefix(casesPage, "/") + "?" + q.Encode()
}

// decidedMany approves those that are ticked, each on its own.
func (p pages) decidedMany(v *console.Visit) (console.Next, error) {
	numbers := v.Form["number"]
	switch {
	case len(numbers) == 0:
		return console.Next{}, chat.Refused{Reason: "还没有勾选", Instead: "勾选要批准的申请，再点批量批准"}
	case len(numbers) > rowsPerPage:
		return console.Next{}, console.Told(http.StatusBadRequest, "一次太多了", fmt.Sprintf("一次最多批准 %d 件，请分几次。", rowsPerPage))
	}
	decided, err := p.requests.DecideMany(v.Call("批量批准"), numbers, strings.TrimSpace(v.Form.Get("opinion")))
	if err != nil {
		return console.Next{}, err
	}
	done, note := 0, ""
	var failed []string
	for _, d := range decided {
		if d.Err == nil {
			done++
			continue
		}
		text, _ := chat.Wording(d.Err)
		failed = append(failed, oneLine(d.Number+"："+text, 80))
	}
	if done > 0 {
		note = fmt.Sprintf("已批准 %d 件。", done)
	}
	if len(failed) > 0 {
		note += fmt.Sprintf("%d 件没有批准，仍在列表里：%s", len(failed), oneLine(strings.Join(failed, "；"), 300))
	}
	return console.Next{To: casesPage + "?show=" + string(store.AsDecider), Note: note}, nil
}
