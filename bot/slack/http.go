package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// maxBody is the largest request that is read.
	maxBody = 4 << 20
	// answerTime is when a request is answered at the latest. Slack waits
	// three seconds; what was answered too late comes again in any case.
	answerTime = 2500 * time.Millisecond
	// concurrent bounds what waits for the database at a time. Those above
	// wait, and are told to come again when the time is up.
	concurrent = 256
)

// HTTP takes in what Slack sends to the signed endpoints. Every field is
// required; with an empty SigningSecret every request is refused. It must not
// be copied.
type HTTP struct {
	SigningSecret string
	Receiver      *Receiver
	Now           func() time.Time
	Log           *slog.Logger

	once  sync.Once
	slots chan struct{}
}

// Register adds the endpoints to mux.
func (h *HTTP) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /webhooks/slack/events", h.Events)
	mux.HandleFunc("POST /webhooks/slack/interactions", h.Interactions)
	mux.HandleFunc("POST /webhooks/slack/commands", h.Commands)
}

// Events is the endpoint of the Events API. Retries are taken in like
// everything else: the first attempt may have died before it was stored, and
// where it was stored the key says so.
func (h *HTTP) Events(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, func(ctx context.Context, body []byte) (reply, error) {
		var check struct {
			Type      string `json:"type"`
			Challenge string `json:"challenge"`
		}
		if json.Unmarshal(body, &check) == nil && check.Type == "url_verification" {
			return reply{contentType: "text/plain; charset=utf-8", body: []byte(check.Challenge)}, nil
		}
		return reply{}, h.Receiver.Event(ctx, body)
	})
}

// Interactions is the endpoint of buttons, modals, shortcuts and menus.
func (h *HTTP) Interactions(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, func(ctx context.Context, body []byte) (reply, error) {
		fields, err := form(r, body)
		if err != nil {
			return reply{}, err
		}
		payload := fields.Get("payload")
		if payload == "" {
			return reply{}, errBadForm
		}
		answer, err := h.Receiver.Interaction(ctx, []byte(payload))
		return jsonReply(answer), err
	})
}

// Commands is the endpoint of /madoguchi.
func (h *HTTP) Commands(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, func(ctx context.Context, body []byte) (reply, error) {
		fields, err := form(r, body)
		if err != nil {
			return reply{}, err
		}
		return jsonReply(h.Receiver.Command(ctx, Command{
			TeamID:    fields.Get("team_id"),
			ChannelID: fields.Get("channel_id"),
			UserID:    fields.Get("user_id"),
			Text:      fields.Get("text"),
		})), nil
	})
}

// errBadForm is a form that Slack does not send. It is refused, not guessed
// at: two parsers could take different ones of two payloads.
var errBadForm = errors.New("not a form as Slack sends it")

// form reads the fields of the body, and of nowhere else.
func form(r *http.Request, body []byte) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, errBadForm
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errBadForm // the parser's error quotes the body
	}
	for _, values := range fields {
		if len(values) != 1 {
			return nil, errBadForm
		}
	}
	return fields, nil
}

// reply is the answer to a request; the zero reply is 200 without a body.
type reply struct {
	contentType string
	body        []byte
}

func jsonReply(body []byte) reply {
	if body == nil {
		return reply{}
	}
	return reply{contentType: "application/json; charset=utf-8", body: body}
}

// serve reads and verifies a request, has work done on its body, and answers
// in time whatever becomes of the work.
func (h *HTTP) serve(w http.ResponseWriter, r *http.Request, work func(context.Context, []byte) (reply, error)) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	body, status := h.read(w, r)
	if status != http.StatusOK {
		w.Header().Set("Connection", "close")
		http.Error(w, http.StatusText(status), status)
		return
	}
	if !Verify(h.SigningSecret, r.Header.Get("X-Slack-Request-Timestamp"), r.Header.Get("X-Slack-Signature"), body, h.Now()) {
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	// The work has a goroutine of its own, since whatever it waits for may not
	// notice that the time is up. What it finishes later is not lost: Slack
	// delivers again, and the key tells that it is there.
	release, ok := h.enter(ctx)
	if !ok {
		h.answer(ctx, w, r, outcome{err: ctx.Err()})
		return
	}
	done := make(chan outcome, 1)
	go func() {
		defer release()
		done <- attempt(ctx, body, work)
	}()
	select {
	case out := <-done:
		h.answer(ctx, w, r, out)
	case <-ctx.Done():
		h.answer(ctx, w, r, outcome{err: ctx.Err()})
	}
}

// enter takes a slot, which is given back when the work has ended, so that a
// hanging database cannot pile up work.
func (h *HTTP) enter(ctx context.Context) (release func(), ok bool) {
	h.once.Do(func() { h.slots = make(chan struct{}, concurrent) })
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, true
	case <-ctx.Done():
		return nil, false
	}
}

// read returns the body, or the status that says why there is none.
func (h *HTTP) read(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	// Where the connection cannot be timed, the server's own limit holds.
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(answerTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		// After an error it stays: the server still tries to read the rest.
		_ = connection.SetReadDeadline(time.Time{})
		return body, http.StatusOK
	case tooLarge:
		return nil, http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, http.StatusRequestTimeout
	default:
		return nil, http.StatusBadRequest
	}
}

// outcome is what became of the work on a request.
type outcome struct {
	reply reply
	err   error
}

// attempt does the work; a bug in it is an error of this request alone.
func attempt(ctx context.Context, body []byte, work func(context.Context, []byte) (reply, error)) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = outcome{err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	out.reply, out.err = work(ctx, body)
	return out
}

func (h *HTTP) answer(ctx context.Context, w http.ResponseWriter, r *http.Request, out outcome) {
	switch {
	case errors.Is(out.err, errBadForm):
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	case out.err != nil:
		h.Log.ErrorContext(ctx, "taking in from Slack", "path", r.URL.Path, "error", out.err)
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	if out.reply.contentType != "" {
		w.Header().Set("Content-Type", out.reply.contentType)
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := w.Write(out.reply.body); err != nil {
		h.Log.WarnContext(ctx, "answering Slack", "path", r.URL.Path, "error", err)
	}
}
