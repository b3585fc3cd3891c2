package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	// silence is how long a dead connection may go unnoticed: Slack's pings
	// come more often.
	silence = 30 * time.Second
	// longestPause lies between two attempts to connect. The SDK would wait
	// for up to five minutes.
	longestPause = 30 * time.Second
	// carriers take in requests side by side, as commits are shared; waiting
	// is how many requests there may be besides.
	carriers = 32
	waiting  = 1024
)

// Socket takes in over Socket Mode what HTTP takes in otherwise. A request is
// acknowledged after the receiver has stored it, and not at all when that
// failed: Slack then sends it again.
type Socket struct {
	AppToken string
	APIURL   string // with a slash at its end
	Receiver *Receiver
	// OnReconnect is told, after each time without a connection, from when to
	// when events may be missing. It runs beside everything else, and Run does
	// not return before it has.
	OnReconnect func(since, until time.Time)
	Now         func() time.Time
	Log         *slog.Logger

	connected atomic.Bool
	lost      time.Time // when the connection was last known to be good; zero unless it was lost
}

// Connected reports whether Slack has a connection to deliver through.
func (s *Socket) Connected() bool { return s.connected.Load() }

// Run keeps a connection until ctx ends, then closes it and returns nil. A
// token that Slack refuses is tried again too: it may be put right over there.
// Run must be called once.
func (s *Socket) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := s.session(ctx)
		s.down()
		s.pause(ctx, err)
	}
	return nil
}

// pause waits before the next session, unless there will be none.
func (s *Socket) pause(ctx context.Context, why error) {
	if ctx.Err() != nil {
		return
	}
	s.Log.ErrorContext(ctx, "no connection to Slack; trying again soon", "pause", longestPause, "error", why)
	timer := time.NewTimer(longestPause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// session runs the SDK's client, which reconnects by itself, until it gives up
// or would pause for too long.
func (s *Socket) session(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := socketmode.New(
		slackapi.New("",
			slackapi.OptionAppLevelToken(s.AppToken),
			slackapi.OptionAPIURL(s.APIURL),
			slackapi.OptionHTTPClient(&http.Client{Timeout: silence}),
		),
		socketmode.OptionPingInterval(silence),
		socketmode.OptionReadLimit(maxBody),
		// The SDK's log quotes what people wrote.
		socketmode.OptionLog(log.New(io.Discard, "", 0)),
	)
	c := connection{socket: s, client: client, queue: make(chan frame, waiting)}
	var group sync.WaitGroup
	defer group.Wait()
	for range carriers {
		group.Go(func() { c.carry(ctx) })
	}
	group.Go(func() { c.watch(ctx, cancel, &group) })
	err := client.RunContext(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	cancel(err)
	return err
}

// up notes that Slack delivers to us, and returns since when it did not.
func (s *Socket) up() (since time.Time, gap bool) {
	s.connected.Store(true)
	since, s.lost = s.lost, time.Time{}
	return since, !since.IsZero()
}

// down notes that the connection is gone. It may have been for a while.
func (s *Socket) down() {
	if s.connected.Swap(false) {
		s.lost = s.Now().Add(-silence)
	}
}

// connection is one session's client and what it has brought.
type connection struct {
	socket *Socket
	client *socketmode.Client
	queue  chan frame
}

// frame is one envelope of Socket Mode and when it came.
type frame struct {
	*socketmode.Request
	at time.Time
}

// watch empties the client's channel and never makes it wait: a client that
// waits stops answering Slack's pings.
func (c *connection) watch(ctx context.Context, cancel context.CancelCauseFunc, group *sync.WaitGroup) {
	s := c.socket
	for {
		var e socketmode.Event
		select {
		case e = <-c.client.Events:
		case <-ctx.Done():
			return
		}
		switch e.Type {
		case socketmode.EventTypeHello:
			s.Log.InfoContext(ctx, "connected to Slack", "connections", e.Request.NumConnections)
			if since, gap := s.up(); gap {
				until := s.Now()
				group.Go(func() { s.OnReconnect(since, until) })
			}
		case socketmode.EventTypeConnecting:
			s.down()
		case socketmode.EventTypeConnectionError:
			if failed, ok := e.Data.(*slackapi.ConnectionErrorEvent); ok {
				c.failed(ctx, failed, cancel)
			}
		case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand:
			c.enqueue(ctx, e.Request)
		case socketmode.EventTypeErrorBadMessage:
			// The SDK could not read some part of it; we may not need that part.
			if bad, ok := e.Data.(*socketmode.ErrorBadMessage); ok {
				c.enqueueRaw(ctx, bad.Message)
			}
		}
	}
}

// failed starts anew where the SDK would wait for longer than a person who
// waits for a message should, except when Slack asked for the pause.
func (c *connection) failed(ctx context.Context, e *slackapi.ConnectionErrorEvent, cancel context.CancelCauseFunc) {
	c.socket.Log.WarnContext(ctx, "connecting to Slack", "attempt", e.Attempt, "pause", e.Backoff, "error", e.ErrorObj)
	if _, asked := errors.AsType[*slackapi.RateLimitedError](e.ErrorObj); !asked && e.Backoff > longestPause {
		cancel(fmt.Errorf("connect to Slack: %w", e.ErrorObj))
	}
}

func (c *connection) enqueueRaw(ctx context.Context, message json.RawMessage) {
	var r socketmode.Request
	if err := json.Unmarshal(message, &r); err != nil || r.EnvelopeID == "" {
		c.socket.Log.WarnContext(ctx, "Slack sent over the socket what is not a request", "bytes", len(message))
		return
	}
	c.enqueue(ctx, &r)
}

// enqueue leaves a request that finds no room unacknowledged.
func (c *connection) enqueue(ctx context.Context, r *socketmode.Request) {
	select {
	case c.queue <- frame{Request: r, at: c.socket.Now()}:
	default:
		c.socket.Log.WarnContext(ctx, "too much at once from Slack; it will be sent again", "type", r.Type)
	}
}

// carry takes in request after request.
func (c *connection) carry(ctx context.Context) {
	for {
		select {
		case r := <-c.queue:
			c.handle(ctx, r)
		case <-ctx.Done():
			return
		}
	}
}

// handle takes in one request and acknowledges it, unless Slack has given it
// up by now: then it comes again.
func (c *connection) handle(ctx context.Context, r frame) {
	s := c.socket
	left := answerTime - s.Now().Sub(r.at)
	if left <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	answer, err := s.take(ctx, r.Request)
	if err != nil {
		s.Log.ErrorContext(ctx, "taking in from Slack", "type", r.Type, "error", err)
		return
	}
	var payload any
	if answer != nil {
		payload = json.RawMessage(answer)
	}
	if err := c.client.AckCtx(ctx, r.EnvelopeID, payload); err != nil {
		s.Log.WarnContext(ctx, "acknowledging to Slack", "type", r.Type, "error", err)
	}
}

// take hands a request to the receiver; a bug there fails this request alone.
func (s *Socket) take(ctx context.Context, r *socketmode.Request) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	switch r.Type {
	case socketmode.RequestTypeEventsAPI:
		return nil, s.Receiver.Event(ctx, r.Payload)
	case socketmode.RequestTypeInteractive:
		return s.Receiver.Interaction(ctx, r.Payload)
	case socketmode.RequestTypeSlashCommands:
		var c Command
		if json.Unmarshal(r.Payload, &c) != nil {
			return nil, s.Receiver.keep(ctx, r.Payload, errUnreadable)
		}
		return s.Receiver.Command(ctx, c), nil
	default:
		return nil, s.Receiver.keep(ctx, r.Payload, errUnreadable)
	}
}
