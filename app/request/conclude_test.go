package request_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/request"
	"guiju/store"
)

// conclude ends a request by what happened outside it.
func (c *company) conclude(number string, state store.RequestState) error {
	r, _ := c.read(number)
	return c.db.InTx(c.t.Context(), func(tx *store.Tx) error {
		return c.requests.Conclude(tx, r.ID, state, "已在别处办好")
	})
}

// Given the last step waits, when an event shows that it is done, then the
// request is approved, nobody is late, and the card closes.
func TestConcludedByAnEvent(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		require.ErrorContains(c.t, c.conclude(n, store.RequestApproved), "last step has not been reached")
		require.ErrorContains(c.t, c.conclude(n, store.RequestRejected), "only people reject")
		require.Equal(c.t, "running current waiting waiting", c.states(n), "nothing has changed")
		c.says("魏伟", "审批 "+n+" 同意")
		c.says("郑十六", "审批 "+n+" 同意")
		require.NoError(c.t, c.conclude(n, store.RequestApproved))
		c.settle()
		require.Equal(c.t, "approved approved approved approved", c.states(n))
		require.Equal(c.t, []string{n + " approved"}, c.finished)
		_, steps := c.read(n)
		require.Zero(c.t, steps[2].DecidedBy, "by nobody")
		clocks, err := c.reader().ClocksOf(steps[2].Subject(), 10)
		require.NoError(c.t, err)
		require.Equal(c.t, store.ClockCancelled, clocks[0].State, "王五 was not late")
		require.Contains(c.t, c.says("王五", "已开通 "+n), "已经通过")
		require.NoError(c.t, c.conclude(n, store.RequestWithdrawn), "what has ended stays as it is")
		require.Equal(c.t, []string{n + " approved"}, c.finished)
		require.Contains(c.t, c.says("赵六", "追溯 "+n), "已在别处办好")
	})
}

// Given any step waits, when there is nothing left to decide, then the request
// is withdrawn.
func TestConcludedBecauseNothingIsLeft(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		c.says("魏伟", "审批 "+n+" 同意")
		require.NoError(c.t, c.conclude(n, store.RequestWithdrawn))
		c.settle()
		require.Equal(c.t, "withdrawn approved skipped skipped", c.states(n))
		require.Equal(c.t, []string{n + " withdrawn"}, c.finished)
		require.Contains(c.t, c.says("郑十六", "审批 "+n+" 同意"), "【未通过】")
	})
}

// A domain hears of each step in turn, and a suspended member decides nothing.
func TestEnteredStepsAndSuspendedDeciders(t *testing.T) {
	onSQLite(t, func(c *company) {
		var entered []string
		c.requests.Kind("heard", request.Kind{Title: "听见", Entered: func(_ *store.Tx, _ store.Request, step store.RequestStep) error {
			entered = append(entered, step.Name)
			return nil
		}})
		n := c.submits(func(d *request.Draft) { d.Kind = "heard" })
		require.Len(c.t, entered, 1)
		c.tx(func(tx *store.Tx) error {
			m, err := tx.Member(c.ids["魏伟"])
			if err != nil {
				return err
			}
			now := tx.Now()
			m.SuspendedAt = &now
			return tx.SaveMember(&m)
		})
		require.Contains(c.t, c.presses("魏伟", "批准"), "【未通过】您的账号已挂失，暂时不能审批")
		require.Equal(c.t, "running current waiting waiting", c.states(n))
		c.tx(func(tx *store.Tx) error {
			m, err := tx.Member(c.ids["魏伟"])
			if err != nil {
				return err
			}
			m.SuspendedAt = nil
			return tx.SaveMember(&m)
		})
		c.presses("魏伟", "批准")
		c.says("郑十六", "审批 "+n+" 同意")
		require.Equal(c.t, []string{"部门负责人", "人事部核实", "开通"}, entered)
	})
}
