package wecom

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Answers about approvals spell one value in several ways: numbers as texts and the reverse, lists as null, as "" or,
// where they have one entry, as that entry alone (api.md section 14). What fits nothing counts as not there, so that
// one odd control never hides a whole form.

// flexText is a text or a number.
type flexText string

// UnmarshalJSON implements json.Unmarshaler.
func (t *flexText) UnmarshalJSON(b []byte) error {
	var s string
	switch {
	case len(b) > 0 && b[0] == '"':
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	case len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9'):
		s = string(b)
	}
	*t = flexText(s)
	return nil
}

// flexInt is a whole number, or a text of one; anything else is 0.
type flexInt int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *flexInt) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `" `)
	whole, _, _ := strings.Cut(text, ".")
	v, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		v = 0
	}
	*n = flexInt(v)
	return nil
}

// latest is the last second that is taken for an instant: the end of the year 9999.
const latest = 253402300799

// time reads Unix seconds; 0 and nonsense are the zero time.
func (n flexInt) time() time.Time {
	if n <= 0 || n > latest {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

// lenient is a list, one entry alone, or nothing. Entries that are no such thing are left out.
type lenient[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *lenient[T]) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	*l = nil
	if len(b) == 0 {
		return nil
	}
	raw := []json.RawMessage{b}
	switch b[0] {
	case '[':
		if err := json.Unmarshal(b, &raw); err != nil {
			return err
		}
	case '{':
	default:
		return nil
	}
	for _, one := range raw {
		var v T
		if loosely(one, &v) == nil {
			*l = append(*l, v)
		}
	}
	return nil
}

// loosely decodes an object; parts of another type than expected count as not there.
func loosely(b []byte, v any) error {
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '{' {
		return errors.New("not an object")
	}
	err := json.Unmarshal(b, v)
	if _, mismatch := errors.AsType[*json.UnmarshalTypeError](err); mismatch {
		return nil
	}
	return err
}

// flexList is a list of texts or numbers.
type flexList []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *flexList) UnmarshalJSON(b []byte) error {
	var raw []flexText
	if json.Unmarshal(b, &raw) != nil {
		return nil
	}
	*l = nil
	for _, t := range raw {
		*l = append(*l, string(t))
	}
	return nil
}

// distinctIDs keeps each userid once, whatever its case, in order.
func distinctIDs(ids []string) []string {
	seen := map[string]bool{}
	var all []string
	for _, id := range ids {
		if fold := strings.ToLower(id); id != "" && !seen[fold] {
			seen[fold] = true
			all = append(all, id)
		}
	}
	return all
}
