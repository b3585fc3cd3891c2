package storage_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

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
		w.do(func(tx bot.Tx) error {
			_, err := tx.AddEcho(bot.Echo{CallID: ended, TS: "1.2"})
			return err
		})
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
