package store

import (
	"errors"
	"fmt"
	"time"
)

// WebSession is a member who is signed in to the pages in one browser. The
// table knows only a hash of what the browser's cookie says.
type WebSession struct {
	Hash      string
	MemberID  int64
	App       string // whose page he opened; answers go through it
	CreatedAt time.Time
	SeenAt    time.Time // kept to the minute
	ExpiresAt time.Time // whatever he does
}

// TableName is the table.
func (WebSession) TableName() string { return "web_sessions" }

func (*WebSession) columns() string {
	return "hash, member_id, app, created_at, seen_at, expires_at"
}

func (s *WebSession) fields() []any {
	return []any{&s.Hash, &s.MemberID, &s.App, &s.CreatedAt, &s.SeenAt, &s.ExpiresAt}
}

// maxWebSessions is how many browsers a member may be signed in with; the
// oldest is signed out by one more.
const maxWebSessions = 8

// AddWebSession signs a member in.
func (tx *Tx) AddWebSession(s WebSession) error {
	s.CreatedAt, s.SeenAt, s.ExpiresAt = tx.Now(), tx.Now(), cut(s.ExpiresAt)
	if err := put(tx, []WebSession{s}); err != nil {
		return fmt.Errorf("add web session of member %d: %w", s.MemberID, err)
	}
	all, err := list[WebSession](&tx.Reader, "WHERE member_id = ? ORDER BY created_at DESC, hash"+first(maxWebSessions+purgeBatch), s.MemberID)
	if err != nil {
		return fmt.Errorf("web sessions of member %d: %w", s.MemberID, err)
	}
	for _, old := range all[min(len(all), maxWebSessions):] {
		if err := tx.EndWebSession(old.Hash); err != nil {
			return err
		}
	}
	return nil
}

// WebSession answers the session with this hash.
func (r *Reader) WebSession(hash string) (WebSession, error) {
	s, err := take[WebSession](r, "WHERE hash = ?", hash)
	if err != nil {
		return s, fmt.Errorf("web session: %w", err)
	}
	return s, nil
}

// SeeWebSession notes that a session is in use.
func (tx *Tx) SeeWebSession(hash string) error {
	if _, err := tx.exec("UPDATE web_sessions SET seen_at = ? WHERE hash = ?", tx.Now(), hash); err != nil {
		return fmt.Errorf("web session: %w", err)
	}
	return nil
}

// EndWebSession signs out; a session that is gone is none.
func (tx *Tx) EndWebSession(hash string) error {
	if _, err := tx.exec("DELETE FROM web_sessions WHERE hash = ?", hash); err != nil {
		return fmt.Errorf("end web session: %w", err)
	}
	return nil
}

// WebToken is something that works once: a form's submission, a sign-in.
type WebToken struct {
	Hash      string
	LeadsTo   string // the page that shows what came of it
	CreatedAt time.Time
}

// TableName is the table.
func (WebToken) TableName() string { return "web_tokens" }

func (*WebToken) columns() string { return "hash, leads_to, created_at" }

func (t *WebToken) fields() []any { return []any{&t.Hash, &t.LeadsTo, &t.CreatedAt} }

// WebTokenUsed answers what came of a token, and whether it was used before.
func (r *Reader) WebTokenUsed(hash string) (leadsTo string, used bool, err error) {
	t, err := take[WebToken](r, "WHERE hash = ?", hash)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("web token: %w", err)
	}
	return t.LeadsTo, true, nil
}

// UseWebToken uses a token up. When somebody else does so at this moment it
// answers ErrConflict, wrapped: run again, and it is used.
func (tx *Tx) UseWebToken(hash, leadsTo string) error {
	err := put(tx, []WebToken{{Hash: hash, LeadsTo: clip(leadsTo, 512), CreatedAt: tx.Now()}})
	switch {
	case errors.Is(err, ErrDuplicate):
		return fmt.Errorf("web token is being used: %w: %w", ErrConflict, err)
	case err != nil:
		return fmt.Errorf("use web token: %w", err)
	}
	return nil
}

// PurgeWeb forgets sessions that ended before ended and tokens used before
// used, at most 200 of each, and answers how many.
func (tx *Tx) PurgeWeb(ended, used time.Time) (int, error) {
	var n int64
	for _, old := range []struct {
		table, column string
		before        time.Time
	}{{"web_sessions", "expires_at", ended}, {"web_tokens", "created_at", used}} {
		in := "SELECT hash FROM " + old.table + " WHERE " + old.column + " < ? ORDER BY " + old.column + first(purgeBatch)
		// MySQL takes no LIMIT in a subquery of IN: the list goes through a derived table.
		done, err := tx.changed("DELETE FROM "+old.table+" WHERE hash IN (SELECT hash FROM ("+in+") old)", cut(old.before))
		if err != nil {
			return 0, fmt.Errorf("purge %s: %w", old.table, err)
		}
		n += done
	}
	return int(n), nil
}
