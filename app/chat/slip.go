package chat

import "guiju/app/chat/words"

func (cmd *Command) byKey(key string) *Arg {
	for i := range cmd.Args {
		arg := &cmd.Args[i]
		if words.Fold(arg.Name) == key {
			return arg
		}
		for _, alias := range arg.Aliases {
			if words.Fold(alias) == key {
				return arg
			}
		}
	}
	return nil
}

// nearest is the argument name at most one character away from key, if any.
func (cmd *Command) nearest(key string) string {
	for _, arg := range cmd.Args {
		for _, name := range append([]string{arg.Name}, arg.Aliases...) {
			if near([]rune(words.Fold(name)), []rune(key)) {
				return arg.Name
			}
		}
	}
	return ""
}

// near says whether one change, insertion, removal or swap of neighbours turns
// a into b. Single characters are near to nothing.
func near(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 2 || len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return string(a[i:]) == string(b[i+1:])
	}
	if i >= len(a)-1 || string(a[i+1:]) == string(b[i+1:]) {
		return true
	}
	return a[i] == b[i+1] && a[i+1] == b[i] && string(a[i+2:]) == string(b[i+2:])
}

// clip keeps echoed words short.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
