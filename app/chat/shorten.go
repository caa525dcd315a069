package chat

import "strings"

// OneLine is a text on one line of at most this many characters, at least one,
// as titles on cards and lists need it. White space becomes single blanks;
// what does not fit ends in "…".
func OneLine(text string, most int) string {
	return Shorten(strings.Join(strings.Fields(text), " "), most)
}

// Shorten is a text of at most this many characters, at least one, with its
// lines; what does not fit ends in "…".
func Shorten(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
