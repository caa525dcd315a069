// Package manual is the handbook: Markdown with its pictures, in Chinese and
// English, embedded. `guiju help TOPIC` prints it.
package manual

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// files holds zh/NN-topic.md and en/NN-topic.md, NN orders the topics, and the
// pictures they show.
//
//go:embed zh en pictures
var files embed.FS

// Language is the language a topic is written in.
type Language string

// The languages of the manual.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// Topic is one page of the manual.
type Topic struct {
	Name  string // doctor
	Title string // its first heading
	Text  string // the whole page, Markdown
}

var page = regexp.MustCompile(`^\d\d-([a-z][a-z0-9-]*)\.md$`)

// Topics lists the pages of a language in their order.
func Topics(l Language) ([]Topic, error) { return topics(files, l) }

// Find returns one page of a language; ok is false when there is none.
func Find(l Language, name string) (t Topic, ok bool, err error) {
	all, err := Topics(l)
	for _, t := range all {
		if t.Name == name {
			return t, true, err
		}
	}
	return Topic{}, false, err
}

// Files gives the pictures and pages, as they are, to whoever serves them.
func Files() fs.FS { return files }

func topics(from fs.FS, l Language) ([]Topic, error) {
	entries, err := fs.ReadDir(from, string(l))
	if err != nil {
		return nil, fmt.Errorf("manual: %w", err)
	}
	var all []Topic
	for _, e := range entries { // ReadDir sorts by name
		match := page.FindStringSubmatch(e.Name())
		if match == nil {
			continue
		}
		text, err := fs.ReadFile(from, path.Join(string(l), e.Name()))
		if err != nil {
			return nil, fmt.Errorf("manual: %w", err)
		}
		all = append(all, Topic{Name: match[1], Title: title(string(text)), Text: string(text)})
	}
	return all, nil
}

// title is the first heading.
func title(text string) string {
	for line := range strings.Lines(text) {
		if heading, ok := strings.CutPrefix(line, "# "); ok {
			return strings.TrimSpace(heading)
		}
	}
	return ""
}
