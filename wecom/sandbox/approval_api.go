package sandbox

import (
	"encoding/json"
	"slices"
	"strconv"
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
	controls, leaves := []gin.H{}, []gin.H{}
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
			view["config"] = gin.H{"file": gin.H{"is_only_photo": tick(c.Photos)}}
		case "Attendance":
			view["config"] = gin.H{"attendance": gin.H{"type": c.Attendance, "date_range": gin.H{"type": c.Kind}}}
		case "Vacation": // its kinds stand beside the controls, its kind of span nowhere
			for _, o := range c.Options {
				leaves = append(leaves, gin.H{"id": json.Number(o[0]), "name": zh(o[1])})
			}
		case "Selector":
			options := []gin.H{}
			for _, o := range c.Options {
				options = append(options, gin.H{"key": o[0], "value": zh(o[1])})
			}
			view["config"] = gin.H{"selector": gin.H{"type": c.Kind, "exp_type": 0, "options": options, "op_relations": []any{}}}
		}
		controls = append(controls, view)
	}
	answer := gin.H{"template_names": zh(t.Name), "template_content": gin.H{"controls": controls}}
	if len(leaves) > 0 {
		answer["vacation_list"] = gin.H{"item": leaves}
	}
	return answer, nil
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
