package request

import (
	"fmt"
	"slices"

	"guiju/app/chat"
	"guiju/store"
)

// Decided is what became of one number of DecideMany.
type Decided struct {
	Number  string
	Request store.Request
	Err     error // worded for the member; nil: decided
}

// MaxBatch bounds what is approved at once: a call touches few enough rows.
const MaxBatch = 10

// DecideMany approves several requests, each on its own: one that is refused
// says why and does not keep the others. Steps with a command of their own are
// done one by one.
func (q *Requests) DecideMany(call *chat.Call, numbers []string, opinion string) ([]Decided, error) {
	if len(numbers) == 0 {
		return nil, chat.Incomplete{Field: "编号", Prompt: "请写要批准的申请编号"}
	}
	if len(numbers) > MaxBatch {
		return nil, chat.Refused{Reason: fmt.Sprintf("一次最多批准 %d 项，这里有 %d 项", MaxBatch, len(numbers)), Instead: "分几次批准"}
	}
	if err := q.lockAll(call.Tx, numbers); err != nil {
		return nil, err
	}
	var all []Decided
	for i, number := range numbers {
		if slices.Contains(numbers[:i], number) {
			continue
		}
		request, err := q.Decide(call, number, true, opinion)
		if err != nil {
			if _, worded := chat.Wording(err); !worded {
				return nil, err
			}
		}
		all = append(all, Decided{Number: number, Request: request, Err: err})
	}
	return all, nil
}

// lockAll locks requests in the order of their ids, so that two batches never
// wait for each other.
func (q *Requests) lockAll(tx *store.Tx, numbers []string) error {
	var ids []int64
	for _, number := range numbers {
		request, err := tx.RequestByNumber(number)
		if err == nil {
			ids = append(ids, request.ID)
		}
	}
	return tx.Lock(store.Request{}.TableName(), distinct(slices.Sorted(slices.Values(ids)))...)
}
