package main

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"madoguchi/bot"
	"madoguchi/bot/slack"
	"madoguchi/storage"
)

// meter is everything that /metrics tells; docs/operations.md has the table. No
// label carries anything of a friend or of what was said.
type meter struct {
	registry *prometheus.Registry

	accepted, repeated, decided *prometheus.CounterVec
	replies, ended, attempts    *prometheus.CounterVec
	waits, waited               *prometheus.CounterVec
	failed                      *prometheus.CounterVec

	items                        prometheus.Histogram
	attempt, line, slack, answer *prometheus.HistogramVec
	database                     *prometheus.HistogramVec
}

var (
	_ bot.Meter     = (*meter)(nil)
	_ storage.Meter = (*meter)(nil)
)

// toSeconds are the limits of what is counted together of a duration. Among them
// are the two after which LINE and the three after which Slack gives up.
var toSeconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3, 5, 10}

func newMeter() *meter {
	registry := prometheus.NewRegistry()
	made := promauto.With(registry)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return made.NewCounterVec(prometheus.CounterOpts{Name: "madoguchi_" + name, Help: help}, labels)
	}
	duration := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return made.NewHistogramVec(prometheus.HistogramOpts{Name: "madoguchi_" + name, Help: help, Buckets: toSeconds}, labels)
	}
	m := &meter{
		registry: registry,
		accepted: counter("events_accepted_total", "Events that were stored.", "source"),
		repeated: counter("events_repeated_total", "Events that came again and were stored already.", "source"),
		decided:  counter("events_decided_total", "Attempts at deciding accepted events.", "source", "outcome"),
		replies:  counter("replies_total", "Operators' replies that got their receipt.", "outcome"),
		ended:    counter("deliveries_total", "Calls to LINE and Slack that ended.", "kind", "outcome"),
		attempts: counter("attempts_total", "Attempts at calls to LINE and Slack.", "kind", "outcome"),
		attempt:  duration("attempt_duration_seconds", "How long attempts took, with what was read for them.", "kind"),
		items: made.NewHistogram(prometheus.HistogramOpts{
			Name: "madoguchi_post_items", Help: "Messages and notices in a post; one with more than one is merged.",
			Buckets: []float64{1, 2, 5, 10, 20},
		}),
		waits:    counter("rate_limit_waits_total", "How often a rate made something wait.", "reason"),
		waited:   counter("rate_limit_wait_seconds_total", "For how long rates made something wait.", "reason"),
		line:     duration("line_call_duration_seconds", "How long LINE took to answer a request.", "endpoint", "outcome"),
		slack:    duration("slack_call_duration_seconds", "How long Slack took to answer a request.", "method", "outcome"),
		answer:   duration("webhook_duration_seconds", "How long LINE and Slack were kept waiting for an answer.", "platform", "code"),
		database: duration("database_duration_seconds", "How long the database took.", "operation"),
		failed:   counter("database_errors_total", "Operations in which the database was at fault.", "operation"),
	}
	made.NewGauge(prometheus.GaugeOpts{
		Name: "madoguchi_build_info", Help: "1, with the version of this process.", ConstLabels: prometheus.Labels{"version": version},
	}).Set(1)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.showZeros()
	return m
}

// showZeros has what did not happen yet stand as 0, where it is known what may
// happen: a rate sees nothing of a series that begins with 1.
func (m *meter) showZeros() {
	for _, source := range []bot.Source{bot.FromLINE, bot.FromSlack, bot.FromSelf} {
		m.accepted.WithLabelValues(string(source))
		m.repeated.WithLabelValues(string(source))
		for _, outcome := range bot.Decisions {
			m.decided.WithLabelValues(string(source), string(outcome))
		}
	}
	for _, state := range []bot.ReplyState{
		bot.ReplySentFree, bot.ReplySentPaid, bot.ReplyFailed, bot.ReplyUnclear, bot.ReplyRefused, bot.ReplyNote,
	} {
		m.replies.WithLabelValues(string(state))
	}
	for _, kind := range []bot.CallKind{bot.CallLINESend, bot.CallSlackPost} {
		for _, state := range []bot.CallState{bot.CallDone, bot.CallFailed, bot.CallVoid} {
			m.ended.WithLabelValues(string(kind), string(state))
		}
		for _, outcome := range []bot.FailureKind{"ok", bot.Permanent, bot.Misconfigured, bot.Transient, bot.RateLimited, bot.Uncertain} {
			m.attempts.WithLabelValues(string(kind), string(outcome))
		}
		m.attempt.WithLabelValues(string(kind))
	}
	for _, reason := range bot.WaitReasons {
		m.waits.WithLabelValues(string(reason))
		m.waited.WithLabelValues(string(reason))
	}
	for _, operation := range storage.Operations {
		m.database.WithLabelValues(string(operation))
		m.failed.WithLabelValues(string(operation))
	}
}

// handler serves what can be told also when the database cannot be asked.
func (m *meter) handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Timeout: 5 * time.Second, ErrorHandling: promhttp.ContinueOnError,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	})
}

// webhook times the answers of h. What it may answer begins with 0: see showZeros.
func (m *meter) webhook(platform string, h http.Handler) http.Handler {
	answers := m.answer.MustCurryWith(prometheus.Labels{"platform": platform})
	for _, code := range []int{http.StatusOK, http.StatusUnauthorized, http.StatusServiceUnavailable} {
		answers.WithLabelValues(strconv.Itoa(code))
	}
	return promhttp.InstrumentHandlerDuration(answers, h)
}

// Attempt implements bot.Meter.
func (m *meter) Attempt(kind bot.CallKind, outcome string, took time.Duration) {
	m.attempts.WithLabelValues(string(kind), outcome).Inc()
	m.attempt.WithLabelValues(string(kind)).Observe(took.Seconds())
}

// Decided implements bot.Meter.
func (m *meter) Decided(source bot.Source, outcome bot.Decision) {
	m.decided.WithLabelValues(string(source), string(outcome)).Inc()
}

// Ended implements bot.Meter.
func (m *meter) Ended(kind bot.CallKind, state bot.CallState) {
	m.ended.WithLabelValues(string(kind), string(state)).Inc()
}

// Answered implements bot.Meter.
func (m *meter) Answered(state bot.ReplyState) { m.replies.WithLabelValues(string(state)).Inc() }

// Posted implements bot.Meter.
func (m *meter) Posted(items int) { m.items.Observe(float64(items)) }

// Waited implements bot.Meter.
func (m *meter) Waited(reason bot.WaitReason, d time.Duration) {
	m.waits.WithLabelValues(string(reason)).Inc()
	m.waited.WithLabelValues(string(reason)).Add(d.Seconds())
}

// Accepted implements storage.Meter.
func (m *meter) Accepted(source bot.Source) { m.accepted.WithLabelValues(string(source)).Inc() }

// Repeated implements storage.Meter.
func (m *meter) Repeated(source bot.Source) { m.repeated.WithLabelValues(string(source)).Inc() }

// Took implements storage.Meter.
func (m *meter) Took(o storage.Operation, took time.Duration, failed bool) {
	m.database.WithLabelValues(string(o)).Observe(took.Seconds())
	if failed {
		m.failed.WithLabelValues(string(o)).Inc()
	}
}

func (m *meter) lineCall(endpoint, outcome string, took time.Duration) {
	m.line.WithLabelValues(endpoint, outcome).Observe(took.Seconds())
}

func (m *meter) slackCall(method, outcome string, took time.Duration) {
	m.slack.WithLabelValues(method, outcome).Observe(took.Seconds())
}

func (m *meter) watchSocket(s *slack.Socket) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "madoguchi_slack_connected", Help: "1 while Slack has a Socket Mode connection to deliver through.",
	}, func() float64 {
		if s.Connected() {
			return 1
		}
		return 0
	}))
}
