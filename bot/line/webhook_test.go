package line

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"madoguchi/bot"
)

const testBot = "U8e742f61d673b39c7fff3cecb7536ef0"

// desk is a Webhook with one account, "aoyama", and what it accepted.
type desk struct {
	*Webhook
	log bytes.Buffer

	mu       sync.Mutex
	accepted []bot.Incoming
}

func newDesk() *desk {
	d := &desk{}
	d.Webhook = &Webhook{
		Accounts: func(_ context.Context, slug string) (bot.Account, bool, error) {
			return bot.Account{
				ID:        "acc1",
				Slug:      "aoyama",
				BotUserID: testBot,
				LINE:      bot.LINEChannel{Secrets: []string{"", "old", vectorSecret}},
			}, slug == "aoyama", nil
		},
		Accept: func(_ context.Context, events []bot.Incoming) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.accepted = append(d.accepted, events...)
			return nil
		},
		Log: slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now: func() time.Time { return time.UnixMilli(1_700_000_000_000) },
	}
	return d
}

func (d *desk) mux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/line/{account}", d)
	return mux
}

func (d *desk) post(slug, signature string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/line/"+slug, body)
	r.Header.Set("x-line-signature", signature)
	w := httptest.NewRecorder()
	d.mux().ServeHTTP(w, r)
	return w
}

func (d *desk) postSigned(body string) *httptest.ResponseRecorder {
	return d.post("aoyama", sign(vectorSecret, []byte(body)), strings.NewReader(body))
}

func callback(events ...string) string {
	return `{"destination":"` + testBot + `","events":[` + strings.Join(events, ",") + `]}`
}

func textEvent(id, user string) string {
	return fmt.Sprintf(`{"type":"message","webhookEventId":%q,"timestamp":1700000001000,"mode":"active","source":{"type":"user","userId":%q},`+
		`"deliveryContext":{"isRedelivery":false},"replyToken":"rt","message":{"id":"m-%s","type":"text","text":"canary"}}`, id, user, id)
}

func TestWebhookRefuses(t *testing.T) {
	body := callback(textEvent("E1", "U1"))
	right := sign(vectorSecret, []byte(body))
	for name, tt := range map[string]struct {
		slug, signature, body string
		want                  int
	}{
		"no signature":                {"aoyama", "", body, 401},
		"not base64":                  {"aoyama", "not base64!", body, 401},
		"wrong length":                {"aoyama", "aGVsbG8=", body, 401},
		"another account's secret":    {"aoyama", sign("other", []byte(body)), body, 401},
		"empty secret":                {"aoyama", sign("", []byte(body)), body, 401},
		"off by one byte":             {"aoyama", right, body + "\n", 401},
		"truncated JSON, unsigned":    {"aoyama", "", body[:20], 401},
		"unknown account":             {"shibuya", right, body, 404},
		"unknown account, unsigned":   {"shibuya", "", body, 404},
		"over the cap":                {"aoyama", right, strings.Repeat(" ", maxBody+1), 413},
		"over the cap, other account": {"shibuya", "", strings.Repeat(" ", maxBody+1), 413},
	} {
		d := newDesk()
		if w := d.post(tt.slug, tt.signature, strings.NewReader(tt.body)); w.Code != tt.want {
			t.Errorf("%s: status %d, want %d", name, w.Code, tt.want)
		}
		if len(d.accepted) != 0 {
			t.Errorf("%s: accepted %d events", name, len(d.accepted))
		}
		if strings.Contains(d.log.String(), "canary") {
			t.Errorf("%s: the log holds the body: %s", name, d.log.String())
		}
	}
}

func TestWebhookChunkedBodyOverTheCap(t *testing.T) {
	// Of no announced length, like what arrives in chunks.
	if w := newDesk().post("aoyama", "", io.LimitReader(repeat('x'), maxBody*4)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", w.Code)
	}
}

type repeat byte

func (b repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

func TestWebhookSlowBody(t *testing.T) {
	d := newDesk()
	server := httptest.NewServer(d.mux())
	defer server.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	start := time.Now()
	fmt.Fprintf(conn, "POST /webhooks/line/aoyama HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Errorf("answer %.40q, want 408", answer)
	}
	if took := time.Since(start); took > answerWithin+time.Second {
		t.Errorf("answered after %v", took)
	}
}

// Bodies that trickle in keep nobody else waiting, and for an account that is
// not there none is waited for.
func TestWebhookSlowBodiesHoldUpNobody(t *testing.T) {
	d := newDesk()
	d.MaxConcurrent = 1
	server := httptest.NewServer(d.mux())
	defer server.Close()
	open := func(slug string) net.Conn {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /webhooks/line/%s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n", slug)
		return conn
	}
	slow := open("aoyama")
	defer slow.Close()
	// The server asks for the body when the webhook begins to read it.
	line, err := bufio.NewReader(slow).ReadString('\n')
	if err != nil || !strings.Contains(line, "100") {
		t.Fatalf("answer %q (%v), want 100", line, err)
	}
	if w := d.postSigned(callback(textEvent("E1", "U1"))); w.Code != http.StatusOK {
		t.Errorf("beside a slow body: status %d, want 200", w.Code)
	}
	start := time.Now()
	unknown := open("shibuya")
	defer unknown.Close()
	answer, err := bufio.NewReader(unknown).ReadString('\n')
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 404 ") {
		t.Errorf("answer %.40q (%v), want 404", answer, err)
	}
	if took := time.Since(start); took > answerWithin/2 {
		t.Errorf("an account that is not there was answered after %v", took)
	}
}

func TestWebhookBrokenOffBody(t *testing.T) {
	d := newDesk()
	w := d.post("aoyama", "", io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if w.Code != http.StatusBadRequest {
		t.Errorf("status %d, want 400", w.Code)
	}
}

func TestWebhookVerifyCall(t *testing.T) {
	d := newDesk()
	d.Accept = func(context.Context, []bot.Incoming) error { return errors.New("must not be called") }
	if w := d.post("aoyama", vectorSignature, strings.NewReader(vectorBody)); w.Code != http.StatusOK {
		t.Errorf("status %d, want 200", w.Code)
	}
}

func TestWebhookAccepts(t *testing.T) {
	d := newDesk()
	group := `{"type":"message","webhookEventId":"E2","timestamp":1700000002000,"source":{"type":"group","groupId":"C1","userId":"U2"},` +
		`"deliveryContext":{"isRedelivery":true},"message":{"id":"77","type":"text","text":"a\u0000b"}}`
	if w := d.postSigned(callback(textEvent("E1", "U1"), group, `{"type":"delivery","webhookEventId":"E3","timestamp":"1700000003000"}`)); w.Code != http.StatusOK {
		t.Fatalf("status %d, want 200", w.Code)
	}
	want := []bot.Incoming{
		{Source: bot.FromLINE, AccountID: "acc1", Key: "E1", Lane: bot.FriendLane("acc1", "U1"), At: 1_700_000_001_000, LINEMessageID: "m-E1"},
		{Source: bot.FromLINE, AccountID: "acc1", Key: "E2", Lane: bot.FriendLane("acc1", "C1"), At: 1_700_000_002_000, LINEMessageID: "77", Redelivered: true},
		{Source: bot.FromLINE, AccountID: "acc1", Key: "E3", Lane: "line:acc1:-", At: 1_700_000_000_000},
	}
	if len(d.accepted) != len(want) {
		t.Fatalf("accepted %d events, want %d", len(d.accepted), len(want))
	}
	for i, got := range d.accepted {
		raw := got.Raw
		if got.Digest == "" {
			t.Errorf("event %d has no digest", i)
		}
		got.Raw, got.Digest = nil, ""
		if fmt.Sprint(got) != fmt.Sprint(want[i]) {
			t.Errorf("event %d = %+v, want %+v", i, got, want[i])
		}
		if i == 1 && string(raw) != group {
			t.Errorf("raw bytes changed: %q", raw)
		}
	}
}

// Every signed body is kept and answered 200: LINE would only send it again.
func TestWebhookKeepsWhatItCannotRead(t *testing.T) {
	good := textEvent("E1", "U1")
	for name, tt := range map[string]struct {
		body   string
		broken []string // of each event kept
	}{
		"truncated":               {callback(good)[:60], []string{brokenBody}},
		"trailing bytes":          {callback(good) + "x", []string{brokenBody}},
		"BOM":                     {"\uFEFF" + callback(good), []string{brokenBody}},
		"empty":                   {"", []string{brokenBody}},
		"array":                   {"[]", []string{brokenBody}},
		"null":                    {"null", []string{brokenBody}},
		"no events":               {`{"destination":"` + testBot + `"}`, []string{brokenBody}},
		"events null":             {`{"destination":"` + testBot + `","events":null}`, []string{brokenBody}},
		"events no array":         {`{"destination":"` + testBot + `","events":{}}`, []string{brokenBody}},
		"nested too deep":         {callback(`{"a":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`), []string{brokenBody}},
		"destination of another":  {strings.Replace(callback(good, good), testBot, "U00000000000000000000000000000000", 1), []string{brokenDestination, brokenDestination}},
		"no destination":          {`{"events":[` + good + `]}`, []string{brokenDestination}},
		"event null":              {callback("null", good), []string{brokenEvent, ""}},
		"event no object":         {callback("17", good), []string{brokenEvent, ""}},
		"no webhookEventId":       {callback(`{"type":"follow"}`, good), []string{brokenNoID, ""}},
		"webhookEventId a number": {callback(`{"type":"follow","webhookEventId":1}`), []string{brokenNoID}},
		"webhookEventId hostile":  {callback(`{"type":"follow","webhookEventId":"../\u0000"}`), []string{brokenNoID}},
		"no type":                 {callback(`{"webhookEventId":"E9"}`, good), []string{brokenNoType, ""}},
		"source null":             {callback(`{"type":"message","webhookEventId":"E9","source":null}`), []string{""}},
		"timestamp a string":      {callback(`{"type":"message","webhookEventId":"E9","timestamp":"1"}`), []string{""}},
		"unknown type":            {callback(`{"type":"hologram","webhookEventId":"E9","beam":{}}`), []string{""}},
		"Events beside events":    {`{"destination":"` + testBot + `","events":[` + good + `],"Events":[1,2]}`, []string{""}},
	} {
		d := newDesk()
		w := d.postSigned(tt.body)
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d, want 200", name, w.Code)
		}
		var broken []string
		for _, in := range d.accepted {
			broken = append(broken, in.Broken)
			if in.Broken != "" && in.Key == "" || in.At == 0 || in.Lane == "" {
				t.Errorf("%s: %+v cannot be stored", name, in)
			}
		}
		if fmt.Sprint(broken) != fmt.Sprint(tt.broken) {
			t.Errorf("%s: broken %q, want %q", name, broken, tt.broken)
		}
		if strings.Contains(d.log.String(), "canary") {
			t.Errorf("%s: the log holds the body", name)
		}
	}
}

func TestWebhookTimestamps(t *testing.T) {
	const receipt = 1_700_000_000_000
	for timestamp, want := range map[string]int64{
		`1700000001000`:   1_700_000_001_000,
		`1700000001000.0`: 1_700_000_001_000,
		`0`:               receipt,
		`-5`:              receipt,
		`32503680000000`:  receipt, // the year 3000
		`"1700000001000"`: receipt,
		`1e400`:           receipt,
		`1.5`:             receipt,
		`null`:            receipt,
	} {
		d := newDesk()
		d.postSigned(callback(`{"type":"follow","webhookEventId":"E1","timestamp":` + timestamp + `}`))
		if len(d.accepted) != 1 || d.accepted[0].At != want {
			t.Errorf("timestamp %s: %+v, want At %d", timestamp, d.accepted, want)
		}
	}
}

func TestWebhookOneBadEventAmongHundred(t *testing.T) {
	events := make([]string, 100)
	for i := range events {
		events[i] = textEvent(fmt.Sprintf("E%d", i), "U1")
	}
	events[36] = `{"type":"message","source":[],"message":7,"timestamp":{}}`
	d := newDesk()
	d.postSigned(callback(events...))
	good := 0
	for _, in := range d.accepted {
		if in.Broken == "" {
			good++
		}
	}
	if len(d.accepted) != 100 || good != 99 {
		t.Errorf("kept %d, %d of them good; want 100 and 99", len(d.accepted), good)
	}
}

func TestWebhookAnswers503(t *testing.T) {
	body := callback(textEvent("E1", "U1"))
	for name, spoil := range map[string]func(*Webhook){
		"Accept fails": func(h *Webhook) {
			h.Accept = func(context.Context, []bot.Incoming) error { return errors.New("disk full") }
		},
		"Accept panics": func(h *Webhook) {
			h.Accept = func(context.Context, []bot.Incoming) error { panic("canary") }
		},
		"Accounts fails": func(h *Webhook) {
			h.Accounts = func(context.Context, string) (bot.Account, bool, error) {
				return bot.Account{}, false, errors.New("down")
			}
		},
	} {
		d := newDesk()
		spoil(d.Webhook)
		w := d.postSigned(body)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: status %d, Retry-After %q", name, w.Code, w.Header().Get("Retry-After"))
		}
		if strings.Contains(d.log.String(), "canary") {
			t.Errorf("%s: the log holds the body", name)
		}
	}
}

// A database that hangs and ignores the context does not hold up the answer,
// and what piles up behind it is bounded.
func TestWebhookAnswersInTimeWhileTheDatabaseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.MaxConcurrent = 2
		hang := make(chan struct{})
		entered := 0
		d.Accept = func(context.Context, []bot.Incoming) error {
			d.mu.Lock()
			entered++
			d.mu.Unlock()
			<-hang
			return nil
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				start := time.Now()
				w := d.postSigned(callback(textEvent("E1", "U1")))
				if w.Code != http.StatusServiceUnavailable {
					t.Errorf("status %d, want 503", w.Code)
				}
				if took := time.Since(start); took > answerWithin {
					t.Errorf("answered after %v", took)
				}
			})
		}
		all.Wait()
		d.mu.Lock()
		if entered != 2 {
			t.Errorf("%d requests reached the database, want 2", entered)
		}
		d.mu.Unlock()
		close(hang)
		synctest.Wait()
		if w := d.postSigned(callback(textEvent("E2", "U1"))); w.Code != http.StatusOK {
			t.Errorf("afterwards: status %d, want 200", w.Code)
		}
	})
}

func FuzzWebhookBody(f *testing.F) {
	for _, seed := range []string{
		vectorBody, callback(textEvent("E1", "U1")), callback("null", "7", "{}"), "", "{", `{"events":[{"webhookEventId":"E1","type":"x"}]}`,
		`{"events":[],"events":[{}],"Events":null}`, "\uFEFF{}", callback(`{"type":"message","webhookEventId":"E1","timestamp":1e400,"source":{"type":"group","groupId":"\ud83d"}}`),
	} {
		f.Add([]byte(seed))
	}
	account := bot.Account{ID: "acc1", BotUserID: testBot}
	f.Fuzz(func(t *testing.T, body []byte) {
		received := time.UnixMilli(1_700_000_000_000)
		for _, in := range split(account, body, received) {
			if in.Key == "" || in.Lane == "" || in.At <= 0 || in.AccountID != "acc1" || in.Source != bot.FromLINE {
				t.Errorf("cannot be stored: %+v", in)
			}
			if in.Broken != "" {
				continue
			}
			e, err := Decode(in.Raw)
			if err != nil {
				t.Errorf("whole event does not decode: %v", err)
			}
			if e.ID != in.Key {
				t.Errorf("decoded id %q, stored under %q", e.ID, in.Key)
			}
			if want := bot.FriendLane("acc1", e.FriendID); in.Lane != want {
				t.Errorf("lane %q, decoded friend's is %q", in.Lane, want)
			}
		}
	})
}
