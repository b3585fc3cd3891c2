package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

const restFor = 30 * time.Second

// rest measures how long serve takes until it is ready, and what it holds when
// nothing has happened for a while after some messages.
func rest(ctx context.Context, b *bench) error {
	binary, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.table.add("rest", "", "size of the binary", "MB", float64(binary.Size())/1e6)
	for _, d := range b.databases {
		if err := b.beside(ctx, d, "rest", settings{}, func(s *served) error { return b.restOn(ctx, d, s) }); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

func (b *bench) restOn(ctx context.Context, d database, s *served) error {
	for range b.rounds {
		if err := s.end(); err != nil {
			return err
		}
		began := time.Now()
		var err error
		if s.process, err = start(ctx, s.addr, "/readyz", s.cmd.Env, b.binary, "serve"); err != nil {
			return err
		}
		b.table.add("rest", d.name, "from start to ready", "ms", milliseconds(time.Since(began))).aim = "1000"
	}
	if err := b.warm(ctx, s, settings{}); err != nil {
		return err
	}
	select {
	case <-time.After(restFor):
	case <-ctx.Done():
		return ctx.Err()
	}
	u, err := usageOf(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	b.table.add("rest", d.name, "memory", "MB", float64(u.memory)/1e6).aim = "60"
	b.table.add("rest", d.name, "open files", "", float64(u.files))
	return nil
}
