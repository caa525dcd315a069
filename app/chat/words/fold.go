// Package words reads what people write for days, times, lengths and numbers.
package words

import (
	"strings"
	"unicode"
)

// Fold is the form in which words are compared: half-width, lower case, without
// invisible characters. It maps rune by rune, so content is never folded,
// only compared.
func Fold(s string) string {
	return strings.Map(fold, s)
}

func fold(r rune) rune {
	switch {
	case Invisible(r):
		return -1
	case r == '\u3000':
		return ' '
	case r >= '！' && r <= '～':
		r -= '！' - '!'
	}
	return unicode.ToLower(r)
}

// Invisible says whether r shows nothing and so may hide in a word: zero-width
// characters, byte order mark, directional marks and overrides.
func Invisible(r rune) bool {
	switch {
	case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e',
		r >= '\u2060' && r <= '\u2069', r == '\ufeff', r == '\u061c', r == '\u00ad':
		return true
	}
	return false
}
