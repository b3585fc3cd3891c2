package slack

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/bot"
)

const secret = "xoxb-secret"

// clientTo returns a Client that talks to handler and repeats reads at once.
func clientTo(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientAt(server.URL + "/api/")
}

func clientAt(url string) *Client {
	c := New(Config{APIURL: url, Token: secret})
	c.pauses = []time.Duration{0, 0}
	return c
}

func wantKind(t *testing.T, what string, err error, kind bot.FailureKind, code string) {
	t.Helper()
	f := failureOf(err)
	if f == nil || f.Kind != kind || f.Code != code {
		t.Errorf("%s = %v, want %s %s", what, err, kind, code)
	}
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("%s gives the token away: %v", what, err)
	}
}

func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestACallThatNeverLeftIsTransient(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = clientAt("http://"+address+"/api/").Post(t.Context(), []byte(`{}`))
	wantKind(t, "Post to a closed port", err, bot.Transient, "unreachable")
}

func TestACallWithoutAnAnswerIsUncertain(t *testing.T) {
	var calls atomic.Int32
	c := clientTo(t, func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	})
	_, err := c.Post(t.Context(), []byte(`{}`))
	wantKind(t, "Post", err, bot.Uncertain, "connection")
	if n := calls.Load(); n != 1 {
		t.Errorf("Post made %d calls, want 1", n)
	}
	calls.Store(0)
	_, err = c.Channel(t.Context(), "C1")
	wantKind(t, "Channel", err, bot.Transient, "connection")
	if n := calls.Load(); n != 3 {
		t.Errorf("a read made %d calls, want 3", n)
	}
}

func TestACallThatHangsEndsWithItsContext(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	c := clientTo(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := c.Post(ctx, []byte(`{}`))
	wantKind(t, "Post", err, bot.Uncertain, "cancelled")
	_, err = c.Post(ctx, []byte(`{}`))
	wantKind(t, "Post after the end", err, bot.Transient, "cancelled")
}

func TestABodyThatBreaksOffIsUncertain(t *testing.T) {
	c := clientTo(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"ok":true`)
	})
	_, err := c.Post(t.Context(), []byte(`{}`))
	wantKind(t, "Post", err, bot.Uncertain, "connection")
}

func TestAnAnswerWithoutTSIsUncertain(t *testing.T) {
	for _, body := range []string{`{"ok":true}`, `{"ok":true,"ts":5}`} {
		_, err := clientTo(t, answerWith(200, body)).Post(t.Context(), []byte(`{}`))
		wantKind(t, "Post answered "+body, err, bot.Uncertain, "garbage")
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	c := clientTo(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	_, err := c.Post(t.Context(), []byte(`{}`))
	wantKind(t, "Post", err, bot.Misconfigured, "http_307")
	err = c.SendUpload(t.Context(), bot.Upload{FileID: "F1", URL: strings.TrimSuffix(c.api, "api/")}, "a", strings.NewReader("abc"), 3)
	wantKind(t, "SendUpload", err, bot.Transient, "http_307")
}

func TestReadsAreRepeatedOnlyWhileThatHelps(t *testing.T) {
	var calls atomic.Int32
	c := clientTo(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, `{"ok":true,"permalink":"https://x"}`)
	})
	if link, err := c.Permalink(t.Context(), "C1", "1.2"); err != nil || link != "https://x" {
		t.Errorf("Permalink = %q, %v", link, err)
	}
	for _, body := range []string{`{"ok":false,"error":"ratelimited"}`, `{"ok":false,"error":"invalid_auth"}`, `{"ok":false,"error":"channel_not_found"}`} {
		calls.Store(0)
		c := clientTo(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			_, _ = io.WriteString(w, body)
		})
		if _, err := c.Channel(t.Context(), "C1"); err == nil || calls.Load() != 1 {
			t.Errorf("%s: %v after %d calls, want a failure after 1", body, err, calls.Load())
		}
	}
}

func TestTheTokenGoesToTheAPIAlone(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]string{}
	c := clientTo(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen[r.URL.Path] = r.Header.Get("Authorization")
		mu.Unlock()
		if strings.Contains(string(body)+r.URL.String(), secret) {
			t.Errorf("the token is in %s", r.URL.Path)
		}
		_, _ = io.WriteString(w, `{"ok":true,"ts":"1.2"}`)
	})
	if _, err := c.Post(t.Context(), []byte(`{}`)); err != nil {
		t.Error(err)
	}
	upload := bot.Upload{FileID: "F1", URL: strings.TrimSuffix(c.api, "api/") + "upload"}
	if err := c.SendUpload(t.Context(), upload, "a.txt", strings.NewReader("abc"), 3); err != nil {
		t.Error(err)
	}
	if seen["/api/chat.postMessage"] != "Bearer "+secret || seen["/upload"] != "" {
		t.Errorf("tokens sent: %v", seen)
	}
}

func TestUploadsGoToSafeAddressesOnly(t *testing.T) {
	for _, url := range []string{"http://files.example/x", "file:///etc/passwd", "", "https://", "://"} {
		c := clientAt("https://slack.example/api/")
		err := c.SendUpload(t.Context(), bot.Upload{FileID: "F1", URL: url}, "a", strings.NewReader(""), 0)
		wantKind(t, "SendUpload to "+url, err, bot.Permanent, "bad_url")
	}
	c := clientTo(t, answerWith(200, `{"ok":true,"file_id":"F1","upload_url":"ftp://x/y"}`))
	_, err := c.ReserveUpload(t.Context(), "a", 3)
	wantKind(t, "ReserveUpload", err, bot.Transient, "garbage")
}

// A reservation and a transfer change nothing that anybody sees.
func TestUploadsAreNeverUncertain(t *testing.T) {
	c := clientTo(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := c.ReserveUpload(t.Context(), "a", 3)
	wantKind(t, "ReserveUpload", err, bot.Transient, "connection")
	err = c.SendUpload(t.Context(), bot.Upload{URL: c.api + "CANARY"}, "a", strings.NewReader("abc"), 3)
	wantKind(t, "SendUpload", err, bot.Transient, "connection")
	if err != nil && strings.Contains(err.Error(), "CANARY") {
		t.Errorf("SendUpload gives the address away: %v", err)
	}
	c = clientTo(t, answerWith(http.StatusTooManyRequests, ""))
	err = c.SendUpload(t.Context(), bot.Upload{URL: c.api}, "a", strings.NewReader("abc"), 3)
	wantKind(t, "SendUpload", err, bot.RateLimited, "http_429")
	c = clientTo(t, answerWith(http.StatusBadRequest, "wrong length"))
	err = c.SendUpload(t.Context(), bot.Upload{URL: c.api}, "a", strings.NewReader("abc"), 3)
	wantKind(t, "SendUpload", err, bot.Permanent, "http_400")
}

func TestOutcomesAreReported(t *testing.T) {
	var got []string
	server := httptest.NewServer(answerWith(200, `{"ok":false,"error":"is_archived"}`))
	defer server.Close()
	c := New(Config{
		APIURL: server.URL + "/", Token: secret, HTTP: server.Client(), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		OnCall: func(method, outcome string, _ time.Duration) { got = append(got, method+" "+outcome) },
	})
	_, err := c.Post(t.Context(), []byte(`{}`))
	wantKind(t, "Post", err, bot.Permanent, "is_archived")
	if err := c.OpenView(t.Context(), "t", []byte(`{}`)); err == nil {
		t.Error("OpenView: no error")
	}
	if want := "chat.postMessage permanent,views.open permanent"; strings.Join(got, ",") != want {
		t.Errorf("reported %q, want %q", got, want)
	}
	if server.Client().CheckRedirect != nil {
		t.Error("the given http.Client was changed")
	}
}

func TestPagesThatDoNotEndAreGivenUp(t *testing.T) {
	c := clientTo(t, answerWith(200, `{"ok":true,"messages":[],"members":["U1"],"response_metadata":{"next_cursor":"again"}}`))
	_, err := c.Members(t.Context(), "C1")
	wantKind(t, "Members", err, bot.Permanent, "too_many_pages")
	_, _, err = c.FindPost(t.Context(), "C1", "", "call")
	wantKind(t, "FindPost", err, bot.Permanent, CannotSearch)
}

// Slack's empty objects are lists at times.
func TestFileSharedReadsEveryForm(t *testing.T) {
	for body, want := range map[string]bool{
		`{"ok":true,"file":{"shares":{"private":{"C1":[{"ts":"1.2"}]}}}}`:             true,
		`{"ok":true,"file":{"shares":{"public":{"C1":[{"ts":"1.2"}]},"private":[]}}}`: true,
		`{"ok":true,"file":{"shares":{"private":{"C2":[{"ts":"1.2"}]}}}}`:             false,
		`{"ok":true,"file":{"shares":[]}}`:                                            false,
		`{"ok":true,"file":{}}`:                                                       false,
		`{"ok":false,"error":"file_not_found"}`:                                       false,
	} {
		got, err := clientTo(t, answerWith(200, body)).FileShared(t.Context(), "F1", "C1")
		if err != nil || got != want {
			t.Errorf("FileShared with %s = %v, %v, want %v", body, got, err, want)
		}
	}
}
