package chat

import (
	"fmt"

	"guiju/store"
)

// Uses is what Permits may also be: then it is told of each command that was
// run to its end by virtue of a permission.
type Uses interface {
	Used(c *Call, permission string) error
}

// used tells Permits that a command has run.
func (t *turn) used(c *Call) error {
	uses, wants := t.e.o.Permits.(Uses)
	if !wants || c.command.Permission == Everybody {
		return nil
	}
	if err := uses.Used(c, c.command.Permission); err != nil {
		return fmt.Errorf("use of %s: %w", c.command.Permission, err)
	}
	return nil
}

// Refuse answers a member who may do nothing here, whatever he did: his open
// form and question are dropped, and he is told text.
func (e *Engine) Refuse(tx *store.Tx, from From, text string) (Answer, error) {
	return e.turn(tx, from, FromChat, func(t *turn) (Answer, error) {
		t.mem, t.notes = memory{}, nil
		return Answer{Text: text}, nil
	})
}
