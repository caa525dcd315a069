package policy

import "strings"

// Mark says what a reason contributed.
type Mark string

// The marks of a reason.
const (
	Yes  Mark = "yes"  // the condition holds
	No   Mark = "no"   // it was tried and does not hold
	Note Mark = "note" // a fact or a computed value
)

// Reason is one node of the tree that explains a decision. Texts are Chinese:
// administrators read them in `guiju explain`.
type Reason struct {
	Mark Mark     `json:"mark"`
	Text string   `json:"text"`
	Of   []Reason `json:"of,omitempty"`
}

// String renders the tree, one line per reason, without a final newline. The
// form is stable: golden files and stored records rely on it.
func (r Reason) String() string {
	var b strings.Builder
	r.write(&b, "", "")
	return strings.TrimSuffix(b.String(), "\n")
}

func (r Reason) write(b *strings.Builder, first, rest string) {
	b.WriteString(first)
	switch r.Mark {
	case Yes:
		b.WriteString("✓ ")
	case No:
		b.WriteString("✗ ")
	default:
		b.WriteString("· ")
	}
	b.WriteString(strings.ReplaceAll(r.Text, "\n", " "))
	b.WriteByte('\n')
	for i, child := range r.Of {
		if i < len(r.Of)-1 {
			child.write(b, rest+"├─ ", rest+"│  ")
		} else {
			child.write(b, rest+"└─ ", rest+"   ")
		}
	}
}

func (r *Reason) add(mark Mark, text string) {
	r.Of = append(r.Of, Reason{Mark: mark, Text: text})
}

// Basis names what a decision rests on; records store it beside their values.
type Basis struct {
	Rule    string `json:"rule"`    // key of the rulebook, as in route.topic_departments[5]
	Clause  string `json:"clause"`  // clause of the guide, as in G1-4.1(4)b
	Version int    `json:"version"` // rulebook version
}
