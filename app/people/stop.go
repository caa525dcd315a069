package people

import (
	"guiju/store"
)

// Stop ends all access of a member at once, before WeCom knows (停用,
// G2-4.2(1)): he is disabled for us whatever WeCom still says, until WeCom says
// that he is disabled or has left, or Unstop. Stopped again, he stays so.
func (p *People) Stop(tx *store.Tx, member int64) error {
	now := tx.Now()
	return p.stopped(tx, member, func(m *store.Member) bool {
		if m.Status == store.MemberLeft || m.StoppedAt != nil {
			return false
		}
		m.StoppedAt, m.Status = &now, store.MemberDisabled
		return true
	})
}

// Unstop takes a stop back: he is a member again, as WeCom has him.
func (p *People) Unstop(tx *store.Tx, member int64) error {
	return p.stopped(tx, member, func(m *store.Member) bool {
		if m.StoppedAt == nil {
			return false
		}
		m.StoppedAt, m.Status = nil, store.MemberActive
		return true
	})
}

// stopped changes a member and has him read anew.
func (p *People) stopped(tx *store.Tx, member int64, change func(m *store.Member) bool) error {
	if err := tx.Lock(store.Member{}.TableName(), member); err != nil {
		return err
	}
	m, err := tx.Member(member)
	if err != nil || !change(&m) {
		return err
	}
	if err := tx.SaveMember(&m); err != nil {
		return err
	}
	if err := p.revise(tx); err != nil {
		return err
	}
	return p.readNow(tx, m.UserID, "")
}

// whileStopped is a member as WeCom shows him, with what we know better.
func whileStopped(m store.Member) store.Member {
	switch {
	case m.StoppedAt == nil:
	case m.Status == store.MemberActive || m.Status == store.MemberInactive:
		m.Status = store.MemberDisabled // WeCom has not been told yet
	default:
		m.StoppedAt = nil // it has: from now on its word counts
	}
	return m
}
