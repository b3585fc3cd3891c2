// Command bench measures serve beside the least that any program in its place
// would have to do, on SQLite and on PostgreSQL, and prints a table.
//
//	scripts/bench                 everything, several rounds in turn
//	scripts/bench -only acks      one measurement
//
// The load generator, the platforms and the floors are processes of their own:
// this same program under another name.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	roles := map[string]func(context.Context, []string) error{
		"floor": floor, "load": load, "platforms": platforms,
	}
	if len(args) > 0 {
		if role, ok := roles[args[0]]; ok {
			return role(ctx, args[1:])
		}
	}
	return measureAll(ctx, args)
}

// measurement is one part of the table.
type measurement struct {
	name string
	run  func(context.Context, *bench) error
}

var measurements = []measurement{
	{"rest", rest},
	{"acks", acks},
	{"posts", posts},
	{"delay", delays},
	{"backlog", backlogs},
}

// bench is one run of this program.
type bench struct {
	dir       string // of everything it makes; gone at the end
	self      string // this program
	binary    string // the release build of madoguchi
	databases []database
	rounds    int
	seconds   int
	profiles  string // folder for CPU profiles of serve; "" for none
	table     table
}

// database is an engine to measure on.
type database struct {
	name string
	url  func(ctx context.Context, name string) (string, error) // of an empty database
}

func measureAll(ctx context.Context, args []string) (err error) {
	b := &bench{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var only string
	flags.StringVar(&only, "only", "", "measurements, separated by commas: "+strings.Join(names(), ", "))
	flags.IntVar(&b.rounds, "rounds", 3, "how often each is measured, in turn")
	flags.IntVar(&b.seconds, "seconds", 5, "how long each measurement of a round takes; 60 for figures to be quoted")
	flags.StringVar(&b.profiles, "profiles", "", "folder to put CPU profiles of serve in")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for name := range strings.SplitSeq(only, ",") {
		if name != "" && !slices.Contains(names(), name) {
			return fmt.Errorf("-only: %q is none of %s", name, strings.Join(names(), ", "))
		}
	}
	if b.dir, err = os.MkdirTemp("", "madoguchi-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	for _, m := range measurements {
		if only != "" && !slices.Contains(strings.Split(only, ","), m.name) {
			continue
		}
		began := time.Now()
		if err := m.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s took %s\n", m.name, time.Since(began).Round(time.Second))
	}
	return b.table.print(os.Stdout)
}

// inTurn measures on each database, round after round.
func (b *bench) inTurn(measure func(round int, d database) error) error {
	for round := range b.rounds {
		for _, d := range b.databases {
			if err := measure(round, d); err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
		}
	}
	return nil
}

func names() []string {
	var all []string
	for _, m := range measurements {
		all = append(all, m.name)
	}
	return all
}

// prepare builds what is measured as it is released.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	b.binary = filepath.Join(b.dir, "madoguchi")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.binary, "./cmd/madoguchi") //nolint:gosec // its own arguments
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	b.databases = []database{{"SQLite", b.sqlite}}
	if url := os.Getenv("MADOGUCHI_TEST_POSTGRES"); url != "" {
		b.databases = append(b.databases, database{"PostgreSQL", postgres(url)})
	} else {
		fmt.Fprintln(os.Stderr, "bench: MADOGUCHI_TEST_POSTGRES is not set: SQLite only")
	}
	return nil
}
