package chat

import "guiju/store"

// Directory finds the people and departments a member writes about.
type Directory interface {
	// Members finds everybody whose name or userid is word, compared by
	// store.Fold, those who have left included, at most limit, in a stable
	// order.
	Members(r *store.Reader, word string, limit int) ([]store.Member, error)
	// Departments finds the present departments whose name is word, compared
	// by store.Fold.
	Departments(r *store.Reader, word string, limit int) ([]store.Department, error)
	// Label tells namesakes apart: "赵六（销售部）".
	Label(r *store.Reader, m store.Member) (string, error)
}
