package wecom_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
)

const memberFixture = `"userid":"chenyu","name":"陈宇","department":[12,1],"order":[0,0],"position":"采购专员","gender":"0","is_leader_in_dept":[0,1],"direct_leader":["linmo"],"telephone":"0755-80001234","alias":"yu","main_department":12,"extattr":{"attrs":[{"type":0,"name":"工号","text":{"value":"F0042"}}]},"status":1,"external_position":"","external_profile":{"external_corp_name":"","external_attr":[]}`

func chenyu() wecom.Member {
	number := wecom.Attribute{Name: "工号"}
	number.Text.Value = "F0042"
	return wecom.Member{
		UserID: "chenyu", Name: "陈宇", Alias: "yu", Position: "采购专员", Departments: []int{12, 1}, Orders: []int{0, 0},
		IsLeader: []int{0, 1}, DirectLeaders: []string{"linmo"}, MainDepartment: 12, Status: wecom.Activated, Gender: "0",
		Telephone: "0755-80001234", Attributes: wecom.Attributes{Attrs: []wecom.Attribute{number}},
	}
}

func TestMembers(t *testing.T) {
	p := newPlatform(t)
	p.answers("user/get", `{"errcode":0,"errmsg":"ok",`+memberFixture+`}`)
	p.answers("user/list", `{"errcode":0,"errmsg":"ok","userlist":[{`+memberFixture+`}]}`)
	p.answers("user/simplelist", `{"errcode":0,"errmsg":"ok","userlist":[{"userid":"chenyu","name":"陈宇","department":[12,1]},{"userid":"linmo","name":"林默","department":[12]}]}`)
	p.answers("user/list_id", `{"errcode":0,"errmsg":"ok","next_cursor":"cur_0002","dept_user":[{"userid":"chenyu","department":12},{"userid":"chenyu","department":1}]}`)
	c := p.client(wecom.Options{})

	one, err := c.Member(ctx, "chenyu")
	require.NoError(t, err)
	require.Equal(t, chenyu(), one)
	require.False(t, one.Leads(12))
	require.True(t, one.Leads(1))
	require.False(t, one.Leads(2))

	all, err := c.Members(ctx, 12)
	require.NoError(t, err)
	require.Equal(t, []wecom.Member{chenyu()}, all)
	require.Equal(t, []string{"12"}, p.calls("user/list")[0].query["department_id"])

	names, err := c.MemberNames(ctx, 12)
	require.NoError(t, err)
	require.Equal(t, []wecom.MemberName{{UserID: "chenyu", Name: "陈宇", Departments: []int{12, 1}}, {UserID: "linmo", Name: "林默", Departments: []int{12}}}, names)

	rows, next, err := c.MemberIDs(ctx, "cur_0001", 10000)
	require.NoError(t, err)
	require.Equal(t, "cur_0002", next)
	require.Equal(t, []wecom.MemberDepartment{{UserID: "chenyu", Department: 12}, {UserID: "chenyu", Department: 1}}, rows)
	require.JSONEq(t, `{"cursor":"cur_0001","limit":10000}`, p.calls("user/list_id")[0].body)
	_, _, err = c.MemberIDs(ctx, "", 10001)
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
}

func TestMemberIDsAreEscaped(t *testing.T) {
	p := newPlatform(t)
	p.answers("user/get", `{"errcode":0,"userid":"x"}`)
	c := p.client(wecom.Options{})
	_, err := c.Member(ctx, "a&userid=b#c+d 陈")
	require.NoError(t, err)
	require.Equal(t, []string{"a&userid=b#c+d 陈"}, p.calls("user/get")[0].query["userid"])
	_, err = c.Member(ctx, "")
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
}

func TestDepartmentsAndTags(t *testing.T) {
	p := newPlatform(t)
	const purchasing = `{"id":12,"name":"采购部","name_en":"Purchasing","department_leader":["linmo"],"parentid":1,"order":10}`
	p.answers("department/get", `{"errcode":0,"errmsg":"ok","department":`+purchasing+`}`)
	p.answers("department/list", `{"errcode":0,"errmsg":"ok","department":[`+purchasing+`]}`)
	p.answers("department/simplelist", `{"errcode":0,"errmsg":"ok","department_id":[{"id":1,"parentid":0,"order":100000000},{"id":12,"parentid":1,"order":10}]}`)
	p.answers("tag/list", `{"errcode":0,"errmsg":"ok","taglist":[{"tagid":3,"tagname":"审批管理员"}]}`)
	p.answers("tag/get", `{"errcode":0,"errmsg":"ok","tagname":"审批管理员","userlist":[{"userid":"linmo","name":"林默"}],"partylist":[12]}`)
	c := p.client(wecom.Options{})
	want := wecom.Department{ID: 12, Name: "采购部", NameEN: "Purchasing", Leaders: []string{"linmo"}, ParentID: 1, Order: 10}

	one, err := c.Department(ctx, 12)
	require.NoError(t, err)
	require.Equal(t, want, one)
	all, err := c.Departments(ctx, 0)
	require.NoError(t, err)
	require.Equal(t, []wecom.Department{want}, all)
	require.Nil(t, p.calls("department/list")[0].query["id"])
	ids, err := c.DepartmentIDs(ctx, 0)
	require.NoError(t, err)
	require.Equal(t, []wecom.DepartmentID{{ID: 1, Order: 100000000}, {ID: 12, ParentID: 1, Order: 10}}, ids)
	require.Nil(t, p.calls("department/simplelist")[0].query["id"], "no id: whatever the app may see")
	_, err = c.DepartmentIDs(ctx, 12)
	require.NoError(t, err)
	require.Equal(t, []string{"12"}, p.calls("department/simplelist")[1].query["id"])

	tags, err := c.Tags(ctx)
	require.NoError(t, err)
	require.Equal(t, []wecom.Tag{{ID: 3, Name: "审批管理员"}}, tags)
	tag, err := c.Tag(ctx, 3)
	require.NoError(t, err)
	require.Equal(t, wecom.Tag{ID: 3, Name: "审批管理员", Members: []wecom.MemberName{{UserID: "linmo", Name: "林默"}}, Departments: []int{12}}, tag)
}
