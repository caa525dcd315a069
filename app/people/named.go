package people

import (
	"errors"

	"guiju/store"
)

// Named answers the member whom WeCom names in something it tells us, such as
// an approver of its own 审批 app. Somebody unknown becomes a provisional member
// whose details are read; he is not greeted, for he has said nothing.
// ErrNotFound, wrapped, when the userid is none.
func (p *People) Named(tx *store.Tx, userid string) (store.Member, error) {
	if !possible(userid) {
		return store.Member{}, store.ErrNotFound
	}
	member, err := tx.MemberByUserID(userid)
	if !errors.Is(err, store.ErrNotFound) {
		return member, err
	}
	member = store.Member{UserID: userid, Name: userid, Status: store.MemberProvisional, Visible: true}
	if err := p.add(tx, &member); err != nil {
		return member, err
	}
	return member, p.readNow(tx, userid, "")
}
