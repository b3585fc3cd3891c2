package slack_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	"madoguchi/simulator/fault"
	"madoguchi/simulator/slack"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// call makes a call without the SDK.
func (a *app) call(method, contentType, body, token string) map[string]any {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.ctx(), http.MethodPost, a.server.URL+"/api/"+method, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		a.t.Fatal(err)
	}
	return out
}

func TestTokens(t *testing.T) {
	a := newApp(t, slack.Options{})
	const form = "application/x-www-form-urlencoded"
	bot, appToken := a.space.Options().BotToken, a.space.Options().AppToken
	for _, row := range []struct {
		name, method, body, header, want string
	}{
		{"no token", "auth.test", "", "", "not_authed"},
		{"a wrong token", "auth.test", "", "xoxb-wrong", "invalid_auth"},
		{"the token in the form", "auth.test", url.Values{"token": {bot}}.Encode(), "", ""},
		{"the token in the header", "auth.test", "", bot, ""},
		{"the token in the query", "auth.test?token=" + bot, "", "", "invalid_auth"},
		{"the app's token for the bot's", "auth.test", "", appToken, "not_allowed_token_type"},
		{"the bot's token for the app's", "apps.connections.open", "", bot, "not_allowed_token_type"},
		{"an unknown method", "chat.shout", "", bot, "unknown_method"},
	} {
		got := a.call(row.method, form, row.body, row.header)
		if row.want == "" && got["ok"] != true || row.want != "" && got["error"] != row.want {
			t.Errorf("%s: %v, want %q", row.name, got, row.want)
		}
	}
	if v := a.space.Violations(); len(v) != 1 || !strings.Contains(v[0].Rule, "query") {
		t.Errorf("Violations = %+v", v)
	}
	a.space.RevokeTokens()
	if got := a.call("auth.test", form, "", bot); got["error"] != "token_revoked" {
		t.Errorf("after the revocation: %v", got)
	}
}

func TestJSONBodies(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("json")
	bot := a.space.Options().BotToken
	got := a.call("chat.postMessage", "application/json; charset=utf-8", `{"channel":"`+id+`","text":"hello"}`, bot)
	if got["ok"] != true || got["warning"] != nil {
		t.Errorf("chat.postMessage in JSON: %v", got)
	}
	got = a.call("chat.postMessage", "application/json", `{"channel":"`+id+`","text":"hello"}`, bot)
	if got["warning"] != "missing_charset" {
		t.Errorf("without a charset: %v", got)
	}
	got = a.call("conversations.info", "application/json; charset=utf-8", `{"channel":"`+id+`"}`, bot)
	if got["error"] != "invalid_arguments" {
		t.Errorf("conversations.info in JSON: %v", got)
	}
}

func TestMissingScope(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("scopes")
	a.space.SetScopes("chat:write", "groups:read")
	err := a.api.AddReactionContext(a.ctx(), "x", slackgo.NewRefToMessage(id, "1.0"))
	refused, ok := err.(slackgo.SlackErrorResponse) //nolint:errorlint // the SDK returns it bare
	if !ok || refused.Err != "missing_scope" || refused.Needed != "reactions:write" || refused.Provided != "chat:write,groups:read" {
		t.Errorf("reactions.add = %+v", err)
	}
	_, err = a.api.GetConversationHistoryContext(a.ctx(), &slackgo.GetConversationHistoryParameters{ChannelID: id})
	wantError(t, "history", err, "missing_scope")
	ts := a.post(id, text("x"), slackgo.MsgOptionUsername("花子"))
	if m, _ := a.space.Message(id, ts); m.Username != "" {
		t.Errorf("without chat:write.customize the post stands under %q", m.Username)
	}
	a.space.SetBeliefs(slack.Beliefs{CustomNameNeedsScope: true})
	_, _, err = a.api.PostMessageContext(a.ctx(), id, text("x"), slackgo.MsgOptionUsername("花子"))
	wantError(t, "post", err, "missing_scope")
}

func TestFaults(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("faults")
	for _, row := range []struct {
		name     string
		rule     fault.Rule
		accepted bool
		failed   bool
	}{
		{"status", fault.Rule{Kind: fault.Status, Status: 500}, false, true},
		{"error", fault.Rule{Kind: fault.Error, Code: "fatal_error"}, false, true},
		{"rate limit", fault.Rule{Kind: fault.RateLimit, RetryAfter: 1500 * time.Millisecond}, false, true},
		{"delay", fault.Rule{Kind: fault.Delay, Delay: time.Millisecond}, true, false},
		{"hang", fault.Rule{Kind: fault.Hang, Delay: time.Millisecond}, false, true},
		{"reset", fault.Rule{Kind: fault.Reset}, false, true},
		{"lost answer", fault.Rule{Kind: fault.LostAnswer}, true, true},
		{"garbage", fault.Rule{Kind: fault.Garbage}, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.rule.Match, row.rule.Times = "chat.postMessage", 1
			a.space.Faults.Add(row.rule)
			before, calls := len(a.space.Messages(id)), a.space.Calls("chat.postMessage")
			_, _, err := a.api.PostMessageContext(a.ctx(), id, text("hello"))
			if (err != nil) != row.failed {
				t.Errorf("error %v, want one: %v", err, row.failed)
			}
			if got := len(a.space.Messages(id)) - before; (got == 1) != row.accepted {
				t.Errorf("%d posts, want accepted: %v", got, row.accepted)
			}
			if got := a.space.Calls("chat.postMessage") - calls; got != 1 {
				t.Errorf("%d calls, want 1", got)
			}
			if limit, ok := err.(*slackgo.RateLimitedError); ok && limit.RetryAfter != 2*time.Second { //nolint:errorlint // the SDK returns it bare
				t.Errorf("Retry-After %v, want it rounded up", limit.RetryAfter)
			}
		})
	}
}
