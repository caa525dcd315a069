package people

import (
	"strings"
	"unicode"
)

// longestName bounds what WeCom calls people, positions, departments and tags,
// in characters: twice what it allows [90195].
const longestName = 128

// inOneLine is a name as messages may hold it: whoever may change his own must
// not begin a line of ours with it, turn the writing round or ring the bell.
func inOneLine(name string) string {
	line := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != joiner:
			return -1
		}
		return r
	}, name)
	line = strings.Join(strings.Fields(line), " ")
	if all := []rune(line); len(all) > longestName {
		line = string(all[:longestName])
	}
	return line
}

// joiner holds together the parts of one picture sign.
const joiner = '\u200d'
