package bot_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"madoguchi/bot"
	"madoguchi/storage"
)

// clock is the time of a world: it stands still until a test moves it.
type clock struct {
	mu     sync.Mutex
	at     time.Time
	lastTS int64 // microseconds, of the last ts given out
}

func newClock() *clock {
	return &clock{at: time.Date(2026, 4, 1, 1, 5, 0, 0, time.UTC)} // 10:05 in Tokyo
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) ms() int64 { return c.now().UnixMilli() }

// moveTo never moves back.
func (c *clock) moveTo(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at) {
		c.at = at
	}
}

// ts is a Slack ts of now that was not given out before.
func (c *clock) ts() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastTS = max(c.lastTS+1, c.at.UnixMicro())
	return fmt.Sprintf("%d.%06d", c.lastTS/1_000_000, c.lastTS%1_000_000)
}

var laneKinds = []bot.LaneKind{bot.LaneInbox, bot.LaneSend, bot.LanePost, bot.LaneTask, bot.LaneMedia}

// steppedStore is a store of which a test can tell whether the relay has
// nothing more to do at the present time of its clock.
type steppedStore struct {
	*storage.Store
	clock *clock
	wakes map[bot.LaneKind]chan struct{}
	// released receives after lanes were given back.
	released chan struct{}

	mu      sync.Mutex // also keeps a look at the lanes from crossing a claim
	serving int        // lanes that are claimed
}

func newSteppedStore(s *storage.Store, c *clock) *steppedStore {
	stepped := &steppedStore{
		Store: s, clock: c, released: make(chan struct{}, 1), wakes: map[bot.LaneKind]chan struct{}{},
	}
	for _, kind := range laneKinds {
		stepped.wakes[kind] = make(chan struct{}, 1)
	}
	return stepped
}

// Wake implements bot.Store: a test wakes the workers.
func (s *steppedStore) Wake(kind bot.LaneKind) <-chan struct{} { return s.wakes[kind] }

func (s *steppedStore) wakeAll() {
	for _, wake := range s.wakes {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// Claim implements bot.Store.
func (s *steppedStore) Claim(ctx context.Context, kind bot.LaneKind, n int) ([]bot.Lane, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lanes, err := s.Store.Claim(ctx, kind, n)
	s.serving += len(lanes)
	return lanes, err
}

// Release implements bot.Store.
func (s *steppedStore) Release(ctx context.Context, lane bot.Lane, due int64) error {
	err := s.Store.Release(ctx, lane, due)
	s.mu.Lock()
	s.serving--
	s.mu.Unlock()
	select {
	case s.released <- struct{}{}:
	default:
	}
	return err
}

// idle reports whether nothing is due now or being done, and when something is
// due next (zero: nothing ever).
func (s *steppedStore) idle(ctx context.Context) (idle bool, next time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving > 0 {
		return false, next, nil
	}
	for _, kind := range laneKinds {
		due, err := s.NextDue(ctx, kind)
		if err != nil {
			return false, next, err
		}
		if due == 0 {
			continue
		}
		at := time.UnixMilli(due)
		if !at.After(s.clock.now()) {
			return false, next, nil
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return true, next, nil
}
