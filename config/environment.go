package config

import (
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/mail"
	"strconv"
	"strings"
)

// Environment is what the process is told by its environment. The defaults are
// in it; Load returns only what has been checked.
type Environment struct {
	Database   Database
	ListenAddr string
	PprofAddr  string // of the profiles, on loopback; "" for none
	PublicURL  string // https base without a slash at the end, or ""
	Media      Media

	SlackBotToken      Secret
	SlackSigningSecret Secret
	SlackAppToken      Secret // Socket Mode when given
	SlackAPIURL        string // ends with a slash
	LINEAPIURL         string // without a slash at the end
	LINEDataAPIURL     string // likewise

	SlackChannelRate   float64 // posts a second in a Slack channel; 0 for no limit
	SlackWorkspaceRate float64 // posts a minute in the workspace; 0 for no limit
	SlackEventsPerHour int     // 0 for no limit

	SMTPURL  Secret // user and password are in it
	MailFrom string

	SecretKey Key // nil when not given: with SQLite one is made beside the database

	LogLevel  slog.Level
	LogFormat string // text or json
}

// Load reads the environment, each NAME also as NAME_FILE. getenv is
// os.LookupEnv and readFile os.ReadFile outside of tests. The error is a
// Faults that tells everything that is wrong, each with the variable's name.
func Load(getenv func(name string) (string, bool), readFile func(path string) ([]byte, error)) (*Environment, error) {
	r := environmentReader{vars: variables{getenv: getenv, readFile: readFile}}
	e := &Environment{
		Database:   read(&r, "DATABASE_URL", "sqlite:./data/madoguchi.db", parseDatabase),
		ListenAddr: read(&r, "LISTEN_ADDR", "127.0.0.1:8080", parseListenAddr),
		PprofAddr:  read(&r, "PPROF_ADDR", "", parseLoopbackAddr),
		PublicURL:  read(&r, "PUBLIC_URL", "", parseBase),
		Media:      read(&r, "MEDIA_URL", "file:./data/media", parseMedia),

		SlackBotToken:      read(&r, "SLACK_BOT_TOKEN", "", parseToken("xoxb-", "the Bot User OAuth Token, under OAuth & Permissions of the Slack app")),
		SlackSigningSecret: read(&r, "SLACK_SIGNING_SECRET", "", parseSecret),
		SlackAppToken:      read(&r, "SLACK_APP_TOKEN", "", parseToken("xapp-", "an App-Level Token with connections:write, under Basic Information of the Slack app")),
		SlackAPIURL:        read(&r, "SLACK_API_URL", "https://slack.com/api", parseBase) + "/",
		LINEAPIURL:         read(&r, "LINE_API_URL", "https://api.line.me", parseBase),
		LINEDataAPIURL:     read(&r, "LINE_DATA_API_URL", "https://api-data.line.me", parseBase),

		SlackChannelRate:   read(&r, "SLACK_CHANNEL_RATE", "1", parseRate),
		SlackWorkspaceRate: read(&r, "SLACK_WORKSPACE_RATE", "300", parseRate),
		SlackEventsPerHour: read(&r, "SLACK_EVENTS_PER_HOUR", "30000", parseCount),

		SMTPURL:  read(&r, "SMTP_URL", "", parseSMTP),
		MailFrom: read(&r, "MAIL_FROM", "", parseSender),

		SecretKey: read(&r, "SECRET_KEY", "", parseSecretKey),

		LogLevel:  read(&r, "LOG_LEVEL", "info", parseLevel),
		LogFormat: read(&r, "LOG_FORMAT", "text", parseFormat),
	}
	if e.Database.Engine == Postgres && e.SecretKey == nil && !r.bad["SECRET_KEY"] {
		r.fault("SECRET_KEY", "is missing; with PostgreSQL it must be given: make one with `openssl rand -hex 32` and keep it with the backups")
	}
	if e.SMTPURL != "" && e.MailFrom == "" && !r.bad["MAIL_FROM"] {
		r.fault("MAIL_FROM", "is missing; with SMTP_URL it must be given: the address that mail comes from")
	}
	if err := r.faults.orNil(); err != nil {
		return nil, err
	}
	return e, nil
}

// CheckServe returns what serve needs and this environment lacks, as a Faults.
func (e *Environment) CheckServe() error {
	var faults Faults
	if e.SlackBotToken == "" {
		faults = append(faults, "SLACK_BOT_TOKEN: is missing; set it to the Bot User OAuth Token (xoxb-…), under OAuth & Permissions of the Slack app")
	}
	if e.SlackSigningSecret == "" && e.SlackAppToken == "" {
		faults = append(faults, "SLACK_SIGNING_SECRET, SLACK_APP_TOKEN: both are missing; set SLACK_APP_TOKEN (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for signed requests over HTTP")
	}
	return faults.orNil()
}

// SocketMode reports whether Slack is listened to over Socket Mode.
func (e *Environment) SocketMode() bool { return e.SlackAppToken != "" }

type environmentReader struct {
	vars   variables
	faults Faults
	bad    map[string]bool
}

func (r *environmentReader) fault(name, what string) {
	r.faults = append(r.faults, name+": "+what)
	if r.bad == nil {
		r.bad = map[string]bool{}
	}
	r.bad[name] = true
}

// read looks up and parses one variable. It returns the zero value for one
// that is wrong, or that is not given and has no default.
func read[T any](r *environmentReader, name, otherwise string, parse func(string) (T, error)) T {
	var zero T
	text, err := r.vars.get(name)
	if err != nil {
		r.fault(name, err.Error())
		return zero
	}
	if text == "" {
		text = otherwise
	}
	if text == "" {
		return zero
	}
	value, err := parse(text)
	if err != nil {
		r.fault(name, err.Error())
		return zero
	}
	return value
}

func parseListenAddr(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil || strings.ContainsAny(host, "/ @") {
		return "", fmt.Errorf("%q is not an address to listen on; write host:port or :port, such as 127.0.0.1:8080", text)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q is not a port; write a number up to 65535", port)
	}
	return text, nil
}

// parseLoopbackAddr takes an address that nobody but this machine can reach.
func parseLoopbackAddr(text string) (string, error) {
	addr, err := parseListenAddr(text)
	if err != nil {
		return "", err
	}
	host, _, _ := net.SplitHostPort(addr) // parseListenAddr has seen that it can be split
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", fmt.Errorf("%q is not on loopback; write 127.0.0.1:port: profiles tell what is in memory", text)
	}
	return addr, nil
}

func parseSecret(text string) (Secret, error) {
	if strings.Contains(text, " ") {
		return "", fmt.Errorf("holds a space; copy the value once more")
	}
	return Secret(text), nil
}

func parseToken(prefix, source string) func(string) (Secret, error) {
	return func(text string) (Secret, error) {
		if !strings.HasPrefix(text, prefix) || len(text) == len(prefix) {
			return "", fmt.Errorf("does not start with %s; use %s", prefix, source)
		}
		return parseSecret(text)
	}
}

func parseSecretKey(text string) (Key, error) {
	key, err := ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%w; make one with `openssl rand -hex 32`", err)
	}
	return key, nil
}

func parseRate(text string) (float64, error) {
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate >= 0) || math.IsInf(rate, 0) {
		return 0, fmt.Errorf("%q is not a rate; write a number, or 0 for no limit", text)
	}
	return rate, nil
}

func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a count; write a whole number, or 0 for no limit", text)
	}
	return n, nil
}

func parseSender(text string) (string, error) {
	if _, err := mail.ParseAddress(text); err != nil {
		return "", fmt.Errorf("%q is not a mail address; write name@example.com or Name <name@example.com>", text)
	}
	return text, nil
}

func parseLevel(text string) (slog.Level, error) {
	switch strings.ToLower(text) {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	default:
		return 0, fmt.Errorf("%q is not a level; write debug, info, warn or error", text)
	}
}

func parseFormat(text string) (string, error) {
	switch strings.ToLower(text) {
	case "text", "json":
		return strings.ToLower(text), nil
	default:
		return "", fmt.Errorf("%q is not a format; write text or json", text)
	}
}
