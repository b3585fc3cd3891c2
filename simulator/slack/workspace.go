// Package slack is a Slack workspace on loopback. It speaks the wire formats
// of the Web API, the Events API, interactivity and Socket Mode to unmodified
// clients, enforces the rules of the platform that matter to a relay, and
// lets a program act as the people in it.
//
// What is not known for certain of the platform is gathered in Beliefs.
package slack

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"madoguchi/simulator/fault"
)

// Options describe a workspace and the app that is installed in it. Every
// member may be left out.
type Options struct {
	Clock   func() time.Time // for ts, triggers, rates and signatures; default time.Now
	Logger  *slog.Logger
	Beliefs Beliefs

	TeamID    string
	TeamName  string
	Domain    string // of https://<domain>.slack.com
	AppID     string
	BotID     string
	BotUserID string
	BotName   string

	BotToken      string   // xoxb-…
	AppToken      string   // xapp-…
	SigningSecret string   // of deliveries over HTTP
	Scopes        []string // of the bot token; nil gives DefaultScopes
	Subscriptions []string // names of bot events, such as "message.groups"; nil subscribes to all

	// ChannelRate is how many posts a second a Slack channel takes, with a
	// burst of five; Slack allows about one. 0 switches the limit off.
	ChannelRate float64
	// EventsPerHour is how many events the app is sent; Slack allows 30,000.
	// 0 switches the limit off.
	EventsPerHour int

	// BaseURL is how the app reaches this server ("http://127.0.0.1:8080"); it
	// goes into the addresses of files, sockets and response URLs. When it is
	// empty the address of the app's first call is taken.
	BaseURL string
	// SocketMode delivers to sockets that the app opens; else HTTP requests
	// go to the three addresses. SetURLs sets them later.
	SocketMode     bool
	EventURL       string
	InteractionURL string
	CommandURL     string

	AckTimeout   time.Duration   // how long an answer may take; default 3 s
	RetryDelays  []time.Duration // before each further delivery of an event; nil is at once, 1 min, 5 min
	Workers      int             // deliveries under way at once; default 4, and 1 keeps the order
	PingInterval time.Duration   // of sockets; default 10 s
}

// DefaultScopes are the scopes of the bot token unless Options says otherwise.
func DefaultScopes() []string {
	return []string{
		"chat:write", "chat:write.customize", "commands",
		"groups:write", "groups:history", "groups:read", "groups:write.invites",
		"im:write", "im:history", "im:read", "files:read", "files:write",
		"reactions:read", "reactions:write", "users:read", "users:read.email", "team:read",
		"pins:write", "bookmarks:read", "bookmarks:write", "metadata.message:read",
	}
}

// Workspace is one Slack workspace with one app. It is an http.Handler: the
// Web API is below /api/. It is safe for concurrent use.
type Workspace struct {
	// Faults makes calls of the app fail. A call is named by its method; the
	// sending of a file's bytes is "files.upload".
	Faults *fault.Plan

	opts   Options
	mux    *http.ServeMux
	client *http.Client
	out    *dispatcher
	links  *links

	// ctx ends at Close, and with it every delivery and every hanging call.
	ctx    context.Context //nolint:containedctx // the life of the workspace
	cancel context.CancelFunc

	mu           sync.Mutex
	base         string
	urls         addresses
	beliefs      Beliefs
	lost         string // the error of every call since the app lost its rights
	scopes       []string
	users        map[string]*User
	userOrder    []string
	channels     map[string]*channel
	channelOrder []*channel
	names        map[string]*channel
	directs      map[string]*channel // by user
	files        map[string]*file
	uploads      map[string]*file // by the last part of the upload address
	triggers     map[string]*trigger
	modals       map[string][]*view // a stack by user
	homes        map[string]*view   // by user
	views        map[string]*view   // by id
	choices      map[string][]option
	ephemerals   []Ephemeral
	responses    map[string]*responseURL
	meter        meter
	trouble      Trouble
	swallow      int
	calls        map[string]int
	violations   []Violation
	deliveries   []Delivery
	watchers     map[chan struct{}]struct{}
}

// addresses are where deliveries over HTTP go.
type addresses struct{ events, interactions, commands string }

// New makes an empty workspace in which the bot is the only user. Close ends it.
func New(o Options) *Workspace {
	fill(&o)
	ctx, cancel := context.WithCancel(context.Background())
	w := &Workspace{
		Faults: &fault.Plan{},
		opts:   o,
		ctx:    ctx,
		cancel: cancel,
		client: newClient(),
		base:   o.BaseURL,
		urls:   addresses{o.EventURL, o.InteractionURL, o.CommandURL},
		scopes: o.Scopes,

		beliefs:   o.Beliefs,
		users:     map[string]*User{},
		channels:  map[string]*channel{},
		names:     map[string]*channel{},
		directs:   map[string]*channel{},
		files:     map[string]*file{},
		uploads:   map[string]*file{},
		triggers:  map[string]*trigger{},
		modals:    map[string][]*view{},
		homes:     map[string]*view{},
		views:     map[string]*view{},
		choices:   map[string][]option{},
		responses: map[string]*responseURL{},
		calls:     map[string]int{},
		watchers:  map[chan struct{}]struct{}{},
	}
	w.links = newLinks(w)
	w.out = newDispatcher(o.Workers, w.deliver)
	w.mux = http.NewServeMux()
	w.mux.HandleFunc("/api/{method}", w.serveMethod)
	w.mux.HandleFunc("POST /upload/{token}", w.serveUpload)
	w.mux.HandleFunc("GET /files-pri/{id}/{name}", w.serveFile)
	w.mux.HandleFunc("GET /link", w.links.serve)
	w.mux.HandleFunc("POST /response/{id}", w.serveResponseURL)
	w.mux.HandleFunc("GET /{$}", serveSignIn)
	w.AddUser(User{ID: o.BotUserID, Name: o.BotName, Bot: true})
	return w
}

func fill(o *Options) {
	text := func(p *string, s string) {
		if *p == "" {
			*p = s
		}
	}
	span := func(p *time.Duration, d time.Duration) {
		if *p <= 0 {
			*p = d
		}
	}
	text(&o.TeamID, "T0SIMULATE")
	text(&o.TeamName, "Simulated workspace")
	text(&o.Domain, "simulated")
	text(&o.AppID, "A0SIMULATE")
	text(&o.BotID, "B0SIMULATE")
	text(&o.BotUserID, "U0BOT")
	text(&o.BotName, "madoguchi")
	text(&o.BotToken, "xoxb-simulated-bot")
	text(&o.AppToken, "xapp-simulated-app")
	text(&o.SigningSecret, "simulated-signing-secret")
	span(&o.AckTimeout, 3*time.Second)
	span(&o.PingInterval, 10*time.Second)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Scopes == nil {
		o.Scopes = DefaultScopes()
	}
	if o.RetryDelays == nil {
		o.RetryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	if o.Workers <= 0 {
		o.Workers = 4
	}
}

// ServeHTTP answers the app.
func (w *Workspace) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mux.ServeHTTP(rw, r)
}

// Close ends all deliveries and sockets and waits for them.
func (w *Workspace) Close() {
	w.cancel()
	w.out.close()
	w.links.close()
	w.client.CloseIdleConnections()
}

// Drain waits until no event is on its way: all are delivered, swallowed, or
// given up after their last retry.
func (w *Workspace) Drain(ctx context.Context) error { return w.out.drain(ctx) }

// Options returns what the workspace was made with, defaults filled in: its
// ids, tokens and secret.
func (w *Workspace) Options() Options { return w.opts }

// SetURLs sets where deliveries over HTTP go. Menus ask the interaction
// address for their options.
func (w *Workspace) SetURLs(events, interactions, commands string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.urls = addresses{events, interactions, commands}
}

// SetBaseURL sets how the app reaches this server.
func (w *Workspace) SetBaseURL(base string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base = base
}

// SetScopes changes the scopes of the bot token, as a reinstallation does.
func (w *Workspace) SetScopes(scopes ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scopes = scopes
}

// SetBeliefs changes how the workspace behaves from now on.
func (w *Workspace) SetBeliefs(b Beliefs) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beliefs = b
}

func (w *Workspace) now() time.Time { return w.opts.Clock() }

// changed wakes those who watch. The caller holds mu.
func (w *Workspace) changed() {
	for c := range w.watchers {
		select {
		case c <- struct{}{}:
		default: // a wake-up is already waiting
		}
	}
}
