package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// responseCode permits one update of one card within codeLife.
type responseCode struct {
	App   string    `json:"app"`
	MsgID string    `json:"msgid"`
	User  string    `json:"user,omitempty"` // who pressed; "" from the send
	At    time.Time `json:"at"`
	Used  bool      `json:"used,omitempty"`
}

const codeLife = 72 * time.Hour

// newCode issues a code. The caller holds mu.
func (p *Platform) newCode(app, msgid, user string, now time.Time) string {
	if len(p.st.Codes)%1000 == 999 {
		for code, c := range p.st.Codes {
			if now.Sub(c.At) > 2*codeLife {
				delete(p.st.Codes, code)
			}
		}
	}
	code := letters(43)
	p.st.Codes[code] = &responseCode{App: app, MsgID: msgid, User: user, At: now}
	p.touch()
	return code
}

// usable tells whether the code still permits an update.
func (c *responseCode) usable(now time.Time) bool {
	return c != nil && !c.Used && now.Sub(c.At) < codeLife
}

// updateTemplateCard is POST message/update_template_card (api.md 2.7).
func updateTemplateCard(k *call) (gin.H, *apiError) {
	var in struct {
		UserIDs      []string `json:"userids"`
		PartyIDs     []int    `json:"partyids"`
		TagIDs       []int    `json:"tagids"`
		AtAll        int      `json:"atall"`
		AgentID      *int64   `json:"agentid"`
		ResponseCode string   `json:"response_code"`
		IDTrans      int      `json:"enable_id_trans"`
		Button       *struct {
			ReplaceName string `json:"replace_name"`
		} `json:"button"`
		Card json.RawMessage `json:"template_card"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	hasCard := len(in.Card) > 0 && string(in.Card) != "null"
	switch {
	case in.AgentID == nil:
		return nil, fail(41011, "")
	case *in.AgentID != k.app.App.AgentID:
		return nil, fail(301002, "")
	case in.ResponseCode == "":
		return nil, fail(40058, "response_code missing")
	case (in.Button != nil) == hasCard:
		return nil, fail(40058, "exactly one of button and template_card is needed")
	case in.Button != nil && in.Button.ReplaceName == "":
		return nil, fail(42020, "button.replace_name missing")
	case len(in.UserIDs) > 1000:
		return nil, fail(40032, "")
	case len(in.PartyIDs) > 100:
		return nil, fail(82002, "")
	case len(in.TagIDs) > 100:
		return nil, fail(82003, "")
	case in.AtAll != 0 && in.AtAll != 1:
		return nil, fail(40058, "atall must be 0 or 1")
	case in.AtAll == 0 && len(in.UserIDs)+len(in.PartyIDs)+len(in.TagIDs) == 0:
		return nil, fail(82101, "")
	}
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()
	code := p.st.Codes[in.ResponseCode]
	if !code.usable(k.now) {
		return nil, fail(60140, "")
	}
	if code.App != k.app.App.Name {
		return nil, fail(42015, "card was sent by another agent")
	}
	sent := p.st.Sent[code.MsgID]
	if sent == nil || sent.Recalled {
		return nil, fail(42016, "card not found")
	}
	change := cardChange{}
	if hasCard {
		var notes []string
		card, failed := p.readCard(in.Card, true, k.app.App, k.now, &notes)
		if failed != nil {
			return nil, failed
		}
		k.traffic.Note = strings.Join(notes, "；")
		if in.IDTrans == 1 {
			b := &body{Kind: "template_card", Card: card}
			b.translate(p, p.st.Company.visible(k.app.App))
		}
		change.card = card
	} else {
		change.replaceName = in.Button.ReplaceName
	}
	targets, invalid := p.updateTargets(k.app, sent, in.AtAll == 1, in.UserIDs, in.PartyIDs, in.TagIDs)
	if len(targets) == 0 {
		failed := fail(82102, "")
		failed.extra = gin.H{"invaliduser": invalid}
		return nil, failed
	}
	if change.card == nil {
		for _, m := range targets {
			if !m.Card.interactive() {
				return nil, fail(42018, "the card has no button to replace")
			}
		}
	}
	code.Used = true
	for _, m := range targets {
		p.applyChange(m, sent.App, change)
	}
	return gin.H{"invaliduser": invalid}, nil
}

// updateTargets finds the copies an update names; users who have none, or are
// outside the range, are listed lower-cased.
func (p *Platform) updateTargets(app *appState, sent *sentMessage, all bool, users []string, parties, tags []int) ([]*ChatMessage, []string) {
	invalid, out, seen := []string{}, []*ChatMessage{}, map[string]bool{}
	take := func(user string) bool {
		m := p.byID[sent.Copies[fold(user)]]
		if m == nil || m.Card == nil {
			return false
		}
		if !seen[fold(user)] {
			seen[fold(user)] = true
			out = append(out, m)
		}
		return true
	}
	if all {
		for user := range sent.Copies {
			take(user)
		}
		return out, invalid
	}
	v := p.st.Company.visible(app.App)
	for _, u := range users {
		if !v.reaches(p.st.Company.member(u)) || !take(u) {
			invalid = append(invalid, fold(u))
		}
	}
	members, _ := p.receivers(app, "", joinInts(parties), joinInts(tags))
	for _, m := range members {
		take(m.UserID)
	}
	return out, invalid
}

func joinInts(list []int) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, "|")
}

// cardChange is either a dead button with a name or a whole new card.
type cardChange struct {
	replaceName string
	card        *Card
}

// applyChange alters one member's copy. The task_id of the card stays. The caller
// holds mu.
func (p *Platform) applyChange(m *ChatMessage, app string, change cardChange) {
	if change.card != nil {
		task := m.Card.TaskID
		m.Card = change.card.clone()
		m.Card.TaskID, m.Text = task, m.Card.title()
	} else {
		m.Card.ReplaceText = change.replaceName
	}
	p.changed(m, app)
}
