// Command madoguchi joins one LINE official account and the private Slack
// channels of its operators.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // accounts have time zones; a container may have no data of its own

	"github.com/alecthomas/kong"

	"madoguchi/config"
	"madoguchi/simulator/line"
)

// version is set by the build.
var version = "dev"

// process is what a subcommand may use of the world.
type process struct {
	stdout, stderr io.Writer
	environ        func() []string
	getenv         func(string) (string, bool)
	readFile       func(string) ([]byte, error)
	// inFront stands before the demo's LINE; nothing does if nil.
	inFront func(*line.Platform) http.Handler
}

type commands struct {
	Serve       serveCommand       `cmd:"" help:"Receive from LINE and Slack, and relay."`
	Demo        demoCommand        `cmd:"" help:"Show it working on this machine: a phone and a Slack side by side, no account needed."`
	Apply       applyCommand       `cmd:"" help:"Make an account what its file says."`
	Export      exportCommand      `cmd:"" help:"Print an account as a file, without secrets."`
	Status      statusCommand      `cmd:"" help:"Tell what waits, what is paused and what was set aside."`
	Parked      parkedCommand      `cmd:"" help:"Look after events that were set aside because they cannot be decided."`
	Doctor      doctorCommand      `cmd:"" help:"Check the database, LINE and Slack, and say what to do."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Healthcheck healthcheckCommand `cmd:"" hidden:"" help:"Succeed if serve is ready; for containers."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := process{stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ, getenv: os.LookupEnv, readFile: os.ReadFile}
	if err := run(ctx, p, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "madoguchi:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p process, args []string) error {
	var cli commands
	exited := false
	parser, err := kong.New(&cli,
		kong.Name("madoguchi"),
		kong.Description("The counter where LINE friends are served from Slack."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited {
		return nil
	}
	if err != nil {
		return pointToHelp(err)
	}
	return command.Run()
}

// pointToHelp adds to an error of the command line where the right one is
// described.
func pointToHelp(err error) error {
	help := "`madoguchi --help` lists the commands"
	if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context.Selected() != nil {
		help = fmt.Sprintf("`madoguchi %s --help` describes it", e.Context.Selected().Path())
	}
	return fmt.Errorf("%w; %s", err, help)
}

// load reads the environment and makes the log that it asks for. A variable that
// nothing reads would be missed silently where it has a default.
func (p process) load() (*config.Environment, *slog.Logger, error) {
	misspelt := config.Misspelt(p.environ())
	env, err := config.Load(p.getenv, p.readFile)
	if err != nil {
		for _, m := range misspelt {
			err = fmt.Errorf("%w\n%s", err, m)
		}
		return nil, nil, err
	}
	log := p.log(env)
	for _, m := range misspelt {
		log.Warn("a variable is set that nothing reads; is its name misspelt?", "name", m.Name, "known", m.Known)
	}
	return env, log, nil
}

func (p process) log(env *config.Environment) *slog.Logger {
	options := &slog.HandlerOptions{Level: env.LogLevel}
	if env.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.stderr, options))
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(p process) error {
	_, err := fmt.Fprintln(p.stdout, "madoguchi", version)
	return err
}
