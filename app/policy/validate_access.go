package policy

import (
	"fmt"
	"slices"
	"strings"
)

// compileAccess builds what decides about permissions from permission.roles,
// permission.assign and permission.sod.
func (e *Engine) compileAccess(k *checker) {
	e.permissions = permissionIndex()
	e.roleList, e.roleIndex = k.roleList(e.rules.Permission.Roles)
	e.roles = k.roles(e.rules.Permission.Roles, e.permissions)
	e.nodeRoles = map[Role]bool{}
	for role, held := range e.roles {
		for p := range held {
			if _, _, ok := nodeOf(p); ok {
				e.nodeRoles[role] = true
			}
		}
	}
	for i, rule := range e.rules.Permission.Assign {
		if compiled, ok := k.assign(fmt.Sprintf("permission.assign[%d]", i), rule, e); ok {
			e.assign = append(e.assign, compiled)
		}
	}
	e.assign = append(e.assign, k.postRoles(e)...)
	for i, pair := range e.rules.Permission.SoD {
		if rule, ok := k.sod(fmt.Sprintf("permission.sod[%d]", i), pair, e); ok {
			e.sod = append(e.sod, rule)
		}
	}
}

// roleList is the guide's roles and those the company adds, which are
// functional and are called by their code.
func (k *checker) roleList(roles map[string][]string) ([]RoleInfo, map[Role]RoleInfo) {
	list := Roles()
	index := map[Role]RoleInfo{}
	for _, info := range list {
		index[info.Role] = info
	}
	for _, name := range sorted(roles) {
		if _, known := index[Role(name)]; known {
			continue
		}
		if info, named := RoleNamed(name); named {
			k.add("permission.roles."+name, "must be written as %s", info.Role)
			continue
		}
		k.filled("permission.roles."+name, name)
		info := RoleInfo{Role: Role(name), Title: name, Clause: "E2.P", Kind: Functional}
		list, index[info.Role] = append(list, info), info
	}
	return list, index
}

// roles builds the permissions of each role. Of two entries for one permission
// the wider counts.
func (k *checker) roles(roles map[string][]string, known map[Permission]PermissionInfo) map[Role]map[Permission]Scope {
	width := map[Scope]int{Own: 0, Team: 1, SameDepartment: 2, Any: 3}
	out := map[Role]map[Permission]Scope{}
	for _, role := range sorted(roles) {
		held := map[Permission]Scope{}
		for i, text := range roles[role] {
			path := fmt.Sprintf("permission.roles.%s[%d]", role, i)
			g := parseRoleGrant(text)
			process, node, isNode := nodeOf(g.permission)
			_, ok := known[g.permission]
			switch {
			case g.permission == NodeDecide:
				k.add(path, "must name the node, as in approval.node.<process>.A.decide")
			case isNode && process == anyProcess:
				if info, _ := RoleNamed(role); info.Object != ProcessObject {
					k.add(path, "only a role that is held for a process may have it, such as approver_a")
				}
				g.permission = nodePermission(process, strings.ToUpper(node))
			case !ok && !isNode:
				k.add(path, "unknown permission %q", g.permission)
			}
			if _, ok := width[g.scope]; !ok {
				k.add(path, "unknown scope %q; use own, team or department", g.scope)
			}
			if had, twice := held[g.permission]; !twice || width[g.scope] > width[had] {
				held[g.permission] = g.scope
			}
		}
		out[Role(role)] = held
	}
	for _, role := range []Role{Member, Administrator} {
		if _, ok := out[role]; !ok {
			k.add("permission.roles", "must have the role %s", role)
		}
	}
	return out
}

// assign resolves the names of one rule of permission.assign.
func (k *checker) assign(path string, rule AssignRule, e *Engine) (assignRule, bool) {
	before := len(k.found)
	compiled := assignRule{AssignRule: rule}
	info, known := e.RoleNamed(rule.Role)
	switch {
	case !known:
		k.add(path+".role", "unknown role %q; use a role of permission.roles or its Chinese name", rule.Role)
	case info.Kind == Base:
		k.add(path+".role", "%s is held by everybody", info.Role)
	case info.Kind == Bound && rule.Object == "" && (info.Object != DepartmentObject || rule.Head == "" && rule.Post == ""):
		k.add(path+".object", "must name the %s the role %s is for", info.Object, info.Role)
	case rule.Object != "" && info.Object == "":
		k.add(path+".object", "must be left out: the role %s is for no object", info.Role)
	}
	compiled.role = info.Role
	conditions := []string{rule.Department, rule.Head, rule.Post, rule.Tag, rule.UserID, rule.Category}
	given := len(slices.DeleteFunc(conditions, func(s string) bool { return strings.TrimSpace(s) == "" }))
	if given == 0 {
		k.add(path, "must have a condition: department, head, post, tag, userid or category")
	}
	if rule.Category != "" {
		category, ok := e.RoleNamed(rule.Category)
		switch {
		case !ok || category.Kind != Category:
			k.add(path+".category", "must be a category such as administrator, not %q", rule.Category)
		case given > 1:
			k.add(path+".category", "must stand alone, without other conditions")
		case rule.Object != "":
			k.add(path+".object", "must be left out of a rule for a category")
		case known && info.Kind == Category:
			k.add(path+".role", "one category cannot bring another")
		}
		compiled.category = category.Role
	}
	return compiled, len(k.found) == before
}

// sod resolves one pair of permission.sod.
func (k *checker) sod(path string, pair []string, e *Engine) (sodRule, bool) {
	before := len(k.found)
	if len(pair) != 2 {
		k.add(path, "must name two roles")
	}
	rule := sodRule{text: pair}
	for i, text := range pair {
		at := fmt.Sprintf("%s[%d]", path, i)
		name, qualifier, qualified := strings.Cut(text, ":")
		if strings.TrimSpace(name) == "" {
			k.add(at, "must not be empty")
			continue
		}
		if qualified {
			k.oneOf(at, qualifier, "same_process", "same_case", "same_destroy")
			rule.same = true
		}
		roles := caseDuties()[strings.TrimSpace(name)]
		if info, known := e.RoleNamed(name); known {
			roles = []Role{info.Role}
		}
		if len(roles) == 0 {
			k.add(at, "unknown role %q; use a role of permission.roles or its Chinese name", name)
		}
		if i == 0 {
			rule.a = roles
		} else {
			rule.b = roles
		}
	}
	return rule, len(k.found) == before
}
