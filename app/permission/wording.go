package permission

import (
	"strconv"
	"strings"

	"guiju/store"
)

// clip keeps a text on one line of at most this many characters.
func clip(text string, runes int) string {
	line := strings.Join(strings.Fields(text), " ")
	if r := []rune(line); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return line
}

// number reads an id in digits.
func number(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

func memberSubject(id int64) store.Subject { return store.Subject{Kind: "member", ID: id} }

// cut shortens a text of several lines and says where the rest is.
func cut(text string, runes int, rest string) string {
	all := []rune(text)
	if len(all) <= runes {
		return text
	}
	return string(all[:max(0, runes-len([]rune(rest)))]) + rest
}
