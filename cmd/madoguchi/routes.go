package main

import (
	"context"
	"net/http"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/line"
	"madoguchi/bot/slack"
)

// readyWithin is how long the database may take to say that it is there.
const readyWithin = 2 * time.Second

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/line/{account}", s.meter.webhook("line", &line.Webhook{
		Accounts: newDirectory(s.store).find, Log: s.log,
		Accept: func(ctx context.Context, events []bot.Incoming) error {
			return s.store.Accept(ctx, bot.WithAlerts(events))
		},
	}))
	if !s.env.SocketMode() {
		ofSlack := http.NewServeMux()
		(&slack.HTTP{
			SigningSecret: s.env.SlackSigningSecret.Reveal(), Receiver: s.receiver, Now: time.Now, Log: s.log,
		}).Register(ofSlack)
		mux.Handle("POST /webhooks/slack/", s.meter.webhook("slack", ofSlack))
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answerText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.meter.handler(s.log))
	return mux
}

// ready is 200 when the database is there and migrated, whatever Slack and
// LINE do; a process that is stopping is not ready.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.stopping:
		answerText(w, http.StatusServiceUnavailable, "stopping")
		return
	default:
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	err := s.store.View(ctx, func(tx bot.Tx) error {
		_, err := tx.Accounts()
		return err
	})
	if err != nil {
		s.log.Warn("not ready", "error", err)
		answerText(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	answerText(w, http.StatusOK, "ready")
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // a caller who left needs no answer
}
