package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"madoguchi/config"
)

// given is an environment and the files it names.
type given map[string]string

func (g given) getenv(name string) (string, bool) {
	v, ok := g[name]
	return v, ok
}

func (g given) readFile(path string) ([]byte, error) {
	content, ok := g["file:"+path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(content), nil
}

func load(g given) (*config.Environment, error) { return config.Load(g.getenv, g.readFile) }

func TestEnvironmentDefaults(t *testing.T) {
	e, err := load(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Environment{
		Database:    config.Database{Engine: config.SQLite, Path: "./data/madoguchi.db"},
		ListenAddr:  "127.0.0.1:8080",
		Media:       config.Media{Folder: "./data/media"},
		SlackAPIURL: "https://slack.com/api/", LINEAPIURL: "https://api.line.me", LINEDataAPIURL: "https://api-data.line.me",
		SlackChannelRate: 1, SlackWorkspaceRate: 300, SlackEventsPerHour: 30000,
		LogFormat: "text",
	}
	if got := fmt.Sprintf("%+v", *e); got != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %s\nwant %+v", got, want)
	}
	if e.SecretKey != nil {
		t.Error("a key out of nothing")
	}
}

func TestEnvironmentValues(t *testing.T) {
	key := strings.Repeat("0123456789abcdef", 4)
	tests := []struct {
		env  given
		got  func(*config.Environment) any
		want any
	}{
		{given{"DATABASE_URL": "sqlite:/var/lib/madoguchi.db"}, database, "sqlite /var/lib/madoguchi.db"},
		{given{"DATABASE_URL": "sqlite:m.db"}, database, "sqlite m.db"},
		{given{"DATABASE_URL": "postgres://u:p@h/d?sslmode=disable", "SECRET_KEY": key}, database, "postgres postgres://u:p@h/d?sslmode=disable"},
		{given{"DATABASE_URL": "postgresql:///d?host=/run/postgresql", "SECRET_KEY": key}, database, "postgres postgresql:///d?host=/run/postgresql"},
		{given{"DATABASE_URL": ""}, database, "sqlite ./data/madoguchi.db"},
		{given{"DATABASE_URL_FILE": "/run/db", "file:/run/db": "sqlite:x.db\n"}, database, "sqlite x.db"},
		{given{"LISTEN_ADDR": ":8080"}, func(e *config.Environment) any { return e.ListenAddr }, ":8080"},
		{given{"PPROF_ADDR": "[::1]:6060"}, func(e *config.Environment) any { return e.PprofAddr }, "[::1]:6060"},
		{given{"LISTEN_ADDR": "[::1]:0"}, func(e *config.Environment) any { return e.ListenAddr }, "[::1]:0"},
		{given{"PUBLIC_URL": "https://desk.example.com/"}, public, "https://desk.example.com"},
		{given{"PUBLIC_URL": "https://example.com:8443/desk/"}, public, "https://example.com:8443/desk"},
		{given{"PUBLIC_URL": "http://127.0.0.1:8080"}, public, "http://127.0.0.1:8080"},
		{given{"PUBLIC_URL": "http://localhost"}, public, "http://localhost"},
		{given{"MEDIA_URL": "file:///var/media"}, func(e *config.Environment) any { return e.Media.Folder }, "/var/media"},
		{given{"MEDIA_URL": "file:/var/media"}, func(e *config.Environment) any { return e.Media.Folder }, "/var/media"},
		{given{"MEDIA_URL": "s3://b?region=x"}, func(e *config.Environment) any { return e.Media.Bucket }, "s3://b?region=x"},
		{given{"SLACK_API_URL": "http://127.0.0.1:9/api"}, func(e *config.Environment) any { return e.SlackAPIURL }, "http://127.0.0.1:9/api/"},
		{given{"SLACK_API_URL": "https://slack.example/api/"}, func(e *config.Environment) any { return e.SlackAPIURL }, "https://slack.example/api/"},
		{given{"LINE_API_URL": "http://[::1]:9/"}, func(e *config.Environment) any { return e.LINEAPIURL }, "http://[::1]:9"},
		{given{"SLACK_CHANNEL_RATE": "0"}, func(e *config.Environment) any { return e.SlackChannelRate }, 0.0},
		{given{"SLACK_CHANNEL_RATE": "2.5"}, func(e *config.Environment) any { return e.SlackChannelRate }, 2.5},
		{given{"SLACK_EVENTS_PER_HOUR": "0"}, func(e *config.Environment) any { return e.SlackEventsPerHour }, 0},
		{given{"SLACK_BOT_TOKEN": " xoxb-1 \n"}, func(e *config.Environment) any { return e.SlackBotToken.Reveal() }, "xoxb-1"},
		{given{"SECRET_KEY_FILE": "k", "file:k": key + "\n"}, func(e *config.Environment) any { return len(e.SecretKey) }, 32},
		{given{"LOG_LEVEL": "DEBUG"}, func(e *config.Environment) any { return e.LogLevel }, slog.LevelDebug},
		{given{"LOG_FORMAT": "json"}, func(e *config.Environment) any { return e.LogFormat }, "json"},
		{given{"SMTP_URL": "smtp://u:p@mail.example:587", "MAIL_FROM": "窓口 <desk@example.com>"}, smtp, "smtp://u:p@mail.example:587"},
		{given{"SMTP_URL": "smtp://localhost:25?tls=off", "MAIL_FROM": "a@example.com"}, smtp, "smtp://localhost:25?tls=off"},
		{given{"SMTP_URL": "smtps://u:p@mail.example:465", "MAIL_FROM": "a@example.com"}, smtp, "smtps://u:p@mail.example:465"},
	}
	for _, test := range tests {
		e, err := load(test.env)
		if err != nil {
			t.Errorf("Load(%v): %v", test.env, err)
			continue
		}
		if got := test.got(e); got != test.want {
			t.Errorf("Load(%v) gives %v, want %v", test.env, got, test.want)
		}
	}
}

func database(e *config.Environment) any {
	return string(e.Database.Engine) + " " + e.Database.Path + e.Database.URL.Reveal()
}
func public(e *config.Environment) any { return e.PublicURL }
func smtp(e *config.Environment) any   { return e.SMTPURL.Reveal() }

func TestEnvironmentFaults(t *testing.T) {
	tests := []struct {
		env  given
		want string // what the fault begins with
	}{
		{given{"DATABASE_URL": "sqlite:"}, "DATABASE_URL: names no database file; write"},
		{given{"DATABASE_URL": "sqlite:data/"}, "DATABASE_URL: names no database file; write"},
		{given{"DATABASE_URL": "sqlite://data/m.db"}, "DATABASE_URL: has slashes before the path; write"},
		{given{"DATABASE_URL": "sqlite:///var/m.db"}, "DATABASE_URL: has slashes before the path; write"},
		{given{"DATABASE_URL": "sqlite::memory:"}, "DATABASE_URL: is not the path of a file; write"},
		{given{"DATABASE_URL": "sqlite:m.db?mode=ro"}, "DATABASE_URL: has parameters"},
		{given{"DATABASE_URL": "mysql://u:hunter2@h/d"}, "DATABASE_URL: is neither SQLite nor PostgreSQL; write"},
		{given{"DATABASE_URL": "./data/m.db"}, "DATABASE_URL: is neither SQLite nor PostgreSQL; write"},
		{given{"DATABASE_URL": "postgres:hunter2"}, "DATABASE_URL: is not a PostgreSQL address; write"},
		{given{"DATABASE_URL": "postgres://u:hunter2%@h/d"}, "DATABASE_URL: is not a PostgreSQL address; write"},
		{given{"DATABASE_URL": "postgres:///d"}, "DATABASE_URL: names no host; write"},
		{given{"DATABASE_URL": "postgres://u@h/d"}, "SECRET_KEY: is missing; with PostgreSQL it must be given"},
		{given{"DATABASE_URL": "sqlite:a.db", "DATABASE_URL_FILE": "x"}, "DATABASE_URL: is given, and DATABASE_URL_FILE too; keep"},
		{given{"LISTEN_ADDR": "8080"}, "LISTEN_ADDR: \"8080\" is not an address"},
		{given{"LISTEN_ADDR": "http://x:1"}, "LISTEN_ADDR: \"http://x:1\" is not an address"},
		{given{"LISTEN_ADDR": ":http"}, "LISTEN_ADDR: \"http\" is not a port; write"},
		{given{"PPROF_ADDR": ":6060"}, "PPROF_ADDR: \":6060\" is not on loopback"},
		{given{"PPROF_ADDR": "10.0.0.1:6060"}, "PPROF_ADDR: \"10.0.0.1:6060\" is not on loopback"},
		{given{"LISTEN_ADDR": ":70000"}, "LISTEN_ADDR: \"70000\" is not a port; write"},
		{given{"PUBLIC_URL": "desk.example.com"}, "PUBLIC_URL: is not an address; write https://"},
		{given{"PUBLIC_URL": "http://desk.example.com"}, "PUBLIC_URL: does not start with https://"},
		{given{"PUBLIC_URL": "http://127.0.0.1.example.com"}, "PUBLIC_URL: does not start with https://"},
		{given{"PUBLIC_URL": "https://u:hunter2@example.com"}, "PUBLIC_URL: has a user or password"},
		{given{"PUBLIC_URL": "https://example.com/?a=b"}, "PUBLIC_URL: has parameters"},
		{given{"PUBLIC_URL": "https://example.com/#"}, "PUBLIC_URL: has parameters"},
		{given{"PUBLIC_URL": "https://example.com:99999"}, "PUBLIC_URL: has a port that is none"},
		{given{"PUBLIC_URL": "https://example.com:"}, "PUBLIC_URL: has a port that is none"},
		{given{"PUBLIC_URL": "ftp://example.com"}, "PUBLIC_URL: does not start with https://"},
		{given{"PUBLIC_URL": "https:example.com"}, "PUBLIC_URL: is not an address"},
		{given{"SLACK_API_URL": "http://slack.com/api/"}, "SLACK_API_URL: does not start with https://"},
		{given{"MEDIA_URL": "./media"}, "MEDIA_URL: is neither a folder nor an S3 bucket; write"},
		{given{"MEDIA_URL": "file:"}, "MEDIA_URL: names no folder; write"},
		{given{"MEDIA_URL": "file://host/x"}, "MEDIA_URL: names no folder; write"},
		{given{"MEDIA_URL": "s3://key:hunter2@b"}, "MEDIA_URL: has a user or password"},
		{given{"SLACK_BOT_TOKEN": "xoxp-hunter2"}, "SLACK_BOT_TOKEN: does not start with xoxb-; use"},
		{given{"SLACK_APP_TOKEN": "xoxb-hunter2"}, "SLACK_APP_TOKEN: does not start with xapp-; use"},
		{given{"SLACK_BOT_TOKEN": "xoxb-hunter2\r\nX: y"}, "SLACK_BOT_TOKEN: holds a line break"},
		{given{"SLACK_SIGNING_SECRET": "hunter2 hunter2"}, "SLACK_SIGNING_SECRET: holds a space"},
		{given{"SLACK_BOT_TOKEN_FILE": "gone"}, "SLACK_BOT_TOKEN: cannot be read from its file: open gone"},
		{given{"SLACK_BOT_TOKEN_FILE": "e", "file:e": " \n"}, "SLACK_BOT_TOKEN: is empty in the file that SLACK_BOT_TOKEN_FILE names"},
		{given{"SLACK_SIGNING_SECRET_FILE": "e", "file:e": strings.Repeat("hunter2", 10_000)}, "SLACK_SIGNING_SECRET: is longer than"},
		{given{"SLACK_CHANNEL_RATE": "-1"}, "SLACK_CHANNEL_RATE: \"-1\" is not a rate; write"},
		{given{"SLACK_CHANNEL_RATE": "NaN"}, "SLACK_CHANNEL_RATE: \"NaN\" is not a rate; write"},
		{given{"SLACK_WORKSPACE_RATE": "inf"}, "SLACK_WORKSPACE_RATE: \"inf\" is not a rate; write"},
		{given{"SLACK_EVENTS_PER_HOUR": "1.5"}, "SLACK_EVENTS_PER_HOUR: \"1.5\" is not a count; write"},
		{given{"SLACK_EVENTS_PER_HOUR": "-1"}, "SLACK_EVENTS_PER_HOUR: \"-1\" is not a count; write"},
		{given{"SECRET_KEY": "hunter2"}, "SECRET_KEY: is not 32 bytes in hex or base64; make one with"},
		{given{"SECRET_KEY": strings.Repeat("ab", 31)}, "SECRET_KEY: is not 32 bytes"},
		{given{"SMTP_URL": "smtp://u:hunter2@mail.example", "MAIL_FROM": "a@example.com"}, "SMTP_URL: has no port; write"},
		{given{"SMTP_URL": "smtp://u:hunter2@mail.example:25?tls=off", "MAIL_FROM": "a@example.com"}, "SMTP_URL: switches TLS off"},
		{given{"SMTP_URL": "smtps://localhost:465?tls=off", "MAIL_FROM": "a@example.com"}, "SMTP_URL: switches TLS off"},
		{given{"SMTP_URL": "smtp://localhost:25?foo=1", "MAIL_FROM": "a@example.com"}, "SMTP_URL: has the parameter \"foo\""},
		{given{"SMTP_URL": "mail.example:25", "MAIL_FROM": "a@example.com"}, "SMTP_URL: is not the address of a mail server; write"},
		{given{"SMTP_URL": "smtps://u:hunter2@mail.example:465"}, "MAIL_FROM: is missing; with SMTP_URL"},
		{given{"MAIL_FROM": "nobody"}, "MAIL_FROM: \"nobody\" is not a mail address; write"},
		{given{"LOG_LEVEL": "loud"}, "LOG_LEVEL: \"loud\" is not a level; write"},
		{given{"LOG_FORMAT": "xml"}, "LOG_FORMAT: \"xml\" is not a format; write"},
	}
	for _, test := range tests {
		_, err := load(test.env)
		faults, ok := errors.AsType[config.Faults](err)
		if !ok || len(faults) != 1 || !strings.HasPrefix(faults[0], test.want) {
			t.Errorf("Load(%v): %v, want one fault %q", test.env, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Load(%v) quotes a secret: %v", test.env, err)
		}
	}
}

func TestEnvironmentTellsAllFaultsAtOnce(t *testing.T) {
	_, err := load(given{"PUBLIC_URL": "x", "LOG_LEVEL": "loud", "SECRET_KEY": "short", "DATABASE_URL": "postgres://h/d"})
	want := []string{"PUBLIC_URL", "SECRET_KEY", "LOG_LEVEL"}
	faults, _ := errors.AsType[config.Faults](err)
	if len(faults) != len(want) {
		t.Fatalf("got %q, want one fault for each of %v", faults, want)
	}
	for i, name := range want {
		if !strings.HasPrefix(faults[i], name+": ") {
			t.Errorf("fault %d is %q, want one of %s", i, faults[i], name)
		}
	}
}

func TestCheckServe(t *testing.T) {
	tests := []struct {
		env  given
		want []string
	}{
		{nil, []string{"SLACK_BOT_TOKEN: is missing", "SLACK_SIGNING_SECRET, SLACK_APP_TOKEN: both are missing"}},
		{given{"SLACK_BOT_TOKEN": "xoxb-1"}, []string{"SLACK_SIGNING_SECRET, SLACK_APP_TOKEN: both are missing"}},
		{given{"SLACK_APP_TOKEN": "xapp-1"}, []string{"SLACK_BOT_TOKEN: is missing"}},
		{given{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, nil},
		{given{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}, nil},
	}
	for _, test := range tests {
		e, err := load(test.env)
		if err != nil {
			t.Fatal(err)
		}
		faults, _ := errors.AsType[config.Faults](e.CheckServe())
		if len(faults) != len(test.want) {
			t.Errorf("CheckServe(%v) = %q, want %q", test.env, faults, test.want)
			continue
		}
		for i := range faults {
			if !strings.HasPrefix(faults[i], test.want[i]) {
				t.Errorf("CheckServe(%v) = %q, want %q", test.env, faults, test.want)
			}
		}
	}
}

func TestParseKey(t *testing.T) {
	// 32 bytes of 0xfb: both alphabets of base64 differ on it.
	want := config.Key(bytes.Repeat([]byte{0xfb}, 32))
	for _, text := range []string{
		strings.Repeat("fb", 32), strings.Repeat("FB", 32),
		"+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=", "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s=",
		"+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s", "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s",
	} {
		if got, err := config.ParseKey(text); err != nil || !bytes.Equal(got, want) {
			t.Errorf("ParseKey(%q): %v", text, err)
		}
	}
	for _, text := range []string{"", "zz", strings.Repeat("fb", 33), strings.Repeat("fb", 16), strings.Repeat("g", 64)} {
		if _, err := config.ParseKey(text); err == nil {
			t.Errorf("ParseKey(%q) gives a key", text)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	e, err := load(given{
		"SLACK_BOT_TOKEN": "xoxb-hunter2", "SLACK_SIGNING_SECRET": "hunter2", "SLACK_APP_TOKEN": "xapp-hunter2",
		"DATABASE_URL": "postgres://u:hunter2@h/d", "SECRET_KEY": strings.Repeat("5a", 32),
		"SMTP_URL": "smtps://u:hunter2@h:465", "MAIL_FROM": "a@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c"} {
		fmt.Fprintf(&out, verb, *e)
		fmt.Fprintf(&out, verb, e.SlackBotToken)
		fmt.Fprintf(&out, verb, e.SecretKey)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "e", e, "s", e.SlackBotToken, "k", e.SecretKey)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "e", e, "s", e.SlackBotToken, "k", e.SecretKey)
	if err := json.NewEncoder(&out).Encode(e); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "68756e746572", "68756E746572", "90 90 90", "5a5a5a", "5A5A5A", "ZZZZ", "WlpaWlpa", "104 117 110"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is printed in %s", secret, out.String())
		}
	}
}
