package storage_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madoguchi/bot"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

// clock is a clock that stands until it is moved.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ms.Store(1_800_000_000_000)
	return c
}

func (c *clock) now() time.Time           { return time.UnixMilli(c.ms.Load()) }
func (c *clock) move(d time.Duration)     { c.ms.Add(d.Milliseconds()) }
func (c *clock) set(s *storage.Config)    { s.Now = c.now }
func (c *clock) in(d time.Duration) int64 { return c.ms.Load() + d.Milliseconds() }

func poke(t *testing.T, s *storage.Store, lane string, due int64) {
	t.Helper()
	inTx(t, s, func(tx bot.Tx) error {
		tx.Poke(bot.LaneTask, lane, due)
		return nil
	})
}

func claim(t *testing.T, s *storage.Store, n int) []bot.Lane {
	t.Helper()
	lanes, err := s.Claim(t.Context(), bot.LaneTask, n)
	if err != nil {
		t.Fatal(err)
	}
	return lanes
}

func claimOne(t *testing.T, s *storage.Store) bot.Lane {
	t.Helper()
	lanes := claim(t, s, 10)
	if len(lanes) != 1 {
		t.Fatalf("claimed %d lanes, want 1", len(lanes))
	}
	return lanes[0]
}

func nextDue(t *testing.T, s *storage.Store) int64 {
	t.Helper()
	due, err := s.NextDue(t.Context(), bot.LaneTask)
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func release(t *testing.T, s *storage.Store, lane bot.Lane, due int64) {
	t.Helper()
	if err := s.Release(t.Context(), lane, due); err != nil {
		t.Fatal(err)
	}
}

func TestALaneIsDueUntilItIsReleasedWithNothingToDo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		at := newClock()
		s := db.Open(t, at.set)
		if due := nextDue(t, s); due != 0 {
			t.Errorf("next due of nothing = %d, want 0", due)
		}
		poke(t, s, "a", at.in(time.Second))
		poke(t, s, "a", at.in(time.Minute)) // a later time does not postpone it
		if due := nextDue(t, s); due != at.in(time.Second) {
			t.Errorf("next due = %d, want in a second", due-at.in(0))
		}
		if lanes := claim(t, s, 1); len(lanes) != 0 {
			t.Fatalf("claimed %v before it was due", lanes)
		}
		at.move(time.Second)
		lane := claimOne(t, s)
		if lanes := claim(t, s, 1); len(lanes) != 0 {
			t.Fatalf("claimed a leased lane: %v", lanes)
		}
		release(t, s, lane, at.in(time.Minute))
		if due := nextDue(t, s); due != at.in(time.Minute) {
			t.Errorf("next due after release = %d, want in a minute", due-at.in(0))
		}
		at.move(time.Minute)
		release(t, s, claimOne(t, s), 0)
		if due := nextDue(t, s); due != 0 {
			t.Errorf("next due after all was done = %d, want 0", due)
		}
	})
}

func TestWhatIsAddedWhileALaneIsServedIsNotForgotten(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		at := newClock()
		s := db.Open(t, at.set)
		for _, due := range []int64{0, at.in(time.Hour)} {
			poke(t, s, "a", 0)
			lane := claimOne(t, s)
			poke(t, s, "a", due)
			release(t, s, lane, 0)
			if got := nextDue(t, s); got == 0 || got > at.in(0) {
				t.Errorf("poked for %d while served: due %d, want now", due, got)
			}
			release(t, s, claimOne(t, s), 0)
		}
	})
}

func TestALostLeaseFencesOff(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		at := newClock()
		s, other := db.Open(t, at.set), db.Open(t, at.set)
		poke(t, s, "a", 0)
		lost := claimOne(t, s)
		if due := nextDue(t, other); due != at.in(30*time.Second) {
			t.Errorf("a leased lane is due again in %d ms, want 30000", due-at.in(0))
		}
		at.move(20 * time.Second)
		inTx(t, s, func(tx bot.Tx) error { tx.Fence(lost); return nil })
		at.move(20 * time.Second)
		if lanes := claim(t, other, 1); len(lanes) != 0 {
			t.Fatal("a renewed lease was taken")
		}
		at.move(20 * time.Second)
		held := claimOne(t, other)
		err := s.InTx(t.Context(), func(tx bot.Tx) error {
			tx.Fence(lost)
			return tx.Bury("a1", "written without the lease")
		})
		if !errors.Is(err, bot.ErrLeaseLost) {
			t.Errorf("transaction fenced by a lost lease = %v, want ErrLeaseLost", err)
		}
		view(t, s, func(tx bot.Tx) error {
			if buried, err := tx.Buried("a1", "written without the lease"); err != nil || buried {
				t.Errorf("it was stored all the same (%v)", err)
			}
			return nil
		})
		if err := s.Release(t.Context(), lost, 0); !errors.Is(err, bot.ErrLeaseLost) {
			t.Errorf("release of a lost lease = %v, want ErrLeaseLost", err)
		}
		inTx(t, other, func(tx bot.Tx) error { tx.Fence(held); return nil })
		release(t, other, held, 0)
		if err := s.InTx(t.Context(), func(tx bot.Tx) error { tx.Fence(held); return nil }); !errors.Is(err, bot.ErrLeaseLost) {
			t.Errorf("fence of a lane that was given back = %v, want ErrLeaseLost", err)
		}
	})
}

func TestALaneHasOneHolder(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		const lanes = 60
		stores := []*storage.Store{db.Open(t, nil), db.Open(t, nil)}
		inTx(t, stores[0], func(tx bot.Tx) error {
			for i := range lanes {
				tx.Poke(bot.LaneTask, fmt.Sprint(i), 0)
			}
			return nil
		})
		var mu sync.Mutex
		holders := make(map[string]int)
		var claimers sync.WaitGroup
		for i := range 8 {
			claimers.Go(func() {
				for {
					mu.Lock()
					all := len(holders) == lanes
					mu.Unlock()
					if all || t.Context().Err() != nil {
						return
					}
					claimed, err := stores[i%2].Claim(t.Context(), bot.LaneTask, 3)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, lane := range claimed {
						holders[lane.ID]++
					}
					mu.Unlock()
				}
			})
		}
		claimers.Wait()
		for id, n := range holders {
			if n != 1 {
				t.Errorf("lane %s was claimed %d times", id, n)
			}
		}
	})
}

// Whatever the order of pokes and of serving, in the end everything that was
// poked has been seen by somebody who held the lane after the poke.
func TestNoPokeIsLost(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		const lanes, pokes, workers = 5, 300, 6
		stores := []*storage.Store{db.Open(t, nil), db.Open(t, nil)}
		var todo [lanes]atomic.Int64
		var left atomic.Int64
		left.Store(pokes)
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() {
				s := stores[w%2]
				for left.Load() > 0 && t.Context().Err() == nil {
					claimed, err := s.Claim(t.Context(), bot.LaneTask, 2)
					if err != nil {
						t.Error(err)
						return
					}
					for _, lane := range claimed {
						left.Add(-todo[lane.ID[0]-'0'].Swap(0))
						if err := s.Release(t.Context(), lane, 0); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		for p := range 3 {
			all.Go(func() {
				for i := range pokes / 3 {
					lane := (i + p) % lanes
					todo[lane].Add(1)
					if err := stores[p%2].InTx(t.Context(), func(tx bot.Tx) error {
						tx.Poke(bot.LaneTask, fmt.Sprint(lane), 0)
						return nil
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { all.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			left.Store(0)
			<-done
			t.Fatal("a poke was never served")
		}
	})
}

// The same against a model, one step at a time.
func TestLanesFollowTheirModel(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		at := newClock()
		s := db.Open(t, at.set)
		type model struct {
			due    int64
			added  bool // since it was claimed
			leased int64
			held   bot.Lane
		}
		rapid.Check(t, func(rt *rapid.T) {
			lanes := make(map[string]*model)
			t := t
			rt.Repeat(map[string]func(*rapid.T){
				"poke": func(rt *rapid.T) {
					id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "lane")
					due := at.in(time.Duration(rapid.IntRange(-1, 20).Draw(rt, "seconds")) * time.Second)
					poke(t, s, id, due)
					m := lanes[id]
					if m == nil {
						lanes[id] = &model{due: due}
						return
					}
					m.due, m.added = min(m.due, due), true
				},
				"claim": func(rt *rapid.T) {
					got := make(map[string]bot.Lane)
					for _, lane := range claim(t, s, 10) {
						got[lane.ID] = lane
					}
					for id, m := range lanes {
						if m.due <= at.in(0) && m.leased <= at.in(0) {
							lane, ok := got[id]
							if !ok {
								rt.Fatalf("lane %s was due and was not claimed", id)
							}
							m.held, m.leased, m.added = lane, at.in(30*time.Second), false
							delete(got, id)
						}
					}
					if len(got) > 0 {
						rt.Fatalf("claimed what was not due: %v", slices.Collect(maps.Keys(got)))
					}
				},
				"release": func(rt *rapid.T) {
					due := int64(0)
					if rapid.Bool().Draw(rt, "later") {
						due = at.in(time.Duration(rapid.IntRange(1, 20).Draw(rt, "seconds")) * time.Second)
					}
					for id, m := range lanes {
						if m.held.ID == "" {
							continue
						}
						release(t, s, m.held, due) // nobody else claims: the holder stays even when the lease has run out
						switch {
						case m.added:
							*m = model{due: at.in(0)}
						case due > 0:
							*m = model{due: due}
						default:
							delete(lanes, id)
						}
					}
				},
				"wait": func(rt *rapid.T) {
					at.move(time.Duration(rapid.IntRange(1, 40).Draw(rt, "seconds")) * time.Second)
				},
				"": func(rt *rapid.T) {
					var want int64
					for _, m := range lanes {
						if due := max(m.due, m.leased); want == 0 || due < want {
							want = due
						}
					}
					got := nextDue(t, s)
					if max(got, at.in(0)) != max(want, at.in(0)) || (got == 0) != (want == 0) {
						rt.Fatalf("next due in %d ms, want in %d ms", got-at.in(0), want-at.in(0))
					}
				},
			})
			for _, m := range lanes {
				if m.held.ID != "" {
					_ = s.Release(t.Context(), m.held, 0)
				}
			}
			at.move(time.Hour)
			for _, lane := range claim(t, s, 10) {
				release(t, s, lane, 0)
			}
			for _, lane := range claim(t, s, 10) {
				release(t, s, lane, 0)
			}
		})
	})
}

func TestWakingAcrossProcesses(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		woken := func(s *storage.Store) bool {
			select {
			case <-s.Wake(bot.LaneTask):
				return true
			case <-time.After(10 * time.Second):
				return false
			}
		}
		poke(t, s, "a", 0)
		if !woken(s) {
			t.Fatal("the process that poked was not woken")
		}
		lane := claimOne(t, s)
		poke(t, s, "a", 0)
		if !woken(s) {
			t.Fatal("the process that poked was not woken")
		}
		release(t, s, lane, 0)
		if !woken(s) {
			t.Error("a lane that stayed due after its release woke nobody")
		}
		if db.Engine != "postgres" {
			return
		}
		other := db.Open(t, nil)
		// The subscription of a new store stands after a moment that nothing
		// announces, so poke until it is heard.
		deadline := time.After(10 * time.Second)
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-other.Wake(bot.LaneTask):
				return
			case <-again.C:
				poke(t, s, "a", 0)
			case <-deadline:
				t.Fatal("the other process was not woken")
			}
		}
	})
}

// What was told while the connection that listens was cut is lost: whoever is
// connected again looks for it.
func TestWhoeverListensAgainLooksForWork(t *testing.T) {
	db := storagetest.Direct(t)
	s := storagetest.Database{Engine: db.Engine, URL: db.URL + "&application_name=listens_again"}.Open(t, nil)
	beside := raw(t, db)
	deadline := time.After(10 * time.Second)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for cut := 0; cut == 0; { // until there is one
		if err := beside.QueryRow(`SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE application_name = 'listens_again' AND state = 'idle' AND query LIKE 'LISTEN %'`).Scan(&cut); err != nil {
			t.Fatal(err)
		}
		select {
		case <-again.C:
		case <-deadline:
			t.Fatal("nobody listened")
		}
	}
	select {
	case <-s.Wake(bot.LaneTask):
	case <-deadline:
		t.Error("nobody looked for work")
	}
}

func TestPaceFollowsItsModel(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		at := newClock()
		s := db.Open(t, at.set)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			lane := fmt.Sprint("rate:", n)
			interval := rapid.Int64Range(1000, 3_000_000).Draw(rt, "interval")
			burst := rapid.IntRange(1, 6).Draw(rt, "burst")
			var full float64 // posts in the bucket, which drains at the rate
			var notBefore int64
			last := at.in(0)
			rt.Repeat(map[string]func(*rapid.T){
				"post": func(rt *rapid.T) {
					full = max(0, full-float64((at.in(0)-last)*1000)/float64(interval))
					last = at.in(0)
					var wait int64
					inTx(t, s, func(tx bot.Tx) (err error) {
						wait, err = tx.Pace(bot.LanePost, lane, interval, burst)
						return err
					})
					over := full + 1 - float64(burst)
					want := max(int64(over*float64(interval)/1000), notBefore-at.in(0), 0)
					if wait < want || wait > want+2 {
						rt.Fatalf("wait %d ms, want %d ms (%.3f of %d used)", wait, want, full, burst)
					}
					if wait == 0 {
						full++
						return
					}
					at.move(time.Duration(wait) * time.Millisecond)
					inTx(t, s, func(tx bot.Tx) error {
						wait, err := tx.Pace(bot.LanePost, lane, interval, burst)
						if wait != 0 {
							rt.Fatalf("waited as told, and has to wait %d ms more", wait)
						}
						return err
					})
					full = max(0, full-float64((at.in(0)-last)*1000)/float64(interval)) + 1
					last = at.in(0)
				},
				"wait": func(rt *rapid.T) {
					at.move(time.Duration(rapid.IntRange(0, 5000).Draw(rt, "ms")) * time.Millisecond)
				},
				"penalise": func(rt *rapid.T) {
					until := at.in(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "ms")) * time.Millisecond)
					notBefore = max(notBefore, until)
					inTx(t, s, func(tx bot.Tx) error { return tx.Penalise(bot.LanePost, lane, until) })
				},
			})
		})
	})
}
