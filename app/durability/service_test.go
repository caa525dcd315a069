package durability_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

// service is a server of this test's own, on a port and a folder of its own,
// that may be killed, held and started again.
type service struct {
	t       testing.TB
	address string
	command func() *exec.Cmd
	answers func() bool
	cmd     *exec.Cmd
	out     output
}

func (s *service) start() {
	s.t.Helper()
	s.cmd = s.command()
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	require.NoError(s.t, s.cmd.Start())
	end := time.After(60 * time.Second)
	for !s.answers() {
		select {
		case <-end:
			s.kill()
			require.Fail(s.t, "the server does not start", "%s", &s.out)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill takes the server away as a power cut does.
func (s *service) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it tells of the kill
	s.cmd = nil
}

// hold makes the server deaf: connections stay, nothing answers.
func (s *service) hold() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGSTOP))
}

func (s *service) release() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGCONT))
}

// emptyMariaDB is a data folder every server of this package starts from.
var emptyMariaDB = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(scratch, "mariadb")
	out, err := exec.Command("mariadb-install-db", append([]string{"--no-defaults", "--datadir=" + dir,
		"--auth-root-authentication-method=normal", "--skip-test-db"}, asRoot()...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	return dir, nil
})

// asRoot is what the server wants to be told when root runs it, as in CI.
func asRoot() []string {
	if os.Getuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}

// mariaDB is a database for tests of many transactions that meet: a server of
// the test's own that does not wait for the disk, or, where none is installed,
// the one of GUIJU_TEST_MYSQL_DSN.
func mariaDB(t testing.TB) store.Config {
	t.Helper()
	if _, err := exec.LookPath("mariadbd"); err != nil {
		return storetest.MySQL(t)
	}
	_, db := privateMariaDB(t, "--innodb-flush-log-at-trx-commit=0")
	return db
}

// privateMariaDB starts a MariaDB server with an empty database.
func privateMariaDB(t testing.TB, flags ...string) (*service, store.Config) {
	t.Helper()
	for _, name := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(name); err != nil {
			leaveOut(t, "mysql", "left out: "+name+" is not installed")
		}
	}
	template, err := emptyMariaDB()
	require.NoError(t, err)
	// Not t.TempDir: a socket's path may have 107 bytes.
	dir, err := os.MkdirTemp(scratch, "m")
	require.NoError(t, err)
	data := filepath.Join(dir, "data")
	require.NoError(t, os.CopyFS(data, os.DirFS(template)))
	address := freeAddress(t)
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	create := filepath.Join(dir, "init.sql")
	require.NoError(t, os.WriteFile(create, []byte("CREATE DATABASE IF NOT EXISTS guiju;\n"), 0o600))
	s := &service{t: t, address: address}
	s.command = func() *exec.Cmd {
		return exec.Command("mariadbd", slices.Concat([]string{"--no-defaults", "--datadir=" + data, "--bind-address=" + host, "--port=" + port,
			"--socket=" + filepath.Join(dir, "s"), "--pid-file=" + filepath.Join(dir, "pid"), "--skip-name-resolve", "--init-file=" + create,
			"--innodb-buffer-pool-size=32M", "--performance-schema=OFF"}, flags, asRoot())...)
	}
	s.answers = func() bool { return greets(address) }
	s.start()
	t.Cleanup(s.kill)
	return s, store.Config{Driver: "mysql", DSN: "root@tcp(" + address + ")/guiju", Migrate: "auto"}
}

// greets says whether a MariaDB server speaks, which it does first.
func greets(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if c.SetReadDeadline(time.Now().Add(time.Second)) != nil {
		return false
	}
	n, err := c.Read(make([]byte, 5))
	return err == nil && n > 0
}

// privateRedis starts a Redis server that keeps nothing on disk.
func privateRedis(t testing.TB) *service {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		leaveOut(t, "redis", "left out: redis-server is not installed")
	}
	dir := t.TempDir()
	address := freeAddress(t)
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	s := &service{t: t, address: address}
	s.command = func() *exec.Cmd {
		return exec.Command("redis-server", "--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", dir)
	}
	s.answers = func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		return c.Close() == nil
	}
	s.start()
	t.Cleanup(s.kill)
	return s
}
