package line_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/line"
	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
)

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

// Whoever counts the calls learns of each request how it ended, and no id.
func TestOnCall(t *testing.T) {
	r := newRig(t)
	r.sim.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.LostAnswer, Times: 1})
	_, err := r.Push(t.Context(), push, key)
	r.check("lost answer", err, bot.Uncertain, "connection")
	_, err = r.Push(t.Context(), push, key) // answered 409
	r.must(err)
	_, err = r.Profile(t.Context(), bot.KindUser, friend, "")
	r.must(err)
	_, err = r.Profile(t.Context(), bot.KindUser, simline.UserID(99), "")
	r.check("unknown friend", err, bot.Permanent, "not_found")
	r.sim.Faults.Add(fault.Rule{Kind: fault.RateLimit, Times: 1})
	_, err = r.Profile(t.Context(), bot.KindUser, friend, "")
	r.check("rate", err, bot.RateLimited, "rate_limited")
	r.sim.Faults.Add(fault.Rule{Kind: fault.Status, Status: 500, Times: 1})
	_, err = r.Profile(t.Context(), bot.KindUser, friend, "")
	r.check("server's fault", err, bot.Transient, "http_500")
	want := []string{
		pushPath + " uncertain", pushPath + " ok", "/v2/bot/profile/{userId} ok", "/v2/bot/profile/{userId} permanent",
		"/v2/bot/profile/{userId} rate_limited", "/v2/bot/profile/{userId} transient",
	}
	if !slices.Equal(r.told, want) {
		t.Errorf("told %q, want %q", r.told, want)
	}
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
