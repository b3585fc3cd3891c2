package storage_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/storage/storagetest"
)

func TestCallsMergeUntilTheyAreAttempted(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		first := w.call("post:c1", "update:p1")
		if !w.addCall(first) || w.addCall(w.call("post:c1", "update:p1")) {
			t.Fatal("of two calls with one key not exactly one was added")
		}
		if !w.addCall(w.call("post:c1", "update:p2")) || !w.addCall(w.call("post:c1", "")) || !w.addCall(w.call("post:c1", "")) {
			t.Error("calls with other keys, or none, were merged")
		}
		first.State, first.Attempts, first.FirstAt = bot.CallCalling, 1, w.at.in(0)
		w.do(func(tx bot.Tx) error { return tx.SaveCall(first) })
		again := w.call("post:c1", "update:p1")
		if !w.addCall(again) {
			t.Error("a call merged with one that was attempted already")
		}
		// Back in the queue it must not clash with the one that came after it.
		first.State = bot.CallQueued
		w.do(func(tx bot.Tx) error { return tx.SaveCall(first) })
		if again.Seq <= first.Seq {
			t.Errorf("Seq %d after %d", again.Seq, first.Seq)
		}
	})
}

func TestCallsAreDueInTheOrderOfMaking(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		var ids []string
		for i := range 5 {
			c := w.call("post:c1", "")
			c.NextAt = w.at.in(0) - int64(i) // which does not order them
			w.addCall(c)
			ids = append(ids, c.ID)
		}
		later := w.call("post:c1", "")
		later.NextAt = w.at.in(time.Second)
		w.addCall(later)
		due := func() (got []string, next int64) {
			w.do(func(tx bot.Tx) error {
				found, err := tx.DueCalls("post:c1", 10)
				for _, c := range found {
					got = append(got, c.ID)
				}
				if err != nil {
					return err
				}
				next, err = tx.NextCallAt("post:c1")
				return err
			})
			return got, next
		}
		if got, _ := due(); !slices.Equal(got, ids) {
			t.Errorf("due = %v, want %v", got, ids)
		}
		w.do(func(tx bot.Tx) error {
			for _, id := range ids {
				c, err := tx.Call(id)
				if err != nil {
					return err
				}
				c.State, c.EndedAt = bot.CallDone, w.at.in(0)
				if err := tx.SaveCall(&c); err != nil {
					return err
				}
			}
			return nil
		})
		if got, next := due(); len(got) != 0 || next != later.NextAt {
			t.Errorf("due = %v, next at %d; want none, next at %d", got, next, later.NextAt)
		}
		w.do(func(tx bot.Tx) error {
			backlog, err := tx.OutboxBacklog()
			if got, want := backlog[bot.LanePost], (bot.Backlog{Waiting: 1, Oldest: later.CreatedAt}); got != want {
				t.Errorf("backlog = %+v, want %+v", got, want)
			}
			return err
		})
	})
}

// What waits for a call to be made is behind as much as a call is.
func TestTheBacklogCountsWhatHasNoCallYet(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		backlog := func(want map[bot.LaneKind]bot.Backlog) {
			t.Helper()
			w.do(func(tx bot.Tx) error {
				all, err := tx.OutboxBacklog()
				own, oerr := tx.OutboxBacklogOf("a1")
				others, aerr := tx.OutboxBacklogOf("a2")
				if !maps.Equal(all, want) || !maps.Equal(own, want) {
					t.Errorf("backlog = %+v, of the account %+v, want %+v", all, own, want)
				}
				if others[bot.LanePost].Waiting+others[bot.LaneSend].Waiting != 0 {
					t.Errorf("backlog of another account = %+v", others)
				}
				return errors.Join(err, oerr, aerr)
			})
		}
		backlog(map[bot.LaneKind]bot.Backlog{bot.LanePost: {}, bot.LaneSend: {}})
		f := w.friend("U1")
		c, p := w.call("post:c1", ""), w.part(w.thread(f.ID).ID, "")
		w.addCall(c)
		p.CreatedAt = c.CreatedAt - 1000
		w.addPart(p)
		for ts, state := range map[string]bot.ReplyState{"1.1": bot.ReplyHeld, "1.2": bot.ReplyReleased, "1.3": bot.ReplySending, "1.4": bot.ReplySentFree} {
			w.do(func(tx bot.Tx) error {
				_, err := tx.AddReply(&bot.Reply{
					ID: w.id(), AccountID: "a1", FriendID: f.ID, TeamID: "T1", ChannelID: "C1", TS: ts, State: state, ReleasedAt: c.CreatedAt - 500,
				})
				return err
			})
		}
		released := bot.Backlog{Waiting: 1, Oldest: c.CreatedAt - 500}
		backlog(map[bot.LaneKind]bot.Backlog{bot.LanePost: {Waiting: 2, Oldest: p.CreatedAt}, bot.LaneSend: released})
		w.do(func(tx bot.Tx) error { return tx.SetParts(p.ThreadID, []string{p.ID}, bot.PartFrozen, c.ID) })
		backlog(map[bot.LaneKind]bot.Backlog{bot.LanePost: {Waiting: 1, Oldest: c.CreatedAt}, bot.LaneSend: released})
	})
}

// The first echo of a post stands; a later one only adds in which thread it is.
func TestEchoes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		add := func(e bot.Echo) (isNew bool) {
			w.do(func(tx bot.Tx) (err error) {
				isNew, err = tx.AddEcho(e)
				return err
			})
			return isNew
		}
		unplaced := bot.Echo{CallID: "c1", ChannelID: "C1", TS: "1.2"}
		placed := bot.Echo{CallID: "c1", ChannelID: "C1", TS: "1.2", ThreadTS: "1.1", Placed: true}
		other := bot.Echo{CallID: "c1", ChannelID: "C1", TS: "3.4", ThreadTS: "3.3", Placed: true}
		for i, step := range []struct {
			echo  bot.Echo
			isNew bool
		}{{unplaced, true}, {unplaced, false}, {placed, true}, {other, false}, {unplaced, false}} {
			if isNew := add(step.echo); isNew != step.isNew {
				t.Errorf("echo %d is new: %t", i, isNew)
			}
		}
		w.do(func(tx bot.Tx) error {
			got, err := tx.EchoOf("c1")
			got.SeenAt = 0
			if got != placed {
				t.Errorf("the echo is %+v, want %+v", got, placed)
			}
			if _, err := tx.EchoOf("never posted"); !errors.Is(err, bot.ErrNotFound) {
				t.Errorf("no echo is %v", err)
			}
			return err
		})
	})
}
