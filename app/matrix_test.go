package app

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/manual"
	"guiju/app/policy"
	"guiju/store"
)

var update = flag.Bool("update", false, "write generated files anew")

// The page of the manual is what the registered commands and the built-in
// rules make of it.
func TestPermissionMatrixIsFresh(t *testing.T) {
	m := forStatements(t).Matrix()
	for _, l := range []manual.Language{manual.Chinese, manual.English} {
		name := filepath.Join("manual", string(l), "85-permissions.md")
		want := m.Markdown(l)
		if *update {
			require.NoError(t, os.WriteFile(name, []byte(want), 0o644))
			continue
		}
		have, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, want, string(have), "%s is stale: run make permissions", name)
	}
}

// Of every role and every command the table says what the running parts
// answer: a member of the database with just this role asks as members do.
func TestPermissionMatrixIsWhatMembersAreTold(t *testing.T) {
	a := forStatements(t)
	m := a.Matrix()
	require.Greater(t, len(m.Roles), 30)
	require.Greater(t, len(m.Commands), 30)
	for _, role := range m.Roles {
		var member store.Member
		require.NoError(t, a.db.InTx(t.Context(), func(tx *store.Tx) error {
			member = store.Member{UserID: "of_" + string(role.Role), Name: role.Title, MainDepartment: 7, Status: store.MemberActive, Visible: true}
			if err := tx.AddMember(&member); err != nil {
				return err
			}
			if role.Kind == policy.Base {
				return nil
			}
			binding := store.RoleBinding{
				MemberID: member.ID, Role: string(role.Role), Source: string(policy.SourceAssigned), State: store.BindingActive,
			}
			if role.Kind == policy.Bound {
				binding.Object = map[string]string{policy.DepartmentObject: "7", policy.ProcessObject: "P-02"}[role.Object]
			}
			return tx.AddBinding(&binding)
		}))
		require.NoError(t, a.db.InTx(t.Context(), func(tx *store.Tx) error {
			for _, row := range append(slices.Clone(m.Commands), m.Reports...) {
				allowed := row.Permission == chat.Everybody
				if !allowed {
					var err error
					call := &chat.Call{Tx: tx, From: chat.From{Member: member, App: "assistant", At: tx.Now()}}
					if allowed, err = (permits{a}).Permit(call, row.Permission, ""); err != nil {
						return err
					}
				}
				require.Equal(t, row.Reach[role.Role] != ReachNone, allowed, "%s: %s (%s)", role.Role, row.Name, row.Permission)
			}
			return nil
		}))
	}
}

// What is registered is declared, and what is declared is there.
func TestEverythingStandsInThePermissionMatrix(t *testing.T) {
	a := forStatements(t)
	known := map[string]bool{}
	for _, c := range a.chat.Commands() {
		known[c.Name] = true
		require.NotEmpty(t, c.Permission, c.Name)
		if c.Permission != chat.Everybody {
			_, found := policy.PermissionNamed(c.Permission)
			require.True(t, found, "%s needs %s, which is no permission", c.Name, c.Permission)
		}
		for _, x := range c.Extensions {
			require.NotEmpty(t, x.Permission, c.Name+" "+x.Prefix)
		}
	}
	var kinds []string
	for _, c := range cards {
		kinds = append(kinds, c.kind)
		for _, command := range c.commands {
			require.True(t, known[command], "card %s: there is no command %s", c.kind, command)
		}
	}
	require.ElementsMatch(t, a.notify.Cards(), kinds, "the cards of matrix.go are those registered")

	var routes []string
	for _, r := range a.routes() {
		if !slices.Contains(routes, r.Path) {
			routes = append(routes, r.Path)
		}
	}
	var declared []string
	for _, p := range pages {
		declared = append(declared, p.path)
	}
	require.ElementsMatch(t, routes, declared, "the pages of matrix.go are those served")
}

func (a *App) routes() gin.RoutesInfo { return a.router.(*gin.Engine).Routes() }

// No word is called 未启用 while a command answers to it, and what the entries
// of 菜单 promise is either a command or such a word.
func TestModulesThatComeLater(t *testing.T) {
	a := forStatements(t)
	first := map[string]bool{}
	names := map[string]bool{}
	for _, c := range a.chat.Commands() {
		if c.Edition != "" {
			continue // a form of the rulebook, which a company may switch off
		}
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			names[name] = true
			first[strings.Fields(name)[0]] = true
		}
	}
	later := chat.DefaultModules()
	for word := range later {
		require.False(t, names[word], "%s is a command: take it out of chat.DefaultModules", word)
	}
	for _, e := range chat.DefaultEntries() {
		command := e.Command
		if command == "" {
			command = e.Name
		}
		require.True(t, names[command] || later[e.Name] != "", "%s is neither a command nor a module that comes later", e.Name)
	}
	listed := map[string]bool{}
	for _, m := range modules {
		listed[m.name] = true
	}
	for word, module := range later {
		require.True(t, listed[module], "%s (%s) is not among the modules of 应用配置", module, word)
	}
}

// The manual explains every command that members can type.
func TestManualExplainsEveryCommand(t *testing.T) {
	a := forStatements(t)
	for _, l := range []manual.Language{manual.Chinese, manual.English} {
		page, found, err := manual.Find(l, "commands")
		require.NoError(t, err)
		require.True(t, found)
		for _, c := range a.chat.Commands() {
			require.True(t, c.Hidden || strings.Contains(page.Text, "`"+c.Name), "%s/50-commands.md does not name %s", l, c.Name)
		}
	}
}
