package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"guiju/store"
)

// How long a member stays signed in. Signing in is silent in WeCom, so that
// short times cost him nothing.
const (
	idleTime     = 2 * time.Hour
	absoluteTime = 12 * time.Hour
	seenEvery    = time.Minute // between two notes that a session is in use
)

const (
	sessionCookie = "guiju_session"
	signinCookie  = "guiju_signin"
	noteCookie    = "guiju_note"
)

// session is who is signed in, by what the browser's cookie says.
type session struct {
	store.WebSession
	secret string // of the cookie
	member store.Member
}

// fresh is a new secret: 256 bits.
func fresh() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails: the program would end
	return base64.RawURLEncoding.EncodeToString(raw)
}

// hashOf is what the database knows of a secret.
func hashOf(kind, secret string) string {
	sum := sha256.Sum256([]byte(kind + "\n" + secret))
	return hex.EncodeToString(sum[:])
}

// sign is the mark of a text under a key, in hex: letters and digits.
func sign(key []byte, kind, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(kind + "\n" + text))
	return hex.EncodeToString(mac.Sum(nil))
}

// signedIn answers the session of a request; nil when there is none in force.
func (c *Console) signedIn(ctx context.Context, r *http.Request) (*session, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || cookie.Value == "" || len(cookie.Value) > 100 {
		return nil, nil
	}
	reader := c.o.Store.Reader(ctx)
	row, err := reader.WebSession(hashOf("session", cookie.Value))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	now := reader.Now()
	if !now.Before(row.ExpiresAt) || now.Sub(row.SeenAt) >= idleTime {
		return nil, nil
	}
	member, err := reader.Member(row.MemberID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil // a provisional member who was merged
	}
	if err != nil {
		return nil, err
	}
	s := &session{WebSession: row, secret: cookie.Value, member: member}
	if now.Sub(row.SeenAt) >= seenEvery {
		err = c.o.Store.InTx(ctx, func(tx *store.Tx) error { return tx.SeeWebSession(row.Hash) })
	}
	return s, err
}

// token is a form's: it proves that the form comes from this session, and it
// works once. Its own secret is nothing but the session's.
func (s *session) token() string {
	nonce := fresh()[:22]
	return nonce + "." + sign([]byte(s.secret), "form", nonce)
}

// genuine says whether a token was made for this session.
func (s *session) genuine(token string) bool {
	nonce, mark, ok := strings.Cut(token, ".")
	return ok && len(token) < 200 && hmac.Equal([]byte(mark), []byte(sign([]byte(s.secret), "form", nonce)))
}

// cookie makes one of ours: for the pages alone, out of reach of scripts, and
// not sent with requests that other sites make.
func (c *Console) cookie(name, value string, life time.Duration) *http.Cookie {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: c.prefix + strings.TrimSuffix(Root, "/"), MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: strings.HasPrefix(c.origin, "https:"), SameSite: http.SameSiteLaxMode,
	}
	if life <= 0 {
		cookie.MaxAge = -1
	}
	return cookie
}

// noted is the cookie that carries a sentence to the next page. Only what this
// program wrote for this session is read back.
func (c *Console) noted(s *session, note string) *http.Cookie {
	text := base64.RawURLEncoding.EncodeToString([]byte(note))
	return c.cookie(noteCookie, text+"."+sign([]byte(s.secret), "note", text), time.Minute)
}

// noteOf reads it.
func noteOf(s *session, r *http.Request) string {
	cookie, err := r.Cookie(noteCookie)
	if err != nil {
		return ""
	}
	text, mark, _ := strings.Cut(cookie.Value, ".")
	if !hmac.Equal([]byte(mark), []byte(sign([]byte(s.secret), "note", text))) {
		return ""
	}
	note, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(note)
}
