package wecom

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	sdkcontacts "github.com/silenceper/wechat/v2/work/addresslist"
	sdkcontext "github.com/silenceper/wechat/v2/work/context"
)

// Member is a member as the app may see him. Since 2022-06-20 new apps never get Mobile, Email, BizMail, Avatar.
type Member struct {
	UserID         string       `json:"userid"`
	Name           string       `json:"name"`
	Alias          string       `json:"alias"`
	Position       string       `json:"position"`
	Departments    []int        `json:"department"` // only those the app may see
	Orders         []int        `json:"order"`      // same length as Departments; bigger first
	IsLeader       []int        `json:"is_leader_in_dept"`
	DirectLeaders  []string     `json:"direct_leader"`
	MainDepartment int          `json:"main_department"` // 0 when the app may not see it
	Status         MemberStatus `json:"status"`
	Gender         string       `json:"gender"` // "0" unknown, "1" male, "2" female
	Telephone      string       `json:"telephone"`
	Mobile         string       `json:"mobile"`
	Email          string       `json:"email"`
	BizMail        string       `json:"biz_mail"`
	Avatar         string       `json:"avatar"`
	Attributes     Attributes   `json:"extattr"`
}

// Leads reports whether the member is a head of the department.
func (m Member) Leads(department int) bool {
	for i, d := range m.Departments {
		if d == department && i < len(m.IsLeader) {
			return m.IsLeader[i] == 1
		}
	}
	return false
}

// MemberStatus is the state of a member's account.
type MemberStatus int

// The states of an account [90196].
const (
	Activated    MemberStatus = 1
	Disabled     MemberStatus = 2
	NotActivated MemberStatus = 4
	LeftCorp     MemberStatus = 5
)

// Attributes are the company's own fields of a member, such as 工号.
type Attributes struct {
	Attrs []Attribute `json:"attrs"`
}

// Attribute is a text (type 0) or a link (type 1).
type Attribute struct {
	Type int    `json:"type"`
	Name string `json:"name"`
	Text struct {
		Value string `json:"value"`
	} `json:"text"`
	Web struct {
		URL   string `json:"url"`
		Title string `json:"title"`
	} `json:"web"`
}

// MemberName is a member as department lists show him.
type MemberName struct {
	UserID      string
	Name        string
	Departments []int
}

// Department is a department; the root has ID 1.
type Department struct {
	ID       int
	Name     string
	NameEN   string
	Leaders  []string // userids
	ParentID int
	Order    int // bigger first
}

// DepartmentID is a department without its name.
type DepartmentID struct {
	ID       int `json:"id"`
	ParentID int `json:"parentid"`
	Order    int `json:"order"`
}

// Member returns one member (user/get [90196]).
func (c *Client) Member(ctx context.Context, userID string) (Member, error) {
	var k checks
	k.need("userid", userID, maxUserID)
	if k.err != nil {
		return Member{}, fmt.Errorf("read member: %w", k.err)
	}
	var m Member
	err := c.viaSDK(ctx, "user/get", func(sdk *sdkcontext.Context) error {
		// The SDK writes parameters into the query as they are, so they are escaped here and below.
		got, err := sdkcontacts.NewClient(sdk).UserGet(url.QueryEscape(userID))
		if err != nil {
			return err
		}
		m = Member{
			UserID: got.UserID, Name: got.Name, Alias: got.Alias, Position: got.Position,
			Departments: got.Department, Orders: got.Order, IsLeader: got.IsLeaderInDept, DirectLeaders: got.DirectLeader,
			MainDepartment: got.MainDepartment, Status: MemberStatus(got.Status), Gender: got.Gender,
			Telephone: got.Telephone, Mobile: got.Mobile, Email: got.Email, BizMail: got.BizMail, Avatar: got.Avatar,
		}
		for _, a := range got.Extattr.Attrs {
			m.Attributes.Attrs = append(m.Attributes.Attrs, Attribute(a))
		}
		return nil
	})
	return m, err
}

// Members returns the direct members of a department with all details (user/list [90201], which the SDK lacks).
func (c *Client) Members(ctx context.Context, department int) ([]Member, error) {
	var got struct {
		UserList []Member `json:"userlist"`
	}
	err := c.call(ctx, get("user/list", url.Values{"department_id": {strconv.Itoa(department)}}), &got)
	return got.UserList, err
}

// MemberNames returns the direct members of a department (user/simplelist [90200]).
func (c *Client) MemberNames(ctx context.Context, department int) ([]MemberName, error) {
	var names []MemberName
	err := c.viaSDK(ctx, "user/simplelist", func(sdk *sdkcontext.Context) error {
		got, err := sdkcontacts.NewClient(sdk).UserSimpleList(department)
		if err != nil {
			return err
		}
		for _, m := range got {
			names = append(names, MemberName{UserID: m.UserID, Name: m.Name, Departments: m.Department})
		}
		return nil
	})
	return names, err
}

// MemberDepartment says that a member belongs to a department; a member of n departments has n of them.
type MemberDepartment struct {
	UserID     string
	Department int
}

// MemberIDs returns one page of at most limit (≤ 10,000) rows of the whole company and the cursor of the next, empty
// at the end (user/list_id [96067], contact-sync secret only).
func (c *Client) MemberIDs(ctx context.Context, cursor string, limit int) (rows []MemberDepartment, next string, err error) {
	if limit < 1 || limit > 10_000 {
		return nil, "", fmt.Errorf("list member ids: %w", &InvalidError{"limit", "allowed are 1 to 10000"})
	}
	err = c.viaSDK(ctx, "user/list_id", func(sdk *sdkcontext.Context) error {
		got, err := sdkcontacts.NewClient(sdk).UserListID(&sdkcontacts.UserListIDRequest{Cursor: cursor, Limit: limit})
		if err != nil {
			return err
		}
		next = got.NextCursor
		for _, r := range got.DeptUser {
			rows = append(rows, MemberDepartment{UserID: r.UserID, Department: r.Department})
		}
		return nil
	})
	return rows, next, err
}

// Departments returns root and everything below it, or all departments the app may see when root is 0
// (department/list [90208]).
func (c *Client) Departments(ctx context.Context, root int) ([]Department, error) {
	var departments []Department
	err := c.viaSDK(ctx, "department/list", func(sdk *sdkcontext.Context) error {
		got, err := sdkcontacts.NewClient(sdk).DepartmentListByID(root)
		if err != nil {
			return err
		}
		for _, d := range got {
			departments = append(departments, department(*d))
		}
		return nil
	})
	return departments, err
}

// Department returns one department (department/get [95351]).
func (c *Client) Department(ctx context.Context, id int) (Department, error) {
	var d Department
	err := c.viaSDK(ctx, "department/get", func(sdk *sdkcontext.Context) error {
		got, err := sdkcontacts.NewClient(sdk).DepartmentGet(id)
		if err != nil {
			return err
		}
		d = department(*got)
		return nil
	})
	return d, err
}

func department(d sdkcontacts.Department) Department {
	return Department{
		ID: d.ID, Name: d.Name, NameEN: d.NameEn, Leaders: d.DepartmentLeader, ParentID: d.ParentID, Order: d.Order,
	}
}

// DepartmentIDs returns the ids of root and everything below it, or of all departments the app may see when root is 0
// (department/simplelist [95350]). The SDK's call always sends an id, which the root may not be allowed to be.
func (c *Client) DepartmentIDs(ctx context.Context, root int) ([]DepartmentID, error) {
	query := url.Values{}
	if root != 0 {
		query.Set("id", strconv.Itoa(root))
	}
	var got struct {
		DepartmentID []DepartmentID `json:"department_id"`
	}
	err := c.call(ctx, get("department/simplelist", query), &got)
	return got.DepartmentID, err
}

// Tag is a named set of members and departments; only the visible members are listed.
type Tag struct {
	ID          int
	Name        string
	Members     []MemberName // userid and name
	Departments []int
}

// Tags returns all tags, without their members (tag/list [90216]).
func (c *Client) Tags(ctx context.Context) ([]Tag, error) {
	var tags []Tag
	err := c.viaSDK(ctx, "tag/list", func(sdk *sdkcontext.Context) error {
		got, err := sdkcontacts.NewClient(sdk).ListTag()
		if err != nil {
			return err
		}
		for _, t := range got.TagList {
			tags = append(tags, Tag{ID: t.TagID, Name: t.TagName})
		}
		return nil
	})
	return tags, err
}

// Tag returns one tag with its members (tag/get [90213]).
func (c *Client) Tag(ctx context.Context, id int) (Tag, error) {
	tag := Tag{ID: id}
	err := c.viaSDK(ctx, "tag/get", func(sdk *sdkcontext.Context) error {
		got, err := sdkcontacts.NewClient(sdk).GetTag(id)
		if err != nil {
			return err
		}
		tag.Name, tag.Departments = got.TagName, got.PartyList
		for _, m := range got.UserList {
			tag.Members = append(tag.Members, MemberName{UserID: m.UserID, Name: m.Name})
		}
		return nil
	})
	return tag, err
}
