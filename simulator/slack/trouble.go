package slack

import (
	"math/rand/v2"
	"time"
)

// Trouble is what goes wrong between the workspace and the app. Its functions
// must not call the workspace.
type Trouble struct {
	Swallow func(Event) bool          // true: never delivered
	Copies  func(Event) int           // how often it is delivered; less than 2 is once
	Delay   func(Event) time.Duration // held back so long; the events behind it overtake it
}

// SetTrouble replaces what goes wrong from now on.
func (w *Workspace) SetTrouble(t Trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = t
}

// SwallowNext loses the next n events.
func (w *Workspace) SwallowNext(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.swallow = n
}

// Shuffled is a Trouble.Delay that holds every event back for some time up to
// most, so that they arrive in another order.
func Shuffled(most time.Duration) func(Event) time.Duration {
	return func(Event) time.Duration {
		return rand.N(most)
	}
}

// send puts an event on its way. The caller holds mu.
func (w *Workspace) send(e Event) {
	if w.swallow > 0 {
		w.swallow--
		return
	}
	if w.trouble.Swallow != nil && w.trouble.Swallow(e) {
		return
	}
	copies := 1
	if w.trouble.Copies != nil {
		copies = max(1, w.trouble.Copies(e))
	}
	for range copies {
		var delay time.Duration
		if w.trouble.Delay != nil {
			delay = w.trouble.Delay(e)
		}
		w.out.add(parcel{event: e}, delay)
	}
}
