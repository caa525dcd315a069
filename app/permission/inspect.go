package permission

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// What may be wrong with who holds what (G1-4.3.2(3)b).
const (
	unusedFinding   = "unused"         // not used for permission.unused_days
	leftFinding     = "left"           // the holder has left
	conflictFinding = "conflict"       // permission.sod
	expiredFinding  = "expired"        // has ended but was not withdrawn
	vacantFinding   = "vacant"         // a post without a holder
	adminsFinding   = "administrators" // more than account.max_admins
)

// What a finding may withdraw.
const (
	bindingHolding = "binding"
	grantHolding   = "grant"
)

// inspectBinding finds what is wrong with one holder of a role. Only roles that
// somebody gave can be found unused: what follows from department, post or tag
// is everybody's there, whether he needed it yet or not.
func (g *gathering) inspectBinding(row *store.ReviewRow, b store.RoleBinding, m store.Member, used time.Time, gives bool) error {
	derived := policy.Source(b.Source).Derived()
	finding := store.ReviewFinding{MemberID: b.MemberID, HoldingKind: bindingHolding, HoldingID: b.ID}
	of := g.names.holding(policy.Holding{Role: policy.Role(b.Role), Object: b.Object})
	switch {
	case !m.Present():
		finding.Kind, finding.Text = leftFinding, "已离职或停用，仍持有「"+of+"」"
	case b.ExpiresAt != nil && !b.ExpiresAt.After(g.now):
		finding.Kind, finding.Text = expiredFinding, fmt.Sprintf("「%s」已于 %s 到期，还没有收回", of, g.d.when(*b.ExpiresAt))
	case !derived && gives && g.unused(b.CreatedAt, used):
		finding.Kind, finding.Text = unusedFinding, fmt.Sprintf("「%s」%s", of, g.unusedWords(b.CreatedAt, used))
	}
	if finding.Kind != "" {
		if err := g.add(row, finding, fmt.Sprintf("%s:binding:%d", finding.Kind, b.ID)); err != nil {
			return err
		}
	}
	return g.inspectConflicts(row, b, m, finding)
}

// inspectConflicts finds duties that exclude a binding; they stand in the row
// of the role and in that of the layout.
func (g *gathering) inspectConflicts(row *store.ReviewRow, b store.RoleBinding, m store.Member, finding store.ReviewFinding) error {
	if !g.mayConflict(policy.Role(b.Role)) || !m.Present() {
		return nil
	}
	actor, err := g.d.people.Actor(&g.tx.Reader, m)
	if err != nil {
		return err
	}
	for _, c := range g.rules.Conflicts(actor.Holdings) {
		mine := c.A
		if c.B.Role == policy.Role(b.Role) && strings.EqualFold(c.B.Object, b.Object) {
			mine = c.B
		}
		if mine.Role != policy.Role(b.Role) || !strings.EqualFold(mine.Object, b.Object) {
			continue
		}
		finding.Kind, finding.Text = conflictFinding, "职责冲突："+g.names.conflict(c)
		key := fmt.Sprintf("conflict:%d:%s:%s", b.ID, c.A.Role, c.B.Role)
		if err := g.add(row, finding, key); err != nil {
			return err
		}
		if g.layout == nil {
			continue
		}
		both := store.ReviewFinding{Kind: conflictFinding, MemberID: m.ID, Text: finding.Text}
		pair := fmt.Sprintf("conflict:%d:%s:%s:%s:%s", m.ID, c.A.Role, c.A.Object, c.B.Role, c.B.Object)
		if err := g.add(g.layout, both, chat.OneLine(pair, 150)); err != nil {
			return err
		}
		g.layoutChanged = true
	}
	return nil
}

// mayConflict says whether permission.sod can concern a role: itself, or what
// a category brings along.
func (g *gathering) mayConflict(role policy.Role) bool {
	if g.excluding == nil {
		g.excluding = map[policy.Role]bool{}
		all := g.rules.Roles()
		for _, a := range all {
			for _, b := range all {
				if len(g.rules.Conflicts([]policy.Holding{{Role: a.Role}, {Role: b.Role}})) > 0 {
					g.excluding[a.Role], g.excluding[b.Role] = true, true
				}
			}
		}
		for _, a := range all {
			for _, h := range g.rules.Implied(a.Role) {
				g.excluding[a.Role] = g.excluding[a.Role] || g.excluding[h.Role]
			}
		}
	}
	return g.excluding[role]
}

// fillGrants adds the next personal grants.
func (g *gathering) fillGrants(row *store.ReviewRow, after int64) (int64, error) {
	limit := g.left
	grants, err := g.tx.GrantsAfter(after, limit)
	if err != nil {
		return 0, err
	}
	g.left -= max(1, len(grants))
	if len(grants) == 0 {
		return 0, nil
	}
	ids := make([]int64, len(grants))
	for i, grant := range grants {
		ids[i] = grant.MemberID
	}
	members, uses, err := g.members(ids)
	if err != nil {
		return 0, err
	}
	last := map[string]time.Time{}
	if err := json.Unmarshal([]byte(row.Uses), &last); err != nil {
		return 0, fmt.Errorf("uses: %w", err)
	}
	for _, grant := range grants {
		used := uses[grant.MemberID][grant.Permission]
		if used.Before(grant.From) { // before he had it by this grant
			used = time.Time{}
		}
		if !used.IsZero() {
			last[grant.Permission] = latest(last[grant.Permission], used)
		}
		row.Holders++
		if err := g.inspectGrant(row, grant, members[grant.MemberID], used); err != nil {
			return 0, err
		}
	}
	encoded, err := json.Marshal(last)
	if err != nil {
		return 0, err
	}
	row.Uses = string(encoded)
	if err := g.tx.SaveReviewRow(row); err != nil || len(grants) < limit {
		return 0, err
	}
	return grants[len(grants)-1].ID, nil
}

func (g *gathering) inspectGrant(row *store.ReviewRow, grant store.Grant, m store.Member, used time.Time) error {
	what := fmt.Sprintf("「%s」（%s）", permissionTitle(policy.Permission(grant.Permission)), grant.Permission)
	finding := store.ReviewFinding{MemberID: grant.MemberID, HoldingKind: grantHolding, HoldingID: grant.ID}
	switch {
	case !m.Present():
		finding.Kind, finding.Text = leftFinding, "已离职或停用，仍有授权"+what
	case !grant.To.After(g.now):
		finding.Kind, finding.Text = expiredFinding, fmt.Sprintf("授权%s已于 %s 到期，还没有收回", what, g.d.when(grant.To))
	case g.unused(grant.From, used):
		finding.Kind, finding.Text = unusedFinding, "授权"+what+g.unusedWords(grant.From, used)
	default:
		return nil
	}
	return g.add(row, finding, fmt.Sprintf("%s:grant:%d", finding.Kind, grant.ID))
}

// unused says whether something held since an instant was not used for longer
// than permission.unused_days.
func (g *gathering) unused(since, used time.Time) bool {
	return g.now.Sub(latest(since, used)) > time.Duration(g.rules.Rules().Permission.UnusedDays)*24*time.Hour
}

func (g *gathering) unusedWords(since, used time.Time) string {
	days := int(g.now.Sub(latest(since, used)) / (24 * time.Hour))
	if used.IsZero() {
		return fmt.Sprintf("%d 天没有用过", days)
	}
	return fmt.Sprintf("最近一次使用在 %s，已有 %d 天", g.d.local(used).Format("2006-01-02"), days)
}

// add stores a finding of a row; the caller saves the row.
func (g *gathering) add(row *store.ReviewRow, finding store.ReviewFinding, key string) error {
	finding.RowID, finding.UniqueKey, finding.State = row.ID, key, store.FindingOpen
	fresh, err := g.tx.AddFinding(finding)
	if err != nil || !fresh {
		return err
	}
	row.Findings++
	if finding.HoldingKind != "" {
		row.Proposal = "收回"
	} else if row.Proposal == "" {
		row.Proposal = "调整"
	}
	return nil
}

// maxPosts bounds the posts that are looked at.
const maxPosts = 1000

// inspectLayout looks at roles and posts as a whole: posts without a holder and
// too many administrators (G1-4.2.1(四), G2-4.2(3)).
func (g *gathering) inspectLayout() error {
	admins, err := g.d.people.Administrators(&g.tx.Reader)
	if err != nil {
		return err
	}
	if most := g.rules.Rules().Account.MaxAdmins; len(admins) > most {
		text := fmt.Sprintf("管理员有 %d 人，超过上限 %d 人", len(admins), most)
		if err := g.add(g.layout, store.ReviewFinding{Kind: adminsFinding, Text: text}, adminsFinding); err != nil {
			return err
		}
	}
	inMatrices, err := g.tx.MatrixPosts(maxPosts)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	var vacant []string
	for _, post := range append(g.rules.Posts(), inMatrices...) {
		if seen[store.Fold(post)] {
			continue
		}
		seen[store.Fold(post)] = true
		if len(g.names.org.HoldersAnywhere(post)) == 0 {
			vacant = append(vacant, post)
		}
	}
	for i, post := range vacant {
		if i == maxListed {
			text := fmt.Sprintf("另有 %d 个岗位没有人担任", len(vacant)-maxListed)
			return g.add(g.layout, store.ReviewFinding{Kind: vacantFinding, Text: text}, "vacant:more")
		}
		if err := g.add(g.layout, store.ReviewFinding{Kind: vacantFinding, Text: "岗位「" + chat.OneLine(post, 40) + "」没有人担任"}, "vacant:"+chat.OneLine(store.Fold(post), 60)); err != nil {
			return err
		}
	}
	return nil
}
