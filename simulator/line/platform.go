// Package line is a LINE Platform on loopback: LINE official accounts, their
// friends and groups, the webhooks that these cause and the Messaging API that
// answers. It speaks the real wire format and enforces LINE's rules, so that
// the demo and every test run against it with unmodified clients.
//
// It is made from LINE's published documentation. What that leaves open is in
// Beliefs.
package line

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"madoguchi/simulator/fault"
)

// Options are what a Platform is made with. The zero value is fine.
type Options struct {
	Clock   func() time.Time // time.Now if nil
	Logger  *slog.Logger     // discards if nil
	Beliefs Beliefs

	WebhookTimeout time.Duration   // how long a webhook may take to answer; default 2 s
	RedeliverAfter []time.Duration // waits before each redelivery; default 1 s, 5 s, 30 s
	Workers        int             // webhooks under way at once; default 8
}

// Platform is one LINE Platform. As an http.Handler it is both api.line.me and
// api-data.line.me. It is safe for concurrent use. Accounts are named by the
// user id of their bot.
type Platform struct {
	// Faults makes calls of the accounts fail. A call is named by its path.
	Faults *fault.Plan

	opts    Options
	mux     *http.ServeMux
	client  *http.Client
	courier *courier

	// ctx ends at Close, and with it every delivery and every hanging call.
	ctx    context.Context //nolint:containedctx // the life of the platform
	cancel context.CancelFunc

	mu         sync.Mutex
	accounts   map[string]*account
	order      []*account
	lastID     int64 // of a message
	lastEvent  int64
	calls      map[string]int
	violations []Violation
	deliveries []Delivery
	watchers   map[chan struct{}]struct{}
	inspect    func(body []byte)
}

// New returns a Platform without accounts. Close ends it.
func New(o Options) *Platform {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.WebhookTimeout <= 0 {
		o.WebhookTimeout = 2 * time.Second
	}
	if o.RedeliverAfter == nil {
		o.RedeliverAfter = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}
	}
	if o.Workers <= 0 {
		o.Workers = 8
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Platform{
		Faults:   &fault.Plan{},
		opts:     o,
		mux:      http.NewServeMux(),
		client:   newWebhookClient(),
		ctx:      ctx,
		cancel:   cancel,
		accounts: map[string]*account{},
		lastID:   500_000_000_000_000_000,
		calls:    map[string]int{},
		watchers: map[chan struct{}]struct{}{},
	}
	p.routes()
	p.courier = newCourier(ctx, o.Workers, p.deliver)
	return p
}

// ServeHTTP answers the accounts.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Close ends all deliveries and hanging calls and waits for the deliveries.
func (p *Platform) Close() {
	p.cancel()
	p.courier.wait()
	p.client.CloseIdleConnections()
}

// Drain waits until no webhook is on its way: all are answered, swallowed, or
// given up.
func (p *Platform) Drain(ctx context.Context) error { return p.courier.drain(ctx) }

func (p *Platform) now() time.Time { return p.opts.Clock() }

// Subscribe returns a channel that gets a value after something changed.
// Changes in quick succession may share one. Stop ends it.
func (p *Platform) Subscribe() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watchers[c] = struct{}{}
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watchers, c)
	}
}

// changed tells the subscribers. The caller holds mu.
func (p *Platform) changed() {
	for c := range p.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
