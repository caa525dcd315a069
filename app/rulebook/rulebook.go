// Package rulebook loads the company's rules: the guide's values built into the
// program, and a file that overrides them key by key. It marks which values the
// guide states, compares rulebooks and says what of a change must wait for approval.
package rulebook

import "guiju/app/policy"

// Book is a loaded rulebook.
type Book struct {
	Rules policy.Rules
}

// Load reads the built-in guide and, unless path is empty, the overrides in
// path. Mappings merge key by key, lists replace. Its error names every mistake
// with its path and line.
func Load(path string) (*Book, error) { panic("todo") }

// Parse is Load for overrides already in memory; name stands for them in errors.
func Parse(name string, overrides []byte) (*Book, error) { panic("todo") }
