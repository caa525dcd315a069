package words

import (
	"regexp"
	"strconv"
	"strings"
)

// numeral matches what Count reads, for use in other patterns.
const numeral = `\d{1,4}|[零〇一二两三四五六七八九十百千]{1,7}`

var digits = map[rune]int{'零': 0, '〇': 0, '一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}

var units = map[rune]int{'十': 10, '百': 100, '千': 1000}

// Count reads a number from 0 to 9999 in digits or in Chinese: 12, 十二, 两.
func Count(s string) (int, bool) {
	s = Fold(s)
	if len(s) <= 4 {
		if n, err := strconv.Atoi(s); err == nil && n >= 0 && s[0] != '+' && s[0] != '-' {
			return n, true
		}
	}
	total, digit, unit := 0, -1, 10000
	for _, r := range s {
		if d, ok := digits[r]; ok {
			if digit > 0 { // 二三 is no number
				return 0, false
			}
			digit = d
			continue
		}
		u, ok := units[r]
		if !ok || u >= unit {
			return 0, false
		}
		if digit < 0 {
			digit = 1
		}
		total, digit, unit = total+digit*u, -1, u
	}
	if digit > 0 {
		total += digit
	}
	return total, s != "" && (digit >= 0 || unit < 10000)
}

var integer = regexp.MustCompile(`^-?\d{1,15}$`)

// Integer reads a whole number of at most fifteen digits.
func Integer(s string) (int64, bool) {
	s = strings.ReplaceAll(Fold(s), ",", "")
	if integer.MatchString(s) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	n, ok := Count(s)
	return int64(n), ok
}

var decimal = regexp.MustCompile(`^(-?)(\d{1,12})(?:\.(\d{1,4}))?$`)

// Decimal reads an amount of at most twelve digits and four decimals, with or
// without 元, ¥ and thousands commas, and answers it in plain digits.
func Decimal(s string) (string, bool) {
	s = Fold(s)
	s = strings.TrimLeft(s, "¥￥")
	for _, unit := range []string{"元", "块钱", "块"} {
		s = strings.TrimSuffix(s, unit)
	}
	shift := 0
	if ten, ok := strings.CutSuffix(s, "万"); ok {
		s, shift = ten, 4
	}
	s = strings.ReplaceAll(s, ",", "")
	m := decimal.FindStringSubmatch(s)
	if m == nil {
		n, ok := Count(s)
		if !ok {
			return "", false
		}
		m = []string{"", "", strconv.Itoa(n), ""}
	}
	whole, fraction := m[2], m[3]
	if shift > 0 {
		moved := (fraction + "0000")[:shift]
		whole, fraction = whole+moved, fraction[min(shift, len(fraction)):]
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(whole) > 12 {
		return "", false
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if whole == "0" {
		return whole, true
	}
	return m[1] + whole, true
}
