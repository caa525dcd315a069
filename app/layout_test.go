package app_test

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The layout of the repository is a promise to its readers: where a thing is
// and what it may know. These tests keep it, naming the file that breaks it.

const module = "guiju"

// parts are the folders of app that belong to no domain; everything else in app
// must be in domains.
var parts = []string{
	"acceptance", "chat", "config", "console", "doctor", "durability", "load", "manual", "notify", "people",
	"playground", "policy", "request", "response", "rulebook", "schedule",
}

// domains are one folder per system of the guide. They never import one
// another, and no part imports a domain: only app joins them.
var domains = []string{
	"account", "approval", "audit", "communication", "document", "duty", "equipment", "evaluation", "fault", "feedback",
	"group", "integration", "knowledge", "permission", "process", "task", "ticket", "training",
}

// domainMayImport is all of ours that a domain knows beside its own folder.
var domainMayImport = []string{
	"app/chat", "app/chat/words", "app/console", "app/notify", "app/people", "app/policy", "app/request", "app/response", "app/schedule",
	"callback/event", "store", "store/queue", "wecom", "wecom/card",
}

// libraries may be imported only below the named folders: a change of library
// must stay a change of one folder. Package app mounts the routes of its parts.
var libraries = []struct {
	prefix string
	in     []string
	but    []string // folders below in that may not either
}{
	{"github.com/gin-gonic/", []string{"callback", "app/console", "wecom/sandbox", "app/"}, []string{"callback/event", "callback/envelope", "wecom/sandbox/clockclient"}},
	{"gorm.io/", []string{"store"}, nil},
	{"github.com/libtnb/sqlite", []string{"store"}, nil},
	{"modernc.org/sqlite", []string{"store"}, nil},
	{"github.com/go-sql-driver/mysql", []string{"store"}, nil},
	{"github.com/redis/go-redis/", []string{"store"}, nil},
	{"github.com/silenceper/", []string{"wecom"}, []string{"wecom/sandbox", "wecom/card"}},
	{"github.com/6tail/lunar-go", []string{"app/policy", "app/rulebook"}, nil},
	{"github.com/expr-lang/expr", []string{"app/policy"}, nil},
	{"github.com/spf13/cobra", []string{"cmd"}, nil},
}

// machineTime lists who may read the machine's clock, by file or folder, and
// what for. Everyone else takes the time from whoever calls: business time moves.
var machineTime = map[string]string{
	"app/console/form.go":       "deadline of a connection",
	"callback/receive.go":       "deadline of a connection",
	"store":                     "group commit, number blocks, the pause after Redis failed, SQLite's own clock",
	"store/queue":               "leases, run times, backoff",
	"wecom/sandbox":             "how long an app took to answer; business time that runs with the machine's",
	"wecom/sandbox/clockclient": "the same, in the other process",
}

// topLevel is what a newcomer finds in the root. Dotfiles are free.
var topLevel = []string{
	"app", "callback", "cmd", "config.yaml", "Dockerfile", "go.mod", "go.sum", "LICENSE", "Makefile",
	"README.md", "README.zh-CN.md", "store", "wecom",
}

// vagueNames say nothing about what is inside.
var vagueNames = []string{"common", "dao", "helper", "helpers", "model", "models", "service", "services", "tool", "tools", "util", "utils"}

// bare are folders whose tests use every library directly: to measure against a
// bare server, or to stop and start the services themselves.
var bare = []string{"app/durability", "app/load"}

const longestFile = 500 // lines

// source is one Go file of the repository.
type source struct {
	path    string // slash-separated, from the root
	dir     string
	test    bool
	lines   int
	file    *ast.File
	imports []string // ours without the module's name and with a leading "./"
}

func (s source) line(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, files.Position(n.Pos()).Line)
}

var files = token.NewFileSet()

// sources parses every Go file of the repository once.
var sources = sync.OnceValues(func() ([]source, error) {
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(files, name, raw, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(rel), file: file, lines: bytes.Count(raw, []byte("\n"))}
		s.dir, s.test = path.Dir(s.path), strings.HasSuffix(s.path, "_test.go")
		for _, spec := range file.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if p == module || strings.HasPrefix(p, module+"/") {
				p = "./" + strings.TrimPrefix(strings.TrimPrefix(p, module), "/")
			}
			s.imports = append(s.imports, p)
		}
		all = append(all, s)
		return nil
	})
	return all, err
})

const root = ".." // from the folder of this test

func repository(t *testing.T) []source {
	t.Helper()
	all, err := sources()
	require.NoError(t, err)
	require.Greater(t, len(all), 100, "the walk must see the repository")
	return all
}

func TestLayoutWhoMayImportWhom(t *testing.T) {
	for _, s := range repository(t) {
		for _, imported := range s.imports {
			if why := forbidden(s, imported); why != "" {
				t.Errorf("%s imports %s: %s", s.path, strings.TrimPrefix(imported, "./"), why)
			}
		}
	}
}

// TestLayoutRulesBite gives the rules above what they are there to refuse.
func TestLayoutRulesBite(t *testing.T) {
	for _, c := range []struct {
		dir, imports string
		refused      bool
	}{
		{"callback", "./app", true},
		{"callback", "./store", true},
		{"callback", "./callback/event", false},
		{"store/queue", "./wecom", true},
		{"store/queue", "./store", false},
		{"wecom", "./app/policy", true},
		{"wecom", "./wecom/card", false},
		{"app", "./cmd/guiju", true},
		{"cmd/guiju", "./app/doctor", false},
		{"callback/event", "./callback", true},
		{"callback/envelope", "github.com/google/uuid", true},
		{"callback/envelope", "crypto/aes", false},
		{"wecom/sandbox", "./wecom/card", true},
		{"wecom/sandbox", "./callback/envelope", false},
		{"wecom/sandbox/clockclient", "./wecom/sandbox", true},
		{"app/policy", "./app/config", true},
		{"app/policy", "github.com/6tail/lunar-go/calendar", false},
		{"app/communication", "./app/task", true},
		{"app/communication", "./app/communication/form", false},
		{"app/communication", "./app/config", true},
		{"app/task", "./store", false},
		{"app/notify", "./app/communication", true},
		{"app/playground", "./app", false},
		{"app", "./app/communication", false},
		{"app", "github.com/gin-gonic/gin", false},
		{"app/response", "github.com/gin-gonic/gin", true},
		{"callback/event", "github.com/gin-gonic/gin", true},
		{"app/people", "gorm.io/gorm", true},
		{"store", "gorm.io/gorm/clause", false},
		{"wecom/sandbox", "github.com/silenceper/wechat/v2/util", true},
		{"wecom", "github.com/silenceper/wechat/v2/util", false},
		{"app/load", "github.com/gin-gonic/gin", true}, // outside its tests
	} {
		why := forbidden(source{dir: c.dir, path: c.dir + "/x.go"}, c.imports)
		if refused := why != ""; refused != c.refused {
			t.Errorf("%s → %s: refused %v (%q), want %v", c.dir, c.imports, refused, why, c.refused)
		}
	}
}

// forbidden tells why s may not import p; "" when it may.
func forbidden(s source, p string) string {
	for _, l := range libraries {
		if strings.HasPrefix(p, l.prefix) && !(s.test && within(s.dir, bare)) && (!within(s.dir, l.in) || within(s.dir, l.but)) {
			return fmt.Sprintf("%s* belongs to %s alone", l.prefix, strings.Join(l.in, ", "))
		}
	}
	ours, project := strings.CutPrefix(p, "./")
	switch {
	case within(s.dir, []string{"callback/event", "callback/envelope"}) && !s.test && strings.Contains(strings.Split(p, "/")[0], "."):
		return "only the standard library is allowed there"
	case s.dir == "app/policy" && project && ours != s.dir:
		return "policy is pure and knows no other package of ours"
	}
	if part, ok := strings.CutPrefix(s.dir, "app/"); ok {
		part, _, _ = strings.Cut(part, "/")
		switch {
		case slices.Contains(domains, part):
			if project && !s.test && !within(ours, []string{"app/" + part}) && !slices.Contains(domainMayImport, ours) {
				return "a domain may import only " + strings.Join(domainMayImport, ", ")
			}
			if project && domainOf(ours) != "" && domainOf(ours) != part {
				return "domains never import one another: enqueue a job, and let package app subscribe"
			}
		case project && domainOf(ours) != "" && !slices.Contains([]string{"playground", "acceptance"}, part):
			return "only package app knows the domains"
		}
	}
	if !project {
		return ""
	}
	if within(ours, []string{"cmd"}) {
		return "nothing imports a command"
	}
	switch {
	case s.dir == "wecom/sandbox/clockclient":
		return "the clock's client uses the standard library alone"
	case within(s.dir, []string{"wecom/sandbox"}) && !within(ours, []string{"wecom/sandbox"}) && ours != "callback/envelope":
		return "the sandbox is our oracle: of ours it knows callback/envelope alone"
	case within(s.dir, []string{"wecom/sandbox"}):
		return ""
	}
	for _, edge := range []string{"callback", "wecom", "store"} {
		if within(s.dir, []string{edge}) && !within(ours, []string{edge}) {
			return edge + " imports neither app nor another edge: an interface of standard types belongs to its user"
		}
	}
	return ""
}

// domainOf names the domain a package of ours belongs to; "" if none.
func domainOf(pkg string) string {
	below, ok := strings.CutPrefix(pkg, "app/")
	first, _, _ := strings.Cut(below, "/")
	if !ok || !slices.Contains(domains, first) {
		return ""
	}
	return first
}

// within tells whether dir is one of folders or below one; a folder written
// with a closing slash stands for itself alone.
func within(dir string, folders []string) bool {
	for _, f := range folders {
		alone, only := strings.CutSuffix(f, "/")
		if dir == alone || !only && strings.HasPrefix(dir, f+"/") {
			return true
		}
	}
	return false
}

func TestLayoutNames(t *testing.T) {
	unknown := map[string]bool{}
	for _, s := range repository(t) {
		if below, ok := strings.CutPrefix(s.dir, "app/"); ok {
			part, _, _ := strings.Cut(below, "/")
			if !slices.Contains(parts, part) && !slices.Contains(domains, part) && !unknown[part] {
				unknown[part] = true
				t.Errorf("app/%s (%s) is neither a known part nor a domain: add it to one of the lists above", part, s.path)
			}
		}
		names := append(strings.Split(s.dir, "/"), s.file.Name.Name)
		if !s.test {
			names = append(names, strings.TrimSuffix(path.Base(s.path), ".go"))
		}
		for _, name := range names {
			if slices.Contains(vagueNames, name) {
				t.Errorf("%s: %q does not say what is inside", s.path, name)
			}
		}
		if s.lines > longestFile {
			t.Errorf("%s has %d lines: at most %d fit one reading", s.path, s.lines, longestFile)
		}
	}
}

func TestLayoutTopLevel(t *testing.T) {
	ignored := ignorePatterns(t)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || slices.Contains(topLevel, e.Name()) {
			continue
		}
		isIgnored := slices.ContainsFunc(ignored, func(pattern string) bool {
			ok, _ := path.Match(pattern, e.Name())
			return ok
		})
		if !isIgnored {
			t.Errorf("%s does not belong at the top level, which holds only %s and dotfiles", e.Name(), strings.Join(topLevel, ", "))
		}
	}
}

// ignorePatterns are the root's entries of .gitignore: what running the program leaves behind.
func ignorePatterns(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	require.NoError(t, err)
	var patterns []string
	for _, line := range strings.Split(string(raw), "\n") {
		if line = strings.Trim(strings.TrimSpace(line), "/"); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, line)
		}
	}
	return patterns
}

func TestLayoutTimeComesFromAClock(t *testing.T) {
	used := map[string]bool{}
	for _, s := range repository(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch name := timeFunction(call); {
			case name == "Sleep":
				t.Errorf("%s sleeps: wait for the event, a context or a timer instead", s.line(call))
			case s.test || name == "" || name == "After":
			default:
				key, allowed := s.path, machineTime[s.path] != ""
				if !allowed {
					key, allowed = s.dir, machineTime[s.dir] != ""
				}
				if !allowed {
					t.Errorf("%s calls time.%s: take the time from an injected clock", s.line(call), name)
				}
				used[key] = true
			}
			return true
		})
	}
	for key := range machineTime {
		if !used[key] {
			t.Errorf("machineTime: %s no longer reads the machine's clock: take it off the list", key)
		}
	}
}

// timeFunction names the function of package time that reads or waits for the
// machine's clock, if call is one.
func timeFunction(call *ast.CallExpr) string {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "time" {
		return ""
	}
	if name := sel.Sel.Name; slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After"}, name) {
		return name
	}
	return ""
}

func TestLayoutNothingRegistersItself(t *testing.T) {
	for _, s := range repository(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init() registers behind the reader's back: write a visible list", s.line(f))
			}
		}
	}
}

// TestLayoutNoMachinePaths keeps the paths of the machine somebody worked on out
// of everything that is delivered.
func TestLayoutNoMachinePaths(t *testing.T) {
	places := []string{"/work" + "/", "/root" + "/", "/Users" + "/", "/tmp" + "/bash"}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin" || d.Name() == "spool" || d.Name() == "media"):
			return filepath.SkipDir
		case d.IsDir() || !readable(name):
			return nil
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 4<<20)
		for n := 1; lines.Scan(); n++ {
			for _, place := range places {
				if i := strings.Index(lines.Text(), place); i >= 0 && (i == 0 || strings.ContainsRune(" \"'`=(:", rune(lines.Text()[i-1]))) {
					t.Errorf("%s:%d names a path of one machine (%s…)", strings.TrimPrefix(filepath.ToSlash(name), root+"/"), n, place)
				}
			}
		}
		return lines.Err()
	})
	require.NoError(t, err)
}

// readable tells the files people read from pictures, databases and the like.
func readable(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".md", ".yaml", ".yml", ".mod", ".sql", ".js", ".css", ".html", ".sh", ".txt", "":
		info, err := os.Stat(name)
		return err == nil && info.Mode().IsRegular() && info.Size() < 4<<20
	}
	return false
}
