package permission

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/chat/words"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/wecom/card"
)

// The cards of a review (C-PERM-REVIEW): one about all of it, and one about a
// row with findings.
const (
	reviewCard = "permission-review"
	rowCard    = "permission-review-row"
)

var resultWords = map[store.ReviewResult]string{
	store.ReviewUnmarked: "待核查", store.ReviewNormal: "正常", store.ReviewAbnormal: "异常",
}

var reviewWords = map[store.ReviewState]string{
	store.ReviewGathering: "正在汇总", store.ReviewOpen: "等待核查", store.ReviewOverdue: "已超时，由信息安全部门完成", store.ReviewComplete: "已完成",
}

// report is 权限审查: R-PERM-REVIEW in the four columns of G1-4.3.2(3)b.
func (d *Permissions) report(call *chat.Call) (chat.Answer, error) {
	review, err := d.reviewNamed(call)
	if err != nil {
		return chat.Answer{}, err
	}
	return d.showReview(&call.Tx.Reader, review)
}

// traceReview is 追溯 QS….
func (d *Permissions) traceReview(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	name, err := whole(r, call.Member.ID, call.Number("编号"), reviewSubject)
	if err != nil {
		return chat.Answer{}, err
	}
	review, err := r.ReviewByNumber(name)
	if isMissing(err) {
		return chat.Answer{}, chat.NotFound{Number: name}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	if may, err := d.mayReport(call, review); err != nil || !may {
		if err == nil {
			err = chat.NotFound{Number: name}
		}
		return chat.Answer{}, err
	}
	answer, err := d.showReview(r, review)
	if err != nil {
		return answer, err
	}
	b := new(strings.Builder)
	b.WriteString(answer.Text)
	err = d.listAsked(b, r, review.Subject())
	return chat.Answer{Text: b.String()}, err
}

// mayReport says whether the caller may read a review: the readers of the
// report and those who are asked.
func (d *Permissions) mayReport(call *chat.Call, review store.Review) (bool, error) {
	may, err := call.Permits.Permit(call, string(policy.PermReviewReport), "")
	if err != nil || may {
		return may, err
	}
	return d.mayRead(call, review.Subject(), 0)
}

// reviewNamed finds the review of the quarter the caller means; the latest if
// he names none.
func (d *Permissions) reviewNamed(call *chat.Call) (store.Review, error) {
	said := strings.TrimSpace(call.Text("季度"))
	r := &call.Tx.Reader
	var review store.Review
	var err error
	switch {
	case said == "":
		if review, err = r.LatestReview(); isMissing(err) {
			return review, chat.Refused{Reason: "还没有做过权限审查", Clause: "G1-4.3.2(3)b", Instead: "每季度第一个工作日 09:00 自动开始"}
		}
	case strings.HasPrefix(words.Fold(said), "qs"):
		if review, err = r.ReviewByNumber(strings.ToUpper(said)); isMissing(err) {
			return review, chat.NotFound{Number: chat.OneLine(said, 20)}
		}
	default:
		quarter, ok := readQuarter(said, d.local(call.At))
		if !ok {
			return review, chat.Refused{Reason: "看不懂季度「" + chat.OneLine(said, 20) + "」", Instead: "写成 2026年第2季度、2026Q2 或 本季度"}
		}
		if review, err = r.ReviewByQuarter(quarter); isMissing(err) {
			return review, chat.Refused{Reason: quarterWords(quarter) + "没有权限审查", Clause: "G1-4.3.2(3)b", Instead: "权限审查"}
		}
	}
	return review, err
}

var quarterForm = regexp.MustCompile(`^(?:(\d{4})年?)?(?:q|第?)([1-4一二三四])(?:季度?)?$`)

// readQuarter reads 2026Q2, 2026年第2季度, 第二季度, 本季度, 上季度.
func readQuarter(text string, now time.Time) (string, bool) {
	text = strings.ReplaceAll(words.Fold(text), " ", "")
	year, quarter := now.Year(), (int(now.Month())-1)/3+1
	switch text {
	case "本季度", "这季度", "本季", "这个季度":
		return fmt.Sprintf("%dQ%d", year, quarter), true
	case "上季度", "上季", "上个季度", "上一季度":
		if quarter--; quarter == 0 {
			year, quarter = year-1, 4
		}
		return fmt.Sprintf("%dQ%d", year, quarter), true
	}
	g := quarterForm.FindStringSubmatch(text)
	if g == nil || g[1] == "" && len([]rune(text)) < 2 {
		return "", false
	}
	if g[1] != "" {
		n, _ := number(g[1])
		year = int(n)
	}
	quarter = strings.Index("1234", g[2]) + 1
	if quarter == 0 {
		quarter = slices.Index([]string{"一", "二", "三", "四"}, g[2]) + 1
	}
	return fmt.Sprintf("%dQ%d", year, quarter), true
}

// quarterWords is 2026年第2季度 for 2026Q2.
func quarterWords(quarter string) string {
	year, n, ok := strings.Cut(quarter, "Q")
	if !ok {
		return quarter
	}
	return year + "年第" + n + "季度"
}

// showReview writes the report: heading, then a line for each row.
func (d *Permissions) showReview(r *store.Reader, review store.Review) (chat.Answer, error) {
	rows, err := r.ReviewRows(review.ID, maxRows)
	if err != nil {
		return chat.Answer{}, err
	}
	marked, abnormal := 0, 0
	for _, row := range rows {
		if row.Result != store.ReviewUnmarked {
			marked++
		}
		if row.Result == store.ReviewAbnormal {
			abnormal++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s权限审查 %s（%s）\n共 %d 项，已核查 %d 项，异常 %d 项", quarterWords(review.Quarter), review.Number, reviewWords[review.State], len(rows), marked, abnormal)
	if review.CompletedAt != nil {
		b.WriteString("，" + d.when(*review.CompletedAt) + " 完成")
	} else {
		b.WriteString("，时限 " + d.when(review.DueAt))
	}
	b.WriteString("\n审查日期｜角色｜权限核查结果｜建议措施")
	for _, row := range rows {
		b.WriteString("\n" + d.line(review, row))
	}
	if review.Open() && marked < len(rows) {
		fmt.Fprintf(&b, "\n核查可发送：权限审查 全部正常 %s；有异常的逐项发送：追溯 <编号>、权限审查 正常 <编号>、权限审查 异常 <编号> [措施]", review.Number)
	}
	return chat.Answer{Text: b.String()}, nil
}

// line is one row of the four columns; one that is not marked yet says what
// was found and proposed, and its number.
func (d *Permissions) line(review store.Review, row store.ReviewRow) string {
	if row.MarkedAt != nil {
		return fmt.Sprintf("%s｜%s｜%s｜%s", d.local(*row.MarkedAt).Format("2006-01-02"), row.Title, resultWords[row.Result], row.Measure)
	}
	found := "待核查"
	proposal := noMeasure
	if row.Findings > 0 {
		found, proposal = fmt.Sprintf("待核查，发现 %d 项异常", row.Findings), row.Proposal
	}
	return fmt.Sprintf("%s｜%s｜%s｜建议%s（%s）", d.local(review.CreatedAt).Format("2006-01-02"), row.Title, found, proposal, row.Number)
}

// traceRow is 追溯 QH…: holders, uses and findings of a row.
func (d *Permissions) traceRow(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	name := call.Number("编号")
	row, err := r.ReviewRowByNumber(name)
	if isMissing(err) {
		return chat.Answer{}, chat.NotFound{Number: name}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	review, err := r.Review(row.ReviewID)
	if err != nil {
		return chat.Answer{}, err
	}
	if may, err := d.mayReport(call, review); err != nil || !may {
		if err == nil {
			err = chat.NotFound{Number: name}
		}
		return chat.Answer{}, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s（%s）\n【持有】%d", row.Number, row.Title, resultWords[row.Result], row.Holders)
	if row.Kind == store.RoleRow {
		b.WriteString(" 人")
		if err := d.listHolders(&b, r, row); err != nil {
			return chat.Answer{}, err
		}
	} else {
		b.WriteString(" 项")
	}
	d.listUses(&b, row)
	if err := d.listFindings(&b, r, row); err != nil {
		return chat.Answer{}, err
	}
	if row.MarkedAt != nil {
		by, err := r.Member(row.MarkedBy)
		if err != nil {
			return chat.Answer{}, err
		}
		fmt.Fprintf(&b, "\n【核查】%s %s：%s，%s", d.when(*row.MarkedAt), by.Name, resultWords[row.Result], row.Measure)
	}
	return chat.Answer{Text: b.String()}, nil
}

// maxNamed bounds the holders named of a role.
const maxNamed = 20

// listHolders names those who hold a role now, but not of what everybody or
// whoever has nothing else holds.
func (d *Permissions) listHolders(b *strings.Builder, r *store.Reader, row store.ReviewRow) error {
	role := policy.Role(row.Role)
	if role == policy.Member || role == policy.Other || row.Holders == 0 {
		return nil
	}
	members, err := d.people.WithRole(r, role, "", maxNamed+1)
	if err != nil || len(members) == 0 {
		return err
	}
	var list []string
	for _, m := range members[:min(len(members), maxNamed)] {
		list = append(list, m.Name)
	}
	b.WriteString("：" + strings.Join(list, "、"))
	if len(members) > maxNamed {
		b.WriteString("等")
	}
	return nil
}

// listUses names when each permission was last used.
func (d *Permissions) listUses(b *strings.Builder, row store.ReviewRow) {
	last := map[string]time.Time{}
	if json.Unmarshal([]byte(row.Uses), &last) != nil {
		return
	}
	gives := slices.Sorted(maps.Keys(last))
	if row.Kind == store.RoleRow && policy.Role(row.Role) != policy.Member {
		for _, p := range d.rules().Permissions([]policy.Holding{{Role: policy.Role(row.Role)}}) {
			if !slices.Contains(gives, string(p)) {
				gives = append(gives, string(p))
			}
		}
	}
	if len(gives) == 0 {
		return
	}
	b.WriteString("\n【最近使用】")
	for i, code := range gives {
		if i == maxListed {
			break
		}
		when := "没有记录"
		if at, used := last[code]; used {
			when = d.local(at).Format("2006-01-02")
		}
		fmt.Fprintf(b, "\n· %s：%s", permissionTitle(policy.Permission(code)), when)
	}
}

var findingWords = map[store.FindingState]string{
	store.FindingOpen: "", store.FindingKept: "，保留", store.FindingAsked: "，正在收回", store.FindingWithdrawn: "，已收回", store.FindingGone: "，已不存在",
}

func (d *Permissions) listFindings(b *strings.Builder, r *store.Reader, row store.ReviewRow) error {
	if row.Findings == 0 {
		b.WriteString("\n【异常】没有发现")
		return nil
	}
	findings, err := r.ReviewFindings(row.ID, nil, 0, maxListed)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n【异常】%d 项，建议%s", row.Findings, row.Proposal)
	lines, err := d.findingLines(r, findings)
	if err != nil {
		return err
	}
	writeLines(b, lines)
	if int(row.Findings) > len(findings) {
		fmt.Fprintf(b, "\n……只列出前 %d 项", len(findings))
	}
	return nil
}

func (d *Permissions) findingLines(r *store.Reader, findings []store.ReviewFinding) ([]string, error) {
	var ids []int64
	for _, f := range findings {
		ids = append(ids, f.MemberID)
	}
	members, err := r.Members(ids)
	if err != nil {
		return nil, err
	}
	name := map[int64]string{}
	for _, m := range members {
		name[m.ID] = m.Name + " "
	}
	var lines []string
	for _, f := range findings {
		lines = append(lines, "· "+name[f.MemberID]+f.Text+findingWords[f.State])
	}
	return lines, nil
}

func (d *Permissions) drawReview(r *store.Reader, v notify.View) (notify.Rendered, error) {
	review, err := r.Review(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	rows, err := r.ReviewRows(review.ID, maxRows)
	if err != nil {
		return notify.Rendered{}, err
	}
	marked, plain := 0, 0
	var abnormal []string
	for _, row := range rows {
		switch {
		case row.Result != store.ReviewUnmarked:
			marked++
		case row.Findings > 0:
			abnormal = append(abnormal, fmt.Sprintf("%s（%d 项）", row.Title, row.Findings))
		default:
			plain++
		}
	}
	closed := "已完成"
	if review.CompletedAt != nil {
		closed += "（" + d.when(*review.CompletedAt) + "）"
	}
	text := "没有发现异常，核对后可一次标为正常。"
	if len(abnormal) > 0 {
		text = "待核查的异常：" + strings.Join(abnormal, "、")
	}
	var buttons []card.Button
	if plain > 0 || !review.Open() {
		buttons = append(buttons, card.Button{Text: "全部正常", Style: 1, Key: notify.Key(review.Phase, "权限审查 全部正常 "+review.Number)})
	}
	buttons = append(buttons, card.Button{Text: "查看清单", Style: 2, Key: notify.Key(review.Phase, "追溯 "+review.Number)})
	return notify.Rendered{
		Card: card.ButtonInteraction{
			TaskID: v.TaskID, Source: &card.Source{Desc: "权限审查", DescColor: card.Green},
			Title: card.MainTitle{Title: quarterWords(review.Quarter) + "权限审查", Desc: d.when(review.CreatedAt)},
			Rows: []card.HorizontalContent{
				{KeyName: "编号", Value: review.Number},
				{KeyName: "进度", Value: fmt.Sprintf("已核查 %d/%d", marked, len(rows))},
				{KeyName: "时限", Value: d.when(review.DueAt) + " 前"},
			},
			SubTitle: cut(text, changeText, "……"), Buttons: buttons,
		},
		Phase: review.Phase, Open: review.Open(), Closed: closed,
	}, nil
}

// measureQuestion is the place of the chosen measure in the row card's command.
const measureQuestion = "measure"

func (d *Permissions) drawRow(r *store.Reader, v notify.View) (notify.Rendered, error) {
	row, err := r.ReviewRow(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	review, err := r.Review(row.ReviewID)
	if err != nil {
		return notify.Rendered{}, err
	}
	findings, err := r.ReviewFindings(row.ID, nil, 0, maxNamed)
	if err != nil {
		return notify.Rendered{}, err
	}
	lines, err := d.findingLines(r, findings)
	if err != nil {
		return notify.Rendered{}, err
	}
	measures := []card.Option{{ID: "调整岗位或部门", Text: "调整岗位或部门"}, {ID: "下季度复查", Text: "下季度复查"}}
	if row.Proposal == withdraw {
		measures = append([]card.Option{{ID: withdraw, Text: withdraw}}, measures...)
	}
	// Phase: what was found is decided once; a marked row's buttons stop working.
	phase := int64(0)
	if row.Result != store.ReviewUnmarked {
		phase = 1
	}
	closed, err := d.markedBy(r, row)
	if err != nil {
		return notify.Rendered{}, err
	}
	return notify.Rendered{
		Card: card.ButtonInteraction{
			TaskID: v.TaskID, Source: &card.Source{Desc: "权限审查", DescColor: card.Red},
			Title: card.MainTitle{Title: fmt.Sprintf("%s：发现 %d 项异常", row.Title, row.Findings), Desc: quarterWords(review.Quarter)},
			Rows: []card.HorizontalContent{
				{KeyName: "编号", Value: row.Number},
				{KeyName: "持有", Value: fmt.Sprint(row.Holders)},
				{KeyName: "时限", Value: d.when(review.DueAt) + " 前"},
			},
			SubTitle:  cut(strings.Join(lines, "\n"), changeText, "……发送 追溯 "+row.Number+" 看全部"),
			Selection: &card.Selection{QuestionKey: measureQuestion, Title: "建议措施", OptionList: measures, SelectedID: measures[0].ID},
			Buttons: []card.Button{
				{Text: "正常", Style: 1, Key: notify.Key(phase, "权限审查 正常 "+row.Number)},
				{Text: "异常", Style: 2, Key: notify.Key(phase, "权限审查 异常 "+row.Number+" {"+measureQuestion+"}")},
			},
		},
		Phase: phase, Open: row.Result == store.ReviewUnmarked && review.Open(), Closed: closed,
	}, nil
}

// markedBy is what the card of a marked row says: who marked it, and when (E2.C).
func (d *Permissions) markedBy(r *store.Reader, row store.ReviewRow) (string, error) {
	word := "已标为" + resultWords[row.Result]
	if row.MarkedBy == 0 || row.MarkedAt == nil {
		return word, nil
	}
	by, err := r.Member(row.MarkedBy)
	return fmt.Sprintf("%s %s（%s）", by.Name, word, d.when(*row.MarkedAt)), err
}
