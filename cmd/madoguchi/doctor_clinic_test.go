package main

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/config"
	"madoguchi/simulator/line"
	"madoguchi/simulator/line/speccheck"
	"madoguchi/simulator/slack"
	"madoguchi/storage"
)

const (
	clinicSecret = "canary-channel-secret"
	clinicToken  = "canary-channel-token"
	clinicFriend = "canary-friend"
	clinicFile   = `
account: aoyama
name: 青山サロン
line:
  channel_secret: ${LINE_CHANNEL_SECRET}
  channel_token: ${LINE_CHANNEL_TOKEN}
owners: [U0OWNER]
permission_sets:
  - {name: 全員, friends: all, view: true, send: true}
operators:
  - {key: sato, name: 佐藤, slack_user: U0SATO, permission_sets: [全員]}
  - {key: suzuki, name: 鈴木, email: suzuki@example.com, permission_sets: [全員]}
`
)

// clinic is a deployment to be looked at, with a LINE and a Slack of its own.
type clinic struct {
	*testing.T
	variables map[string]string
	line      *line.Platform
	slack     *slack.Workspace
	bot       string // the official account
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	return newClinicOf(t, "A0SIMULATE")
}

// newClinicOf has the bot token be that of another Slack app.
func newClinicOf(t *testing.T, appID string) *clinic {
	t.Helper()
	c := &clinic{
		T: t, line: line.New(line.Options{}), bot: line.UserID(1),
		slack: slack.New(slack.Options{SocketMode: true, AppID: appID, BotToken: "xoxb-canary-bot", AppToken: "xapp-1-A0SIMULATE-canary-app"}),
	}
	lineServer, slackServer := httptest.NewServer(checking(t, c.line)), httptest.NewServer(c.slack)
	t.Cleanup(func() {
		c.line.Close()
		c.slack.Close()
		lineServer.Close()
		slackServer.Close()
		obeyed(t, c.line)
	})
	c.line.AddAccount(line.Account{BotUserID: c.bot, BasicID: "@aoyama", Name: "青山サロン", Secret: clinicSecret, Token: clinicToken, Quota: 200})
	for id, email := range map[string]string{"U0OWNER": "owner@example.com", "U0SATO": "sato@example.com", "U0SUZUKI": "suzuki@example.com"} {
		c.slack.AddUser(slack.User{ID: id, Name: id, Email: email})
	}
	options := c.slack.Options()
	c.variables = map[string]string{
		"DATABASE_URL":        "sqlite:" + filepath.Join(t.TempDir(), "madoguchi.db"),
		"LISTEN_ADDR":         "127.0.0.1:0",
		"MEDIA_URL":           "file:" + filepath.Join(t.TempDir(), "media"),
		"LINE_API_URL":        lineServer.URL,
		"LINE_DATA_API_URL":   lineServer.URL,
		"LINE_CHANNEL_SECRET": clinicSecret,
		"LINE_CHANNEL_TOKEN":  clinicToken,
		"SLACK_API_URL":       slackServer.URL + "/api/",
		"SLACK_BOT_TOKEN":     options.BotToken,
		"SLACK_APP_TOKEN":     options.AppToken,
		"SLACK_CHANNEL_RATE":  "0",
	}
	return c
}

// checking holds what is asked of LINE, and what it answers and delivers, to its
// OpenAPI documents, where they are at hand. obeyed tells.
func checking(t *testing.T, p *line.Platform) http.Handler {
	h, err := speccheck.InFront(p)
	if err != nil {
		t.Error(err)
		return p
	}
	return h
}

func obeyed(t *testing.T, p *line.Platform) {
	t.Helper()
	for _, v := range p.Violations() {
		t.Errorf("a rule of LINE was broken: %+v", v)
	}
}

// process runs commands with the clinic's variables.
func (c *clinic) process(out *bytes.Buffer) process {
	variables := maps.Clone(c.variables)
	return process{
		stdout: out, stderr: &bytes.Buffer{}, readFile: os.ReadFile,
		environ: func() (all []string) {
			for name, value := range variables {
				all = append(all, name+"="+value)
			}
			return all
		},
		getenv: func(name string) (string, bool) {
			value, ok := variables[name]
			return value, ok
		},
	}
}

func (c *clinic) apply(file string) {
	c.Helper()
	path := filepath.Join(c.TempDir(), "aoyama.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		c.Fatal(err)
	}
	if err := run(c.Context(), c.process(&bytes.Buffer{}), []string{"apply", path}); err != nil {
		c.Fatal(err)
	}
}

// report is what doctor printed.
type report struct {
	t    *testing.T
	text string
	err  error
}

func (c *clinic) doctor(t *testing.T, args ...string) report {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), c.process(&out), append([]string{"doctor"}, args...))
	if strings.Contains(out.String(), "canary") {
		t.Errorf("doctor printed a secret or something of a friend:\n%s", out.String())
	}
	return report{t, out.String(), err}
}

// has wants a finding, which is the beginning of a line, and in the line below
// it the advice.
func (r report) has(finding, advice string) {
	r.t.Helper()
	lines := strings.Split(r.text, "\n")
	for i, line := range lines[:len(lines)-1] {
		if strings.HasPrefix(line, finding) && strings.Contains(lines[i+1], advice) {
			if failed := strings.HasPrefix(finding, "FAIL"); failed && r.err == nil {
				r.t.Error("doctor ended well in spite of a failure")
			}
			return
		}
	}
	r.t.Errorf("doctor did not print %q with the advice %q:\n%s", finding, advice, r.text)
}

// fine wants nothing but these findings to be less than ok.
func (r report) fine(but ...string) {
	r.t.Helper()
	if r.err != nil {
		r.t.Errorf("doctor = %v", r.err)
	}
lines:
	for line := range strings.Lines(r.text) {
		if !strings.HasPrefix(line, "warn") && !strings.HasPrefix(line, "FAIL") {
			continue
		}
		for _, b := range but {
			if strings.HasPrefix(line, b) {
				continue lines
			}
		}
		r.t.Errorf("doctor found %s", line)
	}
}

func (c *clinic) environment() *config.Environment {
	c.Helper()
	env, err := config.Load(c.process(nil).getenv, os.ReadFile)
	if err != nil {
		c.Fatal(err)
	}
	return env
}

func (c *clinic) store() *storage.Store {
	c.Helper()
	store, err := openStore(c.Context(), c.environment(), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() {
		if err := store.Close(); err != nil {
			c.Error(err)
		}
	})
	return store
}

// rawDatabase opens the SQLite database beside every store.
func (c *clinic) rawDatabase() *sql.DB {
	c.Helper()
	db, err := sql.Open("sqlite", c.environment().Database.Path)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() {
		if err := db.Close(); err != nil {
			c.Error(err)
		}
	})
	return db
}

// opened is a clinic with an applied account and a serve that has shown a
// friend's first message.
func opened(t *testing.T) *clinic {
	t.Helper()
	c := newClinic(t)
	c.apply(clinicFile)
	ctx, stop := context.WithCancel(t.Context())
	addresses, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, c.environment(), slog.New(slog.DiscardHandler), func(addr string) { addresses <- addr })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve = %v", err)
		}
	})
	select {
	case addr := <-addresses:
		c.variables["PUBLIC_URL"] = "http://" + addr
	case err := <-ended:
		ended <- nil
		t.Fatalf("serve = %v", err)
	}
	if err := c.line.SetWebhook(c.bot, c.webhook()); err != nil {
		t.Fatal(err)
	}
	friend := line.Friend{UserID: line.UserID(2), Name: clinicFriend}
	if err := c.line.AddFriend(c.bot, friend); err != nil {
		t.Fatal(err)
	}
	if _, err := c.line.SendText(line.From{Bot: c.bot, Chat: friend.UserID}, clinicFriend, line.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	c.settle()
	return c
}

func (c *clinic) webhook() string { return c.variables["PUBLIC_URL"] + webhookPath("aoyama") }

// settle waits until all Slack channels are ready and both operators have the
// friend's card, and notes a redelivery, which LINE has no occasion for here.
func (c *clinic) settle() {
	c.Helper()
	store := c.store()
	c.until("channels and cards are in Slack", func() bool {
		ready, posted, err := progress(c.Context(), store)
		return err == nil && ready == 3 && posted == 2
	})
	err := store.InTx(c.Context(), func(tx bot.Tx) error {
		a, err := tx.AccountBySlug("aoyama")
		if err != nil {
			return err
		}
		return tx.SetRedeliverySeen(a.ID, tx.Now())
	})
	if err != nil {
		c.Fatal(err)
	}
}

func progress(ctx context.Context, store bot.Store) (ready, posted int, err error) {
	err = store.View(ctx, func(tx bot.Tx) error {
		a, err := tx.AccountBySlug("aoyama")
		if err != nil {
			return err
		}
		channels, err := tx.SlackChannels(a.ID)
		if err != nil {
			return err
		}
		for _, c := range channels {
			if c.State == bot.ChannelReady {
				ready++
			}
		}
		threads, err := tx.RecentThreads(0, 10)
		for _, t := range threads {
			if t.TS != "" {
				posted++
			}
		}
		return err
	})
	return ready, posted, err
}

func (c *clinic) until(what string, done func() bool) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.Fatalf("never: %s", what)
		}
	}
}

// change alters the official account for one test.
func (c *clinic) change(t *testing.T, change func(*line.Account)) {
	t.Helper()
	var before line.Account
	if err := c.line.Change(c.bot, func(a *line.Account) {
		before = *a
		change(a)
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.line.Change(c.bot, func(a *line.Account) { *a = before }); err != nil {
			t.Error(err)
		}
	})
}

// late is a server whose clock is behind.
func late(h http.Handler, by time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-by).UTC().Format(http.TimeFormat))
		h.ServeHTTP(w, r)
	})
}
