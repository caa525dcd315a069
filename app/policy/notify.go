package policy

import "time"

const deliveryClause = "G2-4.3(1)"

// SendDecision says when a message may go out.
type SendDecision struct {
	Basis
	At  time.Time // not before the asked instant
	Why Reason
}

// NextAllowed returns when a message of class may be sent that is ready at t:
// important ones at once, others not in quiet hours.
func (e *Engine) NextAllowed(class Class, t time.Time) SendDecision {
	d := SendDecision{Basis: e.basis("notify.quiet_hours", deliveryClause), At: t}
	end, quiet := e.quietUntil(t)
	switch {
	case !quiet:
		d.Why = d.root(Yes, "可以立即发送")
		d.Why.add(No, e.when(t)+" 在免打扰时段")
	case class == Important:
		d.Why = d.root(Yes, "可以立即发送")
		d.Why.add(Yes, "重要消息不受免打扰时段限制")
	default:
		d.At = end
		d.Why = d.root(No, "等到 %s 再发送", e.when(end))
		d.Why.add(Yes, e.when(t)+" 在免打扰时段 "+e.rules.Notify.QuietHours)
	}
	return d
}

// Digest returns the threshold of the digest: more than count normal notices to
// one person within window are merged.
func (e *Engine) Digest() (count int, window time.Duration) {
	r := e.rules.Notify.Digest
	return r.Count, minutes(r.WindowMinutes)
}

// quietUntil reports whether t is in quiet hours, and their end.
func (e *Engine) quietUntil(t time.Time) (time.Time, bool) {
	if e.quiet == nil {
		return t, false
	}
	local := e.cal.local(t)
	// Quiet hours over midnight that began yesterday may still last.
	for d := dayOf(local) - 1; d <= dayOf(local); d++ {
		s := *e.quiet
		if s.end <= s.start {
			s.end += 24 * 60
		}
		if start, end := e.cal.bounds(d, s); !local.Before(start) && local.Before(end) {
			return end, true
		}
	}
	return t, false
}

func (k *checker) quietHours(text string) *span {
	if text == "" {
		return nil
	}
	s, ok := parseSpan(text)
	switch {
	case !ok:
		k.add("notify.quiet_hours", `must be a span like 21:00-07:30, or "" for none, not %q`, text)
	case s.start == s.end:
		k.add("notify.quiet_hours", `must not last the whole day; "" means none`)
	}
	return &s
}
