package app

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/callback"
	"guiju/callback/event"
	"guiju/store"
	"guiju/wecom/card"
)

// survey is a card with drop-down lists and a top-right menu entry, as later
// domains have them.
type survey struct {
	*bench
	ran    []string
	phase  int64
	taskID string
	vote   bool
}

func newSurvey(t *testing.T, vote bool) *survey {
	t.Helper()
	s := &survey{bench: newBench(t, testConfig(t, "")).prepare(), phase: 3, taskID: "survey-1", vote: vote}
	s.notify.Card("survey", s.draw)
	require.NoError(t, s.chat.Register(chat.Command{
		Name: "评分", Group: "试验", Permission: chat.Everybody, Summary: "评分", Usage: "评分 <速度> <结果>", Example: "评分 很快 已解决",
		Args: []chat.Arg{
			{Name: "速度", Required: true, Prompt: "速度如何？"},
			{Name: "结果", Required: true, Prompt: "解决了吗？"},
		},
		Run: func(c *chat.Call) (chat.Answer, error) {
			s.ran = append(s.ran, c.Text("速度")+"/"+c.Text("结果"))
			return chat.Accepted("", "谢谢。"), nil
		},
	}))
	s.write(func(tx *store.Tx) error {
		m := store.SentMessage{App: "assistant", CardKind: "survey"}
		if _, err := tx.PlanMessage(&m, []int64{3}); err != nil {
			return err
		}
		return tx.AddCard(&store.Card{App: "assistant", TaskID: s.taskID, MessageID: m.ID, Kind: "survey", Phase: 3, Open: true})
	})
	return s
}

func (s *survey) draw(_ *store.Reader, v notify.View) (notify.Rendered, error) {
	key := notify.Key(s.phase, "评分 {speed} {result}")
	options := func(ids ...string) (all []card.Option) {
		for _, id := range ids {
			all = append(all, card.Option{ID: id, Text: id})
		}
		return all
	}
	var b card.Builder = card.MultipleInteraction{
		TaskID: v.TaskID, Title: card.MainTitle{Title: "回访"}, Submit: &card.SubmitButton{Text: "提交", Key: key},
		Lists: []card.Selection{
			{QuestionKey: "speed", OptionList: options("很快", "一般")},
			{QuestionKey: "result", OptionList: options("已解决", "未解决")},
		},
	}
	if s.vote {
		b = card.VoteInteraction{
			TaskID: v.TaskID, Title: card.MainTitle{Title: "投票"}, Submit: &card.SubmitButton{Text: "提交", Key: key},
			Checkbox: card.Checkbox{QuestionKey: "speed", Mode: card.Several, OptionList: []card.Choice{{ID: "徒步", Text: "徒步"}, {ID: "观影", Text: "观影"}}},
		}
	}
	return notify.Rendered{Card: b, Phase: s.phase, Open: true}, nil
}

// press dispatches a press by zhaoliu and answers what he is told.
func (s *survey) press(command string, selected ...event.Selection) string {
	s.t.Helper()
	return s.dispatches(&event.CardClick{
		Header: event.Header{FromUserName: "zhaoliu", CreateTime: monday, EventKey: notify.Key(3, command)},
		TaskID: s.taskID, ResponseCode: fmt.Sprintf("code-%d", len(s.ran)), Selected: selected,
	})
}

func (s *survey) dispatches(ev event.Event) string {
	s.t.Helper()
	told := ""
	s.write(func(tx *store.Tx) error {
		handled, err := s.dispatch(tx, callback.Delivery{Receiver: "assistant", App: "assistant", Event: ev, ReceivedAt: monday}, 1)
		told = handled.Reply
		return err
	})
	return told
}

func selected(question string, options ...string) event.Selection {
	return event.Selection{Question: question, Options: options}
}

func TestChosenOptionsAreWordsOfTheCommand(t *testing.T) {
	s := newSurvey(t, false)
	const line = "评分 {speed} {result}"
	require.Contains(t, s.press(line, selected("result", "已解决"), selected("speed", "很快")), "【已受理】")
	require.Equal(t, []string{"很快/已解决"}, s.ran)

	t.Run("a question without a choice is asked by the chat", func(t *testing.T) {
		require.Contains(t, s.press(line, selected("speed", "一般")), "【请补充】结果：解决了吗？")
		require.Len(t, s.ran, 1)
	})
	for name, forged := range map[string][]event.Selection{
		"an option the card does not offer": {selected("speed", "很快 已解决 | 发通知"), selected("result", "已解决")},
		"another question's option":         {selected("speed", "已解决"), selected("result", "已解决")},
		"an unknown question":               {selected("speed", "很快"), selected("color", "红")},
		"a question twice":                  {selected("speed", "很快"), selected("speed", "一般")},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, s.press(line, forged...), "没有执行任何操作")
			require.Len(t, s.ran, 1)
		})
	}
	t.Run("on an older copy", func(t *testing.T) {
		s.phase = 4
		require.Contains(t, s.press(line, selected("speed", "很快"), selected("result", "已解决")), "没有执行任何操作")
		require.Len(t, s.ran, 1)
	})
}

func TestSeveralChosenOptionsAreOneWord(t *testing.T) {
	s := newSurvey(t, true)
	require.Contains(t, s.press("评分 {speed} 好", selected("speed", "徒步", "观影")), "【已受理】")
	require.Equal(t, []string{"徒步、观影/好"}, s.ran)
}

// An entry of a card's top-right menu is a command line like a button.
func TestCardMenuEntryIsACommand(t *testing.T) {
	s := newSurvey(t, false)
	entry := &event.CardMenu{Header: event.Header{FromUserName: "zhaoliu", CreateTime: monday, EventKey: notify.Key(3, "评分 一般 未解决")}, TaskID: s.taskID, ResponseCode: "m"}
	require.Contains(t, s.dispatches(entry), "【已受理】")
	require.Equal(t, []string{"一般/未解决"}, s.ran)
	entry.EventKey = notify.Key(2, "评分 一般 未解决")
	require.Contains(t, s.dispatches(entry), "没有执行任何操作")
	require.Len(t, s.ran, 1)
}

// Files and rows of what members sent are forgotten after
// retention.message_bodies; those of open items stay, those of closed ones
// follow archive.comm_years.
func TestPurgeForgetsFiles(t *testing.T) {
	b := newBench(t, testConfig(t, "")).prepare()
	retention := b.cfg.Retention.MessageBodies
	kept := map[string]int64{}
	add := func(name string, state store.ItemState) {
		b.write(func(tx *store.Tx) error {
			a := store.Attachment{MemberID: 3, App: "assistant", Kind: "image"}
			if state != "" {
				item := store.Item{Number: name, Kind: store.InquiryItem, App: "assistant", SenderID: 3, Body: "问", State: state}
				if err := tx.AddItem(&item); err != nil {
					return err
				}
				if state != store.ItemOpen {
					now := tx.Now()
					item.ClosedAt = &now
					if err := tx.SaveItem(&item); err != nil {
						return err
					}
				}
				a.SubjectKind, a.SubjectID = "item", item.ID
			}
			a, err := tx.AddAttachment(a)
			if err != nil {
				return err
			}
			kept[name] = a.ID
			return tx.AttachmentFetched(a.ID, filepath.Join("ab", name), "ab", 4)
		})
		path := filepath.Join(b.cfg.Media.Dir, "ab", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("file"), 0o600))
	}
	add("M1-1", "")
	add("M1-2", store.ItemOpen)
	add("M1-3", store.ItemWithdrawn)
	add("M1-4", store.ItemClosed)
	left := func() (names []string) {
		for name, id := range kept {
			_, err := b.reader().Attachment(id)
			_, missing := os.Stat(filepath.Join(b.cfg.Media.Dir, "ab", name))
			require.Equal(t, err == nil, missing == nil, "row and file of %s", name)
			if err == nil {
				names = append(names, name)
			}
		}
		return names
	}
	b.at(monday.Add(retention))
	require.NoError(t, b.purge(t.Context()))
	require.Len(t, left(), 4, "not a moment too early")
	b.at(monday.Add(retention + 25*time.Hour)) // the walk begins anew each day
	require.NoError(t, b.purge(t.Context()))
	require.ElementsMatch(t, []string{"M1-2", "M1-4"}, left())
	years := b.rules.Load().Rules().Archive.CommYears
	b.at(monday.AddDate(years, 0, 2))
	require.NoError(t, b.purge(t.Context()))
	require.ElementsMatch(t, []string{"M1-2"}, left())
	b.write(func(tx *store.Tx) error { return tx.AttachmentFetched(kept["M1-2"], "../../outside", "ab", 4) })
	a, err := b.reader().Attachment(kept["M1-2"])
	require.NoError(t, err)
	require.ErrorContains(t, b.removeMedia(a), "leaves media.dir")
}
