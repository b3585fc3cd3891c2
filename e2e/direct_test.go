package e2e

import (
	"strings"
	"testing"
	"time"
)

// Who writes to the bot itself is answered there, once; what they wrote is kept
// nowhere.
func TestDirectMessageIsAnswered(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitReady("sato")
		room, ts, err := w.slack.Direct(sato, "direct-canary 誰にも届かない返信")
		if err != nil {
			t.Fatal(err)
		}
		answers := func() (n int) {
			for _, m := range w.slack.Messages(room) {
				if m.BotID != "" && strings.Contains(m.Text, "友だちのスレッドの中で返信してください") {
					n++
				}
			}
			return n
		}
		w.until(10*time.Second, "the answer", func() bool { return answers() == 1 })
		if err := w.slack.Edit(sato, room, ts, "direct-canary 書き直し"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.slack.Direct(sato, "direct-canary もう一度"); err != nil {
			t.Fatal(err)
		}
		w.drain()
		db := w.openDatabase()
		w.until(10*time.Second, "all events are decided", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM inbox WHERE source = 'slack' AND state = 'done' AND lane LIKE '%:`+room+`:%'`) >= 2
		})
		w.drain()
		if n := answers(); n != 1 {
			t.Errorf("answered %d times, want once an hour", n)
		}
		if found := w.kept(db, "direct-canary"); len(found) > 0 {
			t.Errorf("what was written is kept in %v", found)
		}
	})
}
