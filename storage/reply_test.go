package storage_test

import (
	"errors"
	"fmt"
	"testing"

	"madoguchi/bot"
	"madoguchi/storage/storagetest"
)

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
