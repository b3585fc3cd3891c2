package storage_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madoguchi/bot"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

// world is an account with a Slack channel, in a fresh database.
type world struct {
	*storage.Store
	t  *testing.T
	at *clock
	n  int
}

func newWorld(t *testing.T, db storagetest.Database) *world {
	t.Helper()
	at := newClock()
	w := &world{Store: db.Open(t, at.set), t: t, at: at}
	w.do(func(tx bot.Tx) error {
		return errors.Join(
			tx.SaveAccount(&bot.Account{ID: "a1", Slug: "aoyama"}, nil),
			tx.SaveSlackChannel(&bot.SlackChannel{ID: "c1", AccountID: "a1", Place: "sato", TeamID: "T1", ChannelID: "C1", State: bot.ChannelReady}),
		)
	})
	return w
}

func (w *world) do(fn func(tx bot.Tx) error) { w.t.Helper(); inTx(w.t, w.Store, fn) }

func (w *world) id() string { w.n++; return fmt.Sprintf("id%04d", w.n) }

func (w *world) friend(lineID string) (f bot.Friend) {
	w.t.Helper()
	w.do(func(tx bot.Tx) (err error) {
		f, _, err = tx.LockFriendByLINE("a1", lineID, bot.KindUser)
		return err
	})
	return f
}

func (w *world) thread(friendID string) bot.Thread {
	w.t.Helper()
	t := bot.Thread{ID: w.id(), AccountID: "a1", FriendID: friendID, Place: "sato", SlackChannelID: "c1", Generation: 1, Current: true, NextSeq: 1}
	if friendID == "" {
		t.Place = "sato:open"
	}
	w.do(func(tx bot.Tx) error { return tx.AddThread(&t) })
	return t
}

func (w *world) part(threadID, messageID string) bot.Part {
	return bot.Part{ID: w.id(), AccountID: "a1", ThreadID: threadID, MessageID: messageID, State: bot.PartQueued, CreatedAt: w.at.in(0)}
}

func (w *world) addPart(p bot.Part) (added bool) {
	w.t.Helper()
	w.do(func(tx bot.Tx) (err error) { added, err = tx.AddPart(&p); return err })
	return added
}

func (w *world) call(lane, merge string) *bot.Call {
	return &bot.Call{ID: w.id(), AccountID: "a1", Lane: lane, Kind: bot.CallSlackUpdate, Merge: merge, State: bot.CallQueued, CreatedAt: w.at.in(0)}
}

func (w *world) addCall(c *bot.Call) (added bool) {
	w.t.Helper()
	w.do(func(tx bot.Tx) (err error) { added, err = tx.AddCall(c); return err })
	return added
}

// filled returns a record whose every member says something.
func filled[T any](keep map[string]any) T {
	var v T
	rv := reflect.ValueOf(&v).Elem()
	for i := range rv.NumField() {
		name, ok := rv.Type().Field(i).Tag.Lookup("db")
		if given, has := keep[name]; has {
			rv.Field(i).Set(reflect.ValueOf(given).Convert(rv.Field(i).Type()))
			continue
		}
		if !ok {
			continue
		}
		switch f := rv.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(name)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(1_700_000_000_000 + i))
		case reflect.Slice:
			f.SetBytes([]byte{0, 0xff, byte(i)})
		default:
			panic("a member of a kind this test does not know: " + name)
		}
	}
	return v
}

func TestRecordsComeBackAsTheyWereSaved(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		f := w.friend("U1")
		ids := map[string]any{"id": "r1", "account_id": "a1", "friend_id": f.ID, "slack_channel_id": "c1", "thread_id": "t1"}
		with := func(more ...any) map[string]any {
			m := make(map[string]any)
			for k, v := range ids {
				m[k] = v
			}
			for i := 0; i < len(more); i += 2 {
				m[more[i].(string)] = more[i+1]
			}
			return m
		}
		check := func(what string, got, want any) {
			t.Helper()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s = %+v, want %+v", what, got, want)
			}
		}
		w.do(func(tx bot.Tx) error {
			friend := filled[bot.Friend](with("id", f.ID, "line_id", "U1", "kind", bot.KindUser, "created_at", f.CreatedAt, "name", "髙﨑\u202e"))
			thread := filled[bot.Thread](with("id", "t1"))
			empty := bot.Thread{ID: "t1", AccountID: "a1", SlackChannelID: "c1", NextSeq: thread.NextSeq, QueuedSince: thread.QueuedSince, CreatedAt: thread.CreatedAt}
			message := filled[bot.Message](with())
			post := filled[bot.Post](with())
			call := filled[bot.Call](with("state", bot.CallDone))
			reply := filled[bot.Reply](with())
			channel := filled[bot.SlackChannel](with("id", "c2"))
			err := errors.Join(tx.SaveFriend(&friend), tx.AddThread(&empty), tx.SaveThread(&thread),
				tx.AddMessage(&message), tx.AddPost(&bot.Post{ID: post.ID, AccountID: "a1", ThreadID: "t1"}), tx.SavePost(&post),
				tx.SaveSlackChannel(&channel))
			if err != nil {
				return err
			}
			if _, err := tx.AddCall(&call); err != nil {
				return err
			}
			if _, err := tx.AddReply(&reply); err != nil {
				return err
			}
			gotFriend, err := tx.LockFriend(f.ID)
			check("friend", gotFriend, friend)
			gotThread, terr := tx.LockThread("t1")
			check("thread", gotThread, thread)
			gotMessage, merr := tx.Message("r1")
			check("message", gotMessage, message)
			gotPost, perr := tx.Post("r1")
			check("post", gotPost, post)
			gotCall, cerr := tx.Call("r1")
			check("call", gotCall, call)
			gotReply, rerr := tx.Reply("r1")
			check("reply", gotReply, reply)
			gotChannel, serr := tx.SlackChannel("c2")
			check("Slack channel", gotChannel, channel)
			return errors.Join(err, terr, merr, perr, cerr, rerr, serr)
		})
		w.do(func(tx bot.Tx) error {
			call := filled[bot.Call](with("state", bot.CallFailed, "seq", 1, "merge_key", "merge_key"))
			call.Body, call.NextAt = nil, 7
			reply := filled[bot.Reply](with("state", bot.ReplySentFree, "text", "変えた"))
			message := filled[bot.Message](with("seq", 1, "unsent", false))
			message.Text, message.Content = "NUL \x00 and \xff", []byte("{}")
			err := errors.Join(tx.SaveCall(&call), tx.SaveReply(&reply), tx.SaveMessage(&message))
			gotCall, cerr := tx.Call("r1")
			check("saved call", fmt.Sprint(gotCall.Code, gotCall.State, gotCall.NextAt, len(gotCall.Body)), "codefailed7 0")
			gotReply, rerr := tx.Reply("r1")
			check("saved reply", gotReply, reply)
			gotMessage, merr := tx.Message("r1")
			message.Text = "NUL \uFFFD and \uFFFD"
			check("saved message", gotMessage, message)
			return errors.Join(err, cerr, rerr, merr)
		})
	})
}

func TestAFriendIsMadeOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		var mu sync.Mutex
		made := 0
		ids := make(map[string]bool)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				w.do(func(tx bot.Tx) error {
					f, isNew, err := tx.LockFriendByLINE("a1", "U1", bot.KindUser)
					mu.Lock()
					defer mu.Unlock()
					if isNew {
						made++
					}
					ids[f.ID] = true
					return err
				})
			})
		}
		all.Wait()
		if made != 1 || len(ids) != 1 {
			t.Errorf("made %d times with %d ids, want once", made, len(ids))
		}
	})
}

func TestMessagesAreNumberedInOrder(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		f := w.friend("U1")
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				w.do(func(tx bot.Tx) error {
					return tx.AddMessage(&bot.Message{ID: fmt.Sprint("m", i), AccountID: "a1", FriendID: f.ID, LINEID: fmt.Sprint("l", i), QuotedID: "q"})
				})
			})
		}
		all.Wait()
		w.do(func(tx bot.Tx) error {
			last, err := tx.LastMessages(f.ID, 5)
			for i, m := range last {
				if m.Seq != int64(16+i) {
					t.Errorf("message %d of the last five has Seq %d, want %d", i, m.Seq, 16+i)
				}
			}
			some, serr := tx.Messages([]string{"m1", "none", "m2"})
			if len(some) != 2 {
				t.Errorf("%d messages, want the two that exist", len(some))
			}
			one, oerr := tx.MessageByLINEID("a1", "l7")
			if one.ID != "m7" {
				t.Errorf("message by LINE id = %q, want m7", one.ID)
			}
			quoting, qerr := tx.MessagesQuoting("a1", "q")
			if len(quoting) != 20 {
				t.Errorf("%d messages quote, want 20", len(quoting))
			}
			if _, err := tx.MessageByLINEID("a2", "l7"); !errors.Is(err, bot.ErrNotFound) {
				t.Errorf("message of another account = %v, want ErrNotFound", err)
			}
			return errors.Join(err, serr, oerr, qerr)
		})
	})
}

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
			open, oldest, err := tx.OutboxBacklog()
			if open != 1 || oldest != later.CreatedAt {
				t.Errorf("backlog = %d since %d", open, oldest)
			}
			return errors.Join(err, tx.VoidCalls(later.Kind, later.Ref))
		})
		if _, next := due(); next != 0 {
			t.Errorf("a void call is due at %d", next)
		}
	})
}

func TestAnEchoWakesAnUncertainCall(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		c := w.call("post:c1", "")
		c.State, c.NextAt = bot.CallUncertain, w.at.in(time.Minute)
		w.addCall(c)
		if err := errors.Join(w.Echo(t.Context(), c.ID, "1.2"), w.Echo(t.Context(), c.ID, "3.4"), w.Echo(t.Context(), "unknown", "5.6")); err != nil {
			t.Fatal(err)
		}
		if due, err := w.NextDue(t.Context(), bot.LanePost); err != nil || due != w.at.in(0) {
			t.Errorf("its lane is due at %d (%v), want now", due, err)
		}
		w.do(func(tx bot.Tx) error {
			ts, err := tx.EchoOf(c.ID)
			none, nerr := tx.EchoOf("never posted")
			if ts != "1.2" || none != "" {
				t.Errorf("echoes = %q, %q", ts, none)
			}
			return errors.Join(err, nerr)
		})
	})
}

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
					ids := in(id, bot.PartQueued, bot.PartFrozen)
					ids = ids[:rapid.IntRange(0, len(ids)).Draw(rt, "how many")]
					state := rapid.SampledFrom([]bot.PartState{bot.PartQueued, bot.PartFrozen, bot.PartPosted, bot.PartVoid}).Draw(rt, "state")
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
			n, _, berr := tx.Backlog("c1")
			if n != 6 {
				t.Errorf("backlog = %d, want 6", n)
			}
			return errors.Join(err, oerr, nerr, berr)
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
		long := queue(w.thread(w.friend("U2").ID), true)
		short := queue(w.thread(w.friend("U3").ID), true)
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
		if want := []string{long, short, open, quiet}; !slices.Equal(got, want) {
			t.Errorf("turns = %v, want %v", got, want)
		}
		w.do(func(tx bot.Tx) error {
			if open, err := tx.OpenPost(busy.ID); !open || err != nil {
				t.Errorf("the busy thread has no open post (%v)", err)
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
		old.Current, old.TS, old.LastPostAt = false, "1.0", 5
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
			recent, e5 := tx.RecentThreads(1, 10)
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

func TestFriendsAreFoundByAnyPartOfTheirName(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		for _, name := range []string{"山田 花子", "ﾔﾏﾀﾞ", "Yamada_100%", "STRASSE", `back\slash`} {
			f := w.friend(name)
			f.Name = name
			w.do(func(tx bot.Tx) error { return tx.SaveFriend(&f) })
		}
		for text, want := range map[string][]string{
			"花子": {"山田 花子"}, "ヤマダ": {"ﾔﾏﾀﾞ"}, "ＹＡＭＡ": {"Yamada_100%"}, "_1": {"Yamada_100%"}, "0%": {"Yamada_100%"},
			"%": {"Yamada_100%"}, "straße": {"STRASSE"}, `k\s`: {`back\slash`}, "a_a": nil,
		} {
			w.do(func(tx bot.Tx) error {
				found, err := tx.FindFriends("a1", text, 10)
				var names []string
				for _, f := range found {
					names = append(names, f.Name)
				}
				if !slices.Equal(names, want) {
					t.Errorf("friends for %q = %q, want %q", text, names, want)
				}
				return err
			})
		}
	})
}

func TestTagsSpeakersAndWaiting(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		late, early := w.friend("U1"), w.friend("U2")
		late.WaitingSince, early.WaitingSince = 20, 10
		w.do(func(tx bot.Tx) error {
			on := bot.FriendTag{FriendID: late.ID, TagID: "vip", On: true, By: "rule", At: 1}
			off := bot.FriendTag{FriendID: late.ID, TagID: "vip", On: false, By: "U9", At: 2}
			return errors.Join(tx.SaveFriend(&late), tx.SaveFriend(&early), tx.SetFriendTag(on, "a1"), tx.SetFriendTag(off, "a1"),
				tx.SetSpeaker("a1", "U7", "Ken", 5))
		})
		w.do(func(tx bot.Tx) error {
			waiting, err := tx.WaitingFriends("a1", 0)
			if len(waiting) != 2 || waiting[0].ID != early.ID {
				t.Errorf("waiting = %v", waiting)
			}
			tags, terr := tx.FriendTags(late.ID)
			if len(tags) != 1 || tags[0].On || tags[0].By != "U9" {
				t.Errorf("tags = %+v", tags)
			}
			name, at, serr := tx.Speaker("a1", "U7")
			if name != "Ken" || at != 5 {
				t.Errorf("speaker = %q at %d", name, at)
			}
			if _, _, err := tx.Speaker("a1", "U8"); !errors.Is(err, bot.ErrNotFound) {
				t.Errorf("unknown speaker = %v, want ErrNotFound", err)
			}
			return errors.Join(err, terr, serr)
		})
	})
}

func TestReplies(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		f := w.friend("U1")
		add := func(ts string, state bot.ReplyState, seq int64) (added bool) {
			w.do(func(tx bot.Tx) (err error) {
				added, err = tx.AddReply(&bot.Reply{
					ID: w.id(), AccountID: "a1", FriendID: f.ID, TeamID: "T1", ChannelID: "C1", TS: ts, State: state, Seq: seq, CallID: "call",
				})
				return err
			})
			return added
		}
		if !add("1.2", bot.ReplyHeld, 0) || !add("1.1", bot.ReplyHeld, 0) || add("1.1", bot.ReplyHeld, 0) {
			t.Error("a reply was not stored exactly once")
		}
		add("2.1", bot.ReplyReleased, 9)
		add("2.2", bot.ReplyReleased, 3)
		add("3.1", bot.ReplySentFree, 1)
		w.do(func(tx bot.Tx) error {
			held, e1 := tx.HeldReplies(f.ID)
			released, e2 := tx.ReleasedReplies(f.ID)
			ofCall, e3 := tx.RepliesOfCall("call")
			if len(held) != 2 || held[0].TS != "1.1" || len(released) != 2 || released[0].TS != "2.2" || len(ofCall) != 5 {
				t.Errorf("held %d, released %d, of the call %d", len(held), len(released), len(ofCall))
			}
			one, e4 := tx.NextReplySeq(f.ID)
			two, e5 := tx.NextReplySeq(f.ID)
			if two != one+1 {
				t.Errorf("places %d, %d", one, two)
			}
			return errors.Join(e1, e2, e3, e4, e5)
		})
		change := func(edited, text string, deleted bool) {
			w.do(func(tx bot.Tx) error {
				return tx.AddReplyChange(bot.ReplyChange{TeamID: "T1", ChannelID: "C1", TS: "9", EditedTS: edited, Text: text, Deleted: deleted})
			})
		}
		take := func() (c bot.ReplyChange, err error) {
			err = w.InTx(t.Context(), func(tx bot.Tx) (err error) { c, err = tx.TakeReplyChange("T1", "C1", "9"); return err })
			return c, err
		}
		change("2", "newest", false)
		change("1", "older", false)
		if c, err := take(); c.Text != "newest" || err != nil {
			t.Errorf("change = %+v (%v), want the newest", c, err)
		}
		if _, err := take(); !errors.Is(err, bot.ErrNotFound) {
			t.Errorf("a change was there twice: %v", err)
		}
		change("2", "edited", false)
		change("", "", true)
		change("3", "edited after deletion", false)
		if c, err := take(); !c.Deleted || err != nil {
			t.Errorf("change = %+v (%v), want the deletion", c, err)
		}
	})
}

func TestReplyTokensAreSpentOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		f := w.friend("U1")
		w.do(func(tx bot.Tx) error {
			for i := range 4 {
				if err := tx.AddReplyToken(bot.ReplyToken{ID: fmt.Sprint(i), AccountID: "a1", FriendID: f.ID, Token: "t", ReceivedAt: int64(10 - i)}); err != nil {
					return err
				}
			}
			return tx.SpendReplyToken("2")
		})
		w.do(func(tx bot.Tx) error {
			found, err := tx.ReplyTokens(f.ID, 7)
			if len(found) != 3-1 || found[0].ID != "1" || found[1].ID != "0" {
				t.Errorf("tokens = %+v", found)
			}
			return err
		})
	})
}

func TestAccounts(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		w.do(func(tx bot.Tx) error {
			a, err := tx.Account("a1")
			if err != nil {
				return err
			}
			if applied, err := tx.Applied("a1"); applied != nil || err != nil {
				t.Errorf("applied = %v (%v) before any apply", applied, err)
			}
			a.Settings.Name, a.Slug = "青山サロン", "aoyama-2"
			if err := tx.SaveAccount(&a, &a.Settings); err != nil || a.Version != 2 {
				t.Errorf("version = %d (%v), want 2", a.Version, err)
			}
			if err := tx.SaveAccount(&a, nil); err != nil || a.Version != 3 {
				t.Errorf("version = %d (%v), want 3", a.Version, err)
			}
			applied, err := tx.Applied("a1")
			if err != nil || applied == nil || applied.Name != "青山サロン" {
				t.Errorf("applied = %v (%v)", applied, err)
			}
			if err := errors.Join(tx.SetIdentity("a1", "sato", "U1"), tx.SetIdentity("a1", "sato", "U1"), tx.SetBotUserID("a1", "B1")); err != nil {
				return err
			}
			got, err := tx.AccountBySlug("aoyama-2")
			if got.Version != 4 || got.BotUserID != "B1" {
				t.Errorf("version %d, bot %q; want 4, B1", got.Version, got.BotUserID)
			}
			ids, ierr := tx.Identities("a1")
			if ids["sato"] != "U1" {
				t.Errorf("identities = %v", ids)
			}
			return errors.Join(err, ierr)
		})
		w.do(func(tx bot.Tx) error {
			one, e1 := tx.Heartbeat(5)
			two, e2 := tx.Heartbeat(9)
			if one != 0 || two != 5 {
				t.Errorf("heartbeats before = %d, %d; want 0, 5", one, two)
			}
			p := bot.Pause{Connection: "slack", Code: "x", Since: 1, RetryAt: 2}
			isNew, e3 := tx.SetPause(p)
			p.Since, p.RetryAt = 8, 9
			again, e4 := tx.SetPause(p)
			pauses, e5 := tx.Pauses()
			if !isNew || again || len(pauses) != 1 || pauses[0].Since != 1 || pauses[0].RetryAt != 9 {
				t.Errorf("pauses: new %v, again new %v, %+v", isNew, again, pauses)
			}
			was, e6 := tx.ClearPause("slack")
			still, e7 := tx.ClearPause("slack")
			if !was || still {
				t.Error("a pause was not cleared once")
			}
			e8 := tx.Audit(bot.AuditEntry{ID: "1", AccountID: "a1", At: 1, Actor: "U1", Action: "send", FriendID: "f1", Allowed: true})
			e9 := tx.Audit(bot.AuditEntry{ID: "2", AccountID: "a1", At: 2, Actor: "U1", Action: "send"})
			of, e10 := tx.AuditOf("a1", "f1", 5)
			all, e11 := tx.AuditOf("a1", "", 5)
			if len(of) != 1 || len(all) != 2 || all[0].ID != "2" {
				t.Errorf("audit of the friend %d, of all %d", len(of), len(all))
			}
			return errors.Join(e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11)
		})
	})
}

func TestPurgeKeepsWhatIsNotOldAndEveryKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		f := w.friend("U1")
		var many []bot.Incoming
		for i := range 700 {
			many = append(many, incoming(fmt.Sprint("k", i), "x", int64(i)))
		}
		accept(t, w.Store, many...)
		found := pending(t, w.Store, "x")
		var ended string
		w.do(func(tx bot.Tx) error {
			for _, e := range found[1:] {
				if err := tx.FinishEvent(e.ID); err != nil {
					return err
				}
			}
			c := w.call("post:c1", "")
			c.State, c.EndedAt = bot.CallDone, w.at.in(0)
			ended = c.ID
			_, err := tx.AddCall(c)
			return errors.Join(err, tx.AddAttempt(bot.Attempt{CallID: c.ID, At: 1, Outcome: "ok"}),
				tx.AddReplyToken(bot.ReplyToken{ID: "1", AccountID: "a1", FriendID: f.ID, ReceivedAt: 5}),
				tx.AddReplyChange(bot.ReplyChange{TeamID: "T1", ChannelID: "C1", TS: "1"}),
				tx.AddMessage(&bot.Message{ID: "m1", AccountID: "a1", FriendID: f.ID, ReceivedAt: 5, MediaKey: "key"}))
		})
		if err := w.Echo(t.Context(), ended, "1.2"); err != nil {
			t.Fatal(err)
		}
		open := w.call("post:c1", "")
		w.addCall(open)
		count := func(table string) (n int) {
			if err := raw(t, db).QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		purge := func(before int64) {
			t.Helper()
			if err := w.Purge(t.Context(), storage.Retention{Events: before, Calls: before, Echoes: before, ReplyTokens: before, ReplyChanges: before}); err != nil {
				t.Fatal(err)
			}
		}
		purge(5)
		if n := count("inbox"); n != 700 || count("call") != 2 || count("echo") != 1 || count("reply_token") != 1 {
			t.Errorf("something was purged before its time: %d events", n)
		}
		purge(w.at.in(time.Second))
		for table, want := range map[string]int{
			"inbox": 1, "inbox_key": 700, "call": 1, "attempt": 0, "echo": 0, "reply_token": 0, "reply_change": 0, "message": 1,
		} {
			if n := count(table); n != want {
				t.Errorf("%d rows of %s are left, want %d", n, table, want)
			}
		}
		accept(t, w.Store, many...)
		if n := count("inbox"); n != 1 {
			t.Errorf("after the purge %d duplicates got in", n-1)
		}
		w.do(func(tx bot.Tx) error {
			expired, err := tx.ExpiredMedia(6, 10)
			kept, kerr := tx.ExpiredMedia(5, 10)
			if len(expired) != 1 || len(kept) != 0 {
				t.Errorf("%d expired, %d expired too early", len(expired), len(kept))
			}
			return errors.Join(err, kerr)
		})
	})
}
