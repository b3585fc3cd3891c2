package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	simline "madoguchi/simulator/line"
	"madoguchi/simulator/line/speccheck"
	simslack "madoguchi/simulator/slack"
	"madoguchi/storage/storagetest"
)

// binary is the program under test, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		// Where the tests' data lies, programs may not be allowed to run.
		dir, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "madoguchi-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "madoguchi")
		args := []string{"build", "-o", binary}
		if raceEnabled {
			args = append(args, "-race")
		}
		build := exec.Command("go", append(args, "madoguchi/cmd/madoguchi")...)
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

const (
	botUser   = "U8e742f61d673b39c7fff3cecb7536ef0"
	lineToken = "line-token-canary"
	secret    = "line-secret-canary"
	signing   = "slack-signing-canary"
	owner     = "U0OWNER"
	sato      = "U0SATO"
	suzuki    = "U0SUZUKI"
	trainee   = "U0TRAINEE"
	stranger  = "U0STRANGER"
)

// accountFile is the account that every test starts with: 佐藤 and 鈴木 send
// to the friends of their shop, 研修生 may only read those of 青山店, and 受付
// (reception) sees all but may not read.
const accountFile = `account: aoyama
name: 青山サロン
line:
  channel_secret: ${LINE_CHANNEL_SECRET}
  channel_token: ${LINE_CHANNEL_TOKEN}
owners: [U0OWNER]
reply:
  hold: %s
tags: [青山店, 渋谷店, VIP]
permission_sets:
  - {name: 青山店スタッフ, friends: [青山店], view: true, send: true}
  - {name: 渋谷店スタッフ, friends: [渋谷店], view: true, send: true}
  - {name: 見学, friends: [青山店], view: true}
operators:
  - {key: sato, name: 佐藤, slack_user: U0SATO, permission_sets: [青山店スタッフ]}
  - {key: suzuki, name: 鈴木, email: suzuki@example.com, permission_sets: [渋谷店スタッフ]}
  - {key: kenshu, name: 研修生, slack_user: U0TRAINEE, permission_sets: [見学]}
routing:
  - {when: {text_contains: [青山, あおやま]}, tags: [青山店]}
  - {when: {postback_data: "shop=shibuya"}, tags: [渋谷店]}
`

// patience is how LINE redelivers: until a process that is killed again and
// again has taken an event, which nobody may call lost before.
var patience = append([]time.Duration{200 * time.Millisecond}, slices.Repeat([]time.Duration{time.Second}, 30)...)

type options struct {
	hold       string
	socketMode bool
	rates      bool // Slack's real rates, here and there
	file       string
	env        map[string]string
	retries    []time.Duration
	// What is believed of LINE and Slack and is otherwise.
	lineOtherwise  simline.Beliefs
	slackOtherwise simslack.Beliefs
	// slackBehind lets Slack's clock be late, so that what people write is old
	// when it arrives.
	slackBehind time.Duration
}

// world is a simulated LINE and Slack, a database, and a process between them.
type world struct {
	t     *testing.T
	line  *simline.Platform
	slack *simslack.Workspace
	env   []string
	addr  string
	file  string

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
	said []string // by friends and operators, and how friends are called

	log      *logBuffer // of serve
	printed  *logBuffer // by the other commands
	settings *logBuffer // by those that print what an account file says
}

// each runs a test on every database there is.
func each(t *testing.T, o options, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, o, "sqlite:"+filepath.Join(t.TempDir(), "madoguchi.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, o, storagetest.Direct(t).URL))
	})
}

func newWorld(t *testing.T, o options, database string) *world {
	t.Helper()
	if o.hold == "" {
		o.hold = "0s"
	}
	if o.retries == nil {
		o.retries = []time.Duration{50 * time.Millisecond, 300 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second}
	}
	w := &world{t: t, log: &logBuffer{}, printed: &logBuffer{}, settings: &logBuffer{}}
	w.line = simline.New(simline.Options{RedeliverAfter: patience, Beliefs: o.lineOtherwise})
	slackOptions := simslack.Options{
		TeamID: "T0TEAM", BotToken: "xoxb-bot-canary", AppToken: "xapp-app-canary", SigningSecret: signing, SocketMode: o.socketMode,
		RetryDelays: o.retries, Beliefs: o.slackOtherwise,
	}
	if o.rates {
		slackOptions.ChannelRate = 1
	}
	if o.slackBehind > 0 {
		slackOptions.Clock = func() time.Time { return time.Now().Add(-o.slackBehind) }
	}
	w.slack = simslack.New(slackOptions)
	lineServer := httptest.NewServer(checked(t, w.line))
	slackServer := httptest.NewServer(w.slack)
	w.slack.SetBaseURL(slackServer.URL)
	t.Cleanup(func() {
		w.keepsQuiet()
		w.kill(syscall.SIGKILL)
		w.line.Close()
		w.slack.Close()
		lineServer.Close()
		slackServer.Close()
		if t.Failed() {
			t.Logf("log of the process:\n%s", w.log.tail(120))
		}
	})
	w.line.AddAccount(simline.Account{BotUserID: botUser, BasicID: "@aoyama", Name: "青山サロン", Secret: secret, Token: lineToken, Redeliver: true})
	for _, u := range []simslack.User{
		{ID: owner, Name: "店長"},
		{ID: sato, Name: "佐藤"},
		{ID: suzuki, Name: "鈴木", Email: "suzuki@example.com"},
		{ID: trainee, Name: "研修生"},
		{ID: stranger, Name: "よその人"},
	} {
		w.slack.AddUser(u)
	}
	w.addr = freeAddr(t)
	dir := t.TempDir()
	rate, perMinute := "0", "0"
	if o.rates {
		rate, perMinute = "1", "300"
	}
	vars := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": dir, "DATABASE_URL": database, "LISTEN_ADDR": w.addr,
		"MEDIA_URL": "file:" + filepath.Join(dir, "media"), "SECRET_KEY": strings.Repeat("5a", 32),
		"SLACK_BOT_TOKEN": "xoxb-bot-canary", "SLACK_API_URL": slackServer.URL + "/api/",
		"LINE_API_URL": lineServer.URL, "LINE_DATA_API_URL": lineServer.URL,
		"LINE_CHANNEL_SECRET": secret, "LINE_CHANNEL_TOKEN": lineToken,
		"SLACK_CHANNEL_RATE": rate, "SLACK_WORKSPACE_RATE": perMinute, "SLACK_EVENTS_PER_HOUR": "0",
		"LOG_LEVEL": "debug", "GORACE": "halt_on_error=1",
	}
	if o.socketMode {
		vars["SLACK_APP_TOKEN"] = "xapp-app-canary"
	} else {
		vars["SLACK_SIGNING_SECRET"] = signing
	}
	for name, value := range o.env {
		vars[name] = value
	}
	for name, value := range vars {
		w.env = append(w.env, name+"="+value)
	}
	w.file = filepath.Join(dir, "account.yaml")
	content := o.file
	if content == "" {
		content = fmt.Sprintf(accountFile, o.hold)
	}
	w.write(content)
	w.run("apply", w.file)
	base := "http://" + w.addr
	if err := w.line.SetWebhook(botUser, base+"/webhooks/line/aoyama"); err != nil {
		t.Fatal(err)
	}
	if !o.socketMode {
		w.slack.SetURLs(base+"/webhooks/slack/events", base+"/webhooks/slack/interactions", base+"/webhooks/slack/commands")
	}
	return w
}

// checked holds LINE's requests and answers to its OpenAPI documents, where
// they are.
func checked(t *testing.T, p *simline.Platform) http.Handler {
	t.Helper()
	h, err := speccheck.InFront(p)
	if err != nil {
		t.Fatal(err)
	}
	if h == http.Handler(p) {
		t.Log("LINE's OpenAPI documents are not here: set MADOGUCHI_LINE_SPECS to hold every request to them")
	}
	t.Cleanup(func() {
		for _, v := range p.Violations() {
			t.Errorf("a rule of LINE was broken: %+v", v)
		}
	})
	return h
}

// freeAddr is an address that nobody else is likely to take before the process
// does: its port is none of those that the system hands out by itself.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(10000))
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return addr
	}
	t.Fatal("no port is free")
	return ""
}

func (w *world) write(content string) {
	w.t.Helper()
	if err := os.WriteFile(w.file, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// run runs a subcommand to its end and returns what it printed.
func (w *world) run(args ...string) string {
	w.t.Helper()
	out, err := w.try(args...)
	if err != nil {
		w.t.Fatalf("madoguchi %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (w *world) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = w.env
	cmd.Dir = filepath.Dir(w.file)
	out, err := cmd.CombinedOutput()
	switch {
	case args[0] == "apply" || args[0] == "export":
		_, _ = w.settings.Write(out) // to memory
	case !slices.Contains(args, "show"): // which shows an event on purpose
		_, _ = w.printed.Write(out) // to memory
	}
	return string(out), err
}

// start starts serve and waits until it is ready.
func (w *world) start() {
	w.t.Helper()
	w.launch()
	w.until(20*time.Second, "ready", func() bool { return w.get("/readyz") == http.StatusOK })
}

func (w *world) launch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	cmd := exec.Command(binary, "serve")
	cmd.Env, cmd.Dir = w.env, filepath.Dir(w.file)
	cmd.Stdout, cmd.Stderr = w.log, w.log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan struct{})
	w.cmd, w.done = cmd, done
	go func() {
		_ = cmd.Wait() // killed on purpose in many tests
		close(done)
	}()
}

// twin starts a second serve on the same database. LINE delivers to the first;
// Slack divides between their sockets.
func (w *world) twin() {
	w.t.Helper()
	addr := freeAddr(w.t)
	cmd := exec.Command(binary, "serve")
	cmd.Env, cmd.Dir = append(slices.Clone(w.env), "LISTEN_ADDR="+addr), filepath.Dir(w.file)
	cmd.Stdout, cmd.Stderr = w.log, w.log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	})
	w.until(20*time.Second, "the twin is ready", func() bool { return status(w.t, "http://"+addr+"/readyz") == http.StatusOK })
}

// kill ends serve with a signal and waits for its end.
func (w *world) kill(sig syscall.Signal) {
	w.mu.Lock()
	cmd, done := w.cmd, w.done
	w.cmd = nil
	w.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(sig) // it may have ended by itself
	<-done
}

func (w *world) get(path string) int { return status(w.t, "http://"+w.addr+path) }

// status is what a GET is answered; 0 when it is not.
func status(t *testing.T, url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// until waits for a condition; it fails the test when that does not come.
func (w *world) until(limit time.Duration, what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within %s: %s", limit, what)
		}
		<-tick.C
	}
}

// never watches for a while that something does not come about.
func (w *world) never(limit time.Duration, what string, bad func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		if bad() {
			w.t.Fatalf("happened: %s", what)
		}
		<-tick.C
	}
}

// friend makes a LINE friend and returns how to act as them.
func (w *world) friend(n int, name string) simline.From {
	w.t.Helper()
	w.remember(name)
	id := simline.UserID(n)
	if err := w.line.AddFriend(botUser, simline.Friend{UserID: id, Name: name}); err != nil {
		w.t.Fatal(err)
	}
	return simline.From{Bot: botUser, Chat: id}
}

func (w *world) text(from simline.From, text string) simline.Sent {
	w.t.Helper()
	w.remember(text)
	sent, err := w.line.SendText(from, text, simline.TextOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return sent
}

// channel is the Slack id of an operator's (or the owners') Slack channel.
func (w *world) channel(place string) string {
	if c, ok := w.slack.Channel("line-aoyama-" + place); ok {
		return c.ID
	}
	return ""
}

// posts are what stands in a place's Slack channel and is not deleted.
func (w *world) posts(place string) []simslack.Message {
	id := w.channel(place)
	if id == "" {
		return nil
	}
	var alive []simslack.Message
	for _, m := range w.slack.Messages(id) {
		if !m.Deleted {
			alive = append(alive, m)
		}
	}
	return alive
}

// shows finds the post of a place that shows a text.
func (w *world) shows(place, text string) (simslack.Message, bool) {
	for _, m := range w.posts(place) {
		if m.BotID != "" && (strings.Contains(m.Text, text) || bytes.Contains(m.Blocks, jsonOf(text))) {
			return m, true
		}
	}
	return simslack.Message{}, false
}

func (w *world) waitShown(place, text string) simslack.Message {
	w.t.Helper()
	var m simslack.Message
	w.until(30*time.Second, fmt.Sprintf("%q shown to %s", text, place), func() (ok bool) {
		m, ok = w.shows(place, text)
		return ok
	})
	return m
}

// root is the ts of the thread that a post belongs to.
func root(m simslack.Message) string {
	if m.ThreadTS != "" {
		return m.ThreadTS
	}
	return m.TS
}

func (w *world) reply(user, place, threadTS, text string) string {
	w.t.Helper()
	w.remember(text)
	ts, err := w.slack.Reply(user, w.channel(place), threadTS, text)
	if err != nil {
		w.t.Fatal(err)
	}
	return ts
}

// marks are the reactions on a message.
func (w *world) marks(place, ts string) string {
	m, _ := w.slack.Message(w.channel(place), ts)
	var names []string
	for _, r := range m.Reactions {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}

func (w *world) waitMark(place, ts, mark string) {
	w.t.Helper()
	w.until(30*time.Second, "mark "+mark, func() bool { return strings.Contains(" "+w.marks(place, ts)+" ", " "+mark+" ") })
}

// phone is what the account said to a friend, in order.
func (w *world) phone(from simline.From) []string {
	var texts []string
	for _, e := range w.line.Ledger(botUser, from.Chat) {
		if e.Side == simline.ByAccount && !e.Hidden {
			texts = append(texts, e.Texts()...)
		}
	}
	return texts
}

func (w *world) waitPhone(from simline.From, text string) {
	w.t.Helper()
	w.until(30*time.Second, fmt.Sprintf("%q on the phone", text), func() bool {
		for _, got := range w.phone(from) {
			if got == text {
				return true
			}
		}
		return false
	})
}

// logBuffer keeps what the process wrote.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBuffer) tail(lines int) string {
	all := strings.Split(b.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
