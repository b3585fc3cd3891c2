package main

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/config"
)

// said runs a command in the clinic and returns what it printed, error included.
func (c *clinic) said(args ...string) (out string, err error) {
	c.Helper()
	var stdout, stderr bytes.Buffer
	p := c.process(&stdout)
	p.stderr = &stderr
	err = run(c.Context(), p, args)
	out = stdout.String() + stderr.String()
	if err != nil {
		out += err.Error()
	}
	if strings.Contains(out, "canary") {
		c.Errorf("%s printed a secret:\n%s", args, out)
	}
	return out, err
}

// fails wants a command to fail, and all of these words in what it says.
func (c *clinic) fails(words []string, args ...string) {
	c.Helper()
	out, err := c.said(args...)
	if err == nil {
		c.Errorf("%s went well", args)
	}
	for _, word := range words {
		if !strings.Contains(out, word) {
			c.Errorf("%s says nothing of %q:\n%s", args, word, out)
		}
	}
}

func (c *clinic) accountFile(content string) string {
	c.Helper()
	path := filepath.Join(c.TempDir(), "aoyama.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		c.Fatal(err)
	}
	return path
}

// A command that only looks, run in the wrong folder, says so and makes nothing.
func TestLookingCommandsMakeNoDatabase(t *testing.T) {
	c := newClinic(t)
	path := c.environment().Database.Path
	file := c.accountFile(clinicFile)
	for _, args := range [][]string{{"status"}, {"export", "aoyama"}} {
		c.fails([]string{"DATABASE_URL: there is no database at " + path, "`madoguchi apply FILE`", "working directory"}, args...)
	}
	out, err := c.said("apply", "--dry-run", file)
	if err != nil || !strings.Contains(out, "there is no database at "+path) || !strings.Contains(out, "+ account aoyama") {
		t.Errorf("a dry run of the first file = %v:\n%s", err, out)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("they left %v behind (%v)", left, err)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	c := newClinic(t)
	c.apply(clinicFile)
	before, err := c.said("export", "aoyama")
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.said("apply", "--dry-run", c.accountFile(strings.Replace(clinicFile, "青山サロン", "新宿サロン", 1)))
	if err != nil || !strings.Contains(out, "新宿サロン") || strings.Contains(out, "no database") {
		t.Errorf("dry run = %v:\n%s", err, out)
	}
	if after, err := c.said("export", "aoyama"); err != nil || after != before {
		t.Errorf("the dry run changed the account (%v):\n%s", err, after)
	}
}

// Whoever only looks leaves a database of an earlier version to serve and apply.
func TestLookingCommandsMigrateNothing(t *testing.T) {
	c := newClinic(t)
	c.apply(clinicFile)
	c.age()
	want := []string{"DATABASE_URL: the database is older than this program", "start `madoguchi serve` or `madoguchi apply` once"}
	c.fails(want, "status")
	c.fails(want, "export", "aoyama")
	c.fails(want, "apply", "--dry-run", c.accountFile(clinicFile))
	c.doctor(t).has("warn  "+want[0], want[1])
	if out, _ := c.said("status"); strings.Contains(out, "migrated") {
		t.Errorf("status migrated the database:\n%s", out)
	}
}

// age makes the clinic's database one of the first schema.
func (c *clinic) age() {
	c.Helper()
	db := c.rawDatabase()
	for _, statement := range []string{
		`DROP TRIGGER audit_no_update`, `DROP TRIGGER audit_no_delete`, `DROP TRIGGER audit_no_replace`,
		`DELETE FROM goose_db_version WHERE version_id > 1`,
	} {
		if _, err := db.ExecContext(c.Context(), statement); err != nil {
			c.Fatal(err)
		}
	}
}

func TestALostKeyIsNotReplacedByLooking(t *testing.T) {
	c := newClinic(t)
	c.apply(clinicFile)
	key := keyFile(c.environment().Database)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	c.fails([]string{"SECRET_KEY: " + key + " is gone", "restore the file from a backup"}, "status")
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Error("status made another key")
	}
}

func TestTheCommandLineSaysWhatIsMeant(t *testing.T) {
	c := newClinic(t)
	c.fails([]string{`did you mean "status"?`, "`madoguchi --help`"}, "statsu")
	c.fails([]string{"frobnicate", "`madoguchi --help` lists the commands"}, "frobnicate")
	c.fails([]string{`expected "<file>"`, "`madoguchi apply --help`"}, "apply")
	c.fails([]string{"unknown flag --fast", "`madoguchi status --help`"}, "status", "--fast")
	c.fails([]string{"account file: open nosuch.yaml", "name the file with its folder"}, "apply", "nosuch.yaml")
	c.fails([]string{"account file: open nosuch.yaml", "name the file with its folder"}, "apply", "--dry-run", "nosuch.yaml")
}

func TestVariablesThatAreMissingOrMisspelt(t *testing.T) {
	c := newClinic(t)
	c.with(t, "SLACK_BOT_TOKEN", "")
	c.with(t, "SLACK_BOT_TOKNE", "xoxb-canary-bot")
	c.fails([]string{"SLACK_BOT_TOKEN: is missing; set it to", "name=SLACK_BOT_TOKNE known=SLACK_BOT_TOKEN"}, "serve")
	c.doctor(t).has("warn  SLACK_BOT_TOKNE: is set, and nothing reads it", "did you mean SLACK_BOT_TOKEN?")
	c.with(t, "LOG_LEVEL", "loud")
	c.fails([]string{"LOG_LEVEL: \"loud\" is not a level; write debug", "SLACK_BOT_TOKNE: is set, and nothing reads it"}, "serve")
	c.with(t, "LOG_LEVEL", "info")
	c.with(t, "LINE_CHANNEL_SECRET", "")
	c.fails([]string{"line.channel_secret: the variable LINE_CHANNEL_SECRET is not set; set"}, "apply", c.accountFile(clinicFile))
}

// Nobody, not even root, can make anything below a file.
func TestAPlaceThatCannotBeWritten(t *testing.T) {
	c := newClinic(t)
	file := c.accountFile(clinicFile)
	c.with(t, "DATABASE_URL", "sqlite:"+file+"/data/madoguchi.db")
	want := []string{"able to write in " + file + "/data", "or name another place in DATABASE_URL"}
	c.fails(want, "apply", file)
	c.fails(want, "serve")
	c.with(t, "SECRET_KEY", strings.Repeat("5a", 32))
	c.fails(want, "apply", file)
	c.fails(want, "status")
	c.with(t, "DATABASE_URL", "sqlite:"+file)
	c.fails([]string{"file is not a database"}, "status")
	c.with(t, "DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "madoguchi.db"))
	c.with(t, "MEDIA_URL", "file:"+file+"/media")
	c.fails([]string{"MEDIA_URL: ", "name a folder in which this user may write"}, "serve")
}

func TestAnAddressThatCannotBeListenedOn(t *testing.T) {
	c := newClinic(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c.with(t, "LISTEN_ADDR", l.Addr().String())
	c.fails([]string{"LISTEN_ADDR: " + l.Addr().String() + " is in use", "choose another address"}, "serve")
	c.with(t, "LISTEN_ADDR", "192.0.2.1:8080") // of nobody: RFC 5737
	c.fails([]string{"LISTEN_ADDR: ", "write an address of this machine"}, "serve")
}

func TestPostgresThatIsNotThere(t *testing.T) {
	c := newClinic(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c.with(t, "SECRET_KEY", strings.Repeat("5a", 32))
	c.with(t, "DATABASE_URL", "postgres://madoguchi:canary-password@"+addr+"/desk?sslmode=disable")
	if c.environment().Database.Engine != config.Postgres {
		t.Fatal("this is no address of PostgreSQL")
	}
	want := []string{"DATABASE_URL: PostgreSQL at " + addr + "/desk: ", "refused", "see that PostgreSQL runs there"}
	for _, args := range [][]string{{"status"}, {"export", "aoyama"}, {"apply", c.accountFile(clinicFile)}, {"serve"}} {
		c.fails(want, args...)
	}
	c.doctor(t).has("FAIL  DATABASE_URL: PostgreSQL at "+addr+"/desk", "see that PostgreSQL runs there")
}
