package line

import (
	"context"
	"sync"
	"time"
)

// parcel is one event on its way to a webhook.
type parcel struct {
	account  *account
	named    Event
	event    *wireEvent // or
	raw      []byte
	due      time.Time
	attempt  int // redeliveries so far
	batch    int
	overtake bool
}

// courier delivers parcels when they are due, those of one chat one after the
// other unless they may overtake.
type courier struct {
	deliver func([]parcel)
	workers sync.WaitGroup

	mu       sync.Mutex
	waiting  []parcel // by time of arrival
	busy     map[*account]map[string]bool
	underWay int
	news     chan struct{} // closed and replaced whenever the above changes
}

func newCourier(ctx context.Context, workers int, deliver func([]parcel)) *courier {
	c := &courier{deliver: deliver, busy: map[*account]map[string]bool{}, news: make(chan struct{})}
	for range workers {
		c.workers.Go(func() { c.work(ctx) })
	}
	return c
}

func (c *courier) wait() { c.workers.Wait() }

func (c *courier) add(p parcel, delay time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.due = time.Now().Add(delay)
	c.waiting = append(c.waiting, p)
	c.tell()
}

// tell wakes whoever waits for a change. The caller holds mu.
func (c *courier) tell() {
	close(c.news)
	c.news = make(chan struct{})
}

// drain waits until nothing waits and nothing is under way.
func (c *courier) drain(ctx context.Context) error {
	for {
		c.mu.Lock()
		idle, news := len(c.waiting) == 0 && c.underWay == 0, c.news
		c.mu.Unlock()
		if idle {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *courier) work(ctx context.Context) {
	for ctx.Err() == nil {
		load, next, news := c.take()
		if len(load) > 0 {
			c.deliver(load)
			c.done(load)
			continue
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-news:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// take returns what goes into the next request: parcels of one account that
// are due, of chats that none is under way to. If there are none, it says how
// long to wait at most.
func (c *courier) take() (load []parcel, next time.Duration, news chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	next = time.Hour
	var rest []parcel
	taken := map[string]bool{} // chats
	for _, p := range c.waiting {
		wait := p.due.Sub(now)
		full := len(load) > 0 && (p.account != load[0].account || len(load) >= load[0].batch)
		held := !p.overtake && c.busy[p.account][p.named.ChatID] && !taken[p.named.ChatID]
		if wait > 0 || full || held {
			if wait > 0 {
				next = min(next, wait)
			}
			rest = append(rest, p)
			continue
		}
		load = append(load, p)
		taken[p.named.ChatID] = true
		c.mark(p, true)
	}
	c.waiting = rest
	if len(load) > 0 {
		c.underWay++
	}
	return load, next, c.news
}

func (c *courier) mark(p parcel, busy bool) {
	if p.overtake {
		return
	}
	if c.busy[p.account] == nil {
		c.busy[p.account] = map[string]bool{}
	}
	if busy {
		c.busy[p.account][p.named.ChatID] = true
	} else {
		delete(c.busy[p.account], p.named.ChatID)
	}
}

func (c *courier) done(load []parcel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range load {
		c.mark(p, false)
	}
	c.underWay--
	c.tell()
}
