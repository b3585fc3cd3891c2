// Package bot is the relay between LINE and Slack: events are accepted into
// the inbox, decided lane by lane into messages, parts, replies and calls, and
// the calls are attempted from the outbox. It knows no HTTP, no SQL and no
// vendor SDK; those are behind the interfaces it declares.
package bot

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Files keeps the files of friends' messages.
type Files interface {
	// Put stores at most limit bytes of body and returns how many there were;
	// ErrTooLarge, and nothing kept, when there were more.
	Put(ctx context.Context, key string, body io.Reader, contentType string, limit int64) (int64, error)
	Open(ctx context.Context, key string) (io.ReadCloser, int64, error)
	Delete(ctx context.Context, key string) error
}

// Limits are the rates that Slack allows; 0 switches one off.
type Limits struct {
	ChannelPerSecond   float64 // posts a second in one Slack channel
	WorkspacePerMinute float64 // posts a minute in the workspace
	EventsPerHour      float64 // events Slack delivers an hour; our own posts are among them
}

// Config is what a Relay is made of. All of it is required unless it says
// otherwise.
type Config struct {
	Store       Store
	Slack       Slack
	LINE        func(Account) LINE // called once for each version of an account
	Renderer    Renderer
	Composer    Composer
	DecodeLINE  func(raw []byte) (LINEEvent, error)
	DecodeSlack func(raw []byte) (SlackEvent, error)
	// Swept makes of a reply that a sweep found what would have been accepted
	// had its event arrived.
	Swept      func(teamID string, r SlackReply, now time.Time) (Incoming, error)
	TextUnits  func(text string) int // length as LINE counts it
	Files      Files
	Limits     Limits
	MediaLimit int64 // bytes of a friend's file that are kept; default 200 MB
	Purge      func(ctx context.Context, now int64) error
	Log        *slog.Logger
	Now        func() time.Time // default time.Now
	Meter      Meter            // optional
}

// Meter counts what the relay does, for /metrics. Its methods must be quick.
type Meter interface {
	// Attempt counts one try at a call: "ok", or a FailureKind.
	Attempt(kind CallKind, outcome string, took time.Duration)
	// Decided counts an attempt at deciding an event.
	Decided(source Source, outcome Decision)
	// Ended counts a call that is done, failed or void.
	Ended(kind CallKind, state CallState)
	// Answered counts a reply of an operator that got its receipt.
	Answered(state ReplyState)
	// Posted counts a post by what it shows.
	Posted(items int)
	// Waited counts that a rate made something wait.
	Waited(reason WaitReason, d time.Duration)
}

// Decision is what came of an attempt at deciding an event.
type Decision string

// What may come of it.
const (
	Decided   Decision = "ok"
	Undecided Decision = "error" // it is attempted again
	SetAside  Decision = "parked"
)

// Decisions are all of them.
var Decisions = []Decision{Decided, Undecided, SetAside}

// WaitReason is whose rate made something wait.
type WaitReason string

// The reasons.
const (
	WaitOwnRate WaitReason = "own_rate"  // what we allow ourselves, under what Slack allows
	WaitSlack   WaitReason = "slack_429" // Slack said so
	WaitLINE    WaitReason = "line_429"  // LINE said so
)

// WaitReasons are all of them.
var WaitReasons = []WaitReason{WaitOwnRate, WaitSlack, WaitLINE}

// Relay carries messages between LINE and Slack until its context ends.
type Relay struct {
	Config
	offices  offices
	identity atomic.Pointer[SlackIdentity]
	lines    sync.Map // account id → *lineClient
}

// New returns a Relay that does nothing until Run.
func New(c Config) *Relay {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MediaLimit == 0 {
		c.MediaLimit = 200 << 20
	}
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	return &Relay{Config: c}
}

// Run works until ctx ends and every attempt under way has been recorded.
func (r *Relay) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range []worker{
		{kind: LaneInbox, slots: 16, serve: r.serveInbox},
		{kind: LaneSend, slots: 32, serve: r.serveSends},
		{kind: LanePost, slots: 64, serve: r.servePosts},
		{kind: LaneTask, slots: 16, serve: r.serveTasks},
		{kind: LaneMedia, slots: 16, serve: r.serveTasks}, // files that stall must hold up no other errand
	} {
		w.store, w.log, w.now = r.Store, r.Log, r.Now
		group.Go(func() error { return w.run(ctx) })
	}
	group.Go(func() error { return r.watchSettings(ctx) })
	group.Go(func() error { return r.beat(ctx) })
	group.Go(func() error { return r.keepHouse(ctx) })
	return group.Wait()
}

// Identity is who the bot is in Slack; ok is false until Slack has told.
func (r *Relay) Identity() (SlackIdentity, bool) {
	id := r.identity.Load()
	if id == nil {
		return SlackIdentity{}, false
	}
	return *id, true
}

// LearnIdentity asks Slack who the bot is, once it answers.
func (r *Relay) LearnIdentity(ctx context.Context) error {
	id, err := r.Slack.Identity(ctx)
	if err != nil {
		return err
	}
	r.identity.Store(&id)
	return nil
}

type lineClient struct {
	version int64
	line    LINE
}

// lineOf returns the client of an account's LINE channel as it is set now.
func (r *Relay) lineOf(a Account) LINE {
	if c, ok := r.lines.Load(a.ID); ok && c.(*lineClient).version == a.Version {
		return c.(*lineClient).line
	}
	c := &lineClient{version: a.Version, line: r.LINE(a)}
	r.lines.Store(a.ID, c)
	return c.line
}

type noMeter struct{}

func (noMeter) Attempt(CallKind, string, time.Duration) {}
func (noMeter) Decided(Source, Decision)                {}
func (noMeter) Ended(CallKind, CallState)               {}
func (noMeter) Answered(ReplyState)                     {}
func (noMeter) Posted(int)                              {}
func (noMeter) Waited(WaitReason, time.Duration)        {}
