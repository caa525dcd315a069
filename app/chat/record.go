package chat

import "guiju/store"

// Record is one open item a member can mean by a number.
type Record struct {
	Number  string // "M20260302-0012"
	Title   string // one line that tells it apart: "咨询：报销发票抬头"
	Subject store.Subject
}

// RecordQuery asks for the open items of one member.
type RecordQuery struct {
	Member int64
	// Sequence keeps only numbers whose part after the dash has this value,
	// whatever its zeros; 0 keeps all.
	Sequence int64
	Limit    int
}

// Records lists what a Number may mean. A domain registers one per kind, and
// the kind says whose items: "item.received", "item.asked".
type Records interface {
	// Open lists the open items of the member, newest first.
	Open(r *store.Reader, q RecordQuery) ([]Record, error)
}

// Attacher is a Records whose items take pictures, voices and files that a
// member sends without a command.
type Attacher interface {
	Records
	// Attach adds the attachment to the item and answers what the member is
	// told; an empty Text is worded by the engine.
	Attach(c *Call, to Record, attachment store.Attachment) (Answer, error)
}
