package slack_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"go.uber.org/goleak"

	"madoguchi/simulator/slack"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// app is the other end: a client of the Web API and a server for deliveries,
// both made of the unmodified SDK.
type app struct {
	t      *testing.T
	space  *slack.Workspace
	api    *slackgo.Client
	client *http.Client
	server *httptest.Server // the workspace
	hook   *httptest.Server // of deliveries
	// otherTime: the workspace's clock is not the time, which the SDK's check
	// of signatures goes by.
	otherTime bool

	mu       sync.Mutex
	events   []received
	actions  []slackgo.InteractionCallback
	commands []slackgo.SlashCommand
	// answer decides what a delivery is answered with; nil answers 200.
	answer func(rw http.ResponseWriter, r *http.Request, body []byte)
	seen   chan struct{}
}

// received is an event with what came along.
type received struct {
	id     string
	outer  slackevents.EventsAPIEvent
	inner  any
	retry  string
	reason string
}

func newApp(t *testing.T, o slack.Options) *app {
	t.Helper()
	if o.Workers == 0 {
		o.Workers = 1 // events arrive in order
	}
	a := &app{t: t, space: slack.New(o), seen: make(chan struct{}, 1)}
	a.server = httptest.NewServer(a.space)
	a.hook = httptest.NewServer(http.HandlerFunc(a.take))
	a.space.SetURLs(a.hook.URL+"/events", a.hook.URL+"/interactions", a.hook.URL+"/commands")
	a.space.SetBaseURL(a.server.URL)
	transport := &http.Transport{}
	a.client = &http.Client{Transport: transport, Timeout: 10 * time.Second}
	a.api = slackgo.New(a.space.Options().BotToken,
		slackgo.OptionAPIURL(a.server.URL+"/api/"), slackgo.OptionHTTPClient(a.client),
		slackgo.OptionAppLevelToken(a.space.Options().AppToken))
	t.Cleanup(func() {
		a.space.Close()
		transport.CloseIdleConnections()
		a.hook.Close()
		a.server.Close()
	})
	a.space.AddUser(slack.User{ID: "U0SATO", Name: "佐藤", Email: "sato@example.com"})
	a.space.AddUser(slack.User{ID: "U0TANAKA", Name: "田中"})
	return a
}

// take checks a delivery the way the SDK does and keeps it.
func (a *app) take(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Errorf("read a delivery: %v", err)
		return
	}
	if err := a.verify(r, body); err != nil {
		a.t.Errorf("a delivery that the SDK refuses: %v", err)
		return
	}
	a.keep(r, body)
	a.mu.Lock()
	answer := a.answer
	a.mu.Unlock()
	select {
	case a.seen <- struct{}{}:
	default:
	}
	if answer != nil {
		answer(rw, r, body)
	}
}

func (a *app) verify(r *http.Request, body []byte) error {
	if a.otherTime {
		return nil
	}
	verifier, err := slackgo.NewSecretsVerifier(r.Header, a.space.Options().SigningSecret)
	if err != nil {
		return err
	}
	_, _ = verifier.Write(body)
	return verifier.Ensure()
}

func (a *app) keep(r *http.Request, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch r.URL.Path {
	case "/events":
		e, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
		if err != nil {
			a.t.Errorf("an event that the SDK cannot read: %v\n%s", err, body)
			return
		}
		got := received{outer: e, inner: e.InnerEvent.Data, retry: r.Header.Get("X-Slack-Retry-Num"), reason: r.Header.Get("X-Slack-Retry-Reason")}
		if callback, ok := e.Data.(*slackevents.EventsAPICallbackEvent); ok {
			got.id = callback.EventID
		}
		a.events = append(a.events, got)
	case "/interactions":
		r.Body = io.NopCloser(newReader(body))
		callback, err := slackgo.InteractionCallbackParse(r)
		if err != nil {
			a.t.Errorf("an interaction that the SDK cannot read: %v", err)
		}
		a.actions = append(a.actions, callback)
	case "/commands":
		r.Body = io.NopCloser(newReader(body))
		command, err := slackgo.SlashCommandParse(r)
		if err != nil {
			a.t.Errorf("a command that the SDK cannot read: %v", err)
		}
		a.commands = append(a.commands, command)
	}
}

// respond sets what deliveries are answered with.
func (a *app) respond(answer func(rw http.ResponseWriter, r *http.Request, body []byte)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

func (a *app) ctx() context.Context {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 20*time.Second)
	a.t.Cleanup(cancel)
	return ctx
}

// drained waits until all events are delivered and returns them.
func (a *app) drained() []received {
	a.t.Helper()
	if err := a.space.Drain(a.ctx()); err != nil {
		a.t.Fatalf("drain: %v", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.events)
}

// messages are the drained message events.
func (a *app) messages() []*slackevents.MessageEvent {
	a.t.Helper()
	return eventsOf[*slackevents.MessageEvent](a)
}

func eventsOf[T any](a *app) []T {
	a.t.Helper()
	var out []T
	for _, e := range a.drained() {
		if m, ok := e.inner.(T); ok {
			out = append(out, m)
		}
	}
	return out
}

// room makes a private Slack channel of the bot with 佐藤 in it, and forgets
// the events that came of that.
func (a *app) room(name string) string {
	a.t.Helper()
	ch, err := a.api.CreateConversationContext(a.ctx(), slackgo.CreateConversationParams{ChannelName: name, IsPrivate: true})
	if err != nil {
		a.t.Fatalf("create %s: %v", name, err)
	}
	if _, err := a.api.InviteUsersToConversationContext(a.ctx(), ch.ID, "U0SATO"); err != nil {
		a.t.Fatalf("invite: %v", err)
	}
	a.forget()
	return ch.ID
}

func (a *app) forget() {
	a.t.Helper()
	a.drained()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = nil
}

func (a *app) post(channel string, options ...slackgo.MsgOption) string {
	a.t.Helper()
	_, ts, err := a.api.PostMessageContext(a.ctx(), channel, options...)
	if err != nil {
		a.t.Fatalf("post: %v", err)
	}
	return ts
}

// clock is a time that a test moves by hand.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Now().UnixNano())
	return c
}

func (c *clock) now() time.Time { return time.Unix(0, c.nanos.Load()) }

func (c *clock) pass(d time.Duration) { c.nanos.Add(int64(d)) }

func text(s string) slackgo.MsgOption { return slackgo.MsgOptionText(s, false) }

func wantError(t *testing.T, what string, err error, code string) {
	t.Helper()
	if err == nil || err.Error() != code {
		t.Errorf("%s: error %v, want %s", what, err, code)
	}
}
