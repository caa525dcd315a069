package load_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"guiju/store"
)

// TestProcess prints, for a built guiju on an existing database, how long it
// takes from start to ready and how much memory it holds, idle and under load.
func TestProcess(t *testing.T) {
	measured(t)
	binary := filepath.Join(t.TempDir(), "guiju")
	built, err := exec.Command("go", "build", "-o", binary, "guiju/cmd/guiju").CombinedOutput()
	require.NoError(t, err, string(built))
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			fill(t, db, members)
			wecom, _ := startWeCom()
			defer wecom.Close()
			var ready []float64
			for range setting("GUIJU_LOAD_ROUNDS", 5) {
				p := startProcess(t, binary, db, wecom.URL)
				ready = append(ready, p.ready.Seconds())
				p.stop(t)
			}
			p := startProcess(t, binary, db, wecom.URL)
			defer p.stop(t)
			<-time.After(2 * time.Second)
			idle := p.memory(t, "VmRSS")
			clock := newClock()
			clock.moved.Store(int64(time.Since(clock.Now()))) // that process lives in the machine's time
			look := open(t, db)
			defer look.Close()
			s := server{url: p.url, sql: look, clock: clock}
			d := newDriver(t, s, ask.text)
			rate := d.full(t, 5*time.Second).rate
			require.Equal(t, d.sent.Load(), s.count(t, "items"), "every callback has its effect")
			fmt.Printf("%-7s start to ready %.0f ms of %.3f | memory idle %d MiB, at most %d MiB at %.0f callbacks/s\n",
				database.name, median(ready)*1000, ready, idle, p.memory(t, "VmHWM"), rate)
		})
	}
}

// process is a running `guiju serve`.
type process struct {
	url   string
	ready time.Duration // from its start
	cmd   *exec.Cmd
	said  *bytes.Buffer
}

func startProcess(t *testing.T, binary string, db store.Config, wecom string) process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	cfg := configOf(t, db, wecom)
	dir := t.TempDir()
	text, err := yaml.Marshal(map[string]any{
		"server": map[string]any{"listen": address}, "log": map[string]any{"level": "error"},
		"store":    map[string]any{"driver": db.Driver, "dsn": db.DSN},
		"rulebook": cfg.Rulebook, "spool": map[string]any{"dir": filepath.Join(dir, "spool")}, "media": map[string]any{"dir": filepath.Join(dir, "media")},
		"wecom": map[string]any{"corp_id": corpID, "api_base_url": wecom, "apps": []any{map[string]any{
			"name": "assistant", "agent_id": 1000002, "secret": "s", "token": token, "encoding_aes_key": aesKey,
		}}},
	})
	require.NoError(t, err)
	file := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	p := process{url: "http://" + address, cmd: exec.Command(binary, "serve", "-c", file), said: &bytes.Buffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.cmd.Dir = dir
	begin := time.Now()
	require.NoError(t, p.cmd.Start())
	for end := begin.Add(time.Minute); ; {
		response, err := http.Get(p.url + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(end) {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
			t.Fatalf("guiju is not ready: %s", p.said)
		}
		<-time.After(2 * time.Millisecond)
	}
	p.ready = time.Since(begin)
	return p
}

// memory is a line of /proc/PID/status in MiB.
func (p process) memory(t *testing.T, name string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			require.NoError(t, err)
			return kib >> 10
		}
	}
	t.Fatalf("no %s of the process", name)
	return 0
}

func (p process) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	_ = p.cmd.Wait() // its exit code after a signal is its own matter
}
