package policy

import (
	"strings"
)

// languageViolation is the check of G1-4.1(4)a in enforcement.overrides.
const languageViolation = "VIO-15"

// Enforcement is how a check acts on what it finds (guide.md 0.3).
type Enforcement string

// The levels of enforcement.
const (
	Block   Enforcement = "block"   // refused
	Require Enforcement = "require" // refused until changed
	Warn    Enforcement = "warn"    // done if the member insists
	Record  Enforcement = "record"  // done, and only recorded
)

// LanguageDecision says what in a text is not the company's language.
type LanguageDecision struct {
	Basis
	Found []string // the words and signs, as the text has them
	Level Enforcement
	Why   Reason
}

// Language looks for slang, internet language, emotional wording and repeated
// punctuation in a text for colleagues (G1-4.1(4)a).
func (e *Engine) Language(text string) LanguageDecision {
	d := LanguageDecision{Basis: e.basis("lint", "G1-4.1(4)a"), Level: Warn}
	if level := e.rules.Enforcement.Overrides[languageViolation]; level != "" {
		d.Level = Enforcement(level)
	}
	folded := fold(text)
	lint := e.rules.Lint
	for _, list := range []struct {
		what  string
		words []string
	}{{"俚语", lint.Slang}, {"网络用语", lint.Internet}, {"情绪化表达", lint.Emotional}} {
		for _, word := range list.words {
			if contains(folded, fold(word)) {
				d.Found = append(d.Found, word)
				d.Why.add(Yes, list.what+"“"+word+"”")
			}
		}
	}
	for _, signs := range repeated(text) {
		d.Found = append(d.Found, signs)
		d.Why.add(Yes, "重复标点“"+signs+"”")
	}
	found := d.Why.Of
	d.Why = d.root(mark(len(d.Found) > 0), "不规范用语：%d 处", len(d.Found))
	d.Why.Of = found
	return d
}

// repeated lists the runs of two or more question or exclamation marks.
func repeated(text string) []string {
	var all []string
	var run []rune
	end := func() {
		if len(run) > 1 {
			all = append(all, string(run))
		}
		run = run[:0]
	}
	for _, r := range text {
		if strings.ContainsRune("!！?？", r) {
			run = append(run, r)
		} else {
			end()
		}
	}
	end()
	return all
}
