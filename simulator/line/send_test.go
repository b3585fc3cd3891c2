package line_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"
	"github.com/line/line-bot-sdk-go/v8/linebot/webhook"

	simline "madoguchi/simulator/line"
)

func TestReplyToken(t *testing.T) {
	reply := func(r *rig, token, text string) int {
		status, _, _ := r.call("POST", "/v2/bot/message/reply", fmt.Sprintf(`{"replyToken":%q,"messages":[{"type":"text","text":%q}]}`, token, text))
		return status
	}
	t.Run("once", func(t *testing.T) {
		r := newRig(t, simline.Options{})
		e := r.said("x")
		if a, b := reply(r, e.ReplyToken, "a"), reply(r, e.ReplyToken, "b"); a != 200 || b != 400 {
			t.Errorf("statuses %d, %d; want 200, 400", a, b)
		}
	})
	t.Run("within a minute", func(t *testing.T) {
		r := newRig(t, simline.Options{})
		e, f := r.said("x"), r.said("y")
		r.later(time.Minute)
		early := reply(r, e.ReplyToken, "a")
		r.later(time.Second)
		if late := reply(r, f.ReplyToken, "b"); early != 200 || late != 400 {
			t.Errorf("statuses %d, %d; want 200, 400", early, late)
		}
	})
	t.Run("of nobody", func(t *testing.T) {
		if got := reply(newRig(t, simline.Options{}), "nope", "a"); got != 400 {
			t.Errorf("status %d, want 400", got)
		}
	})
	t.Run("survives a refused text", func(t *testing.T) {
		r := newRig(t, simline.Options{})
		e := r.said("x")
		if a, b := reply(r, e.ReplyToken, ""), reply(r, e.ReplyToken, "b"); a != 400 || b != 200 {
			t.Errorf("statuses %d, %d; want 400, 200", a, b)
		}
	})
	t.Run("believed spent by a refused text", func(t *testing.T) {
		r := newRig(t, simline.Options{Beliefs: simline.Beliefs{RefusalSpendsReplyToken: true}})
		r.must(r.Change(r.bot, func(a *simline.Account) { a.Disliked = "bad" }))
		e := r.said("x")
		if a, b := reply(r, e.ReplyToken, "a bad one"), reply(r, e.ReplyToken, "b"); a != 400 || b != 400 {
			t.Errorf("statuses %d, %d; want 400, 400", a, b)
		}
	})
	t.Run("believed reusable", func(t *testing.T) {
		r := newRig(t, simline.Options{Beliefs: simline.Beliefs{ReplyTokenReusable: true}})
		e := r.said("x")
		if a, b := reply(r, e.ReplyToken, "a"), reply(r, e.ReplyToken, "b"); a != 200 || b != 200 {
			t.Errorf("statuses %d, %d; want 200, 200", a, b)
		}
	})
	t.Run("with a retry key", func(t *testing.T) {
		r := newRig(t, simline.Options{})
		e := r.said("x")
		status, _, _ := r.call("POST", "/v2/bot/message/reply", `{"replyToken":"`+e.ReplyToken+`","messages":[{"type":"text","text":"a"}]}`, "X-Line-Retry-Key", key1)
		if status != 400 || len(r.Violations()) != 1 {
			t.Errorf("status %d, violations %v", status, r.Violations())
		}
	})
	t.Run("renewed by redelivery", func(t *testing.T) {
		r := newRig(t, simline.Options{RedeliverAfter: []time.Duration{0}})
		r.must(r.Change(r.bot, func(a *simline.Account) { a.Redeliver = true }))
		r.mu.Lock()
		r.status = 500
		r.mu.Unlock()
		e := r.said("x")
		events := r.drained()
		again := events[len(events)-1].(webhook.MessageEvent)
		if len(events) != 2 || !again.DeliveryContext.IsRedelivery || again.ReplyToken != e.ReplyToken || again.WebhookEventId != e.WebhookEventId {
			t.Errorf("redelivered %+v", again)
		}
		if got := reply(r, again.ReplyToken, "a"); got != 200 {
			t.Errorf("status %d, want 200", got)
		}
	})
}

func TestRetryKey(t *testing.T) {
	r := newRig(t, simline.Options{})
	push := func(body, key string) (int, string, http.Header) {
		return r.call("POST", "/v2/bot/message/push", body, "X-Line-Retry-Key", key)
	}
	body := pushBody(simline.UserID(1), "a")
	status, first, header := push(body, key1)
	again, second, header2 := push(body, key1)
	if status != 200 || again != 409 || header2.Get("x-line-accepted-request-id") != header.Get("x-line-request-id") {
		t.Errorf("statuses %d, %d; accepted id %q of %q", status, again, header2.Get("x-line-accepted-request-id"), header.Get("x-line-request-id"))
	}
	var a, b struct{ SentMessages []map[string]string }
	if json.Unmarshal([]byte(first), &a) != nil || json.Unmarshal([]byte(second), &b) != nil || fmt.Sprint(a) != fmt.Sprint(b) || len(a.SentMessages) != 1 {
		t.Errorf("sentMessages %s, then %s", first, second)
	}
	r.noViolations()
	if other, _, _ := push(pushBody(simline.UserID(1), "b"), key1); other != 409 || len(r.Violations()) != 1 {
		t.Errorf("same key, other body: status %d, violations %v", other, r.Violations())
	}
	if bad, _, _ := push(body, "17"); bad != 400 {
		t.Errorf("key that is no UUID: status %d", bad)
	}
	if n := len(r.Chat(r.bot, simline.UserID(1))); n != 1 {
		t.Errorf("%d messages shown, want 1", n)
	}
	r.later(24 * time.Hour)
	if late, _, _ := push(body, key1); late != 200 || len(r.Chat(r.bot, simline.UserID(1))) != 2 {
		t.Errorf("after 24 hours: status %d", late)
	}
}

func TestPushRules(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"fine":           {pushBody(simline.UserID(1), "a"), 200},
		"5,000 units":    {pushBody(simline.UserID(1), strings.Repeat("😀", 2500)), 200},
		"5,002 units":    {pushBody(simline.UserID(1), strings.Repeat("😀", 2501)), 400},
		"empty text":     {pushBody(simline.UserID(1), ""), 400},
		"unknown user":   {pushBody(simline.UserID(99), "a"), 400},
		"unknown group":  {pushBody(simline.GroupID(99), "a"), 400},
		"no message":     {`{"to":"` + simline.UserID(1) + `","messages":[]}`, 400},
		"six messages":   {`{"to":"` + simline.UserID(1) + `","messages":[` + strings.Repeat(`{"type":"text","text":"a"},`, 5) + `{"type":"text","text":"a"}]}`, 400},
		"unknown type":   {`{"to":"` + simline.UserID(1) + `","messages":[{"type":"file"}]}`, 400},
		"image by http":  {`{"to":"` + simline.UserID(1) + `","messages":[{"type":"image","originalContentUrl":"http://x/y","previewImageUrl":"http://x/y"}]}`, 400},
		"no JSON":        {`{`, 400},
		"over two MB":    {pushBody(simline.UserID(1), strings.Repeat("a", 2<<20)), 413},
		"no push at all": {"", 400},
	} {
		r := newRig(t, simline.Options{})
		status, answer, _ := r.call("POST", "/v2/bot/message/push", tt.body, "X-Line-Retry-Key", key1)
		if status != tt.want {
			t.Errorf("%s: status %d, want %d: %s", name, status, tt.want, answer)
		}
	}
}

func TestQuotaCountsRecipients(t *testing.T) {
	r := newRig(t, simline.Options{})
	r.must(r.Change(r.bot, func(a *simline.Account) { a.Quota = 4 }))
	push := func(to string) int {
		status, _, _ := r.call("POST", "/v2/bot/message/push", `{"to":"`+to+`","messages":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}`)
		return status
	}
	if one, group := push(simline.UserID(1)), push(simline.GroupID(1)); one != 200 || group != 200 || r.Used(r.bot) != 4 {
		t.Errorf("statuses %d, %d, used %d; want 200, 200, 4", one, group, r.Used(r.bot))
	}
	if over := push(simline.UserID(1)); over != 429 {
		t.Errorf("beyond the quota: status %d, want 429", over)
	}
	e := r.said("x")
	_, err := r.api.ReplyMessage(&messaging_api.ReplyMessageRequest{ReplyToken: e.ReplyToken, Messages: text("free")})
	r.must(err)
}

func TestBlockedFriend(t *testing.T) {
	r := newRig(t, simline.Options{})
	_, err := r.Block(r.anna)
	r.must(err)
	if status, _, _ := r.call("POST", "/v2/bot/message/push", pushBody(simline.UserID(1), "a")); status != 200 || r.Used(r.bot) != 0 {
		t.Errorf("push: status %d, used %d; want 200, 0", status, r.Used(r.bot))
	}
	if status, _, _ := r.call("GET", "/v2/bot/profile/"+simline.UserID(1), ""); status != 404 {
		t.Errorf("profile: status %d, want 404", status)
	}
	for _, e := range r.Chat(r.bot, simline.UserID(1)) {
		if e.Side == simline.ByAccount {
			t.Errorf("the friend sees %v", e.Texts())
		}
	}
	if all := r.Ledger(r.bot, simline.UserID(1)); !all[len(all)-1].Hidden {
		t.Error("the ledger does not hold the hidden message")
	}
	r.drained()
}

func TestContent(t *testing.T) {
	r := newRig(t, simline.Options{})
	sent, err := r.SendMedia(r.anna, simline.Media{Kind: "video", Bytes: []byte("film"), ContentType: "video/mp4", NotReady: 2})
	r.must(err)
	path := "/v2/bot/message/" + sent.MessageID + "/content"
	first, _, _ := r.call("GET", path, "")
	_, state, _ := r.call("GET", path+"/transcoding", "")
	if first != 202 || !strings.Contains(state, "processing") {
		t.Errorf("status %d, transcoding %s", first, state)
	}
	resp, err := r.blob.GetMessageContent(sent.MessageID)
	r.must(err)
	bytes, err := io.ReadAll(resp.Body)
	r.must(err)
	r.must(resp.Body.Close())
	if resp.StatusCode != http.StatusOK || string(bytes) != "film" || resp.Header.Get("Content-Type") != "video/mp4" {
		t.Errorf("content %d %q", resp.StatusCode, bytes)
	}
	_, err = r.Unsend(r.anna, sent.MessageID)
	r.must(err)
	gone, _, _ := r.call("GET", path, "")
	unknown, _, _ := r.call("GET", "/v2/bot/message/1/content", "")
	if gone != 410 || unknown != 404 {
		t.Errorf("statuses %d, %d; want 410, 404", gone, unknown)
	}
	if e, ok := r.drained()[1].(webhook.UnsendEvent); !ok || e.Unsend.MessageId != sent.MessageID {
		t.Errorf("unsend event %+v", e)
	}
	r.noViolations()
}

func TestTokens(t *testing.T) {
	r := newRig(t, simline.Options{})
	issue := func(secret string) (int, string) {
		status, body, _ := r.call("POST", "/oauth2/v3/token", "grant_type=client_credentials&client_id=1234&client_secret="+secret, "Content-Type", "application/x-www-form-urlencoded")
		var issued struct {
			Token string `json:"access_token"`
		}
		_ = json.Unmarshal([]byte(body), &issued)
		return status, issued.Token
	}
	info := func(token string) int {
		status, _, _ := r.call("GET", "/v2/bot/info", "", "Authorization", "Bearer "+token)
		return status
	}
	if status, _ := issue("wrong"); status != 400 {
		t.Errorf("wrong secret: status %d, want 400", status)
	}
	_, token := issue("secret")
	if got := info(token); got != 200 {
		t.Errorf("issued token: status %d", got)
	}
	for _, wrong := range []string{"", "other"} {
		if got := info(wrong); got != 401 {
			t.Errorf("token %q: status %d, want 401", wrong, got)
		}
	}
	r.later(15 * time.Minute)
	if got := info(token); got != 401 {
		t.Errorf("after 15 minutes: status %d, want 401", got)
	}
	_, token = issue("secret")
	r.must(r.RevokeTokens(r.bot))
	if got := info(token); got != 401 {
		t.Errorf("revoked: status %d, want 401", got)
	}
}

// To speak where a module channel holds the chat breaks a rule once an event has
// told so.
func TestStandby(t *testing.T) {
	r := newRig(t, simline.Options{})
	r.must(r.SetStandby(r.bot, simline.UserID(1), true))
	if status, _, _ := r.call("POST", "/v2/bot/message/push", pushBody(simline.UserID(1), "a")); status != 200 || len(r.Violations()) != 0 {
		t.Errorf("untold: status %d, violations %v", status, r.Violations())
	}
	if e := r.said("x"); e.Mode != "standby" || e.ReplyToken != "" {
		t.Errorf("event %+v", e)
	}
	if status, _, _ := r.call("POST", "/v2/bot/message/push", pushBody(simline.UserID(1), "a")); status != 200 || len(r.Violations()) != 1 {
		t.Errorf("status %d, violations %v", status, r.Violations())
	}
}
