package storage_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"madoguchi/bot"
	"madoguchi/storage/storagetest"
)

func TestQueuedSinceIsTheTimeOfTheFirstQueuedPart(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		rapid.Check(t, func(rt *rapid.T) {
			f := w.friend(w.id())
			threads := []bot.Thread{w.thread(f.ID), w.thread(w.friend(w.id()).ID)}
			var all []bot.Part // as the model has them
			in := func(thread string, states ...bot.PartState) (ids []string) {
				for _, p := range all {
					if p.ThreadID == thread && slices.Contains(states, p.State) {
						ids = append(ids, p.ID)
					}
				}
				return ids
			}
			change := func(ids []string, state bot.PartState) {
				for i := range all {
					if slices.Contains(ids, all[i].ID) {
						all[i].State = state
					}
				}
			}
			thread := func(rt *rapid.T) string { return rapid.SampledFrom(threads).Draw(rt, "thread").ID }
			rt.Repeat(map[string]func(*rapid.T){
				"add": func(rt *rapid.T) {
					p := w.part(thread(rt), fmt.Sprintf("%s-%d", threads[0].ID, rapid.IntRange(0, 9).Draw(rt, "message")))
					there := slices.ContainsFunc(all, func(q bot.Part) bool {
						return q.ThreadID == p.ThreadID && q.MessageID == p.MessageID && q.State != bot.PartVoid
					})
					if added := w.addPart(p); added == there {
						rt.Fatalf("added: %v, was there: %v", added, there)
					} else if added {
						all = append(all, p)
					}
				},
				"set": func(rt *rapid.T) {
					id := thread(rt)
					state := rapid.SampledFrom([]bot.PartState{bot.PartQueued, bot.PartFrozen, bot.PartPosted, bot.PartVoid}).Draw(rt, "state")
					ids := in(id, bot.PartQueued, bot.PartFrozen)
					if state == bot.PartPosted {
						ids = in(id, bot.PartFrozen)
					}
					ids = ids[:rapid.IntRange(0, len(ids)).Draw(rt, "how many")]
					w.do(func(tx bot.Tx) error { return tx.SetParts(id, ids, state, "call") })
					change(ids, state)
				},
				"void": func(rt *rapid.T) {
					id := thread(rt)
					want := in(id, bot.PartQueued)
					w.do(func(tx bot.Tx) error {
						got, err := tx.VoidQueued(id)
						if len(got) != len(want) {
							rt.Fatalf("voided %d, want %d", len(got), len(want))
						}
						return err
					})
					change(want, bot.PartVoid)
				},
				"wait": func(*rapid.T) { w.at.ms.Add(1) },
				"": func(rt *rapid.T) {
					for _, th := range threads {
						var want int64
						var order []string
						for _, p := range all {
							if p.ThreadID == th.ID && p.State == bot.PartQueued {
								order = append(order, p.ID)
								if want == 0 {
									want = p.CreatedAt
								}
							}
						}
						w.do(func(tx bot.Tx) error {
							got, err := tx.Thread(th.ID)
							if got.QueuedSince != want {
								rt.Fatalf("queued since %d, want %d", got.QueuedSince, want)
							}
							queued, qerr := tx.QueuedParts(th.ID, 1000)
							var ids []string
							for _, p := range queued {
								ids = append(ids, p.ID)
							}
							if !slices.Equal(ids, order) {
								rt.Fatalf("queued %v, want %v", ids, order)
							}
							return errors.Join(err, qerr)
						})
					}
				},
			})
		})
	})
}

func TestPartsMoveInOrder(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		from, to := w.thread(w.friend("U1").ID), w.thread(w.friend("U2").ID)
		var frozen []string
		for i := range 6 {
			p := w.part(from.ID, fmt.Sprint("m", i))
			w.addPart(p)
			if i < 2 {
				frozen = append(frozen, p.ID)
			}
		}
		w.do(func(tx bot.Tx) error {
			return errors.Join(tx.SetParts(from.ID, frozen, bot.PartFrozen, "call"), tx.MoveParts(from.ID, "call", to.ID))
		})
		w.do(func(tx bot.Tx) error {
			moved, err := tx.QueuedParts(to.ID, 10)
			var order []string
			for _, p := range moved {
				order = append(order, p.MessageID)
			}
			if want := []string{"m0", "m1", "m2", "m3", "m4", "m5"}; !slices.Equal(order, want) {
				t.Errorf("moved = %v, want %v", order, want)
			}
			old, oerr := tx.Thread(from.ID)
			now, nerr := tx.Thread(to.ID)
			if old.QueuedSince != 0 || now.QueuedSince == 0 {
				t.Errorf("queued since %d there, %d here", old.QueuedSince, now.QueuedSince)
			}
			return errors.Join(err, oerr, nerr)
		})
	})
}

func TestTheNextThreadIsTheFairOne(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		queue := func(th bot.Thread, waiting bool) string {
			w.at.ms.Add(1)
			w.addPart(w.part(th.ID, w.id()))
			if waiting {
				w.do(func(tx bot.Tx) error {
					f, err := tx.LockFriend(th.FriendID)
					f.WaitingSince = w.at.in(0)
					return errors.Join(err, tx.SaveFriend(&f))
				})
			}
			return th.ID
		}
		open := queue(w.thread(""), false)
		quiet := queue(w.thread(w.friend("U1").ID), false)
		greedy := w.thread(w.friend("U6").ID)
		queue(greedy, true)
		long := queue(w.thread(w.friend("U2").ID), true)
		short := queue(w.thread(w.friend("U3").ID), true)
		w.do(func(tx bot.Tx) error { // it has had its turn, and there is more of it
			th, err := tx.Thread(greedy.ID)
			th.LastPostAt = w.at.in(0) + 1
			return errors.Join(err, tx.SaveThread(&th))
		})
		busy := w.thread(w.friend("U4").ID)
		w.addCall(&bot.Call{ID: w.id(), AccountID: "a1", Lane: "post:c1", Kind: bot.CallSlackPost, ThreadID: busy.ID, State: bot.CallUncertain})
		queue(busy, true)
		w.thread(w.friend("U5").ID) // with nothing queued
		var got []string
		for {
			var next bot.Thread
			err := w.InTx(t.Context(), func(tx bot.Tx) (err error) {
				if next, err = tx.NextThread("c1"); err != nil {
					return err
				}
				_, err = tx.VoidQueued(next.ID)
				return err
			})
			if errors.Is(err, bot.ErrNotFound) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, next.ID)
		}
		if want := []string{long, short, greedy.ID, open, quiet}; !slices.Equal(got, want) {
			t.Errorf("turns = %v, want %v", got, want)
		}
		w.do(func(tx bot.Tx) error {
			if opening, err := tx.ThreadOpening(busy.SlackChannelID); !opening || err != nil {
				t.Errorf("the busy thread is not opening (%v)", err)
			}
			return nil
		})
	})
}

func TestThreadsAreFound(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		f := w.friend("U1")
		old := w.thread(f.ID)
		old.Current, old.TS, old.LastPostAt, old.LastReplyAt = false, "1.0", 5, 7
		w.do(func(tx bot.Tx) error { return tx.SaveThread(&old) })
		now := w.thread(f.ID)
		now.TS, now.LastPostAt = "2.0", 9
		w.do(func(tx bot.Tx) error {
			return errors.Join(tx.SaveThread(&now), tx.AddPost(&bot.Post{ID: "p1", AccountID: "a1", ThreadID: now.ID, ChannelID: "C1", TS: "2.0", Card: true}))
		})
		open := w.thread("")
		w.do(func(tx bot.Tx) error {
			bySlack, e1 := tx.ThreadBySlack("T1", "C1", "1.0")
			current, e2 := tx.CurrentThread(f.ID, "sato")
			all, e3 := tx.CurrentThreads(f.ID)
			here, e4 := tx.ThreadsFor("sato", []string{f.ID, "nobody"})
			recent, e5 := tx.RecentThreads(7, 10)
			ours, e6 := tx.CurrentThread("", "sato:open")
			card, e7 := tx.CardOf(now.ID)
			post, e8 := tx.PostBySlack("C1", "2.0")
			if bySlack.ID != old.ID || current.ID != now.ID || len(all) != 1 || len(here) != 1 || ours.ID != open.ID || card.ID != "p1" || post.ID != "p1" {
				t.Errorf("found %v %v %v %v %v %v %v", bySlack.ID, current.ID, len(all), len(here), ours.ID, card.ID, post.ID)
			}
			if len(recent) != 2 || recent[0].ID != now.ID {
				t.Errorf("recent threads: %d", len(recent))
			}
			return errors.Join(e1, e2, e3, e4, e5, e6, e7, e8)
		})
	})
}
