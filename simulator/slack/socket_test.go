package slack_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"madoguchi/simulator/slack"
)

// socketApp runs the SDK's client and hands every request to handle, which
// acknowledges it or not.
func socketApp(a *app, handle func(c *socketmode.Client, e socketmode.Event)) {
	c := socketmode.New(a.api)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := c.RunContext(ctx); err != nil && !errors.Is(err, context.Canceled) {
			a.t.Errorf("the socket client: %v", err)
		}
	}()
	go func() {
		for {
			select {
			case e := <-c.Events:
				switch e.Type {
				case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand:
					handle(c, e)
				}
			case <-ended:
				return
			}
		}
	}()
	a.t.Cleanup(func() {
		cancel()
		a.space.CutSockets()
		<-ended
	})
	if err := a.space.AwaitSockets(a.ctx(), 1); err != nil {
		a.t.Fatalf("no socket: %v", err)
	}
}

func ack(t *testing.T, c *socketmode.Client, e socketmode.Event, payload ...any) {
	if err := c.Ack(*e.Request, payload...); err != nil {
		t.Errorf("acknowledge: %v", err)
	}
}

func TestSocketDeliversAndReconnects(t *testing.T) {
	a := newApp(t, slack.Options{SocketMode: true})
	got := make(chan string, 100)
	socketApp(a, func(c *socketmode.Client, e socketmode.Event) {
		ack(t, c, e)
		if m, ok := e.Data.(slackevents.EventsAPIEvent).InnerEvent.Data.(*slackevents.MessageEvent); ok {
			got <- m.Text
		}
	})
	id := a.room("socket")
	for len(got) > 0 {
		<-got
	}
	for _, how := range []string{"first", "refresh_requested", "cut"} {
		switch how {
		case "refresh_requested":
			a.space.Disconnect(how)
		case "cut":
			a.space.CutSockets()
		}
		if err := a.space.AwaitSockets(a.ctx(), 1); err != nil {
			t.Fatalf("after %s: %v", how, err)
		}
		if _, err := a.space.Reply("U0SATO", id, "", how); err != nil {
			t.Fatal(err)
		}
		a.drained()
		select {
		case s := <-got:
			if s != how {
				t.Errorf("got %q, want %q", s, how)
			}
		case <-a.ctx().Done():
			t.Fatalf("the event %q did not come", how)
		}
	}
}

func TestSocketRetriesWithoutAck(t *testing.T) {
	a := newApp(t, slack.Options{SocketMode: true, AckTimeout: 50 * time.Millisecond, RetryDelays: quick})
	var requests []*socketmode.Request
	socketApp(a, func(c *socketmode.Client, e socketmode.Event) {
		requests = append(requests, e.Request)
		if e.Request.RetryAttempt > 0 {
			ack(t, c, e)
		}
	})
	ch, err := a.space.CreateChannel("U0SATO", "noack", true, "U0BOT")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.space.Reply("U0SATO", ch, "", "hello"); err != nil {
		t.Fatal(err)
	}
	a.drained()
	if len(requests) != 2 || requests[1].RetryAttempt != 1 || requests[1].RetryReason != "timeout" ||
		requests[0].EnvelopeID == requests[1].EnvelopeID {
		t.Errorf("requests = %+v", requests)
	}
}

func TestSocketInteractions(t *testing.T) {
	a := newApp(t, slack.Options{SocketMode: true})
	triggers := make(chan string, 1)
	socketApp(a, func(c *socketmode.Client, e socketmode.Event) {
		switch data := e.Data.(type) {
		case slackgo.InteractionCallback:
			if data.Type == slackgo.InteractionTypeViewSubmission {
				ack(t, c, e, slackgo.NewErrorsViewSubmissionResponse(map[string]string{"b2": "no"}))
				return
			}
			triggers <- data.TriggerID
			ack(t, c, e)
		case slackgo.SlashCommand:
			ack(t, c, e, map[string]any{"text": "you said " + data.Text})
		default:
			ack(t, c, e)
		}
	})
	id := a.room("interactions")
	ts := a.post(id, text("x"), slackgo.MsgOptionBlocks(slackgo.NewActionBlock("", slackgo.NewButtonBlockElement("open", "v", plain("タグ")))))
	if err := a.space.PressButton(a.ctx(), "U0SATO", id, ts, "open"); err != nil {
		t.Fatal(err)
	}
	v, err := a.api.OpenViewContext(a.ctx(), <-triggers, tagModal())
	if err != nil {
		t.Fatal(err)
	}
	out, err := a.space.SubmitView(a.ctx(), "U0SATO", v.ID, map[string]slack.Input{"words": {Text: "x"}})
	if err != nil || out.Errors["b2"] != "no" {
		t.Errorf("SubmitView = %+v, %v", out, err)
	}
	shown, err := a.space.SlashCommand(a.ctx(), "U0SATO", id, "/madoguchi", "hello")
	if err != nil || shown.Text != "you said hello" {
		t.Errorf("SlashCommand = %+v, %v", shown, err)
	}
}

func TestNoSocket(t *testing.T) {
	for _, row := range []struct {
		beliefs slack.Beliefs
		retries int
	}{{slack.Beliefs{}, 3}, {slack.Beliefs{NoSocketNoRetry: true}, 0}} {
		a := newApp(t, slack.Options{SocketMode: true, RetryDelays: quick, Beliefs: row.beliefs})
		a.room("nobody")
		log := a.space.DeliveryLog()
		if len(log) == 0 || log[len(log)-1].Problem == "" || log[len(log)-1].Retry != row.retries {
			t.Errorf("DeliveryLog = %+v, want %d retries", log, row.retries)
		}
	}
}

// The eleventh socket of an app is told to go.
func TestTooManySockets(t *testing.T) {
	a := newApp(t, slack.Options{SocketMode: true})
	dial := func() *websocket.Conn {
		t.Helper()
		_, address, err := a.api.StartSocketModeContext(a.ctx())
		if err != nil {
			t.Fatal(err)
		}
		conn, resp, err := websocket.DefaultDialer.DialContext(a.ctx(), address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	for i := range 11 {
		var got struct {
			Type           string `json:"type"`
			Reason         string `json:"reason"`
			NumConnections int    `json:"num_connections"`
		}
		if err := dial().ReadJSON(&got); err != nil {
			t.Fatal(err)
		}
		if i < 10 {
			if got.Type != "hello" || got.NumConnections != i+1 {
				t.Errorf("socket %d is greeted with %+v", i+1, got)
			}
			if err := a.space.AwaitSockets(a.ctx(), i+1); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got.Type != "disconnect" || got.Reason != "too_many_websockets" {
			t.Errorf("socket %d is greeted with %+v", i+1, got)
		}
	}
}
