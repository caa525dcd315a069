package duty

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

func TestProcessCodes(t *testing.T) {
	for said, want := range map[string]string{
		"P-02": "P-02", "p2": "P-02", "Ｐ－０２": "P-02", "#p-2": "P-02", "P-123": "P-123", "P-0012": "P-12", " p-7 ": "P-07",
		"P-0": "", "P": "", "02": "", "D-02": "", "P-1234567": "", "P-02x": "", "": "",
	} {
		code, ok := process(said)
		require.Equal(t, want, code, said)
		require.Equal(t, want != "", ok, said)
	}
}

func TestParsePosts(t *testing.T) {
	list, err := parsePosts(" 销售部 / 销售经理、财务经理，行政部／用户权限管理\n")
	require.NoError(t, err)
	require.Equal(t, []named{{"销售部", "销售经理"}, {"", "财务经理"}, {"行政部", "用户权限管理"}}, list)
	for text, want := range map[string]string{
		"":                                  "请写至少一个岗位",
		"、，":                                "请写至少一个岗位",
		"销售部/":                              "没看懂「销售部/」",
		"/销售经理":                             "没看懂「/销售经理」",
		"a/b/c":                             "岗位「b/c」里不能有 / : |",
		"经理:张三":                             "里不能有 / : |",
		"hr经理、ＨＲ经理":                         "写了两次",
		strings.Repeat("长", 31):             "超过 30 个字",
		strings.Repeat("甲、", 1) + posts16(): "一个流程最多 15 个岗位，写了 16 个",
	} {
		_, err := parsePosts(text)
		require.ErrorContains(t, err, want, text)
	}
}

func posts16() string {
	var names []string
	for r := 'b'; len(names) < 15; r++ {
		names = append(names, string(r)+"岗")
	}
	return strings.Join(names, "、")
}

func TestParseNodes(t *testing.T) {
	for text, want := range map[string]struct {
		title string
		nodes []draftNode
	}{
		"登记 → 审核*! → 开票":     {"", []draftNode{{Name: "登记"}, {Name: "审核", Key: true, Risk: true}, {Name: "开票"}}},
		"销售订单：登记->审核 ！":      {"销售订单", []draftNode{{Name: "登记"}, {Name: "审核", Risk: true}}},
		"登记、审核＊，开票":          {"", []draftNode{{Name: "登记"}, {Name: "审核", Key: true}, {Name: "开票"}}},
		"1. 登记\n2、审核★\n· 开票": {"", []draftNode{{Name: "登记"}, {Name: "审核", Key: true}, {Name: "开票"}}},
		"登记 输出:订单、附件 时限:1个工作日 → 审核* 输入：合同 草稿": {"", []draftNode{
			{Name: "登记", Output: "订单、附件", Limit: "1个工作日"}, {Name: "审核", Key: true, Input: "合同 草稿"}}},
		"登记 输出:订单":    {"", []draftNode{{Name: "登记", Output: "订单"}}},
		"A 款 登记 > 复审": {"", []draftNode{{Name: "A款登记"}, {Name: "复审"}}},
	} {
		title, nodes, err := parseNodes(text)
		require.NoError(t, err, text)
		require.Equal(t, want.title, title, text)
		require.Equal(t, want.nodes, nodes, text)
	}
	for text, want := range map[string]string{
		"":             "请写至少一个节点",
		"→ →":          "请写至少一个节点",
		"登记 → 登记":      "节点「登记」写了两次",
		"登记 → * → 开票":  "没有节点名称",
		"登记 → 开票 备注:急": "节点后面只能接 输入:… 输出:… 时限:…",
		"登记 输入:a 输入:b": "「输入」写了两次",
		"登记 时限:" + strings.Repeat("久", 21):          "「时限」超过 20 个字",
		"登记 输入:" + strings.Repeat("长", 201):         "「输入」超过 200 个字",
		strings.Repeat("长", 31):                     "超过 30 个字",
		strings.Repeat("名", 31) + "：登记 → 审核":        "流程名称超过 30 个字",
		"a→b→c→d→e→f→g→h→i→j→k→l→m→n→o→p→q→r→s→t→u": "一个流程最多 20 个节点，写了 21 个",
	} {
		_, _, err := parseNodes(text)
		require.ErrorContains(t, err, want, text)
	}
}

// sample is a draft with two nodes and three posts, one of them called by
// letters that are letters of the matrix too.
func sample() *draft {
	return &draft{
		Step: stepLetters, Title: "销售订单",
		Posts: []draftPost{{Name: "销售经理", Department: 3}, {Name: "财务经理", Department: 7}, {Name: "CI", Department: 7}},
		Nodes: []draftNode{{Name: "登记"}, {Name: "合同审核"}},
	}
}

func TestParseLetters(t *testing.T) {
	R, A, C, I := store.Responsible, store.Accountable, store.Consulted, store.Informed
	for text, want := range map[string]map[string][]store.Letter{
		"R 销售经理 A 财务经理":      {"销售经理": {R}, "财务经理": {A}},
		"r:销售经理、财务经理 a:财务经理": {"销售经理": {R}, "财务经理": {R, A}},
		"Ａ Ｒ 销售经理":           {"销售经理": {R, A}},
		"销售经理 RA 财务经理 C":     {"销售经理": {R, A}, "财务经理": {C}},
		"销售经理=A，财务经理=I R":    {"销售经理": {A}, "财务经理": {R, I}},
		"销售经理、财务经理 R 财务经理 A": {"销售经理": {R}, "财务经理": {R, A}},
		"R CI A CI":                 {"CI": {R, A}},
		"R/A 销售经理 C/I 财务经理":         {"销售经理": {R, A}, "财务经理": {C, I}},
		"R 销售经理 R 销售经理 C 财务经理":      {"销售经理": {R}, "财务经理": {C}},
		"登记：R 销售经理 A 财务经理":          {"销售经理": {R}, "财务经理": {A}},
		"登记 销售经理 A":                 {"销售经理": {A}},
		"1. 登记*：R 销售经理（财务经理）C 财务经理": {"销售经理": {R}, "财务经理": {R, C}},
	} {
		d := sample()
		list, err := parseLetters(d, &d.Nodes[0], text)
		require.NoError(t, err, text)
		require.Equal(t, []given{{"登记", want}}, list, text)
	}
	d := sample()
	list, err := parseLetters(d, &d.Nodes[0], "合同审核：R 销售经理\n登记：A CI")
	require.NoError(t, err)
	require.Equal(t, []string{"合同审核", "登记"}, []string{list[0].node, list[1].node})

	for text, want := range map[string]string{
		"":            "请写 节点：R 岗位 A 岗位",
		"X 销售经理":      "没有字母「X」",
		"RB 销售经理":     "没有字母「B」",
		"R 销售总监":      "没有岗位「销售总监」，最接近的是「销售经理」",
		"R 宇航员":       "没有岗位「宇航员」，第 1 步写的是：销售经理、财务经理、CI",
		"R 销售经理 A":    "字母「A」后面没有岗位",
		"销售经理":        "岗位「销售经理」没有字母",
		"开票：R 销售经理":   "流程里没有节点「开票」；要加节点",
		"合同审合：R 销售经理": "流程里没有节点「合同审合」，最接近的是「合同审核」",
		"登记：R 销售经理；登记：A 财务经理": "节点「登记」写了两次",
		"登记：": "请写 R 岗位 A 岗位",
	} {
		d := sample()
		_, err := parseLetters(d, &d.Nodes[0], text)
		require.ErrorContains(t, err, want, text)
	}
	_, err = parseLetters(d, nil, "R 销售经理")
	require.ErrorContains(t, err, "请写明是哪个节点，例如 登记：R 岗位 A 岗位")
}

func TestParseAuthority(t *testing.T) {
	d := sample()
	list, err := parseAuthority(d, "销售经理 职责:管订单 权限：签 10 万以下合同\n财务经理：权限:否决")
	require.NoError(t, err)
	require.Equal(t, []draftPost{
		{Name: "销售经理", Department: 3, Duty: "管订单", Authority: "签 10 万以下合同"}, {Name: "财务经理", Department: 7, Authority: "否决"},
	}, list)
	for text, want := range map[string]string{
		"":          "请写 岗位 职责:… 权限:…",
		"销售经理 管订单":  "没看懂「销售经理 管订单」",
		"采购经理 职责:买": "没有岗位「采购经理」，最接近的是「销售经理」",
		"销售经理 职责:a\n销售经理 权限:b":                "岗位「销售经理」写了两次",
		"销售经理 职责:a 职责:b":                      "「职责」写了两次",
		"销售经理 职责:" + strings.Repeat("长", 201): "「职责」超过 200 个字",
	} {
		_, err := parseAuthority(d, text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"销售经理", "财务经理", "HR"}
	for word, want := range map[string]string{"销售经里": "销售经理", "财务": "财务经理", "hr": "HR", "总裁办": "", "宇航员": "", "": ""} {
		require.Equal(t, want, nearest(word, names), word)
	}
}

func TestParseShares(t *testing.T) {
	shares, err := parseShares("行政部:2 销售部：1.5，市场部=0")
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"行政部": 2, "销售部": 1.5, "市场部": 0}, shares)
	for text, want := range map[string]string{
		"行政部": "没看懂", ":2": "没看懂", "行政部:": "不是不小于 0 的数", "行政部:-1": "不是不小于 0 的数", "行政部:多": "不是不小于 0 的数",
		"行政部:1 行政部:1": "写了两次",
	} {
		_, err := parseShares(text)
		require.ErrorContains(t, err, want, text)
	}
}

// Whatever members write, parsing ends, keeps the bounds, and what it takes
// can be stored and shown again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"销售部/销售经理、财务经理", "销售订单：登记 输出:订单 → 审核*! 时限:1天", "登记：R 销售经理 A 财务经理", "销售经理 RA", "销售经理 职责:a 权限:b", "行政部:2",
		"第2步", "→→：：", "R：A：", "1. ·*!", "\x00\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 4096 {
			return
		}
		actOf(text)
		process(text)
		_, _ = parseShares(text)
		if list, err := parsePosts(text); err == nil {
			require.NotEmpty(t, list)
			require.LessOrEqual(t, len(list), maxPosts)
		}
		d := sample()
		for _, at := range []step{stepNodes, stepLetters, stepAuthority} {
			d.Step = at
			if _, err := d.take(actAnswer, 0, text, nil); err != nil {
				continue
			}
			require.LessOrEqual(t, d.rows(), store.MaxMatrixRows)
			s := d.sheet()
			require.LessOrEqual(t, len(s.Nodes), maxNodes)
			again := draftOf(s)
			require.Equal(t, s, again.sheet())
			require.NotEmpty(t, d.question(func(int64) string { return "" }, func(string) (string, string) { return "", "" }))
		}
	})
}
