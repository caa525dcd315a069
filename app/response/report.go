package response

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

const (
	reportPage  = 1000
	reportRows  = 200_000 // clocks one report reads at most
	reportNames = 30      // people one report lists
)

// Tally counts the clocks of one person, one department or everybody.
type Tally struct {
	Total     int
	Important Share
	Normal    Share
	Breaches  int // late or still unanswered past their due
	minutes   []time.Duration
}

// Share is how many of how many closed clocks were met.
type Share struct{ Met, Closed int }

// Percent is the share in whole per cent, rounded down, and whether there is one.
func (s Share) Percent() (int, bool) {
	if s.Closed == 0 {
		return 0, false
	}
	return s.Met * 100 / s.Closed, true
}

// Median is the middle working time from delivery to answer.
func (t Tally) Median() (time.Duration, bool) {
	if len(t.minutes) == 0 {
		return 0, false
	}
	sorted := slices.Clone(t.minutes)
	slices.Sort(sorted)
	return sorted[len(sorted)/2], true
}

// add counts one clock. Waiting, moved, cancelled and undelivered ones are
// nobody's merit and nobody's fault.
func (t *Tally) add(clock store.Clock, calendar *policy.Calendar) {
	met := clock.State == store.ClockMet
	late := clock.State == store.ClockLate || clock.State == store.ClockBreached
	if !met && !late {
		return
	}
	t.Total++
	share := &t.Normal
	if clock.Class == string(policy.Important) {
		share = &t.Important
	}
	share.Closed++
	if met {
		share.Met++
	} else {
		t.Breaches++
	}
	if clock.EndedAt != nil && clock.DeliveredAt != nil {
		t.minutes = append(t.minutes, calendar.WorkBetween(*clock.DeliveredAt, *clock.EndedAt))
	}
}

// String is one line of the report.
func (t Tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "共 %d 件", t.Total)
	if p, ok := t.Important.Percent(); ok {
		fmt.Fprintf(&b, "，重要按时 %d%%（%d/%d）", p, t.Important.Met, t.Important.Closed)
	}
	if p, ok := t.Normal.Percent(); ok {
		fmt.Fprintf(&b, "，普通按时 %d%%（%d/%d）", p, t.Normal.Met, t.Normal.Closed)
	}
	if m, ok := t.Median(); ok {
		fmt.Fprintf(&b, "，中位 %d 工作分钟", int(m.Round(time.Minute)/time.Minute))
	}
	fmt.Fprintf(&b, "，超时 %d", t.Breaches)
	return b.String()
}

// report is 响应统计 (R-RESP): a member sees his own figures, a head his
// department's, an administrator everybody's.
func (c *Clocks) report(call *chat.Call) (chat.Answer, error) {
	from, to, name, err := c.period(call.Text("期间"), call.At)
	if err != nil {
		return chat.Answer{}, err
	}
	members, scope, err := c.superiors.Sees(&call.Tx.Reader, call.Member, policy.ResponseReport)
	if err != nil {
		return chat.Answer{}, err
	}
	all, people, err := c.tally(&call.Tx.Reader, from, to, members)
	if err != nil {
		return chat.Answer{}, err
	}
	if all.Total == 0 {
		return chat.Answer{Text: fmt.Sprintf("%s%s没有需要回应的事项。", name, strings.TrimSuffix(scope, "的"))}, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s响应统计\n%s", name, scope, all)
	if len(people) > 1 {
		ids := make([]int64, 0, len(people))
		for id := range people {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, func(x, y int64) int { // most breaches first
			if d := people[y].Breaches - people[x].Breaches; d != 0 {
				return d
			}
			if d := people[y].Total - people[x].Total; d != 0 {
				return d
			}
			return int(x - y)
		})
		for i, id := range ids {
			if i == reportNames {
				fmt.Fprintf(&b, "\n……另有 %d 人", len(ids)-reportNames)
				break
			}
			m, err := call.Tx.Member(id)
			if err != nil {
				return chat.Answer{}, err
			}
			fmt.Fprintf(&b, "\n· %s：%s", m.Name, people[id])
		}
	}
	return chat.Answer{Text: b.String()}, nil
}

func (c *Clocks) tally(r *store.Reader, from, to time.Time, members []int64) (all Tally, people map[int64]*Tally, err error) {
	people = make(map[int64]*Tally)
	calendar := c.rules().Calendar()
	var last int64
	for read := 0; read < reportRows; read += reportPage {
		page, err := r.ClocksBetween(from, to, members, last, reportPage)
		if err != nil {
			return all, nil, err
		}
		for _, clock := range page {
			last = clock.ID
			if clock.SubjectKind != "item" {
				continue // R-RESP is about communication; applications and tasks have reports of their own
			}
			all.add(clock, calendar)
			if people[clock.ReceiverID] == nil {
				people[clock.ReceiverID] = &Tally{}
			}
			people[clock.ReceiverID].add(clock, calendar)
		}
		if len(page) < reportPage {
			break
		}
	}
	for id, t := range people {
		if t.Total == 0 {
			delete(people, id)
		}
	}
	return all, people, nil
}

// period understands 今天, 昨天, 本周, 上周, 本月, 上月, 本季度, 今年 and 3月.
func (c *Clocks) period(text string, at time.Time) (from, to time.Time, name string, err error) {
	local := at.In(c.rules().Calendar().Location())
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, local.Location())
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	month := today.AddDate(0, 0, 1-today.Day())
	text = strings.TrimSpace(text)
	switch text {
	case "今天", "今日":
		return today, today.AddDate(0, 0, 1), "今天", nil
	case "昨天", "昨日":
		return today.AddDate(0, 0, -1), today, "昨天", nil
	case "本周", "这周":
		return monday, monday.AddDate(0, 0, 7), "本周", nil
	case "上周":
		return monday.AddDate(0, 0, -7), monday, "上周", nil
	case "", "本月", "这个月":
		return month, month.AddDate(0, 1, 0), "本月", nil
	case "上月", "上个月":
		return month.AddDate(0, -1, 0), month, "上月", nil
	case "本季度", "这个季度":
		quarter := month.AddDate(0, -(int(month.Month())-1)%3, 0)
		return quarter, quarter.AddDate(0, 3, 0), "本季度", nil
	case "今年", "本年":
		year := time.Date(today.Year(), 1, 1, 0, 0, 0, 0, today.Location())
		return year, year.AddDate(1, 0, 0), "今年", nil
	}
	var m int
	if n, scanErr := fmt.Sscanf(text, "%d月", &m); scanErr == nil && n == 1 && m >= 1 && m <= 12 {
		year := today.Year()
		if time.Month(m) > today.Month() {
			year--
		}
		from = time.Date(year, time.Month(m), 1, 0, 0, 0, 0, today.Location())
		return from, from.AddDate(0, 1, 0), fmt.Sprintf("%d年%d月", year, m), nil
	}
	return from, to, "", chat.Refused{Reason: "看不懂期间“" + chat.Shorten(text, 20) + "”", Instead: "响应统计 本周、上周、本月、上月、3月 或 今年"}
}
