package account

import (
	"fmt"

	"guiju/store"
)

// action is what happens to an application; see the table of the package.
type action string

const (
	agreed    action = "agreed"
	rejected  action = "rejected"
	withdrawn action = "withdrawn"
	opened    action = "opened"
	appeared  action = "appeared"
	changed   action = "changed"
	due       action = "due"
	left      action = "left"
)

var actions = []action{agreed, rejected, withdrawn, opened, appeared, changed, due, left}

type edge struct {
	kind  store.AccountKind
	state store.AccountState
	act   action
}

// next is the table of the package comment. An edge that is missing changes
// nothing.
func next() map[edge]store.AccountState {
	table := map[edge]store.AccountState{
		{store.AccountCreate, store.AccountApplied, appeared}: store.AccountApplied,
		{store.AccountCreate, store.AccountOpening, opened}:   store.AccountOpening,
		{store.AccountCreate, store.AccountOpening, appeared}: store.AccountOpened,

		{store.AccountChange, store.AccountApplied, left}:    store.AccountWithdrawn,
		{store.AccountChange, store.AccountOpening, left}:    store.AccountWithdrawn,
		{store.AccountChange, store.AccountOpening, opened}:  store.AccountOpened,
		{store.AccountChange, store.AccountOpening, changed}: store.AccountOpened,

		{store.AccountStop, store.AccountApplied, due}:  store.AccountApplied,
		{store.AccountStop, store.AccountApplied, left}: store.AccountStopped,
		{store.AccountStop, store.AccountOpening, due}:  store.AccountStopped,
		{store.AccountStop, store.AccountOpening, left}: store.AccountStopped,
	}
	for _, kind := range []store.AccountKind{store.AccountCreate, store.AccountChange, store.AccountStop} {
		table[edge{kind, store.AccountApplied, agreed}] = store.AccountOpening
		for _, open := range store.OpenAccountStates {
			table[edge{kind, open, rejected}] = store.AccountRejected
			table[edge{kind, open, withdrawn}] = store.AccountWithdrawn
		}
	}
	return table
}

// actor is who causes a step, and the way it came in; member 0 is nobody: an
// event of WeCom's or a timer.
type actor struct {
	member int64
	source store.AuditSource
}

var (
	byTimer = actor{source: store.SourceJob}
	byEvent = actor{source: store.SourceCallback}
)

// step moves an application by one action and saves it. It answers false where
// the table has nothing: the act came too early, too late, or twice.
func (a *Accounts) step(tx *store.Tx, app *store.AccountApplication, act action, by actor) (bool, error) {
	to, ok := next()[edge{app.Kind, app.State, act}]
	if !ok {
		return false, nil
	}
	now, from := tx.Now(), app.State
	app.State = to
	switch act {
	case agreed:
		app.ApprovedAt = &now
	case opened:
		app.OpenedAt = &now
	}
	if !app.Open() {
		app.EndedAt = &now
	}
	if to != from {
		app.Phase++
	}
	if err := tx.SaveAccountApplication(app); err != nil {
		return false, err
	}
	return true, tx.Audit(store.AuditEntry{
		Actor: by.member, Action: "account." + string(act), Subject: app.Subject(), Source: by.source,
		Detail: map[string]any{"number": app.Number, "from": string(from), "to": string(to)},
	})
}

// stateWord is a state as people read it.
func stateWord(app store.AccountApplication) string {
	switch app.State {
	case store.AccountApplied:
		return "申请中"
	case store.AccountOpening:
		return map[store.AccountKind]string{store.AccountCreate: "待开通", store.AccountChange: "待办理", store.AccountStop: "待停用"}[app.Kind]
	case store.AccountOpened:
		if app.Kind == store.AccountChange {
			return "已变更"
		}
		return "已开通"
	case store.AccountStopped:
		return "已停用"
	case store.AccountRejected:
		return "已驳回"
	case store.AccountWithdrawn:
		return "已撤回"
	}
	return string(app.State)
}

func kindWord(kind store.AccountKind) string {
	return map[store.AccountKind]string{store.AccountCreate: "新增", store.AccountChange: "变更", store.AccountStop: "停用"}[kind]
}

// title is one line that tells an application apart; of one that ended long ago
// the name is forgotten.
func title(app store.AccountApplication) string {
	if app.Name == "" {
		return "账号" + kindWord(app.Kind)
	}
	return fmt.Sprintf("账号%s：%s", kindWord(app.Kind), app.Name)
}
