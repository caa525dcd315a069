package duty

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

// mistake is what is wrong with an answer, worded for its writer.
type mistake string

func (m mistake) Error() string { return string(m) }

func wrong(format string, args ...any) error { return mistake(fmt.Sprintf(format, args...)) }

// processCode is a process as members write it; only its number counts.
var processCode = regexp.MustCompile(`^#?p-?0*([1-9]\d{0,5})$`)

// process is the whole code of a process: P-02 of p2.
func process(said string) (string, bool) {
	g := processCode.FindStringSubmatch(store.Fold(said))
	if g == nil {
		return "", false
	}
	return "P-" + strings.Repeat("0", max(0, 2-len(g[1]))) + g[1], true
}

// fields cuts text at any of the separators and drops what is empty.
func fields(text, separators string) []string {
	var list []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if part = strings.Join(strings.Fields(part), " "); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// lines cuts text into lines without the numbers or bullets before them.
func lines(text string) []string {
	var list []string
	for _, line := range fields(text, "\n;；") {
		if line = bullet.ReplaceAllString(line, ""); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// named is a post as step 1 asks for it; department is "" when only the post
// was written.
type named struct{ department, post string }

// parsePosts reads 销售部/销售经理、财务经理.
func parsePosts(text string) ([]named, error) {
	var list []named
	for _, part := range fields(text, "、，,;；\n") {
		department, post, both := strings.Cut(strings.NewReplacer("／", "/", " ", "").Replace(part), "/")
		if !both {
			department, post = "", department
		}
		switch {
		case post == "" || both && department == "":
			return nil, wrong("没看懂「%s」，请写成 部门/岗位，例如 销售部/销售经理", chat.OneLine(part, 20))
		case strings.ContainsAny(post, "/:：|"):
			return nil, wrong("岗位「%s」里不能有 / : |，请写成 部门/岗位，几个岗位用顿号隔开", chat.OneLine(post, 20))
		case len([]rune(post)) > maxName:
			return nil, wrong("岗位「%s」超过 %d 个字，请写短一些", chat.OneLine(post, 20), maxName)
		case slices.ContainsFunc(list, func(n named) bool { return store.Fold(n.post) == store.Fold(post) }):
			return nil, wrong("岗位「%s」写了两次，请只留一个", post)
		}
		list = append(list, named{department, post})
	}
	switch {
	case len(list) == 0:
		return nil, wrong("请写至少一个岗位，例如 销售部/销售经理")
	case len(list) > maxPosts:
		return nil, wrong("一个流程最多 %d 个岗位，写了 %d 个", maxPosts, len(list))
	}
	return list, nil
}

// fieldOf finds 输入:…, 输出:…, 时限:… and the like in a text.
func fieldOf(keys ...string) *regexp.Regexp {
	return regexp.MustCompile(`\s*(` + strings.Join(keys, "|") + `)\s*[:：]\s*`)
}

var (
	nodeField = fieldOf("输入", "输出", "时限")
	postField = fieldOf("职责", "权限")
	arrows    = regexp.MustCompile(`→|->|－>|=>|>|＞|\n|;|；`)
	titled    = regexp.MustCompile(`^([^→>＞;；、，,\n:：*＊!！]{1,60})[:：]\s*`)
	bullet    = regexp.MustCompile(`^(?:\d{1,2}\s*[.．、)）]|[·•\-])\s*`)
)

// cutFields takes the keyed parts out of text; head is what stands before them.
func cutFields(text string, keys *regexp.Regexp) (head string, values map[string]string, err error) {
	found := keys.FindAllStringSubmatchIndex(text, -1)
	if len(found) == 0 {
		return strings.TrimSpace(text), nil, nil
	}
	values = map[string]string{}
	for i, at := range found {
		key, end := text[at[2]:at[3]], len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		value := strings.Join(strings.Fields(strings.TrimRight(text[at[1]:end], " ，,")), " ")
		if _, twice := values[key]; twice {
			return "", nil, wrong("「%s」写了两次，请只留一个", key)
		}
		bound := maxField
		if key == "时限" {
			bound = maxLimit
		}
		if len([]rune(value)) > bound {
			return "", nil, wrong("「%s」超过 %d 个字，请写短一些", key, bound)
		}
		values[key] = value
	}
	return strings.TrimRight(strings.TrimSpace(text[:found[0][0]]), "，,"), values, nil
}

// parseNodes reads a flow: 销售订单：登记 → 合同审核*! 输入:订单 → 开票. The
// name of the process before a colon may be left out. Nodes without fields may
// be separated by 、 instead.
func parseNodes(text string) (title string, nodes []draftNode, err error) {
	text = strings.TrimSpace(text)
	if g := titled.FindStringSubmatch(text); g != nil && !nodeField.MatchString(g[0]) {
		title, text = strings.TrimSpace(g[1]), strings.TrimSpace(text[len(g[0]):])
		if len([]rune(title)) > maxName {
			return "", nil, wrong("流程名称超过 %d 个字，请写短一些", maxName)
		}
	}
	parts := arrows.Split(text, -1)
	if len(parts) == 1 && !nodeField.MatchString(text) {
		parts = fields(text, "、，,")
	}
	for _, part := range parts {
		part = bullet.ReplaceAllString(strings.TrimSpace(part), "")
		if part == "" {
			continue
		}
		node, err := parseNode(part)
		if err != nil {
			return "", nil, err
		}
		if slices.ContainsFunc(nodes, func(n draftNode) bool { return store.Fold(n.Name) == store.Fold(node.Name) }) {
			return "", nil, wrong("节点「%s」写了两次；同名的两步请分别取名，例如 初审、复审", node.Name)
		}
		nodes = append(nodes, node)
	}
	switch {
	case len(nodes) == 0:
		return "", nil, wrong("请写至少一个节点，例如 订单登记 → 合同审核* → 发票开具")
	case len(nodes) > maxNodes:
		return "", nil, wrong("一个流程最多 %d 个节点，写了 %d 个；请拆成两个流程", maxNodes, len(nodes))
	}
	return title, nodes, nil
}

func parseNode(part string) (draftNode, error) {
	name, values, err := cutFields(part, nodeField)
	if err != nil {
		return draftNode{}, err
	}
	n := draftNode{Input: values["输入"], Output: values["输出"], Limit: values["时限"]}
	n.Name = strings.TrimSpace(strings.TrimRight(name, "*＊★!！▲ "))
	marks := name[len(n.Name):]
	n.Key, n.Risk = strings.ContainsAny(marks, "*＊★"), strings.ContainsAny(marks, "!！▲")
	n.Name = strings.Join(strings.Fields(n.Name), "")
	switch {
	case n.Name == "":
		return n, wrong("「%s」没有节点名称", chat.OneLine(part, 20))
	case len([]rune(n.Name)) > maxName:
		return n, wrong("节点「%s」超过 %d 个字，请写短一些", chat.OneLine(n.Name, 20), maxName)
	case strings.ContainsAny(n.Name, ":：|"):
		return n, wrong("没看懂「%s」：节点后面只能接 输入:… 输出:… 时限:…", chat.OneLine(part, 30))
	}
	return n, nil
}

// given is the letters of one node as step 3 asks for them.
type given struct {
	node    string // as it is called in the draft
	letters map[string][]store.Letter
}

// parseLetters reads lines like 合同审核：R 销售经理 A 财务经理. A line without a
// node is about asked, if there is one; it may stand alone only.
func parseLetters(d *draft, asked *draftNode, text string) ([]given, error) {
	var list []given
	for _, line := range lines(text) {
		node, rest, err := nodeOfLine(d, asked, line)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(g given) bool { return g.node == node }) {
			return nil, wrong("节点「%s」写了两次，请只留一行", node)
		}
		letters, err := lettersOf(d, rest)
		if err != nil {
			return nil, wrong("节点「%s」：%s", node, err)
		}
		list = append(list, given{node, letters})
	}
	if len(list) == 0 {
		return nil, wrong("请写 节点：R 岗位 A 岗位")
	}
	return list, nil
}

// nodeOfLine finds the node a line is about and what is said of it.
func nodeOfLine(d *draft, asked *draftNode, line string) (node, rest string, err error) {
	head, tail, colon := strings.Cut(strings.Replace(line, "：", ":", 1), ":")
	head = strings.Join(strings.Fields(head), "")
	if colon {
		if n := d.node(strings.TrimRight(head, "*＊★!！▲")); n != nil {
			return n.Name, tail, nil
		}
	}
	first := strings.Fields(line)
	if n := d.node(first[0]); n != nil && len(first) > 1 {
		return n.Name, strings.Join(first[1:], " "), nil
	}
	_, isLetter, _ := letterWord(head)
	if colon && !isLetter && d.post(head) == nil {
		names := make([]string, len(d.Nodes))
		for i, n := range d.Nodes {
			names[i] = n.Name
		}
		if near := nearest(head, names); near != "" {
			return "", "", wrong("流程里没有节点「%s」，最接近的是「%s」", chat.OneLine(head, 20), near)
		}
		return "", "", wrong("流程里没有节点「%s」；要加节点请回复：第2步", chat.OneLine(head, 20))
	}
	if asked == nil {
		return "", "", wrong("请写明是哪个节点，例如 %s：R 岗位 A 岗位", d.Nodes[0].Name)
	}
	return asked.Name, line, nil
}

// letterWord reads a word made of letters only: A, RA, R/A. strange is a
// letter that is none of R, A, C, I.
func letterWord(word string) (letters []store.Letter, ok bool, strange string) {
	word = strings.ToUpper(strings.NewReplacer("/", "", "／", "").Replace(store.Fold(word)))
	if word == "" || len(word) > 4 || strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil, false, ""
	}
	for _, r := range word {
		letter := store.Letter(string(r))
		if !slices.Contains(allLetters, letter) {
			return nil, true, string(r)
		}
		letters = append(letters, letter)
	}
	return letters, true, ""
}

// lettersOf reads R 销售经理 A 财务经理、采购经理, and the same with the posts
// before the letters: whichever comes first says which way it is written.
func lettersOf(d *draft, text string) (map[string][]store.Letter, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t:：=＝、，,()（）", r) })
	letters := map[string][]store.Letter{}
	var posts []string         // whose letters come next
	var current []store.Letter // of the posts that come next
	lettersFirst, closed := false, false
	for i, word := range words {
		if p := d.post(word); p != nil {
			if lettersFirst {
				letters[p.Name] = append(letters[p.Name], current...)
				continue
			}
			if closed {
				posts, closed = nil, false
			}
			posts = append(posts, p.Name)
			continue
		}
		now, ok, strange := letterWord(word)
		switch {
		case strange != "":
			return nil, wrong("没有字母「%s」，只有 R 执行、A 负责、C 咨询、I 知会", strange)
		case !ok:
			return nil, unknownPost(d, word)
		case i == 0:
			lettersFirst = true
		}
		if lettersFirst {
			if i > 0 && d.post(words[i-1]) == nil {
				current = append(slices.Clone(current), now...) // R A 销售经理
			} else {
				current = now
			}
			continue
		}
		closed = true
		for _, name := range posts {
			letters[name] = append(letters[name], now...)
		}
	}
	last := len(words) - 1
	switch {
	case last < 0:
		return nil, wrong("请写 R 岗位 A 岗位")
	case lettersFirst && d.post(words[last]) == nil:
		return nil, wrong("字母「%s」后面没有岗位", words[last])
	case !lettersFirst && !closed:
		return nil, wrong("岗位「%s」没有字母，只有 R 执行、A 负责、C 咨询、I 知会", words[last])
	}
	for name, given := range letters {
		letters[name] = inOrder(given)
	}
	return letters, nil
}

func unknownPost(d *draft, word string) error {
	names := make([]string, len(d.Posts))
	for i, p := range d.Posts {
		names[i] = p.Name
	}
	if near := nearest(word, names); near != "" {
		return wrong("没有岗位「%s」，最接近的是「%s」", chat.OneLine(word, 20), near)
	}
	return wrong("没有岗位「%s」，第 1 步写的是：%s；要加岗位请回复：第1步", chat.OneLine(word, 20), strings.Join(names, "、"))
}

// parseAuthority reads lines like 销售经理 职责:… 权限:… of step 4.
func parseAuthority(d *draft, text string) ([]draftPost, error) {
	var list []draftPost
	for _, line := range lines(text) {
		name, values, err := cutFields(line, postField)
		if err != nil {
			return nil, err
		}
		name = strings.TrimRight(strings.Join(strings.Fields(name), ""), ":：")
		post := d.post(name)
		switch {
		case len(values) == 0:
			return nil, wrong("没看懂「%s」，请写成 岗位 职责:… 权限:…", chat.OneLine(line, 20))
		case post == nil:
			return nil, unknownPost(d, name)
		case slices.ContainsFunc(list, func(p draftPost) bool { return p.Name == post.Name }):
			return nil, wrong("岗位「%s」写了两次，请只留一行", post.Name)
		}
		now := *post
		if duty, ok := values["职责"]; ok {
			now.Duty = duty
		}
		if authority, ok := values["权限"]; ok {
			now.Authority = authority
		}
		list = append(list, now)
	}
	if len(list) == 0 {
		return nil, wrong("请写 岗位 职责:… 权限:…")
	}
	return list, nil
}

// nearest is the name most like word, if one is like it at all: at most half
// of its characters differ.
func nearest(word string, names []string) string {
	best, least := "", 0
	for _, name := range names {
		a, b := []rune(store.Fold(word)), []rune(store.Fold(name))
		d := edits(a, b)
		if 2*d <= max(len(a), len(b)) && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best
}

// edits is how many characters must change to make b of a.
func edits(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		corner := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := corner
			if x != y {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
