package line_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/line"
	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
)

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
		"403":          {fault.Rule{Kind: fault.Status, Status: 403}, bot.Permanent, "chat_held", 0},
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
			r.check(name+" "+path, send(), tt.kind, tt.code)
			if strings.HasPrefix(tt.code, "http_") && r.failure.RequestID == "" {
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
	r.check("too long", reply(r.token(), strings.Repeat("x", line.MaxText+1)), bot.Permanent, "bad_request")
	if r.failure.Detail != "messages[0].text" {
		t.Errorf("detail %q", r.failure.Detail)
	}
	_, err := r.Push(t.Context(), line.Composer{}.RenderPush(simline.UserID(99), []string{"canary"}), key)
	r.check("unknown friend", err, bot.Permanent, "bad_request")
	_, err = r.Push(t.Context(), push, "")
	r.check("no retry key", err, bot.Permanent, "no_retry_key")
}

// A 403 means one chat while LINE deals with the account otherwise; else, and
// where that cannot be told, the account.
func TestForbiddenChatOrAccount(t *testing.T) {
	for name, tt := range map[string]struct {
		info fault.Rule
		kind bot.FailureKind
		code string
	}{
		"chat":            {fault.Rule{Kind: fault.Delay}, bot.Permanent, "chat_held"},
		"account":         {fault.Rule{Kind: fault.Status, Status: 403}, bot.Misconfigured, "forbidden"},
		"token":           {fault.Rule{Kind: fault.Status, Status: 401}, bot.Misconfigured, "forbidden"},
		"LINE in trouble": {fault.Rule{Kind: fault.Garbage}, bot.Misconfigured, "forbidden"},
	} {
		r := newRig(t)
		reply := line.Composer{}.RenderReply(r.token(), []string{"canary"})
		r.sim.Faults.Add(fault.Rule{Match: "/v2/bot/message/*", Kind: fault.Status, Status: 403})
		tt.info.Match = "/v2/bot/info"
		r.sim.Faults.Add(tt.info)
		_, err := r.Push(t.Context(), push, key)
		r.check(name+": push", err, tt.kind, tt.code)
		_, err = r.Reply(t.Context(), reply)
		r.check(name+": reply", err, tt.kind, tt.code)
		if asked := r.sim.Calls("/v2/bot/info"); asked != 2 {
			t.Errorf("%s: asked for the account %d times, want 2", name, asked)
		}
	}
}

func TestQuotaOrRate(t *testing.T) {
	r := newRig(t)
	r.must(r.sim.Change(botID, func(a *simline.Account) { a.Quota = 10 }))
	r.sim.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.RateLimit, RetryAfter: 7 * time.Second, Times: 1})
	_, err := r.Push(t.Context(), push, key)
	if r.check("rate", err, bot.RateLimited, "rate_limited"); r.failure.RetryAfter != 7*time.Second {
		t.Errorf("RetryAfter = %v, want 7s", r.failure.RetryAfter)
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
