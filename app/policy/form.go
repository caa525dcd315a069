package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Form is what was filled in, by field key. A field left empty has no entry.
type Form map[string]FormValue

// FormValue is the content of one field; which parts are set depends on the
// field's type.
type FormValue struct {
	Text        string    `json:"text,omitempty"`   // text, longtext, choice; of person, people, department: the names
	Number      Decimal   `json:"number,omitempty"` // number, money, days
	Time        time.Time `json:"time,omitzero"`    // date: midnight in the company's zone; datetime
	From        HalfDay   `json:"from,omitzero"`    // period
	To          HalfDay   `json:"to,omitzero"`
	Yes         bool      `json:"yes,omitempty"` // yesno
	Members     []int64   `json:"members,omitempty"`
	Departments []int64   `json:"departments,omitempty"`
	Attachments []int64   `json:"attachments,omitempty"`
}

// FieldProblem is what is wrong with one field of a form.
type FieldProblem struct {
	Field   FormField
	Text    string // in Chinese, with the remedy: 金额要大于 0，现在是 -5.00 元
	Missing bool   // it is required and nothing was given
}

func (p FieldProblem) String() string { return p.Text }

// HalfDay is a morning or an afternoon. A period that begins with an afternoon
// begins at noon; one that ends with a morning ends at noon.
type HalfDay struct {
	Date      time.Time // only its civil date counts; HalfDayOf normalises it to UTC
	Afternoon bool
}

// HalfDayOf is the morning or afternoon of t's date in t's zone.
func HalfDayOf(t time.Time, afternoon bool) HalfDay {
	y, m, d := t.Date()
	return HalfDay{Date: time.Date(y, m, d, 0, 0, 0, 0, time.UTC), Afternoon: afternoon}
}

// IsZero reports whether nothing was given.
func (h HalfDay) IsZero() bool { return h.Date.IsZero() }

// Before orders half days.
func (h HalfDay) Before(o HalfDay) bool {
	a, b := dayOf(h.Date), dayOf(o.Date)
	return a < b || a == b && !h.Afternoon && o.Afternoon
}

const dateLayout = "2006-01-02"

func (h HalfDay) String() string {
	half := " 上午"
	if h.Afternoon {
		half = " 下午"
	}
	return h.Date.Format(dateLayout) + half
}

// MarshalText writes 2026-03-09 上午.
func (h HalfDay) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (h *HalfDay) UnmarshalText(text []byte) error {
	date, half, _ := strings.Cut(string(text), " ")
	t, err := time.Parse(dateLayout, date)
	if err != nil || half != "上午" && half != "下午" {
		return fmt.Errorf("%q is no half day like 2026-03-09 上午", text)
	}
	*h = HalfDay{Date: t, Afternoon: half == "下午"}
	return nil
}

// Decimal is an exact number with four decimals: 1000.01 is 10000100. Amounts
// are compared as such, never as binary fractions.
type Decimal int64

const decimalOne Decimal = 10000

// maxDecimal bounds what is read, so that sums and conditions cannot overflow.
const maxDecimal = 1_000_000_000_000 * decimalOne

// ErrDecimal is a text that is no number, has more than four decimals, or is
// beyond a million millions.
var ErrDecimal = errors.New("no number with at most four decimals")

// DecimalOf is a whole number.
func DecimalOf(n int64) Decimal { return Decimal(n) * decimalOne }

// ParseDecimal reads 1000, -3.5 and 1,000.01, full-width too.
func ParseDecimal(text string) (Decimal, error) {
	s := strings.ReplaceAll(fold(text), ",", "")
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" || len(whole) > 13 || len(fraction) > 4 || dotted && strings.HasSuffix(s, ".") || !onlyDigits(whole+fraction) {
		return 0, ErrDecimal
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", 4-len(fraction)), 10, 64)
	if err != nil || Decimal(n) > maxDecimal {
		return 0, ErrDecimal
	}
	if negative {
		n = -n
	}
	return Decimal(n), nil
}

func onlyDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// String is the shortest form: 1000, 3.5.
func (d Decimal) String() string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	s := fmt.Sprintf("%s%d.%04d", sign, d/decimalOne, d%decimalOne)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Money is the amount with two decimals: 1000.00.
func (d Decimal) Money() string {
	s := d.String()
	_, fraction, dotted := strings.Cut(s, ".")
	switch {
	case !dotted:
		return s + ".00"
	case len(fraction) == 1:
		return s + "0"
	}
	return s
}

// MarshalText writes the shortest form.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDecimal reads.
func (d *Decimal) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDecimal(string(text))
	if err != nil {
		return fmt.Errorf("must be a number with at most four decimals, not %q", text)
	}
	return nil
}
