// Command measure prints how long a release build of serve takes until it is
// ready, and how much memory it holds at rest, on each database: beside the
// simulated LINE and Slack, with the demo's account and after its story.
//
//	scripts/with-postgres go run ./scripts/measure
//
// It needs Linux, whose /proc tells the memory. Without MADOGUCHI_TEST_POSTGRES,
// which scripts/with-postgres sets, it measures SQLite only.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"madoguchi/simulator" //nolint:depguard // it measures serve beside the simulator, as the demo shows it
)

const (
	starts = 5 // of which the middle one counts
	rest   = 30 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "madoguchi-measure-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m := measurement{binary: filepath.Join(dir, "madoguchi")}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", m.binary, "./cmd/madoguchi") //nolint:gosec // its own arguments
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	info, err := os.Stat(m.binary)
	if err != nil {
		return err
	}
	fmt.Printf("binary: %.0f MB\n", float64(info.Size())/1e6)
	databases := []struct{ name, url string }{{"SQLite", ""}, {"PostgreSQL", os.Getenv("MADOGUCHI_TEST_POSTGRES")}}
	for i, d := range databases {
		if i > 0 && d.url == "" {
			fmt.Printf("%s: MADOGUCHI_TEST_POSTGRES is not set\n", d.name)
			continue
		}
		m.dir = filepath.Join(dir, d.name)
		ready, memory, err := m.on(ctx, d.url)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		fmt.Printf("%s: ready after %d ms, %.0f MB at rest\n", d.name, ready.Milliseconds(), float64(memory)/1e6)
	}
	return nil
}

// measurement is serve on one database.
type measurement struct {
	binary, dir string
	env         []string
	addr        string
}

// on returns the time to ready, the middle one of several starts, and the
// resident memory at rest in bytes. url is empty for SQLite.
func (m *measurement) on(ctx context.Context, url string) (ready time.Duration, memory int64, err error) {
	if err := os.Mkdir(m.dir, 0o700); err != nil {
		return 0, 0, err
	}
	stage, err := simulator.NewStage(simulator.Options{}) //nolint:contextcheck // it lives until it is closed
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	if err := m.prepare(ctx, stage, url); err != nil {
		return 0, 0, err
	}
	var times []time.Duration
	for range starts {
		took, serve, err := m.start(ctx)
		if err != nil {
			return 0, 0, err
		}
		times = append(times, took)
		if err := end(serve); err != nil {
			return 0, 0, err
		}
	}
	slices.Sort(times)

	_, serve, err := m.start(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, end(serve)) }()
	if err := errors.Join(stage.Connect("http://"+m.addr), stage.Play()); err != nil {
		return 0, 0, err
	}
	select {
	case <-time.After(rest):
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	memory, err = resident(serve.Process.Pid)
	return times[len(times)/2], memory, err
}

// prepare applies the demo's account, which migrates the database.
func (m *measurement) prepare(ctx context.Context, stage *simulator.Stage, url string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	m.addr = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	vars := stage.Environment(m.addr, m.dir)
	if url != "" {
		vars["DATABASE_URL"], vars["SECRET_KEY"] = url, strings.Repeat("5a", 32)
	}
	m.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.dir, "LOG_LEVEL=warn"}
	for name, value := range vars {
		m.env = append(m.env, name+"="+value)
	}
	file := filepath.Join(m.dir, "aoyama.yaml")
	if err := os.WriteFile(file, []byte(stage.AccountFile()), 0o600); err != nil {
		return err
	}
	out, err := m.command(ctx, "apply", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("apply: %w\n%s", err, out)
	}
	return nil
}

func (m *measurement) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, m.binary, args...) //nolint:gosec // what it built itself
	c.Env, c.Dir = m.env, m.dir
	return c
}

// start starts serve and returns how long it took until /readyz was 200.
func (m *measurement) start(ctx context.Context) (time.Duration, *exec.Cmd, error) {
	serve := m.command(ctx, "serve")
	serve.Stderr = os.Stderr
	serve.Cancel = func() error { return serve.Process.Signal(syscall.SIGTERM) }
	began := time.Now()
	if err := serve.Start(); err != nil {
		return 0, nil, err
	}
	for time.Since(began) < 10*time.Second && ctx.Err() == nil {
		if m.isReady(ctx) {
			return time.Since(began), serve, nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, nil, errors.Join(errors.New("serve was not ready within 10 s"), end(serve))
}

func (m *measurement) isReady(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.addr+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func end(serve *exec.Cmd) error {
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return serve.Wait()
}

// resident reads VmRSS, which /proc tells in units of 1024 bytes.
func resident(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "VmRSS:" {
			kib, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return kib * 1024, err
		}
	}
	return 0, errors.New("/proc tells no VmRSS")
}
