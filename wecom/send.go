package wecom

import "guiju/wecom/card"

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

// CardUpdate changes a sent card for some of its recipients. Set exactly one of ReplaceName and Card.
type CardUpdate struct {
	Recipients          // whose copies change
	ResponseCode string // from the send or from a click; each works once, within 72 h
	// ReplaceName turns the button of a button, vote or multiple card into a dead one with this text.
	ReplaceName string
	// Card is the whole new card, made by Builder.Update (or Build).
	Card         card.Card
	TranslateIDs bool
}

// UpdateResult lists the members whose card did not change: not recipients, or outside the visible range.
type UpdateResult struct {
	InvalidUsers []string
}
