package permission

import "strings"

// clip keeps a text on one line of at most this many characters.
func clip(text string, runes int) string {
	line := strings.Join(strings.Fields(text), " ")
	if r := []rune(line); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return line
}
