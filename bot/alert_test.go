package bot_test

import (
	"fmt"
	"testing"
	"time"

	"madoguchi/bot"
)

// Whoever can sign events decides neither how often the owners are told of
// those that change what was said, nor, with other times in them, when.
func TestMismatchesAreToldOnceAnHour(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		e := w.event(f, "message")
		e["message"] = object{"type": "text", "id": "m1", "text": "最初の内容"}
		w.deliver(e)
		w.settle()
		forge := func() {
			w.t.Helper()
			for n := range 5 {
				e["timestamp"] = w.clock.ms() - int64(n)*time.Hour.Milliseconds()
				e["message"] = object{"type": "text", "id": "m1", "text": fmt.Sprintf("別の内容%d", n)}
				w.deliver(e)
				w.pass(time.Minute)
			}
		}
		told := func() int { return w.said(bot.OwnersPlace, "relay.mismatch") }
		forge() // 10:05
		forge()
		if n := told(); n != 1 {
			t.Errorf("told %d times within an hour, want once", n)
		}
		w.pass(time.Hour)
		forge()
		if n := told(); n != 2 {
			t.Errorf("told %d times in two hours, want twice", n)
		}
		if texts := w.shown("sato", f); len(texts) == 0 || texts[len(texts)-1] != "最初の内容" {
			t.Errorf("sato is shown %q", texts)
		}
	})
}
