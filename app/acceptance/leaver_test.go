package acceptance_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/playground"
	"guiju/wecom"
	"guiju/wecom/sandbox"
)

// Whoever has left, or is disabled, can do nothing from the moment his event is
// accepted: not by any command, card, menu entry, message or form he had begun.
// He is told so in one sentence where an answer fits the HTTP response, and is
// sent nothing: WeCom would not deliver it.
//
// What counts is the order in which events are accepted, not when he acted:
// something he wrote before and that is delivered after has no effect either
// (what he owed is somebody else's by then). What was accepted before and is
// delivered again is answered as before and does nothing, as for everybody.

// leavers end somebody's work here.
var leavers = map[string]func(w *World, name string){
	"left": func(w *World, name string) { w.Company("delete_user", map[string]any{"userid": userid(name)}) },
	"disabled": func(w *World, name string) {
		w.Company("update_user", map[string]any{"userid": userid(name), "status": 2})
	},
	"quit": func(w *World, name string) {
		w.Company("update_user", map[string]any{"userid": userid(name), "status": 5})
	},
}

// quarterEve lets a test begin just before the reviews of a quarter do.
func quarterEve(o *playground.Options) { o.Platform.Start = at("2026-04-01 08:59") }

// holding lets somebody have an open card of every kind, and answers who has
// one: kind → holder. A kind that is registered and missing here fails the test.
func holding(w *World) map[string]string {
	w.To("2026-04-01 10:00") // the review of the quarter begins
	for _, name := range []string{"孙七", "周八"} {
		w.Says(name, "权限申请 report.finance.view 核对回款 7天")
	}
	w.Says("邵静", "我的审批") // request-batch
	refused := numberInText.FindString(w.Says("吴九", "权限申请 report.finance.view 核对回款 7天"))
	w.Says("沈悦", "审批 "+refused+" 驳回 用不到")                                                                      // request-result
	w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4}) // permission-change
	w.Says("赵六", "权限申请 report.finance.view 核对回款 7天")                                                           // request.step
	w.Says("邵静", "发通知 赵六 请更新客户资料 重要 需回复")                                                                      // item, later reply-due and escalation
	asked := numberInText.FindString(w.Says("赵六", "咨询 报销发票抬头"))
	w.Says("何静", "回复 "+asked+" 写公司全称") // answer
	w.Says("邵静", "发通知 赵六 请看新的客户名单")
	w.To("10:32")
	w.Says("赵六", "我的企业微信登录不上了") // question
	w.Says("魏伟", "咨询")          // a half-filled form
	w.Says("江一", "我的职责")        // task, for 人事部
	w.Says("何静", "发通知 孙七 请补报销单")
	w.Company("delete_user", map[string]any{"userid": "sunqi"}) // hand-over, for his superior
	return map[string]string{
		"item": "赵六", "answer": "赵六", "reply-due": "赵六", "question": "赵六", "escalation": "魏伟", "request-step": "魏伟",
		"request-batch": "邵静", "request-result": "吴九",
		"permission-change": "王五", "permission-review": "陈立", "permission-review-row": "陈立",
		"task": "韩梅", "hand-over": "邵静",
	}
}

func TestE2_0_ALeaverCanDoNothing(t *testing.T) {
	for how, leave := range leavers {
		t.Run(how, func(t *testing.T) {
			eachWith(t, quarterEve, func(t *testing.T, w *World) {
				held := holding(w)
				for _, kind := range w.play.App.Cards() {
					require.Contains(t, held, kind, "say in holding who has a card of this kind open, so that it is pressed after he has left")
				}
				var names []string
				acts := map[string][]act{}
				for kind, name := range held {
					require.Positive(t, w.rows("SELECT COUNT(*) FROM cards c JOIN sent_recipients r ON r.message_id = c.message_id JOIN members m ON m.id = r.member_id"+
						" WHERE c.kind = ? AND m.userid = ?", kind, userid(name)), "%s has a card %s", name, kind)
					if !slices.Contains(names, name) {
						names = append(names, name)
						acts[name] = w.everyAct(name)
					}
				}
				for _, name := range names {
					leave(w, name)
				}
				w.Settle()
				before := w.contents()
				tried := 9_000_000 // message ids of their own
				for _, name := range names {
					require.Greater(t, len(acts[name]), 40, "what %s tries", name)
					for i, a := range acts[name] {
						if how != "left" && i%5 != 0 && a.kind != "event" {
							continue // the same refusal: some are enough
						}
						tried++
						a.from, a.msgID = userid(name), fmt.Sprint(tried)
						status, reply := w.Delivers(a.plain)
						w.note("%s %s → %s", name, a.what, reply)
						require.Equal(t, 200, status, a.what)
						if a.answered {
							require.Contains(t, reply, "【无权限】", a.what)
						} else if reply != "" {
							require.Contains(t, reply, "【无权限】", a.what)
						}
					}
				}
				w.Settle()
				after := w.contents()
				for table, rows := range before {
					assert.Equal(t, rows, after[table], table)
				}
			})
		})
	}
}

// act is something a member may try, as WeCom would deliver it.
type act struct {
	what string
	plain
	answered bool // WeCom takes an answer in the HTTP response
}

var numberInText = regexp.MustCompile(`[A-Z]{1,3}\d{8}-\d{4,}`)

// everyAct is everything a member can do: each command as its example shows it
// and with every number he has seen, each button of each card he holds, each
// menu entry, everything that is no text, and answers to what he was asked.
func (w *World) everyAct(name string) (all []act) {
	w.t.Helper()
	says := func(text string) {
		all = append(all, act{what: "says " + text, plain: plain{kind: "text", content: text}, answered: true})
	}
	messages := w.chat(name, 0)
	var numbers []string
	for _, m := range messages {
		for _, number := range numberInText.FindAllString(m.String(), -1) {
			if !slices.ContainsFunc(numbers, func(n string) bool { return n[:1] == number[:1] }) {
				numbers = append(numbers, number) // one of each kind
			}
		}
	}
	require.NotEmpty(w.t, numbers, "%s has seen numbers", name)
	for _, text := range []string{"报销发票怎么写", "1", "2", "是", "取消", "随便说说", "12", "回复"} { // to forms and questions
		says(text)
	}
	for _, command := range w.play.App.Commands() {
		says(command.Example)
		says(command.Name)
		if !slices.ContainsFunc(command.Args, func(a chat.Arg) bool { return a.Kind == chat.Number }) {
			continue
		}
		for _, number := range numbers {
			text := command.Name + " " + number + " 同意"
			if example := numberExample.ReplaceAllString(command.Example, number); strings.Contains(example, number) {
				text = example
			}
			says(text)
		}
	}
	for _, entry := range menuKeys(w.play.App.Menu()) {
		all = append(all, act{what: "menu " + entry, plain: plain{kind: "event", event: "click", key: entry}})
	}
	all = append(all,
		act{what: "enters", plain: plain{kind: "event", event: "enter_agent"}},
		act{what: "location report", plain: plain{kind: "event", event: "LOCATION", more: "<Latitude>31.2</Latitude><Longitude>121.4</Longitude><Precision>10</Precision>"}},
		act{what: "image", plain: plain{kind: "image", more: "<PicUrl>http://example.org/p</PicUrl><MediaId>m1</MediaId>"}, answered: true},
		act{what: "voice", plain: plain{kind: "voice", more: "<MediaId>m2</MediaId><Format>amr</Format>"}, answered: true},
		act{what: "video", plain: plain{kind: "video", more: "<MediaId>m3</MediaId><ThumbMediaId>m4</ThumbMediaId>"}, answered: true},
		act{what: "file", plain: plain{kind: "file", more: "<MediaId>m5</MediaId>"}},
		act{what: "link", plain: plain{kind: "link", more: "<Title>t</Title><Description>d</Description><Url>http://example.org</Url>"}, answered: true},
		act{what: "place", plain: plain{kind: "location", more: "<Location_X>31.2</Location_X><Location_Y>121.4</Location_Y><Scale>16</Scale><Label>here</Label>"}, answered: true},
	)
	for _, m := range messages {
		if m.Card == nil || m.From != "assistant" {
			continue
		}
		for i, key := range keysOf(m.Card) {
			more := fmt.Sprintf("<TaskId>%s</TaskId><CardType>%s</CardType><ResponseCode>late-%d-%d</ResponseCode>%s",
				m.Card.TaskID, m.Card.CardType, m.ID, i, firstChoices(m.Card))
			all = append(all, act{what: "presses " + key, plain: plain{kind: "event", event: "template_card_event", key: key, more: more}})
		}
	}
	return all
}

var numberExample = regexp.MustCompile(`\b([A-Z]{1,3}\d{8}-\d{4,}|12)\b`)

func menuKeys(buttons []wecom.MenuButton) (keys []string) {
	for _, b := range buttons {
		if b.Key != "" {
			keys = append(keys, b.Key)
		}
		keys = append(keys, menuKeys(b.SubButtons)...)
	}
	return keys
}

// keysOf are the keys of everything that can be pressed on a card.
func keysOf(card *sandbox.Card) (keys []string) {
	for _, b := range card.ButtonList {
		if b.Key != "" { // not one that opens a page
			keys = append(keys, b.Key)
		}
	}
	if card.SubmitButton != nil {
		keys = append(keys, card.SubmitButton.Key)
	}
	if card.ActionMenu != nil {
		for _, a := range card.ActionMenu.List {
			keys = append(keys, a.Key)
		}
	}
	return keys
}

// firstChoices are the first options of a card's questions, chosen.
func firstChoices(card *sandbox.Card) string {
	var b strings.Builder
	choose := func(question string, options []sandbox.Option) {
		if len(options) > 0 {
			fmt.Fprintf(&b, "<SelectedItem><QuestionKey>%s</QuestionKey><OptionIds><OptionId>%s</OptionId></OptionIds></SelectedItem>", question, options[0].ID)
		}
	}
	for _, s := range card.SelectList {
		choose(s.QuestionKey, s.Options)
	}
	if card.ButtonSelection != nil {
		choose(card.ButtonSelection.QuestionKey, card.ButtonSelection.Options)
	}
	if card.Checkbox != nil {
		choose(card.Checkbox.QuestionKey, card.Checkbox.Options)
	}
	if b.Len() == 0 {
		return ""
	}
	return "<SelectedItems>" + b.String() + "</SelectedItems>"
}

// bookkeeping are the tables an event may touch that changes nothing: the
// delivery itself, the record of the refusal, the lock of the conversation, and
// what the process does by the clock.
var bookkeeping = []string{"deliveries", "audit", "audit_seals", "conversations", "refusals", "replicas", "settings", "schema_migrations"}

// looked are the queries of tables of which a part is bookkeeping: a question
// he had open ends unanswered, for which its card is looked at; when he was
// seen last is noted; and he is read again, should he be back.
var looked = map[string]string{
	"questions": "SELECT id, member_id, choice FROM questions",
	"members":   "SELECT id, userid, name, position, main_department, leader_userid, status, visible, left_at, suspended_at, version FROM members",
	"jobs":      "SELECT * FROM jobs WHERE kind NOT IN ('people.read_member', 'notify.update')",
}

// contents are all rows of all other tables, as text.
func (w *World) contents() map[string][]string {
	w.t.Helper()
	driver := w.db.Driver
	conn, done := w.database(driver)
	defer done()
	list := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
	if driver == "mysql" {
		list = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
	}
	all := map[string][]string{}
	for _, row := range w.lines(conn, list) {
		if table := strings.TrimSuffix(row, "|"); !slices.Contains(bookkeeping, table) {
			query := looked[table]
			if query == "" {
				query = "SELECT * FROM " + table
			}
			all[table] = w.lines(conn, query)
		}
	}
	require.Greater(w.t, len(all), 20, "tables")
	return all
}

func (w *World) lines(conn *sql.Conn, query string) (all []string) {
	w.t.Helper()
	rows, err := conn.QueryContext(context.Background(), query)
	require.NoError(w.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(w.t, err)
	values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		require.NoError(w.t, rows.Scan(into...))
		var b strings.Builder
		for _, value := range values {
			b.Write(value)
			b.WriteByte('|')
		}
		all = append(all, b.String())
	}
	require.NoError(w.t, rows.Err())
	slices.Sort(all)
	return all
}
