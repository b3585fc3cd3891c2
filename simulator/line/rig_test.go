package line_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"
	"github.com/line/line-bot-sdk-go/v8/linebot/webhook"
	"go.uber.org/goleak"

	simline "madoguchi/simulator/line"
	"madoguchi/simulator/line/speccheck"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key1, key2 = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

// rig is a Platform with one account and two friends, an app that receives
// its webhooks through the SDK, and the SDK's clients.
type rig struct {
	*simline.Platform
	t    *testing.T
	bot  string
	anna simline.From
	url  string
	api  *messaging_api.MessagingApiAPI
	blob *messaging_api.MessagingApiBlobAPI

	mu     sync.Mutex
	now    time.Time
	events []webhook.EventInterface
	status int // what the app answers
}

func newRig(t *testing.T, o simline.Options) *rig {
	t.Helper()
	r := &rig{t: t, bot: simline.UserID(0xb07), now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), status: http.StatusOK}
	o.Clock = func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.now
	}
	r.Platform = simline.New(o)
	t.Cleanup(r.Close)
	handler, err := speccheck.InFront(r.Platform)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	app := httptest.NewServer(http.HandlerFunc(r.receive))
	t.Cleanup(app.Close)

	r.AddAccount(simline.Account{BotUserID: r.bot, BasicID: "@aoyama", Name: "青山サロン", ChannelID: "1234", Secret: "secret", Token: "token"})
	r.must(r.AddFriend(r.bot, simline.Friend{UserID: simline.UserID(1), Name: "Anna", PictureURL: "https://example.com/anna.png"}))
	r.must(r.AddGroup(r.bot, simline.Group{ID: simline.GroupID(1), Name: "家族", Members: []simline.Friend{
		{UserID: simline.UserID(1), Name: "Anna"}, {UserID: simline.UserID(2), Name: "Ben"}, {UserID: simline.UserID(3), Name: "Chie"},
	}}))
	r.must(r.SetWebhook(r.bot, app.URL))
	r.anna = simline.From{Bot: r.bot, Chat: simline.UserID(1)}
	r.url = server.URL
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	if r.api, err = messaging_api.NewMessagingApiAPI("token", messaging_api.WithEndpoint(server.URL), messaging_api.WithHTTPClient(client)); err != nil {
		t.Fatal(err)
	}
	if r.blob, err = messaging_api.NewMessagingApiBlobAPI("token", messaging_api.WithBlobEndpoint(server.URL), messaging_api.WithBlobHTTPClient(client)); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) receive(w http.ResponseWriter, req *http.Request) {
	callback, err := webhook.ParseRequest("secret", req)
	if err != nil {
		r.t.Errorf("webhook: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, callback.Events...)
	w.WriteHeader(r.status)
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// drained returns the events that arrived.
func (r *rig) drained() []webhook.EventInterface {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	r.must(r.Drain(ctx))
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// said lets Anna write and returns the event as it arrived.
func (r *rig) said(text string) webhook.MessageEvent {
	r.t.Helper()
	_, err := r.SendText(r.anna, text, simline.TextOptions{})
	r.must(err)
	events := r.drained()
	return events[len(events)-1].(webhook.MessageEvent)
}

func (r *rig) noViolations() {
	r.t.Helper()
	for _, v := range r.Violations() {
		r.t.Errorf("violation: %s: %s", v.Path, v.Rule)
	}
}

func text(s string) []messaging_api.MessageInterface {
	return []messaging_api.MessageInterface{&messaging_api.TextMessage{Text: s}}
}

// call makes a call without the SDK.
func (r *rig) call(method, path, body string, headers ...string) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	r.must(err)
	req.Close = true
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	r.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	r.must(err)
	if resp.Header.Get("x-line-request-id") == "" {
		r.t.Errorf("%s %s: no x-line-request-id", method, path)
	}
	return resp.StatusCode, string(answer), resp.Header
}

func pushBody(to, text string) string {
	return fmt.Sprintf(`{"to":%q,"messages":[{"type":"text","text":%q}]}`, to, text)
}
