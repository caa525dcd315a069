package policy

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Ordered is a mapping whose entries keep the order in which a file first names
// them: the fields of a form are asked from top to bottom. A later file merges
// entry by entry; what it adds comes last.
type Ordered[T any] []Entry[T]

// Entry is one entry of an Ordered mapping.
type Entry[T any] struct {
	Key   string
	Value T
}

// Entry returns a pointer to the entry of that key, which it adds if there is
// none. The pointer is good until the next call.
func (o *Ordered[T]) Entry(key string) any { return o.at(key) }

func (o *Ordered[T]) at(key string) *T {
	for i := range *o {
		if (*o)[i].Key == key {
			return &(*o)[i].Value
		}
	}
	*o = append(*o, Entry[T]{Key: key})
	return &(*o)[len(*o)-1].Value
}

// Get finds an entry.
func (o Ordered[T]) Get(key string) (T, bool) {
	for _, e := range o {
		if e.Key == key {
			return e.Value, true
		}
	}
	var none T
	return none, false
}

// UnmarshalYAML reads a mapping.
func (o *Ordered[T]) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("must be a mapping of names to values")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := n.Content[i+1].Decode(o.at(n.Content[i].Value)); err != nil {
			return fmt.Errorf("%s: %w", n.Content[i].Value, err)
		}
	}
	return nil
}

// MarshalYAML writes the mapping in its order.
func (o Ordered[T]) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, e := range o {
		key, value := &yaml.Node{}, &yaml.Node{}
		key.SetString(e.Key)
		if err := value.Encode(e.Value); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Key, err)
		}
		n.Content = append(n.Content, key, value)
	}
	return n, nil
}

// MarshalYAML writes the number without quotes and without an exponent.
func (d Decimal) MarshalYAML() (any, error) {
	tag := "!!int"
	if d%decimalOne != 0 {
		tag = "!!float"
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: d.String()}, nil
}
