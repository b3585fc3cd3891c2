package e2e

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"madoguchi/simulator/fault"
)

// A stop carries the request that is under way through: nobody is asked whether
// the friend has the reply, and it is not sent again.
func TestStopLeavesNoReplyUnclear(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.line.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.Delay, Delay: 2 * time.Second, Times: 1})
		ts := w.reply(sato, "sato", root(card), "止まる前に")
		w.waitPhone(hana, "止まる前に")
		w.kill(syscall.SIGTERM)
		db := w.openDatabase()
		if n := w.count(db, `SELECT COUNT(*) FROM reply WHERE state <> 'sent_free'`); n != 0 {
			t.Errorf("%d replies are not known to be sent once the process has ended", n)
		}
		w.start()
		w.waitMark("sato", ts, "white_check_mark")
		w.drain()
		if w.marked("sato", ts, "question") {
			t.Error("somebody is asked whether it arrived")
		}
		if n := w.line.Calls(replyPath); n != 1 {
			t.Errorf("%d reply calls, want 1", n)
		}
		if got := w.phone(hana); !slices.Equal(got, []string{"止まる前に"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}
