package e2e

import (
	"slices"
	"testing"
	"time"

	"madoguchi/simulator/fault"
)

// waiting writes a reply that LINE turns away for longer than the test runs,
// and returns when that is known.
func (w *world) waiting(place, threadTS, text string) (ts string) {
	w.t.Helper()
	w.line.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.RateLimit, RetryAfter: 20 * time.Second, Times: 1})
	ts = w.reply(sato, place, threadTS, text)
	w.waitMark(place, ts, "hourglass_flowing_sand")
	return ts
}

// A reply that LINE certainly did not take may still be deleted, whatever was
// tried already. What comes behind it goes on.
func TestReplyThatLINETurnedAwayMayBeDeleted(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.spendToken("sato", root(card))
		deleted := w.waiting("sato", root(card), "消した返信")
		w.delete(sato, "sato", deleted)
		next := w.reply(sato, "sato", root(card), "次の返信")
		w.waitMark("sato", next, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, []string{"はい", "次の返信"}) {
			t.Errorf("on the phone: %q", got)
		}
		if m, shown := w.shows("sato", "削除してもLINEからは消えません"); shown {
			t.Errorf("told that it is too late: %s", m.Text)
		}
	})
}

// The same for an edit: the newest words go, or none when they make a note.
func TestReplyThatLINETurnedAwayMayBeEdited(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.spendToken("sato", root(card))
		edited := w.waiting("sato", root(card), "誤字のある返信")
		w.edit(sato, "sato", edited, "直した返信")
		w.waitMark("sato", edited, "white_check_mark")
		noted := w.waiting("sato", root(card), "この方は要注意")
		w.edit(sato, "sato", noted, "// この方は要注意です")
		w.waitMark("sato", noted, "memo")
		w.waitShown("kenshu", "この方は要注意です")
		next := w.reply(sato, "sato", root(card), "次の返信")
		w.waitMark("sato", next, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, []string{"はい", "直した返信", "次の返信"}) {
			t.Errorf("on the phone: %q", got)
		}
		if m, shown := w.shows("sato", "この編集はLINEには反映されません"); shown {
			t.Errorf("told that it is too late: %s", m.Text)
		}
	})
}

// Taking one of a burst back leaves the others as they are.
func TestOneReplyOfABurstIsTakenBack(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "1s"}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.spendToken("sato", root(card))
		w.line.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.RateLimit, RetryAfter: 20 * time.Second, Times: 1})
		first := w.reply(sato, "sato", root(card), "一つ目")
		deleted := w.reply(sato, "sato", root(card), "消した二つ目")
		last := w.reply(sato, "sato", root(card), "三つ目")
		for _, ts := range []string{first, deleted, last} {
			w.waitMark("sato", ts, "hourglass_flowing_sand")
		}
		w.delete(sato, "sato", deleted)
		w.waitMark("sato", first, "white_check_mark")
		w.waitMark("sato", last, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, []string{"はい", "一つ目", "三つ目"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// While nobody knows whether LINE took a reply, it cannot be taken back: it
// might be with the friend.
func TestReplyOfUnknownFateStaysAsItIs(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.spendToken("sato", root(card))
		w.line.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.LostAnswer, Times: 2})
		ts := w.reply(sato, "sato", root(card), "届いたかもしれない返信")
		w.waitMark("sato", ts, "hourglass_flowing_sand")
		w.edit(sato, "sato", ts, "直したつもりの返信")
		w.waitShown("sato", "この編集はLINEには反映されません")
		w.waitMark("sato", ts, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, []string{"はい", "届いたかもしれない返信"}) {
			t.Errorf("on the phone: %q", got)
		}
		keys := map[string]bool{}
		for _, e := range w.sent(hana) {
			if !e.Free {
				keys[e.RetryKey] = true
			}
		}
		if len(keys) != 1 {
			t.Errorf("pushed with %d keys, want 1", len(keys))
		}
	})
}
