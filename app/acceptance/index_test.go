package acceptance_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// examplesOfTheGuide is how many acceptance examples guide.md has; it grows
// only with the guide.
const examplesOfTheGuide = 285

// index is index.yaml: by clause and example.
type index struct {
	Built    []string
	Examples map[string]map[string]example
}

// example is played by tests or waits for a system.
type example struct {
	Test  names
	Waits string
}

// names is one name or a list.
type names []string

func (n *names) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*n = names{node.Value}
		return nil
	}
	return node.Decode((*[]string)(n))
}

func readIndex(t *testing.T) index {
	t.Helper()
	body, err := os.ReadFile("index.yaml")
	require.NoError(t, err)
	var ix index
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&ix)) // a key given twice is an error of its own
	return ix
}

// testNames are the tests of this package.
func testNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var all []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				all = append(all, f.Name.Name)
			}
		}
	}
	return all
}

var (
	system   = regexp.MustCompile(`^S(0\d|1\d)$`)
	clause   = regexp.MustCompile(`^(G1|G2)-\S+( 关键点.)?$|^S(0\d|1\d)$`)
	numbered = regexp.MustCompile(`^AE([1-9]|b)?$`)
	ofRule   = regexp.MustCompile(`^Test(?:G[12]|S\d\d)[0-9A-Za-z_一-龥]*?_AE\d?_`)
)

func TestIndexHasEveryExampleOfTheGuide(t *testing.T) {
	ix := readIndex(t)
	count := 0
	for where, examples := range ix.Examples {
		require.Regexp(t, clause, where)
		for number, e := range examples {
			id := where + " " + number
			count++
			require.Regexp(t, numbered, number, id)
			require.NotEqual(t, len(e.Test) > 0, e.Waits != "", "%s: either a test or a system it waits for", id)
			if e.Waits != "" {
				require.Regexp(t, system, e.Waits, id)
				require.NotContains(t, ix.Built, e.Waits, "%s waits for a system that exists", id)
			}
		}
	}
	require.Equal(t, examplesOfTheGuide, count)
}

func TestIndexAndTestsAgree(t *testing.T) {
	ix := readIndex(t)
	tests := testNames(t)
	named := map[string]bool{}
	for where, examples := range ix.Examples {
		for number, e := range examples {
			for _, name := range e.Test {
				require.Contains(t, tests, name, "%s %s names a test that is not there", where, number)
				require.True(t, strings.HasPrefix(name, "Test"+inName(where)+"_"), "%s %s is played by %s, which is called after something else", where, number, name)
				named[name] = true
			}
		}
	}
	for _, name := range tests {
		if ofRule.MatchString(name) {
			require.True(t, named[name], "%s plays an example that the index does not give it", name)
		}
	}
	for _, built := range ix.Built {
		require.Regexp(t, system, built)
		if e, ok := ix.Examples[built]; ok {
			for number := range e {
				require.NotEmpty(t, e[number].Test, "%s %s", built, number)
			}
		}
	}
	require.True(t, slices.IsSorted(ix.Built))
}

// inName is a clause as it is written in the name of a test.
func inName(where string) string {
	var b strings.Builder
	for _, r := range where {
		switch {
		case strings.ContainsRune("-.() ", r):
			if s := b.String(); !strings.HasSuffix(s, "_") {
				b.WriteByte('_')
			}
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSuffix(b.String(), "_")
}

func TestIndexNames(t *testing.T) {
	for where, want := range map[string]string{
		"G1-4.1(4)b": "G1_4_1_4_b", "G1-2.2c": "G1_2_2c", "G1-4.2(1)": "G1_4_2_1", "S00": "S00", "G1-2a": "G1_2a", "G1-2.3(1)1.1": "G1_2_3_1_1_1",
	} {
		require.Equal(t, want, inName(where))
	}
	for name, rule := range map[string]bool{
		"TestG1_2a_AE_TheEntryMenu": true, "TestS00_AE_Once": true, "TestG1_4_1_4_b_AE9_Five": true, "TestE2_0_Text4": false, "TestInquiryRouting": false,
	} {
		require.Equal(t, rule, ofRule.MatchString(name), name)
	}
}
