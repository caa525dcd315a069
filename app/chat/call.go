package chat

import (
	"fmt"
	"slices"
	"time"

	"guiju/app/chat/words"
	"guiju/store"
)

// Source is the way an act came in; it is stored with every transition.
type Source string

// The sources.
const (
	FromChat Source = "chat"
	FromCard Source = "card"
	FromMenu Source = "menu"
	FromPage Source = "api" // a form page (E2.0: api)
)

// From says who speaks, through which app, in which delivery, and when: the
// instant of the act, which may lie before now.
type From struct {
	Member   store.Member
	App      string
	Delivery int64
	At       time.Time
}

// Call is one command being run, with its arguments resolved. Asking for a
// name the command does not declare is a programming error and panics; a
// declared one that was not given answers its zero value.
type Call struct {
	Tx *store.Tx
	From
	Source      Source
	Command     string
	Attachments []store.Attachment // sent before, or while the command was being filled in, and those of its File arguments
	// Insists is set when the member confirmed after Warned: 仍然发送.
	Insists bool
	// Asked is set when the member was asked for anything: what he gave in one
	// line he has read himself.
	Asked bool
	// Permits answers questions beyond the command's own permission.
	Permits Permits

	turn    *turn
	command *Command
	values  map[string]Value
}

// Value is one resolved argument. Only the fields of its kind are set.
type Value struct {
	Text     string        `json:"text,omitempty"`  // Text, Choice, Number, Decimal, Money; for others the member's words
	Time     time.Time     `json:"time,omitzero"`   // Date (midnight), DateTime
	Clock    time.Duration `json:"clock,omitempty"` // Time: since midnight
	DateOnly bool          `json:"date_only,omitempty"`
	Span     Span          `json:"span,omitzero"`
	Integer  int64         `json:"integer,omitempty"`
	Yes      bool          `json:"yes,omitempty"`
	All      bool          `json:"all,omitempty"`  // Audience: @全体; several Numbers: 全部
	From     HalfDay       `json:"from,omitzero"`  // HalfDate, Period
	To       HalfDay       `json:"to,omitzero"`    // Period
	List     []string      `json:"list,omitempty"` // several Choices or Numbers
	// What follows is read anew each time a kept form is taken up.
	People      []store.Member     `json:"-"`
	Departments []store.Department `json:"-"`
	Files       []store.Attachment `json:"-"` // in the order they came
}

// HalfDay is a day or a half of it.
type HalfDay = words.HalfDay

// The halves of a day.
const (
	WholeDay  = words.WholeDay
	Forenoon  = words.Forenoon
	Afternoon = words.Afternoon
)

// Span is a length of time as people say it. One of its fields is set.
type Span = words.Span

// Recipients is the resolved value of an Audience argument.
type Recipients struct {
	People      []store.Member
	Departments []store.Department
	All         bool
}

// Has says whether the argument was given, asked for, or has a default.
func (c *Call) Has(name string) bool {
	c.value(name) // refuses names that are not declared
	_, ok := c.values[name]
	return ok
}

// Value is the resolved argument with everything known about it.
func (c *Call) Value(name string) Value { return c.value(name) }

// Text is the member's own characters, a choice, or any argument's words.
func (c *Call) Text(name string) string { return c.value(name).Text }

// Number is the record number, whole: "M20260302-0012".
func (c *Call) Number(name string) string { return c.value(name).Text }

// Person is the member of a Person argument; the zero
// Member without one.
func (c *Call) Person(name string) store.Member {
	if people := c.value(name).People; len(people) > 0 {
		return people[0]
	}
	return store.Member{}
}

// People are the members of a Person argument with Many.
func (c *Call) People(name string) []store.Member { return c.value(name).People }

// Department is the department of a Department argument; the zero Department
// without one.
func (c *Call) Department(name string) store.Department {
	if all := c.value(name).Departments; len(all) > 0 {
		return all[0]
	}
	return store.Department{}
}

// List are the words of a Choice or Number with Many.
func (c *Call) List(name string) []string { return c.value(name).List }

// HalfDay is a HalfDate argument.
func (c *Call) HalfDay(name string) HalfDay { return c.value(name).From }

// Period is a Period argument, both ends included.
func (c *Call) Period(name string) (from, to HalfDay) {
	v := c.value(name)
	return v.From, v.To
}

// Money is a Money argument in plain digits: "1234.5".
func (c *Call) Money(name string) string { return c.value(name).Text }

// Files are what was sent for a File or Photo argument.
func (c *Call) Files(name string) []store.Attachment { return c.value(name).Files }

// Audience is the value of an Audience argument.
func (c *Call) Audience(name string) Recipients {
	v := c.value(name)
	return Recipients{People: v.People, Departments: v.Departments, All: v.All}
}

// Time is a Date (midnight of that day) or a DateTime in the company's zone.
func (c *Call) Time(name string) time.Time { return c.value(name).Time }

// Clock is a Time argument, counted from midnight.
func (c *Call) Clock(name string) time.Duration { return c.value(name).Clock }

// Span is a Duration argument.
func (c *Call) Span(name string) Span { return c.value(name).Span }

// Integer is an Integer argument.
func (c *Call) Integer(name string) int64 { return c.value(name).Integer }

// Decimal is a Decimal argument in plain digits: "1234.5".
func (c *Call) Decimal(name string) string { return c.value(name).Text }

// Yes is a YesNo argument; false when it was not given.
func (c *Call) Yes(name string) bool { return c.value(name).Yes }

// Needs says whether the command as such asks for this permission, for its own
// records or for those of an extension. What is asked beyond that concerns the
// act itself.
func (c *Call) Needs(permission string) bool {
	return c.command != nil && (c.command.Permission == permission ||
		slices.ContainsFunc(c.command.Extensions, func(x Extension) bool { return x.Permission == permission }))
}

func (c *Call) value(name string) Value {
	if c.command != nil && c.command.arg(name) == nil {
		panic(fmt.Sprintf("command %s has no argument %q", c.command.Name, name))
	}
	return c.values[name]
}
