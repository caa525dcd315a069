package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

// hold keeps the writer busy until release, so that what arrives meanwhile
// shares the next batch.
func hold(t *testing.T, db *store.DB) (release func()) {
	t.Helper()
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		var once sync.Once
		done <- db.InTx(context.Background(), func(*store.Tx) error {
			once.Do(func() { close(held) })
			<-free
			return nil
		})
	}()
	<-held
	// A batch ends once it is older than its time bound: let it be.
	return func() {
		old := time.NewTimer(25 * time.Millisecond)
		<-old.C
		close(free)
		require.NoError(t, <-done)
	}
}

// together queues all closures behind a held writer and answers their errors.
func together(t *testing.T, db *store.DB, ctxs []context.Context, fns []func(tx *store.Tx) error) []error {
	t.Helper()
	release := hold(t, db)
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	for i, fn := range fns {
		ctx := context.Background()
		if ctxs != nil && ctxs[i] != nil {
			ctx = ctxs[i]
		}
		queued := db.Waiting()
		wg.Go(func() { errs[i] = db.InTx(ctx, fn) })
		require.Eventually(t, func() bool { return db.Waiting() > queued }, 5*time.Second, 50*time.Microsecond)
	}
	release()
	wg.Wait()
	return errs
}

func put(tx *store.Tx, name string) error { return tx.SetSetting(name, name) }

func settings(t *testing.T, db *store.DB, like string) int {
	t.Helper()
	var n int
	require.NoError(t, db.Reader(context.Background()).Scan(&n, "SELECT COUNT(*) FROM settings WHERE name LIKE ?", like))
	return n
}

// A batch of 64 in which one cancels, one panics, one violates a key and one
// meets a full disk: the other 60 exact (design, section 6).
func TestBatchOf64IsExact(t *testing.T) {
	for _, dropping := range []bool{false, true} {
		t.Run(fmt.Sprintf("engine drops the transaction %v", dropping), func(t *testing.T) {
			db, _ := storetest.Open(t)
			require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error { return put(tx, "taken") }))

			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			fns, ctxs := make([]func(tx *store.Tx) error, 64), make([]context.Context, 64)
			for i := range fns {
				fns[i] = func(tx *store.Tx) error {
					if err := put(tx, fmt.Sprintf("row-%02d-a", i)); err != nil {
						return err
					}
					return put(tx, fmt.Sprintf("row-%02d-b", i))
				}
			}
			first := func(i int, then func(tx *store.Tx) error) {
				fn := fns[i]
				fns[i] = func(tx *store.Tx) error { return errors.Join(fn(tx), then(tx)) }
			}
			ctxs[7] = ctx
			first(7, func(*store.Tx) error { cancel(); return ctx.Err() })
			first(21, func(*store.Tx) error { panic("at the disco") })
			first(35, func(tx *store.Tx) error {
				return tx.Exec("INSERT INTO settings (name, value, updated_at) VALUES ('taken', '', 0)")
			})
			first(50, func(tx *store.Tx) error {
				var pages int
				if err := tx.Scan(&pages, "PRAGMA page_count"); err != nil {
					return err
				}
				if err := tx.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+3)); err != nil {
					return err
				}
				err := tx.Exec("INSERT INTO settings (name, value, updated_at) VALUES ('big', ?, 0)", strings.Repeat("x", 1<<20))
				if dropping {
					err = errors.Join(err, tx.Disturb())
					// In autocommit this would stay.
					err = errors.Join(err, put(tx, "row-stray"))
				}
				return errors.Join(err, tx.Exec("PRAGMA max_page_count = 1073741823"))
			})

			errs := together(t, db, ctxs, fns)

			require.ErrorIs(t, errs[7], context.Canceled)
			var panicked *store.PanicError
			require.ErrorAs(t, errs[21], &panicked)
			require.Equal(t, "at the disco", panicked.Value)
			require.ErrorIs(t, errs[35], store.ErrDuplicate)
			require.ErrorIs(t, errs[50], store.ErrUnavailable)
			for i, err := range errs {
				if i != 7 && i != 21 && i != 35 && i != 50 {
					require.NoError(t, err, i)
				}
			}
			require.Equal(t, 120, settings(t, db, "row-%"))
			for _, i := range []int{7, 21, 35, 50} {
				require.Zero(t, settings(t, db, fmt.Sprintf("row-%02d-%%", i)))
			}
			require.Zero(t, settings(t, db, "big"))
			require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error { return put(tx, "after") }))
		})
	}
}

// A COMMIT that fails fails every member, and the next batch is whole again.
func TestFailedCommitFailsAll(t *testing.T) {
	db, _ := storetest.Open(t)
	execute(t, db, "CREATE TABLE parent (id INTEGER PRIMARY KEY)")
	execute(t, db, "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)")
	number(t, db, "M")
	errs := together(t, db, nil, []func(tx *store.Tx) error{
		func(tx *store.Tx) error { return put(tx, "row-1") },
		func(tx *store.Tx) error { return tx.Exec("INSERT INTO child (id) VALUES (1)") },
		func(tx *store.Tx) error { _, err := tx.Number("T"); return errors.Join(err, put(tx, "row-2")) },
	})
	for _, err := range errs {
		require.ErrorContains(t, err, "commit")
		require.NotErrorIs(t, err, store.ErrUncertain)
	}
	require.Zero(t, settings(t, db, "row-%"))
	require.Equal(t, "M20260302-0002", number(t, db, "M"))
	require.Equal(t, "T20260302-0001", number(t, db, "T"), "its block was given back with the rest")
	require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error { return put(tx, "row-3") }))
}

// A statement cancelled by its own context must not touch the transaction the
// other members share.
func TestCallersContextDoesNotReachTheWriter(t *testing.T) {
	db, _ := storetest.Open(t)
	ctx, cancel := context.WithCancel(context.Background())
	err := db.InTx(ctx, func(tx *store.Tx) error {
		cancel()
		return put(tx, "written")
	})
	require.NoError(t, err)
	require.Equal(t, 1, settings(t, db, "written"))
}

func TestTransactionWhoseCallerLeftDoesNotRun(t *testing.T) {
	db, _ := storetest.Open(t)
	release := hold(t, db)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := db.InTx(ctx, func(tx *store.Tx) error { return put(tx, "late") })
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	release()
	require.NoError(t, db.InTx(context.Background(), func(*store.Tx) error { return nil }))
	require.Zero(t, settings(t, db, "late"))
}

func TestOutcomeOfAStartedTransactionIsUncertain(t *testing.T) {
	db, _ := storetest.Open(t)
	free := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	err := db.InTx(ctx, func(tx *store.Tx) error {
		cancel()
		<-free
		return put(tx, "after all")
	})
	require.ErrorIs(t, err, store.ErrUncertain)
	close(free)
	require.NoError(t, db.InTx(context.Background(), func(*store.Tx) error { return nil }))
	require.Equal(t, 1, settings(t, db, "after all"))
}

func TestFullLaneRefusesAtOnce(t *testing.T) {
	db, _ := storetest.Open(t)
	release := hold(t, db)
	var wg sync.WaitGroup
	for range 4096 {
		wg.Go(func() { _ = db.InTx(context.Background(), func(*store.Tx) error { return nil }) })
	}
	require.Eventually(t, func() bool { return db.Waiting() == 4096 }, 10*time.Second, time.Millisecond)
	begun := time.Now()
	require.ErrorIs(t, db.InTx(context.Background(), func(*store.Tx) error { return nil }), store.ErrUnavailable)
	require.Less(t, time.Since(begun), 50*time.Millisecond)
	release()
	wg.Wait()
}

// Callbacks go first, yet a job's transaction among a stream of them waits no
// longer than the bound, and neither starves.
func TestBackgroundIsNotStarved(t *testing.T) {
	db, _ := storetest.Open(t)
	release := hold(t, db)
	var mu sync.Mutex
	var order []string
	note := func(who string) func(*store.Tx) error {
		return func(*store.Tx) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, who)
			return nil
		}
	}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() { _ = db.InBackground(context.Background(), note("job")) })
		wg.Go(func() { _ = db.InTx(context.Background(), note("callback")) })
	}
	require.Eventually(t, func() bool { return db.Waiting() == 400 }, 10*time.Second, time.Millisecond)
	release()
	wg.Wait()
	require.Len(t, order, 400)
	jobs, firstHalf := 0, 0
	for i, who := range order {
		if who == "job" {
			jobs++
			if i < 200 {
				firstHalf++
			}
		}
	}
	require.Equal(t, 200, jobs)
	require.Greater(t, firstHalf, 0, "jobs wait for all callbacks")
	require.Less(t, firstHalf, 100, "callbacks do not go first")
}

// A failing require inside a closure ends the writer's goroutine.
func TestWriterSurvivesGoexit(t *testing.T) {
	db, _ := storetest.Open(t)
	errs := together(t, db, nil, []func(tx *store.Tx) error{
		func(tx *store.Tx) error { return put(tx, "one") },
		func(tx *store.Tx) error { _ = put(tx, "gone"); runtime.Goexit(); return nil },
		func(tx *store.Tx) error { return put(tx, "three") },
	})
	require.NoError(t, errs[0])
	require.Error(t, errs[1])
	require.NoError(t, errs[2])
	require.Equal(t, 2, settings(t, db, "%e"))
	require.Zero(t, settings(t, db, "gone"))
}

func TestClosedStoreRefuses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		require.NoError(t, db.Close())
		require.ErrorIs(t, db.InTx(context.Background(), func(*store.Tx) error { return nil }), store.ErrUnavailable)
	})
}
