package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

const (
	pollEvery  = time.Second      // when no wake-up came: a notification may be lost
	renewEvery = 10 * time.Second // well under the lease
	retryLane  = time.Second
)

// worker serves the lanes of one kind: it claims what is due, serves each lane
// in a goroutine of its own, and gives it back.
type worker struct {
	kind  LaneKind
	slots int
	// serve does what a lane has to do now and returns when it next has
	// something to do, 0 for nothing.
	serve func(ctx context.Context, lane Lane) (due int64, err error)
	store Store
	log   *slog.Logger
	now   func() time.Time
}

func (w worker) run(ctx context.Context) error {
	var serving sync.WaitGroup
	defer serving.Wait()
	slots := make(chan struct{}, w.slots)
	freed := make(chan struct{}, 1)
	wake := w.store.Wake(w.kind)
	for ctx.Err() == nil {
		free := cap(slots) - len(slots)
		var lanes []Lane
		var err error
		if free > 0 {
			if lanes, err = w.store.Claim(ctx, w.kind, free); err != nil && ctx.Err() == nil {
				w.log.Warn("cannot claim work", "kind", w.kind, "error", err)
			}
		}
		for _, lane := range lanes {
			slots <- struct{}{}
			serving.Go(func() {
				w.serveOne(ctx, lane)
				<-slots
				select {
				case freed <- struct{}{}:
				default:
				}
			})
		}
		if len(lanes) > 0 && len(lanes) == free {
			continue
		}
		w.sleep(ctx, wake, freed)
	}
	return nil
}

// sleep waits until a lane may be due: it was woken, the clock says so, or
// (since a notification can be lost) the poll interval has passed.
func (w worker) sleep(ctx context.Context, wake, freed <-chan struct{}) {
	wait := pollEvery
	if due, err := w.store.NextDue(ctx, w.kind); err == nil && due > 0 {
		until := time.UnixMilli(due).Sub(w.now())
		wait = min(wait, max(until, time.Millisecond))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-freed:
	case <-timer.C:
	}
}

func (w worker) serveOne(ctx context.Context, lane Lane) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		w.renew(ctx, cancel, lane)
	}()
	due, err := w.guarded(ctx, lane)
	stopping := ctx.Err() != nil
	cancel()
	<-renewed
	switch {
	case errors.Is(err, ErrLeaseLost):
		w.log.Info("lane is served elsewhere", "lane", lane.ID)
		return
	case err != nil && !stopping:
		w.log.Warn("lane failed", "lane", lane.ID, "error", err)
		due = w.now().Add(retryLane).UnixMilli()
	case stopping:
		due = w.now().UnixMilli()
	}
	// The process may be stopping: giving the lane back must still work, so
	// that another process need not wait for the lease to run out.
	release, cancelRelease := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancelRelease()
	if err := w.store.Release(release, lane, due); err != nil && !errors.Is(err, ErrLeaseLost) {
		w.log.Warn("cannot release lane", "lane", lane.ID, "error", err)
	}
}

func (w worker) guarded(ctx context.Context, lane Lane) (due int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in lane: %v\n%s", p, debug.Stack())
		}
	}()
	return w.serve(ctx, lane)
}

// renew keeps the lease of a lane that takes long, and stops whoever serves it
// when the lease was lost.
func (w worker) renew(ctx context.Context, lost context.CancelFunc, lane Lane) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err := w.store.InTx(ctx, func(tx Tx) error { tx.Fence(lane); return nil })
			if errors.Is(err, ErrLeaseLost) {
				lost()
				return
			}
		}
	}
}
