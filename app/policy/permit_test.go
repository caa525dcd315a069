package policy_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

func TestS02DecisionOrder(t *testing.T) {
	const me, other = 1, 2
	member := policy.Actor{Member: me, Active: true, Holdings: []policy.Holding{{Role: policy.Member}}}
	admin := policy.Actor{Member: me, Active: true, Holdings: []policy.Holding{{Role: policy.Member}, {Role: policy.Administrator}}}
	with := func(a policy.Actor, edit func(*policy.Actor)) policy.Actor {
		a.Holdings = slices.Clone(a.Holdings)
		edit(&a)
		return a
	}
	mine := policy.Object{ID: "M1", Owners: []int64{me}}
	theirs := policy.Object{ID: "M2", Owners: []int64{other}, Department: 3}
	now := at(t, "Mon 10:00")
	grant := func(p policy.Permission, object, from, to string) func(*policy.Actor) {
		g := policy.Grant{Permission: p, Object: object}
		if from != "" {
			g.From = at(t, from)
		}
		if to != "" {
			g.To = at(t, to)
		}
		return func(a *policy.Actor) { a.Grants = []policy.Grant{g} }
	}

	for name, c := range map[string]struct {
		actor  policy.Actor
		ask    policy.Permission
		object policy.Object
		want   bool
		rule   string
	}{
		"a member may ask":              {member, policy.InquiryCreate, policy.Object{}, true, "permission.roles.member"},
		"a member may not read the log": {member, policy.LogRead, policy.Object{}, false, "permission.roles"},
		"an administrator may":          {admin, policy.DataMonitor, policy.Object{}, true, "permission.roles.administrator"},
		"an unknown code":               {admin, "log.burn", policy.Object{}, false, "permission"},
		"inactive":                      {with(admin, func(a *policy.Actor) { a.Active = false }), policy.InquiryCreate, policy.Object{}, false, "permission"},
		"inactive with a grant":         {with(with(member, grant(policy.LogRead, "", "", "")), func(a *policy.Actor) { a.Active = false }), policy.LogRead, policy.Object{}, false, "permission"},

		"suspended keeps the base":         {with(admin, func(a *policy.Actor) { a.Suspended = true }), policy.InquiryCreate, policy.Object{}, true, "permission.roles.member"},
		"suspended loses the rest":         {with(admin, func(a *policy.Actor) { a.Suspended = true }), policy.DataMonitor, policy.Object{}, false, "permission.roles.member"},
		"suspended loses grants":           {with(with(member, grant(policy.LogRead, "", "", "")), func(a *policy.Actor) { a.Suspended = true }), policy.LogRead, policy.Object{}, false, "permission.roles.member"},
		"suspended reads the public":       {with(admin, func(a *policy.Actor) { a.Suspended = true }), "doc.read", policy.Object{ID: "D1", Secrecy: policy.Public}, true, "permission.roles.member"},
		"suspended reads nothing internal": {with(admin, func(a *policy.Actor) { a.Suspended = true }), "doc.read", policy.Object{ID: "D1", Secrecy: policy.Internal, Owners: []int64{me}, Responsible: me}, false, "permission.roles.member"},
		"suspended and denied": {with(member, func(a *policy.Actor) {
			a.Suspended = true
			a.Denies = []policy.Deny{{Permission: policy.InquiryCreate}}
		}), policy.InquiryCreate, policy.Object{}, false, "permission.roles.member"},
		"denied beats the role":         {with(admin, func(a *policy.Actor) { a.Denies = []policy.Deny{{Permission: policy.LogRead}} }), policy.LogRead, policy.Object{}, false, "permission"},
		"denied beats a grant":          {with(with(member, grant(policy.LogRead, "", "", "")), func(a *policy.Actor) { a.Denies = []policy.Deny{{Permission: policy.LogRead}} }), policy.LogRead, policy.Object{}, false, "permission"},
		"denied for another object":     {with(admin, func(a *policy.Actor) { a.Denies = []policy.Deny{{Permission: policy.ItemTrace, Object: "M9"}} }), policy.ItemTrace, theirs, true, "permission.roles.administrator"},
		"a grant":                       {with(member, grant(policy.LogRead, "", "", "")), policy.LogRead, policy.Object{}, true, "permission.grant"},
		"a grant from its first second": {with(member, grant(policy.LogRead, "", "Mon 10:00", "Tue 10:00")), policy.LogRead, policy.Object{}, true, "permission.grant"},
		"a grant not yet valid":         {with(member, grant(policy.LogRead, "", "Mon 10:01", "")), policy.LogRead, policy.Object{}, false, "permission.roles"},
		"a grant ends before its end":   {with(member, grant(policy.LogRead, "", "", "Mon 10:00")), policy.LogRead, policy.Object{}, false, "permission.roles"},
		"a grant for this object":       {with(member, grant(policy.ItemTrace, "M2", "", "")), policy.ItemTrace, theirs, true, "permission.grant"},
		"a grant for another object":    {with(member, grant(policy.ItemTrace, "M3", "", "")), policy.ItemTrace, theirs, false, "permission.roles"},
		"own":                           {member, policy.ItemTrace, mine, true, "permission.roles.member"},
		"not own":                       {member, policy.ItemTrace, theirs, false, "permission.roles"},
		"own is asked without object":   {member, policy.ItemTrace, policy.Object{}, true, "permission.roles.member"},
		"any":                           {admin, policy.ItemTrace, theirs, true, "permission.roles.administrator"},
		"the head of the department": {with(member, func(a *policy.Actor) {
			a.Holdings = append(a.Holdings, policy.Holding{Role: policy.DepartmentHead, Object: "3"})
		}), policy.ResponseReport, theirs, true, "permission.roles.member"},
		"the head of another department": {with(member, func(a *policy.Actor) {
			a.Holdings = append(a.Holdings, policy.Holding{Role: policy.DepartmentHead, Object: "4"})
		}), policy.ResponseReport, theirs, false, "permission.roles"},
		"own counts for department scope": {member, policy.ResponseReport, mine, true, "permission.roles.member"},

		"top secret":                      {admin, "doc.read", policy.Object{ID: "D1", Secrecy: policy.TopSecret}, false, "permission"},
		"top secret, not even by a grant": {with(member, grant("doc.read", "D1", "", "")), "doc.read", policy.Object{ID: "D1", Secrecy: policy.TopSecret}, false, "permission"},
		"top secret for senior managers":  {with(member, func(a *policy.Actor) { a.Holdings = append(a.Holdings, policy.Holding{Role: policy.SeniorManager}) }), "doc.read", policy.Object{ID: "D1", Secrecy: policy.TopSecret}, true, "permission.roles.member"},
		"top secret for 文档负责人":            {member, "doc.read", policy.Object{ID: "D1", Secrecy: policy.TopSecret, Responsible: me}, true, "permission.roles.member"},
		"externals and confidential":      {with(member, func(a *policy.Actor) { a.Holdings = append(a.Holdings, policy.Holding{Role: policy.External}) }), "doc.read", policy.Object{ID: "D1", Secrecy: policy.Confidential}, false, "permission"},
		"externals, even responsible":     {with(member, func(a *policy.Actor) { a.Holdings = append(a.Holdings, policy.Holding{Role: policy.External}) }), "doc.read", policy.Object{ID: "D1", Secrecy: policy.TopSecret, Responsible: me}, false, "permission"},
		"externals and internal":          {with(member, func(a *policy.Actor) { a.Holdings = append(a.Holdings, policy.Holding{Role: policy.External}) }), "doc.read", policy.Object{ID: "D1", Secrecy: policy.Internal}, true, "permission.roles.member"},
		"one's own case":                  {with(member, grant(policy.RulesetApprove, "", "", "")), policy.RulesetApprove, policy.Object{ID: "R1", Applicant: me}, false, "permission"},
		"another's case":                  {with(member, grant(policy.RulesetApprove, "", "", "")), policy.RulesetApprove, policy.Object{ID: "R1", Applicant: other}, true, "permission.grant"},
	} {
		t.Run(name, func(t *testing.T) {
			d := engine(t).Permit(c.actor, c.ask, c.object, now)
			require.Equal(t, c.want, d.Allowed, d.Why)
			require.Equal(t, c.rule, d.Rule, d.Why)
			require.Equal(t, c.ask, d.Permission)
			require.Equal(t, 1, d.Version)
			require.NotEmpty(t, d.Title)
		})
	}
}

func TestPermitReasons(t *testing.T) {
	e := engine(t)
	a := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{{Role: policy.Member}},
		Grants: []policy.Grant{{Permission: policy.LogRead, To: at(t, "Mon 09:00")}}}
	golden(t, "permit_denied.txt", e.Permit(a, policy.LogRead, policy.Object{}, at(t, "Mon 10:00")).Why.String())
	a.Holdings = append(a.Holdings, policy.Holding{Role: policy.PlatformAdministrator, Source: policy.SourceCategory})
	golden(t, "permit_allowed.txt", e.Permit(a, policy.LogRead, policy.Object{}, at(t, "Mon 10:00")).Why.String())
}

func TestEveryPermissionIsDescribedOnce(t *testing.T) {
	seen := map[policy.Permission]bool{}
	for _, p := range policy.Permissions() {
		require.False(t, seen[p.Code], p.Code)
		seen[p.Code] = true
		require.NotEmpty(t, p.Title)
		require.NotEmpty(t, p.Clause)
	}
}

func TestIsAdministrator(t *testing.T) {
	e := engine(t, func(r *policy.Rules) { r.Administrators = []string{"ChenLi"} })
	require.True(t, e.IsAdministrator("chenli"))
	require.False(t, e.IsAdministrator("zhaoliu"))
	require.False(t, e.IsAdministrator(""))
}

func BenchmarkPermit(b *testing.B) {
	e := engine(b)
	a := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{{Role: policy.Member}}}
	o, now := policy.Object{ID: "M1", Owners: []int64{1}}, at(b, "Mon 10:00")
	for b.Loop() {
		e.Permit(a, policy.ItemTrace, o, now)
	}
}

func BenchmarkRoute(b *testing.B) {
	e := engine(b)
	for b.Loop() {
		e.Route("请问报销的时候发票抬头应该怎么写")
	}
}
