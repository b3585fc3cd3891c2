package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
)

// hook posts a body to an account's webhook and returns the status and how
// long the answer took.
func (w *world) hook(account, signature string, body io.Reader) (int, time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.addr+"/webhooks/line/"+account, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if signature != "" {
		req.Header.Set("X-Line-Signature", signature)
	}
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode, time.Since(began)
}

func (w *world) signedHook(body string) int {
	w.t.Helper()
	status, _ := w.hook("aoyama", simline.Signature(secret, []byte(body)), strings.NewReader(body))
	return status
}

// What an outsider sends is refused and leaves nothing; what LINE signed is
// kept whatever it is, and holds up nothing else.
func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		db := w.openDatabase()
		before := w.count(db, `SELECT COUNT(*) FROM inbox WHERE source = 'line'`)
		event := func(id, text string) string {
			return fmt.Sprintf(`{"type":"message","webhookEventId":"%s","timestamp":%s,"mode":"active","source":{"type":"user","userId":"%s"},"message":{"type":"text","id":"5%s","text":"%s"}}`,
				id, now(), hana.Chat, strings.TrimLeft(id, "0EVX"), text)
		}
		body := func(destination string, events ...string) string {
			return `{"destination":"` + destination + `","events":[` + strings.Join(events, ",") + `]}`
		}
		forged := body(botUser, event("0EVX1", "forged-canary"))
		for name, signature := range map[string]string{
			"no signature": "", "no base64": "***", "too short": "AAAA", "another secret": simline.Signature("other", []byte(forged)),
			"the empty secret": simline.Signature("", []byte(forged)),
		} {
			if status, _ := w.hook("aoyama", signature, strings.NewReader(forged)); status != http.StatusUnauthorized {
				t.Errorf("%s: %d, want 401", name, status)
			}
		}
		if status, _ := w.hook("nobody", simline.Signature(secret, []byte(forged)), strings.NewReader(forged)); status != http.StatusNotFound {
			t.Errorf("unknown account: %d, want 404", status)
		}
		if status, _ := w.hook("aoyama", "AAAA", bytes.NewReader(make([]byte, 5<<20))); status != http.StatusRequestEntityTooLarge {
			t.Errorf("5 MB: %d, want 413", status)
		}
		endless := io.LimitReader(endlessBody{}, 6<<20)
		if status, _ := w.hook("aoyama", "AAAA", endless); status != http.StatusRequestEntityTooLarge {
			t.Errorf("an endless body: %d, want 413", status)
		}
		if after := w.count(db, `SELECT COUNT(*) FROM inbox WHERE source = 'line'`); after != before {
			t.Errorf("%d events were stored of what was refused", after-before)
		}

		for name, b := range map[string]string{
			"LINE's verify call": body(botUser), "truncated": `{"destination":"truncated-canary`, "trailing bytes": body(botUser) + "x",
			"a byte order mark": "\ufeff" + body(botUser), "no object": `[1]`, "deep": strings.Repeat("[", 20_000),
		} {
			if status := w.signedHook(b); status != http.StatusOK {
				t.Errorf("%s: %d, want 200", name, status)
			}
		}
		strayed := body("U"+strings.Repeat("0", 32), event("0EVX2", "stray-canary"))
		if status := w.signedHook(strayed); status != http.StatusOK {
			t.Errorf("another destination: %d, want 200", status)
		}
		w.waitShown("owners", "別のLINE公式アカウント宛て")
		w.waitShown("owners", "読み取れない")
		mixed := body(botUser, event("0EVX3", "前"), `{"type":5,"webhookEventId":"0EVX4"}`, `"poison-canary"`, `{"webhookEventId":"0EVX5","source":null}`,
			event("0EVX6", `\ud83d 片割れ\u0000NUL`), event("0EVX7", "後"))
		if status := w.signedHook(mixed); status != http.StatusOK {
			t.Errorf("some bad events: %d, want 200", status)
		}
		w.waitShown("sato", "前")
		w.waitShown("sato", "片割れ")
		w.waitShown("sato", "後")
		if out := w.run("status"); !strings.Contains(out, "set aside") || !strings.Contains(out, "9 events") {
			t.Errorf("status does not tell of parked events:\n%s", out)
		}
		for _, text := range []string{"forged-canary", "stray-canary", "poison-canary"} {
			if w.inSlack(text) {
				t.Errorf("%s is shown", text)
			}
		}
		w.neverLogged(t, "forged-canary", "stray-canary", "poison-canary", "truncated-canary", "片割れ", secret, lineToken, "xoxb-bot-canary", signing)
	})
}

// endlessBody never ends, and does not tell its length.
type endlessBody struct{}

func (endlessBody) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Two secrets are taken while LINE's is being replaced.
func TestTwoSecretsWhileRotating(t *testing.T) {
	t.Parallel()
	file := strings.Replace(fmt.Sprintf(accountFile, "0s"), "channel_secret: ${LINE_CHANNEL_SECRET}", "channel_secret: ['${LINE_CHANNEL_SECRET}', '${LINE_NEW_SECRET}']", 1)
	each(t, options{file: file, env: map[string]string{"LINE_NEW_SECRET": "new-secret-canary"}}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		if err := w.line.Change(botUser, func(a *simline.Account) { a.Secret = "new-secret-canary" }); err != nil {
			t.Fatal(err)
		}
		w.text(hana, "新しい鍵から")
		w.waitShown("sato", "新しい鍵から")
		w.neverLogged(t, "new-secret-canary")
	})
}

// A database that hangs is a 503 within LINE's two seconds; what was told so
// and comes again is shown once.
func TestWebhookWhenTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		db := w.openDatabase()
		db.SetMaxOpenConns(1)
		begin, end := `BEGIN; LOCK TABLE inbox_key, inbox IN ACCESS EXCLUSIVE MODE`, `ROLLBACK`
		if w.onSQLite() {
			begin = `BEGIN IMMEDIATE`
		}
		if _, err := db.ExecContext(t.Context(), begin); err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"destination":"%s","events":[{"type":"message","webhookEventId":"01HANGS","timestamp":%s,"mode":"active","source":{"type":"user","userId":"%s"},"message":{"type":"text","id":"881","text":"待たされました"}}]}`,
			botUser, now(), hana.Chat)
		status, took := w.hook("aoyama", simline.Signature(secret, []byte(body)), strings.NewReader(body))
		if status != http.StatusServiceUnavailable || took > 2*time.Second {
			t.Errorf("%d after %s, want 503 within 2 s", status, took)
		}
		if _, err := db.ExecContext(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		w.until(15*time.Second, "accepted again", func() bool { return w.signedHook(body) == http.StatusOK })
		w.waitShown("sato", "待たされました")
		w.never(500*time.Millisecond, "shown twice", func() bool {
			n := 0
			for _, m := range w.posts("sato") {
				n += bytes.Count(m.Blocks, []byte("待たされました"))
			}
			return n > 1
		})
	})
}
