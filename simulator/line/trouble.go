package line

import (
	"math/rand/v2"
	"time"
)

// Event names a webhook event.
type Event struct {
	ID        string
	Type      string
	BotUserID string
	ChatID    string
}

// Trouble is what goes wrong between LINE and an account's webhook. Its
// functions must not call the Platform.
type Trouble struct {
	Swallow func(Event) bool          // true: never delivered
	Copies  func(Event) int           // how often it is delivered; less than 2 is once
	Delay   func(Event) time.Duration // held back so long; the events behind it overtake it
	Batch   int                       // up to this many events that are due share a request
	// Overtake lets events of one chat be under way at the same time, which
	// LINE does not exclude. Otherwise one is answered before the next goes out.
	Overtake bool
}

// Shuffled is a Trouble.Delay that holds every event back for some time up to
// most, so that they arrive in another order.
func Shuffled(most time.Duration) func(Event) time.Duration {
	return func(Event) time.Duration {
		return rand.N(most)
	}
}

// send puts an event on its way: e, or raw bytes as they are. The caller holds mu.
func (p *Platform) send(a *account, named Event, e *wireEvent, raw []byte) {
	t := a.trouble
	if t.Swallow != nil && t.Swallow(named) || !a.active || a.webhook == "" {
		return
	}
	copies := 1
	if t.Copies != nil {
		copies = max(1, t.Copies(named))
	}
	for range copies {
		var delay time.Duration
		if t.Delay != nil {
			delay = t.Delay(named)
		}
		p.courier.add(parcel{account: a, named: named, event: e, raw: raw, batch: max(1, t.Batch), overtake: t.Overtake}, delay)
	}
}
