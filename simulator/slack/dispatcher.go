package slack

import (
	"context"
	"sync"
	"time"
)

// parcel is one delivery of an event: the first or a retry.
type parcel struct {
	event  Event
	retry  int // 0 of the first
	reason string
}

// dispatcher hands parcels to a few workers, in the order in which they become
// due.
type dispatcher struct {
	deliver func(parcel)

	mu      sync.Mutex
	wake    *sync.Cond
	queue   []parcel
	pending int // queued, being delivered, or waiting for their time
	timers  map[*time.Timer]struct{}
	idle    chan struct{} // closed while nothing is pending
	closed  bool
	workers sync.WaitGroup
}

func newDispatcher(workers int, deliver func(parcel)) *dispatcher {
	d := &dispatcher{deliver: deliver, timers: map[*time.Timer]struct{}{}, idle: make(chan struct{})}
	d.wake = sync.NewCond(&d.mu)
	close(d.idle)
	for range workers {
		d.workers.Go(d.work)
	}
	return d
}

// add queues a parcel for after delay.
func (d *dispatcher) add(p parcel, delay time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	if d.pending == 0 {
		d.idle = make(chan struct{})
	}
	d.pending++
	if delay <= 0 {
		d.queue = append(d.queue, p)
		d.wake.Signal()
		return
	}
	var t *time.Timer
	t = time.AfterFunc(delay, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.timers, t)
		d.queue = append(d.queue, p)
		d.wake.Signal()
	})
	d.timers[t] = struct{}{}
}

func (d *dispatcher) work() {
	for {
		p, ok := d.next()
		if !ok {
			return
		}
		d.deliver(p)
		d.done()
	}
}

func (d *dispatcher) next() (parcel, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.queue) == 0 && !d.closed {
		d.wake.Wait()
	}
	if d.closed {
		return parcel{}, false
	}
	p := d.queue[0]
	d.queue[0] = parcel{}
	d.queue = d.queue[1:]
	return p, true
}

func (d *dispatcher) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending--; d.pending == 0 {
		close(d.idle)
	}
}

func (d *dispatcher) drain(ctx context.Context) error {
	for {
		d.mu.Lock()
		idle := d.idle
		d.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
		d.mu.Lock()
		quiet := d.pending == 0
		d.mu.Unlock()
		if quiet {
			return nil
		}
	}
}

func (d *dispatcher) close() {
	d.mu.Lock()
	d.closed = true
	for t := range d.timers {
		t.Stop()
	}
	d.wake.Broadcast()
	d.mu.Unlock()
	d.workers.Wait()
}
