package request

import (
	"slices"

	"guiju/store"
)

// verdictOf is what the votes of a step come to: DecisionApproved,
// DecisionRejected, or "" while it goes on. Passed deciders do not count: who
// replaced them does. Whoever was added beside the step's own people (加签) must
// agree as well, whatever the kind of the step.
func verdictOf(step store.RequestStep, deciders []store.RequestDecider) store.Decision {
	var own, added []store.RequestDecider
	for _, d := range deciders {
		switch {
		case d.StepID != step.ID || d.State == store.DeciderPassed:
		case d.AddedBy != 0:
			added = append(added, d)
		default:
			own = append(own, d)
		}
	}
	verdict := ownVerdict(step, own)
	switch {
	case verdict == store.DecisionRejected || votes(added, store.DecisionRejected) > 0:
		return store.DecisionRejected
	case verdict == store.DecisionApproved && votes(added, store.DecisionApproved) == len(added):
		return store.DecisionApproved
	}
	return ""
}

// ownVerdict is what the people of the step itself have come to.
func ownVerdict(step store.RequestStep, own []store.RequestDecider) store.Decision {
	all, yes, no := len(own), votes(own, store.DecisionApproved), votes(own, store.DecisionRejected)
	switch step.Mode {
	case store.StepAll, store.StepSequence:
		switch {
		case no > 0:
			return store.DecisionRejected
		case all > 0 && yes == all:
			return store.DecisionApproved
		}
	case store.StepShare:
		needed := int(step.Share) * all
		switch {
		case all > 0 && yes*100 >= needed && yes > 0:
			return store.DecisionApproved
		case (all-no)*100 < needed || all > 0 && no == all:
			return store.DecisionRejected
		}
	default: // 或签: the first decision counts
		switch {
		case no > 0:
			return store.DecisionRejected
		case yes > 0:
			return store.DecisionApproved
		}
	}
	return ""
}

func votes(deciders []store.RequestDecider, decision store.Decision) (n int) {
	for _, d := range deciders {
		if d.State == store.DeciderVoted && d.Decision == decision {
			n++
		}
	}
	return n
}

// several says whether a step needs more than the first decision.
func several(step store.RequestStep) bool {
	return step.Mode == store.StepAll || step.Mode == store.StepSequence || step.Mode == store.StepShare
}

// nextInTurn are the queued deciders whose turn it is: of a sequence the first,
// of other steps all.
func nextInTurn(step store.RequestStep, queued []store.RequestDecider) []store.RequestDecider {
	if step.Mode != store.StepSequence || len(queued) == 0 {
		return queued
	}
	queued = slices.Clone(queued)
	slices.SortStableFunc(queued, func(a, b store.RequestDecider) int { return int(a.Turn - b.Turn) })
	var now []store.RequestDecider
	for _, d := range queued {
		if d.AddedBy != 0 || d.Turn == queued[0].Turn {
			now = append(now, d)
		}
	}
	return now
}
