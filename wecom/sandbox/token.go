package sandbox

import (
	"crypto/subtle"
	"time"

	"github.com/gin-gonic/gin"
)

// accessToken belongs to one app, or to the contact-sync assistant.
type accessToken struct {
	App     string    `json:"app"` // contactsReceiver for the assistant
	Expires time.Time `json:"expires"`
}

const (
	tokenLife = 2 * time.Hour
	// tokenRenew: with less life than this left, gettoken hands out a new token;
	// before, it repeats the old one with what is left of it.
	tokenRenew = 10 * time.Minute
)

// getToken is GET gettoken (api.md 1.1).
func getToken(k *call) (gin.H, *apiError) {
	corp, secret := k.query.Get("corpid"), k.query.Get("corpsecret")
	switch {
	case corp == "":
		return nil, fail(41002, "")
	case secret == "":
		return nil, fail(41004, "")
	}
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rates.blocked(k.ip, k.now) {
		return nil, fail(45009, "")
	}
	if corp != p.opts.CorpID {
		return nil, fail(40013, "")
	}
	name := p.ownerOf(secret)
	if name == "" {
		p.rates.wrongSecret(k.ip, k.now, p.opts.WrongSecretLimit)
		return nil, fail(40001, "")
	}
	k.traffic.App = name
	if a := p.st.Apps[name]; a != nil && a.App.Disabled {
		return nil, fail(40001, "")
	}
	p.dropExpiredTokens(k.now)
	for value, t := range p.st.Tokens {
		if t.App == name && t.Expires.Sub(k.now) >= tokenRenew {
			return gin.H{"access_token": value, "expires_in": int(t.Expires.Sub(k.now).Seconds())}, nil
		}
	}
	value := letters(180)
	p.st.Tokens[value] = &accessToken{App: name, Expires: k.now.Add(tokenLife)}
	p.touch()
	return gin.H{"access_token": value, "expires_in": int(tokenLife.Seconds())}, nil
}

// ownerOf is the app (or the assistant) whose secret this is.
func (p *Platform) ownerOf(secret string) string {
	same := func(a string) bool { return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(secret)) == 1 }
	for name, a := range p.st.Apps {
		if same(a.App.Secret) {
			return name
		}
	}
	if same(p.opts.Contacts.Secret) {
		return contactsReceiver
	}
	return ""
}

// dropExpiredTokens forgets tokens a day after their end; until then they answer
// 42001, later 40014.
func (p *Platform) dropExpiredTokens(now time.Time) {
	for value, t := range p.st.Tokens {
		if now.Sub(t.Expires) > 24*time.Hour {
			delete(p.st.Tokens, value)
		}
	}
}

// authenticate finds the caller by his token and checks that he may call e.
func (k *call) authenticate(e endpoint) *apiError {
	p := k.p
	value := k.query.Get("access_token")
	if value == "" {
		return fail(41001, "")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.st.Tokens[value]
	if t == nil {
		return fail(40014, "")
	}
	k.traffic.App = t.App
	if !k.now.Before(t.Expires) {
		return fail(42001, "")
	}
	if t.App == contactsReceiver {
		if !e.sync && !e.onlySync {
			return fail(48002, "")
		}
		return nil
	}
	a := p.st.Apps[t.App]
	switch {
	case a == nil:
		return fail(40014, "")
	case a.App.Disabled:
		return fail(50003, "")
	case e.onlySync:
		return fail(48002, "")
	}
	k.app = a
	return nil
}

// forgetTokens revokes every token of an app, or lets them expire now.
func (p *Platform) forgetTokens(app string, expire bool, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for value, t := range p.st.Tokens {
		if t.App != app {
			continue
		}
		n++
		if expire {
			t.Expires = now
		} else {
			delete(p.st.Tokens, value)
		}
	}
	p.touch()
	return n
}

// jsapiTicket is GET get_jsapi_ticket: the corp's ticket. Nothing in the platform
// asks for a ticket back, so each answer is a fresh one.
func jsapiTicket(*call) (gin.H, *apiError) { return freshTicket(), nil }

// agentTicket is GET ticket/get: the app's ticket.
func agentTicket(k *call) (gin.H, *apiError) {
	if k.query.Get("type") != "agent_config" {
		return nil, fail(91040, "invalid ticket type")
	}
	if !k.p.rates.take("ticket/"+k.app.App.Name, 1, time.Hour, 100, k.now) {
		return nil, fail(45009, "")
	}
	return freshTicket(), nil
}

func freshTicket() gin.H {
	return gin.H{"ticket": letters(86), "expires_in": int(tokenLife.Seconds())}
}
