package duty

import (
	"fmt"
	"strconv"
	"strings"

	"guiju/app/chat"
	"guiju/app/chat/words"
	"guiju/store"
)

// weights is 报表 职责权重 (R-DUTY-WEIGHT, F-12): raw and normalised.
func (d *Duty) weights(call *chat.Call) (chat.Answer, error) {
	rules := d.rules()
	shares, err := parseShares(call.Text("份额"))
	if err != nil {
		return chat.Answer{}, chat.Refused{Reason: err.Error(), Instead: "报表 职责权重 行政部:2 销售部:1"}
	}
	weighed := make([]string, 0, len(rules.Rules().Duty.Weights))
	for name := range rules.Rules().Duty.Weights {
		weighed = append(weighed, name)
	}
	given := map[string]float64{}
	for name, share := range shares {
		canonical := ""
		for _, known := range weighed {
			if store.Fold(known) == store.Fold(name) {
				canonical = known
			}
		}
		if canonical == "" {
			reason := "没有「" + chat.OneLine(name, 20) + "」的职责权重"
			if near := nearest(name, weighed); near != "" {
				reason += "，最接近的是「" + near + "」"
			}
			return chat.Answer{}, chat.Refused{Reason: reason, Clause: "G1-4.2(2)", Instead: "只写 duty.weights 里有的部门：" + strings.Join(orderOf(d, weighed), "、")}
		}
		given[canonical] = share
	}
	result, err := rules.DutyWeights(given)
	if err != nil {
		return chat.Answer{}, chat.Refused{Reason: err.Error(), Clause: result.Clause, Instead: "报表 职责权重 行政部:2 销售部:1"}
	}
	var b strings.Builder
	b.WriteString("职责权重（权重×份额，归一后合计 100.00%）")
	for _, w := range result.Weights {
		fmt.Fprintf(&b, "\n%s：%s × %s = %s → %s", w.Department,
			strconv.FormatFloat(w.Importance, 'f', -1, 64), strconv.FormatFloat(w.Share, 'f', -1, 64), w.Raw, w.Percent())
	}
	fmt.Fprintf(&b, "\n合计：%s → 100.00%%\n（依据 %s，规则第 %d 版；没写份额的部门按 1 计）", result.Total, result.Clause, result.Version)
	return chat.Answer{Text: b.String()}, nil
}

// orderOf lists departments as the report does.
func orderOf(d *Duty, weighed []string) []string {
	result, err := d.rules().DutyWeights(nil)
	if err != nil {
		return weighed
	}
	names := make([]string, len(result.Weights))
	for i, w := range result.Weights {
		names[i] = w.Department
	}
	return names
}

// parseShares reads 行政部:2 销售部:1.5.
func parseShares(text string) (map[string]float64, error) {
	shares := map[string]float64{}
	for _, part := range fields(text, " \n\t、，,;；") {
		name, value, ok := strings.Cut(strings.NewReplacer("：", ":", "＝", ":", "=", ":").Replace(part), ":")
		if !ok || name == "" {
			return nil, wrong("没看懂「%s」，请写 部门:份额", chat.OneLine(part, 20))
		}
		decimal, ok := words.Decimal(value)
		if !ok {
			return nil, wrong("「%s」的份额「%s」不是不小于 0 的数", chat.OneLine(name, 20), chat.OneLine(value, 20))
		}
		share, err := strconv.ParseFloat(decimal, 64)
		if err != nil || share < 0 {
			return nil, wrong("「%s」的份额「%s」不是不小于 0 的数", chat.OneLine(name, 20), chat.OneLine(value, 20))
		}
		if _, twice := shares[name]; twice {
			return nil, wrong("「%s」写了两次，请只留一个", chat.OneLine(name, 20))
		}
		shares[name] = share
	}
	return shares, nil
}
