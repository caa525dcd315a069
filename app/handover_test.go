package app

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store/storetest"
)

// When somebody leaves, nothing may go on waiting for him. Every column of the
// database that names a member therefore stands here with what becomes of it:
//
//   - the name of the people.HandOver that moves it on;
//   - "ends": nothing but rights and settings of his own, which access, sends
//     and resolving ask of people present only, so they die with him;
//   - "history": who did or had something, which stays true.
//
// Whoever adds such a column adds its line, and a HandOver where work waits.
var membersNamed = map[string]string{
	// communication
	"items.sender_id":         "communication: what he asked is withdrawn",
	"item_parties.member_id":  "communication: another owes the answer",
	"clocks.receiver_id":      "communication request task permission: the clock passes with its item, step, task, change or review",
	"clocks.sender_id":        "communication request task: whoever waits is told by the item, request or task",
	"item_parties.deputy_for": "history: in whose place somebody answers",
	"item_entries.member_id":  "history: who did it",
	"clocks.deputy_for":       "history: in whose place somebody answers",
	"questions.member_id":     "ends: a question to him alone, dropped when it expires",
	"deputies.member_id":      "ends: nobody stands in for somebody who is not here",
	"deputies.deputy_id":      "ends: Stand passes over whoever is not present",
	"deputies.entered_by":     "history: who arranged it",

	// leaves
	"leaves.member_id": "history: who was to be away; his running application is withdrawn",
	"leaves.deputy_id": "history: who was to stand in; Stand passes over whoever is not present",

	// requests
	"requests.applicant_id":       "request: what he applied for is withdrawn",
	"request_deciders.member_id":  "request: another decides",
	"requests.about_id":           "history: whom it concerns",
	"request_deciders.deputy_for": "history: in whose place somebody decides",
	"request_steps.decided_by":    "history: who decided",
	"request_steps.whom":          "ends: resolved to people present when the step is entered",
	"request_entries.member_id":   "history: who did it",
	"request_steps.added_by":      "history: who added it",
	"request_deciders.added_by":   "history: who added him",
	"request_ccs.member_id":       "history: who was told",
	"request_ccs.by_id":           "history: who told him",

	// tasks
	"tasks.owner_id":        "task: another has to do it",
	"tasks.about_id":        "history: whom it concerns",
	"task_events.member_id": "history: who did it",

	// accounts
	"account_applications.applicant_id": "history: who applied; its open request is withdrawn",
	"account_applications.member_id":    "history: whose account it is about",
	"account_applications.superior_id":  "history: as it was applied for",
	"account_applications.userid":       "history: as it was applied for",
	"account_applications.userid_fold":  "history: as it was applied for",
	"account_arrivals.member_id":        "history: who arrived",

	// rights
	"role_bindings.member_id":       "ends: whoever is not present may do nothing",
	"role_bindings.by_id":           "history: who gave it",
	"role_bindings.ended_by":        "history: who ended it",
	"permission_grants.member_id":   "ends: whoever is not present may do nothing",
	"permission_grants.by_id":       "history: who gave it",
	"permission_grants.ended_by":    "history: who ended it",
	"permission_denies.member_id":   "ends: whoever is not present may do nothing",
	"permission_denies.by_id":       "history: who forbade it",
	"permission_denies.ended_by":    "history: who allowed it again",
	"permission_changes.member_id":  "history: whose rights changed",
	"permission_changes.by_id":      "history: who changed them",
	"permission_changes.decided_by": "history: who decided",
	"permission_uses.member_id":     "history: who used it",
	"review_rows.holders":           "history: how many",
	"review_rows.marked_by":         "history: who marked it",
	"review_findings.member_id":     "history: whom it was found about",

	// responsibilities
	"post_holdings.member_id":  "ends: holders of a post are people present",
	"matrices.saved_by":        "history: who saved it",
	"matrix_editions.saved_by": "history: who saved it",
	"matrix_drafts.member_id":  "ends: a draft of his own, which nobody waits for",
	"duty_views.member_id":     "history: who looked",

	// contacts
	"members.userid":                 "history: himself",
	"members.userid_fold":            "history: himself",
	"members.leader_userid":          "ends: Superior passes over whoever is not present",
	"memberships.member_id":          "history: where he worked, for whoever asks for his superior",
	"memberships.is_leader":          "ends: Leaders are people present",
	"contact_events.userid":          "history: whom the event named",
	"contact_events.userid_fold":     "history: whom the event named",
	"contact_events.new_userid_fold": "history: what he was called from then on",
	"contact_events.member_id":       "history: whom the event named",
	"contact_checks.userid":          "ends: a member WeCom is asked about once",
	"contact_checks.userid_fold":     "ends: a member WeCom is asked about once",
	"contact_compares.members":       "history: how many",
	"tag_members.userid_fold":        "ends: tags count for people present",
	"hand_overs.member_id":           "history: whose work it was",
	"hand_overs.to_id":               "history: who took it; his own work since",
	"hand_over_works.to_id":          "history: who took it; his own work since",

	// the platform
	"deliveries.userid":         "history: who sent it",
	"deliveries.receiver":       "history: an endpoint, nobody",
	"refusals.receiver":         "history: an endpoint, nobody",
	"conversations.member_id":   "ends: his half-filled form, forgotten when it expires",
	"attachments.member_id":     "history: who sent it",
	"web_sessions.member_id":    "ends: each request asks whether he is present",
	"sent_recipients.member_id": "history: who was told; unsent messages to him are refused",
	"sent_recipients.user_id":   "history: who was told",
	"paces.member_id":           "history: how much he was sent",
	"audit.actor":               "history: who did it",
	"rulebooks.approved_by":     "history: who approved it",
	"jobs.owner":                "history: a process, nobody",
}

// otherThings are the names of columns that point to something else.
var otherThings = strings.Fields(`id after_id object_id application_id card_id change_id delivery_id department_id digest_id hand_over_id
	holding_id item_id last_id matrix_id message_id parent_id request_id review_id row_id step_id subject_id tag_id task_id template_id`)

var (
	pointer = regexp.MustCompile(`(_id|_by|_for|_to|_from)$|^actor$`)
	person  = regexp.MustCompile(`(^|_)(member|user|userid|owner|sender|receiver|holder|deputy|leader|applicant|superior|actor|approver|decider|reviewer|assignee|person|people|whom)s?(_|$)`)
)

func TestEveryColumnThatNamesAMemberHasItsHandOver(t *testing.T) {
	registered := forStatements(t).HandOvers()
	cfg := storetest.SQLite(t)
	storetest.OpenConfig(t, cfg, storetest.NewClock())
	seen := map[string]bool{}
	for _, column := range columnsOf(t, cfg.DSN) {
		integer := strings.Contains(column.kind, "INT")
		if !person.MatchString(column.name) && (!integer || !pointer.MatchString(column.name) || slices.Contains(otherThings, column.name)) {
			continue
		}
		name := column.table + "." + column.name
		seen[name] = true
		becomes, known := membersNamed[name]
		if !known {
			t.Errorf("%s may name a member: say in membersNamed what becomes of it when he leaves (or add its name to otherThings)", name)
			continue
		}
		by, why, _ := strings.Cut(becomes, ": ")
		require.NotEmpty(t, why, "%s: say why", name)
		if by == "history" || by == "ends" {
			continue
		}
		for _, domain := range strings.Fields(by) {
			require.Contains(t, registered, domain, "%s is moved by a HandOver that is not registered with people.TakesOver", name)
		}
	}
	for name := range membersNamed {
		require.True(t, seen[name], "%s is no column any more", name)
	}
	for domain := range registered {
		moves := false
		for _, becomes := range membersNamed {
			by, _, _ := strings.Cut(becomes, ": ")
			moves = moves || slices.Contains(strings.Fields(by), domain)
		}
		require.True(t, moves, "the HandOver %q moves no column of membersNamed", domain)
	}
}

type columnName struct{ table, name, kind string }

// columnsOf reads the schema of a SQLite database.
func columnsOf(t *testing.T, file string) (all []columnName) {
	t.Helper()
	pool, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer pool.Close()
	rows, err := pool.QueryContext(t.Context(), `SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var c columnName
		require.NoError(t, rows.Scan(&c.table, &c.name, &c.kind))
		c.kind = strings.ToUpper(c.kind)
		all = append(all, c)
	}
	require.NoError(t, rows.Err())
	require.Greater(t, len(all), 200, fmt.Sprint("the schema of ", file))
	return all
}
