// Package wire turns texts and values into what WeCom accepts on the wire.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ellipsis ends a text that was cut.
const Ellipsis = "…"

// JSON encodes v as raw UTF-8: no HTML escapes and no trailing newline.
// Texts inside v have gone through Clean, so no \uXXXX form appears, which WeCom may refuse with 40033 [90313].
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Clean makes s fit for WeCom's JSON: valid UTF-8, line ends as \n, and no other control characters,
// which could only travel as \uXXXX (40033) or crash clients (82004).
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case isControl(r):
			return -1
		}
		return r
	}, s)
}

func isClean(s string) bool {
	for i, r := range s {
		if r == '\u2028' || r == '\u2029' || isControl(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		}
	}
	return true
}

func isControl(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r == 0x7f
}

// CutRunes shortens s to at most limit characters, the last of them an ellipsis when something was lost.
func CutRunes(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	end, n := 0, 0
	for i := range s {
		if n == limit-1 {
			end = i
			break
		}
		n++
	}
	return s[:wholeEnd(s, end)] + Ellipsis
}

// CutBytes shortens s to at most limit bytes, ending with an ellipsis when something was lost.
func CutBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(limit-len(Ellipsis), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:wholeEnd(s, end)] + Ellipsis
}

// wholeEnd moves end back so that no emoji or accented letter made of several characters is torn apart.
// Ordinary sequences are short; after 16 steps it gives up and cuts at the character.
func wholeEnd(s string, end int) int {
	at := end
	for range 16 {
		if at == 0 {
			return 0
		}
		next, _ := utf8.DecodeRuneInString(s[at:])
		last, size := utf8.DecodeLastRuneInString(s[:at])
		if last != '\u200d' && !joins(next) {
			return at
		}
		at -= size
	}
	return end
}

// joins reports whether r continues the picture begun by the character before it.
func joins(r rune) bool {
	return r == '\u200d' || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || r >= 0x1f3fb && r <= 0x1f3ff
}
