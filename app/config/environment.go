package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"guiju/app/config/strict"
)

// EnvPrefix begins the name of every environment variable that sets a key:
// GUIJU_STORE__DSN sets store.dsn, GUIJU_WECOM__APPS__0__SECRET the secret of
// the first app, GUIJU_RULEBOOK the key rulebook.
const EnvPrefix = "GUIJU_"

// variable is one environment variable that sets a key.
type variable struct {
	name  string   // GUIJU_STORE__DSN
	steps []string // store, dsn
	value string
}

// variables picks from environ, sorted by name, what sets a key. A name without
// __ other than GUIJU_RULEBOOK sets nothing and is left alone: test settings are
// called GUIJU_TEST_…, and Kubernetes adds GUIJU_PORT and the like by itself.
func variables(environ []string) []variable {
	var found []variable
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		rest, ours := strings.CutPrefix(name, EnvPrefix)
		if !ours || !strings.Contains(rest, "__") && rest != "RULEBOOK" {
			continue
		}
		found = append(found, variable{name, strings.Split(strings.ToLower(rest), "__"), value})
	}
	slices.SortFunc(found, func(a, b variable) int {
		return slices.CompareFunc(a.steps, b.steps, compareSteps)
	})
	return found
}

// compareSteps puts numbers in order of value, so that 2 comes before 10.
func compareSteps(a, b string) int {
	i, err1 := strconv.Atoi(a)
	j, err2 := strconv.Atoi(b)
	if err1 == nil && err2 == nil {
		return i - j
	}
	return strings.Compare(a, b)
}

// overlay writes the variables into the tree, creating what is not there. It
// returns which path each variable set.
func overlay(root *yaml.Node, vars []variable) (map[string]string, []strict.Mistake) {
	origin := map[string]string{}
	var found []strict.Mistake
	for _, v := range vars {
		path, err := put(root, v)
		if err != nil {
			found = append(found, strict.Mistake{Path: path, Where: v.name, Text: err.Error()})
			continue
		}
		origin[path] = v.name
	}
	return origin, found
}

// plantApps writes the default apps into a tree that has none, so that a variable
// can change one key of the default app: lists replace as a whole.
func plantApps(root *yaml.Node, apps []App) {
	w := child(root, "wecom")
	if isNull(w) {
		*w = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: w.Line}
	}
	if w.Kind != yaml.MappingNode {
		return // a mistake that Decode will report
	}
	list := child(w, "apps")
	if !isNull(list) {
		return
	}
	*list = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: list.Line}
	for _, app := range apps {
		entry := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		child(entry, "name").SetString(app.Name)
		child(entry, "agent_id").SetString(strconv.FormatInt(app.AgentID, 10))
		list.Content = append(list.Content, entry)
	}
}

// put sets what v names below n and returns its path, or as much of it as exists.
func put(n *yaml.Node, v variable) (path string, err error) {
	for _, step := range v.steps {
		index, notNumber := strconv.Atoi(step)
		if isNull(n) { // empty in the file, or not there yet
			*n = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line}
			if notNumber == nil {
				n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
			}
		}
		switch {
		case n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode:
			return path, fmt.Errorf("is a single value; it has no %s", step)
		case n.Kind == yaml.SequenceNode && (notNumber != nil || index < 0 || index > len(n.Content)):
			return path, fmt.Errorf("entries are numbered from 0 to %d here", len(n.Content))
		case n.Kind == yaml.SequenceNode:
			path += fmt.Sprintf("[%d]", index)
			if index == len(n.Content) {
				n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"})
			}
			n = n.Content[index]
		default:
			path = strict.Join(path, step)
			n = child(n, step)
		}
	}
	*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v.value}
	return path, nil
}

func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	return value
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// source names the variable that set path or something below it, or "".
func source(origin map[string]string, path string) string {
	if name := origin[path]; name != "" {
		return name
	}
	for _, set := range slices.Sorted(maps.Keys(origin)) {
		if strings.HasPrefix(set, path+".") || strings.HasPrefix(set, path+"[") {
			return origin[set]
		}
	}
	return ""
}
