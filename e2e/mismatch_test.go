package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An id that comes again with other content changes nothing of what was taken
// in first. The owners are told, once an hour however many come, even if the
// process dies as soon as it has answered.
func TestOtherContentUnderAKnownID(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		at := now()
		body := func(id int, text string, redelivery bool) string {
			return fmt.Sprintf(`{"destination":"%s","events":[{"type":"message","webhookEventId":"01MISMATCH%d","deliveryContext":{"isRedelivery":%t},`+
				`"timestamp":%s,"mode":"active","source":{"type":"user","userId":"%s"},"message":{"type":"text","id":"77%d","text":"%s"}}]}`,
				botUser, id, redelivery, at, hana.Chat, id, text)
		}
		send := func(body string) {
			if status := w.signedHook(body); status != http.StatusOK {
				t.Fatalf("%d, want 200", status)
			}
		}
		db := w.openDatabase()
		alerts := func() int {
			return w.count(db, `SELECT COUNT(*) FROM inbox WHERE source = 'self' AND lane LIKE 'mismatch:%'`)
		}
		const ids = 5
		for id := range ids {
			send(body(id, fmt.Sprintf("最初の内容%d", id), false))
			send(body(id, fmt.Sprintf("最初の内容%d", id), true))
		}
		for id := range ids {
			w.waitShown("sato", fmt.Sprintf("最初の内容%d", id))
		}
		if n := alerts(); n != 0 {
			t.Errorf("%d alerts about what was only delivered again", n)
		}

		began := time.Now().Truncate(time.Hour)
		send(body(0, "別の内容", true))
		w.kill(syscall.SIGKILL)
		w.start()
		for id := range ids {
			send(body(id, "別の内容", id%2 == 0))
		}
		hours := 1 + int(time.Now().Truncate(time.Hour).Sub(began)/time.Hour)
		if n := alerts(); n < 1 || n > hours {
			t.Errorf("%d alerts within %d hours", n, hours)
		}
		w.waitShown("owners", "同じIDで、内容の異なるイベント")
		w.text(hana, "その後のメッセージ")
		w.waitShown("sato", "その後のメッセージ")
		w.until(10*time.Second, "everything is decided", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM inbox WHERE state = 'pending'`) == 0
		})
		told := 0
		for _, m := range w.posts("owners") {
			told += bytes.Count(m.Blocks, jsonOf("内容の異なるイベント"))
		}
		if told < 1 || told > hours {
			t.Errorf("the owners were told %d times within %d hours", told, hours)
		}
		if w.inSlack("別の内容") {
			t.Error("the other content is shown")
		}
		if kept := w.kept(db, "別の内容"); len(kept) > 0 {
			t.Errorf("the other content is kept in %s", strings.Join(kept, ", "))
		}
		w.neverLogged(t, "別の内容", "最初の内容")
	})
}
