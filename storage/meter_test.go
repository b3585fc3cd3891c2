package storage_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

// tally is a Meter that counts by name.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (m *tally) count(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[name]++
}

// take returns what was counted since it was last taken.
func (m *tally) take() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.counts
	m.counts = map[string]int{}
	return taken
}

func (m *tally) Took(o storage.Operation, took time.Duration, failed bool) {
	switch {
	case took < 0:
		m.count("impossible")
	case failed:
		m.count(string(o) + " failed")
	default:
		m.count(string(o))
	}
}

func (m *tally) Accepted(source bot.Source) { m.count("accepted from " + string(source)) }
func (m *tally) Repeated(source bot.Source) { m.count("repeated from " + string(source)) }

func TestTheMeterIsTold(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		m := &tally{counts: map[string]int{}}
		s := db.Open(t, func(c *storage.Config) { c.Meter = m })
		m.take()
		want := func(what string, want map[string]int) {
			t.Helper()
			if got := m.take(); !maps.Equal(got, want) {
				t.Errorf("%s counts %v, want %v", what, got, want)
			}
		}
		accept(t, s, incoming("k1", "x", 1), incoming("k2", "x", 2), incoming("k1", "x", 1))
		want("accepting", map[string]int{"accept": 1, "accepted from line": 2, "repeated from line": 1})
		accept(t, s, incoming("k2", "x", 2))
		want("accepting again", map[string]int{"accept": 1, "repeated from line": 1})
		lanes, err := s.Claim(t.Context(), bot.LaneInbox, 10)
		if err != nil || len(lanes) != 1 {
			t.Fatalf("claimed %v (%v), want the lane of the events", lanes, err)
		}
		lane := lanes[0]
		want("claiming", map[string]int{"claim": 1})
		view(t, s, func(tx bot.Tx) error { return nil })
		want("a view", map[string]int{"read": 1})
		inTx(t, s, func(tx bot.Tx) error { return tx.AddEvent(bot.Incoming{Source: bot.FromSelf, Key: "k3", Lane: "y"}) })
		want("a transaction", map[string]int{"transaction": 1, "accepted from self": 1})

		own := errors.New("of the caller")
		if err := s.InTx(t.Context(), func(tx bot.Tx) error {
			return errors.Join(own, tx.AddEvent(bot.Incoming{Source: bot.FromSelf, Key: "k4", Lane: "y"}))
		}); !errors.Is(err, own) {
			t.Fatal(err)
		}
		want("what its caller undid", map[string]int{"transaction": 1})
		if err := s.InTx(t.Context(), func(tx bot.Tx) error {
			tx.Fence(bot.Lane{ID: lane.ID, Kind: lane.Kind, Fence: "another"})
			return nil
		}); !errors.Is(err, bot.ErrLeaseLost) {
			t.Fatal(err)
		}
		want("a lost lease", map[string]int{"transaction": 1})
		if err := s.InTx(t.Context(), func(tx bot.Tx) error {
			return tx.SaveFriend(&bot.Friend{ID: "none"})
		}); !errors.Is(err, bot.ErrNotFound) {
			t.Fatal(err)
		}
		want("a row that is not there", map[string]int{"transaction": 1})
		if err := s.InTx(t.Context(), func(tx bot.Tx) error {
			return tx.AddReplyToken(bot.ReplyToken{ID: "r", FriendID: "nobody"})
		}); err == nil {
			t.Fatal("a reply token of nobody was stored")
		}
		want("a refused statement", map[string]int{"transaction failed": 1})
	})
}

func TestAfterCommit(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		called := 0
		inTx(t, s, func(tx bot.Tx) error {
			tx.AfterCommit(func() { called++ })
			return nil
		})
		if called != 1 {
			t.Errorf("called %d times after the commit, want once", called)
		}
		_ = s.InTx(t.Context(), func(tx bot.Tx) error {
			tx.AfterCommit(func() { called++ })
			return context.Canceled
		})
		if called != 1 {
			t.Error("called though nothing was committed")
		}
	})
}
