package store

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Fold is how names and userids are compared: without regard to case, to
// full or half width, to surrounding space, to how an accent is composed.
// Folded columns (userid_fold, name_fold) hold its result, so that both
// engines, which compare bytes, agree.
func Fold(s string) string {
	s = strings.TrimSpace(width.Fold.String(s))
	return norm.NFC.String(cases.Fold().String(s))
}
