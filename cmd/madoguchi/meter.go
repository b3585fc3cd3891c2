package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"madoguchi/bot"
	"madoguchi/bot/slack"
)

// meter is everything that /metrics tells. No label carries anything of a
// friend or of what was said.
type meter struct {
	registry *prometheus.Registry
	attempts *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	decided  *prometheus.CounterVec
	merged   prometheus.Counter
	waits    *prometheus.CounterVec
	slack    *prometheus.HistogramVec
}

var _ bot.Meter = (*meter)(nil)

func newMeter(store bot.Store) *meter {
	m := &meter{
		registry: prometheus.NewRegistry(),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "madoguchi_attempts_total", Help: "Attempts at calls to LINE and Slack, by kind and outcome.",
		}, []string{"kind", "outcome"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "madoguchi_attempt_seconds", Help: "How long attempts took.", Buckets: prometheus.DefBuckets,
		}, []string{"kind"}),
		decided: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "madoguchi_events_decided_total", Help: "Accepted events that were decided, by source and outcome.",
		}, []string{"source", "outcome"}),
		merged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "madoguchi_posted_items_total", Help: "Messages and notices shown in Slack; divided by the posts, how well they merge.",
		}),
		waits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "madoguchi_rate_wait_seconds_total", Help: "Time that posts were told to wait, by reason.",
		}, []string{"reason"}),
		slack: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "madoguchi_slack_call_seconds", Help: "How long requests to Slack took, by method and outcome.", Buckets: prometheus.DefBuckets,
		}, []string{"method", "outcome"}),
	}
	m.registry.MustRegister(m.attempts, m.calls, m.decided, m.merged, m.waits, m.slack, &backlog{store: store},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *meter) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Timeout: 5 * time.Second})
}

// Attempt implements bot.Meter.
func (m *meter) Attempt(kind bot.CallKind, outcome string, took time.Duration) {
	m.attempts.WithLabelValues(string(kind), outcome).Inc()
	m.calls.WithLabelValues(string(kind)).Observe(took.Seconds())
}

// Decided implements bot.Meter.
func (m *meter) Decided(source bot.Source, outcome string) {
	m.decided.WithLabelValues(string(source), outcome).Inc()
}

// Merged implements bot.Meter.
func (m *meter) Merged(messages int) { m.merged.Add(float64(messages)) }

// Waited implements bot.Meter.
func (m *meter) Waited(reason string, d time.Duration) {
	m.waits.WithLabelValues(reason).Add(d.Seconds())
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

// backlog asks the database at each scrape.
type backlog struct{ store bot.Store }

var (
	inboxPending  = prometheus.NewDesc("madoguchi_inbox_pending", "Accepted events not decided yet.", nil, nil)
	inboxParked   = prometheus.NewDesc("madoguchi_inbox_parked", "Events set aside because they cannot be decided.", nil, nil)
	inboxOldest   = prometheus.NewDesc("madoguchi_inbox_oldest_seconds", "Age of the oldest event not decided.", nil, nil)
	outboxPending = prometheus.NewDesc("madoguchi_outbox_pending", "Things decided and not carried out yet.", nil, nil)
	outboxOldest  = prometheus.NewDesc("madoguchi_outbox_oldest_seconds", "Age of the oldest thing not carried out.", nil, nil)
	pauses        = prometheus.NewDesc("madoguchi_paused_connections", "Connections that do not work until somebody acts.", nil, nil)
)

// Describe implements prometheus.Collector.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(b, ch) }

// Collect implements prometheus.Collector.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	s, err := readState(ctx, b.store)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(inboxPending, err)
		return
	}
	for desc, value := range map[*prometheus.Desc]float64{
		inboxPending: float64(s.inbox), inboxParked: float64(s.parked), inboxOldest: s.age(s.inboxOldest).Seconds(),
		outboxPending: float64(s.outbox), outboxOldest: s.age(s.outboxOld).Seconds(), pauses: float64(len(s.pauses)),
	} {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
}
