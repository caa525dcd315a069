// Package chat turns a member's words into a command and back: the command
// grammar, asking for what is missing, help and menus (guide E2.0). Domains
// register their commands; card buttons and menu entries carry command lines,
// so each has a text of equal effect.
package chat

import (
	"time"

	"guiju/store"
)

// Options are what the engine is lent.
type Options struct {
	Directory Directory
	Permits   Permits
	// Topics proposes a command for text that is none (guide E2.0 (3)); nil: no proposals.
	Topics Topics
	// Todo counts what waits for a member, for the greeting; nil: nothing waits.
	Todo Todo
	// Location is the company's zone; nil: Asia/Shanghai.
	Location *time.Location
	// DraftTime is how long a half-filled form is kept; 0: 30 minutes.
	DraftTime time.Duration
	// DayEnd is the time meant by a day alone where an instant is needed; 0: 18:00.
	DayEnd time.Duration
	// AddWorkdays counts working days for 3个工作日后; nil: not understood.
	AddWorkdays func(from time.Time, days int) time.Time
	// Entries is the entry menu; nil: DefaultEntries.
	Entries []Entry
	// Modules maps first words of modules that do not exist yet to their
	// names; nil: DefaultModules. A registered command always wins.
	Modules map[string]string
}

// Permits decides what a member may do.
type Permits interface {
	// Permit says whether the asker may do what permission names, to object;
	// "" asks in general. It records nothing.
	Permit(c *Call, permission, object string) (bool, error)
	// Denied records a refusal the asker was told.
	Denied(c *Call, permission, object string) error
}

// Topics routes free text by its subject.
type Topics interface {
	// Propose answers the command to offer, or nil.
	Propose(c *Call, text string) (*Proposal, error)
}

// Proposal is a command offered for confirmation.
type Proposal struct {
	Question string            // "发给技术支持部？"
	Command  string            // "咨询"
	Values   map[string]string // argument name → words
}

// Todo counts the open work of a member.
type Todo interface {
	Waiting(r *store.Reader, member int64) (int, error)
}

// Engine is the chat side of one program. Register everything first; then it
// is safe for concurrent use.
type Engine struct {
	o        Options
	commands []*Command
	byWord   map[string]*Command
	records  map[string]Records
	kinds    []string // registered record kinds in order
}

// Module of the entry menu.
type Entry struct {
	Name    string // first word: "发通知"
	Summary string
}

// New makes an engine that knows 帮助, 菜单 and 取消.
func New(o Options) (*Engine, error) { return &Engine{o: o}, nil }

// Register adds commands. It refuses a name or alias that is taken, and a
// command without help.
func (e *Engine) Register(commands ...Command) error { return nil }

// RegisterRecords says what a Number of that kind may mean.
func (e *Engine) RegisterRecords(kind string, r Records) error { return nil }

// Handle answers a text message.
func (e *Engine) Handle(tx *store.Tx, from From, text string) (Answer, error) {
	return Answer{}, nil
}

// Press answers a button of a card; key is the button's command line.
func (e *Engine) Press(tx *store.Tx, from From, key string) (Answer, error) {
	return Answer{}, nil
}

// Menu answers a menu entry; key is a command line.
func (e *Engine) Menu(tx *store.Tx, from From, key string) (Answer, error) {
	return Answer{}, nil
}

// Enter greets a member who opened the app: the first time with the guide,
// later at most once a day and only if something is open.
func (e *Engine) Enter(tx *store.Tx, from From) (Answer, error) { return Answer{}, nil }

// NonText takes a message that is not text.
func (e *Engine) NonText(tx *store.Tx, from From, media Media) (Answer, error) {
	return Answer{}, nil
}
