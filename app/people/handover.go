package people

import (
	"guiju/store"
)

// HandOver is a domain that holds open work of members. Every domain that does
// is registered with TakesOver.
type HandOver interface {
	// Label is what the domain calls its work: "沟通事项".
	Label() string
	// List answers open work of the member, oldest first, at most limit.
	List(r *store.Reader, member int64, limit int) ([]Work, error)
	// Reassign gives work to another member, or ends it when to is 0: nobody is
	// left to take it. Afterwards List(from) no longer answers it. Done already,
	// it does nothing.
	Reassign(tx *store.Tx, w store.Subject, from, to int64, why string) error
}

// Work is one piece of open work.
type Work struct {
	Number  string
	Title   string
	Subject store.Subject
}

// TakesOver registers a domain under a name that never changes.
func (p *People) TakesOver(name string, h HandOver) {
	p.domains = append(p.domains, domain{name, h})
}

type domain struct {
	name string
	HandOver
}
