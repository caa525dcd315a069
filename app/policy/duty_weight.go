package policy

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// DutyWeight is the weight of one department's duties (F-12).
type DutyWeight struct {
	Department string
	Importance float64 // w: duty.weights
	Share      float64 // p: share of duties; 1 when none was given
	Raw        string  // w × p in decimals, as exact as w and p were written
	Hundredths int     // of a per cent; all of them add up to 100.00 %
}

// Percent is the normalised weight: "27.27%".
func (w DutyWeight) Percent() string {
	return fmt.Sprintf("%d.%02d%%", w.Hundredths/100, w.Hundredths%100)
}

// DutyWeights are the weights of all departments.
type DutyWeights struct {
	Basis
	Weights []DutyWeight // in the guide's order of departments
	Total   string       // sum of Raw
}

// DutyWeights computes F-12, w × p ÷ Σ(w × p), for the departments of
// duty.weights. shares are the p; a department without one has 1, so that
// without any all are equal. Percentages are rounded by largest remainder; of
// equal remainders the department listed first gets the hundredth. The error
// names a share of a department without weight, one that is negative or no
// number, or that nothing is left to divide.
func (e *Engine) DutyWeights(shares map[string]float64) (DutyWeights, error) {
	d := DutyWeights{Basis: e.basis("duty.weights", "G1-4.2(2)")}
	for _, name := range slices.Sorted(maps.Keys(shares)) {
		if _, ok := e.rules.Duty.Weights[name]; !ok {
			return d, fmt.Errorf("%s没有职责权重", name)
		}
		if p := shares[name]; !(p >= 0 && p <= 1e6) {
			return d, fmt.Errorf("%s的份额须是 0 到 1000000 之间的数", name)
		}
	}
	names := slices.Collect(maps.Keys(e.rules.Duty.Weights))
	e.guideOrder(names)
	total := new(big.Rat)
	raws := make([]*big.Rat, len(names))
	for i, name := range names {
		w := DutyWeight{Department: name, Importance: e.rules.Duty.Weights[name], Share: 1}
		if p, given := shares[name]; given {
			w.Share = p
		}
		raws[i] = new(big.Rat).Mul(exact(w.Importance), exact(w.Share))
		w.Raw = decimal(raws[i])
		total.Add(total, raws[i])
		d.Weights = append(d.Weights, w)
	}
	if total.Sign() == 0 {
		return d, fmt.Errorf("所有部门的权重×份额都是 0，无法归一")
	}
	for i, units := range apportion(raws, total, 100*100) {
		d.Weights[i].Hundredths = units
	}
	d.Total = decimal(total)
	return d, nil
}

// apportion divides whole units in proportion to parts, by largest remainder.
func apportion(parts []*big.Rat, total *big.Rat, units int) []int {
	given := make([]int, len(parts))
	rest := make([]*big.Rat, len(parts))
	left := units
	for i, part := range parts {
		quota := new(big.Rat).Mul(part, big.NewRat(int64(units), 1))
		quota.Quo(quota, total)
		whole := new(big.Int).Quo(quota.Num(), quota.Denom())
		given[i] = int(whole.Int64())
		rest[i] = quota.Sub(quota, new(big.Rat).SetInt(whole))
		left -= given[i]
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rest[b].Cmp(rest[a]) })
	for _, i := range order[:left] { // fewer are left than there are parts
		given[i]++
	}
	return given
}

// exact is the number a person wrote: 0.1 is one tenth, not its nearest binary.
func exact(f float64) *big.Rat {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 64))
	if !ok {
		return new(big.Rat)
	}
	return r
}

// decimal writes a product of two decimals without zeros at its end.
func decimal(r *big.Rat) string {
	n, isExact := r.FloatPrec()
	if !isExact || n > 12 {
		n = 12
	}
	return r.FloatString(n)
}
