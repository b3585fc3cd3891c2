package e2e

import (
	"slices"
	"syscall"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
)

// Of two replies to a group that are released at the same time the first asks
// whether it may cost something. The second must not wait for nothing.
func TestReplyBehindOneThatAsks(t *testing.T) {
	t.Parallel()
	file := sendingTrainee("3s")
	each(t, options{file: file}, func(t *testing.T, w *world) {
		w.start()
		members := []simline.Friend{{UserID: simline.UserID(1), Name: "花子"}, {UserID: simline.UserID(2), Name: "太郎"}}
		if err := w.line.AddGroup(botUser, simline.Group{ID: simline.GroupID(1), Name: "家族", Members: members}); err != nil {
			t.Fatal(err)
		}
		family := simline.From{Bot: botUser, Chat: simline.GroupID(1), User: members[0].UserID}
		w.text(family, "青山店でいいですか")
		card := w.waitShown("sato", "青山店でいいですか")
		other := w.waitShown("kenshu", "青山店でいいですか")
		w.spendToken("sato", root(card))

		w.reply(sato, "sato", root(card), "佐藤の返信")
		w.reply(trainee, "kenshu", root(other), "研修生の返信")
		db := w.openDatabase()
		w.until(10*time.Second, "both are held", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM reply WHERE state = 'held'`) == 2
		})
		// Both holds end while nothing runs.
		w.kill(syscall.SIGTERM)
		w.until(10*time.Second, "both holds are over", func() bool {
			var ends int64
			if err := db.QueryRowContext(t.Context(), `SELECT MAX(hold_until) FROM reply WHERE state = 'held'`).Scan(&ends); err != nil {
				t.Fatal(err)
			}
			return time.Now().UnixMilli() > ends
		})
		w.start()
		for place, ts := range map[string]string{"sato": root(card), "kenshu": root(other)} {
			w.waitButton(place, ts, "送信する")
		}
		post := w.waitButton("kenshu", root(other), "送信する")
		w.press(trainee, "kenshu", post.TS, "送信する")
		w.waitPhone(family, "研修生の返信")
		if got := w.phone(family); !slices.Equal(got, []string{"はい", "研修生の返信"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}
