package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"madoguchi/config"
	"madoguchi/simulator"
	"madoguchi/simulator/demo"
)

type demoCommand struct {
	Listen string `default:"127.0.0.1:8080" help:"Where the page is shown; a loopback address. Port 0 takes a free one."`
	Data   string `type:"path" placeholder:"DIR" help:"Keep the database in this folder, instead of a temporary one that goes with the demo."`
}

// Run shows the demo until the process is told to stop. It listens on loopback
// only and needs no account, variable or network.
func (c demoCommand) Run(ctx context.Context, p process) (err error) {
	listener, err := c.listen(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreClosed(listener.Close())) }()
	dir, done, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	stage, err := simulator.NewStage(simulator.Options{Logger: log, InFront: p.inFront}) //nolint:contextcheck // it lives until Close
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	env, err := c.prepare(ctx, p, stage, dir)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return showPage(ctx, listener, demo.New(stage, log)) })
	group.Go(func() error {
		started := make(chan string, 1)
		group.Go(func() error {
			select {
			case addr := <-started:
				return c.begin(p, stage, addr, listener.Addr())
			case <-ctx.Done():
				return nil
			}
		})
		return serve(ctx, env, log, func(addr string) { started <- addr })
	})
	return group.Wait()
}

func (c demoCommand) listen(ctx context.Context) (net.Listener, error) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	// Whoever reaches the page may act as anybody in the demo.
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--listen: %q is not on this machine alone; use 127.0.0.1", host)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--listen: %s is in use by another program; choose another, or let one be chosen with --listen 127.0.0.1:0", c.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return listener, nil
}

// folder returns where the data is kept, and what to do with it in the end. The
// LINE and Slack of a demo end with it, so that its data is of no use to another.
func (c demoCommand) folder() (dir string, done func() error, err error) {
	if c.Data == "" {
		if dir, err = os.MkdirTemp("", "madoguchi-demo-"); err != nil {
			return "", nil, fmt.Errorf("a folder for the demo: %w", err)
		}
		return dir, func() error { return os.RemoveAll(dir) }, nil
	}
	if _, err := os.Stat(filepath.Join(c.Data, simulator.Database)); err == nil {
		return "", nil, fmt.Errorf("--data: %s holds the data of an earlier demo, whose LINE and Slack are gone; name another folder", c.Data)
	}
	return c.Data, func() error { return nil }, nil
}

// prepare applies the sample account to the demo's database and returns the
// environment that serve then runs in, which is the stage's alone.
func (c demoCommand) prepare(ctx context.Context, p process, stage *simulator.Stage, dir string) (*config.Environment, error) {
	vars := stage.Environment("127.0.0.1:0", dir)
	vars["LOG_LEVEL"] = "warn"
	const file = "aoyama.yaml"
	own := process{
		stdout: io.Discard, stderr: p.stderr, environ: func() []string { return nil },
		getenv: func(name string) (string, bool) { value, ok := vars[name]; return value, ok },
		readFile: func(path string) ([]byte, error) {
			if path == file {
				return []byte(stage.AccountFile()), nil
			}
			return os.ReadFile(path) //nolint:gosec // no variable of the stage names a file
		},
	}
	if err := (applyCommand{File: file, Overwrite: true}).Run(ctx, own); err != nil {
		return nil, fmt.Errorf("apply the sample account: %w", err)
	}
	env, _, err := own.load()
	return env, err
}

// begin lets the story begin once serve answers at addr.
func (demoCommand) begin(p process, stage *simulator.Stage, addr string, page net.Addr) error {
	if err := stage.Connect("http://" + addr); err != nil {
		return err
	}
	if err := stage.Play(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "http://%s/demo\n", page)
	return err
}

func showPage(ctx context.Context, listener net.Listener, page http.Handler) error {
	web := &http.Server{
		Handler:           page,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		MaxHeaderBytes:    64 << 10,
		// Streams last as long as the page is open; they end with ctx.
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() { done <- web.Serve(listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("the demo's page: %w", err)
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := web.Shutdown(within)
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
