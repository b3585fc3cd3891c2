package slack

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
)

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   bot.FailureKind // "" for success
		code   string
	}{
		{200, `{"ok":true}`, "", ""},
		{200, `{"ok":true,"warning":"missing_charset"}`, "", ""},
		{200, `{"ok":false,"error":"ratelimited"}`, bot.RateLimited, "ratelimited"},
		{429, `Too Many Requests`, bot.RateLimited, "ratelimited"},
		{200, `{"ok":false,"error":"invalid_auth"}`, bot.Misconfigured, "invalid_auth"},
		{200, `{"ok":false,"error":"account_inactive"}`, bot.Misconfigured, "account_inactive"},
		{200, `{"ok":false,"error":"restricted_action"}`, bot.Misconfigured, "restricted_action"},
		{403, `{"ok":false,"error":"missing_scope"}`, bot.Misconfigured, "missing_scope"},
		{200, `{"ok":false,"error":"internal_error"}`, bot.Uncertain, "internal_error"},
		{200, `{"ok":false,"error":"fatal_error"}`, bot.Uncertain, "fatal_error"},
		{200, `{"ok":false,"error":"channel_not_found"}`, bot.Permanent, "channel_not_found"},
		{200, `{"ok":false,"error":"msg_blocks_too_long"}`, bot.Permanent, "msg_blocks_too_long"},
		{200, `{"ok":false,"error":"a_new_one"}`, bot.Permanent, "a_new_one"},
		{200, `{"ok":false,"error":"Words of a friend"}`, bot.Permanent, "unknown_error"},
		{200, `{"ok":false}`, bot.Permanent, "unknown_error"},
		{503, `{"ok":false,"error":"service_unavailable"}`, bot.Uncertain, "http_503"},
		{500, `<html>`, bot.Uncertain, "http_500"},
		{502, `{"ok":true}`, bot.Uncertain, "http_502"},
		{408, ``, bot.Uncertain, "http_408"},
		{200, `<html>`, bot.Uncertain, "garbage"},
		{200, `{}`, bot.Uncertain, "garbage"},
		{200, `{"ok":true`, bot.Uncertain, "garbage"},
		{200, ``, bot.Uncertain, "garbage"},
		{200, `{"ok":true,"x":"` + strings.Repeat("a", maxResponse) + `"}`, bot.Uncertain, "garbage"},
		{302, ``, bot.Misconfigured, "http_302"},
		{404, `not here`, bot.Misconfigured, "http_404"},
		{413, ``, bot.Permanent, "http_413"},
	} {
		resp := &http.Response{StatusCode: c.status, Header: http.Header{"X-Slack-Req-Id": {"req1"}}}
		f := judge("chat.postMessage", resp, []byte(c.body), time.Now())
		if c.kind == "" {
			if f != nil {
				t.Errorf("judge(%d, %.60q) = %v, want success", c.status, c.body, f)
			}
			continue
		}
		if f == nil || f.Kind != c.kind || f.Code != c.code || f.RequestID != "req1" {
			t.Errorf("judge(%d, %.60q) = %+v, want %s %s", c.status, c.body, f, c.kind, c.code)
			continue
		}
		if limited := f.Kind == bot.RateLimited; limited != (f.RetryAfter > 0) {
			t.Errorf("judge(%d, %.60q) waits %v", c.status, c.body, f.RetryAfter)
		}
	}
}

// What Slack says about a call helps whoever reads the log; what the call said
// is not in it.
func TestDetailQuotesNoWords(t *testing.T) {
	resp := &http.Response{StatusCode: http.StatusOK}
	body := `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] \"CANARY\" is bad [json-pointer:/blocks/1/text]","CANARY"]}}`
	if f := judge("chat.postMessage", resp, []byte(body), time.Now()); f.Detail != "chat.postMessage at /blocks/1/text" {
		t.Errorf("Detail = %q", f.Detail)
	}
	body = `{"ok":false,"error":"missing_scope","needed":"groups:write.invites,groups:write"}`
	if f := judge("conversations.invite", resp, []byte(body), time.Now()); f.Detail != "conversations.invite needs the scope groups:write.invites,groups:write" {
		t.Errorf("Detail = %q", f.Detail)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                        time.Second,
		"0":                       time.Second,
		"-5":                      time.Second,
		"30":                      30 * time.Second,
		" 7 ":                     7 * time.Second,
		"1.5":                     1500 * time.Millisecond,
		"1e9":                     time.Hour,
		"99999999999999999999999": time.Hour,
		"1e999":                   time.Hour,
		"NaN":                     time.Second,
		"soon":                    time.Second,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       time.Second,
		now.Add(72 * time.Hour).Format(http.TimeFormat):   time.Hour,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", header, got, want)
		}
	}
}

func TestForgive(t *testing.T) {
	gone := &bot.Failure{Kind: bot.Permanent, Code: "message_not_found"}
	if err := forgive(gone, "x", "message_not_found"); err != nil {
		t.Errorf("forgive = %v", err)
	}
	if err := forgive(gone, "x"); !errors.Is(err, gone) {
		t.Errorf("forgive = %v, want the failure", err)
	}
	if err := forgive(nil, "x"); err != nil {
		t.Errorf("forgive(nil) = %v", err)
	}
}
