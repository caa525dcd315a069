package policy

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checker collects mistakes; it never stops at the first.
type checker struct{ found Problems }

func (k *checker) add(path, format string, args ...any) {
	k.found = append(k.found, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// within accepts lo ≤ v ≤ hi.
func (k *checker) within(path string, v, lo, hi int) {
	if v < lo || v > hi {
		k.add(path, "must be %d..%d", lo, hi)
	}
}

// ratio accepts lo ≤ v ≤ hi and refuses what is no number.
func (k *checker) ratio(path string, v, lo, hi float64) {
	if !(v >= lo && v <= hi) {
		number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
		k.add(path, "must be %s..%s", number(lo), number(hi))
	}
}

func (k *checker) oneOf(path, v string, allowed ...string) {
	if !slices.Contains(allowed, v) {
		k.add(path, "must be one of %s, not %q", strings.Join(allowed, ", "), v)
	}
}

func (k *checker) period(path, v string) {
	k.oneOf(path, v, "day", "week", "month", "quarter", "year")
}

func (k *checker) filled(path, v string) {
	if strings.TrimSpace(v) == "" {
		k.add(path, "must not be empty")
	}
}

// words accepts a list of non-empty texts, itself possibly empty.
func (k *checker) words(path string, list []string) {
	for i, w := range list {
		k.filled(fmt.Sprintf("%s[%d]", path, i), w)
	}
}

// some is words for a list that must not be empty.
func (k *checker) some(path string, list []string) {
	if len(list) == 0 {
		k.add(path, "must not be empty")
	}
	k.words(path, list)
}

// pair accepts [min, max] with lo ≤ min ≤ max.
func (k *checker) pair(path string, v []int, lo int) {
	if len(v) != 2 || v[0] < lo || v[1] < v[0] {
		k.add(path, "must be [min, max] with %d <= min <= max", lo)
	}
}

// whom accepts a name of people that the company's picture resolves.
func (k *checker) whom(path, v string) {
	kind, name, _ := strings.Cut(v, ":")
	if !slices.Contains([]string{"member", "head", "department", "post", "role"}, kind) || strings.TrimSpace(name) == "" {
		k.add(path, "must be like department:人事部, post:行政部/用户权限管理 or role:administrator, not %q", v)
	}
}

func (k *checker) clock(path, v string) {
	if m, ok := parseClock(v); !ok || m == 24*60 {
		k.add(path, "must be a time of day like 17:30, not %q", v)
	}
}

func (k *checker) span(path, v string) {
	if s, ok := parseSpan(v); !ok || s.end <= s.start {
		k.add(path, "must be a span of a day like 16:30-17:00, not %q", v)
	}
}

func (k *checker) pattern(path, v string) {
	if _, err := regexp.Compile(v); err != nil || v == "" {
		k.add(path, "must be a regular expression of Go's syntax")
	}
}

// sum accepts non-negative percentages that make 100.
func (k *checker) sum(path string, parts map[string]int) {
	total := 0
	for _, name := range sorted(parts) {
		k.within(path+"."+name, parts[name], 0, 100)
		total += parts[name]
	}
	if total != 100 {
		k.add(path, "must add up to 100, not %d", total)
	}
}

// weights accepts finite non-negative weights of which one is positive.
func (k *checker) weights(path string, parts map[string]float64) {
	positive := false
	for _, name := range sorted(parts) {
		k.ratio(path+"."+name, parts[name], 0, 1e6)
		positive = positive || parts[name] > 0
	}
	if !positive {
		k.add(path, "must have at least one weight above 0")
	}
}

// comparison accepts ">=95", "<=1", "==0".
func (k *checker) comparison(path, v string) {
	for _, op := range []string{">=", "<=", "=="} {
		if number, ok := strings.CutPrefix(v, op); ok {
			if _, err := strconv.ParseFloat(number, 64); err == nil {
				return
			}
		}
	}
	k.add(path, `must be a comparison like ">=95", not %q`, v)
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
