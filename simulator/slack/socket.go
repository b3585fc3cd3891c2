package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Limits of Socket Mode: how many sockets an app may hold, and from what size
// on an answer through one is dropped without a word.
const (
	maxSockets      = 10
	maxSocketAnswer = 20 << 10
)

func (w *Workspace) appsConnectionsOpen(*call) (reply, error) {
	ticket := newID("")
	w.links.mu.Lock()
	w.links.tickets[ticket] = true
	w.links.mu.Unlock()
	return reply{"url": "ws" + w.base[len("http"):] + "/link?ticket=" + ticket + "&app_id=" + w.opts.AppID}, nil
}

// links are the sockets of Socket Mode.
type links struct {
	w        *Workspace
	upgrader websocket.Upgrader

	mu      sync.Mutex
	tickets map[string]bool // addresses given out and not yet used
	open    []*link
	next    int
	closed  bool
	running sync.WaitGroup
}

// link is one socket.
type link struct {
	conn    *websocket.Conn
	write   sync.Mutex
	gone    chan struct{} // closed when reading has ended
	mu      sync.Mutex
	waiting map[string]chan json.RawMessage // by envelope id
}

func newLinks(w *Workspace) *links {
	return &links{
		w: w, tickets: map[string]bool{},
		// Slack clients send an Origin of Slack's own.
		upgrader: websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }},
	}
}

// serve runs a socket until it ends.
func (l *links) serve(rw http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	l.mu.Lock()
	valid := l.tickets[ticket] && !l.closed
	delete(l.tickets, ticket)
	if valid {
		l.running.Add(1)
	}
	l.mu.Unlock()
	if !valid {
		http.Error(rw, "no such ticket", http.StatusNotFound)
		return
	}
	defer l.running.Done()
	conn, err := l.upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	k := &link{conn: conn, gone: make(chan struct{}), waiting: map[string]chan json.RawMessage{}}
	defer func() { _ = conn.Close() }()
	count := len(l.all()) + 1
	if count > maxSockets {
		_ = k.send(disconnect("too_many_websockets"))
		return
	}
	// Nothing is sent through the socket before the app has been greeted.
	if err := k.send(l.hello(count)); err != nil {
		return
	}
	l.enter(k)
	defer l.leave(k)
	l.running.Go(func() { k.ping(l.w.opts.PingInterval) })
	k.read()
}

func (l *links) hello(count int) map[string]any {
	return map[string]any{
		"type": "hello", "num_connections": count,
		"debug_info":      map[string]any{"host": "simulated", "build_number": 1, "approximate_connection_time": 18060},
		"connection_info": map[string]any{"app_id": l.w.opts.AppID},
	}
}

func disconnect(reason string) map[string]any {
	return map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "simulated"}}
}

// enter puts a socket on the list of those that payloads go to.
func (l *links) enter(k *link) {
	l.mu.Lock()
	l.open = append(l.open, k)
	closed := l.closed
	l.mu.Unlock()
	if closed {
		_ = k.conn.Close()
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.changed()
}

// cut closes a socket; nothing is sent through it any more once cut returns.
func (l *links) cut(k *link) {
	l.leave(k)
	_ = k.conn.Close()
}

// leave takes a socket off the list, if it is still on it.
func (l *links) leave(k *link) {
	l.mu.Lock()
	for i, o := range l.open {
		if o == k {
			l.open = append(l.open[:i:i], l.open[i+1:]...)
			break
		}
	}
	l.mu.Unlock()
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.changed()
}

// pick chooses the socket for the next payload: each payload goes to one.
func (l *links) pick() *link {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) == 0 {
		return nil
	}
	l.next++
	return l.open[l.next%len(l.open)]
}

func (l *links) all() []*link {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*link(nil), l.open...)
}

func (l *links) close() {
	l.mu.Lock()
	l.closed = true
	open := append([]*link(nil), l.open...)
	l.mu.Unlock()
	for _, k := range open {
		_ = k.conn.Close()
	}
	l.running.Wait()
}

// ask sends a payload through a socket and waits for its acknowledgement.
func (l *links) ask(ctx context.Context, o outgoing) ([]byte, error) {
	k := l.pick()
	if k == nil {
		return nil, errNoSocket
	}
	id := newID("envelope-")
	answer := make(chan json.RawMessage, 1)
	k.mu.Lock()
	k.waiting[id] = answer
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.waiting, id)
	}()
	kind, takesAnswer := "events_api", true
	switch o.kind {
	case KindInteraction:
		kind = "interactive"
	case KindCommand:
		kind = "slash_commands"
	default:
		takesAnswer = false
	}
	envelope := map[string]any{
		"envelope_id": id, "type": kind, "payload": o.body, "accepts_response_payload": takesAnswer,
	}
	if o.kind == KindEvent {
		envelope["retry_attempt"], envelope["retry_reason"] = o.retry, o.reason
	}
	if err := k.send(envelope); err != nil {
		return nil, &DeliveryError{Reason: reasonConnection}
	}
	select {
	case payload := <-answer:
		return payload, nil
	case <-k.gone:
		return nil, &DeliveryError{Reason: reasonConnection}
	case <-ctx.Done():
		return nil, &DeliveryError{Reason: "timeout"}
	}
}

func (k *link) send(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode an envelope: %w", err)
	}
	k.write.Lock()
	defer k.write.Unlock()
	if err := k.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return fmt.Errorf("write to a socket: %w", err)
	}
	if err := k.conn.WriteMessage(websocket.TextMessage, raw); err != nil {
		return fmt.Errorf("write to a socket: %w", err)
	}
	return nil
}

// read takes acknowledgements until the socket ends.
func (k *link) read() {
	defer close(k.gone)
	for {
		_, raw, err := k.conn.ReadMessage()
		if err != nil {
			return
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if len(raw) >= maxSocketAnswer || json.Unmarshal(raw, &ack) != nil {
			continue
		}
		k.mu.Lock()
		if answer := k.waiting[ack.EnvelopeID]; answer != nil {
			answer <- ack.Payload
			delete(k.waiting, ack.EnvelopeID)
		}
		k.mu.Unlock()
	}
}

// ping lets the app see that the socket lives; a client that hears no ping
// reconnects.
func (k *link) ping(interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if k.conn.WriteControl(websocket.PingMessage, []byte("Ping from simulator"), time.Now().Add(5*time.Second)) != nil {
			return
		}
		select {
		case <-tick.C:
		case <-k.gone:
			return
		}
	}
}

// Sockets tells how many sockets of the app are open.
func (w *Workspace) Sockets() int { return len(w.links.all()) }

// AwaitSockets waits until n sockets are open.
func (w *Workspace) AwaitSockets(ctx context.Context, n int) error {
	changes, stop := w.Subscribe()
	defer stop()
	for w.Sockets() != n {
		select {
		case <-changes:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Disconnect tells every socket to go, as Slack does when it refreshes them:
// "warning" leaves it open for the app to close, "refresh_requested" and
// everything else closes it.
func (w *Workspace) Disconnect(reason string) {
	for _, k := range w.links.all() {
		_ = k.send(disconnect(reason))
		if reason != "warning" {
			w.links.cut(k)
		}
	}
}

// CutSockets breaks every socket without a word.
func (w *Workspace) CutSockets() {
	for _, k := range w.links.all() {
		w.links.cut(k)
	}
}
