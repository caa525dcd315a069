package sandbox

// The control API's JSON. Every POST answers 200 with a JSON object, or 4xx with
// ControlError. Times are RFC 3339 with milliseconds in the platform's zone.
// Input keys may be written as here or as WeCom writes them (MediaId, media_id
// and mediaid are one key); unknown keys are refused, so a typo is never ignored.
//
//	GET  /sandbox/api/apps                        {"apps":[AppInfo], "corp_id", "contacts": bool}
//	POST /sandbox/api/apps {"app", …}             changes secret, token, encoding_aes_key, callback_url, disabled,
//	                                              visible_users, visible_parties, visible_tags, … of one app (or "contacts")
//	POST /sandbox/api/verify {"app"}              VerifyResult: the console's 保存 of 接收消息
//	POST /sandbox/api/tokens {"app","action"}     action "revoke" or "expire": every access token of the app
//	GET  /sandbox/api/members                     {"members":[MemberInfo]}
//	GET  /sandbox/api/departments                 {"departments":[DepartmentInfo]}
//	POST /sandbox/api/say {"user","app","text"}   PressResult; other types {"user","app","type", fields of callbacks.md 3,
//	                                              optionally "data" (base64 of the file) and "filename"}
//	POST /sandbox/api/click {"user","message_id","key","selected":{question:[option]},"menu":bool}   PressResult
//	POST /sandbox/api/menu {"user","app","key"}   PressResult; key is the entry's key, URL, page path or name; for scan
//	                                              entries "scan_result", for picture entries "count", for location_select
//	                                              "latitude","longitude","label"
//	GET  /sandbox/api/menu?app=A&user=U           {"button":[…]} as menu/create took it; {"button":[]} when none
//	POST /sandbox/api/enter {"user","app"}        PressResult
//	POST /sandbox/api/location {"user","app","latitude","longitude"}   PressResult
//	POST /sandbox/api/event {"app","event","user","fields":{…}}        PressResult: any other event of callbacks.md 4, fields as
//	                                              XML elements in the order given by name
//	GET  /sandbox/api/chat?user=U&app=A&after=N   {"messages":[ChatMessage]}; with chat=CHATID instead of app: a group chat
//	GET  /sandbox/api/chats?user=U                {"chats":[{"chatid","name","owner","userlist"}]} group chats of the member
//	POST /sandbox/api/contacts {"change_type",…}  {"deliveries":[PressResult], "userid" | "id"}
//	GET  /sandbox/api/approvals?user=U            {"approvals":[getapprovaldetail's info], "templates":[{"template_id","name"}]}
//	POST /sandbox/api/approvals                   {"sp_no","deliveries":[…]}
//	POST /sandbox/api/approvals/{sp_no}/decide    {"sp_no","sp_status","deliveries":[…]}
//	GET  /sandbox/api/clock                       ClockState
//	POST /sandbox/api/clock {"set"} | {"advance"} MoveResult; {"running": bool} alone or with them starts or stops the clock
//	POST /sandbox/api/settle                      MoveResult
//	GET|POST|DELETE /sandbox/api/faults           {"faults":[Fault]}; DELETE {"id"} removes one, without body all
//	POST /sandbox/api/redeliver {"delivery_id","times","concurrent"}   {"deliveries":[PressResult]}
//	GET  /sandbox/api/traffic?after=N             {"items":[TrafficItem]}, oldest first
//	GET  /sandbox/api/stream                      server-sent events, each "data: " + StreamHint
//	GET  /sandbox/api/choices                     {"choices":[Choice]}

// ControlError is the body of every 4xx and 5xx of the control API.
type ControlError struct {
	Error string `json:"error"`
	Field string `json:"field"`
}

// PressResult tells what became of the callback an act of a member caused. It
// is given after the app's first HTTP answer; retries go on behind it.
type PressResult struct {
	DeliveryID int64 `json:"delivery_id"`
	// Status is the HTTP status of the first answer; 0: none came.
	Status int `json:"status"`
	// Reply is the passive reply; null when the answer was empty or none.
	Reply *Reply `json:"reply"`
	// MessageID is the member's own message in the chat, if the act made one.
	MessageID int64  `json:"message_id,omitempty"`
	Error     string `json:"error,omitempty"`
}

// Reply is a decrypted passive reply.
type Reply struct {
	Kind string `json:"kind"` // MsgType of the reply; "" when it could not be read
	Text string `json:"text"`
	// MessageID is the chat message it became or the card it changed.
	MessageID int64 `json:"message_id,omitempty"`
	// Applied is false when WeCom would have ignored the reply; Note says why.
	Applied bool   `json:"applied"`
	Note    string `json:"note,omitempty"`
}

// ChatMessage is one message as one member sees it.
type ChatMessage struct {
	ID        int64  `json:"id"`
	At        Time   `json:"at"`
	UpdatedAt Time   `json:"updated_at"`
	From      string `json:"from"` // userid, or the app's name
	// Kind is text, image, voice, video, file, textcard, news, mpnews, markdown,
	// miniprogram_notice, template_card, location, link or recalled.
	Kind string `json:"kind"`
	Text string `json:"text"`
	// Card is the template_card object in its present state for this member.
	// After update_button or a card update it may hold replace_text (grey, dead
	// button with that text) and disable.
	Card *Card `json:"card,omitempty"`
	// Data is the body of every other kind as it was sent, for example
	// {"media_id":…} or {"articles":[…]}.
	Data  any    `json:"data,omitempty"`
	MsgID string `json:"msgid,omitempty"` // WeCom's msgid, for recall
	// Notes are what a member would notice: cut texts and the like.
	Notes []string `json:"notes,omitempty"`

	user string // folded userid of the reader
}

// MemberInfo is one member in /sandbox/api/members.
type MemberInfo struct {
	UserID         string   `json:"userid"`
	Name           string   `json:"name"`
	Department     []int    `json:"department"`
	IsLeaderInDept []int    `json:"is_leader_in_dept"`
	MainDepartment int      `json:"main_department"`
	Position       string   `json:"position"`
	DirectLeader   []string `json:"direct_leader"`
	IsLeader       bool     `json:"is_leader"` // heads at least one department
	Status         int      `json:"status"`    // 1 activated, 2 disabled, 4 not activated, 5 left
}

// DepartmentInfo is one department in /sandbox/api/departments.
type DepartmentInfo struct {
	ID               int      `json:"id"`
	Name             string   `json:"name"`
	ParentID         int      `json:"parentid"`
	Order            int64    `json:"order"`
	DepartmentLeader []string `json:"department_leader"`
}

// AppInfo is one app in /sandbox/api/apps. Secrets are not shown.
type AppInfo struct {
	Name        string `json:"name"`
	AgentID     int64  `json:"agent_id"`
	CallbackURL string `json:"callback_url"`
	Disabled    bool   `json:"disabled"`
	HasMenu     bool   `json:"has_menu"`
}

// VerifyResult is what the console would say on 保存.
type VerifyResult struct {
	OK         bool   `json:"ok"`
	Message    string `json:"message"`
	Status     int    `json:"status"` // HTTP status, 0: no answer
	DurationMS int64  `json:"duration_ms"`
}

// ClockState is GET /sandbox/api/clock.
type ClockState struct {
	Now     Time     `json:"now"`
	Running bool     `json:"running"`
	Moving  bool     `json:"moving"`  // an advance is under way
	Workers []string `json:"workers"` // apps the clock waits for
}

// MoveResult is the answer to a clock move or a settle.
type MoveResult struct {
	Now     Time `json:"now"`
	Running bool `json:"running"`
	Ran     int  `json:"ran"`
	Failed  int  `json:"failed"`
	Waiting int  `json:"waiting"`
}

// Fault is one scripted failure.
type Fault struct {
	ID int64 `json:"id"`
	// API is a path such as message/send (with or without /cgi-bin/), or "*".
	API     string `json:"api"`
	ErrCode int    `json:"errcode,omitempty"`
	HTTP    int    `json:"http,omitempty"`
	// Delay is a duration such as "3s" before the call is handled.
	Delay string `json:"delay,omitempty"`
	// Drop is "answer" (the call takes effect, the answer is lost; also true)
	// or "request" (the connection breaks before anything happens).
	Drop string `json:"drop,omitempty"`
	// Times is how many calls it still hits; -1: all.
	Times int `json:"times"`
}

// TrafficItem is one callback attempt or one API call.
type TrafficItem struct {
	ID        int64  `json:"id"`
	At        Time   `json:"at"`        // business time
	Direction string `json:"direction"` // callback | api
	App       string `json:"app"`
	User      string `json:"user,omitempty"`
	// Path is the API path, or the kind of callback (text, click, change_contact/create_user …).
	Path       string `json:"path"`
	DeliveryID int64  `json:"delivery_id,omitempty"`
	Attempt    int    `json:"attempt,omitempty"`
	// Plaintext is the request: decrypted XML of a callback, body or query of a call.
	Plaintext string `json:"plaintext"`
	// Answer is what came back: the decrypted reply, or the call's JSON.
	Answer     string `json:"answer"`
	Status     int    `json:"status"`
	DurationMS int64  `json:"duration_ms"`
	ErrCode    int    `json:"errcode"`
	// Dropped lists members for whom WeCom would silently drop the message.
	Dropped []string `json:"dropped,omitempty"`
	Note    string   `json:"note,omitempty"`
}

// StreamHint tells a listener what to read again; it carries no content.
type StreamHint struct {
	Type string `json:"type"` // message | card | traffic | clock | contacts | faults | menu | approval
	User string `json:"user,omitempty"`
	App  string `json:"app,omitempty"`
	ID   int64  `json:"id,omitempty"`
}
