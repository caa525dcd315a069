package permission

import (
	"cmp"
	"slices"
	"strings"

	"guiju/app/chat/words"
)

// maxNear is how many names are proposed for one nobody knows.
const maxNear = 3

// nearest answers the candidates whose names are most like word, best first,
// at most maxNear: those that share enough pairs of neighbouring characters.
func nearest[T any](word string, all []T, names func(T) []string) []T {
	type scored struct {
		value T
		score float64
	}
	var list []scored
	for _, candidate := range all {
		best := 0.0
		for _, name := range names(candidate) {
			best = max(best, likeness(words.Fold(word), words.Fold(name)))
		}
		if best >= 0.3 {
			list = append(list, scored{candidate, best})
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var found []T
	for _, s := range list[:min(maxNear, len(list))] {
		found = append(found, s.value)
	}
	return found
}

// likeness is 1 for equal names and 0 for such that share nothing (Dice's
// coefficient of their pairs); one that holds the other is like it.
func likeness(a, b string) float64 {
	if a == b {
		return 1
	}
	if a == "" || b == "" {
		return 0
	}
	if len([]rune(a)) > 1 && (strings.Contains(b, a) || strings.Contains(a, b)) {
		return 0.9
	}
	pairsA, pairsB := pairs(a), pairs(b)
	shared, total := 0, 0
	for pair, n := range pairsA {
		shared += min(n, pairsB[pair])
		total += n
	}
	for _, n := range pairsB {
		total += n
	}
	if total == 0 {
		return 0
	}
	return 2 * float64(shared) / float64(total)
}

// maxName bounds the characters compared.
const maxName = 64

func pairs(name string) map[[2]rune]int {
	runes := []rune(name)
	runes = runes[:min(len(runes), maxName)]
	all := map[[2]rune]int{}
	for i := 0; i+1 < len(runes); i++ {
		all[[2]rune{runes[i], runes[i+1]}]++
	}
	return all
}
