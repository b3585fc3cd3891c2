package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/bot"
)

func (s *stage) http() http.Handler {
	mux := http.NewServeMux()
	h := &HTTP{SigningSecret: testSecret, Receiver: s.Receiver, Now: s.Now, Log: s.Log}
	h.Register(mux)
	return mux
}

// signed is a request as Slack makes it.
func signed(path string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/slack/"+path, bytes.NewReader(body))
	r.Header.Set("X-Slack-Request-Timestamp", stamp(0))
	r.Header.Set("X-Slack-Signature", sign(testSecret, stamp(0), body))
	return r
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func payloadForm(payload string) []byte {
	return []byte(url.Values{"payload": {payload}}.Encode())
}

func TestHTTPTakesInEvents(t *testing.T) {
	s := newStage(t)
	r := signed("events", reply1(""))
	r.Header.Set("X-Slack-Retry-Num", "3")
	r.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	if w := do(s.http(), r); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("a retry got %d %q", w.Code, w.Body)
	}
	s.one(t)
}

func TestHTTPRefusesWhatSlackDidNotSign(t *testing.T) {
	body := []byte(`{"type":"url_verification","challenge":"c"}`)
	for _, path := range []string{"events", "interactions", "commands"} {
		for name, change := range map[string]func(*http.Request){
			"unsigned":            func(r *http.Request) { r.Header = http.Header{} },
			"timestamp missing":   func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") },
			"timestamp abc":       func(r *http.Request) { resign(r, "abc", body) },
			"timestamp 1e20":      func(r *http.Request) { resign(r, "1e20", body) },
			"6 minutes old":       func(r *http.Request) { resign(r, stamp(-6*time.Minute), body) },
			"6 minutes ahead":     func(r *http.Request) { resign(r, stamp(6*time.Minute), body) },
			"with another secret": func(r *http.Request) { r.Header.Set("X-Slack-Signature", sign("x", stamp(0), body)) },
			"with the empty secret": func(r *http.Request) {
				r.Header.Set("X-Slack-Signature", sign("", stamp(0), body))
			},
		} {
			s := newStage(t)
			r := signed(path, body)
			change(r)
			if w := do(s.http(), r); w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "challenge") || len(s.stored()) != 0 {
				t.Errorf("%s %s: %d, stored %d", path, name, w.Code, len(s.stored()))
			}
		}
	}
}

func resign(r *http.Request, timestamp string, body []byte) {
	r.Header.Set("X-Slack-Request-Timestamp", timestamp)
	r.Header.Set("X-Slack-Signature", sign(testSecret, timestamp, body))
}

func TestHTTPWithoutSecretRefusesEverything(t *testing.T) {
	s := newStage(t)
	h := &HTTP{Receiver: s.Receiver, Now: s.Now, Log: s.Log}
	body := reply1("")
	r := signed("events", body)
	r.Header.Set("X-Slack-Signature", sign("", stamp(0), body))
	if w := do(http.HandlerFunc(h.Events), r); w.Code != http.StatusUnauthorized {
		t.Errorf("got %d", w.Code)
	}
}

func TestHTTPAnswersTheChallenge(t *testing.T) {
	s := newStage(t)
	w := do(s.http(), signed("events", []byte(`{"token":"x","challenge":"3eZbrw1a<b>","type":"url_verification"}`)))
	if w.Code != http.StatusOK || w.Body.String() != "3eZbrw1a<b>" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("got %d %q as %q", w.Code, w.Body, w.Header().Get("Content-Type"))
	}
}

func TestHTTPKeepsSignedNonsense(t *testing.T) {
	s := newStage(t)
	if w := do(s.http(), signed("events", []byte(`{"type":`))); w.Code != http.StatusOK {
		t.Errorf("got %d", w.Code)
	}
	if got := s.stored(); len(got) != 1 || got[0].Broken == "" {
		t.Errorf("stored %+v", got)
	}
}

func TestHTTPForms(t *testing.T) {
	press := pressPayload(bot.Action{Name: bot.ActDone})
	once := payloadForm(press)
	for _, c := range []struct {
		name, path string
		body       []byte
		want       int
		stored     int
	}{
		{"press", "interactions", once, http.StatusOK, 1},
		{"payload twice", "interactions", append(append(once[:len(once):len(once)], '&'), once...), http.StatusBadRequest, 0},
		{"payload only in the query", "interactions?" + string(payloadForm("{}")), nil, http.StatusBadRequest, 0},
		{"payload also in the query", "interactions?payload=%7B%7D", once, http.StatusBadRequest, 0},
		{"no payload", "interactions", []byte("a=b"), http.StatusBadRequest, 0},
		{"empty", "interactions", nil, http.StatusBadRequest, 0},
		{"not a form", "interactions", []byte("payload=%zz"), http.StatusBadRequest, 0},
		{"payload is no JSON", "interactions", payloadForm("{"), http.StatusOK, 1},
		{"command with two texts", "commands", []byte("text=a&text=b"), http.StatusBadRequest, 0},
		{"command", "commands", []byte("team_id=T1&user_id=U1&channel_id=C1&text=help"), http.StatusOK, 0},
	} {
		s := newStage(t)
		if w := do(s.http(), signed(c.path, c.body)); w.Code != c.want || len(s.stored()) != c.stored {
			t.Errorf("%s: %d, stored %d; want %d, %d", c.name, w.Code, len(s.stored()), c.want, c.stored)
		}
	}
}

func TestHTTPAnswersWithJSON(t *testing.T) {
	s := newStage(t)
	s.desk.tags.All = manyTags(3)
	w := do(s.http(), signed("interactions", payloadForm(suggestPayload(bot.Action{Name: bot.ActTags}, ""))))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") || !strings.Contains(w.Body.String(), `"t2"`) {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}

func TestHTTPCapsTheBody(t *testing.T) {
	s := newStage(t)
	if w := do(s.http(), signed("events", make([]byte, maxBody+1))); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", w.Code)
	}
	if w := do(s.http(), httptest.NewRequest(http.MethodGet, "/webhooks/slack/events", nil)); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET got %d", w.Code)
	}
}

func TestHTTPRefusesABodyThatBreaksOff(t *testing.T) {
	s := newStage(t)
	r := signed("events", nil)
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), brokenReader{}))
	if w := do(s.http(), r); w.Code != http.StatusBadRequest {
		t.Errorf("got %d", w.Code)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Whoever never sends the rest of a body is hung up on.
func TestHTTPHangsUpOnASlowBody(t *testing.T) {
	server := httptest.NewServer(newStage(t).http())
	defer server.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /webhooks/slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	if answer, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Errorf("answer %.40q (%v), want 408", answer, err)
	}
}

func TestHTTPSaysThatItFailed(t *testing.T) {
	var logged bytes.Buffer
	s := newStage(t)
	s.Log = slog.New(slog.NewTextHandler(&logged, nil))
	s.fail = errors.New("disk full")
	if w := do(s.http(), signed("events", reply1(""))); w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d", w.Code)
	}
	if !strings.Contains(logged.String(), "disk full") || strings.Contains(logged.String(), "はい") {
		t.Errorf("logged %s", &logged)
	}
}

func TestHTTPSurvivesAPanic(t *testing.T) {
	s := newStage(t)
	s.Accept = func(context.Context, []bot.Incoming) error { panic("bug") }
	if w := do(s.http(), signed("events", reply1(""))); w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d", w.Code)
	}
}

// A store that hangs, and does not even notice that the time is up, must not
// keep Slack waiting.
func TestHTTPAnswersInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		released := make(chan struct{})
		s.Accept = func(context.Context, []bot.Incoming) error {
			<-released
			return nil
		}
		start := time.Now()
		w := do(s.http(), signed("events", reply1("")))
		if took := time.Since(start); w.Code != http.StatusServiceUnavailable || took > answerTime {
			t.Errorf("got %d after %s", w.Code, took)
		}
		close(released)
		synctest.Wait()
	})
}

// What piles up behind a store that hangs is bounded.
func TestHTTPIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		released := make(chan struct{})
		var entered atomic.Int32
		s.Accept = func(context.Context, []bot.Incoming) error {
			entered.Add(1)
			<-released
			return nil
		}
		h := s.http()
		var all sync.WaitGroup
		for range concurrent + 20 {
			all.Go(func() {
				if w := do(h, signed("events", reply1(""))); w.Code != http.StatusServiceUnavailable {
					t.Errorf("got %d", w.Code)
				}
			})
		}
		all.Wait()
		if n := entered.Load(); n != concurrent {
			t.Errorf("%d requests reached the store, want %d", n, concurrent)
		}
		close(released)
		synctest.Wait()
		if w := do(h, signed("events", reply1(""))); w.Code != http.StatusOK {
			t.Errorf("afterwards: got %d", w.Code)
		}
	})
}
