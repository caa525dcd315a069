package rulebook

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/policy"
)

// checkApprovals is the design check of processes (G1-3.2(1)): what can be run,
// but is slow, unclear or reaches nobody. Org may be nil.
func checkApprovals(b *Book, org *policy.Org, add, hint func(path, text, remedy string)) {
	for _, t := range b.Engine.ApprovalTemplates() {
		if t.Off {
			continue
		}
		path := "approval.templates." + t.Key
		if n, most := t.MostApprovals(), b.Rules.Process.MaxApprovalNodes; n > most {
			add(path+".route", fmt.Sprintf("「%s」最长要经过 %d 个审批节点，超过 process.max_approval_nodes 的 %d 个", t.Title, n, most), "请合并或删去不必要的节点")
		}
		for _, pair := range t.Neighbours() {
			add(path+".route", fmt.Sprintf("「%s」的相邻节点“%s”和“%s”由同一人或角色审批", t.Title, pair[0].Name, pair[1].Name), "请合并这两个节点；不改则由系统自动跳过后一个")
		}
		for _, n := range t.Nodes {
			for _, a := range t.CC {
				if slices.ContainsFunc(n.Actors, func(x policy.ApprovalActor) bool { return x.Who == a.Who }) {
					hint(path+".cc", fmt.Sprintf("「%s」的“%s”既审批又抄送", t.Title, a.Word), "请从 cc 删去，重复抄送会自动合并")
				}
			}
		}
		if org != nil {
			checkApprovalOrg(b, org, t, path, add)
		}
	}
}

// checkApprovalOrg finds departments that a template names and the company has
// not, and those without anybody in charge.
func checkApprovalOrg(b *Book, org *policy.Org, t *policy.ApprovalTemplate, path string, add func(path, text, remedy string)) {
	for _, list := range []struct {
		key   string
		names []string
	}{{"pilot", t.Pilot}, {"for", t.For}} {
		for i, name := range list.names {
			if slices.Contains(b.Rules.DepartmentsNeeded, name) {
				continue
			}
			if d := b.Engine.ResolveDepartment(name, org); d.Fallback || !d.Found {
				add(fmt.Sprintf("%s.%s[%d]", path, list.key, i), "通讯录里没有"+name+"，没有人能以它的名义发起「"+t.Title+"」", "请改成已有的部门，或在 departments 中指定编号")
			}
		}
	}
	for _, n := range t.Nodes {
		for _, a := range n.Actors {
			kind, name, _ := strings.Cut(a.Who, ":")
			isDepartment := kind == "department"
			if kind == "post" {
				place, _, placed := strings.Cut(name, "/")
				name, isDepartment = place, false
				if !placed {
					continue
				}
			}
			if kind != "post" && !isDepartment || slices.Contains(b.Rules.DepartmentsNeeded, name) {
				continue // what is needed anyway is said once, for departments_required
			}
			d := b.Engine.ResolveDepartment(name, org)
			dept, _ := org.Department(d.ID)
			at := fmt.Sprintf("「%s」的节点“%s”", t.Title, n.Name)
			switch {
			case d.Fallback || !d.Found:
				add(path+".route", at+"找不到部门"+name, "请改成已有的部门，或在 departments 中指定编号")
			case isDepartment && len(dept.Leaders) == 0:
				add(path+".route", at+"没有负责人：部门"+d.Name+"没有部门主管", "请在企业微信管理后台为它设置部门负责人")
			}
		}
	}
}

// Unnumbered lists the templates that b changes against a under the number they
// had: a change records its version (G1-3.2(4)a).
func Unnumbered(a, b *Book) []string {
	var keys []string
	for _, t := range b.Engine.ApprovalTemplates() {
		old, had := a.Engine.ApprovalTemplate(t.Key)
		if had && old.Version == t.Version && string(old.Definition()) != string(t.Definition()) {
			keys = append(keys, t.Key)
		}
	}
	return keys
}
