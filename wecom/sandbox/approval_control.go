package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// What people do in the built-in 审批 app, through the control API.

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
			if change != 0 {
				events = p.approvalEvents(a, change)
			}
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
