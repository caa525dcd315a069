package durability_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/wecom/sandbox"
)

// scratch is where the program under test is built; TestMain removes it.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "guiju-durability-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

// program builds guiju with its fault points, once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "guiju")
	out, err := exec.Command("go", "build", "-tags", "faultpoint", "-o", path, "guiju/cmd/guiju").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build guiju: %w\n%s", err, out)
	}
	return path, nil
})

// process is one running guiju.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	out  *output
	done chan struct{} // closed when it has ended
	err  error         // of Wait
}

// output collects what a process prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// launch starts guiju with these arguments; fault is GUIJU_FAULTPOINT.
func launch(t testing.TB, fault string, args ...string) *process {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	p := &process{t: t, cmd: exec.Command(path, args...), out: &output{}, done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "GUIJU_FAULTPOINT="+fault)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	require.NoError(t, p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error says that it has ended
		<-p.done
		if t.Failed() {
			t.Logf("guiju %v printed:\n%s", args, p.out)
		}
	})
	return p
}

// dies waits until the process has been killed by a signal, as a fault does.
func (p *process) dies() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		require.Fail(p.t, "the fault point was never passed")
	}
	var exit *exec.ExitError
	require.True(p.t, errors.As(p.err, &exit), "ended with %v", p.err)
	status, ok := exit.Sys().(syscall.WaitStatus)
	require.True(p.t, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "ended with %v", p.err)
}

// kill is kill -9.
func (p *process) kill() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Kill())
	p.dies()
}

// stop ends the process in good order, which its exit code must say.
func (p *process) stop() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		require.Fail(p.t, "the process does not stop")
	}
	require.NoError(p.t, p.err)
}

// answers waits until a URL answers 200.
func answers(t testing.TB, url string) {
	t.Helper()
	eventually(t, 30*time.Second, url+" to answer 200", func() bool { return status(url) == http.StatusOK })
}

func status(url string) int {
	response, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body) // lets the connection be used again
	return response.StatusCode
}

// setup is how a serving process is configured.
type setup struct {
	listen   string // of the app
	platform string // URL
	store    store.Config
	redis    string // address; empty: none
	log      string // level; empty: info
	dir      string
}

// write makes a config.yaml for the credentials of o and answers its path.
func (s setup) write(t testing.TB, o sandbox.Options) string {
	t.Helper()
	level := s.log
	if level == "" {
		level = "info"
	}
	company, err := os.ReadFile("../playground/company.yaml")
	require.NoError(t, err)
	rulebook := filepath.Join(s.dir, "company.yaml")
	require.NoError(t, os.WriteFile(rulebook, company, 0o600))
	text := fmt.Sprintf("server: {listen: %q, shutdown_timeout: 10s}\nlog: {level: %s}\nstore: {driver: %s, dsn: %q}\nredis: {address: %q}\nrulebook: %q\nspool: {dir: %q}\n",
		s.listen, level, s.store.Driver, s.store.DSN, s.redis, rulebook, filepath.Join(s.dir, "spool"))
	path := filepath.Join(s.dir, "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text+o.ConfigYAML(s.platform)), 0o600))
	return path
}

// serve starts a serving process on the platform's clock and waits until it is
// well. /readyz answers 200 before, from the moment callbacks can be spooled;
// what is delivered then is answered by a message instead of passively.
func (s setup) serve(t testing.TB, fault string, o sandbox.Options) *process {
	t.Helper()
	p := launch(t, fault, "serve", "--clock", s.platform, "-c", s.write(t, o))
	eventually(t, 30*time.Second, "the app to be well", func() bool {
		response, err := http.Get("http://" + s.listen + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var h health
		return json.NewDecoder(response.Body).Decode(&h) == nil && h.Database == "ok" && h.Spool == "ok"
	})
	return p
}
