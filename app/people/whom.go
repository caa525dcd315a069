package people

import (
	"fmt"
	"strings"

	"guiju/store"
)

// Whom names those who have to act without naming a person; Resolve finds them
// when the step is entered (guide E2.0, names in force).
//
//	member:12             this member
//	superior              直接上级 of the one it is about
//	head                  部门主管 of the one it is about
//	head:7                部门主管 of the department with this id
//	head:财务部           部门主管 of the department the guide calls so
//	department:人事部     the same: who answers for the department
//	post:行政部/用户权限管理  who holds the post there
//	post:财务经理          who holds the post, wherever
//	role:administrator    everybody with the role
type Whom string

// Found is whom a Whom means now.
type Found struct {
	Members []int64 // present members, never the one it is about
	Instead string  // why it is somebody else than named, in Chinese; empty when it is not
	Vacant  bool    // the post or headship named has nobody
}

// Resolve finds who is meant, in what concerns the member about (0: nobody in
// particular). Nobody decides about himself: then it is his superior. Where
// nobody is left it is 部门主管, then 总经理办公室, then 管理员; ErrNotFound,
// wrapped, when there are none of these either.
func (p *People) Resolve(r *store.Reader, w Whom, about int64) (Found, error) {
	kind, name, _ := strings.Cut(string(w), ":")
	if kind == "superior" {
		superior, err := p.Superior(r, about)
		return Found{Members: []int64{superior}}, err
	}
	return Found{}, fmt.Errorf("whom %q (%s): unknown", w, name)
}
