package line_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"
	"github.com/line/line-bot-sdk-go/v8/linebot/webhook"

	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
)

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
	for kind, want := range map[fault.Kind]struct {
		shown    int
		answered bool
	}{fault.Reset: {0, false}, fault.Hang: {0, false}, fault.LostAnswer: {1, false}, fault.Delay: {1, true}} {
		r := newRig(t, simline.Options{})
		r.Faults.Add(fault.Rule{Match: push, Kind: kind, Delay: time.Millisecond, Times: 1})
		_, err := r.api.PushMessage(&messaging_api.PushMessageRequest{To: simline.UserID(1), Messages: text("a"), CustomAggregationUnits: []string{}}, key2)
		if answered := err == nil; answered != want.answered {
			t.Errorf("%s: answered: %v, want %v", kind, answered, want.answered)
		}
		if n := len(r.Chat(r.bot, simline.UserID(1))); n != want.shown {
			t.Errorf("%s: %d messages shown, want %d", kind, n, want.shown)
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
