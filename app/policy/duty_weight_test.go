package policy_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

func weights(t *testing.T, e *policy.Engine, shares map[string]float64) (percent, raw []string, total string) {
	t.Helper()
	d, err := e.DutyWeights(shares)
	require.NoError(t, err)
	sum := 0
	for _, w := range d.Weights {
		percent = append(percent, w.Department+" "+w.Percent())
		raw = append(raw, w.Raw)
		sum += w.Hundredths
	}
	require.Equal(t, 10000, sum, "they add up to 100.00%%")
	return percent, raw, d.Total
}

// G1-4.2(2) AE1: the guide's weights and equal shares.
func TestDutyWeightsOfEqualShares(t *testing.T) {
	percent, raw, total := weights(t, engine(t), nil)
	require.Equal(t, []string{"行政部 27.27%", "销售部 36.37%", "市场部 18.18%", "技术支持部 9.09%", "人事部 9.09%"}, percent)
	require.Equal(t, []string{"0.3", "0.4", "0.2", "0.1", "0.1"}, raw)
	require.Equal(t, "1.1", total, "not 1.1000000000000003")
}

// The vector of Part C: 行政部 has twice the share.
func TestDutyWeightsOfUnequalShares(t *testing.T) {
	percent, raw, total := weights(t, engine(t), map[string]float64{"行政部": 2, "销售部": 1})
	require.Equal(t, []string{"行政部 42.86%", "销售部 28.57%", "市场部 14.29%", "技术支持部 7.14%", "人事部 7.14%"}, percent)
	require.Equal(t, []string{"0.6", "0.4", "0.2", "0.1", "0.1"}, raw)
	require.Equal(t, "1.4", total)
}

func TestDutyWeightsAlwaysAddUp(t *testing.T) {
	for name, w := range map[string]map[string]float64{
		"thirds":         {"行政部": 1, "销售部": 1, "市场部": 1},
		"one":            {"行政部": 7},
		"one and nobody": {"行政部": 7, "销售部": 0},
		"sevenths":       {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1},
		"far apart":      {"行政部": 1e6, "销售部": 1e-6},
	} {
		t.Run(name, func(t *testing.T) {
			weights(t, engine(t, func(r *policy.Rules) { r.Duty.Weights = w }), nil)
		})
	}
	percent, _, _ := weights(t, engine(t, func(r *policy.Rules) {
		r.Duty.Weights = map[string]float64{"人事部": 1, "行政部": 1, "销售部": 1}
	}), nil)
	require.Equal(t, []string{"行政部 33.34%", "销售部 33.33%", "人事部 33.33%"}, percent, "the first of the guide's order gets the odd hundredth")
}

func TestDutyWeightsRefuseNonsense(t *testing.T) {
	e := engine(t)
	for name, c := range map[string]struct {
		shares map[string]float64
		want   string
	}{
		"negative":  {map[string]float64{"行政部": -1}, "行政部的份额须是 0 到 1000000 之间的数"},
		"no number": {map[string]float64{"行政部": math.NaN()}, "行政部的份额须是 0 到 1000000 之间的数"},
		"endless":   {map[string]float64{"行政部": math.Inf(1)}, "行政部的份额须是 0 到 1000000 之间的数"},
		"unknown":   {map[string]float64{"研发部": 1}, "研发部没有职责权重"},
		"all zero": {map[string]float64{"行政部": 0, "销售部": 0, "市场部": 0, "技术支持部": 0, "人事部": 0},
			"所有部门的权重×份额都是 0，无法归一"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.DutyWeights(c.shares)
			require.EqualError(t, err, c.want)
		})
	}
}
