package bot_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/line"
	"madoguchi/bot/slack"
	"madoguchi/bot/words"
	"madoguchi/operators"
	"madoguchi/routing"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

const (
	accountID = "a1"
	slug      = "aoyama"
	secret    = "line-channel-secret"

	sato  = "USATO"
	ito   = "UITO"
	owner = "UOWNER"

	hold = 5 * time.Second
)

// failer is a test, or one case of a generated one.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is a relay with an account, a LINE and a Slack, at a time that stands
// still until the test moves it.
type world struct {
	t        failer
	ctx      context.Context
	clock    *clock
	store    *steppedStore
	line     *fakeLINE
	slack    *fakeSlack
	files    *fakeFiles
	config   bot.Config
	relay    *bot.Relay
	webhook  *line.Webhook
	receiver *slack.Receiver
	stop     func()
	friends  int
	events   int
}

// options change what a world starts with.
type options struct {
	settings func(*bot.Settings)
	config   func(*bot.Config)
}

// each runs a test in a running world on each database.
func each(t *testing.T, o options, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		t.Parallel()
		w := newWorld(t, db, o)
		w.start()
		test(t, w)
	})
}

func newWorld(t *testing.T, db storagetest.Database, o options) *world {
	t.Helper()
	c := newClock()
	store := db.Open(t, func(s *storage.Config) {
		s.Now, s.Log, s.OnMismatch = c.now, slog.New(slog.DiscardHandler), bot.MismatchAlert
	})
	w := &world{
		t: t, ctx: context.WithoutCancel(t.Context()), clock: c, store: newSteppedStore(store, c),
		line: newFakeLINE(c), slack: newFakeSlack(c), files: &fakeFiles{by: map[string][]byte{}}, stop: func() {},
	}
	quiet := slog.New(slog.NewTextHandler(lines{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w.config = bot.Config{
		Store: w.store, Slack: w.slack, Files: w.files, Log: quiet, Now: c.now,
		LINE:     func(bot.Account) bot.LINE { return w.line },
		Renderer: renderer{}, Composer: composer{},
		DecodeLINE: line.Decode, DecodeSlack: slack.Decode, Swept: slack.Swept, TextUnits: line.TextUnits,
	}
	if o.config != nil {
		o.config(&w.config)
	}
	w.webhook = &line.Webhook{Accounts: w.accountBySlug, Accept: store.Accept, Log: quiet, Now: c.now}
	w.receiver = &slack.Receiver{
		Self:   func() bot.SlackIdentity { return bot.SlackIdentity{TeamID: team, BotUserID: botUser, BotID: botID} },
		Accept: store.Accept,
		Echo:   func(ctx context.Context, e bot.Echo) error { return w.relay.Echoed(ctx, e) },
		Now:    c.now, Log: quiet,
	}
	settings := bot.Settings{
		Name: "青山サロン", Timezone: "Asia/Tokyo", Locale: "ja", Owners: []string{owner}, Hold: hold,
		Tags: []routing.Tag{{ID: "t-aoyama", Name: "青山店"}},
		PermissionSets: []operators.PermissionSet{
			{ID: "all", Name: "全店", AllFriends: true, Rights: operators.Rights{View: true, Send: operators.SendYes}},
			{ID: "shop", Name: "青山店", FriendTags: []string{"t-aoyama"}, Rights: operators.Rights{View: true, Send: operators.SendYes}},
		},
		Operators: []operators.Operator{{Key: "sato", Name: "佐藤", SlackUser: sato, PermissionSets: []string{"all"}}},
	}
	if o.settings != nil {
		o.settings(&settings)
	}
	account := bot.Account{
		ID: accountID, Slug: slug, Settings: settings, BotUserID: destination,
		LINE: bot.LINEChannel{Secrets: []string{secret}, Token: "token"},
	}
	w.in(func(tx bot.Tx) error { return tx.SaveAccount(&account, nil) })
	t.Cleanup(func() { w.stop() })
	return w
}

// lines writes a log to its test.
type lines struct{ testing.TB }

func (l lines) Write(p []byte) (int, error) {
	l.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// withIto adds an operator who sees the same friends.
func withIto(s *bot.Settings) {
	s.Operators = append(s.Operators, operators.Operator{Key: "ito", Name: "伊藤", SlackUser: ito, PermissionSets: []string{"all"}})
}

// start runs a relay until stop, and returns when its Slack channels are ready.
func (w *world) start() {
	w.t.Helper()
	w.relay = bot.New(w.config)
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.relay.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("the relay ended with %v", err)
		}
		w.stop = func() {}
	}
	w.until("every Slack channel is ready", func() bool {
		var channels []bot.SlackChannel
		w.look(func(tx bot.Tx) (err error) {
			channels, err = tx.SlackChannels(accountID)
			return err
		})
		return len(channels) > 0 && !slices.ContainsFunc(channels, func(c bot.SlackChannel) bool { return c.State != bot.ChannelReady })
	})
}

const patience = 20 * time.Second

// settle returns when the relay has nothing to do at the present time.
func (w *world) settle() (next time.Time) {
	w.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		idle, next, err := w.store.idle(w.ctx)
		if err != nil {
			w.t.Fatalf("look at the lanes: %v", err)
		}
		if idle {
			return next
		}
		w.store.wakeAll()
		select {
		case <-w.store.released:
		case <-again.C:
		case <-limit.C:
			w.t.Fatalf("the relay finds no rest at %s", w.clock.now())
		}
	}
}

// until waits for what a poller of the relay does in its own time.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		w.settle()
		if holds() {
			return
		}
		select {
		case <-again.C:
		case <-limit.C:
			w.t.Fatalf("not so in time: %s", what)
		}
	}
}

// pass lets time go by: everything happens when it is due.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	end := w.clock.now().Add(d)
	for {
		next := w.settle()
		if next.IsZero() || next.After(end) {
			break
		}
		w.clock.moveTo(next)
	}
	w.clock.moveTo(end)
	w.settle()
}

// jump lets time go by at once, as if the machine had slept.
func (w *world) jump(d time.Duration) {
	w.t.Helper()
	w.settle()
	w.clock.moveTo(w.clock.now().Add(d))
	w.settle()
}

func (w *world) in(fn func(bot.Tx) error) {
	w.t.Helper()
	if err := w.store.InTx(w.ctx, fn); err != nil {
		w.t.Fatalf("transaction: %v", err)
	}
}

func (w *world) look(fn func(bot.Tx) error) {
	w.t.Helper()
	if err := w.store.View(w.ctx, fn); err != nil {
		w.t.Fatalf("reading: %v", err)
	}
}

func (w *world) accountBySlug(ctx context.Context, slug string) (a bot.Account, found bool, err error) {
	err = w.store.View(ctx, func(tx bot.Tx) error {
		a, err = tx.AccountBySlug(slug)
		return err
	})
	return a, err == nil, err
}

// change changes the settings of the account, as apply does beside serve.
func (w *world) change(fn func(*bot.Settings)) {
	w.t.Helper()
	w.in(func(tx bot.Tx) error {
		a, err := tx.Account(accountID)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(a.Settings) // a copy: the relay keeps the old one
		if err != nil {
			return err
		}
		a.Settings = bot.Settings{}
		if err := json.Unmarshal(raw, &a.Settings); err != nil {
			return err
		}
		fn(&a.Settings)
		return tx.SaveAccount(&a, nil)
	})
}

// posts returns what stands in a place.
func (w *world) posts(place string) []slackPost { return w.slack.postsIn(channelOf(place)) }

// cards returns the first posts of a friend's threads in a place.
func (w *world) cards(place string, f friend) []slackPost {
	var cards []slackPost
	for _, p := range w.posts(place) {
		if p.View.Card != nil && p.View.Card.Name == f.name {
			cards = append(cards, p)
		}
	}
	return cards
}

// card is the first post of a friend's newest thread.
func (w *world) card(place string, f friend) slackPost {
	w.t.Helper()
	cards := w.cards(place, f)
	if len(cards) == 0 {
		w.t.Fatalf("%s has no thread with %s", place, f.name)
	}
	return cards[len(cards)-1]
}

// inThread returns the posts of a thread, its first one included.
func (w *world) inThread(place, ts string) []slackPost {
	return slices.DeleteFunc(w.posts(place), func(p slackPost) bool { return p.Thread != ts && p.TS != ts })
}

// said returns how often a place was told something of the catalogue.
func (w *world) said(place, key string, args ...any) int {
	want := words.In("ja").Say(key, args...)
	n := 0
	for _, p := range w.posts(place) {
		for _, text := range p.texts() {
			n += strings.Count(text, want)
		}
	}
	return n
}

func (w *world) replyState(place, ts string) (r bot.Reply) {
	w.t.Helper()
	w.look(func(tx bot.Tx) (err error) {
		r, err = tx.ReplyBySlack(team, channelOf(place), ts)
		return err
	})
	return r
}

// is fails the test unless a reply is in a state and carries these marks.
func (w *world) is(place, ts string, state bot.ReplyState, marks ...string) {
	w.t.Helper()
	w.settle()
	if r := w.replyState(place, ts); r.State != state {
		w.t.Errorf("the reply is %s (%s), want %s", r.State, r.Reason, state)
	}
	slices.Sort(marks)
	if got := w.slack.marksOn(channelOf(place), ts); !slices.Equal(got, marks) {
		w.t.Errorf("marks are %v, want %v", got, marks)
	}
}

// got fails the test unless this is all that a friend got.
func (w *world) got(f friend, texts ...string) {
	w.t.Helper()
	if got := w.line.phone(f.id); !slices.Equal(got, texts) {
		w.t.Errorf("%s got %q, want %q", f.name, got, texts)
	}
}
