package line_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"madoguchi/bot"
	"madoguchi/bot/line"
	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
	"madoguchi/simulator/line/speccheck"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key       = "11111111-1111-4111-8111-111111111111"
	pushPath  = "/v2/bot/message/push"
	replyPath = "/v2/bot/message/reply"
)

var (
	friend = simline.UserID(1)
	group  = simline.GroupID(1)
	botID  = simline.UserID(0xb07)
	push   = line.Composer{}.RenderPush(friend, []string{"canary"})
)

// rig is a Client and the simulated LINE it calls.
type rig struct {
	*line.Client
	sim    *simline.Platform
	t      *testing.T
	url    string
	client *http.Client
	log    bytes.Buffer

	mu     sync.Mutex
	now    time.Time
	tokens []string // reply tokens that arrived
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	r.sim = simline.New(simline.Options{Clock: r.clock})
	t.Cleanup(r.sim.Close)
	var handler http.Handler = r.sim
	if dir, ok := speccheck.Dir(); ok {
		checked, err := speccheck.New(dir, r.sim)
		if err != nil {
			t.Fatal(err)
		}
		handler = checked
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	app := httptest.NewServer(http.HandlerFunc(r.receive))
	t.Cleanup(app.Close)
	r.url = server.URL
	r.client = &http.Client{Transport: &http.Transport{}}
	t.Cleanup(r.client.CloseIdleConnections)
	r.Client = r.connect(bot.LINEChannel{Token: "token"})

	r.sim.AddAccount(simline.Account{BotUserID: botID, BasicID: "@aoyama", Name: "青山サロン", ChannelID: "1234", Secret: "secret", Token: "token"})
	r.must(r.sim.AddFriend(botID, simline.Friend{UserID: friend, Name: "Anna", PictureURL: "https://example.com/anna.png"}))
	r.must(r.sim.AddGroup(botID, simline.Group{ID: group, Name: "家族", Members: []simline.Friend{{UserID: friend, Name: "Anna"}, {UserID: simline.UserID(2), Name: "Ben"}}}))
	r.must(r.sim.SetWebhook(botID, app.URL))
	return r
}

func (r *rig) connect(credentials bot.LINEChannel) *line.Client {
	return line.New(line.Config{
		APIURL:      r.url + "/",
		DataAPIURL:  r.url,
		Credentials: credentials,
		HTTP:        r.client,
		Now:         r.clock,
		Log:         slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// receive is a webhook that keeps the reply tokens, read with Decode.
func (r *rig) receive(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil || !line.Verify([]string{"secret"}, req.Header.Get("X-Line-Signature"), body) {
		r.t.Errorf("webhook not signed: %v", err)
	}
	_, event, _ := strings.Cut(string(body), `"events":[`)
	if event = strings.TrimSuffix(event, "]}"); event == "" {
		return
	}
	e, err := line.Decode([]byte(event))
	if err != nil {
		r.t.Errorf("webhook: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens = append(r.tokens, e.ReplyToken)
	w.WriteHeader(http.StatusOK)
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// token lets the friend write and returns the reply token.
func (r *rig) token() string {
	r.t.Helper()
	_, err := r.sim.SendText(simline.From{Bot: botID, Chat: friend}, "hi", simline.TextOptions{})
	r.must(err)
	r.must(r.sim.Drain(r.t.Context()))
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tokens[len(r.tokens)-1]
}

// shown counts what the friend sees of the account.
func (r *rig) shown() int {
	n := 0
	for _, e := range r.sim.Chat(botID, friend) {
		if e.Side == simline.ByAccount {
			n++
		}
	}
	return n
}

// check compares a failure and that nothing of the call leaked.
func (r *rig) check(name string, err error, kind bot.FailureKind, code string) *bot.Failure {
	r.t.Helper()
	if err == nil {
		r.t.Errorf("%s: succeeded, want %s (%s)", name, code, kind)
		return &bot.Failure{}
	}
	f := bot.AsFailure(err)
	if f.Kind != kind || f.Code != code {
		r.t.Errorf("%s: failure %v, want %s (%s)", name, f, code, kind)
	}
	for _, secret := range []string{"canary", "Bearer", friend} {
		if strings.Contains(f.Error(), secret) || strings.Contains(r.log.String(), secret) {
			r.t.Errorf("%s: %q leaked: %v\n%s", name, secret, f, r.log.String())
		}
	}
	return f
}

func TestReplyAndPush(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	replied, err := r.Reply(ctx, line.Composer{}.RenderReply(r.token(), []string{"a", "b"}))
	r.must(err)
	if len(replied.MessageIDs) != 2 || replied.RequestID == "" {
		t.Errorf("Reply = %+v", replied)
	}
	pushed, err := r.Push(ctx, push, key)
	r.must(err)
	if len(pushed.MessageIDs) != 1 {
		t.Errorf("Push = %+v", pushed)
	}
	again, err := r.Push(ctx, push, key)
	if err != nil || !slices.Equal(again.MessageIDs, pushed.MessageIDs) || again.RequestID != pushed.RequestID {
		t.Errorf("repeated Push = %+v, %v; want %+v", again, err, pushed)
	}
	if n := r.shown(); n != 2 {
		t.Errorf("%d messages shown, want 2", n)
	}
	for _, v := range r.sim.Violations() {
		t.Errorf("violation: %+v", v)
	}
	if !strings.Contains(r.log.String(), "request_id="+pushed.RequestID) {
		t.Error("the log does not hold the request id")
	}
}

func TestFailuresOfSending(t *testing.T) {
	for name, tt := range map[string]struct {
		rule  fault.Rule
		kind  bot.FailureKind
		code  string
		shown int
	}{
		"lost answer":  {fault.Rule{Kind: fault.LostAnswer}, bot.Uncertain, "connection", 1},
		"reset":        {fault.Rule{Kind: fault.Reset}, bot.Uncertain, "connection", 0},
		"500":          {fault.Rule{Kind: fault.Status, Status: 500}, bot.Uncertain, "http_500", 0},
		"503":          {fault.Rule{Kind: fault.Status, Status: 503}, bot.Uncertain, "http_503", 0},
		"502 HTML":     {fault.Rule{Kind: fault.Garbage}, bot.Uncertain, "http_502", 0},
		"401":          {fault.Rule{Kind: fault.Status, Status: 401}, bot.Misconfigured, "unauthorized", 0},
		"403":          {fault.Rule{Kind: fault.Status, Status: 403}, bot.Misconfigured, "forbidden", 0},
		"404":          {fault.Rule{Kind: fault.Status, Status: 404}, bot.Permanent, "not_found", 0},
		"410":          {fault.Rule{Kind: fault.Status, Status: 410}, bot.Permanent, "gone", 0},
		"413":          {fault.Rule{Kind: fault.Status, Status: 413}, bot.Permanent, "too_large", 0},
		"415":          {fault.Rule{Kind: fault.Status, Status: 415}, bot.Permanent, "http_415", 0},
		"rate limit":   {fault.Rule{Kind: fault.RateLimit}, bot.RateLimited, "rate_limited", 0},
		"redirect":     {fault.Rule{Kind: fault.Status, Status: 307}, bot.Misconfigured, "redirected", 0},
		"garbage 429":  {fault.Rule{Kind: fault.Status, Status: 429, Body: "<html>canary"}, bot.RateLimited, "rate_limited", 0},
		"chatty error": {fault.Rule{Kind: fault.Status, Status: 400, Body: `{"message":"canary is wrong","details":[{"property":"messages[0].text","message":"canary"},{"property":"can ary"}]}`}, bot.Permanent, "bad_request", 0},
	} {
		for _, path := range []string{pushPath, replyPath} {
			r := newRig(t)
			send := func() error { _, err := r.Push(t.Context(), push, key); return err }
			if path == replyPath {
				body := line.Composer{}.RenderReply(r.token(), []string{"canary"})
				send = func() error { _, err := r.Reply(t.Context(), body); return err }
			}
			tt.rule.Match, tt.rule.Times = path, 1
			r.sim.Faults.Add(tt.rule)
			f := r.check(name+" "+path, send(), tt.kind, tt.code)
			if strings.HasPrefix(tt.code, "http_") && f.RequestID == "" {
				t.Errorf("%s: no request id", name)
			}
			if n := r.shown(); n != tt.shown {
				t.Errorf("%s: %d messages shown, want %d", name, n, tt.shown)
			}
			if r.sim.Calls(path) != 1 {
				t.Errorf("%s: %d calls, want 1", name, r.sim.Calls(path))
			}
		}
	}
}

func TestPushRepeatedAfterALostAnswerShowsOnce(t *testing.T) {
	r := newRig(t)
	r.sim.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.LostAnswer, Times: 1})
	_, err := r.Push(t.Context(), push, key)
	r.check("lost answer", err, bot.Uncertain, "connection")
	accepted, err := r.Push(t.Context(), push, key)
	r.must(err)
	if len(accepted.MessageIDs) != 1 || r.shown() != 1 {
		t.Errorf("accepted %+v, shown %d times", accepted, r.shown())
	}
}

func TestTimeouts(t *testing.T) {
	r := newRig(t)
	r.sim.Faults.Add(fault.Rule{Kind: fault.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := r.Push(ctx, push, key)
	r.check("push hangs", err, bot.Uncertain, "timeout")
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = r.Profile(ctx, bot.KindUser, friend, "")
	r.check("profile hangs", err, bot.Transient, "timeout")
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = r.MediaContent(ctx, "1")
	r.check("content hangs", err, bot.Transient, "timeout")
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = r.Push(ctx, push, key)
	r.check("cancelled before", err, bot.Transient, "cancelled")
}

func TestNobodyListens(t *testing.T) {
	r := newRig(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	r.must(err)
	r.url = "http://" + l.Addr().String()
	r.must(l.Close())
	c := r.connect(bot.LINEChannel{Token: "token"})
	_, err = c.Push(t.Context(), push, key)
	r.check("push", err, bot.Transient, "connection")
	r.url = "://"
	_, err = r.connect(bot.LINEChannel{Token: "token"}).Push(t.Context(), push, key)
	r.check("address unreadable", err, bot.Misconfigured, "bad_url")
}

func TestRedirectsKeepTheToken(t *testing.T) {
	r := newRig(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	redirect := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer redirect.Close()
	r.url = redirect.URL
	c := r.connect(bot.LINEChannel{Token: "token"})
	_, err := c.Push(t.Context(), push, key)
	r.check("push", err, bot.Misconfigured, "redirected")
	_, err = c.MediaContent(t.Context(), "1")
	r.check("content", err, bot.Misconfigured, "redirected")
}

// A 200 whose body breaks off or lies is still a 200: the message is sent.
func TestAcceptedWithoutAReadableBody(t *testing.T) {
	for name, body := range map[string]string{"not JSON": "<html>", "endless": strings.Repeat(" ", 2<<20), "broken off": ""} {
		r := newRig(t)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if name == "broken off" {
				w.Header().Set("Content-Length", "100")
			}
			w.Header().Set("X-Line-Request-Id", "id1")
			_, _ = io.WriteString(w, body)
		}))
		r.url = server.URL
		accepted, err := r.connect(bot.LINEChannel{Token: "token"}).Push(t.Context(), push, key)
		if err != nil || accepted.RequestID != "id1" {
			t.Errorf("%s: %+v, %v", name, accepted, err)
		}
		server.Close()
	}
}

func TestRefusedReplies(t *testing.T) {
	r := newRig(t)
	reply := func(token string, texts ...string) error {
		_, err := r.Reply(t.Context(), line.Composer{}.RenderReply(token, texts))
		return err
	}
	token := r.token()
	r.must(reply(token, "a"))
	r.check("used token", reply(token, "canary"), bot.Permanent, "invalid_reply_token")
	token = r.token()
	r.later(61 * time.Second)
	r.check("old token", reply(token, "canary"), bot.Permanent, "invalid_reply_token")
	f := r.check("too long", reply(r.token(), strings.Repeat("x", line.MaxText+1)), bot.Permanent, "bad_request")
	if f.Detail != "messages[0].text" {
		t.Errorf("detail %q", f.Detail)
	}
	_, err := r.Push(t.Context(), line.Composer{}.RenderPush(simline.UserID(99), []string{"canary"}), key)
	r.check("unknown friend", err, bot.Permanent, "bad_request")
	_, err = r.Push(t.Context(), push, "")
	r.check("no retry key", err, bot.Permanent, "no_retry_key")
}

func TestQuotaOrRate(t *testing.T) {
	r := newRig(t)
	r.must(r.sim.Change(botID, func(a *simline.Account) { a.Quota = 10 }))
	r.sim.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.RateLimit, RetryAfter: 7 * time.Second, Times: 1})
	_, err := r.Push(t.Context(), push, key)
	if f := r.check("rate", err, bot.RateLimited, "rate_limited"); f.RetryAfter != 7*time.Second {
		t.Errorf("RetryAfter = %v, want 7s", f.RetryAfter)
	}
	r.must(r.sim.SetUsed(botID, 10))
	_, err = r.Push(t.Context(), push, key)
	r.check("quota", err, bot.Misconfigured, "quota")
	r.sim.Faults.Add(fault.Rule{Match: "/v2/bot/message/quota*", Kind: fault.Status, Status: 500})
	_, err = r.Push(t.Context(), push, key)
	r.check("quota unknown", err, bot.RateLimited, "rate_limited")
	// Replies cost nothing, so their 429 is never the quota's.
	r.sim.Faults.Clear()
	body := line.Composer{}.RenderReply(r.token(), []string{"a"})
	r.sim.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.RateLimit, Times: 1})
	_, err = r.Reply(t.Context(), body)
	r.check("reply", err, bot.RateLimited, "rate_limited")
}

func TestAsking(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	for name, tt := range map[string]struct {
		kind         bot.FriendKind
		id, speaker  string
		want         bot.Profile
		code         string
		requestsMade int
	}{
		"friend":         {bot.KindUser, friend, "", bot.Profile{Name: "Anna", Picture: "https://example.com/anna.png"}, "", 1},
		"group":          {bot.KindGroup, group, "", bot.Profile{Name: "家族"}, "", 1},
		"speaker":        {bot.KindGroup, group, simline.UserID(2), bot.Profile{Name: "Ben"}, "", 1},
		"unknown friend": {bot.KindUser, simline.UserID(99), "", bot.Profile{}, "not_found", 1},
		"room":           {bot.KindRoom, simline.RoomID(1), "", bot.Profile{}, "not_found", 0},
		"hostile id":     {bot.KindUser, "U/../x?y", "", bot.Profile{}, "bad_id", 0},
		"hostile member": {bot.KindGroup, group, "../x", bot.Profile{}, "bad_id", 0},
		"no id":          {bot.KindUser, "", "", bot.Profile{}, "bad_id", 0},
	} {
		got, err := r.Profile(ctx, tt.kind, tt.id, tt.speaker)
		if tt.code != "" {
			r.check(name, err, bot.Permanent, tt.code)
		} else if err != nil || got != tt.want {
			t.Errorf("%s: Profile = %+v, %v; want %+v", name, got, err, tt.want)
		}
	}
	if n, err := r.GroupMembers(ctx, bot.KindGroup, group); err != nil || n != 2 {
		t.Errorf("GroupMembers = %d, %v", n, err)
	}
	if info, err := r.BotInfo(ctx); err != nil || info != (bot.BotInfo{UserID: botID, BasicID: "@aoyama", Name: "青山サロン", ChatMode: "bot", MarkAsRead: "auto"}) {
		t.Errorf("BotInfo = %+v, %v", info, err)
	}
	if q, err := r.Quota(ctx); err != nil || q.Limited {
		t.Errorf("Quota = %+v, %v", q, err)
	}
	if url, active, err := r.WebhookEndpoint(ctx); err != nil || url == "" || !active {
		t.Errorf("WebhookEndpoint = %q, %v, %v", url, active, err)
	}
	if test, err := r.TestWebhook(ctx); err != nil || !test.Success || test.Status != 200 || test.Reason != "OK" {
		t.Errorf("TestWebhook = %+v, %v", test, err)
	}
	r.must(r.sim.SetWebhook(botID, ""))
	if url, _, err := r.WebhookEndpoint(ctx); err != nil || url != "" {
		t.Errorf("WebhookEndpoint without one = %q, %v", url, err)
	}
	r.check("mark as read", r.MarkAsRead(ctx, "nope"), bot.Permanent, "bad_request")
	r.sim.Faults.Add(fault.Rule{Match: "/v2/bot/info", Kind: fault.Status, Status: 200, Body: "{", Times: 1})
	_, err := r.BotInfo(ctx)
	r.check("bad answer", err, bot.Transient, "bad_answer")
}

func TestMediaContent(t *testing.T) {
	r := newRig(t)
	from := simline.From{Bot: botID, Chat: friend}
	sent, err := r.sim.SendMedia(from, simline.Media{Kind: "image", Bytes: []byte("pixels"), ContentType: "image/jpeg", NotReady: 1})
	r.must(err)
	_, err = r.MediaContent(t.Context(), sent.MessageID)
	r.check("first", err, bot.Transient, "not_ready")
	media, err := r.MediaContent(t.Context(), sent.MessageID)
	r.must(err)
	b, err := io.ReadAll(media.Body)
	r.must(err)
	r.must(media.Body.Close())
	if string(b) != "pixels" || media.Type != "image/jpeg" || media.Size != 6 {
		t.Errorf("MediaContent = %q %+v", b, media)
	}
	_, err = r.sim.Unsend(from, sent.MessageID)
	r.must(err)
	_, err = r.MediaContent(t.Context(), sent.MessageID)
	r.check("unsent", err, bot.Permanent, "gone")
	_, err = r.MediaContent(t.Context(), "1")
	r.check("unknown", err, bot.Permanent, "not_found")
	_, err = r.MediaContent(t.Context(), "../profile/x")
	r.check("hostile id", err, bot.Permanent, "bad_id")
	r.must(r.sim.Drain(t.Context()))
}

func TestShortLivedTokens(t *testing.T) {
	const path = "/oauth2/v3/token"
	r := newRig(t)
	c := r.connect(bot.LINEChannel{ChannelID: "1234", Secrets: []string{"", "rotated away", "secret"}})
	ask := func(n int) {
		t.Helper()
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				if _, err := c.BotInfo(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	fetched := func(want int) {
		t.Helper()
		if got := r.sim.Calls(path); got != want {
			t.Errorf("%d token calls, want %d", got, want)
		}
	}
	ask(8)
	fetched(2) // one secret refused, one accepted
	r.later(11 * time.Minute)
	ask(1)
	fetched(2)
	r.later(2 * time.Minute)
	ask(8)
	fetched(4)
	r.must(r.sim.RevokeTokens(botID))
	ask(8)
	fetched(6)

	r.must(r.sim.Change(botID, func(a *simline.Account) { a.Secret = "reissued" }))
	r.must(r.sim.RevokeTokens(botID))
	_, err := c.BotInfo(t.Context())
	r.check("secret reissued", err, bot.Misconfigured, "token_refused")
	r.sim.Faults.Add(fault.Rule{Match: path, Kind: fault.Status, Status: 500})
	_, err = c.Push(t.Context(), push, key)
	r.check("token endpoint down", err, bot.Transient, "http_500")
	_, err = r.connect(bot.LINEChannel{Secrets: []string{"secret"}}).BotInfo(t.Context())
	r.check("nothing set", err, bot.Misconfigured, "no_token")
	_, err = r.connect(bot.LINEChannel{Token: "old"}).Push(t.Context(), push, key)
	r.check("fixed token refused", err, bot.Misconfigured, "unauthorized")
	if n := r.sim.Calls(path); n != 6+2+1 {
		t.Errorf("%d token calls at the end", n)
	}
}

func TestConfigPrintsNoSecrets(t *testing.T) {
	cfg := line.Config{Credentials: bot.LINEChannel{Token: "canary", Secrets: []string{"canary"}}}
	if s := fmt.Sprintf("%v %+v", cfg, cfg); strings.Contains(s, "canary") {
		t.Error(s)
	}
}
