package policy

import "time"

// SendDecision says when a message may go out.
type SendDecision struct {
	Basis
	At  time.Time // not before the asked instant
	Why Reason
}

// NextAllowed returns when a message of class may be sent that is ready at t:
// important ones at once, others not in quiet hours (G2-4.3(1)).
func (e *Engine) NextAllowed(class Class, t time.Time) SendDecision { panic("todo") }

// Digest returns the threshold of the digest: more than count normal notices to
// one person within window are merged.
func (e *Engine) Digest() (count int, window time.Duration) { panic("todo") }
