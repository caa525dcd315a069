package chat

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"guiju/store"
)

// Answer is what the member is told. Its zero value says nothing.
type Answer struct {
	// Text is complete by itself. It may exceed one message: see Split.
	Text string
	// Card, if set, asks the same with buttons; it is sent in place of Text,
	// which stays for where no card can be sent.
	Card *Card
	// Settled, if set, names the question with buttons that was open before
	// and is not any more.
	Settled *Settled
	// Ask is a command line begun after this answer, whose first missing
	// argument is asked: an act that leads to a question.
	Ask string
	// Begin is a command begun after this answer with what is known of it: a form
	// taken up again. It goes before Ask.
	Begin *Beginning
	// Subject is the record the act made or changed; attachments of the call
	// are filed under it.
	Subject store.Subject
}

// Button is one way on. Key is a command line: typing it has the same effect
// as pressing.
type Button struct {
	Text string
	Key  string
}

// Beginning is a command with values for its arguments, by their names. Each
// argument stands in one of the maps at most.
type Beginning struct {
	Command     string
	Words       map[string]string  // as a member would write them
	People      map[string][]int64 // ids of members, for a Person
	Departments map[string][]int64 // ids, for a Department
	Files       map[string][]int64 // ids of attachments, for a File or Photo
	// Changes are what the member wants otherwise at once, as 键:值.
	Changes string
}

// MaxMessage is the most bytes of UTF-8 in one text message of WeCom.
const MaxMessage = 2048

// Split cuts text at line ends into messages of at most MaxMessage bytes,
// numbered (1/3) when there are several. A line that is too long by itself is
// cut between characters.
func Split(text string) []string {
	if len(text) <= MaxMessage {
		if text == "" {
			return nil
		}
		return []string{text}
	}
	parts := pack(text, MaxMessage-len("(99999/99999)\n"))
	for i := range parts {
		parts[i] = fmt.Sprintf("(%d/%d)\n%s", i+1, len(parts), parts[i])
	}
	return parts
}

func pack(text string, limit int) []string {
	var parts []string
	var part strings.Builder
	flush := func() {
		if trimmed := strings.Trim(part.String(), "\n"); trimmed != "" {
			parts = append(parts, trimmed)
		}
		part.Reset()
	}
	for _, line := range strings.SplitAfter(text, "\n") {
		if part.Len()+len(line) > limit {
			flush()
		}
		for len(line) > limit {
			cut := limit
			for cut > 0 && !utf8.RuneStart(line[cut]) {
				cut--
			}
			if cut == 0 {
				cut = limit // not UTF-8 at all
			}
			part.WriteString(line[:cut])
			flush()
			line = line[cut:]
		}
		part.WriteString(line)
	}
	flush()
	return parts
}
