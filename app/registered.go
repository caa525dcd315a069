package app

import (
	"guiju/app/chat"
	"guiju/app/people"
)

// Commands are all that members can say, hidden ones included.
func (a *App) Commands() []chat.Command { return a.chat.Commands() }

// HandOvers are the domains that hold open work of members, by name.
func (a *App) HandOvers() map[string]people.HandOver { return a.people.HandOvers() }

// Cards are the kinds of cards that members may be sent.
func (a *App) Cards() []string { return a.notify.Cards() }
