package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// state is everything the platform remembers; it is what the state file holds.
// Maps of people are keyed by folded userid (WeCom compares userids without case).
type state struct {
	Version   int                      `json:"version"`
	CorpID    string                   `json:"corp_id"`
	Clock     clockState               `json:"clock"`
	NextID    int64                    `json:"next_id"` // messages, deliveries, ids in tokens: one growing counter
	Company   *Company                 `json:"company"`
	Apps      map[string]*appState     `json:"apps"`
	Tokens    map[string]*accessToken  `json:"tokens"`
	Chats     map[string]*chat         `json:"chats"` // by chatKey
	Sent      map[string]*sentMessage  `json:"sent"`  // by msgid
	SentOrder []string                 `json:"sent_order"`
	Codes     map[string]*responseCode `json:"codes"`
	Media     map[string]*media        `json:"media"`
	Logins    map[string]*login        `json:"logins"` // OAuth codes and user tickets
	AppChats  map[string]*appChat      `json:"app_chats"`
	Approvals map[string]*approval     `json:"approvals"`
	ApprovalN map[string]int           `json:"approval_n"` // last number by day
}

// appState is what an app changed by calls; its settings are App.
type appState struct {
	App     App               `json:"app"`
	Menu    json.RawMessage   `json:"menu,omitempty"`
	TaskIDs map[string]string `json:"task_ids"` // task_id → msgid, kept for ever
	Sends   map[string]*dup   `json:"sends"`    // request hash → when, for the duplicate check
}

// dup is one request remembered for the duplicate check.
type dup struct {
	At time.Time `json:"at"`
}

// clockState is business time at the moment of saving.
type clockState struct {
	Now     time.Time `json:"now"`
	Running bool      `json:"running"`
}

// chat is what one member sees of one app or group, newest last.
type chat struct {
	Messages []*ChatMessage `json:"messages"`
}

const stateVersion = 1

func newState(o Options) *state {
	start := o.Start
	if start.IsZero() {
		start = time.Now()
	}
	st := &state{
		Version: stateVersion, CorpID: o.CorpID, Company: o.Company.clone(),
		Clock: clockState{Now: start, Running: !o.Frozen},
	}
	st.fill()
	for _, a := range o.Apps {
		st.Apps[a.Name] = &appState{App: a, TaskIDs: map[string]string{}, Sends: map[string]*dup{}}
	}
	return st
}

// fill makes every map usable after decoding.
func (s *state) fill() {
	makeMap(&s.Apps)
	makeMap(&s.Tokens)
	makeMap(&s.Chats)
	makeMap(&s.Sent)
	makeMap(&s.Codes)
	makeMap(&s.Media)
	makeMap(&s.Logins)
	makeMap(&s.AppChats)
	makeMap(&s.Approvals)
	makeMap(&s.ApprovalN)
	for _, a := range s.Apps {
		makeMap(&a.TaskIDs)
		makeMap(&a.Sends)
	}
}

func makeMap[M ~map[K]V, K comparable, V any](m *M) {
	if *m == nil {
		*m = M{}
	}
}

// loadState reads the state file, or starts afresh when there is none. The apps'
// settings always come from the options, so a changed flag takes effect.
func loadState(o Options) (*state, error) {
	if o.StateFile == "" {
		return newState(o), nil
	}
	raw, err := os.ReadFile(o.StateFile)
	if errors.Is(err, os.ErrNotExist) {
		return newState(o), nil
	}
	if err != nil {
		return nil, err
	}
	var st state
	if err := json.Unmarshal(raw, &st); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): delete it to start afresh", o.StateFile, err)
	}
	if st.Version != stateVersion || st.Company == nil {
		return nil, fmt.Errorf("%s has version %d, this program writes %d: delete it to start afresh", o.StateFile, st.Version, stateVersion)
	}
	if st.CorpID != o.CorpID {
		return nil, fmt.Errorf("%s belongs to corp %s, not %s", o.StateFile, st.CorpID, o.CorpID)
	}
	st.fill()
	for _, a := range o.Apps {
		if old := st.Apps[a.Name]; old != nil {
			old.App = a
		} else {
			st.Apps[a.Name] = &appState{App: a, TaskIDs: map[string]string{}, Sends: map[string]*dup{}}
		}
	}
	for name := range st.Apps {
		if !o.has(name) {
			delete(st.Apps, name)
		}
	}
	if o.Start.After(st.Clock.Now) {
		st.Clock.Now = o.Start
	}
	st.Clock.Running = !o.Frozen
	return &st, nil
}

func (o Options) has(app string) bool {
	for _, a := range o.Apps {
		if a.Name == app {
			return true
		}
	}
	return false
}

// saveState writes the state file atomically if anything changed.
func (p *Platform) saveState() error {
	if p.opts.StateFile == "" {
		return nil
	}
	p.mu.Lock()
	now, running := p.clock.reading()
	moved := p.st.Clock.Now.Sub(now).Abs() > 10*time.Second || p.st.Clock.Running != running
	if !p.dirty && !moved && p.ctx.Err() == nil {
		p.mu.Unlock()
		return nil
	}
	p.st.Clock = clockState{Now: now, Running: running}
	raw, err := json.Marshal(p.st)
	p.dirty = false
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	if err := writeFile(p.opts.StateFile, raw); err != nil {
		p.mu.Lock()
		p.dirty = true
		p.mu.Unlock()
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

// writeFile replaces path so that a crash leaves the old or the new content.
func writeFile(path string, raw []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	if _, err = f.Write(raw); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// reindex rebuilds what can be derived from the state.
func (p *Platform) reindex() {
	p.byID = map[int64]*ChatMessage{}
	for key, c := range p.st.Chats {
		user, _, _ := strings.Cut(key, "\x00")
		for _, m := range c.Messages {
			m.user = user
			p.byID[m.ID] = m
		}
	}
}

// nextID hands out the next growing number; the caller holds mu.
func (p *Platform) nextID() int64 {
	p.st.NextID++
	return p.st.NextID
}

// fold is a userid as WeCom compares it.
func fold(userid string) string { return strings.ToLower(userid) }

// chatKey names one member's chat with one app, or (with "#"+chatid) one group.
func chatKey(user, app string) string { return fold(user) + "\x00" + app }
