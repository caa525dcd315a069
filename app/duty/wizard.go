package duty

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat/words"
	"guiju/store"
)

// act is what an answer to the wizard does.
type act int

const (
	actAnswer  act = iota // it is the content of the step
	actOnward             // 继续: what is there stays
	actBack               // 上一步
	actJump               // 第2步
	actRestart            // 重来
	actSave               // 保存
)

// actWords are the answers that are no content.
var actWords = map[string]act{
	"继续": actOnward, "不变": actOnward, "下一步": actOnward, "跳过": actOnward, "没有": actOnward, "无": actOnward,
	"上一步": actBack, "返回": actBack, "重来": actRestart, "从头来": actRestart, "重新开始": actRestart,
	"保存": actSave, "完成": actSave, "提交": actSave, "仍然保存": actSave,
}

// actOf tells what an answer does; to is the step jumped to.
func actOf(text string) (a act, to step) {
	word := strings.TrimRight(strings.Join(strings.Fields(words.Fold(text)), ""), "。.!！")
	if a, ok := actWords[word]; ok {
		return a, 0
	}
	if middle, ok := strings.CutPrefix(word, "第"); ok {
		if number, ok := strings.CutSuffix(middle, "步"); ok {
			if n, ok := words.Count(number); ok && n >= int(stepPosts) && n <= int(stepAuthority) {
				return actJump, step(n)
			}
		}
	}
	return actAnswer, 0
}

// resolver finds the posts of step 1 among those the company knows.
type resolver func([]named) ([]draftPost, error)

// take applies an answer that does not save. said is what is told about it; the
// error is a mistake and leaves the draft as it was.
func (d *draft) take(a act, to step, text string, resolve resolver) (said string, err error) {
	switch a {
	case actRestart:
		*d = draft{Base: d.Base, Step: stepPosts}
		return "已清空，从头开始。", nil
	case actBack:
		if d.Step == stepPosts {
			return "", wrong("已经是第 1 步了")
		}
		d.Step--
		return "", nil
	case actOnward:
		if d.Step == stepAuthority {
			return "", wrong("这是最后一步，没有要改的请回复：保存")
		}
		to = d.Step + 1
		fallthrough
	case actJump:
		if err := d.reaches(to); err != nil {
			return "", err
		}
		d.Step = to
		return "", nil
	}
	return d.fill(text, resolve)
}

// reaches says what must be filled in before a step.
func (d *draft) reaches(to step) error {
	if to > stepPosts && len(d.Posts) == 0 {
		return wrong("还没有岗位")
	}
	if to > stepNodes && len(d.Nodes) == 0 {
		return wrong("还没有流程节点")
	}
	if to > stepLetters {
		if lines, _ := d.gaps(); len(lines) > 0 {
			return wrong("%s", strings.Join(lines, "；"))
		}
	}
	return nil
}

// fill takes the content of the present step and goes on to the next.
func (d *draft) fill(text string, resolve resolver) (said string, err error) {
	switch d.Step {
	case stepPosts:
		list, err := parsePosts(text)
		if err != nil {
			return "", err
		}
		posts, err := resolve(list)
		if err != nil {
			return "", err
		}
		d.setPosts(posts)
		d.Step = stepNodes
		return fmt.Sprintf("已记下 %d 个岗位。", len(posts)), nil
	case stepNodes:
		title, nodes, err := parseNodes(text)
		if err != nil {
			return "", err
		}
		d.setNodes(title, nodes)
		d.Step = stepLetters
		return fmt.Sprintf("已记下 %d 个节点。", len(nodes)), nil
	case stepLetters:
		lines, err := parseLetters(d, d.lacking(), text)
		if err != nil {
			return "", err
		}
		before := slices.Clone(d.Nodes)
		for _, line := range lines {
			d.node(line.node).Letters = line.letters
		}
		if rows := d.rows(); rows > store.MaxMatrixRows {
			d.Nodes = before
			return "", wrong("矩阵太大（%d 项，最多 %d 项），请去掉一些 C、I，或把流程拆成两个", rows, store.MaxMatrixRows)
		}
		if d.lacking() == nil {
			d.Step = stepAuthority
		}
		return fmt.Sprintf("已记下 %d 个节点的职责。", len(lines)), nil
	default:
		posts, err := parseAuthority(d, text)
		if err != nil {
			return "", err
		}
		for _, p := range posts {
			*d.post(p.Name) = p
		}
		return fmt.Sprintf("已记下 %d 个岗位的职责和权限。", len(posts)), nil
	}
}

// question asks for the content of the present step, after what is there.
// known says the duty and authority a post has by itself.
func (d *draft) question(departments func(int64) string, known func(post string) (duty, authority string)) string {
	var b strings.Builder
	fmt.Fprintf(&b, "第 %d 步（共 4 步）%s\n", d.Step, stepNames[d.Step])
	switch d.Step {
	case stepPosts:
		if len(d.Posts) > 0 {
			b.WriteString("现在有：" + d.listPosts(departments) + "\n不变请回复 继续；要改就把全部岗位重写一遍，")
		} else {
			b.WriteString("哪些岗位参与这个流程？")
		}
		b.WriteString("写 部门/岗位，用顿号隔开，例如：\n销售部/销售经理、财务部/财务经理")
	case stepNodes:
		if len(d.Nodes) > 0 {
			b.WriteString("现在有：\n" + d.listNodes() + "不变请回复 继续；要改就把全部节点重写一遍（职责会保留）。\n")
		}
		b.WriteString("按先后写出节点，用 → 或换行隔开；关键节点加 *，风险点加 !；可接着写输入、输出、时限。流程名称写在最前面，例如：\n" +
			"销售订单：订单登记 输出:订单 → 合同审核*! 时限:1个工作日 → 发票开具")
	case stepLetters:
		b.WriteString(d.listLetters())
		if n := d.lacking(); n != nil {
			fmt.Fprintf(&b, "节点「%s」由谁执行（R）、负责（A）、咨询（C）、知会（I）？至少一个 R，只有一个 A，例如：\nR %s A %s\n",
				n.Name, d.Posts[0].Name, d.Posts[len(d.Posts)-1].Name)
			if lack := d.missing(*n); len(n.Letters) > 0 {
				b.WriteString("（" + lack + "）\n")
			}
			b.WriteString("也可以一次写几行：节点：R 岗位 A 岗位")
		} else {
			b.WriteString("每个节点都齐了。要改请写：节点：R 岗位 A 岗位；不变请回复 继续")
		}
	default:
		for _, p := range d.Posts {
			duty, authority := known(p.Name)
			fmt.Fprintf(&b, "%s：职责 %s；权限 %s\n", p.Name, orUnset(p.Duty, duty), orUnset(p.Authority, authority))
		}
		b.WriteString("要改请写：岗位 职责:… 权限:…；没有要改的请回复 保存")
	}
	if d.Step > stepPosts {
		b.WriteString("\n（上一步、第1步…第4步 可以回去修改）")
	}
	return b.String()
}

func orUnset(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return "未填写"
}

func (d *draft) listPosts(departments func(int64) string) string {
	list := make([]string, len(d.Posts))
	for i, p := range d.Posts {
		list[i] = p.Name
		if name := departments(p.Department); name != "" {
			list[i] = name + "/" + p.Name
		}
	}
	return strings.Join(list, "、")
}

func (d *draft) listNodes() string {
	var b strings.Builder
	for _, n := range d.Nodes {
		b.WriteString(n.Name)
		if n.Key {
			b.WriteByte('*')
		}
		if n.Risk {
			b.WriteByte('!')
		}
		for _, f := range []struct{ key, value string }{{"输入", n.Input}, {"输出", n.Output}, {"时限", n.Limit}} {
			if f.value != "" {
				b.WriteString(" " + f.key + ":" + f.value)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (d *draft) listLetters() string {
	var b strings.Builder
	for _, n := range d.Nodes {
		if len(n.Letters) == 0 {
			continue
		}
		b.WriteString(n.Name + "：")
		for i, letter := range allLetters {
			names := d.holders(n, letter)
			if len(names) == 0 {
				continue
			}
			if i > 0 && !strings.HasSuffix(b.String(), "：") {
				b.WriteByte(' ')
			}
			b.WriteString(string(letter) + " " + strings.Join(names, "、"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
