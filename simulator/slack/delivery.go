package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// DeliveryKind is what was delivered.
type DeliveryKind string

// The kinds of deliveries.
const (
	KindEvent       DeliveryKind = "event"
	KindInteraction DeliveryKind = "interaction"
	KindCommand     DeliveryKind = "command"
)

// Delivery is one request to the app and how it went.
type Delivery struct {
	At      time.Time
	Took    time.Duration
	Kind    DeliveryKind
	Name    string // type of the event or interaction; the command
	EventID string
	Retry   int    // 0 of the first
	Reason  string // why it was delivered again
	Socket  bool
	Status  int    // over HTTP, when an answer came
	Problem string // "" if the app took it
}

// Reasons for a retry, as x-slack-retry-reason names them.
const (
	reasonTimeout    = "http_timeout"
	reasonError      = "http_error"
	reasonConnection = "connection_failed"
)

// DeliveryError says that the app did not take a delivery.
type DeliveryError struct {
	Reason string // as x-slack-retry-reason
	Status int    // over HTTP, when an answer came
	final  bool   // the app asked not to be sent it again
}

func (e *DeliveryError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("the app answered %d", e.Status)
	}
	return "the app did not answer: " + e.Reason
}

// errNoSocket is a delivery in Socket Mode while no socket is open.
var errNoSocket = errors.New("no socket is open")

// deliver makes one delivery of an event and plans the next if it fails.
func (w *Workspace) deliver(p parcel) {
	_, err := w.request(w.ctx, outgoing{
		kind: KindEvent, name: p.event.Type, eventID: p.event.ID, body: p.event.Body, retry: p.retry, reason: p.reason,
	})
	if err == nil || p.retry >= len(w.opts.RetryDelays) {
		return
	}
	if errors.Is(err, errNoSocket) && w.losesWithoutSocket() {
		return
	}
	reason := reasonConnection
	if failed, ok := errors.AsType[*DeliveryError](err); ok {
		if failed.final {
			return
		}
		reason = failed.Reason
	}
	w.out.add(parcel{event: p.event, retry: p.retry + 1, reason: reason}, w.opts.RetryDelays[p.retry])
}

func (w *Workspace) losesWithoutSocket() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.beliefs.NoSocketNoRetry
}

// outgoing is a request to the app.
type outgoing struct {
	kind    DeliveryKind
	name    string
	eventID string
	body    json.RawMessage // of a command its members
	retry   int
	reason  string
}

// request sends o over the transport in use and returns what the app answered.
// The caller does not hold mu.
func (w *Workspace) request(ctx context.Context, o outgoing) ([]byte, error) {
	began := time.Now()
	entry := Delivery{
		At: w.now(), Kind: o.kind, Name: o.name, EventID: o.eventID,
		Retry: o.retry, Reason: o.reason, Socket: w.opts.SocketMode,
	}
	ctx, cancel := context.WithTimeout(ctx, w.opts.AckTimeout)
	defer cancel()
	stop := context.AfterFunc(w.ctx, cancel) //nolint:contextcheck // Close ends it as well as the caller
	defer stop()
	var answer []byte
	var err error
	if w.opts.SocketMode {
		answer, err = w.links.ask(ctx, o)
	} else {
		answer, entry.Status, err = w.post(ctx, o)
	}
	entry.Took = time.Since(began)
	if err != nil {
		entry.Problem = err.Error()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deliveries = append(w.deliveries, entry)
	w.changed()
	return answer, err
}
