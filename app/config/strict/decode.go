package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// unmarshaler is the form of YAML unmarshalling that needs no YAML package.
type unmarshaler interface {
	UnmarshalYAML(unmarshal func(any) error) error
}

// ordered is a mapping that keeps the order of its entries.
type ordered interface {
	Entry(key string) any // a pointer to the entry of that key, added if it is new
}

// Decode reads the mapping root into the struct that into points to. Fields
// carry their key in the tag yaml; "-" excludes one. What the mapping leaves out
// keeps its value. Lists replace; mappings merge into a map. The mistakes are in
// the order of the file.
func Decode(root *yaml.Node, into any) []Mistake {
	d := &decoder{}
	d.value(root, reflect.ValueOf(into).Elem(), "")
	return d.found
}

type decoder struct{ found []Mistake }

func (d *decoder) add(n *yaml.Node, path, format string, args ...any) {
	d.found = append(d.found, Mistake{Path: path, Line: n.Line, Text: fmt.Sprintf(format, args...)})
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		return // Parse has reported it
	}
	switch target := v.Addr().Interface().(type) {
	case unmarshaler:
		if err := target.UnmarshalYAML(n.Decode); err != nil {
			d.add(n, path, "%v", err)
		}
		return
	case ordered:
		d.inOrder(n, target, path)
		return
	case encoding.TextUnmarshaler:
		if n.Kind != yaml.ScalarNode {
			d.add(n, path, "must be text")
		} else if err := target.UnmarshalText([]byte(scalar(n))); err != nil {
			d.add(n, path, "%v", err)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.fields(n, v, path)
	case reflect.Map:
		d.entries(n, v, path)
	case reflect.Slice:
		d.items(n, v, path)
	case reflect.Pointer:
		if isNull(n) {
			v.SetZero()
			return
		}
		fresh := reflect.New(v.Type().Elem())
		d.value(n, fresh.Elem(), path)
		v.Set(fresh)
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) fields(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.add(n, path, "must be a mapping of keys to values")
		return
	}
	index, keys := map[string]int{}, []string{}
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if key != "" && key != "-" {
			index[key] = i
			keys = append(keys, key)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], n.Content[i+1]
		at := Join(path, key.Value)
		field, known := index[key.Value]
		if !known {
			d.add(key, at, "%s", Unknown(key.Value, keys))
			continue
		}
		d.value(child, v.Field(field), at)
	}
}

func (d *decoder) entries(n *yaml.Node, v reflect.Value, path string) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.add(n, path, "must be a mapping of names to values")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := reflect.ValueOf(n.Content[i].Value)
		entry := reflect.New(v.Type().Elem()).Elem()
		if had := v.MapIndex(key); had.IsValid() {
			entry.Set(had)
		}
		d.value(n.Content[i+1], entry, Join(path, key.String()))
		v.SetMapIndex(key, entry)
	}
}

func (d *decoder) inOrder(n *yaml.Node, into ordered, path string) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.add(n, path, "must be a mapping of names to values")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		d.value(n.Content[i+1], reflect.ValueOf(into.Entry(key)).Elem(), Join(path, key))
	}
}

func (d *decoder) items(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.add(n, path, "must be a list")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, child := range n.Content {
		d.value(child, list.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(list)
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	if v.Kind() == reflect.String {
		if n.Kind != yaml.ScalarNode {
			d.add(n, path, "must be text")
			return
		}
		v.SetString(scalar(n))
		return
	}
	what, set := "", false
	text := scalar(n)
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		what = "a duration like 20s, 5m or 4320h"
		if t, err := time.ParseDuration(text); err == nil {
			v.SetInt(int64(t))
			set = true
		}
	case v.CanInt():
		what = "a whole number"
		if i, err := strconv.ParseInt(text, 10, v.Type().Bits()); err == nil {
			v.SetInt(i)
			set = true
		}
	case v.CanFloat():
		what = "a number"
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			v.SetFloat(f)
			set = true
		}
	case v.Kind() == reflect.Bool:
		what = "true or false"
		if text == "true" || text == "false" {
			v.SetBool(text == "true")
			set = true
		}
	default:
		panic("strict: no way to read YAML into " + v.Type().String())
	}
	switch {
	case set && n.Kind == yaml.ScalarNode:
	case n.Kind != yaml.ScalarNode:
		d.add(n, path, "must be %s", what)
	default:
		d.add(n, path, "must be %s, not %q", what, shorten(text))
	}
}

// scalar is the text of n; nothing at all counts as the empty text.
func scalar(n *yaml.Node) string {
	if isNull(n) {
		return ""
	}
	return n.Value
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// Unknown words the refusal of key where only keys are known.
func Unknown(key string, keys []string) string {
	best, distance := "", 3
	for _, k := range keys {
		if n := edits(strings.ToLower(key), k); n < distance {
			best, distance = k, n
		}
	}
	if best != "" && distance < len(best) {
		return "unknown key, did you mean " + best + "?"
	}
	sorted := slices.Sorted(slices.Values(keys))
	if len(sorted) > 12 {
		return "unknown key"
	}
	return "unknown key; known here: " + strings.Join(sorted, ", ")
}

// edits counts the insertions, deletions and changes that turn a into b. Long
// texts are not compared: they are no misspelling of a key.
func edits(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
