package wecom

import "time"

// TokenState is what a Client knows of its access token without asking anybody.
type TokenState struct {
	Held    bool          // it has one that is good
	Left    time.Duration // until that ends
	Refused string        // why WeCom gave none, while the Client does not ask again; empty as a rule
}

// TokenState answers the state of the token. It sends nothing; a Client that
// has not called WeCom yet holds none.
func (c *Client) TokenState() TokenState { return c.tokens.state() }

func (s *tokenSource) state() TokenState {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.current.expired(now) {
		return TokenState{Held: true, Left: s.current.expires.Sub(now)}
	}
	if s.refusal != nil && now.Before(s.refusalUntil) {
		return TokenState{Refused: s.refusal.Error()}
	}
	return TokenState{}
}
