package duty

import (
	"errors"
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// columns is how many nodes one block of a matrix shows side by side: what a
// phone shows in a line.
const columns = 8

// show is 责任矩阵: rows are posts, columns are nodes (G1-4.2.2(1) AE2).
// Without a process it lists the processes that have one.
func (d *Duty) show(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	if !call.Has("流程") {
		return d.listMatrices(r)
	}
	matrix, err := d.matrixOf(call)
	if err != nil {
		return chat.Answer{}, err
	}
	edition := matrix.Edition
	if call.Has("版本") {
		if n := call.Integer("版本"); n >= 1 && n <= int64(matrix.Edition) {
			edition = int(n)
		} else {
			return chat.Answer{}, chat.NotFound{Number: fmt.Sprintf("%s 的第 %d 版责任矩阵，现行是第 %d 版", matrix.Process, n, matrix.Edition)}
		}
	}
	sheet, err := r.MatrixSheet(matrix.ID, edition)
	if err != nil {
		return chat.Answer{}, err
	}
	return d.print(r, matrix, sheet)
}

// matrixOf finds the matrix a call is about, by the process's code or title.
func (d *Duty) matrixOf(call *chat.Call) (store.Matrix, error) {
	r := &call.Tx.Reader
	said := call.Text("流程")
	code, isCode := process(said)
	if !isCode {
		all, err := r.Matrices("", maxKnown)
		if err != nil {
			return store.Matrix{}, err
		}
		titles := make([]string, len(all))
		for i, m := range all {
			if store.Fold(m.Title) == store.Fold(said) {
				return m, nil
			}
			titles[i] = m.Title
		}
		hint := "，请写像 P-02 这样的编号"
		if near := nearest(said, titles); near != "" {
			hint = "，最接近的是「" + near + "」"
		}
		return store.Matrix{}, chat.NotFound{Number: "流程「" + chat.OneLine(said, 20) + "」" + hint}
	}
	m, err := r.MatrixOf(code)
	if !errors.Is(err, store.ErrNotFound) {
		return m, err
	}
	hint := code + " 还没有责任矩阵，请联系流程管理员编制"
	can, err := call.Permits.Permit(call, string(policy.NodeManage), "")
	if err != nil {
		return m, err
	}
	if can {
		hint = code + " 还没有责任矩阵，可发送：责任矩阵 编制 " + code
	}
	return m, chat.NotFound{Number: hint}
}

func (d *Duty) listMatrices(r *store.Reader) (chat.Answer, error) {
	all, err := r.Matrices("", maxListed+1)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(all) == 0 {
		return chat.Answer{Text: "还没有责任矩阵。流程管理员可发送：责任矩阵 编制 P-01"}, nil
	}
	var b strings.Builder
	b.WriteString("有责任矩阵的流程：")
	for i, m := range all {
		if i == maxListed {
			fmt.Fprintf(&b, "\n……只列出前 %d 个，其余请写编号", maxListed)
			break
		}
		fmt.Fprintf(&b, "\n%s %s（第 %d 版，%s）", m.Process, m.Title, m.Edition, d.day(m.SavedAt))
	}
	b.WriteString("\n可发送：责任矩阵 " + all[0].Process)
	return chat.Answer{Text: b.String()}, nil
}

// print writes a matrix for a phone: the nodes with their signs, then blocks
// of at most columns nodes with a row for every post.
func (d *Duty) print(r *store.Reader, matrix store.Matrix, sheet store.MatrixSheet) (chat.Answer, error) {
	saver, err := d.memberName(r, sheet.SavedBy)
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s 责任矩阵\n第 %d 版，%s %s 保存", strings.TrimSpace(matrix.Process+" "+sheet.Title), sheet.Edition, saver, d.when(sheet.SavedAt))
	if sheet.Edition < matrix.Edition {
		fmt.Fprintf(&b, "（现行是第 %d 版）", matrix.Edition)
	}
	b.WriteByte('\n')
	draft := draftOf(sheet)
	for i, n := range draft.Nodes {
		fmt.Fprintf(&b, "%s %s", sign(i), n.Name)
		if n.Key {
			b.WriteString(" ★关键节点")
		}
		if n.Risk {
			b.WriteString(" ▲风险点")
		}
		b.WriteByte('\n')
	}
	for from := 0; from < len(draft.Nodes); from += columns {
		to := min(from+columns, len(draft.Nodes))
		b.WriteString("岗位")
		for i := from; i < to; i++ {
			b.WriteString("｜" + sign(i))
		}
		b.WriteByte('\n')
		for _, p := range draft.Posts {
			b.WriteString(p.Name)
			for i := from; i < to; i++ {
				b.WriteString("｜" + lettersText(draft.Nodes[i].Letters[p.Name], "－"))
			}
			b.WriteByte('\n')
		}
	}
	b.WriteString("R 执行　A 负责　C 咨询　I 知会\n")
	vacant, err := d.vacancies(r, draft)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(vacant) > 0 {
		fmt.Fprintf(&b, "空缺岗位：%s（有事项时由部门主管处理）\n", strings.Join(vacant, "、"))
	}
	if matrix.Edition > 1 {
		other := matrix.Edition - 1
		if sheet.Edition < matrix.Edition {
			other = matrix.Edition
		}
		fmt.Fprintf(&b, "其他版本：责任矩阵 %s 版本:%d\n", matrix.Process, other)
	}
	b.WriteString("部门交接：接口 " + matrix.Process)
	return chat.Answer{Text: b.String()}, nil
}

// vacancies are the posts of a matrix that nobody holds, in its order.
func (d *Duty) vacancies(r *store.Reader, draft draft) ([]string, error) {
	var vacant []string
	for _, p := range draft.Posts {
		members, err := d.holdersAt(r, p.Name, p.Department)
		if err != nil {
			return nil, err
		}
		if len(members) == 0 {
			vacant = append(vacant, p.Name)
		}
	}
	return vacant, nil
}

func lettersText(letters []store.Letter, none string) string {
	if len(letters) == 0 {
		return none
	}
	var b strings.Builder
	for _, letter := range letters {
		b.WriteString(string(letter))
	}
	return b.String()
}

// sign is the circled number of a node: ① is the first; there are twenty,
// which is maxNodes.
func sign(i int) string { return string(rune('①' + i)) }
