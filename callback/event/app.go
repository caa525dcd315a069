package event

import "time"

// Events of the app itself ([90240]; callbacks.md 4.1, 4.2, 4.7–4.9).

// Subscribe tells that a member came into the app's visible range. It does not mean the member opened the app.
type Subscribe struct{ Header }

// Unsubscribe tells that a member left the app's visible range.
type Unsubscribe struct{ Header }

// EnterAgent tells that a member opened the app.
type EnterAgent struct{ Header }

// LocationReport is where a member was on opening the app (LOCATION).
type LocationReport struct {
	Header
	Latitude  float64
	Longitude float64
	Precision float64
	AppType   string
}

// Click is a press on a menu entry; Header.EventKey is the entry's key.
type Click struct{ Header }

// View is a menu entry that opened the URL in Header.EventKey.
type View struct{ Header }

// ViewMiniprogram is a menu entry that opened the page in Header.EventKey.
type ViewMiniprogram struct{ Header }

// ScanCode is a code scanned from the menu.
type ScanCode struct {
	Header
	Waiting bool // scancode_waitmsg: the member waits for an answer
	Type    string
	Result  string
}

// Photos announces pictures taken from the menu (pic_sysphoto, pic_photo_or_album, pic_weixin). The pictures
// themselves follow as messages.
type Photos struct {
	Header
	Count int
	MD5   []string
}

// LocationSelect is a place chosen from the menu.
type LocationSelect struct {
	Header
	Latitude  float64
	Longitude float64
	Scale     int
	Label     string
	Place     string // Poiname
	AppType   string
}

// CardClick is a pressed button or a submitted form of a template card.
type CardClick struct {
	Header
	TaskID       string
	CardType     string
	ResponseCode string // updates the card, once, within 72 hours
	Selected     []Selection
}

// Selection holds the options chosen for one question of a card.
type Selection struct {
	Question string
	Options  []string
}

// CardMenu is an entry of a template card's top-right menu.
type CardMenu struct {
	Header
	TaskID       string
	CardType     string
	ResponseCode string
}

// TaskCardClick is a pressed button of an old task card.
type TaskCardClick struct {
	Header
	TaskID string
}

// AgentShared tells that the app's sharing with a sub-company changed (share_agent_change).
type AgentShared struct{ Header }

// ChainShared tells that the app's sharing along a corp chain changed (share_chain_change).
type ChainShared struct{ Header }

// AppState is a change of the app's standing with WeCom; Header.Event is one of the State names.
type AppState struct {
	Header
	EffectAt time.Time // of the alerts: when the limit begins
}

// Values of Header.Event in an AppState.
const (
	StateInactiveAlert  = "inactive_alert"
	StateInactive       = "close_inactive_agent"
	StateReopened       = "reopen_inactive_agent"
	StateLowActiveAlert = "low_active_alert"
	StateLowActive      = "low_active"
	StateRestored       = "active_restored"
)

// WorkbenchMode tells that the custom workbench was switched ([92535]).
type WorkbenchMode struct {
	Header
	On bool
}

// BatchJob tells that an asynchronous import or export has finished ([90973]).
type BatchJob struct {
	Header
	JobID   string
	JobType string
	ErrCode int
	ErrMsg  string
}
