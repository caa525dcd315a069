package queue_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

// line is a TCP line to a server that can be cut and mended.
type line struct {
	listener net.Listener
	server   string
	mu       sync.Mutex
	cut      bool
	conns    []net.Conn
	refused  chan struct{} // told, if room, of each connection refused
}

func newLine(t *testing.T, server string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{listener: listener, server: server, refused: make(chan struct{}, 1)}
	t.Cleanup(func() { listener.Close(); l.set(true) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			l.join(conn)
		}
	}()
	return l
}

func (l *line) join(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		conn.Close()
		select {
		case l.refused <- struct{}{}:
		default:
		}
		return
	}
	far, err := net.Dial("tcp", l.server)
	if err != nil {
		conn.Close()
		return
	}
	l.conns = append(l.conns, conn, far)
	go func() { io.Copy(far, conn); far.Close() }()
	go func() { io.Copy(conn, far); conn.Close() }()
}

func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for _, c := range l.conns {
			c.Close()
		}
		l.conns = nil
	}
}

// The database goes away while a job runs, stays away over its lease, and
// comes back: what the job did is stored once, and the queue goes on.
func TestOutageWhileAJobRuns(t *testing.T) {
	t.Parallel()
	cfg := storetest.MySQL(t)
	dsn, err := mysql.ParseDSN(cfg.DSN)
	require.NoError(t, err)
	l := newLine(t, dsn.Addr)
	dsn.Addr = l.listener.Addr().String()
	cfg.DSN = dsn.FormatDSN()
	db, err := store.Open(cfg, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))

	runs := make(chan string, 10)
	q := queue.New(db, quiet(queue.Options{Lease: 300 * time.Millisecond, Poll: 20 * time.Millisecond}))
	queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
		runs <- args.Name
		if args.Name == "during" {
			l.set(true)
		}
		return queue.Done(leaveMark(args.Name))
	})
	start(t, q)
	id := enqueue(t, db, "during")
	require.Equal(t, "during", <-runs)
	for range 5 { // the claimer, the finisher and the keeper keep trying
		select {
		case <-l.refused:
		case <-time.After(20 * time.Second):
			t.Fatal("nobody tries to reach the database")
		}
	}
	l.set(false)

	require.Eventually(t, func() bool {
		j, err := db.Reader(t.Context()).Job(id)
		return err == nil && j.State == store.JobDone
	}, 30*time.Second, 20*time.Millisecond)
	after := enqueue(t, db, "after")
	require.Eventually(t, func() bool { return job(t, db, after).State == store.JobDone }, 30*time.Second, 20*time.Millisecond)
	require.Equal(t, map[string]int{`{"Name":"during"}`: 1, `{"Name":"after"}`: 1}, marks(t, db))
}
