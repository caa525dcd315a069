package words

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxMoney is how many digits an amount may have before its point.
const maxMoney = 12

var (
	money   = regexp.MustCompile(`^(?:人民币|rmb|cny|¥|￥)?\s*([-+]?)(\d+(?:,\d+)*)?(\.\d*)?\s*(万|亿|w|千|百)?\s*(?:元整|元|块钱|块|圆)?$`)
	grouped = regexp.MustCompile(`^\d{1,3}(,\d{3})+$`)
	spelled = regexp.MustCompile(`^(?:人民币)?([零〇一二两三四五六七八九十百千]{1,7})(万)?(?:元整|元|块钱|块|圆)$`)
)

// tens is how many places a unit moves the point.
var tens = map[string]int{"": 0, "百": 2, "千": 3, "万": 4, "w": 4, "亿": 8}

// Money reads an amount: 1,234.50元, 1.2万, ¥800. It answers plain digits with
// at most two decimals: "1234.5".
func Money(s string) (string, error) {
	s = strings.TrimSpace(Fold(s))
	if g := spelled.FindStringSubmatch(s); g != nil {
		n, ok := Count(g[1])
		if !ok {
			return "", ErrUnknown
		}
		return strconv.Itoa(n) + strings.Repeat("0", tens[g[2]]), nil
	}
	g := money.FindStringSubmatch(s)
	if g == nil || g[2] == "" && len(g[3]) < 2 {
		return "", ErrUnknown
	}
	whole, fraction := g[2], strings.TrimPrefix(g[3], ".")
	switch {
	case g[1] == "-":
		return "", &Mistake{Reason: fmt.Sprintf("金额不能是负数：%s", clip(s)), Instead: "写正数，例如 1200.50"}
	case strings.Contains(whole, ",") && !grouped.MatchString(whole):
		return "", &Mistake{Reason: fmt.Sprintf("「%s」里的逗号不是三位一隔", clip(s)), Instead: "去掉逗号，或像 1,234.50 这样写"}
	}
	whole = strings.ReplaceAll(whole, ",", "")
	shift := tens[g[4]]
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > shift+2 {
		return "", &Mistake{Reason: fmt.Sprintf("「%s」精确到了分以下", clip(s)), Instead: "最多写两位小数，例如 1200.50"}
	}
	for len(fraction) < shift {
		fraction += "0"
	}
	whole, fraction = strings.TrimLeft(whole+fraction[:shift], "0"), strings.TrimRight(fraction[shift:], "0")
	if len(whole) > maxMoney {
		return "", &Mistake{Reason: fmt.Sprintf("金额「%s」太大了", clip(s)), Instead: "核对一下位数"}
	}
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole, nil
}
