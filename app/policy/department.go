package policy

// Department is a WeCom department as the policy sees it.
type Department struct {
	ID      int64
	Parent  int64
	Name    string
	Leaders []int64 // active heads (部门主管), by internal member id, in WeCom's order
}

// PostHolders are the active members who hold a post in a department. Department
// zero means the company as a whole.
type PostHolders struct {
	Post       string
	Department int64
	Members    []int64
}

// Org is an immutable picture of the company, indexed for the questions of this
// package. It holds departments and the posts the rulebook names, not all members.
type Org struct{}

// NewOrg indexes departments and posts. Administrators are the members who take
// what has no other answerer.
func NewOrg(departments []Department, posts []PostHolders, administrators []int64) *Org {
	panic("todo")
}

// Posts lists the posts for which the rulebook needs PostHolders.
func (e *Engine) Posts() []string { panic("todo") }

// DepartmentDecision is the department a name of the guide stands for.
type DepartmentDecision struct {
	Basis
	Found    bool
	ID       int64
	Name     string // the department's name in WeCom
	Fallback bool   // the name is not mapped; the department is the one of X-28
	Why      Reason
}

// ResolveDepartment finds the department for a name of the guide: mapped in
// departments, else of that name in org, else by alias, else the fallback.
func (e *Engine) ResolveDepartment(name string, org *Org) DepartmentDecision { panic("todo") }

// AnswerDecision names who answers a matter.
type AnswerDecision struct {
	Basis
	Department DepartmentDecision
	Members    []int64 // candidates of the rung that answered, best first; empty: nobody
	Why        Reason
}

// Answerer finds who answers in the department that the guide calls name: the
// holder of post, else 部门主管, else 总经理办公室, else an administrator; never
// asker. An empty post skips the first rung.
func (e *Engine) Answerer(name, post string, asker int64, org *Org) AnswerDecision { panic("todo") }
