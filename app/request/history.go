package request

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"guiju/app/chat"
	"guiju/store"
)

// change is what an entry of the history did, without a word of what people
// wrote: enough to build the state of a request again from its history alone.
type change struct {
	Request store.RequestState `json:"request,omitempty"` // the state it has got; everything open is over, unless it runs again
	Step    store.StepState    `json:"step,omitempty"`    // the state the entry's step has got
	Vote    store.Decision     `json:"vote,omitempty"`    // of the entry's member, for that step
	Seats   []seat             `json:"seats,omitempty"`   // who decides now, or will
	Left    []int64            `json:"left,omitempty"`    // who does not any more
	Ended   bool               `json:"ended,omitempty"`   // the step's own people have decided; only added ones are still asked
	Steps   []placed           `json:"steps,omitempty"`   // steps that are new or stand elsewhere
}

// seat is a decider in an entry.
type seat struct {
	Member int64              `json:"member"`
	State  store.DeciderState `json:"state"`
	Added  bool               `json:"added,omitempty"`
}

// placed is a step in an entry.
type placed struct {
	ID       int64           `json:"id"`
	Position int64           `json:"position"`
	State    store.StepState `json:"state"`
}

func seats(deciders []store.RequestDecider) []seat {
	var all []seat
	for _, d := range deciders {
		all = append(all, seat{d.MemberID, d.State, d.AddedBy != 0})
	}
	return all
}

func places(steps []store.RequestStep) []placed {
	var all []placed
	for _, s := range steps {
		all = append(all, placed{s.ID, s.Position, s.State})
	}
	return all
}

// enterHistory adds what was done to a request's history and to the audit, with
// the change it made, if any.
func (q *Requests) enterHistory(tx *store.Tx, request store.Request, step int64, by act, kind store.RequestEntryKind, text string, changes ...change) error {
	c := change{}
	if len(changes) > 0 {
		c = changes[0]
	}
	detail, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("history of request %s: %w", request.Number, err)
	}
	err = tx.AddRequestEntry(store.RequestEntry{
		RequestID: request.ID, StepID: step, MemberID: by.member, Kind: kind, Text: text,
		Source: by.source, DeliveryID: by.delivery, At: by.at, Detail: string(detail),
	})
	if err != nil {
		return err
	}
	return tx.Audit(store.AuditEntry{
		Actor: by.member, Action: "request." + string(kind), Subject: request.Subject(), Source: auditSource(by.source),
		Detail: map[string]any{"number": request.Number, "kind": request.Kind, "step": step, "delivery": by.delivery, "change": json.RawMessage(detail)},
	})
}

func auditSource(source string) store.AuditSource {
	switch source {
	case string(chat.FromMenu):
		return store.SourceCard
	case nativeSource:
		return store.SourceCallback
	}
	return store.AuditSource(source)
}

// maxDeviation bounds what is kept about leaving the route, in bytes.
const maxDeviation = 4000

// deviate notes in what a request leaves the route of its template (guide
// G1-4.4.1, 1.2). The caller saves it.
func deviate(request *store.Request, what string) {
	what = chat.OneLine(what, 200)
	if len(request.Deviation)+len(what)+1 > maxDeviation || !utf8.ValidString(what) {
		return
	}
	request.Deviation = strings.TrimPrefix(request.Deviation+"\n"+what, "\n")
}

// Standing is where a request stands: its state, those of its steps by their
// ids, and those of its deciders by step and member.
type Standing struct {
	Request  store.RequestState
	Steps    map[int64]store.StepState
	Deciders map[[2]int64]store.DeciderState
	added    map[[2]int64]bool
}

// Replay builds from a history alone where its request stands. It is what makes
// the history evidence: a row that was changed beside it does not agree.
func Replay(entries []store.RequestEntry) (Standing, error) {
	s := Standing{Steps: map[int64]store.StepState{}, Deciders: map[[2]int64]store.DeciderState{}, added: map[[2]int64]bool{}}
	for _, e := range entries {
		if e.Detail == "" {
			continue // from before histories could be replayed
		}
		var c change
		if err := json.Unmarshal([]byte(e.Detail), &c); err != nil {
			return s, fmt.Errorf("entry %d of a history: %w", e.ID, err)
		}
		s.apply(e, c)
	}
	if s.Request == store.RequestRunning && len(s.Steps) > 0 && !s.waits() {
		s.Request = store.RequestApproved // every step has been passed
	}
	return s, nil
}

// waits says whether any step is still to be decided.
func (s *Standing) waits() bool {
	for _, state := range s.Steps {
		if state == store.StepCurrent || state == store.StepWaiting {
			return true
		}
	}
	return false
}

func (s *Standing) apply(e store.RequestEntry, c change) {
	for _, p := range c.Steps {
		s.Steps[p.ID] = p.State
		switch p.State {
		case store.StepWaiting: // it was put off: its people wait for their turn again
			s.each(p.ID, store.DeciderOpen, store.DeciderQueued, false)
		case store.StepSkipped:
			s.over(p.ID)
		}
	}
	if c.Vote != "" {
		s.Deciders[[2]int64{e.StepID, e.MemberID}] = store.DeciderVoted
	}
	for _, member := range c.Left {
		s.Deciders[[2]int64{e.StepID, member}] = store.DeciderPassed
	}
	for _, seat := range c.Seats {
		key := [2]int64{e.StepID, seat.Member}
		s.Deciders[key], s.added[key] = seat.State, seat.Added
	}
	if c.Ended {
		s.each(e.StepID, store.DeciderOpen, store.DeciderEnded, true)
		s.each(e.StepID, store.DeciderQueued, store.DeciderEnded, true)
	}
	if c.Step != "" {
		s.Steps[e.StepID] = c.Step
		if c.Step != store.StepCurrent && c.Step != store.StepWaiting {
			s.over(e.StepID)
		}
	}
	if c.Request != "" {
		s.Request = c.Request
		if c.Request != store.RequestRunning {
			for id, state := range s.Steps {
				if state == store.StepCurrent || state == store.StepWaiting {
					s.Steps[id] = store.StepSkipped
					s.over(id)
				}
			}
		}
	}
}

func (s *Standing) over(step int64) {
	s.each(step, store.DeciderOpen, store.DeciderEnded, false)
	s.each(step, store.DeciderQueued, store.DeciderEnded, false)
}

// each moves the deciders of a step from one state to another.
func (s *Standing) each(step int64, from, to store.DeciderState, onlyOwn bool) {
	for key, state := range s.Deciders {
		if key[0] == step && state == from && !(onlyOwn && s.added[key]) {
			s.Deciders[key] = to
		}
	}
}
