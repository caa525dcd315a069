package policy

// TopicDecision says which department a text belongs to.
type TopicDecision struct {
	Basis
	Matched    bool   // false: no topic; Department is the fallback of 咨询
	Word       string // the word that matched
	Department string // name as in the rulebook
	Post       string // post that answers, or empty
	Why        Reason
}

// Route finds the topic of text: the list is tried in order, first match wins.
// Free text without a topic gets the entry menu instead of the fallback (G1-2a).
func (e *Engine) Route(text string) TopicDecision { panic("todo") }

// SignalDecision is the importance and urgency that a text's words give it.
type SignalDecision struct {
	Basis
	Importance Importance
	Urgency    Urgency
	Words      []string // the words found
	Why        Reason
}

// Signals looks for the words of route.keywords in text.
func (e *Engine) Signals(text string) SignalDecision { panic("todo") }
