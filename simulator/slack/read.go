package slack

import (
	"encoding/json"
	"slices"
	"time"
)

// Ephemeral is a message that only one user sees.
type Ephemeral struct {
	Channel  string
	User     string
	TS       string
	ThreadTS string
	Text     string
	Blocks   json.RawMessage
}

// Violation is a rule that the app broke. A violation is recorded whether or
// not Slack would have let it pass.
type Violation struct {
	At     time.Time
	Method string
	Rule   string
}

// violate records a broken rule. The caller holds mu.
func (w *Workspace) violate(method, rule string) {
	w.violations = append(w.violations, Violation{At: w.now(), Method: method, Rule: rule})
}

// Violations returns the rules that the app broke.
func (w *Workspace) Violations() []Violation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.violations)
}

// Calls tells how often the app called a method, failed calls included.
func (w *Workspace) Calls(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

// DeliveryLog returns every request to the app so far.
func (w *Workspace) DeliveryLog() []Delivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.deliveries)
}

// Users returns the users in the order in which they came.
func (w *Workspace) Users() []User {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]User, 0, len(w.userOrder))
	for _, id := range w.userOrder {
		out = append(out, *w.users[id])
	}
	return out
}

// Channels returns all Slack channels and direct messages, oldest first.
func (w *Workspace) Channels() []Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Channel, 0, len(w.channelOrder))
	for _, ch := range w.channelOrder {
		out = append(out, ch.snapshot())
	}
	return out
}

// Channel returns the Slack channel with this id or name.
func (w *Workspace) Channel(idOrName string) (Channel, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channels[idOrName]
	if ch == nil {
		ch = w.names[idOrName]
	}
	if ch == nil {
		return Channel{}, false
	}
	return ch.snapshot(), true
}

// Messages returns everything that was said in a Slack channel in the order of
// ts, threads and deleted messages included.
func (w *Workspace) Messages(channelID string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channels[channelID]
	if ch == nil {
		return nil
	}
	out := make([]Message, 0, len(ch.messages))
	for _, m := range ch.messages {
		out = append(out, m.snapshot())
	}
	return out
}

// Message returns one message.
func (w *Workspace) Message(channelID, ts string) (Message, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channels[channelID]
	if ch == nil || ch.byTS[ts] == nil {
		return Message{}, false
	}
	return ch.byTS[ts].snapshot(), true
}

// Thread returns a thread's first post and the replies that are there.
func (w *Workspace) Thread(channelID, ts string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channels[channelID]
	if ch == nil || ch.byTS[ts] == nil {
		return nil
	}
	root := ch.byTS[ts]
	out := []Message{root.snapshot()}
	for _, m := range root.replies {
		if !m.Deleted {
			out = append(out, m.snapshot())
		}
	}
	return out
}

// Ephemerals returns what was shown to one user only, oldest first.
func (w *Workspace) Ephemerals(user string) []Ephemeral {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Ephemeral
	for _, e := range w.ephemerals {
		if e.User == user {
			e.Blocks = slices.Clone(e.Blocks)
			out = append(out, e)
		}
	}
	return out
}

// Subscribe returns a channel that gets a value after something changed.
// Changes in quick succession may share one. Stop ends it.
func (w *Workspace) Subscribe() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers[c] = struct{}{}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watchers, c)
	}
}
