package event

// Changes of the address book (change_contact; [90970], [90971], [90972]). A receiver saved after 2022-08-15 gets
// the reduced set: of a member only the ids and departments.

// UserCreated tells of a new member.
type UserCreated struct {
	Header
	Member
}

// UserUpdated tells what changed of a member. UserID is the old id when NewUserID is present.
type UserUpdated struct {
	Header
	NewUserID Field[string]
	Member
}

// UserDeleted tells of a member who is gone.
type UserDeleted struct {
	Header
	UserID string
}

// Member is what an event says about a member. Only UserID is always there.
type Member struct {
	UserID         string
	Name           Field[string]
	Departments    Field[[]string] // ids, only those the receiver may see
	MainDepartment Field[string]
	LeaderIn       Field[[]bool] // same order as Departments
	IsLeader       Field[bool]   // undocumented, seen in real traffic
	DirectLeaders  Field[[]string]
	Position       Field[string]
	Mobile         Field[string]
	Gender         Field[int] // 1 male, 2 female
	Email          Field[string]
	BizMail        Field[string]
	Status         Field[MemberStatus]
	Avatar         Field[string]
	Alias          Field[string]
	EnglishName    Field[string] // from receivers that were never saved again
	Telephone      Field[string]
	Address        Field[string]
	Attributes     Field[[]Attribute]
}

// MemberStatus is a member's standing.
type MemberStatus int

const (
	MemberActive   MemberStatus = 1
	MemberDisabled MemberStatus = 2
	MemberInactive MemberStatus = 4 // not activated; in update_user also: enabled again but not activated
	MemberLeft     MemberStatus = 5
)

// Attribute is one entry of ExtAttr. Text entries have Text, web entries Title and URL.
type Attribute struct {
	Name  string
	Web   bool
	Text  string
	Title string
	URL   string
}

// PartyCreated tells of a new department.
type PartyCreated struct {
	Header
	Party
}

// PartyUpdated tells what changed of a department.
type PartyUpdated struct {
	Header
	Party
}

// PartyDeleted tells of a department that is gone.
type PartyDeleted struct {
	Header
	ID string
}

// Party is what an event says about a department.
type Party struct {
	ID       string
	Name     Field[string]
	ParentID Field[string]
	Order    Field[string]
}

// TagUpdated tells who came under a tag and who left it.
type TagUpdated struct {
	Header
	TagID          string
	AddedUsers     []string
	RemovedUsers   []string
	AddedParties   []string
	RemovedParties []string
}
