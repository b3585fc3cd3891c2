package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"madoguchi/bot"
)

// socketSlack is Slack's side of Socket Mode: the test talks over the
// connections that it accepts.
type socketSlack struct {
	*httptest.Server
	conns  chan *websocket.Conn
	refuse atomic.Bool // apps.connections.open says no
}

func newSocketSlack(t *testing.T) *socketSlack {
	t.Helper()
	s := &socketSlack{conns: make(chan *websocket.Conn, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/apps.connections.open", func(w http.ResponseWriter, r *http.Request) {
		if s.refuse.Load() || r.Header.Get("Authorization") != "Bearer xapp-test" {
			fmt.Fprint(w, `{"ok":false,"error":"invalid_auth"}`)
			return
		}
		fmt.Fprintf(w, `{"ok":true,"url":"ws%s/link"}`, strings.TrimPrefix(s.URL, "http"))
	})
	mux.HandleFunc("/link", func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("upgrade: %v", err)
			return
		}
		if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","num_connections":1}`)); err != nil {
			t.Errorf("hello: %v", err)
		}
		s.conns <- conn
	})
	s.Server = httptest.NewServer(mux)
	return s
}

// next waits for the client to connect.
func (s *socketSlack) next(t *testing.T) *websocket.Conn {
	t.Helper()
	return within(t, s.conns, "a connection")
}

func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("no %s", what)
		return *new(T)
	}
}

func send(t *testing.T, conn *websocket.Conn, message string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		t.Fatalf("send: %v", err)
	}
}

func envelopeOf(id, kind string, payload []byte) string {
	return fmt.Sprintf(`{"envelope_id":%q,"type":%q,"accepts_response_payload":true,"payload":%s}`, id, kind, payload)
}

type ack struct {
	ID      string          `json:"envelope_id"`
	Payload json.RawMessage `json:"payload"`
}

// acks reads acknowledgements until the connection ends.
func acks(conn *websocket.Conn) <-chan ack {
	out := make(chan ack, 64)
	go func() {
		for {
			var a ack
			if conn.ReadJSON(&a) != nil {
				return
			}
			out <- a
		}
	}()
	return out
}

type gap struct{ since, until time.Time }

// startSocket runs a Socket against slack until the test ends, and then looks
// whether anything is left of it.
func startSocket(t *testing.T, s *stage, slack *socketSlack) (*Socket, <-chan gap) {
	t.Helper()
	gaps := make(chan gap, 8)
	s.Now = time.Now
	socket := &Socket{
		AppToken: "xapp-test", APIURL: slack.URL + "/api/", Receiver: s.Receiver,
		OnReconnect: func(since, until time.Time) { gaps <- gap{since, until} },
		Now:         time.Now, Log: s.Log,
	}
	ignored := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- socket.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := within(t, ended, "end of Run"); err != nil {
			t.Errorf("Run = %v", err)
		}
		if socket.Connected() {
			t.Error("connected after the end")
		}
		slack.CloseClientConnections()
		slack.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		goleak.VerifyNone(t, ignored)
	})
	return socket, gaps
}

func TestSocketTakesIn(t *testing.T) {
	s, slack := newStage(t), newSocketSlack(t)
	s.desk.tags.All = manyTags(2)
	socket, _ := startSocket(t, s, slack)
	conn := slack.next(t)
	got := acks(conn)

	for _, c := range []struct {
		name, kind string
		payload    []byte
		want       string // in the acknowledgement
		stored     int
	}{
		{"event", "events_api", reply1(""), "", 1},
		{"event with a block that the SDK cannot read", "events_api", reply1(`,"blocks":[{"type":"rich_text","elements":7}]`), "", 1},
		{"ignored event", "events_api", reply1(`,"bot_id":"B9"`), "", 0},
		{"app_rate_limited", "events_api", []byte(`{"type":"app_rate_limited","team_id":"T1","minute_rate_limited":1}`), "", 1},
		{"press", "interactive", []byte(pressPayload(bot.Action{Name: bot.ActDone})), "", 1},
		{"menu", "interactive", []byte(suggestPayload(bot.Action{Name: bot.ActTags}, "")), `"t1"`, 0},
		{"command", "slash_commands", []byte(`{"command":"/madoguchi","team_id":"T1","user_id":"U1","channel_id":"C1","text":"help"}`), "ephemeral", 0},
		{"something newer", "hologram", []byte(`{}`), "", 1},
	} {
		before := len(s.stored())
		send(t, conn, envelopeOf("env-"+c.name, c.kind, c.payload))
		a := within(t, got, "acknowledgement of "+c.name)
		if a.ID != "env-"+c.name || !strings.Contains(string(a.Payload), c.want) || (c.want == "" && a.Payload != nil) {
			t.Errorf("%s: acknowledged %s with %s", c.name, a.ID, a.Payload)
		}
		if n := len(s.stored()) - before; n != c.stored {
			t.Errorf("%s: stored %d, want %d", c.name, n, c.stored)
		}
	}
	if !socket.Connected() {
		t.Error("not connected")
	}
}

// What could not be stored, or broke the receiver, is left for Slack to send
// again, and does not hold up what follows.
func TestSocketAcknowledgesOnlyWhatIsStored(t *testing.T) {
	s, slack := newStage(t), newSocketSlack(t)
	accept := s.Accept
	tried := make(chan string, 4)
	s.Accept = func(ctx context.Context, in []bot.Incoming) error {
		defer func() { tried <- in[0].Key }()
		switch {
		case strings.HasSuffix(in[0].Key, "1.000001"):
			return errors.New("disk full")
		case strings.HasSuffix(in[0].Key, "1.000002"):
			panic("bug")
		}
		return accept(ctx, in)
	}
	startSocket(t, s, slack)
	conn := slack.next(t)
	got := acks(conn)
	for _, ts := range []string{"1.000001", "1.000002"} {
		send(t, conn, envelopeOf(ts, "events_api", callback(`{"type":"message","channel":"C1","user":"U1","text":"x","ts":"`+ts+`"}`)))
		within(t, tried, "attempt")
	}
	send(t, conn, `{"type":"hello"`)
	send(t, conn, envelopeOf("good", "events_api", reply1("")))
	if a := within(t, got, "acknowledgement"); a.ID != "good" {
		t.Errorf("acknowledged %s", a.ID)
	}
}

func TestSocketTellsOfGaps(t *testing.T) {
	s, slack := newStage(t), newSocketSlack(t)
	socket, gaps := startSocket(t, s, slack)
	first := slack.next(t)
	send(t, first, envelopeOf("one", "events_api", reply1("")))
	within(t, acks(first), "acknowledgement")

	lost := time.Now()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := slack.next(t)
	g := within(t, gaps, "gap")
	if g.since.After(lost) || g.since.Before(lost.Add(-time.Minute)) || g.until.Before(lost) {
		t.Errorf("lost at %s, told of %s to %s", lost, g.since, g.until)
	}
	send(t, second, `{"type":"disconnect","reason":"refresh_requested"}`)
	third := slack.next(t)
	within(t, gaps, "second gap")
	send(t, third, envelopeOf("two", "events_api", reply1("")))
	within(t, acks(third), "acknowledgement")
	if !socket.Connected() || len(gaps) != 0 {
		t.Errorf("connected %v, %d more gaps", socket.Connected(), len(gaps))
	}
}

// A store that hangs must not keep the connection from being read.
func TestSocketIsReadWhileTheStoreHangs(t *testing.T) {
	s, slack := newStage(t), newSocketSlack(t)
	entered := make(chan struct{}, 2*carriers)
	s.Accept = func(ctx context.Context, _ []bot.Incoming) error {
		entered <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	startSocket(t, s, slack)
	conn := slack.next(t)
	for i := range carriers + 50 {
		send(t, conn, envelopeOf(fmt.Sprintf("e%d", i), "events_api", reply1("")))
	}
	for range carriers {
		within(t, entered, "attempt")
	}
	pong := make(chan string, 1)
	conn.SetPongHandler(func(data string) error { pong <- data; return nil })
	acks(conn)
	if err := conn.WriteControl(websocket.PingMessage, []byte("still there?"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := within(t, pong, "pong"); got != "still there?" {
		t.Errorf("pong %q", got)
	}
}

func TestSocketWithARefusedTokenEndsWithItsContext(t *testing.T) {
	s, slack := newStage(t), newSocketSlack(t)
	slack.refuse.Store(true)
	socket, _ := startSocket(t, s, slack)
	if socket.Connected() {
		t.Error("connected")
	}
}
