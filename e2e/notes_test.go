package e2e

import (
	"strings"
	"testing"
	"time"
)

// Whoever may not view a friend any more cannot rewrite or delete the notes
// they left: colleagues read them.
func TestNoteStaysAfterItsAuthorLostView(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		_, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "// 前回は遅刻された")
		w.waitMark("sato", ts, "memo")
		note := w.waitShown("kenshu", "前回は遅刻された")
		w.edit(sato, "sato", ts, "// 前回は十分遅刻された")
		w.waitPost("kenshu", note.TS, "前回は十分遅刻された", true)

		w.reapply("青山店スタッフ, friends: [青山店], view: true, send: true", "青山店スタッフ, friends: [青山店], send: true")
		db := w.openDatabase()
		refused := func(n int) func() bool {
			return func() bool {
				return w.count(db, `SELECT COUNT(*) FROM audit WHERE NOT allowed AND action = 'note' AND actor = '`+sato+`'`) == n
			}
		}
		w.edit(sato, "sato", ts, "// rewritten-canary")
		w.until(10*time.Second, "the edit is refused", refused(1))
		w.delete(sato, "sato", ts)
		w.until(10*time.Second, "the deletion is refused", refused(2))
		w.drain()
		if w.inSlackOf("kenshu", "rewritten-canary") || !w.inSlackOf("kenshu", "前回は十分遅刻された") {
			t.Errorf("the note reads %s", w.post("kenshu", note.TS).Blocks)
		}
	})
}

// inSlackOf tells whether a text stands in a place, whoever wrote it.
func (w *world) inSlackOf(place, text string) bool {
	for _, m := range w.posts(place) {
		if strings.Contains(m.Text+string(m.Blocks), text) {
			return true
		}
	}
	return false
}
