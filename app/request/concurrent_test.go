package request_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/request"
	"guiju/store"
)

// Given two deciders of one step, when both act at the same moment, then
// exactly one decision counts, the domain hears of it once, and the other is
// told how it ended. Half of the rounds are 同意 against 驳回.
func TestOfTwoDecisionsAtOnceExactlyOneWins(t *testing.T) {
	each(t, func(c *company) {
		rounds := 100
		if testing.Short() {
			rounds = 10
		}
		first := [2]int{}
		for i := range rounds {
			n := c.submits(func(d *request.Draft) {
				d.Lines, d.Steps = nil, []request.Step{{Name: "管理员", Whom: "role:administrator"}}
			})
			words := [2]string{"审批 " + n + " 同意", "审批 " + n + " 驳回 不行"}
			if i%2 == 0 {
				words[1] = "审批 " + n + " 同意"
			}
			told := c.both([2]string{"陈立", "韩梅"}, words, i%4 < 2)
			winner := 0
			if !strings.HasPrefix(told[0], "【已受理】") {
				winner = 1
			}
			first[winner]++
			require.Contains(c.t, told[winner], "【已受理】")
			r, steps := c.read(n)
			want := map[store.RequestState]string{store.RequestApproved: "已经通过", store.RequestRejected: "已经驳回"}[r.State]
			require.Contains(c.t, told[1-winner], want, "the other sees the result")
			require.Equal(c.t, c.ids[[2]string{"陈立", "韩梅"}[winner]], steps[0].DecidedBy)
			entries, err := c.reader().RequestEntries(r.ID, 10)
			require.NoError(c.t, err)
			require.Len(c.t, entries, 3, "submitted, entered, one decision")
			planned, err := c.reader().SentAbout(r.Subject(), 10)
			require.NoError(c.t, err)
			require.Len(c.t, planned, 1, "one result for the applicant")
		}
		c.t.Logf("%d and %d times first", first[0], first[1])
		if !testing.Short() {
			require.NotZero(c.t, first[0])
			require.NotZero(c.t, first[1])
		}
	})
}

// Given a running request, when its applicant withdraws while its decider
// approves, then it ends one way and both are told so.
func TestWithdrawingAndApprovingAtOnceEndOneWay(t *testing.T) {
	each(t, func(c *company) {
		rounds := 50
		if testing.Short() {
			rounds = 10
		}
		for i := range rounds {
			n := c.submits(func(d *request.Draft) { d.Lines, d.Steps = nil, d.Steps[:1] })
			told := c.both([2]string{"赵六", "魏伟"}, [2]string{"撤回 " + n, "审批 " + n + " 同意"}, i%2 == 0)
			r, _ := c.read(n)
			switch r.State {
			case store.RequestWithdrawn:
				require.Contains(c.t, told[0], "【已受理】")
				require.Contains(c.t, told[1], "已被申请人撤回")
			case store.RequestApproved:
				require.Contains(c.t, told[1], "【已受理】")
				require.Contains(c.t, told[0], "已经通过")
			default:
				require.Fail(c.t, "it runs on", "%s: %v", n, told)
			}
		}
	})
}

// both lets two members write at the same moment.
func (c *company) both(who, words [2]string, swapped bool) (told [2]string) {
	c.t.Helper()
	order := []int{0, 1}
	if swapped {
		order = []int{1, 0}
	}
	var errs [2]error
	var all sync.WaitGroup
	begin := make(chan struct{})
	for _, i := range order {
		all.Go(func() {
			<-begin
			answer, err := c.tries(who[i], func(tx *store.Tx, from chat.From) (chat.Answer, error) {
				return c.engine.Handle(tx, from, words[i])
			})
			told[i], errs[i] = answer.Text, err
			if err != nil {
				errs[i] = fmt.Errorf("%s says %s: %w", who[i], words[i], err)
			}
		})
	}
	close(begin)
	all.Wait()
	require.NoError(c.t, errors.Join(errs[0], errs[1]))
	c.settle()
	return told
}
