package bot_test

import (
	"testing"
	"time"
)

// A thread that was idle for thirty days is followed by a new one.
func TestThreadGenerations(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, first := w.talk("花子")
		w.pass(29 * 24 * time.Hour)
		w.says(f, "まだ同じ")
		if n := len(w.cards("sato", f)); n != 1 {
			t.Errorf("%d threads after 29 days, want 1", n)
		}
		w.pass(31 * 24 * time.Hour)
		w.says(f, "久しぶりです")
		second := w.card("sato", f)
		if second.TS == first.TS || second.Thread != "" {
			t.Fatalf("no new thread after 31 idle days")
		}
		if second.First.Mention != sato {
			t.Errorf("the new thread mentions %q", second.First.Mention)
		}
		// Both threads are the friend's: what is written in the old one goes too.
		w.replies(sato, "sato", first, "古いスレッドから")
		w.replies(sato, "sato", second, "新しいスレッドから")
		w.pass(hold)
		w.got(f, "古いスレッドから", "新しいスレッドから")
	})
}
