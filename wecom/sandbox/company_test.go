package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The example company of guide.md 0.6 and G1-4.2(3).
func TestExampleCompanyG1_4_2_3(t *testing.T) {
	r := newRig(t)
	depts := r.control(http.MethodGet, "/departments", nil)["departments"].([]any)
	require.Len(t, depts, 15)
	require.Equal(t, "规矩科技", depts[0].(object)["name"])
	heads := map[string]string{"行政部": "chenli", "销售部": "shaojing", "市场部": "shenyue", "技术支持部": "linxiu", "人事部": "hanmei", "财务部": "hejing",
		"信息安全部门": "fangan", "流程管理部门": "tangliu", "项目管理部门": "panmeng", "信息管理部门": "jiangxin", "设备管理部门": "mashe",
		"总经理办公室": "gaozong", "研发部": "luoyan", "生产一部": "caochan"}
	ids := map[string]float64{}
	for i, d := range depts {
		d := d.(object)
		require.Equal(t, float64(i+1), d["id"])
		ids[d["name"].(string)] = d["id"].(float64)
		if head := heads[d["name"].(string)]; head != "" {
			require.Equal(t, []any{head}, d["department_leader"])
		}
	}
	members := map[string]object{}
	for _, m := range r.control(http.MethodGet, "/members", nil)["members"].([]any) {
		members[m.(object)["userid"].(string)] = m.(object)
	}
	require.Len(t, members, 33)
	for name, place := range map[string]string{"zhangsan": "行政部", "lisi": "行政部", "wangwu": "行政部", "zhaoliu": "销售部", "sunqi": "销售部", "zhouba": "销售部",
		"wujiu": "市场部", "zhengshi": "市场部", "qianshiyi": "市场部", "sunshier": "技术支持部", "lishisan": "技术支持部", "zhoushisi": "技术支持部",
		"wushiwu": "人事部", "zhengshiliu": "人事部", "qianshiqi": "人事部", "weiwei": "销售部", "denggong": "研发部", "jiangyi": "生产一部"} {
		require.Equal(t, ids[place], members[name]["main_department"], name)
		leader := heads[place]
		if name == "zhaoliu" {
			leader = "weiwei"
		}
		require.Equal(t, []any{leader}, members[name]["direct_leader"], name)
		require.Equal(t, false, members[name]["is_leader"])
	}
	for place, head := range heads {
		want := []any{"gaozong"}
		if head == "gaozong" {
			want = []any{}
		}
		require.Equal(t, want, members[head]["direct_leader"], place)
		require.Equal(t, true, members[head]["is_leader"])
	}
}

func TestContactReadsFollowTheVisibleRange(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Apps[0].VisibleParties, o.Apps[0].VisibleUsers = []int{3}, []string{"GaoZong"} })
	get := func(path string) object { return r.api(http.MethodGet, path, nil) }
	m := get("user/get?userid=ZhaoLiu")
	require.Equal(t, "zhaoliu", m["userid"])
	require.Equal(t, "0", m["gender"], "a string")
	require.Nil(t, m["mobile"], "new apps never get it")
	require.Equal(t, 3.0, m["main_department"])
	boss := get("user/get?userid=gaozong")
	require.Empty(t, boss["department"], "his department is out of range")
	require.Nil(t, boss["main_department"])
	for path, want := range map[string]int{
		"user/get?userid=wujiu": 60011, "user/get?userid=nobody": 60111, "user/get": 41009,
		"user/list?department_id=4": 60011, "user/list?department_id=99": 60003, "user/list?department_id=x": 60123, "user/list": 40058,
		"department/get?id=4": 60011, "department/get?id=3": 0, "department/simplelist?id=3": 0, "tag/get": 41017, "tag/get?tagid=9": 40068,
		"tag/get?tagid=1": 81011, "tag/list": 0, "agent/get?agentid=1000002": 0, "agent/get?agentid=x": 40056, "agent/get?agentid=7": 301002, "agent/list": 0,
	} {
		require.Equal(t, want, code(get(path)), path)
	}
	require.Len(t, get("user/list?department_id=3")["userlist"], 5)
	require.Len(t, get("user/simplelist?department_id=3")["userlist"].([]any)[0], 3)
	require.Len(t, get("department/list")["department"], 1)
	require.Equal(t, 46004, code(r.post("user/getuserid", object{"mobile": "13899999999"})))

	old := newRig(t, func(o *Options) { o.Apps[0].Privacy = true })
	full := old.api(http.MethodGet, "user/get?userid=zhaoliu", nil)
	require.NotEmpty(t, full["mobile"])
	require.Equal(t, "zhaoliu", old.post("user/getuserid", object{"mobile": full["mobile"]})["userid"])
	require.Equal(t, "zhaoliu", old.post("user/get_userid_by_email", object{"email": full["biz_mail"]})["userid"])
	require.Len(t, old.api(http.MethodGet, "department/list", nil)["department"], 15)
	require.Len(t, old.api(http.MethodGet, "tag/get?tagid=1", nil)["userlist"], 14)
}

func (r *rig) edit(body object) object {
	r.t.Helper()
	return r.control(http.MethodPost, "/contacts", body)
}

// lastOf is the newest plaintext at a receiver.
func (r *rig) lastOf(receiver string) string {
	r.t.Helper()
	got := r.app.texts(receiver)
	require.NotEmpty(r.t, got)
	return got[len(got)-1]
}

func TestContactEventsReduced(t *testing.T) {
	r := newRig(t)
	r.edit(object{"change_type": "create_user", "UserID": "ZhaoYan", "Name": "赵妍", "Department": "7,2", "Position": "会计"})
	text := r.lastOf(contactsReceiver)
	require.Contains(t, text, "<FromUserName><![CDATA[sys]]></FromUserName>")
	require.Contains(t, text, "<ChangeType><![CDATA[create_user]]></ChangeType><UserID><![CDATA[ZhaoYan]]></UserID><Department><![CDATA[7,2]]></Department></xml>")
	require.Contains(t, r.lastOf("assistant"), "<Event><![CDATA[subscribe]]></Event>")
	n := len(r.app.received())
	require.Empty(t, r.edit(object{"change_type": "update_user", "UserID": "zhaoyan", "Name": "赵言"})["deliveries"], "a new name is not told")
	require.Len(t, r.app.received(), n)
	r.edit(object{"change_type": "update_user", "UserID": "zhaoyan", "Department": []int{7}})
	require.Contains(t, r.lastOf(contactsReceiver), "<UserID><![CDATA[ZhaoYan]]></UserID><Department><![CDATA[7]]></Department></xml>")

	r.say("zhaoyan", "我在")
	r.edit(object{"change_type": "update_user", "UserID": "zhaoyan", "NewUserID": "zyan"})
	require.Contains(t, r.lastOf(contactsReceiver), "<UserID><![CDATA[ZhaoYan]]></UserID><NewUserID><![CDATA[zyan]]></NewUserID>")
	require.Equal(t, "zyan", r.last("zyan")["from"], "his chat moves along")
	r.refused("/contacts", object{"change_type": "update_user", "UserID": "zyan", "NewUserID": "zy2"}, "NewUserID")

	r.edit(object{"change_type": "delete_user", "UserID": "zyan"})
	require.Contains(t, r.lastOf(contactsReceiver), "<ChangeType><![CDATA[delete_user]]></ChangeType><UserID><![CDATA[zyan]]></UserID></xml>")
	require.Contains(t, r.lastOf("assistant"), "<Event><![CDATA[unsubscribe]]></Event>")
	r.refused("/say", object{"user": "zyan", "app": "assistant", "text": "x"}, "user")

	r.edit(object{"change_type": "create_party", "Name": "采购组", "ParentId": 7})
	require.Contains(t, r.lastOf(contactsReceiver), "<Id>16</Id><ParentId><![CDATA[7]]></ParentId></xml>")
	require.Empty(t, r.edit(object{"change_type": "update_party", "Id": 16, "Name": "采购二组"})["deliveries"])
	r.edit(object{"change_type": "update_party", "Id": "16", "ParentId": "2"})
	require.Contains(t, r.lastOf(contactsReceiver), "<ChangeType><![CDATA[update_party]]></ChangeType><Id>16</Id><ParentId><![CDATA[2]]></ParentId></xml>")
	r.edit(object{"change_type": "delete_party", "Id": 16})
	r.edit(object{"change_type": "update_tag", "TagId": 5, "AddUserItems": []string{"zhaoliu"}, "AddPartyItems": "7"})
	require.Contains(t, r.lastOf(contactsReceiver), "<TagId>5</TagId><AddUserItems><![CDATA[zhaoliu]]></AddUserItems><DelUserItems><![CDATA[]]></DelUserItems><AddPartyItems><![CDATA[7]]></AddPartyItems>")
	require.Equal(t, 0, code(r.post("message/send", object{"totag": "5", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}})))
	require.Len(t, r.chat("hejing"), 1, "the tag's department")
}

func TestContactEventsFull(t *testing.T) {
	r := newRig(t)
	out := r.edit(object{"change_type": "create_user", "full": true, "UserID": "zhaoyan", "Name": "赵妍", "Department": "7,12", "IsLeaderInDept": "0,1",
		"DirectLeader": "hejing", "Mobile": "13900000000", "Gender": 2, "ExtAttr": []object{{"name": "工号", "type": 0, "value": "E0193"}, {"name": "主页", "type": 1, "title": "介绍", "url": "https://me.e.cn"}}})
	require.Len(t, out["deliveries"], 3, "create_user and update_user in one second, and subscribe")
	got := r.app.texts(contactsReceiver)
	all := strings.Join(got, "")
	for _, want := range []string{"<ChangeType><![CDATA[create_user]]>", "<ChangeType><![CDATA[update_user]]>", "<MainDepartment>7</MainDepartment>",
		"<IsLeaderInDept><![CDATA[0,1]]></IsLeaderInDept>", "<DirectLeader><![CDATA[hejing]]></DirectLeader>", "<Gender>2</Gender>",
		"<Item><Name><![CDATA[工号]]></Name><Type>0</Type><Text><Value><![CDATA[E0193]]></Value></Text></Item>", "<Web><Title><![CDATA[介绍]]></Title><Url>"} {
		require.Contains(t, all, want)
	}
	r.edit(object{"change_type": "update_user", "full": true, "UserID": "zhaoyan", "Position": "会计"})
	text := r.lastOf(contactsReceiver)
	require.Contains(t, text, "<Position><![CDATA[会计]]></Position>")
	require.NotContains(t, text, "<Name>", "only what changed")
	r.edit(object{"change_type": "update_user", "full": true, "UserID": "zhaoyan", "Status": 2})
	require.Contains(t, r.lastOf("assistant"), "unsubscribe")
	require.Equal(t, 81013, code(r.post("message/send", text2("zhaoyan"))), "a disabled member is not reached")
}

func text2(to string) object { return text(to, "x") }

func TestContactEditsThatCannotBe(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		field string
		body  object
	}{
		{"change_type", object{"change_type": "burn"}},
		{"UserID", object{"change_type": "create_user", "Name": "x", "Department": 1}},
		{"UserID", object{"change_type": "create_user", "UserID": "ZHAOLIU", "Name": "x", "Department": 1}},
		{"Name", object{"change_type": "create_user", "UserID": "a", "Department": 1}},
		{"Department", object{"change_type": "create_user", "UserID": "a", "Name": "x", "Department": 99}},
		{"Department", object{"change_type": "create_user", "UserID": "a", "Name": "x", "Department": "one"}},
		{"Department", object{"change_type": "create_user", "UserID": "a", "Name": "x"}},
		{"IsLeaderInDept", object{"change_type": "update_user", "UserID": "zhaoliu", "IsLeaderInDept": "1,1"}},
		{"MainDepartment", object{"change_type": "update_user", "UserID": "zhaoliu", "MainDepartment": 9}},
		{"DirectLeader", object{"change_type": "update_user", "UserID": "zhaoliu", "DirectLeader": "nobody"}},
		{"Status", object{"change_type": "update_user", "UserID": "zhaoliu", "Status": 3}},
		{"NewUserID", object{"change_type": "update_user", "UserID": "zhaoliu", "NewUserID": "SunQi"}},
		{"UserID", object{"change_type": "delete_user", "UserID": "nobody"}},
		{"Id", object{"change_type": "delete_party", "Id": 3}},
		{"Id", object{"change_type": "delete_party", "Id": 1}},
		{"ParentId", object{"change_type": "update_party", "Id": 3, "ParentId": 3}},
		{"ParentId", object{"change_type": "create_party", "Name": "x", "ParentId": 99}},
		{"TagId", object{"change_type": "update_tag"}},
		{"AddUserItems", object{"change_type": "update_tag", "TagId": 1, "AddUserItems": "nobody"}},
		{"Colour", object{"change_type": "update_tag", "Colour": 1}},
	} {
		r.refused("/contacts", c.body, c.field)
	}
	require.Empty(t, r.app.received())
}

// A link in a member's chat is opened in his name where the page may ask who he is, and as it is elsewhere.
func TestLinksOfAChatNameTheirMember(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Apps[0].TrustedDomain = "flow.example.cn" })
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	open := func(user, link string) *http.Response {
		resp, err := client.Get(r.url + "/sandbox/open?" + url.Values{"user": {user}, "url": {link}}.Encode())
		require.NoError(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	require.Equal(t, "https://flow.example.cn/form/?a=1&sandbox_user=zhaoliu", open("zhaoliu", "https://flow.example.cn/form/?a=1").Header.Get("Location"))
	require.Equal(t, "https://other.example.cn/x", open("zhaoliu", "https://other.example.cn/x").Header.Get("Location"))
	for _, bad := range [][2]string{{"nobody", "https://flow.example.cn/"}, {"zhaoliu", "javascript:alert(1)"}, {"zhaoliu", "/form/"}, {"zhaoliu", ""}} {
		require.Equal(t, http.StatusBadRequest, open(bad[0], bad[1]).StatusCode, bad)
	}
}

func TestOAuth(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Apps[0].TrustedDomain = "flow.example.cn:8443" })
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	authorize := func(change map[string]string) *http.Response {
		q := url.Values{"appid": {r.p.opts.CorpID}, "redirect_uri": {"https://flow.example.cn:8443/cb?x=1"}, "response_type": {"code"},
			"scope": {"snsapi_privateinfo"}, "state": {"k3Nf0Zq8"}, "agentid": {"1000002"}, "sandbox_user": {"zhaoliu"}}
		for k, v := range change {
			q.Set(k, v)
		}
		resp, err := client.Get(r.url + "/connect/oauth2/authorize?" + q.Encode())
		require.NoError(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	for _, bad := range []map[string]string{{"appid": "x"}, {"redirect_uri": "https://evil.cn/cb"}, {"redirect_uri": "https://flow.example.cn/cb"}, {"redirect_uri": "javascript:1"},
		{"response_type": "token"}, {"scope": "all"}, {"state": "a b"}, {"agentid": "7"}, {"sandbox_user": "nobody"}} {
		require.Equal(t, http.StatusBadRequest, authorize(bad).StatusCode, bad)
	}
	require.Equal(t, http.StatusOK, authorize(map[string]string{"sandbox_user": ""}).StatusCode, "a page to pick the member")
	login := func(change map[string]string) string {
		resp := authorize(change)
		require.Equal(t, http.StatusFound, resp.StatusCode)
		to, err := url.Parse(resp.Header.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "flow.example.cn:8443", to.Host)
		require.Equal(t, "k3Nf0Zq8", to.Query().Get("state"))
		require.Equal(t, "1", to.Query().Get("x"))
		return to.Query().Get("code")
	}
	info := func(code string) object { return r.api(http.MethodGet, "auth/getuserinfo?code="+code, nil) }
	one := login(nil)
	out := info(one)
	require.Equal(t, "zhaoliu", out["userid"])
	detail := r.post("auth/getuserdetail", object{"user_ticket": out["user_ticket"]})
	require.NotEmpty(t, detail["mobile"])
	require.Equal(t, 40029, code(info(one)), "once")
	require.Equal(t, 40029, code(info("junk")))
	require.Equal(t, 41008, code(info("")))
	require.Nil(t, info(login(map[string]string{"scope": "snsapi_base"}))["user_ticket"])
	late := login(nil)
	r.advance("5m")
	require.Equal(t, 42003, code(info(late)))
	r.advance("26m")
	require.Equal(t, 84014, code(r.post("auth/getuserdetail", object{"user_ticket": out["user_ticket"]})))
	require.Equal(t, 84015, code(r.post("auth/getuserdetail", object{"user_ticket": "x"})))
}
