package permission

import (
	"strconv"

	"guiju/store"
)

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
