package line

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"madoguchi/bot"
)

const (
	// maxBody is well above what LINE sends: a hundred events of 5,000
	// Japanese characters are 1.6 MB.
	maxBody = 4 << 20
	// answerWithin leaves half a second of LINE's two for the network; after
	// them LINE counts the delivery as failed.
	answerWithin = 1500 * time.Millisecond
	// margin is what of answerWithin is left for writing the answer.
	margin = 100 * time.Millisecond
	// defaultConcurrent bounds what waits for the database at a time.
	defaultConcurrent = 256
)

// Webhook answers LINE's webhooks at POST /webhooks/line/{account}. It is safe
// for concurrent use and must not be copied.
type Webhook struct {
	// Accounts finds an account by its slug; false if there is none.
	Accounts func(ctx context.Context, slug string) (bot.Account, bool, error)
	// Accept stores the events durably before it returns nil. Its context ends
	// with the time LINE gives us; the answer does not wait for an Accept that
	// outlives it, so a commit under way should be carried through: LINE, told
	// 503, may deliver the same events again.
	Accept func(ctx context.Context, events []bot.Incoming) error
	Log    *slog.Logger
	// Now is the time of receipt, time.Now if nil.
	Now func() time.Time
	// MaxConcurrent is how many requests are at the database at a time, 256 if
	// 0. Those above wait, and are answered 503 when the time is up.
	MaxConcurrent int

	once  sync.Once
	slots chan struct{}
}

// answer is what a webhook is answered, and what the log says about it.
type answer struct {
	status int
	events int
	err    error
	unread bool // the body, or some of it
}

func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), answerWithin-margin)
	defer cancel()

	a := h.handle(ctx, w, r)
	h.log(r, a, time.Since(start))
	if a.unread {
		// The server would wait for the rest before it answers, and does so
		// for a while before it hangs up.
		w.Header().Set("Connection", "close")
		limitReading(ctx, w)
	}
	switch a.status {
	case http.StatusOK:
		w.WriteHeader(http.StatusOK)
		return
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
	http.Error(w, http.StatusText(a.status), a.status)
}

// handle looks at one request. Whoever cannot sign may send slowly, and holds
// nothing meanwhile that others wait for.
func (h *Webhook) handle(ctx context.Context, w http.ResponseWriter, r *http.Request) answer {
	if r.ContentLength > maxBody {
		return answer{status: http.StatusRequestEntityTooLarge, unread: true}
	}
	slug, signature := r.PathValue("account"), r.Header.Get("X-Line-Signature")
	var account bot.Account
	if a := h.beside(ctx, slug, func() (a answer) {
		account, a = h.account(ctx, slug)
		return a
	}); a.status != http.StatusOK {
		a.unread = true
		return a
	}
	body, status := readBody(ctx, w, r)
	if status != http.StatusOK {
		return answer{status: status, unread: true}
	}
	// Before it is parsed: the signature covers the raw bytes, and nobody who
	// cannot sign gets any further.
	if !Verify(account.LINE.Secrets, signature, body) {
		return answer{status: http.StatusUnauthorized}
	}
	return h.beside(ctx, slug, func() answer { return h.take(ctx, account, body) })
}

// beside does what may block on the database, so that the answer leaves in time
// even if the context is ignored. The slot is given back only when that has
// ended, so that a hanging database cannot pile up work.
func (h *Webhook) beside(ctx context.Context, slug string, work func() answer) answer {
	release, ok := h.enter(ctx)
	if !ok {
		return answer{status: http.StatusServiceUnavailable, err: ctx.Err()}
	}
	done := make(chan answer, 1)
	go func() {
		defer release()
		a := answer{status: http.StatusServiceUnavailable}
		defer func() {
			if p := recover(); p != nil {
				h.Log.ErrorContext(ctx, "panic in LINE webhook", "account", slug, "stack", string(debug.Stack()))
			}
			done <- a
		}()
		a = work()
	}()
	select {
	case a := <-done:
		return a
	case <-ctx.Done():
		return answer{status: http.StatusServiceUnavailable, err: ctx.Err()}
	}
}

func (h *Webhook) account(ctx context.Context, slug string) (bot.Account, answer) {
	account, found, err := h.Accounts(ctx, slug)
	switch {
	case err != nil:
		return account, answer{status: http.StatusServiceUnavailable, err: err}
	case !found:
		return account, answer{status: http.StatusNotFound}
	default:
		return account, answer{status: http.StatusOK}
	}
}

func (h *Webhook) take(ctx context.Context, account bot.Account, body []byte) answer {
	events := split(account, body, h.now())
	if len(events) > 0 {
		if err := h.Accept(ctx, events); err != nil {
			return answer{status: http.StatusServiceUnavailable, events: len(events), err: err}
		}
	}
	return answer{status: http.StatusOK, events: len(events)}
}

func (h *Webhook) enter(ctx context.Context) (release func(), ok bool) {
	h.once.Do(func() {
		n := h.MaxConcurrent
		if n <= 0 {
			n = defaultConcurrent
		}
		h.slots = make(chan struct{}, n)
	})
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, true
	case <-ctx.Done():
		return nil, false
	}
}

// readBody reads the whole body, or says what to answer instead. A sender who
// dawdles is cut off when the time is up.
func readBody(ctx context.Context, w http.ResponseWriter, r *http.Request) ([]byte, int) {
	limitReading(ctx, w)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		// Left in place, the deadline would end the request's context while
		// the events are being stored. After an error it stays, since the
		// server still tries to read what is left of the body.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		return body, http.StatusOK
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, http.StatusRequestTimeout
	}
	return nil, http.StatusBadRequest
}

func limitReading(ctx context.Context, w http.ResponseWriter) {
	if deadline, ok := ctx.Deadline(); ok {
		// Not every writer can; then the server's own limit stands.
		_ = http.NewResponseController(w).SetReadDeadline(deadline)
	}
}

func (h *Webhook) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

// log writes one line per webhook. LINE keeps no log for us, so sender, time,
// path and status are ours to keep.
// See https://developers.line.biz/en/docs/messaging-api/development-guidelines/#save-logs
func (h *Webhook) log(r *http.Request, a answer, took time.Duration) {
	level := slog.LevelDebug
	if a.status == http.StatusUnauthorized || a.status == http.StatusServiceUnavailable {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("account", r.PathValue("account")),
		slog.String("from", r.RemoteAddr),
		slog.Int("status", a.status),
		slog.Int("events", a.events),
		slog.Duration("took", took),
	}
	if a.err != nil {
		attrs = append(attrs, slog.Any("error", a.err))
	}
	h.Log.LogAttrs(r.Context(), level, "LINE webhook", attrs...)
}
