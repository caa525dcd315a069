package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// approvalRight: the app must be in 审批 → API → 可调用接口的应用.
func (k *call) approvalRight() *apiError {
	if k.app.App.NoApprovals {
		return fail(301055, "")
	}
	return nil
}

func zh(text string) []gin.H { return []gin.H{{"text": text, "lang": "zh_CN"}} }

// oaTemplateDetail is POST oa/gettemplatedetail.
func oaTemplateDetail(k *call) (gin.H, *apiError) {
	var in struct {
		ID string `json:"template_id"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if failed := k.approvalRight(); failed != nil {
		return nil, failed
	}
	t := k.p.template(in.ID)
	if t == nil {
		return nil, fail(301025, "template_id")
	}
	controls := []gin.H{}
	for _, c := range t.Controls {
		view := gin.H{"property": gin.H{"control": c.Control, "id": c.ID, "title": zh(c.Title), "placeholder": []gin.H{},
			"require": tick(c.Required), "un_print": 0, "inner_id": "", "un_replace": 0, "display": 1}}
		switch c.Control {
		case "Date":
			view["config"] = gin.H{"date": gin.H{"type": c.Kind}}
		case "DateRange":
			view["config"] = gin.H{"date_range": gin.H{"type": c.Kind}}
		case "Contact":
			view["config"] = gin.H{"contact": gin.H{"type": c.Kind, "mode": c.Mode}}
		case "File":
			view["config"] = gin.H{"file": gin.H{"is_only_photo": 0}}
		case "Selector":
			options := []gin.H{}
			for _, o := range c.Options {
				options = append(options, gin.H{"key": o[0], "value": zh(o[1])})
			}
			view["config"] = gin.H{"selector": gin.H{"type": c.Kind, "exp_type": 0, "options": options, "op_relations": []any{}}}
		}
		controls = append(controls, view)
	}
	return gin.H{"template_names": zh(t.Name), "template_content": gin.H{"controls": controls}}, nil
}

type applyContent struct {
	Control string          `json:"control"`
	ID      string          `json:"id"`
	Value   json.RawMessage `json:"value"`
}

// oaApplyEvent is POST oa/applyevent.
func oaApplyEvent(k *call) (gin.H, *apiError) {
	var in struct {
		Creator     string `json:"creator_userid"`
		TemplateID  string `json:"template_id"`
		UseTemplate *int   `json:"use_template_approver"`
		Department  int    `json:"choose_department"`
		Process     struct {
			Nodes []struct {
				Type   int      `json:"type"`
				Rel    int      `json:"apv_rel"`
				UserID []string `json:"userid"`
			} `json:"node_list"`
		} `json:"process"`
		Data struct {
			Contents []applyContent `json:"contents"`
		} `json:"apply_data"`
		Summary []struct {
			Info []struct {
				Text string `json:"text"`
				Lang string `json:"lang"`
			} `json:"summary_info"`
		} `json:"summary_list"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if failed := k.approvalRight(); failed != nil {
		return nil, failed
	}
	if in.UseTemplate == nil || *in.UseTemplate != 0 && *in.UseTemplate != 1 {
		return nil, fail(40058, "use_template_approver must be 0 or 1")
	}
	if len(in.Summary) < 1 || len(in.Summary) > 3 {
		return nil, fail(40058, "summary_list needs 1 to 3 entries")
	}
	for _, s := range in.Summary {
		if len(s.Info) == 0 {
			return nil, fail(40058, "summary_info missing")
		}
		for _, i := range s.Info {
			if utf8.RuneCountInString(i.Text) > 20 || i.Lang != "zh_CN" && i.Lang != "en" {
				return nil, fail(301025, "summary_info: text up to 20 characters, lang zh_CN or en")
			}
		}
	}
	p := k.p
	p.mu.Lock()
	t := p.template(in.TemplateID)
	m := p.st.Company.member(in.Creator)
	v := p.st.Company.visible(k.app.App)
	failed := func() *apiError {
		switch {
		case t == nil:
			return fail(301025, "template_id")
		case !v.reaches(m):
			return fail(301055, "applicant out of range")
		case in.Department != 0 && !slices.Contains(m.Departments, in.Department):
			return fail(301025, "choose_department is not the applicant's")
		}
		return nil
	}()
	var nodes []*approvalNode
	var contents []gin.H
	if failed == nil {
		contents, failed = p.checkContents(t, in.Data.Contents, k.now)
	}
	if failed == nil && *in.UseTemplate == 1 {
		nodes = p.flow(t, m)
	} else if failed == nil {
		for _, n := range in.Process.Nodes {
			node := &approvalNode{Type: n.Type, Rel: n.Rel, Status: nodePending}
			if n.Type < 1 || n.Type > 3 || n.Type != 2 && (n.Rel < 1 || n.Rel > 3) || len(n.UserID) == 0 {
				failed = fail(301025, "process.node_list: type 1–3, apv_rel 1–3, userid needed")
				break
			}
			for _, u := range n.UserID {
				who := p.st.Company.member(u)
				if who == nil {
					failed = fail(301025, "process.node_list.userid")
					break
				}
				node.People = append(node.People, &approvalStand{User: who.UserID, Status: nodePending})
			}
			nodes = append(nodes, node)
		}
	}
	if failed == nil && !slices.ContainsFunc(nodes, func(n *approvalNode) bool { return n.Type == 1 }) {
		failed = fail(301025, "no approver")
	}
	if failed != nil {
		p.mu.Unlock()
		return nil, failed
	}
	party := in.Department
	if party == 0 {
		party = m.MainDepartment
	}
	a := p.submitApproval(t, m, party, nodes, contents)
	events := p.approvalEvents(a, changeSubmitted)
	p.mu.Unlock()
	p.send(events)
	return gin.H{"sp_no": a.SpNo}, nil
}

// checkContents holds the given values against the template: every control must be
// one of the form, of the right shape, and required ones filled (301025, 40058).
func (p *Platform) checkContents(t *Template, given []applyContent, now time.Time) ([]gin.H, *apiError) {
	byID := map[string]applyContent{}
	for _, g := range given {
		if !slices.ContainsFunc(t.Controls, func(c TemplateControl) bool { return c.ID == g.ID && c.Control == g.Control }) {
			return nil, fail(301025, "apply_data: no such control "+cutBytes(g.ID, 64))
		}
		byID[g.ID] = g
	}
	out := []gin.H{}
	for _, c := range t.Controls {
		g, there := byID[c.ID]
		if !there || len(g.Value) == 0 || string(g.Value) == "null" {
			if c.Required {
				return nil, fail(40058, "apply_data: required "+c.ID+" is empty")
			}
			continue
		}
		value, failed := p.checkValue(c, g.Value, now)
		if failed != nil {
			return nil, failed
		}
		out = append(out, gin.H{"control": c.Control, "id": c.ID, "title": zh(c.Title), "value": value})
	}
	return out, nil
}

// checkValue checks one value's shape (table of api.md 5.2) and gives the read form.
func (p *Platform) checkValue(c TemplateControl, raw json.RawMessage, now time.Time) (gin.H, *apiError) {
	var v struct {
		Text     *string `json:"text"`
		Number   *string `json:"new_number"`
		Money    *string `json:"new_money"`
		Date     *gin.H  `json:"date"`
		Selector *struct {
			Type    string `json:"type"`
			Options []struct {
				Key string `json:"key"`
			} `json:"options"`
		} `json:"selector"`
		Members []struct {
			UserID string `json:"userid"`
			Name   string `json:"name"`
		} `json:"members"`
		Files []struct {
			FileID string `json:"file_id"`
		} `json:"files"`
		DateRange *struct {
			Type     string `json:"type"`
			Begin    int64  `json:"new_begin"`
			End      int64  `json:"new_end"`
			Duration int64  `json:"new_duration"`
		} `json:"date_range"`
	}
	bad := fail(301025, "value of "+c.ID)
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, bad
	}
	out := gin.H{"tips": []any{}, "members": []any{}, "departments": []any{}, "files": []any{}, "children": []any{}, "stat_field": []any{}}
	switch c.Control {
	case "Text", "Textarea":
		if v.Text == nil || c.Required && *v.Text == "" || c.Control == "Text" && strings.ContainsAny(*v.Text, "\r\n") {
			return nil, bad
		}
		out["text"] = *v.Text
	case "Number":
		if v.Number == nil || !isNumber(*v.Number) {
			return nil, bad
		}
		out["new_number"] = *v.Number
	case "Money":
		if v.Money == nil || !isNumber(*v.Money) {
			return nil, bad
		}
		out["new_money"] = *v.Money
	case "Date":
		if v.Date == nil {
			return nil, bad
		}
		stamp, isText := (*v.Date)["s_timestamp"].(string)
		if _, err := strconv.ParseInt(stamp, 10, 64); !isText || err != nil || (*v.Date)["type"] != c.Kind {
			return nil, bad
		}
		out["date"] = gin.H{"type": c.Kind, "s_timestamp": stamp}
	case "Selector":
		if v.Selector == nil || v.Selector.Type != c.Kind || len(v.Selector.Options) == 0 || c.Kind == "single" && len(v.Selector.Options) != 1 {
			return nil, bad
		}
		options := []gin.H{}
		for _, o := range v.Selector.Options {
			i := slices.IndexFunc(c.Options, func(known [2]string) bool { return known[0] == o.Key })
			if i < 0 {
				return nil, bad
			}
			options = append(options, gin.H{"key": o.Key, "value": zh(c.Options[i][1])})
		}
		out["selector"] = gin.H{"type": c.Kind, "options": options}
	case "Contact":
		if len(v.Members) == 0 || c.Kind == "single" && len(v.Members) > 1 {
			return nil, bad
		}
		people := []gin.H{}
		for _, m := range v.Members {
			who := p.st.Company.member(m.UserID)
			if who == nil {
				return nil, bad
			}
			people = append(people, gin.H{"userid": who.UserID, "name": who.Name})
		}
		out["members"] = people
	case "File":
		if len(v.Files) == 0 || len(v.Files) > 6 {
			return nil, bad
		}
		files := []gin.H{}
		for _, f := range v.Files {
			if p.liveMedia(f.FileID, now) == nil {
				return nil, fail(40007, "")
			}
			files = append(files, gin.H{"file_id": f.FileID})
		}
		out["files"] = files
	case "DateRange":
		r := v.DateRange
		if r == nil || r.Type != c.Kind || r.Begin <= 0 || r.End <= r.Begin || r.Duration <= 0 {
			return nil, bad
		}
		if half := int64(43200); r.Type == "halfday" && ((r.Begin+8*3600)%half != 0 || (r.End+8*3600)%half != 0) {
			return nil, bad // only 00:00 and 12:00
		}
		out["date_range"] = gin.H{"type": r.Type, "new_begin": r.Begin, "new_end": r.End, "new_duration": r.Duration, "perday_duration": 86400}
	default:
		return nil, bad
	}
	return out, nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && !strings.ContainsAny(s, "xXnNiIeE_+")
}

// oaApprovalInfo is POST oa/getapprovalinfo.
func oaApprovalInfo(k *call) (gin.H, *apiError) {
	var in struct {
		Start   string  `json:"starttime"`
		End     string  `json:"endtime"`
		Cursor  *string `json:"new_cursor"`
		Size    *int    `json:"size"`
		Filters []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"filters"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if failed := k.approvalRight(); failed != nil {
		return nil, failed
	}
	start, err1 := strconv.ParseInt(in.Start, 10, 64)
	end, err2 := strconv.ParseInt(in.End, 10, 64)
	switch {
	case err1 != nil || err2 != nil || end <= start || end-start > 31*86400:
		return nil, fail(301025, "starttime and endtime: at most 31 days, endtime later")
	case in.Cursor == nil || in.Size == nil || *in.Size < 1 || *in.Size > 100:
		return nil, fail(301025, "new_cursor and size (1–100) are needed")
	}
	want := map[string][]string{}
	for _, f := range in.Filters {
		if !slices.Contains([]string{"template_id", "creator", "department", "sp_status", "record_type"}, f.Key) ||
			f.Key != "department" && len(want[f.Key]) > 0 {
			return nil, fail(301025, "filters")
		}
		want[f.Key] = append(want[f.Key], f.Value)
	}
	from, ok := decodeCursor(*in.Cursor)
	if !ok {
		return nil, fail(301025, "new_cursor")
	}
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.st.Company.visible(k.app.App)
	var rows []*approval
	for _, no := range sortedKeys(p.st.Approvals) {
		if a := p.st.Approvals[no]; a.Applied.Unix() >= start && a.Applied.Unix() <= end {
			rows = append(rows, a)
		}
	}
	if from > len(rows) {
		return nil, fail(301025, "new_cursor")
	}
	list := []string{}
	stop := min(from+*in.Size, len(rows))
	for _, a := range rows[from:stop] { // invisible ones are left out: pages may be short
		if v.sees(p.st.Company.member(a.Applicant)) && a.matches(want) {
			list = append(list, a.SpNo)
		}
	}
	out := gin.H{"sp_no_list": list}
	if stop < len(rows) {
		out["new_next_cursor"] = encodeCursor(stop)
	}
	return out, nil
}

func (a *approval) matches(want map[string][]string) bool {
	for key, values := range want {
		have := map[string]string{"template_id": a.Template, "creator": a.Applicant, "department": strconv.Itoa(a.Party),
			"sp_status": strconv.Itoa(a.Status), "record_type": ""}[key]
		if !slices.Contains(values, have) {
			return false
		}
	}
	return true
}

// oaApprovalDetail is POST oa/getapprovaldetail.
func oaApprovalDetail(k *call) (gin.H, *apiError) {
	var in struct {
		SpNo string `json:"sp_no"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if failed := k.approvalRight(); failed != nil {
		return nil, failed
	}
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	a := k.p.st.Approvals[in.SpNo]
	if a == nil {
		return nil, fail(301025, "sp_no")
	}
	if !k.p.st.Company.visible(k.app.App).sees(k.p.st.Company.member(a.Applicant)) {
		return nil, fail(301055, "")
	}
	return gin.H{"info": a.view()}, nil
}

// view is getapprovaldetail's info.
func (a *approval) view() gin.H {
	records, nodes, copies, comments := []gin.H{}, []gin.H{}, []gin.H{}, []gin.H{}
	for _, n := range a.Nodes {
		subs, details := []gin.H{}, []gin.H{}
		for _, s := range n.People {
			if n.Type == 2 {
				copies = append(copies, gin.H{"userid": s.User})
				subs = append(subs, gin.H{"userid": s.User})
				continue
			}
			subs = append(subs, gin.H{"userid": s.User, "speech": s.Speech, "sp_yj": s.Status, "sptime": unix(s.At), "media_ids": []any{}})
			details = append(details, gin.H{"approver": gin.H{"userid": s.User}, "speech": s.Speech, "sp_status": s.Status,
				"sptime": unix(s.At), "media_id": []any{}})
		}
		node := gin.H{"node_type": n.Type, "sub_node_list": subs}
		if n.Type != 2 {
			node["sp_status"], node["apv_rel"] = n.Status, n.Rel
		}
		nodes = append(nodes, node)
		if n.Type == 1 {
			records = append(records, gin.H{"sp_status": n.Status, "approverattr": n.attr(), "details": details})
		}
	}
	for _, m := range a.Comments {
		comments = append(comments, gin.H{"commentUserInfo": gin.H{"userid": m.User}, "commenttime": m.At.Unix(),
			"commentcontent": m.Content, "commentid": m.ID, "media_id": []any{}})
	}
	return gin.H{"sp_no": a.SpNo, "sp_name": a.Name, "sp_status": a.Status, "template_id": a.Template, "apply_time": a.Applied.Unix(),
		"applyer": gin.H{"userid": a.Applicant, "partyid": strconv.Itoa(a.Party)}, "sp_record": records, "notifyer": copies,
		"apply_data": gin.H{"contents": notNil(a.Contents)}, "comments": comments, "process_list": gin.H{"node_list": nodes}}
}

// newApproval is POST /sandbox/api/approvals: a member submits a form by hand.
func (p *Platform) newApproval(c *gin.Context) {
	var in struct {
		TemplateID, User string
		Data             map[string]json.RawMessage
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	p.mu.Lock()
	a, no := p.submitByHand(in.TemplateID, in.User, in.Data)
	var events []*delivery
	if no == nil {
		events = p.approvalEvents(a, changeSubmitted)
	}
	p.mu.Unlock()
	if no != nil {
		refuse(c, no.status, no.field, no.error)
		return
	}
	results, err := p.sendAndWait(c.Request.Context(), events)
	if err != nil {
		refuse(c, http.StatusTooManyRequests, "", err.Error())
		return
	}
	c.JSON(http.StatusOK, gin.H{"sp_no": a.SpNo, "deliveries": results})
}

func (p *Platform) submitByHand(templateID, user string, data map[string]json.RawMessage) (*approval, *refusal) {
	t := p.template(templateID)
	m := p.st.Company.member(user)
	switch {
	case t == nil:
		return nil, deny("template_id", "no template %q", cutBytes(templateID, 64))
	case m == nil || m.Status != statusActive:
		return nil, deny("user", "no active member %q", cutBytes(user, 64))
	}
	var given []applyContent
	for key, raw := range data {
		i := slices.IndexFunc(t.Controls, func(c TemplateControl) bool { return c.ID == key || c.Title == key })
		if i < 0 {
			return nil, deny("data", "the form has no field %q", cutBytes(key, 64))
		}
		given = append(given, applyContent{Control: t.Controls[i].Control, ID: t.Controls[i].ID, Value: shape(t.Controls[i], raw)})
	}
	contents, failed := p.checkContents(t, given, p.Now())
	if failed != nil {
		return nil, deny("data", "%s", failed.text)
	}
	return p.submitApproval(t, m, m.MainDepartment, p.flow(t, m), contents), nil
}

// shape turns what a person would type into the control's value: a text, a number,
// an option's text, a userid, a date. An object is taken as the value itself.
func shape(c TemplateControl, raw json.RawMessage) json.RawMessage {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		if n := string(raw); isNumber(n) {
			text = n
		} else {
			return raw
		}
	}
	var value any
	switch c.Control {
	case "Text", "Textarea":
		value = gin.H{"text": text}
	case "Number":
		value = gin.H{"new_number": text}
	case "Money":
		value = gin.H{"new_money": text}
	case "Selector":
		for _, o := range c.Options {
			if o[1] == text {
				text = o[0]
			}
		}
		value = gin.H{"selector": gin.H{"type": c.Kind, "options": []gin.H{{"key": text}}}}
	case "Contact":
		value = gin.H{"members": []gin.H{{"userid": text}}}
	case "File":
		value = gin.H{"files": []gin.H{{"file_id": text}}}
	case "Date":
		value = gin.H{"date": gin.H{"type": c.Kind, "s_timestamp": day(text)}}
	case "DateRange": // "2026-03-09 2026-03-10", both days whole
		first, last, _ := strings.Cut(text, " ")
		begin, _ := strconv.ParseInt(day(first), 10, 64)
		end, _ := strconv.ParseInt(day(last), 10, 64)
		end += 43200
		value = gin.H{"date_range": gin.H{"type": c.Kind, "new_begin": begin, "new_end": end, "new_duration": end - begin + 43200}}
	}
	out, err := json.Marshal(value)
	if err != nil { // plain data always encodes
		panic(fmt.Sprintf("sandbox: value: %v", err))
	}
	return out
}

// day is the Unix second of a date's midnight in UTC+8, "" if it is none.
func day(text string) string {
	t, err := time.ParseInLocation("2006-01-02", text, time.FixedZone("CST", 8*3600))
	if err != nil {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}

// decideApproval is POST /sandbox/api/approvals/{sp_no}/decide.
func (p *Platform) decideApproval(c *gin.Context) {
	var in struct{ User, Action, Speech, To string }
	if !readControl(c, &in, controlBody) {
		return
	}
	p.mu.Lock()
	a, m := p.st.Approvals[c.Param("sp_no")], p.st.Company.member(in.User)
	var events []*delivery
	var no *refusal
	status := 0
	switch {
	case a == nil:
		no = &refusal{http.StatusNotFound, "sp_no", "no such request"}
	case m == nil || m.Status != statusActive:
		no = deny("user", "no active member %q", cutBytes(in.User, 64))
	default:
		var change int
		if change, no = p.decide(a, m, in.Action, in.Speech, in.To); no == nil {
			p.touch()
			status = a.Status
			events = p.approvalEvents(a, change)
		}
	}
	p.mu.Unlock()
	if no != nil {
		refuse(c, no.status, no.field, no.error)
		return
	}
	results, err := p.sendAndWait(c.Request.Context(), events)
	if err != nil {
		refuse(c, http.StatusTooManyRequests, "", err.Error())
		return
	}
	c.JSON(http.StatusOK, gin.H{"sp_no": a.SpNo, "sp_status": status, "deliveries": results})
}

// listApprovals is GET /sandbox/api/approvals?user=U.
func (p *Platform) listApprovals(c *gin.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rows, templates := []gin.H{}, []gin.H{}
	for _, no := range sortedKeys(p.st.Approvals) {
		if a := p.st.Approvals[no]; c.Query("user") == "" || a.concerns(c.Query("user")) {
			rows = append(rows, a.view())
		}
	}
	for _, t := range p.opts.Templates {
		templates = append(templates, gin.H{"template_id": t.ID, "name": t.Name, "controls": t.Controls})
	}
	c.JSON(http.StatusOK, gin.H{"approvals": rows, "templates": templates})
}
