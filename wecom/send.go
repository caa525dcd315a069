package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"guiju/wecom/card"
	"guiju/wecom/internal/wire"
)

const (
	maxUsers   = 1000 // 40032
	maxParties = 100  // 82002
	maxTags    = 100  // 82003
	maxUserID  = 64   // bytes
	// duplicateInterval is the longest WeCom offers, seconds: within it, a body sent again is not delivered again.
	duplicateInterval = 14400
)

// Recipients says who gets a message. All means everybody in the app's visible range and excludes the others.
type Recipients struct {
	Users   []string // ≤ 1000
	Parties []int    // department ids, ≤ 100
	Tags    []int    // ≤ 100
	All     bool
}

// ToUsers addresses members by userid.
func ToUsers(ids ...string) Recipients { return Recipients{Users: ids} }

// SendResult is WeCom's answer to a send that reached at least somebody. Lists hold ids as WeCom wrote them: userids
// come back in lower case.
type SendResult struct {
	MsgID           string   // for Recall
	ResponseCode    string   // updatable cards only; 72 h, one use
	InvalidUsers    []string // unknown or outside the visible range
	InvalidParties  []string
	InvalidTags     []string
	UnlicensedUsers []string // without a base API licence (基础接口许可)
}

// BuildSend returns the exact request body of message/send: the same input always gives the same bytes, so that a
// repeated request is recognised by WeCom's duplicate check (4 h). Texts beyond WeCom's limits are refused where
// content would be lost and cut where it is a title or a description.
func BuildSend(agentID int64, to Recipients, m Message) ([]byte, error) {
	r, err := m.render()
	if err != nil {
		return nil, fmt.Errorf("build message: %w", err)
	}
	if err := to.check(r.msgType); err != nil {
		return nil, fmt.Errorf("build %s message: %w", r.msgType, err)
	}
	head := struct {
		ToUser  string `json:"touser,omitempty"`
		ToParty string `json:"toparty,omitempty"`
		ToTag   string `json:"totag,omitempty"`
		MsgType string `json:"msgtype"`
		AgentID int64  `json:"agentid,omitempty"`
	}{ToParty: joinInts(to.Parties), ToTag: joinInts(to.Tags), MsgType: r.msgType, AgentID: agentID}
	head.ToUser = strings.Join(to.Users, "|")
	if to.All {
		head.ToUser, head.ToParty, head.ToTag = "@all", "", ""
	}
	switch {
	case r.msgType == "miniprogram_notice": // has no agentid [90236]
		head.AgentID = 0
	case agentID <= 0:
		return nil, fmt.Errorf("build %s message: %w", r.msgType, &InvalidError{"agentid", "required"})
	}
	tail := struct {
		Safe      int `json:"safe,omitempty"`
		IDTrans   int `json:"enable_id_trans,omitempty"`
		Duplicate int `json:"enable_duplicate_check"`
		Interval  int `json:"duplicate_check_interval"`
	}{r.safe, flag(r.idTrans), 1, duplicateInterval}
	return joinObjects(head, r.msgType, r.body, tail)
}

// joinObjects writes head, then body under key, then tail, as one JSON object.
func joinObjects(head any, key string, body, tail any) ([]byte, error) {
	var b bytes.Buffer
	for i, part := range []any{head, body, tail} {
		text, err := wire.JSON(part)
		if err != nil {
			return nil, err
		}
		switch i {
		case 0:
			b.Write(text[:len(text)-1])
			fmt.Fprintf(&b, ",%q:", key)
		case 1:
			b.Write(text)
		case 2:
			b.WriteByte(',')
			b.Write(text[1:])
		}
	}
	return b.Bytes(), nil
}

func (to Recipients) check(msgType string) error {
	var k checks
	switch {
	case to.All && (len(to.Users) > 0 || len(to.Parties) > 0 || len(to.Tags) > 0):
		k.refuse("touser", "everybody excludes other recipients")
	case to.All && msgType == "miniprogram_notice":
		k.refuse("touser", "a mini program notice cannot go to everybody")
	case !to.All && len(to.Users)+len(to.Parties)+len(to.Tags) == 0:
		k.refuse("touser", "no recipient")
	}
	for _, id := range to.Users {
		k.need("touser", id, maxUserID)
		if strings.ContainsAny(id, "|\n\t ") || strings.EqualFold(id, "@all") || wire.Clean(id) != id {
			k.refuse("touser", "%q is no userid", id)
		}
	}
	k.atMost("touser", len(to.Users), maxUsers)
	k.atMost("toparty", len(to.Parties), maxParties)
	k.atMost("totag", len(to.Tags), maxTags)
	return k.err
}

func joinInts(ids []int) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(strconv.Itoa(id))
	}
	return b.String()
}

// Send builds and sends m once. Repeating it may deliver twice unless the bytes are equal; senders that must survive
// a lost answer keep the bytes of BuildSend and use SendRaw.
func (c *Client) Send(ctx context.Context, to Recipients, m Message) (SendResult, error) {
	body, err := BuildSend(c.cfg.AgentID, to, m)
	if err != nil {
		return SendResult{}, err
	}
	return c.SendRaw(ctx, body)
}

// SendRaw sends a body made by BuildSend, byte for byte [90236]. When Uncertain(err), the same bytes may be sent again
// within four hours.
func (c *Client) SendRaw(ctx context.Context, body []byte) (SendResult, error) {
	var got struct {
		MsgID          string `json:"msgid"`
		ResponseCode   string `json:"response_code"`
		InvalidUser    idList `json:"invaliduser"`
		InvalidParty   idList `json:"invalidparty"`
		InvalidTag     idList `json:"invalidtag"`
		UnlicensedUser idList `json:"unlicenseduser"`
	}
	if err := c.call(ctx, post("message/send", body), &got); err != nil {
		return SendResult{}, err
	}
	return SendResult{
		MsgID: got.MsgID, ResponseCode: got.ResponseCode, InvalidUsers: got.InvalidUser,
		InvalidParties: got.InvalidParty, InvalidTags: got.InvalidTag, UnlicensedUsers: got.UnlicensedUser,
	}, nil
}

// idList reads "a|b" (message/send) and ["a","b"] (update_template_card).
type idList []string

func (l *idList) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var raw []any
		if err := json.Unmarshal(b, &raw); err != nil {
			return err
		}
		for _, v := range raw {
			*l = append(*l, fmt.Sprint(v))
		}
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s != "" {
		*l = strings.Split(s, "|")
	}
	return nil
}

// CardUpdate changes a sent card for some of its recipients. Set exactly one of ReplaceName and Card.
type CardUpdate struct {
	Recipients          // whose copies change
	ResponseCode string // from the send or from a click; each works once, within 72 h
	// ReplaceName turns the button of a button, vote or multiple card into a dead one with this text.
	ReplaceName string
	// Card is the whole new card, made by Builder.Update.
	Card         card.Card
	TranslateIDs bool
}

// UpdateResult lists the members whose card did not change: not recipients, or outside the visible range.
type UpdateResult struct {
	InvalidUsers []string
}

// BuildCardUpdate returns the request body of message/update_template_card [94888].
func BuildCardUpdate(agentID int64, u CardUpdate) ([]byte, error) {
	if err := u.check(agentID); err != nil {
		return nil, fmt.Errorf("build card update: %w", err)
	}
	type button struct {
		ReplaceName string `json:"replace_name"`
	}
	body := struct {
		UserIDs      []string   `json:"userids,omitempty"`
		PartyIDs     []int      `json:"partyids,omitempty"`
		TagIDs       []int      `json:"tagids,omitempty"`
		AtAll        int        `json:"atall,omitempty"`
		AgentID      int64      `json:"agentid"`
		ResponseCode string     `json:"response_code"`
		IDTrans      int        `json:"enable_id_trans,omitempty"`
		Button       *button    `json:"button,omitempty"`
		Card         *card.Card `json:"template_card,omitempty"`
	}{
		UserIDs: u.Users, PartyIDs: u.Parties, TagIDs: u.Tags, AtAll: flag(u.All), AgentID: agentID,
		ResponseCode: u.ResponseCode, IDTrans: flag(u.TranslateIDs),
	}
	if u.ReplaceName != "" {
		body.Button = &button{wire.Clean(u.ReplaceName)}
	} else {
		body.Card = &u.Card
	}
	return wire.JSON(body)
}

func (u CardUpdate) check(agentID int64) error {
	if err := u.Recipients.check("template_card"); err != nil {
		return err
	}
	var k checks
	if agentID <= 0 {
		k.refuse("agentid", "required")
	}
	k.need("response_code", u.ResponseCode, maxMediaID)
	switch {
	case (u.ReplaceName != "") == !u.Card.IsZero():
		k.refuse("template_card", "set either a new card or a replacing button text")
	case !u.Card.IsZero() && !u.Card.IsUpdate():
		k.refuse("template_card", "made for sending, not for an update")
	}
	return k.err
}

// UpdateTemplateCard changes a sent card. The response code is spent even when some copies did not change.
func (c *Client) UpdateTemplateCard(ctx context.Context, u CardUpdate) (UpdateResult, error) {
	body, err := BuildCardUpdate(c.cfg.AgentID, u)
	if err != nil {
		return UpdateResult{}, err
	}
	var got struct {
		InvalidUser idList `json:"invaliduser"`
	}
	if err := c.call(ctx, post("message/update_template_card", body), &got); err != nil {
		return UpdateResult{}, err
	}
	return UpdateResult{InvalidUsers: got.InvalidUser}, nil
}

// Recall takes back a message of this app from WeCom clients, within 24 h of its send [94867].
func (c *Client) Recall(ctx context.Context, msgID string) error {
	var k checks
	k.need("msgid", msgID, maxMediaID)
	if k.err != nil {
		return fmt.Errorf("recall message: %w", k.err)
	}
	return c.callJSON(ctx, "message/recall", map[string]string{"msgid": msgID}, nil)
}

// Statistic is how many messages an app sent in a period.
type Statistic struct {
	AgentID int64  `json:"agentid"`
	AppName string `json:"app_name"`
	Count   int64  `json:"count"`
}

// MessageStatistics returns today's counts (message/get_statistics, time_type 0).
func (c *Client) MessageStatistics(ctx context.Context) ([]Statistic, error) {
	var got struct {
		Statistics []Statistic `json:"statistics"`
	}
	err := c.callJSON(ctx, "message/get_statistics", map[string]int{"time_type": 0}, &got)
	return got.Statistics, err
}
