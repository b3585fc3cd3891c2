package storage_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

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
			waiting, err := tx.WaitingFriends("a1", nil, 0)
			if err != nil || len(waiting) != 2 || waiting[0].ID != early.ID {
				t.Errorf("waiting = %v", waiting)
			}
			if count, err := tx.WaitingCount("a1"); err != nil || count != (bot.Backlog{Waiting: 2, Oldest: 10}) {
				t.Errorf("waiting count = %+v (%v)", count, err)
			}
			next, err := tx.WaitingFriends("a1", &early, 5)
			if err != nil || len(next) != 1 || next[0].ID != late.ID {
				t.Errorf("waiting after the first = %v (%v)", next, err)
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
