package line_test

import (
	"context"
	"encoding/json"
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

	"madoguchi/simulator/fault"
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
	var handler http.Handler = r.Platform
	if dir, ok := speccheck.Dir(); ok {
		checked, err := speccheck.New(dir, r.Platform)
		if err != nil {
			t.Fatal(err)
		}
		handler = checked
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
	var err error
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

func TestConversationThroughTheSDK(t *testing.T) {
	r := newRig(t, simline.Options{})
	heard := r.said("予約したいです")
	if got := heard.Message.(webhook.TextMessageContent); got.Text != "予約したいです" || got.MarkAsReadToken == "" || got.QuoteToken == "" {
		t.Errorf("message = %+v", got)
	}
	replied, err := r.api.ReplyMessage(&messaging_api.ReplyMessageRequest{ReplyToken: heard.ReplyToken, Messages: text("はい")})
	r.must(err)
	if len(replied.SentMessages) != 1 || replied.SentMessages[0].Id == "" {
		t.Errorf("reply = %+v", replied)
	}
	_, err = r.api.PushMessage(&messaging_api.PushMessageRequest{To: simline.UserID(1), Messages: append(text("何時が"), text("よいですか")...), CustomAggregationUnits: []string{}}, key1)
	r.must(err)
	if _, err := r.api.MarkMessagesAsReadByToken(&messaging_api.MarkMessagesAsReadByTokenRequest{MarkAsReadToken: heard.Message.(webhook.TextMessageContent).MarkAsReadToken}); err != nil {
		t.Error(err)
	}
	var shown []string
	for _, e := range r.Chat(r.bot, simline.UserID(1)) {
		shown = append(shown, fmt.Sprintf("%s %v free=%v cost=%d read=%v", e.Side, e.Texts(), e.Free, e.Cost, e.Read))
	}
	want := []string{
		"friend [予約したいです] free=false cost=0 read=true",
		"account [はい] free=true cost=0 read=false",
		"account [何時が よいですか] free=false cost=1 read=false",
	}
	if !slices.Equal(shown, want) {
		t.Errorf("chat:\n%s\nwant:\n%s", strings.Join(shown, "\n"), strings.Join(want, "\n"))
	}
	r.noViolations()
}

func TestAskingThroughTheSDK(t *testing.T) {
	r := newRig(t, simline.Options{})
	r.must(r.Change(r.bot, func(a *simline.Account) { a.Quota = 200 }))
	r.must(r.SetUsed(r.bot, 7))
	if info, err := r.api.GetBotInfo(); err != nil || info.BasicId != "@aoyama" || info.ChatMode != "bot" || info.MarkAsReadMode != "auto" {
		t.Errorf("info = %+v, %v", info, err)
	}
	if q, err := r.api.GetMessageQuota(); err != nil || q.Type != "limited" || q.Value != 200 {
		t.Errorf("quota = %+v, %v", q, err)
	}
	if c, err := r.api.GetMessageQuotaConsumption(); err != nil || c.TotalUsage != 7 {
		t.Errorf("consumption = %+v, %v", c, err)
	}
	if p, err := r.api.GetProfile(simline.UserID(1)); err != nil || p.DisplayName != "Anna" {
		t.Errorf("profile = %+v, %v", p, err)
	}
	if p, err := r.api.GetGroupMemberProfile(simline.GroupID(1), simline.UserID(2)); err != nil || p.DisplayName != "Ben" {
		t.Errorf("member = %+v, %v", p, err)
	}
	if s, err := r.api.GetGroupSummary(simline.GroupID(1)); err != nil || s.GroupName != "家族" {
		t.Errorf("summary = %+v, %v", s, err)
	}
	if n, err := r.api.GetGroupMemberCount(simline.GroupID(1)); err != nil || n.Count != 3 {
		t.Errorf("count = %+v, %v", n, err)
	}
	if _, err := r.api.ShowLoadingAnimation(&messaging_api.ShowLoadingAnimationRequest{ChatId: simline.UserID(1), LoadingSeconds: 5}); err != nil {
		t.Error(err)
	}
	if _, err := r.api.ValidatePush(&messaging_api.ValidateMessageRequest{Messages: text("x")}); err != nil {
		t.Error(err)
	}
	if e, err := r.api.GetWebhookEndpoint(); err != nil || !e.Active {
		t.Errorf("endpoint = %+v, %v", e, err)
	}
	if e, err := r.api.TestWebhookEndpoint(&messaging_api.TestWebhookEndpointRequest{}); err != nil || !e.Success || e.Reason != "OK" {
		t.Errorf("test = %+v, %v", e, err)
	}
	r.noViolations()
}

func TestEveryActArrivesAsItsEvent(t *testing.T) {
	r := newRig(t, simline.Options{})
	group := simline.From{Bot: r.bot, Chat: simline.GroupID(1), User: simline.UserID(2)}
	acts := []func() (simline.Sent, error){
		func() (simline.Sent, error) { return r.Follow(r.anna, true) },
		func() (simline.Sent, error) {
			return r.SendText(group, "@bot (hello)", simline.TextOptions{
				Emojis:   []simline.Emoji{{Index: 5, Length: 7, ProductID: "p", EmojiID: "e"}},
				Mentions: []simline.Mention{{Index: 0, Length: 4, Type: "user", UserID: r.bot, IsSelf: true}},
				Quotes:   "1",
			})
		},
		func() (simline.Sent, error) {
			return r.SendMedia(r.anna, simline.Media{Kind: "image", Bytes: []byte("x"), ContentType: "image/jpeg", Set: &simline.ImageSet{ID: "S", Index: 1, Total: 2}})
		},
		func() (simline.Sent, error) {
			return r.SendMedia(r.anna, simline.Media{Kind: "video", External: "https://example.com/v.mp4", Duration: 5})
		},
		func() (simline.Sent, error) { return r.SendMedia(r.anna, simline.Media{Kind: "audio", Duration: 5}) },
		func() (simline.Sent, error) {
			return r.SendMedia(r.anna, simline.Media{Kind: "file", FileName: "a.pdf", Bytes: []byte("%PDF")})
		},
		func() (simline.Sent, error) {
			return r.SendSticker(r.anna, simline.Sticker{PackageID: "1", StickerID: "2", Keywords: []string{"love"}})
		},
		func() (simline.Sent, error) {
			return r.SendLocation(r.anna, simline.Location{Title: "駅", Latitude: 35.6, Longitude: 139.7})
		},
		func() (simline.Sent, error) {
			return r.Postback(r.anna, "shop=shibuya", map[string]string{"date": "2026-11-22"})
		},
		func() (simline.Sent, error) { return r.Join(group) },
		func() (simline.Sent, error) {
			return r.MemberJoined(group, simline.Friend{UserID: simline.UserID(9), Name: "Dai"})
		},
		func() (simline.Sent, error) { return r.MemberLeft(group, simline.Friend{UserID: simline.UserID(9)}) },
		func() (simline.Sent, error) { return r.Leave(group) },
		func() (simline.Sent, error) { return r.Block(r.anna) },
	}
	want := []string{
		"follow", "message text", "message image", "message video", "message audio", "message file", "message sticker", "message location",
		"postback", "join", "memberJoined", "memberLeft", "leave", "unfollow",
	}
	for i, act := range acts {
		sent, err := act()
		r.must(err)
		if sent.EventID == "" || len(sent.EventID) != 26 {
			t.Errorf("%s: event id %q is no ULID", want[i], sent.EventID)
		}
		events := r.drained()
		e := events[len(events)-1]
		got := e.GetType()
		if m, ok := e.(webhook.MessageEvent); ok {
			got += " " + m.Message.GetType()
		}
		if got != want[i] || len(events) != i+1 {
			t.Errorf("event %d = %s, want %s", len(events), got, want[i])
		}
	}
	r.noViolations()
}

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
	if resp.StatusCode != 200 || string(bytes) != "film" || resp.Header.Get("Content-Type") != "video/mp4" {
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

func TestStandby(t *testing.T) {
	r := newRig(t, simline.Options{})
	r.must(r.SetStandby(r.bot, simline.UserID(1), true))
	if e := r.said("x"); e.Mode != "standby" || e.ReplyToken != "" {
		t.Errorf("event %+v", e)
	}
	if status, _, _ := r.call("POST", "/v2/bot/message/push", pushBody(simline.UserID(1), "a")); status != 200 || len(r.Violations()) != 1 {
		t.Errorf("status %d, violations %v", status, r.Violations())
	}
}

func TestTroubleWithWebhooks(t *testing.T) {
	r := newRig(t, simline.Options{})
	r.must(r.SetTrouble(r.bot, simline.Trouble{
		Copies: func(simline.Event) int { return 3 },
		Delay:  simline.Shuffled(30 * time.Millisecond),
		Batch:  4,
	}))
	want := map[string]int{}
	for i := range 50 {
		sent, err := r.SendText(simline.From{Bot: r.bot, Chat: simline.UserID(1)}, fmt.Sprint(i), simline.TextOptions{})
		r.must(err)
		want[sent.EventID] = 3
	}
	got := map[string]int{}
	for _, e := range r.drained() {
		got[e.(webhook.MessageEvent).WebhookEventId]++
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("deliveries by event = %v", got)
	}
	if n := len(r.DeliveryLog()); n >= 150 || n < 38 {
		t.Errorf("%d requests for 150 deliveries in batches of up to 4", n)
	}
	r.must(r.SetTrouble(r.bot, simline.Trouble{Swallow: func(simline.Event) bool { return true }}))
	_, err := r.SendText(r.anna, "lost", simline.TextOptions{})
	r.must(err)
	if n := len(r.drained()); n != 150 {
		t.Errorf("%d deliveries after a swallowed event, want 150", n)
	}
}

func TestOrderWithinAChat(t *testing.T) {
	r := newRig(t, simline.Options{})
	for i := range 30 {
		_, err := r.SendText(r.anna, fmt.Sprint(i), simline.TextOptions{})
		r.must(err)
	}
	for i, e := range r.drained() {
		if got := e.(webhook.MessageEvent).Message.(webhook.TextMessageContent).Text; got != fmt.Sprint(i) {
			t.Fatalf("event %d says %s", i, got)
		}
	}
}

func TestNoRedeliveryUnlessSwitchedOn(t *testing.T) {
	r := newRig(t, simline.Options{RedeliverAfter: []time.Duration{0, 0}})
	r.mu.Lock()
	r.status = 503
	r.mu.Unlock()
	r.said("x")
	if n := len(r.DeliveryLog()); n != 1 {
		t.Errorf("%d deliveries, want 1", n)
	}
}

func TestFaults(t *testing.T) {
	const push = "/v2/bot/message/push"
	r := newRig(t, simline.Options{})
	r.Faults.Add(fault.Rule{Match: push, Kind: fault.RateLimit, RetryAfter: 1500 * time.Millisecond, Times: 1})
	if status, body, header := r.call("POST", push, pushBody(simline.UserID(1), "a")); status != 429 || header.Get("Retry-After") != "2" {
		t.Errorf("rate limit: %d %s", status, body)
	}
	r.Faults.Add(fault.Rule{Match: push, Kind: fault.Garbage, Times: 1})
	if status, _, _ := r.call("POST", push, pushBody(simline.UserID(1), "a")); status != 502 {
		t.Errorf("garbage: %d", status)
	}
	r.Faults.Add(fault.Rule{Match: push, Kind: fault.Status, Status: 500, Times: 1})
	if status, _, _ := r.call("POST", push, pushBody(simline.UserID(1), "a")); status != 500 {
		t.Errorf("status: %d", status)
	}
	for kind, shown := range map[fault.Kind]int{fault.Reset: 0, fault.LostAnswer: 1} {
		r := newRig(t, simline.Options{})
		r.Faults.Add(fault.Rule{Match: push, Kind: kind, Times: 1})
		if _, err := r.api.PushMessage(&messaging_api.PushMessageRequest{To: simline.UserID(1), Messages: text("a"), CustomAggregationUnits: []string{}}, key2); err == nil {
			t.Errorf("%s: answered", kind)
		}
		if n := len(r.Chat(r.bot, simline.UserID(1))); n != shown {
			t.Errorf("%s: %d messages shown, want %d", kind, n, shown)
		}
	}
	if got := r.Calls(push); got != 3 {
		t.Errorf("Calls = %d, want 3", got)
	}
}

func TestSubscribe(t *testing.T) {
	r := newRig(t, simline.Options{})
	changes, stop := r.Subscribe()
	defer stop()
	_, err := r.SendText(r.anna, "x", simline.TextOptions{})
	r.must(err)
	select {
	case <-changes:
	case <-time.After(10 * time.Second):
		t.Error("nothing came")
	}
	r.drained()
}
