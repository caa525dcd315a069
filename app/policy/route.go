package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TopicDecision says which department a text belongs to.
type TopicDecision struct {
	Basis
	Matched    bool   // false: no topic; Department is the fallback of 咨询
	Word       string // the word that matched
	Department string // name as in the rulebook
	Post       string // post that answers, or empty
	Why        Reason
}

// topic is a topic of the rulebook, prepared: every question is held against
// the whole list.
type topic struct {
	words  []string // folded
	missed Reason   // that none of them is there
}

func topicsOf(rules []TopicRule) []topic {
	all := make([]topic, len(rules))
	for i, t := range rules {
		all[i].missed = Reason{Mark: No, Text: "不含 " + strings.Join(t.Words, "、") + "（" + t.Department + "）"}
		for _, word := range t.Words {
			all[i].words = append(all[i].words, fold(word))
		}
	}
	return all
}

// Route finds the topic of text: the list is tried in order, first match wins.
// Free text without a topic gets the entry menu instead of the fallback (G1-2a).
func (e *Engine) Route(text string) TopicDecision {
	const clause = "G1-4.2(1)"
	folded := fold(text)
	var tried []Reason
	for i, topic := range e.rules.Route.Topics {
		for j, word := range topic.Words {
			if !contains(folded, e.topics[i].words[j]) {
				continue
			}
			d := TopicDecision{
				Basis:   e.basis(fmt.Sprintf("route.topic_departments[%d]", i), clause),
				Matched: true, Word: word, Department: topic.Department, Post: topic.Post,
			}
			d.Why = d.root(Yes, "归口 %s", topic.Department)
			d.Why.Of = append(tried, Reason{Mark: Yes, Text: "含有“" + word + "”"})
			return d
		}
		tried = append(tried, e.topics[i].missed)
	}
	d := TopicDecision{Basis: e.basis("route.fallback", clause), Department: e.rules.Route.Fallback}
	d.Why = d.root(No, "没有匹配的主题；咨询归口 %s，其他内容给出菜单", d.Department)
	d.Why.Of = tried
	return d
}

// SignalDecision is the importance and urgency that a text's words give it.
type SignalDecision struct {
	Basis
	Importance Importance
	Urgency    Urgency
	Words      []string // the words found
	Why        Reason
}

// Signals looks for the words of route.keywords in text. A word that is denied
// (不紧急, 非重要) does not count.
func (e *Engine) Signals(text string) SignalDecision {
	d := SignalDecision{
		Basis:      e.basis("route.keywords", responseClause+" X-04"),
		Importance: ImportanceNormal, Urgency: UrgencyMedium,
	}
	folded := fold(text)
	find := func(words []string, what string) (any bool) {
		for _, word := range words {
			if affirms(folded, fold(word)) {
				d.Words = append(d.Words, word)
				d.Why.add(Yes, "含有“"+word+"”，"+what)
				any = true
			}
		}
		return any
	}
	if find(e.rules.Route.Keywords.Important, "视为重要") {
		d.Importance = ImportanceImportant
	}
	if find(e.rules.Route.Keywords.Urgent, "视为紧急") {
		d.Urgency = UrgencyHigh
	}
	found := d.Why.Of
	d.Why = d.root(mark(len(d.Words) > 0), "文字中的重要、紧急字样：%d 处", len(d.Words))
	d.Why.Of = found
	return d
}

// fold makes texts comparable: letters in lower case, full-width forms of ASCII
// as ASCII, no white space at the ends.
func fold(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\u3000':
			return ' '
		case r >= '！' && r <= '～':
			r -= '！' - '!'
		}
		return unicode.ToLower(r)
	}, s))
}

// contains reports whether text has word; both are folded. A word of Latin
// letters or digits must stand alone: "it" is not in "write".
func contains(text, word string) bool {
	for at := range occurrences(text, word) {
		if standsAlone(text, word, at) {
			return true
		}
	}
	return false
}

// affirms is contains for a word that is not directly denied.
func affirms(text, word string) bool {
	for at := range occurrences(text, word) {
		before := text[:at]
		denied := strings.HasSuffix(before, "不") || strings.HasSuffix(before, "非")
		if !denied && standsAlone(text, word, at) {
			return true
		}
	}
	return false
}

// occurrences yields the byte offsets of word in text.
func occurrences(text, word string) func(func(int) bool) {
	return func(yield func(int) bool) {
		if word == "" {
			return
		}
		for at := 0; ; at += len(word) {
			i := strings.Index(text[at:], word)
			if i < 0 {
				return
			}
			at += i
			if !yield(at) {
				return
			}
		}
	}
}

func standsAlone(text, word string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	after, _ := utf8.DecodeRuneInString(text[at+len(word):])
	return !(latin(before) && latin(first)) && !(latin(last) && latin(after))
}

func latin(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
