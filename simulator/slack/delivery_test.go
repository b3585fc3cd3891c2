package slack_test

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack/slackevents"

	"madoguchi/simulator/slack"
)

// quick retries at once, so that no test waits for minutes.
var quick = []time.Duration{0, time.Millisecond, time.Millisecond}

func TestRetriesUntilTaken(t *testing.T) {
	a := newApp(t, slack.Options{RetryDelays: quick})
	id := a.room("retries")
	var tries atomic.Int32
	a.respond(func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
		if tries.Add(1) < 3 {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if _, err := a.space.Reply("U0SATO", id, "", "hello"); err != nil {
		t.Fatal(err)
	}
	got := a.drained()
	if len(got) != 3 {
		t.Fatalf("%d deliveries, want 3", len(got))
	}
	for i, e := range got {
		want := []string{"", "1", "2"}[i]
		if e.retry != want || e.id != got[0].id || i > 0 && e.reason != "http_error" {
			t.Errorf("delivery %d: retry %q of event %s because of %q", i, e.retry, e.id, e.reason)
		}
	}
	log := a.space.DeliveryLog()
	if last := log[len(log)-1]; last.Status != 200 || last.Retry != 2 || last.Problem != "" {
		t.Errorf("the last delivery = %+v", last)
	}
}

func TestGivesUp(t *testing.T) {
	a := newApp(t, slack.Options{RetryDelays: quick})
	id := a.room("giveup")
	a.respond(fail)
	if _, err := a.space.Reply("U0SATO", id, "", "hello"); err != nil {
		t.Fatal(err)
	}
	if got := a.drained(); len(got) != 4 {
		t.Errorf("%d deliveries, want 4", len(got))
	}
	a.respond(func(rw http.ResponseWriter, r *http.Request, body []byte) {
		rw.Header().Set("X-Slack-No-Retry", "1")
		fail(rw, r, body)
	})
	a.forget()
	if _, err := a.space.Reply("U0SATO", id, "", "hello"); err != nil {
		t.Fatal(err)
	}
	if got := a.drained(); len(got) != 1 {
		t.Errorf("%d deliveries with X-Slack-No-Retry, want 1", len(got))
	}
}

func TestSlowAnswerIsRetried(t *testing.T) {
	a := newApp(t, slack.Options{AckTimeout: 50 * time.Millisecond, RetryDelays: quick})
	id := a.room("slow")
	var tries atomic.Int32
	a.respond(func(_ http.ResponseWriter, r *http.Request, _ []byte) {
		if tries.Add(1) == 1 {
			<-r.Context().Done()
		}
	})
	if _, err := a.space.Reply("U0SATO", id, "", "hello"); err != nil {
		t.Fatal(err)
	}
	if got := a.drained(); len(got) != 2 || got[1].reason != "http_timeout" {
		t.Errorf("deliveries = %+v", got)
	}
}

func TestTroubleOnTheWay(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("trouble")
	say := func() {
		t.Helper()
		if _, err := a.space.Reply("U0SATO", id, "", "hello"); err != nil {
			t.Fatal(err)
		}
	}
	a.space.SwallowNext(2)
	say()
	say()
	say()
	if got := a.drained(); len(got) != 1 {
		t.Errorf("%d of 3 events with two swallowed", len(got))
	}
	a.space.SetTrouble(slack.Trouble{Swallow: func(e slack.Event) bool { return e.User == "U0SATO" }})
	say()
	a.space.SetTrouble(slack.Trouble{Copies: func(slack.Event) int { return 3 }, Delay: slack.Shuffled(time.Millisecond)})
	a.forget()
	say()
	got := a.drained()
	if len(got) != 3 || got[0].id != got[2].id {
		t.Errorf("an event in three copies came as %+v", got)
	}
	a.forget()
	var first atomic.Bool
	a.space.SetTrouble(slack.Trouble{Delay: func(slack.Event) time.Duration {
		if first.CompareAndSwap(false, true) {
			return 50 * time.Millisecond
		}
		return 0
	}})
	say()
	say()
	if m := a.messages(); len(m) != 2 || slices.IsSortedFunc(m, func(x, y *slackevents.MessageEvent) int {
		if x.TimeStamp < y.TimeStamp {
			return -1
		}
		return 1
	}) {
		t.Error("a delayed event was not overtaken")
	}
}

// Our own posts come back as events and use up the hour's budget with them.
func TestEventsPerHour(t *testing.T) {
	now := newClock()
	a := newApp(t, slack.Options{Clock: now.now, EventsPerHour: 5})
	a.otherTime = true
	id := a.room("budget") // two events: joining and the message about it
	for range 5 {
		a.post(id, text("hello"))
	}
	var limited, messages int
	for _, e := range a.drained() {
		if e.outer.Type == slackevents.AppRateLimited {
			limited++
			if got := e.outer.Data.(*slackevents.EventsAPIAppRateLimited).MinuteRateLimited; int64(got) != now.now().Unix()/60*60 {
				t.Errorf("minute_rate_limited = %d", got)
			}
			continue
		}
		messages++
	}
	if messages != 3 || limited != 1 {
		t.Errorf("%d events and %d times app_rate_limited, want 3 and 1", messages, limited)
	}
	now.pass(time.Hour)
	a.forget()
	a.post(id, text("an hour later"))
	if got := a.messages(); len(got) != 1 {
		t.Errorf("%d events an hour later, want 1", len(got))
	}
}

func TestSubscriptionsAndVerification(t *testing.T) {
	a := newApp(t, slack.Options{Subscriptions: []string{"member_joined_channel"}})
	id := a.room("subscriptions")
	if _, err := a.space.Reply("U0SATO", id, "", "hello"); err != nil {
		t.Fatal(err)
	}
	if got := a.drained(); len(got) != 0 {
		t.Errorf("events without a subscription: %+v", got)
	}
	if err := a.space.VerifyURL(a.ctx()); err == nil {
		t.Error("an app that does not echo the challenge is accepted")
	}
	a.respond(func(rw http.ResponseWriter, _ *http.Request, body []byte) {
		e, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
		if err != nil {
			t.Errorf("url_verification: %v", err)
			return
		}
		_, _ = rw.Write([]byte(e.Data.(*slackevents.EventsAPIURLVerificationEvent).Challenge))
	})
	if err := a.space.VerifyURL(a.ctx()); err != nil {
		t.Error(err)
	}
}

func TestRevocationIsTold(t *testing.T) {
	a := newApp(t, slack.Options{})
	a.space.RevokeTokens()
	if got := a.drained(); len(got) != 1 || got[0].outer.InnerEvent.Type != "tokens_revoked" {
		t.Errorf("events = %+v", got)
	}
	a.space.Uninstall()
	_, err := a.api.AuthTestContext(a.ctx())
	wantError(t, "auth.test", err, "account_inactive")
	a.space.Reinstall()
	if _, err := a.api.AuthTestContext(a.ctx()); err != nil {
		t.Error(err)
	}
}

func TestSubscribeToChanges(t *testing.T) {
	w := slack.New(slack.Options{})
	defer w.Close()
	changes, stop := w.Subscribe()
	defer stop()
	w.AddUser(slack.User{ID: "U1", Name: "a"})
	select {
	case <-changes:
	case <-time.After(5 * time.Second):
		t.Error("a change was not told")
	}
}
