// Package rulebook loads the company's rules: the guide's values built into the
// program, and a file that overrides them key by key. It marks which values the
// guide states, compares rulebooks, and says what of a change must wait for the
// approval of 总经理办公室.
package rulebook

import (
	"crypto/sha256"
	_ "embed" // guide.yaml
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"guiju/app/config/strict"
	"guiju/app/policy"
)

//go:embed guide.yaml
var guide []byte

// Book is a loaded and checked rulebook. It is immutable.
type Book struct {
	Rules  policy.Rules
	Engine *policy.Engine

	// tree is every value, in the order of policy.Rules. It is made when it is
	// asked for: that takes longer than everything else about loading.
	tree func() *yaml.Node
}

// Error is everything that is wrong with one file of overrides.
type Error struct {
	File     string
	Mistakes []strict.Mistake
}

func (e *Error) Error() string {
	if len(e.Mistakes) == 1 {
		return e.File + ": " + e.Mistakes[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d mistakes", e.File, len(e.Mistakes))
	for _, m := range e.Mistakes {
		b.WriteString("\n  " + m.String())
	}
	return b.String()
}

// Guide returns the built-in rulebook.
func Guide() (*Book, error) { return Parse("guide.yaml", nil) }

// Load reads the built-in guide and, unless path is empty, the overrides in
// path. Mappings merge key by key, lists replace. A mistake in what the file
// says is an *Error, which names them all; a file that cannot be read is not.
func Load(path string) (*Book, error) {
	if path == "" {
		return Guide()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read rulebook: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, strict.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read rulebook: %w", err)
	}
	return Parse(path, data)
}

// parsedGuide is the built-in guide before it is decoded.
var parsedGuide = sync.OnceValues(func() (*yaml.Node, []strict.Mistake) { return strict.Parse(guide) })

// Parse is Load for overrides already in memory; name stands for them in errors.
func Parse(name string, overrides []byte) (*Book, error) {
	var rules policy.Rules
	root, found := parsedGuide()
	found = append(found, strict.Decode(root, &rules)...)
	if len(found) > 0 {
		return nil, &Error{"guide.yaml", found}
	}
	if root, found = strict.Parse(overrides); len(found) > 0 {
		return nil, &Error{name, found}
	}
	if found = strict.Decode(root, &rules); len(found) > 0 {
		return nil, &Error{name, found}
	}
	book, problems := build(rules)
	if len(problems) > 0 {
		lines := strict.Lines(root)
		for _, p := range problems {
			found = append(found, strict.Mistake{Path: p.Path, Line: strict.Line(lines, p.Path), Text: p.Text})
		}
		slices.SortStableFunc(found, func(a, b strict.Mistake) int { return a.Line - b.Line })
		return nil, &Error{name, found}
	}
	return book, nil
}

// build compiles rules and keeps them as a tree.
func build(rules policy.Rules) (*Book, policy.Problems) {
	engine, err := policy.Compile(rules)
	if err != nil {
		if problems, ok := err.(policy.Problems); ok {
			return nil, problems
		}
		return nil, policy.Problems{{Text: err.Error()}}
	}
	return &Book{Rules: rules, Engine: engine, tree: sync.OnceValue(func() *yaml.Node { return treeOf(rules) })}, nil
}

// treeOf writes rules that have been compiled as YAML.
func treeOf(rules policy.Rules) *yaml.Node {
	tree := &yaml.Node{}
	if err := tree.Encode(rules); err != nil {
		panic("rulebook: rules that were compiled cannot be written: " + err.Error())
	}
	return tree
}

// Values is the whole rulebook as YAML in one fixed form: equal rules give equal
// bytes, however a file wrote them. Parse reads it back.
func (b *Book) Values() string {
	text, err := yaml.Marshal(b.tree())
	if err != nil {
		panic("rulebook: a tree that was encoded cannot be written: " + err.Error())
	}
	return string(text)
}

// Hash identifies the values.
func (b *Book) Hash() string {
	sum := sha256.Sum256([]byte(b.Values()))
	return hex.EncodeToString(sum[:])
}

// withVersion is b under a version number, which its decisions then carry.
func (b *Book) withVersion(number int) (*Book, error) {
	rules := b.Rules
	rules.Version = number
	book, problems := build(rules)
	if len(problems) > 0 {
		return nil, problems
	}
	return book, nil
}
