package acceptance_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app"
	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// rolesOf are the roles a member holds in the running app.
func (w *World) rolesOf(name string) []policy.Role {
	w.t.Helper()
	m, err := w.reader().MemberByUserID(userid(name))
	require.NoError(w.t, err)
	roles, err := w.play.App.RolesOf(w.t.Context(), m)
	require.NoError(w.t, err)
	return roles
}

// Every command, sent by members of every kind to the running app, is refused
// for lack of permission exactly where the matrix of the manual says so.
func TestEveryCommandOfEveryKindOfMember(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		matrix := w.play.App.Matrix()
		var commands []chat.Command
		for _, c := range w.play.App.Commands() {
			if !c.Hidden {
				commands = append(commands, c)
			}
		}
		// What ends the account, or the form of another command, comes last.
		slices.SortStableFunc(commands, func(a, b chat.Command) int { return last(a.Name) - last(b.Name) })
		require.Greater(t, len(commands), 30)
		seen := map[policy.Role]bool{}
		refused := 0
		for _, name := range []string{"赵六", "陈立", "高总", "方安", "韩梅", "唐流", "林秀", "何静", "魏伟", "张三", "蒋新", "ext_a"} {
			roles := w.rolesOf(name)
			for _, role := range roles {
				seen[role] = true
			}
			for _, c := range commands {
				i := slices.IndexFunc(matrix.Commands, func(r app.MatrixRow) bool { return r.Name == c.Name })
				require.GreaterOrEqual(t, i, 0, c.Name)
				row := matrix.Commands[i]
				said := w.Says(name, c.Name)
				denied := strings.HasPrefix(said, "【无权限】需要 "+row.Permission+"，")
				require.Equal(t, !row.Allows(roles...), denied, "%s (%v) says %s and is told: %s", name, roles, c.Name, said)
				if denied {
					refused++
				}
				if c.Name != "取消" {
					w.Says(name, "取消")
				}
			}
		}
		require.Greater(t, len(seen), 10, "kinds of members: %v", seen)
		require.Greater(t, refused, 50)
	})
}

func last(name string) int {
	switch {
	case strings.Contains(name, "挂失"), strings.Contains(name, "停用"):
		return 2
	case name == "取消":
		return 1
	}
	return 0
}

// declared checks that the buttons of a card stand for commands that the
// permission matrix names for its kind; a question's are whatever it asks.
func (w *World) declared(m message) {
	w.t.Helper()
	body, err := json.Marshal(m.Card)
	require.NoError(w.t, err)
	var card struct {
		TaskID     string                      `json:"task_id"`
		ButtonList []struct{ Key, URL string } `json:"button_list"`
	}
	require.NoError(w.t, json.Unmarshal(body, &card))
	sent, err := w.reader().CardByTask("assistant", card.TaskID)
	if errors.Is(err, store.ErrNotFound) || sent.Kind == "question" {
		return
	}
	require.NoError(w.t, err)
	commands, known := app.CardCommands()[sent.Kind]
	require.True(w.t, known, "card %s is not in the matrix", sent.Kind)
	for _, b := range card.ButtonList {
		if b.URL != "" {
			require.Contains(w.t, b.URL, w.play.AppURL+"/form/", "it opens a page of ours")
			continue
		}
		_, line, _ := strings.Cut(b.Key, "|")
		require.True(w.t, slices.ContainsFunc(commands, func(c string) bool { return line == c || strings.HasPrefix(line, c+" ") }),
			"card %s has the button %q, which the matrix does not name", sent.Kind, line)
	}
}

// first says whether a message is looked at for the first time.
func (w *World) first(id int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.judged[id]
	w.judged[id] = true
	return !seen
}
