package durability_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app"
	"guiju/store"
)

// Given two processes on one MySQL and one Redis, when 200 questions reach
// them at random, many of them twice and at both at once, then each question
// has one item, one clock and one card, and the token was fetched once.
func TestTwoReplicasShareTheWorkExactlyOnce(t *testing.T) {
	t.Parallel()
	db := mariaDB(t)
	redis := privateRedis(t)
	const asked = 200
	askers := []string{"zhaoliu", "sunqi", "zhouba", "wujiu", "zhengshi", "lisi", "wangwu", "tangliu"}
	topics := []string{"报销", "登录", "权限", "客户", "活动", "入职"} // each goes to another department

	d := newDirect(t)
	replicas := []*app.App{d.start(db, redis.address, "127.0.0.1:1"), d.start(db, redis.address, "127.0.0.1:2")}

	type delivery struct {
		to      *app.App
		message []byte
	}
	var deliveries []delivery
	for i := range asked {
		message := d.text(askers[i%len(askers)], fmt.Sprintf("咨询 %s问题第%03d号", topics[i%len(topics)], i))
		first := rand.IntN(2)
		deliveries = append(deliveries, delivery{replicas[first], message})
		if i%3 != 0 { // repeated, mostly by the other
			deliveries = append(deliveries, delivery{replicas[1-first], message})
		}
		if i%5 == 0 {
			deliveries = append(deliveries, delivery{replicas[first], message})
		}
	}
	rand.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
	errs := make([]error, len(deliveries))
	var all sync.WaitGroup
	for lane := range 8 {
		all.Go(func() {
			for i := lane; i < len(deliveries); i += 8 {
				_, errs[i] = d.deliver(deliveries[i].to, deliveries[i].message)
			}
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))

	// 25 messages a minute reach one person: the rest follows as time passes.
	for range 5 {
		for _, a := range replicas {
			a.Wake()
			settle(t, a)
		}
		_, err := d.platform.Advance(t.Context(), time.Minute)
		require.NoError(t, err)
	}

	r := openDatabase(t, db)
	seen := map[string]int{}
	for _, user := range askers {
		member, err := r.MemberByUserID(user)
		require.NoError(t, err)
		items, err := r.ItemsSent(member.ID, []store.ItemState{store.ItemOpen, store.ItemAnswered, store.ItemClosed, store.ItemWithdrawn}, 500)
		require.NoError(t, err)
		for _, item := range items {
			seen[item.Body]++
			clocks, err := r.ClocksOf(item.Subject(), 10)
			require.NoError(t, err)
			require.Len(t, clocks, 1, item.Number)
			require.Equal(t, store.ClockRunning, clocks[0].State, item.Number)
			receiver, err := r.Member(clocks[0].ReceiverID)
			require.NoError(t, err)
			require.Equal(t, 1, d.cards(receiver.UserID, item.Number), "cards of %s at %s", item.Number, receiver.Name)
		}
	}
	require.Len(t, seen, asked)
	for body, times := range seen {
		require.Equal(t, 1, times, body)
	}
	require.EqualValues(t, 1, d.tokens.Load(), "the token is shared")
}
