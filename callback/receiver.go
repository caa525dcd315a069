// Package callback is the inbound edge: it proves that a callback is WeCom's, opens and decodes it, gives it an
// identity, hands it to the Inbox and answers.
package callback

import (
	"fmt"
	"regexp"

	"guiju/callback/envelope"
)

// ContactsName is the path segment of the contact-sync receiver. No app may have this name.
const ContactsName = "contacts"

// Receiver is one callback URL with its keys: an app's, or the company's contact-sync receiver.
type Receiver struct {
	Name     string // path segment of the URL; for an app its name
	AgentID  string // empty for contact sync
	Contacts bool
	Keys     envelope.Keys
}

// AppReceiver is the receiver of a self-built app.
func AppReceiver(name, agentID string, keys envelope.Keys) Receiver {
	return Receiver{Name: name, AgentID: agentID, Keys: keys}
}

// ContactsReceiver is the contact-sync receiver (通讯录同步).
func ContactsReceiver(keys envelope.Keys) Receiver {
	return Receiver{Name: ContactsName, Contacts: true, Keys: keys}
}

// app is the app's name, empty for contact sync.
func (r Receiver) app() string {
	if r.Contacts {
		return ""
	}
	return r.Name
}

var receiverName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (r Receiver) check() error {
	switch {
	case !receiverName.MatchString(r.Name):
		return fmt.Errorf("receiver %q: a name has 1 to 64 letters, digits, - or _", r.Name)
	case r.Name == ContactsName && !r.Contacts:
		return fmt.Errorf("receiver %q: the name is reserved for contact sync", r.Name)
	case r.Keys.Current == nil:
		return fmt.Errorf("receiver %q: has no key", r.Name)
	}
	return nil
}
