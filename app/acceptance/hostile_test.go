package acceptance_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"guiju/app/playground"
	"guiju/callback/envelope"
	"guiju/store/storetest"
	"guiju/wecom/sandbox"
)

// A hostile sender and a chaotic employee. What carries a valid signature is
// WeCom's, so the first tests forge with the company's own keys: whatever WeCom
// may one day send must not stop the callbacks behind it.

// plain is a callback's plaintext; zero values are left out.
type plain struct {
	from, kind, event, key, content, msgID string
	agent                                  string // empty: the assistant's
	created                                string // empty: now
	more                                   string // further elements
}

func (p plain) xml(w *World) string {
	if p.agent == "" {
		p.agent = "1000002"
	}
	if p.created == "" {
		p.created = fmt.Sprint(w.Now().Unix())
	}
	var b strings.Builder
	b.WriteString("<xml><ToUserName><![CDATA[" + sandbox.DefaultOptions().CorpID + "]]></ToUserName>")
	for _, e := range [][2]string{
		{"FromUserName", p.from}, {"CreateTime", p.created}, {"MsgType", p.kind}, {"Event", p.event}, {"EventKey", p.key},
		{"Content", p.content}, {"MsgId", p.msgID}, {"AgentID", p.agent},
	} {
		if e[1] != "" {
			fmt.Fprintf(&b, "<%s><![CDATA[%s]]></%s>", e[0], e[1], e[0])
		}
	}
	return b.String() + p.more + "</xml>"
}

// keys are those of the assistant on the sandbox platform.
func keys(t *testing.T) *envelope.Key {
	t.Helper()
	o := sandbox.DefaultOptions()
	k, err := envelope.NewKey(o.Apps[0].Token, o.Apps[0].EncodingAESKey, o.CorpID)
	require.NoError(t, err)
	return k
}

// Delivers posts a callback with a valid signature and answers the status and
// the text of the passive reply.
func (w *World) Delivers(p plain) (status int, reply string) {
	w.t.Helper()
	w.hears(p.content)
	k := keys(w.t)
	r, err := k.SealRequest(envelope.NewSalt(time.Now()), envelope.XML, sandbox.DefaultOptions().CorpID, "1000002", []byte(p.xml(w)))
	require.NoError(w.t, err)
	status, body := w.Posts("/callback/assistant?"+queryOf(r.Query).Encode(), r.Body)
	if len(body) == 0 {
		return status, ""
	}
	opened, err := k.OpenReply(body)
	require.NoError(w.t, err)
	return status, string(opened)
}

func queryOf(q envelope.Query) url.Values {
	return url.Values{"msg_signature": {q.Signature}, "timestamp": {q.Timestamp}, "nonce": {q.Nonce}}
}

// Posts sends bytes to the app. Redirects are not followed, as WeCom follows none.
func (w *World) Posts(path string, body []byte) (status int, answer []byte) {
	w.t.Helper()
	return w.request(http.MethodPost, path, body)
}

func (w *World) request(method, path string, body []byte) (status int, answer []byte) {
	w.t.Helper()
	request, err := http.NewRequest(method, w.play.AppURL+path, bytes.NewReader(body))
	require.NoError(w.t, err)
	client := http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(w.t, err)
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return response.StatusCode, answer
}

// rows counts in the app's database.
func (w *World) rows(query string, args ...any) (n int) {
	w.t.Helper()
	driver := "sqlite"
	if w.db.Driver == "mysql" {
		driver = "mysql"
	}
	conn, done := w.database(driver)
	defer done()
	require.NoError(w.t, conn.QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

// Values beyond every documented length are stored and answered 200; nothing
// waits behind them.
func TestHostile_OverlongFieldsDoNotStopTheCallbacksBehindThem(t *testing.T) {
	long := strings.Repeat("a", 300)
	for name, p := range map[string]plain{
		"sender":            {from: long, kind: "text", content: "我的待办", msgID: "1"},
		"sender of letters": {from: strings.Repeat("ŉ", 100), kind: "text", content: "我的待办", msgID: "1"},
		"event name":        {from: "zhaoliu", kind: "event", event: strings.Repeat("e", 85)},
		"message type":      {from: "zhaoliu", kind: strings.Repeat("k", 90), msgID: "1"},
		"message id":        {from: "zhaoliu", kind: "text", content: "我的待办", msgID: strings.Repeat("9", 3000)},
		"event key":         {from: "zhaoliu", kind: "event", event: "click", key: strings.Repeat("k", 3000)},
		"text":              {from: "zhaoliu", kind: "text", content: strings.Repeat("字", 200_000), msgID: "1"},
		"link": {from: "zhaoliu", kind: "link", msgID: "1", more: "<Title>" + strings.Repeat("题", 5000) + "</Title><Url>http://" + strings.Repeat("u", 9000) +
			"</Url><Description>" + strings.Repeat("述", 9000) + "</Description>"},
		"media id":    {from: "zhaoliu", kind: "image", msgID: "1", more: "<MediaId>" + strings.Repeat("m", 5000) + "</MediaId>"},
		"coordinates": {from: "zhaoliu", kind: "location", msgID: "1", more: "<Location_X>Inf</Location_X><Location_Y>-infinity</Location_Y><Label>x</Label>"},
		"task id": {from: "zhaoliu", kind: "event", event: "template_card_event", key: "1|收到",
			more: "<TaskId>" + strings.Repeat("t", 5000) + "</TaskId><ResponseCode>" + strings.Repeat("r", 5000) + "</ResponseCode>"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *World) {
				status, _ := w.Delivers(p)
				require.Equal(t, 200, status)
				w.Settle()
				require.Contains(t, w.Says("钱十一", "我的待办"), "待办", "the next one is answered at once")
				require.Zero(t, w.rows("SELECT COUNT(*) FROM deliveries WHERE state <> 'done'"), "and nothing has failed")
			})
		})
	}
}

// An event without a usable time is handled as of its receipt; one whose key is
// no longer kept is not handled, and leaves no line in the log either.
func TestHostile_TimesThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for i, created := range []string{"0", "-5", "x", "1772416800000", "99999999999999999999", fmt.Sprint(w.Now().Add(400 * 24 * time.Hour).Unix())} {
			status, reply := w.Delivers(plain{from: "zhaoliu", kind: "text", content: "我的待办", msgID: fmt.Sprint(100 + i), created: created})
			require.Equal(t, 200, status)
			require.Contains(t, reply, "待办", "CreateTime %s", created)
		}
		before := w.rows("SELECT COUNT(*) FROM deliveries")
		status, reply := w.Delivers(plain{from: "zhaoliu", kind: "text", content: "我的待办", msgID: "200", created: fmt.Sprint(w.Now().Add(-31 * 24 * time.Hour).Unix())})
		require.Equal(t, 200, status)
		require.Empty(t, reply)
		require.Equal(t, before, w.rows("SELECT COUNT(*) FROM deliveries"))
	})
}

// Everything outside the contract is 404: no redirect, which WeCom would count
// as a failure and repeat.
func TestHostile_OtherPathsAreNotFound(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), nil)
	for _, path := range []string{"/", "/callback", "/callback/", "/callback/assistant/", "/callback/assistant/x", "/callback/nobody", "//callback/assistant", "/metrics/", "/debug/pprof/", "/CALLBACK/assistant"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, _ := w.request(method, path, nil)
			require.Equal(t, 404, status, "%s %s", method, path)
		}
	}
	status, _ := w.request(http.MethodPut, "/callback/assistant", nil)
	require.Equal(t, 405, status)
}

// Refusals leave counts and one alert; of what was in them, nothing.
func TestHostile_TenThousandRefusalsLeaveOnlyCounts(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), nil)
	before := w.everything()
	lines := w.printed.Told()

	const mark = "hostileMARK"
	bodies := [][]byte{
		[]byte("<xml><Encrypt><![CDATA[" + mark + "]]></Encrypt></xml>"), []byte("<xml><" + mark + ">"),
		[]byte("{" + mark), nil, bytes.Repeat([]byte(mark), 200),
	}
	query := "?msg_signature=" + strings.Repeat("a", 40) + "&timestamp=" + mark + "&nonce=" + mark + "&x=" + mark
	const all = 10_000
	var group errgroup.Group
	group.SetLimit(8)
	for i := range all {
		group.Go(func() error {
			path := [...]string{"/callback/assistant", "/callback/contacts", fmt.Sprintf("/callback/%s%d", mark, i)}[i%3]
			response, err := http.Post(w.play.AppURL+path+query, mark, bytes.NewReader(bodies[i%len(bodies)]))
			if err != nil {
				return err
			}
			defer response.Body.Close()
			if answer, err := io.ReadAll(response.Body); err != nil || len(answer) > 0 || response.StatusCode/100 != 4 {
				return fmt.Errorf("%s: %d %q %v", path, response.StatusCode, answer, err)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, lines, w.printed.Told(), "no line in the log")

	ctx := context.Background()
	require.NoError(t, w.play.StopApp(ctx)) // counts are stored at the latest when it stops
	require.Equal(t, all, w.rows("SELECT SUM(times) FROM refusals"))
	require.LessOrEqual(t, w.rows("SELECT COUNT(*) FROM refusals"), 30)
	require.Equal(t, before, w.everything(), "nothing else is stored")
	require.NotContains(t, w.printed.String(), mark)
	for _, word := range []string{mark, "%" + mark} {
		require.Zero(t, w.rows("SELECT COUNT(*) FROM refusals WHERE receiver LIKE ? OR reason LIKE ?", word+"%", word+"%"))
	}
}

// everything counts the rows that a callback may leave.
func (w *World) everything() map[string]int {
	all := map[string]int{}
	for _, table := range []string{"deliveries", "members", "jobs", "sent_messages", "items", "audit", "conversations", "attachments"} {
		all[table] = w.rows("SELECT COUNT(*) FROM " + table)
	}
	return all
}

// A captured callback has a valid signature for ever; sent again it is a
// duplicate, at its own receiver, and none of another's.
func TestHostile_ReplayedCapture(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		p := plain{from: "zhaoliu", kind: "text", content: "咨询 报销发票抬头", msgID: "4711"}
		r, err := keys(t).SealRequest(envelope.NewSalt(time.Now()), envelope.XML, sandbox.DefaultOptions().CorpID, "1000002", []byte(p.xml(w)))
		require.NoError(t, err)
		for range 5 {
			status, body := w.Posts("/callback/assistant?"+queryOf(r.Query).Encode(), r.Body)
			require.Equal(t, 200, status)
			require.NotEmpty(t, body)
			w.Advance(25 * time.Hour)
		}
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM items"))
		status, _ := w.Posts("/callback/contacts?"+queryOf(r.Query).Encode(), r.Body)
		require.Equal(t, 403, status, "another receiver has another key")
	})
}

// A member may claim what he likes about the company: only the contact-sync
// receiver is believed, and its events only say what to read again.
func TestHostile_ContactEventFromAMember(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for _, from := range []string{"zhaoliu", "sys"} {
			status, reply := w.Delivers(plain{from: from, kind: "event", event: "change_contact",
				more: "<ChangeType>delete_user</ChangeType><UserID>hejing</UserID>"})
			require.Equal(t, 200, status)
			require.Empty(t, reply)
		}
		w.Settle()
		require.Contains(t, w.Says("何静", "我的待办"), "没有待办")
		require.Contains(t, w.Says("赵六", "发通知 何静 你好"), "已通知 1 人")
	})
}

// Many unknown senders, as when the visible range is wrong, are each answered;
// IT hears of it, and not as often as there are of them.
func TestHostile_ManyUnknownSenders(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const many = 60
		for i := range many {
			status, reply := w.Delivers(plain{from: fmt.Sprintf("stranger%d", i), kind: "text", content: "我的待办", msgID: fmt.Sprint(i)})
			require.Equal(t, 200, status)
			require.Contains(t, reply, "还没有您的成员资料")
		}
		w.Advance(2 * time.Hour)
		require.Equal(t, many, w.rows("SELECT COUNT(*) FROM members WHERE userid LIKE 'stranger%'"))
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM sent_messages WHERE purpose = 'people.unknown'"))
	})
}

// Buttons WeCom did not show: by somebody else, with a key of another phase,
// another item or none, on another's card or none. Nothing changes, nobody
// learns anything, no job is left to try again.
func TestHostile_ForgedPresses(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头") // M20260302-0001, to 何静
		w.Says("赵六", "发通知 孙七 今晚停机")
		require.Equal(t, 2, w.rows("SELECT COUNT(*) FROM cards WHERE open"))
		forge := 0
		press := func(from, task, key string) {
			forge++
			status, _ := w.Delivers(plain{from: from, kind: "event", event: "template_card_event", key: key,
				more: fmt.Sprintf("<TaskId>%s</TaskId><CardType>button_interaction</CardType><ResponseCode>forged-%d</ResponseCode>", task, forge)})
			require.Equal(t, 200, status)
			w.Settle()
		}
		task := w.text("SELECT task_id FROM cards ORDER BY id LIMIT 1")
		for _, who := range []string{"zhangsan", "zhaoliu", "sunqi", "hejing"} {
			for _, key := range []string{
				"", "收到 M20260302-0001", "|收到 M20260302-0001", "x|收到 M20260302-0001", "0|收到 M20260302-0001", "99|回复 M20260302-0001 假的",
				"9999999999999999999999|收到", "-1|撤回 M20260302-0001", strings.Repeat("1", 900) + "|",
			} {
				press(who, task, key)
			}
			press(who, "no-such-task", "1|收到 M20260302-0001")
			press(who, "%", "1|收到 M20260302-0001")
			press(who, "", "1|收到 M20260302-0001")
		}
		for _, who := range []string{"zhangsan", "sunqi"} {
			press(who, task, "1|收到 M20260302-0001")
			press(who, task, "1|回复 M20260302-0001 假的")
			press(who, task, "1|撤回 M20260302-0001")
		}
		require.Zero(t, w.rows("SELECT COUNT(*) FROM deliveries WHERE state <> 'done'"))
		require.Zero(t, w.rows("SELECT COUNT(*) FROM item_entries WHERE kind NOT IN ('asked', 'sent')"))
		require.Equal(t, 2, w.rows("SELECT COUNT(*) FROM items WHERE state = 'open'"))
		require.Contains(t, w.Says("何静", "回复 1 写公司全称"), "已回复")
		w.Gets("赵六", "写公司全称")
	})
}

func (w *World) text(query string) (s string) {
	w.t.Helper()
	driver := "sqlite"
	if w.db.Driver == "mysql" {
		driver = "mysql"
	}
	conn, done := w.database(driver)
	defer done()
	require.NoError(w.t, conn.QueryRowContext(context.Background(), query).Scan(&s))
	return s
}

// A number somebody may not see and one that does not exist are told alike.
func TestHostile_ForeignNumbersLookLikeNoNumbers(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头") // M20260302-0001, to 何静
		for _, command := range []string{"收到 %s", "回复 %s 好的", "有疑问 %s 什么", "转交 %s 李四", "已解决 %s", "未解决 %s 没有", "补充 %s 再说", "催办 %s", "撤回 %s", "追溯 %s", "已知悉 %s"} {
			real := w.Says("钱十一", fmt.Sprintf(command, "M20260302-0001"))
			none := w.Says("钱十一", fmt.Sprintf(command, "M20260302-0777"))
			require.Equal(t, none, strings.ReplaceAll(real, "0001", "0777"), command)
			require.True(t, strings.HasPrefix(real, "【未找到】"), real)
			require.NotContains(t, real, "报销")
		}
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM item_entries"))
	})
}

// What an employee may get wrong is told in one sentence that says what to
// change; nothing is sent.
func TestHostile_AbsurdArguments(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头") // so that there is a number
		names := strings.Repeat("李四、", 101)
		for text, want := range map[string]string{
			"发通知 赵六 给自己":                     "除了您自己，没有可以通知的人",
			"发通知 不存在 你好":                     "没有找到「不存在」",
			"发通知 %_ 你好":                      "没有找到「%_」",
			"发通知 ' 你好":                       "没有找到「'」",
			"发通知 " + names + "王五 你好":         "一次最多写 100 个姓名",
			"发通知 李四 好 重要 重要:否":               "前后矛盾",
			"发通知 李四 好 重要:也许":                 "请答 是 或 否",
			"发通知 对象:李四 对象:王五 好":              "「对象」写了两次",
			"代理 李四 2026-02-30 2026-03-05":    "2026年2月没有30日",
			"代理 李四 2025-01-01 2025-01-05":    "已经过去了",
			"代理 李四 3月9日 3月3日":                "早于开始时间",
			"代理 赵六 明天 后天":                    "不能由本人代理自己",
			"代理 李四 9999-12-31 9999-12-31":    "离现在太远",
			"代理 李四 明天 9999999999999999999天后": "请写日期和时间",
			"追溯 0":                                 "【未找到】0",
			"追溯 -1":                                "「-1」",
			"追溯 9999999999999999999":               "「9999999999999999999",
			"追溯 M20260302-9999999999999999999":     "「M20260302-999",
			"追溯 M99999999-0001":                    "【未找到】M99999999-0001",
			"追溯 %":                                 "「%",
			"选择 9223372036854775807 1":             "没看懂",
			"咨询 " + strings.Repeat("长", 2001):      "最多 2000 字",
			"咨询 " + strings.Repeat("长", 3000):      "分成几条发",
			"帮助 ' OR 1=1":                          "没有「' OR 1=1」这个命令",
			"响应统计 2030年13月":                        "看不懂期间",
			strings.Repeat("回复 ", 2000):            "【",
			strings.Repeat("1、", 2000) + " 发通知 李四": "没看懂",
		} {
			w.Says("赵六", "取消")
			told := w.Says("赵六", text)
			require.Contains(t, told, want, "%.60s", text)
			require.NotContains(t, told, "系统异常")
			require.LessOrEqual(t, len(told), 2048)
		}
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM items"))
		require.Zero(t, w.rows("SELECT COUNT(*) FROM deliveries WHERE state <> 'done'"))
	})
}

// Words of one member, in messages and on cards of others, are only words: no
// link, no markup, no name of somebody else, no broken XML.
func TestHostile_WordsStayWords(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const evil = "看 <a href=\"http://evil.example\">工资单</a> < A HREF='x'> $userName=lisi$ **粗** ]]> \u202eabc\u202c \x07\x1b[31m 😀 {\"a\":1} %s"
		w.Says("赵六", "咨询 "+evil)
		w.Says("赵六", "发通知 李四 "+evil+strings.Repeat(" 长文", 100)+" 需回复")
		w.Says("李四", "回复 2 "+evil)
		w.Says("李四", "有疑问 2 "+evil)
		w.Says("赵六", "补充 2 "+evil)
		traced := w.Says("赵六", "追溯 2")
		sent := w.Calls("message/send")
		require.NotEmpty(t, sent)
		for _, call := range sent {
			shown := strings.NewReplacer("\\u003c", "<", "\\u003e", ">").Replace(call.Plaintext)
			require.NotRegexp(t, `(?i)<\s*/?\s*a[\s>]`, shown)
			require.NotContains(t, shown, `"enable_id_trans":1`)
			require.NotContains(t, shown, `"msgtype":"markdown"`)
			require.NotContains(t, shown, "\u202e")
			require.NotContains(t, shown, `\u001b`)
		}
		require.NotRegexp(t, `(?i)<\s*/?\s*a[\s>]`, traced)
		for _, kept := range []string{"工资单", "$userName=lisi$", "]]>", "😀", "%s"} {
			w.Shown("李四", kept)
		}
	})
}

// What the company writes is the owner's alone, whatever the process' umask.
func TestHostile_FilesArePrivate(t *testing.T) {
	var dir string
	w := newWorld(t, storetest.SQLite(t), func(o *playground.Options) { dir = o.Dir })
	w.Sends("赵六", "image", nil)
	w.Settle()
	checked := 0
	for _, root := range []string{dir, filepath.Dir(w.db.DSN)} {
		require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == root {
				return err
			}
			info, err := d.Info()
			if err == nil {
				require.Zero(t, info.Mode().Perm()&0o077, "%s: %v", path, info.Mode())
				checked++
			}
			return err
		}))
	}
	require.Greater(t, checked, 5)
}

// Metrics and health say how the service is, and nothing of anybody.
func TestHostile_MetricsAndHealthAreNotPrivate(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), nil)
	w.Says("赵六", "咨询 报销发票抬头secretword")
	for i := range 300 { // kinds WeCom does not have
		w.Delivers(plain{from: fmt.Sprintf("u%d", i%3), kind: "event", event: fmt.Sprintf("made_up_%d", i)})
	}
	o := sandbox.DefaultOptions()
	for _, path := range []string{"/metrics", "/readyz", "/healthz"} {
		status, body := w.request(http.MethodGet, path, nil)
		require.Equal(t, 200, status)
		for _, private := range []string{"zhaoliu", "hejing", "赵六", "M2026", "secretword", "报销", o.CorpID, o.Apps[0].Secret, o.Apps[0].Token, o.Apps[0].EncodingAESKey, "access_token", w.db.DSN} {
			require.NotContains(t, string(body), private, path)
		}
		require.Less(t, len(body), 200_000)
	}
	_, body := w.request(http.MethodGet, "/metrics", nil)
	require.LessOrEqual(t, strings.Count(string(body), "guiju_callbacks_total{"), 220)
}
