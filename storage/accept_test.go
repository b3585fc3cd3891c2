package storage_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"madoguchi/bot"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

func incoming(key, lane string, at int64) bot.Incoming {
	return bot.Incoming{Source: bot.FromLINE, AccountID: "a1", Key: key, Lane: lane, At: at, Raw: []byte(`{"k":"` + key + `"}`)}
}

func accept(t *testing.T, s *storage.Store, events ...bot.Incoming) {
	t.Helper()
	if err := s.Accept(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

func pending(t *testing.T, s *storage.Store, lane string) []bot.StoredEvent {
	t.Helper()
	var found []bot.StoredEvent
	view(t, s, func(tx bot.Tx) (err error) {
		found, err = tx.PendingEvents(lane, 10_000)
		return err
	})
	return found
}

func keysOf(events []bot.StoredEvent) []string {
	var keys []string
	for _, e := range events {
		keys = append(keys, e.Key)
	}
	return keys
}

func TestAnEventIsStoredOnceHoweverOftenItComes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		stores := []*storage.Store{db.Open(t, nil), db.Open(t, nil)}
		const callers, each = 16, 40
		var all sync.WaitGroup
		for c := range callers {
			all.Go(func() {
				var events []bot.Incoming
				for i := range each {
					// Each key comes from four callers, in different orders.
					events = append(events, incoming(fmt.Sprintf("%d-%03d", c/4, i), "lane", int64(i)))
				}
				if c%2 == 1 {
					slices.Reverse(events)
				}
				for chunk := range slices.Chunk(events, 7) {
					if err := stores[c%2].Accept(context.Background(), chunk); err != nil {
						t.Errorf("accept: %v", err)
					}
				}
			})
		}
		all.Wait()
		keys := keysOf(pending(t, stores[0], "lane"))
		if len(keys) != callers/4*each {
			t.Errorf("%d events are stored, want %d", len(keys), callers/4*each)
		}
		slices.Sort(keys)
		if once := slices.Compact(slices.Clone(keys)); len(once) != len(keys) {
			t.Error("an event is stored twice")
		}
		inTx(t, stores[0], func(tx bot.Tx) error { return tx.AddEvent(incoming("0-001", "lane", 1)) })
		if n := len(pending(t, stores[0], "lane")); n != len(keys) {
			t.Errorf("AddEvent stored one that is there: %d", n)
		}
	})
}

func TestEventsComeInTheOrderOfTimeThenKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		accept(t, s, incoming("d", "x", 5), incoming("c", "x", 9), incoming("b", "x", 9), incoming("other", "y", 1))
		accept(t, s, incoming("a", "x", 9), incoming("z", "x", 2))
		if got, want := keysOf(pending(t, s, "x")), []string{"z", "d", "a", "b", "c"}; !slices.Equal(got, want) {
			t.Errorf("order = %v, want %v", got, want)
		}
	})
}

func TestALargeDeliveryIsStoredWhole(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		var events []bot.Incoming
		for i := range 1300 {
			events = append(events, incoming(fmt.Sprint(i), fmt.Sprint("lane", i), 1))
		}
		accept(t, s, events...)
		view(t, s, func(tx bot.Tx) error {
			if waits, _, err := tx.InboxBacklog(); waits.Waiting != len(events) {
				t.Errorf("%d events are pending, want %d (%v)", waits.Waiting, len(events), err)
			}
			return nil
		})
	})
}

func TestBytesAreKeptAsTheyCameAndTextIsMadeStorable(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		rawBytes := []byte("\x00\xff{\"text\":\"\xed\xa0\xbd\"}")
		long := strings.Repeat("長", 5000)
		accept(t, s,
			bot.Incoming{Source: bot.FromLINE, Key: "nul\x00key\xff", Lane: "la\x00ne", Raw: rawBytes},
			bot.Incoming{Source: bot.FromLINE, Key: "nul\x00key\xfe", Lane: "la\x00ne", Raw: nil},
			bot.Incoming{Source: bot.FromLINE, Key: "", Lane: "la\x00ne", Raw: []byte("1")},
			bot.Incoming{Source: bot.FromLINE, Key: "", Lane: "la\x00ne", Raw: []byte("2")},
			bot.Incoming{Source: bot.FromLINE, Key: long + "1", Lane: "la\x00ne"},
			bot.Incoming{Source: bot.FromLINE, Key: long + "2", Lane: "la\x00ne"},
		)
		found := pending(t, s, "la\x00ne")
		if len(found) != 6 {
			t.Fatalf("%d events are stored, want 6: keys %q", len(found), keysOf(found))
		}
		if !slices.ContainsFunc(found, func(e bot.StoredEvent) bool { return reflect.DeepEqual(e.Raw, rawBytes) }) {
			t.Error("the raw bytes were changed")
		}
	})
}

func TestABrokenEventIsParked(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		e := incoming("k", "x", 1)
		e.Broken = "no JSON"
		accept(t, s, e)
		if n := len(pending(t, s, "x")); n != 0 {
			t.Errorf("%d events are pending, want 0", n)
		}
		if due, err := s.NextDue(t.Context(), bot.LaneInbox); err != nil || due != 0 {
			t.Errorf("its lane is due (%v)", err)
		}
		view(t, s, func(tx bot.Tx) error {
			parked, err := tx.Parked("a1", 10)
			if len(parked) != 1 || parked[0].Error != "no JSON" {
				t.Errorf("parked = %+v (%v)", parked, err)
			}
			return nil
		})
	})
}

func TestParkedEventsAreRetriedOrDropped(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		for _, e := range []bot.Incoming{incoming("k1", "x", 1), incoming("k2", "x", 2), incoming("k3", "y", 3)} {
			if e.Key != "k3" {
				e.Broken = "no JSON"
			}
			accept(t, s, e)
		}
		parked := func(account string) (found []bot.ParkedEvent) {
			view(t, s, func(tx bot.Tx) (err error) {
				found, err = tx.Parked(account, 10)
				return err
			})
			return found
		}
		waits, set := pending(t, s, "y")[0].ID, parked("")
		if len(set) != 2 || len(parked("a1")) != 2 || len(parked("a2")) != 0 {
			t.Fatalf("parked = %+v", set)
		}
		retried, dropped := set[0].ID, set[1].ID
		inTx(t, s, func(tx bot.Tx) error { return errors.Join(tx.UnparkEvent(retried), tx.DropEvent(dropped)) })
		if left := pending(t, s, "x"); len(left) != 1 || left[0].ID != retried || left[0].Error != "" || left[0].Attempts != 0 {
			t.Errorf("pending = %+v, want the one that was retried, like new", left)
		}
		if due, err := s.NextDue(t.Context(), bot.LaneInbox); err != nil || due == 0 {
			t.Errorf("its lane is not due (%v)", err)
		}
		if left := parked(""); len(left) != 0 {
			t.Errorf("parked = %+v, want none", left)
		}
		for _, id := range []string{waits, retried, dropped, "none"} {
			for what, do := range map[string]func(bot.Tx) error{
				"retry": func(tx bot.Tx) error { return tx.UnparkEvent(id) },
				"drop":  func(tx bot.Tx) error { return tx.DropEvent(id) },
			} {
				if err := s.InTx(t.Context(), do); !errors.Is(err, bot.ErrNotFound) {
					t.Errorf("%s of what is not parked = %v, want ErrNotFound", what, err)
				}
			}
		}
		accept(t, s, incoming("k1", "x", 1), incoming("k2", "x", 2))
		if n := len(pending(t, s, "x")); n != 1 {
			t.Errorf("%d events are pending: the key of a dropped one is gone", n)
		}
	})
}

func TestTheFirstContentOfAKeyStandsAndIsTold(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, func(c *storage.Config) {
			c.OnMismatch = func(account string, _ int64) bot.Incoming {
				return bot.Incoming{Source: bot.FromSelf, AccountID: account, Key: "told", Lane: "told", At: 1, Raw: []byte("told " + account)}
			}
		})
		with := func(digest string) bot.Incoming {
			e := incoming("k", "x", 1)
			e.Digest, e.Raw = digest, []byte(digest)
			return e
		}
		accept(t, s, with("one"))
		accept(t, s, with("one"), with(""))
		if told := pending(t, s, "told"); len(told) != 0 {
			t.Errorf("told of the same content: %v", keysOf(told))
		}
		other := with("two")
		other.AccountID = "a2" // the same key in another account is another event
		accept(t, s, other)
		accept(t, s, with("two"))
		accept(t, s, with("one"), with("two"), incoming("k2", "x", 2))
		if told := pending(t, s, "told"); len(told) != 1 || string(told[0].Raw) != "told a1" || told[0].Source != bot.FromSelf {
			t.Errorf("told = %v, want it once, to the owners of a1", keysOf(told))
		}
		if found := pending(t, s, "x"); !slices.Equal(keysOf(found), []string{"k", "k", "k2"}) || string(found[0].Raw) != "one" {
			t.Errorf("stored = %v, the first of them %q", keysOf(found), found[0].Raw)
		}
	})
}

// Two processes that learn of mismatches at once do not wait for each other.
func TestConcurrentMismatchesAreTold(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		told := func(c *storage.Config) {
			c.OnMismatch = func(account string, _ int64) bot.Incoming {
				return bot.Incoming{Source: bot.FromSelf, AccountID: account, Key: "told", Lane: "told", At: 1, Raw: []byte("{}")}
			}
		}
		stores := []*storage.Store{db.Open(t, told), db.Open(t, told)}
		const keys = 20
		one := func(k int, digest string) bot.Incoming {
			e := incoming(fmt.Sprintf("k%02d", k), "x", int64(k))
			e.Digest = digest
			return e
		}
		for k := range keys {
			accept(t, stores[0], one(k, "first"))
		}
		var all sync.WaitGroup
		for n := range 4 * keys {
			all.Go(func() {
				if err := stores[n%2].Accept(context.Background(), []bot.Incoming{one(n%keys, "other"), one(keys+n, "new")}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(pending(t, stores[1], "told")); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
	})
}

func TestRedeliveryIsSeen(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		at := newClock()
		s := db.Open(t, at.set)
		inTx(t, s, func(tx bot.Tx) error { return tx.SaveAccount(&bot.Account{ID: "a1", Slug: "aoyama"}, nil) })
		seen := func() (at int64) {
			view(t, s, func(tx bot.Tx) (err error) { at, err = tx.RedeliverySeen("a1"); return err })
			return at
		}
		accept(t, s, incoming("k", "x", 1))
		if seen() != 0 {
			t.Error("a redelivery was seen where there was none")
		}
		again := incoming("k", "x", 1)
		again.Redelivered = true
		accept(t, s, again)
		if seen() != at.in(0) {
			t.Error("the redelivery was not seen")
		}
	})
}

func TestARowThatCannotBeStoredFailsOnlyItsCaller(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		// The database itself refuses this one, as it might something nobody thought of.
		refuse := `CREATE TRIGGER refuse BEFORE INSERT ON inbox WHEN NEW.event_key LIKE 'bad%' BEGIN SELECT RAISE(ABORT, 'refused'); END`
		if db.Engine == "postgres" {
			refuse = `ALTER TABLE inbox ADD CHECK (event_key NOT LIKE 'bad%')`
		}
		if _, err := raw(t, db).Exec(refuse); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				key := fmt.Sprint("good", i)
				if i%10 == 0 {
					key = fmt.Sprint("bad", i)
				}
				err := s.Accept(context.Background(), []bot.Incoming{incoming(key, "x", int64(i))})
				if (err != nil) != (i%10 == 0) {
					t.Errorf("accept %s: %v", key, err)
				}
			})
		}
		all.Wait()
		if n := len(pending(t, s, "x")); n != 36 {
			t.Errorf("%d events are stored, want 36", n)
		}
	})
}

func TestACallerThatLeavesDoesNotTakeTheCommitAlong(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		gone, leave := context.WithCancel(t.Context())
		leave()
		if err := s.Accept(gone, []bot.Incoming{incoming("k", "x", 1)}); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("accept with an ended context = %v", err)
		}
		accept(t, s, incoming("l", "x", 2))
		if !slices.Contains(keysOf(pending(t, s, "x")), "l") {
			t.Error("the next caller's event is missing")
		}
	})
}

func TestEventsEndAndAreRedacted(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		e := incoming("k1", "x", 1)
		e.LINEMessageID = "m1"
		accept(t, s, e, incoming("k2", "x", 2), incoming("k3", "x", 3))
		found := pending(t, s, "x")
		inTx(t, s, func(tx bot.Tx) error {
			return errors.Join(tx.RedactEvents("a1", "m1"), tx.FinishEvent(found[1].ID), tx.RetryEvent(found[2].ID, "why"))
		})
		left := pending(t, s, "x")
		if got := keysOf(left); !slices.Equal(got, []string{"k1", "k3"}) || string(left[0].Raw) != "{}" || left[1].Attempts != 1 {
			t.Errorf("left = %+v", left)
		}
		inTx(t, s, func(tx bot.Tx) error { return tx.ParkEvent(found[2].ID, "enough") })
		view(t, s, func(tx bot.Tx) error {
			for account, want := range map[string]int{"a1": 1, "a2": 0} {
				pending, parked, err := tx.InboxBacklogOf(account)
				if pending.Waiting != want || parked != want || (pending.Oldest > 0) != (want > 0) || err != nil {
					t.Errorf("backlog of %s = %+v, %d parked (%v), want %d of each", account, pending, parked, err, want)
				}
			}
			pending, parked, err := tx.InboxBacklog()
			if pending.Waiting != 1 || parked != 1 || pending.Oldest == 0 || err != nil {
				t.Errorf("backlog = %+v, %d parked (%v)", pending, parked, err)
			}
			return nil
		})
		if err := s.InTx(t.Context(), func(tx bot.Tx) error { return tx.FinishEvent("none") }); !errors.Is(err, bot.ErrNotFound) {
			t.Errorf("finish of an unknown event = %v, want ErrNotFound", err)
		}
	})
}
