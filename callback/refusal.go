package callback

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Refusal counts what one receiver refused for one reason since the process started. The reasons are those of
// envelope.Reason (signature: the Token differs; padding, length, block: the EncodingAESKey differs; receiveid: the
// corp id differs), and
//
//	receiver, method, content_type, size, body   the request is none WeCom sends
//	busy                                         too many large bodies at once; WeCom sends it again
//	plaintext_xml, _json, _depth, _elements      proved and opened, but not readable
type Refusal struct {
	Receiver string // a configured name or UnknownReceiver
	Reason   string
	Count    uint64
	Last     time.Time // business time
}

// refusals is bounded: receivers are configured and reasons are words of the program.
type refusals struct {
	mu   sync.Mutex
	seen map[[2]string]Refusal
}

func (r *refusals) add(receiver, reason string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = make(map[[2]string]Refusal)
	}
	key := [2]string{receiver, reason}
	r.seen[key] = Refusal{Receiver: receiver, Reason: reason, Count: r.seen[key].Count + 1, Last: at}
}

func (r *refusals) snapshot() []Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Refusal, 0, len(r.seen))
	for _, one := range r.seen {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}
