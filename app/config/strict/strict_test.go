package strict_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/config/strict"
)

type address struct {
	City string `yaml:"city"`
	Zip  int    `yaml:"zip"`
}

type person struct {
	Name    string             `yaml:"name"`
	Age     *int               `yaml:"age"`
	Wait    time.Duration      `yaml:"wait"`
	Weight  float64            `yaml:"weight"`
	Active  bool               `yaml:"active"`
	Homes   map[string]address `yaml:"homes"`
	Friends []person           `yaml:"friends"`
	Hidden  string             `yaml:"-"`
}

func decode(t *testing.T, text string, into *person) []string {
	t.Helper()
	root, found := strict.Parse([]byte(text))
	if len(found) == 0 {
		found = strict.Decode(root, into)
	}
	lines := []string{}
	for _, m := range found {
		lines = append(lines, m.String())
	}
	return lines
}

func TestDecodeKeepsWhatIsNotNamed(t *testing.T) {
	forty := 40
	p := person{Name: "old", Age: &forty, Homes: map[string]address{"a": {City: "X", Zip: 1}, "b": {City: "Y"}}, Friends: []person{{Name: "f"}}}
	require.Empty(t, decode(t, "name: new\nage: null\nhomes: {a: {zip: 2}, c: {city: Z}}\nfriends: [{name: g}, {name: h}]\nwait: 90s\nweight: 1.5\nactive: true\n", &p))
	require.Equal(t, person{
		Name: "new", Wait: 90 * time.Second, Weight: 1.5, Active: true,
		Homes:   map[string]address{"a": {City: "X", Zip: 2}, "b": {City: "Y"}, "c": {City: "Z"}},
		Friends: []person{{Name: "g"}, {Name: "h"}},
	}, p)
}

func TestDecodeNamesEveryMistake(t *testing.T) {
	var p person
	require.Equal(t, []string{
		"nmae: unknown key, did you mean name? (line 1)",
		`age: must be a whole number, not "ten" (line 2)`,
		"homes.a.city: must be text (line 3)",
		`friends[1].active: must be true or false, not "yes" (line 6)`,
		"Hidden: unknown key; known here: active, age, friends, homes, name, wait, weight (line 7)",
		`weight: must be a number, not "" (line 8)`,
	}, decode(t, "nmae: x\nage: ten\nhomes: {a: {city: [x]}}\nfriends:\n  - {name: a}\n  - {active: yes}\nHidden: x\nweight:\n", &p))
}

func TestParseRefusesWhatHidesMeaning(t *testing.T) {
	for text, want := range map[string]string{
		"a: &x 1\nb: *x\n": "a: anchors and aliases are not supported; put a value that begins with & or * in quotes (line 1)",
		"a: 1\na: 2\n":     "a: is given twice, first on line 1 (line 2)",
		"[1, 2]: 3\n":      "a key must be a plain word (line 1)",
		"just text":        "must be a mapping of keys to values (line 1)",
	} {
		var p person
		require.Contains(t, decode(t, text, &p), want, text)
	}
}

func TestUnknown(t *testing.T) {
	require.Equal(t, "unknown key, did you mean agent_id?", strict.Unknown("agentid", []string{"name", "agent_id"}))
	require.Equal(t, "unknown key, did you mean level?", strict.Unknown("LEVEL", []string{"level"}))
	require.Equal(t, "unknown key; known here: db", strict.Unknown("xy", []string{"db"}), "everything about it differs")
	many := []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "b1", "b2", "b3", "b4"}
	require.Equal(t, "unknown key", strict.Unknown("something", many))
}

func TestLineOfTheNearestPart(t *testing.T) {
	root, _ := strict.Parse([]byte("a:\n  b:\n    - x\n    - y\n"))
	lines := strict.Lines(root)
	require.Equal(t, 4, strict.Line(lines, "a.b[1]"))
	require.Equal(t, 2, strict.Line(lines, "a.b[7].c"))
	require.Equal(t, 1, strict.Line(lines, "a.z"))
	require.Zero(t, strict.Line(lines, "q.r"))
}
