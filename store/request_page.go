package store

import (
	"fmt"
	"strings"
)

// RequestSide is how a member has to do with the requests of a RequestQuery.
type RequestSide string

// The sides of a request.
const (
	AsApplicant RequestSide = "mine"    // he submitted it
	AsDecider   RequestSide = "waiting" // it waits for him
	AsVoter     RequestSide = "done"    // he has decided, or somebody did while he could
	AsCopied    RequestSide = "copied"  // he was told of it
)

// RequestQuery asks for a page of the requests a member has to do with, newest
// first: those before the id Before, which is 0 for the first page.
type RequestQuery struct {
	Member int64
	Side   RequestSide
	States []RequestState // empty: all
	Before int64
	Limit  int
}

// RequestsPage answers one page of requests.
func (r *Reader) RequestsPage(q RequestQuery) ([]Request, error) {
	var where []string
	var args []any
	switch q.Side {
	case AsApplicant:
		where = append(where, "applicant_id = ?")
	case AsDecider:
		where = append(where, "id IN (SELECT d.request_id FROM request_deciders d WHERE d.member_id = ? AND d.state = '"+string(DeciderOpen)+"')")
	case AsVoter:
		where = append(where, "id IN (SELECT d.request_id FROM request_deciders d WHERE d.member_id = ? AND d.state = '"+string(DeciderEnded)+"')")
	case AsCopied:
		where = append(where, "id IN (SELECT c.request_id FROM request_ccs c WHERE c.member_id = ?)")
	default:
		return nil, fmt.Errorf("requests of member %d: no side %q", q.Member, q.Side)
	}
	args = append(args, q.Member)
	if len(q.States) > 0 {
		where = append(where, "state IN "+marks(len(q.States)))
		for _, state := range q.States {
			args = append(args, string(state))
		}
	}
	if q.Before > 0 {
		where = append(where, "id < ?")
		args = append(args, q.Before)
	}
	all, err := list[Request](r, "WHERE "+strings.Join(where, " AND ")+" ORDER BY id DESC"+first(page(q.Limit)), args...)
	if err != nil {
		return nil, fmt.Errorf("requests of member %d: %w", q.Member, err)
	}
	return all, nil
}

// CountWaiting is how many requests wait for a member, counted to at most.
func (r *Reader) CountWaiting(member int64, most int) (int, error) {
	var n int
	_, err := r.one("SELECT COUNT(*) FROM (SELECT DISTINCT d.request_id FROM request_deciders d WHERE d.member_id = ? AND d.state = ?"+first(most)+") w",
		[]any{member, string(DeciderOpen)}, &n)
	if err != nil {
		return 0, fmt.Errorf("requests waiting for member %d: %w", member, err)
	}
	return n, nil
}
