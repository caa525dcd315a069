package app_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"guiju/app/manual"
	"guiju/app/rulebook"
	"guiju/wecom/sandbox"
)

// The manual promises what the program does. These tests hold its lists against
// the code they describe; they stand here because only app knows the domains.

var languages = []manual.Language{manual.Chinese, manual.English}

func topic(t *testing.T, l manual.Language, name string) string {
	t.Helper()
	found, ok, err := manual.Find(l, name)
	require.NoError(t, err)
	require.True(t, ok, "the manual has no topic %s in %s", name, l)
	return found.Text
}

func TestManualHasTheSameTopicsInBothLanguages(t *testing.T) {
	var names [2][]string
	for i, l := range languages {
		topics, err := manual.Topics(l)
		require.NoError(t, err)
		for _, one := range topics {
			names[i] = append(names[i], one.Name)
			require.NotEmpty(t, one.Title, "%s/%s has no heading", l, one.Name)
		}
	}
	require.Equal(t, names[0], names[1])
	require.NotEmpty(t, names[0])
}

func TestManualLinksLeadSomewhere(t *testing.T) {
	pages := map[string]string{"README.md": read(t, "../README.md"), "README.zh-CN.md": read(t, "../README.zh-CN.md")}
	for _, l := range languages {
		topics, err := manual.Topics(l)
		require.NoError(t, err)
		for _, one := range topics {
			pages["app/manual/"+string(l)+"/"+one.Name] = one.Text
		}
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	help := regexp.MustCompile("`guiju help (?:--en )?([a-z][a-z-]+)`")
	for page, text := range pages {
		for _, to := range link.FindAllStringSubmatch(text, -1) {
			file := filepath.Join("..", filepath.FromSlash(path.Join(path.Dir(page), to[1])))
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s leads to %s, which is not there", page, to[1])
			}
		}
		for _, to := range help.FindAllStringSubmatch(text, -1) {
			topic(t, manual.Chinese, to[1])
		}
	}
}

func TestManualNamesEveryKeyOfTheConfiguration(t *testing.T) {
	var keys map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "../config.yaml")), &keys))
	require.NotEmpty(t, keys)
	for _, l := range languages {
		text := topic(t, l, "configuration")
		for section, value := range keys {
			inner, ok := value.(map[string]any)
			if !ok {
				require.Contains(t, text, "`"+section+"`", l)
			}
			for key := range inner {
				full := strings.Contains(text, "`"+section+"."+key)
				if !full && (!strings.Contains(text, "`"+section+".") || !strings.Contains(text, "`"+key+"`")) {
					t.Errorf("%s/configuration does not name %s.%s", l, section, key)
				}
			}
		}
	}
}

func TestManualNamesMetricsThatExist(t *testing.T) {
	var code strings.Builder
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			code.WriteString(read(t, f))
		}
	}
	metric := regexp.MustCompile(`guiju_([a-z_]+)`)
	for _, l := range languages {
		found := metric.FindAllStringSubmatch(topic(t, l, "operations"), -1)
		require.Greater(t, len(found), 10)
		for _, m := range found {
			if !strings.Contains(code.String(), `"`+m[1]+`"`) {
				t.Errorf("%s/operations names %s, which the program does not count", l, m[0])
			}
		}
	}
}

func TestManualListsTheSandboxsChoices(t *testing.T) {
	chinese := topic(t, manual.Chinese, "sandbox")
	for _, c := range sandbox.Choices() {
		for _, cell := range []string{c.Topic, c.Open, c.Taken} {
			if !strings.Contains(chinese, strings.ReplaceAll(cell, "|", `\|`)) {
				t.Errorf("zh/sandbox lacks %q of the choice %s", cell, c.Topic)
			}
		}
	}
	english := topic(t, manual.English, "sandbox")
	_, list, ok := strings.Cut(english, "The sandbox takes the stricter reading:")
	require.True(t, ok)
	rows := regexp.MustCompile(`(?m)^\| [^-]`).FindAllString(list, -1)
	require.Len(t, rows, len(sandbox.Choices())+1, "a heading and one row for each choice")
}

// Both READMEs name, for each capability of approvals, tests that exist.
func TestReadmeNamesTestsThatExist(t *testing.T) {
	declared := map[string]bool{}
	test := regexp.MustCompile(`(?m)^func (Test\w+)\(t `)
	for _, pattern := range []string{"acceptance/*_test.go", "*/*_test.go", "*_test.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			for _, found := range test.FindAllStringSubmatch(read(t, file), -1) {
				declared[found[1]] = true
			}
		}
	}
	named := regexp.MustCompile("`(Test\\w+)`")
	var both [2][]string
	for i, page := range []string{"../README.md", "../README.zh-CN.md"} {
		for _, found := range named.FindAllStringSubmatch(read(t, page), -1) {
			require.True(t, declared[found[1]], "%s names %s, which is no test", page, found[1])
			both[i] = append(both[i], found[1])
		}
	}
	require.Greater(t, len(both[0]), 8)
	require.Equal(t, both[0], both[1])
}

// Every rulebook that the page about approvals shows loads.
func TestManualShowsProcessesThatLoad(t *testing.T) {
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, l := range languages {
		shown := block.FindAllStringSubmatch(topic(t, l, "approvals"), -1)
		require.GreaterOrEqual(t, len(shown), 3)
		for i, found := range shown {
			_, err := rulebook.Parse("manual.yaml", []byte(found[1]))
			require.NoError(t, err, "%s, example %d", l, i+1)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(raw)
}
