package storage_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

func TestATransactionThatFailsTakesNoNeighbourAlong(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		refused := errors.New("refused")
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				err := s.InTx(context.Background(), func(tx bot.Tx) error {
					if err := tx.Bury("a1", fmt.Sprint(i)); err != nil {
						return err
					}
					tx.Poke(bot.LaneTask, fmt.Sprint(i), 0)
					switch i % 3 {
					case 1:
						return refused
					case 2:
						panic("at the disco")
					}
					return nil
				})
				switch {
				case i%3 == 0 && err != nil,
					i%3 == 1 && !errors.Is(err, refused),
					i%3 == 2 && (err == nil || !strings.Contains(err.Error(), "at the disco")):
					t.Errorf("transaction %d = %v", i, err)
				}
			})
		}
		all.Wait()
		view(t, s, func(tx bot.Tx) error {
			for i := range 60 {
				if buried, err := tx.Buried("a1", fmt.Sprint(i)); err != nil || buried != (i%3 == 0) {
					t.Errorf("what transaction %d wrote is there: %v (%v)", i, buried, err)
				}
			}
			return nil
		})
		if lanes, err := s.Claim(t.Context(), bot.LaneTask, 100); len(lanes) != 20 {
			t.Errorf("%d lanes were poked, want 20 (%v)", len(lanes), err)
		}
	})
}

func TestATransactionWhoseCallerLeftIsNotRun(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		gone, leave := context.WithCancel(t.Context())
		began, finish := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			inTx(t, s, func(bot.Tx) error {
				close(began)
				<-finish
				return nil
			})
		})
		<-began
		result := make(chan error)
		all.Go(func() {
			result <- s.InTx(gone, func(tx bot.Tx) error { return tx.Bury("a1", "too late") })
		})
		if db.Engine == "sqlite" { // PostgreSQL does not make it wait
			leave()
			if err := <-result; !errors.Is(err, context.Canceled) {
				t.Errorf("transaction that was given up = %v", err)
			}
		} else {
			if err := <-result; err != nil {
				t.Error(err)
			}
			leave()
		}
		close(finish)
		all.Wait()
		if db.Engine == "sqlite" {
			view(t, s, func(tx bot.Tx) error {
				if buried, _ := tx.Buried("a1", "too late"); buried {
					t.Error("it was run all the same")
				}
				return nil
			})
		}
	})
}

func TestAViewCannotWriteAndSeesOneMoment(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		if err := s.View(t.Context(), func(tx bot.Tx) error { return tx.Bury("a1", "m") }); err == nil {
			t.Error("a View wrote")
		}
		view(t, s, func(tx bot.Tx) error {
			before, err := tx.Buried("a1", "m")
			if err != nil {
				return err
			}
			inTx(t, s, func(tx bot.Tx) error { return tx.Bury("a1", "m") })
			after, err := tx.Buried("a1", "m")
			if before || after {
				t.Errorf("seen before: %v, after: %v; want neither", before, after)
			}
			return err
		})
	})
}

// A write that finds no row fails its transaction, also if that is known only
// when something else is looked for in vain.
func TestAWriteThatFindsNoRowFailsItsTransaction(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		err := s.InTx(t.Context(), func(tx bot.Tx) error {
			if err := tx.Bury("a1", "m"); err != nil {
				return err
			}
			_ = tx.SaveMessage(&bot.Message{ID: "nosuch"}) // whatever its caller makes of it
			if _, err := tx.Friend("nosuch"); !errors.Is(err, bot.ErrNotFound) {
				return err
			}
			return nil
		})
		if !errors.Is(err, bot.ErrNotFound) {
			t.Errorf("InTx = %v, want ErrNotFound", err)
		}
		view(t, s, func(tx bot.Tx) error {
			buried, err := tx.Buried("a1", "m")
			if buried {
				t.Error("the transaction was committed")
			}
			return err
		})
	})
}

func TestTwoProcessesWrite(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		one, two := db.Open(t, nil), db.Open(t, nil)
		inTx(t, one, func(tx bot.Tx) error { return tx.SaveAccount(&bot.Account{ID: "a1", Slug: "aoyama"}, nil) })
		var all sync.WaitGroup
		for i := range 40 {
			s := one
			if i%2 == 0 {
				s = two
			}
			all.Go(func() {
				if err := s.InTx(context.Background(), func(tx bot.Tx) error {
					_, err := tx.CountFollow("a1", 0)
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		inTx(t, one, func(tx bot.Tx) error {
			counts, err := tx.TakeFollows("a1", 1)
			if counts[0] != 40 {
				t.Errorf("%d follows, want 40", counts[0])
			}
			return err
		})
	})
}

func TestConnectionsThatWereCutAreReplaced(t *testing.T) {
	db := storagetest.Direct(t)
	s := storagetest.Database{Engine: db.Engine, URL: db.URL + "&application_name=cut_off"}.Open(t, nil)
	var all sync.WaitGroup
	for i := range 8 { // fill the pool
		all.Go(func() { poke(t, s, fmt.Sprint(i), 0) })
	}
	all.Wait()
	cut := func() {
		t.Helper()
		if _, err := raw(t, db).Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut_off'`); err != nil {
			t.Fatal(err)
		}
	}
	cut()
	poke(t, s, "a", 0)
	accept(t, s, incoming("k", "x", 1))
	if n := len(pending(t, s, "x")); n != 1 {
		t.Errorf("%d events are pending, want 1", n)
	}
	cut()
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	cut()
	if due, err := s.NextDue(t.Context(), bot.LaneInbox); err != nil || due == 0 {
		t.Errorf("next due: %d, %v", due, err)
	}
	cut()
	lanes, err := s.Claim(t.Context(), bot.LaneInbox, 5)
	if err != nil || len(lanes) != 1 {
		t.Fatalf("claimed %v, %v; want one lane", lanes, err)
	}
	cut()
	if err := s.Release(t.Context(), lanes[0], 1); err != nil {
		t.Errorf("release: %v", err)
	}
}

// Webhooks are stored while everything else waits for a lock.
func TestWhatIsAcceptedWaitsForNoOtherConnection(t *testing.T) {
	s := storagetest.Postgres(t).Open(t, func(c *storage.Config) { c.MaxConns = 2 })
	var all sync.WaitGroup
	defer all.Wait()
	busy, stored := make(chan struct{}), make(chan struct{})
	defer close(stored)
	for range 2 {
		all.Go(func() {
			inTx(t, s, func(tx bot.Tx) error {
				_, err := tx.PendingEvents("lane", 1)
				busy <- struct{}{}
				<-stored
				return err
			})
		})
	}
	<-busy
	<-busy
	accept(t, s, incoming("k", "lane", 1))
}

// Webhooks are answered before what was decided earlier is stored: also in the
// middle of a batch.
func TestWhatIsAcceptedGoesFirst(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		if db.Engine != "sqlite" {
			t.Skip("PostgreSQL has many writers")
		}
		s := db.Open(t, nil)
		var all sync.WaitGroup
		begun := make(chan struct{})
		var seen, unseen atomic.Int32
		others := func() {
			for range 40 {
				all.Go(func() {
					inTx(t, s, func(tx bot.Tx) error {
						found, err := tx.PendingEvents("lane", 1)
						if len(found) == 1 {
							seen.Add(1)
						} else {
							unseen.Add(1)
						}
						return err
					})
				})
			}
		}
		all.Go(func() {
			inTx(t, s, func(bot.Tx) error {
				others()
				close(begun)
				for began := time.Now(); !s.SomebodyWaits() || time.Since(began) < 20*time.Millisecond; {
					runtime.Gosched()
				}
				return nil
			})
		})
		<-begun
		accept(t, s, incoming("k", "lane", 1))
		all.Wait()
		if seen.Load() != 40 {
			t.Errorf("%d of 40 were stored before what was accepted", unseen.Load())
		}
	})
}
