package acceptance_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	directory "guiju/app/people"
	"guiju/app/playground"
	"guiju/app/policy"
	"guiju/app/rulebook"
	"guiju/callback/envelope"
	"guiju/store"
	"guiju/store/storetest"
	"guiju/wecom/sandbox"
)

// The contacts: what events and comparisons make of the mirror of the company.

// ContactEvent posts an event as the platform seals it, whatever it says, and
// answers the status. at is its CreateTime.
func (w *World) ContactEvent(at time.Time, change, fields string) int {
	w.t.Helper()
	o := sandbox.DefaultOptions()
	k, err := envelope.NewKey(o.Contacts.Token, o.Contacts.EncodingAESKey, o.CorpID)
	require.NoError(w.t, err)
	body := fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName><CreateTime>%d</CreateTime>"+
		"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event><ChangeType><![CDATA[%s]]></ChangeType>%s</xml>",
		o.CorpID, at.Unix(), change, fields)
	w.note("%s 通讯录事件 %s %s", w.Now().Format("15:04:05"), change, fields)
	r, err := k.SealRequest(envelope.NewSalt(time.Now()), envelope.XML, o.CorpID, "", []byte(body))
	require.NoError(w.t, err)
	status, _ := w.Posts("/callback/contacts?"+queryOf(r.Query).Encode(), r.Body)
	w.Settle()
	return status
}

// Member is how the mirror has somebody.
func (w *World) Member(name string) store.Member {
	w.t.Helper()
	m, err := w.reader().MemberByUserID(userid(name))
	require.NoError(w.t, err)
	return m
}

// departmentsOf are the departments the mirror has somebody in.
func (w *World) departmentsOf(name string) (ids []int64) {
	w.t.Helper()
	all, err := w.reader().Memberships(w.Member(name).ID)
	require.NoError(w.t, err)
	for _, s := range all {
		ids = append(ids, s.DepartmentID)
	}
	return ids
}

// mirrors demands that the mirror is the platform's company.
func (w *World) mirrors() {
	w.t.Helper()
	var company struct {
		Members []sandbox.MemberInfo `json:"members"`
	}
	w.get("members", &company)
	real := map[string]string{}
	for _, m := range company.Members {
		leader := strings.Join(m.DirectLeader[:min(1, len(m.DirectLeader))], "")
		real[m.UserID] = fmt.Sprint(m.Name, m.Status, m.Department, m.IsLeaderInDept, m.MainDepartment, m.Position, leader)
	}
	statuses := map[store.MemberStatus]int{store.MemberActive: 1, store.MemberDisabled: 2, store.MemberInactive: 4}
	r := w.reader()
	all, err := r.MembersAfter(0, 1000)
	require.NoError(w.t, err)
	mirror := map[string]string{}
	for _, m := range all {
		if m.Status == store.MemberLeft {
			continue
		}
		memberships, err := r.Memberships(m.ID)
		require.NoError(w.t, err)
		departments, leads := []int64{}, []int{}
		for _, s := range memberships {
			departments, leads = append(departments, s.DepartmentID), append(leads, 0)
			if s.IsLeader {
				leads[len(leads)-1] = 1
			}
		}
		mirror[m.UserID] = fmt.Sprint(m.Name, statuses[m.Status], departments, leads, m.MainDepartment, m.Position, m.LeaderUserID)
	}
	require.Equal(w.t, real, mirror)
}

// G1-1a AE1 as E3's head amends it: a department that is not mapped never stops
// the program; check and doctor name it, and the administrators are told.
func TestG1_1a_AE1_AnUnmappedDepartmentIsNamed(t *testing.T) {
	without := func(o *playground.Options) {
		o.Platform.Company = sandbox.ExampleCompany()
		o.Platform.Company.Departments[7].Name = "资金中心" // 财务部 is called otherwise
	}
	eachWith(t, without, func(t *testing.T, w *World) {
		status, _ := w.request("GET", "/healthz", nil)
		require.Equal(t, 200, status)
		status, _ = w.request("GET", "/readyz", nil)
		require.Equal(t, 200, status)
		w.Gets("陈立", "【通讯录】企业微信里找不到规则需要的部门：财务部", "departments")
		require.Contains(t, w.check(), "departments.财务部 通讯录里没有这个部门")

		w.To("2026-03-03 03:01") // a comparison that finds the same tells nothing
		require.Equal(t, 1, w.Count("陈立", "找不到规则需要的部门"))
		w.Company("update_party", map[string]any{"id": 7, "name": "财务部"})
		w.To("2026-03-04 10:00")
		require.NotContains(t, w.check(), "departments.财务部 通讯录里没有这个部门")
		w.Company("update_party", map[string]any{"id": 3, "name": "业务部", "full": true})
		w.Gets("陈立", "找不到规则需要的部门：销售部")
	})
}

// check is what `guiju check` and `guiju doctor` say of the departments of the
// running company.
func (w *World) check() string {
	w.t.Helper()
	row, err := w.reader().ActiveRulebook(w.Now())
	require.NoError(w.t, err)
	book, err := (rulebook.Version{Number: int(row.Version), Values: row.Body}).Book()
	require.NoError(w.t, err)
	mirror := directory.New(w.beside, nil, nil, func() *policy.Engine { return book.Engine }, slog.New(slog.DiscardHandler))
	org, err := mirror.Org(w.reader())
	require.NoError(w.t, err)
	var out strings.Builder
	for _, f := range rulebook.Check(book, org, w.Now()) {
		fmt.Fprintln(&out, f.Path, f.Text)
	}
	return out.String()
}

// S06: a member the mirror misses is found at night, and joins once.
func TestS06_AE_ALostArrivalIsFoundAtNight(t *testing.T) {
	eachWith(t, noRetries, func(t *testing.T, w *World) {
		w.Down()
		w.post("contacts", map[string]any{"change_type": "create_user", "userid": "xinren", "name": "新人", "department": []int{3}, "main_department": 3}, nil)
		w.post("contacts", map[string]any{"change_type": "delete_user", "userid": "sunqi"}, nil)
		w.post("contacts", map[string]any{"change_type": "update_user", "userid": "zhouba", "department": []int{4}}, nil)
		w.upWithoutReading()
		w.To("2026-03-03 03:01")
		require.NotNil(t, w.Member("xinren").JoinedAt)
		require.Equal(t, store.MemberLeft, w.Member("孙七").Status)
		require.Equal(t, []int64{4}, w.departmentsOf("周八"))
		w.mirrors()
		joined, changes := *w.Member("xinren").JoinedAt, w.rows("SELECT COUNT(*) FROM permission_changes")
		version := w.rows("SELECT SUM(version) FROM members")
		w.To("2026-03-04 03:01")
		require.Equal(t, joined, *w.Member("xinren").JoinedAt, "once")
		require.Equal(t, version, w.rows("SELECT SUM(version) FROM members"), "the second comparison writes nothing")
		require.Equal(t, changes, w.rows("SELECT COUNT(*) FROM permission_changes"))
		require.Zero(t, w.rows("SELECT COUNT(*) FROM contact_checks"))
	})
}

// upWithoutReading starts the app while it cannot read the contacts, so that
// only the night's comparison finds what was lost.
func (w *World) upWithoutReading() {
	w.t.Helper()
	w.Fails("department/list", map[string]any{"errcode": 45009, "times": 1})
	w.Up()
	w.Heals()
}

// A leaver ends in the transaction of the event; who comes back is joined again,
// and keeps what was not handed over yet.
func TestS06_LeavingAndComingBack(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		joined := w.Member("赵六").JoinedAt
		require.NotNil(t, joined, "the first reading says since when we know him")
		w.Company("delete_user", map[string]any{"userid": "zhaoliu"})
		left := w.Member("赵六")
		require.Equal(t, store.MemberLeft, left.Status)
		require.Equal(t, w.Now().UTC(), left.LeftAt.UTC())
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM contact_events WHERE change_type = 'delete_user' AND member_id = ?", left.ID))
		w.Advance(2 * time.Minute)
		w.Company("create_user", map[string]any{"userid": "ZhaoLiu", "name": "赵六", "department": []int{3}})
		back := w.Member("赵六")
		require.Equal(t, left.ID, back.ID, "the same person")
		require.Equal(t, store.MemberActive, back.Status)
		require.Nil(t, back.LeftAt)
		require.True(t, back.JoinedAt.After(*joined))
		w.Advance(2 * time.Minute)
		w.mirrors()
	})
}

// The same move told twice leaves one record of permissions (G1-4.3.2(2) AE4),
// and every event is on record.
func TestTheSameMoveTwice(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		var moved struct {
			Deliveries []sandbox.PressResult `json:"deliveries"`
		}
		w.post("contacts", map[string]any{"change_type": "update_user", "userid": "zhouba", "department": []int{4}}, &moved)
		w.Settle()
		require.Equal(t, []int64{4}, w.departmentsOf("周八"))
		for _, d := range moved.Deliveries {
			w.Redelivers(d.DeliveryID, 3, true)
		}
		w.Settle()
		w.Advance(2 * time.Minute)
		id := w.Member("周八").ID
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM permission_changes WHERE member_id = ?", id))
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM contact_events WHERE member_id = ? AND change_type = 'update_user'", id))
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM hand_overs WHERE member_id = ?", id)+w.rows("SELECT COUNT(*) FROM contact_checks"))
		w.mirrors()
	})
}

// What a member loses by moving he loses before anything is read from WeCom, and
// his open work stays his but is written down.
func TestMoveCountsWhileTheContactsCannotBeRead(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		w.Says("何静", "发通知 周八 请补报销单 需回复")
		w.Fails("user/get", map[string]any{"errcode": -1, "times": -1})
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4, 5}})
		require.Equal(t, []int64{4, 5}, w.departmentsOf("周八"))
		require.Equal(t, int64(4), w.Member("周八").MainDepartment, "one he is not in any more is not his main one")
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM hand_over_works WHERE state = 'listed' AND to_id = 0"))
		require.Contains(t, w.Says("周八", "我的待办"), "M20260302-0001")
		w.Heals()
		for range 6 {
			w.Waits(10 * time.Minute)
		}
		w.mirrors()
	})
}

// A rename onto an id that somebody else bears is refused and reported.
func TestRenameOntoSomebodyElse(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Equal(t, 200, w.ContactEvent(w.Now(), "update_user", "<UserID>zhaoliu</UserID><NewUserID>sunqi</NewUserID>"))
		w.Gets("陈立", "【通讯录】企业微信通知：赵六 的账号由 zhaoliu 改为 sunqi", "已是另一位成员孙七，没有改名")
		w.Advance(2 * time.Minute)
		w.mirrors()
	})
}

// Events about nobody, twice, in the wrong order, with empty elements, with only
// ids, with garbage: nothing breaks, and the mirror stays the company.
func TestContactEventsOfAnyForm(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		long := strings.Repeat("x", 70)
		forms := [][2]string{
			{"create_user", ""}, {"create_user", "<UserID></UserID>"}, {"create_user", "<UserID>nobody</UserID>"},
			{"create_user", "<UserID>nobody</UserID><Department></Department>"}, {"create_user", "<UserID>" + long + "</UserID>"},
			{"update_user", "<UserID>nobody</UserID><Department>3</Department>"}, {"update_user", "<UserID>zhaoliu</UserID><Department></Department>"},
			{"update_user", "<UserID>zhaoliu</UserID><Department>3,x,,99999999999999999999</Department>"},
			{"update_user", "<UserID>zhaoliu</UserID><Department>-3</Department><MainDepartment>abc</MainDepartment>"},
			{"update_user", "<UserID>zhaoliu</UserID><Department>3</Department><IsLeaderInDept>1,0,1</IsLeaderInDept>"},
			{"update_user", "<UserID>zhaoliu</UserID><NewUserID></NewUserID>"}, {"update_user", "<UserID>zhaoliu</UserID><NewUserID>a b</NewUserID>"},
			{"update_user", "<UserID>nobody</UserID><NewUserID>nobody2</NewUserID>"}, {"update_user", "<UserID>zhaoliu</UserID><NewUserID>ZHAOLIU</NewUserID>"},
			{"update_user", "<UserID>zhaoliu</UserID><DirectLeader></DirectLeader><Position></Position><Name></Name>"},
			{"update_user", "<UserID>zhaoliu</UserID><Department>" + strings.Repeat("3,", 200) + "3</Department>"},
			{"delete_user", "<UserID>nobody</UserID>"}, {"delete_user", ""}, {"delete_user", "<UserID>zhaoliu#merged-3</UserID>"},
			{"create_party", ""}, {"create_party", "<Id>0</Id>"}, {"create_party", "<Id>77</Id><ParentId></ParentId>"}, {"update_party", "<Id>3</Id><ParentId>3</ParentId>"},
			{"update_party", "<Id>abc</Id>"}, {"delete_party", "<Id>3</Id>"}, {"delete_party", "<Id>77</Id>"}, {"delete_party", ""},
			{"update_tag", ""}, {"update_tag", "<TagId>5</TagId>"}, {"update_tag", "<TagId>5</TagId><AddUserItems>zhaoliu,nobody,,</AddUserItems><DelPartyItems>x</DelPartyItems>"},
			{"update_tag", "<TagId>-1</TagId><DelUserItems>zhaoliu</DelUserItems>"}, {"no_such_change", "<UserID>zhaoliu</UserID>"},
			{"delete_user", "<UserID>sunqi</UserID>"}, // he is there all the same: the reading brings him back
		}
		for _, again := range []time.Duration{0, -time.Hour} {
			for i, f := range forms {
				require.Equal(t, 200, w.ContactEvent(w.Now().Add(again).Add(time.Duration(i)*time.Second), f[0], f[1]), f)
			}
		}
		w.Advance(3 * time.Minute)
		require.Empty(t, w.buried())
		w.To("2026-03-03 03:05")
		w.mirrors()
		require.Empty(t, w.buried())
		require.Zero(t, w.rows("SELECT COUNT(*) FROM deliveries WHERE state <> 'done'"))
	})
}

// A department loop, a member in forty departments, a department deleted with
// its members in it: the comparison ends and everybody is found.
func TestComparisonOfAStrangeCompany(t *testing.T) {
	strange := func(o *playground.Options) {
		c := sandbox.ExampleCompany()
		var forty []int
		for i := 101; i <= 140; i++ {
			c.Departments[i] = &sandbox.Department{ID: i, Name: fmt.Sprintf("小组%d", i), ParentID: i - 1, Order: 1}
			forty = append(forty, i)
		}
		c.Departments[101].ParentID = 3
		c.Members["zhaoliu"].Departments, c.Members["zhaoliu"].MainDepartment = forty, 120
		c.Members["zhaoliu"].IsLeader, c.Members["zhaoliu"].Order = make([]int, 40), make([]int64, 40)
		o.Platform.Company = c
	}
	eachWith(t, strange, func(t *testing.T, w *World) {
		w.mirrors()
		require.Len(t, w.departmentsOf("赵六"), 40)
		require.Contains(t, w.Says("邵静", "发通知 小组101 晨会"), "已通知 1 人")
		// The mirror's tree is a loop until the next comparison.
		w.exec("UPDATE departments SET parent_id = 140 WHERE id IN (101, 3)")
		w.exec("UPDATE settings SET value = '42' WHERE name = 'people.revision'")
		require.Contains(t, w.Says("邵静", "发通知 小组101 午会"), "已通知")
		require.Contains(t, w.Says("赵六", "我的权限"), "权限")
		w.To("2026-03-03 03:01")
		require.Zero(t, w.rows("SELECT COUNT(*) FROM departments WHERE parent_id = 140"))
		w.mirrors()
		// Told that a department with members is gone, everybody in it is read.
		w.ContactEvent(w.Now(), "delete_party", "<Id>7</Id>")
		w.Advance(2 * time.Minute)
		require.Equal(t, store.MemberActive, w.Member("何静").Status)
		require.Zero(t, w.rows("SELECT COUNT(*) FROM departments WHERE gone <> 0"), "it is there, so it is back")
	})
}

// An interface that refuses, is limited, or answers half makes nobody gone, and
// the comparison goes on where it stopped.
func TestHalfAnAnswerMakesNobodyGone(t *testing.T) {
	for _, errcode := range []int{60011, 48009, 45009, 45033, -1, 40001} {
		t.Run(fmt.Sprint(errcode), func(t *testing.T) {
			eachWith(t, func(o *playground.Options) { patient(o) }, func(t *testing.T, w *World) {
				before := w.rows("SELECT SUM(version) FROM members")
				w.Fails("user/list", map[string]any{"errcode": errcode, "times": 3})
				w.To("2026-03-03 03:01")
				for range 8 {
					w.Waits(time.Minute)
					w.Advance(time.Minute)
				}
				w.Advance(70 * time.Minute)
				w.Heals()
				w.Waits(70 * time.Minute)
				w.Advance(70 * time.Minute)
				w.mirrors()
				require.Equal(t, before, w.rows("SELECT SUM(version) FROM members"), "nobody was touched")
				require.Equal(t, 0, w.rows("SELECT COUNT(*) FROM hand_overs"))
			})
		})
	}
}

// Who bears a tag follows the events, also for a tag nobody told of before and a
// userid that changes; the night finds what was lost.
func TestTagsAreMirrored(t *testing.T) {
	eachWith(t, noRetries, func(t *testing.T, w *World) {
		tagged := func() string {
			return fmt.Sprint(w.rows("SELECT COUNT(*) FROM tags"), w.rows("SELECT COUNT(*) FROM tag_members WHERE tag_id = 77"),
				w.rows("SELECT COUNT(*) FROM tag_departments WHERE tag_id = 77"))
		}
		before := w.rows("SELECT COUNT(*) FROM tags")
		w.Company("update_tag", map[string]any{"tag_id": 77, "name": "审计组", "add_user_items": []string{"zhaoliu", "sunqi"}, "add_party_items": []int{7}})
		require.Equal(t, fmt.Sprint(before+1, 2, 1), tagged())
		w.Company("update_user", map[string]any{"userid": "sunqi", "new_userid": "sun.qi"})
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM tag_members WHERE userid_fold = 'sun.qi'"))
		w.Company("update_tag", map[string]any{"tag_id": 77, "del_user_items": []string{"zhaoliu"}, "del_party_items": []int{7}})
		require.Equal(t, fmt.Sprint(before+1, 1, 0), tagged())
		require.Equal(t, 2, w.rows("SELECT COUNT(*) FROM contact_events WHERE change_type = 'update_tag' AND object_id = 77"))
		w.Down()
		w.post("contacts", map[string]any{"change_type": "update_tag", "tag_id": 77, "add_user_items": []string{"zhouba"}, "add_party_items": []int{3}}, nil)
		w.Up()
		w.To("2026-03-03 03:01")
		require.Equal(t, fmt.Sprint(before+1, 2, 1), tagged())
	})
}

// A list of departments too large for one answer is read one by one.
func TestManyDepartmentsAreReadOneByOne(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("update_party", map[string]any{"id": 15, "name": "生产二部"}) // of which no event tells
		w.Fails("department/list", map[string]any{"errcode": 45029, "times": -1})
		w.To("2026-03-03 03:01")
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM departments WHERE id = 15 AND name = '生产二部'"))
		require.Zero(t, w.rows("SELECT COUNT(*) FROM departments WHERE gone <> 0"))
		w.mirrors()
	})
}

// exec changes the app's database behind its back.
func (w *World) exec(statement string) {
	w.t.Helper()
	driver := "sqlite"
	if w.db.Driver == "mysql" {
		driver = "mysql"
	}
	conn, done := w.database(driver)
	defer done()
	_, err := conn.ExecContext(w.t.Context(), statement)
	require.NoError(w.t, err)
}

// Whatever happens to the company, in whatever order its events come, lost,
// twice or late, with comparisons in between: in the end the mirror is the
// company.
func TestEventsInAnyOrderEndInTheCompany(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, storetest.SQLite(t), noRetries)
			w.randomly(rand.New(rand.NewPCG(seed, 7)))
		})
	}
}

func (w *World) randomly(r *rand.Rand) {
	var kept []int64 // deliveries that may come again
	names := []string{"zhaoliu", "sunqi", "zhouba", "wujiu", "zhengshi", "qianshiyi"}
	fresh := 0
	for range 40 {
		i := r.IntN(len(names))
		edit := map[string]any{"change_type": "update_user", "userid": names[i], "full": r.IntN(2) == 0}
		switch r.IntN(7) {
		case 0:
			edit["department"] = []int{2 + r.IntN(10), 12 + r.IntN(3)}
		case 1:
			edit["department"] = []int{2 + r.IntN(13)}
			edit["is_leader_in_dept"] = []int{r.IntN(2)}
		case 2:
			edit["change_type"] = "delete_user"
			names = slices.Delete(names, i, i+1)
		case 3:
			fresh++
			names = append(names, fmt.Sprintf("fresh%d", fresh))
			edit = map[string]any{"change_type": "create_user", "userid": names[len(names)-1], "name": "新人", "department": []int{2 + r.IntN(13)}}
		case 4:
			fresh++
			edit["new_userid"] = fmt.Sprintf("renamed%d", fresh)
			if strings.HasPrefix(names[i], "renamed") {
				continue // WeCom lets a userid be changed once
			}
			names[i] = edit["new_userid"].(string)
		case 5:
			w.Advance(time.Duration(r.IntN(3)) * time.Minute)
			w.exec("INSERT INTO jobs (kind, args, state, run_at, wake_at, max_attempts, order_key, unique_key, once, entered, created_at) " +
				"SELECT 'people.compare', '{}', 'waiting', MAX(updated_at), MAX(updated_at), 10, '', '', 0, 0, MAX(updated_at) FROM members")
			w.Settle()
			continue
		case 6:
			if len(kept) > 0 {
				w.Redelivers(kept[r.IntN(len(kept))], 1, false)
				w.Settle()
			}
			continue
		}
		lost := r.IntN(4) == 0
		if lost {
			w.Down()
		}
		var told struct {
			Deliveries []sandbox.PressResult `json:"deliveries"`
		}
		w.note("%v lost %t", edit, lost)
		w.post("contacts", edit, &told)
		for _, d := range told.Deliveries {
			kept = append(kept, d.DeliveryID)
		}
		if lost {
			w.upWithoutReading()
		}
		if r.IntN(2) == 0 {
			w.Settle()
		}
	}
	for _, i := range r.Perm(len(kept)) { // all of it again, in any order
		w.Redelivers(kept[i], 1, false)
	}
	w.To("2026-03-03 03:30")
	w.mirrors()
	require.Empty(w.t, w.buried())
}
