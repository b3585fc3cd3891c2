package line_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"madoguchi/bot"
	"madoguchi/bot/line"
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

	failure bot.Failure // of the last check

	mu     sync.Mutex
	now    time.Time
	tokens []string // reply tokens that arrived
	told   []string // what OnCall was told: endpoint and outcome
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	r.sim = simline.New(simline.Options{Clock: r.clock})
	t.Cleanup(r.sim.Close)
	handler, err := speccheck.InFront(r.sim)
	if err != nil {
		t.Fatal(err)
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
		OnCall: func(endpoint, outcome string, took time.Duration) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if took <= 0 {
				r.t.Errorf("%s took %s", endpoint, took)
			}
			r.told = append(r.told, endpoint+" "+outcome)
		},
		Log: slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
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

// check compares a failure, keeps it in r.failure, and sees that nothing of
// the call leaked.
func (r *rig) check(name string, err error, kind bot.FailureKind, code string) {
	r.t.Helper()
	r.failure = bot.Failure{}
	if err == nil {
		r.t.Errorf("%s: succeeded, want %s (%s)", name, code, kind)
		return
	}
	f := bot.AsFailure(err)
	r.failure = *f
	if f.Kind != kind || f.Code != code {
		r.t.Errorf("%s: failure %v, want %s (%s)", name, f, code, kind)
	}
	for _, secret := range []string{"canary", "Bearer", friend} {
		if strings.Contains(f.Error(), secret) || strings.Contains(r.log.String(), secret) {
			r.t.Errorf("%s: %q leaked: %v\n%s", name, secret, f, r.log.String())
		}
	}
}
