package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

// While a reply is held its newest edit counts and its deletion cancels it.
func TestHeldRepliesMayStillChange(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "3s"}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		taro, other := w.routedFriend(2, "太郎")
		thread := root(card)
		edited := w.reply(sato, "sato", thread, "十一時に")
		deleted := w.reply(sato, "sato", root(other), "送らない返信")
		w.edit(sato, "sato", edited, "十二時に")
		w.edit(sato, "sato", edited, "十三時にお待ちします")
		w.delete(sato, "sato", deleted)
		w.waitMark("sato", edited, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, []string{"十三時にお待ちします"}) {
			t.Errorf("on the phone: %q", got)
		}
		if marks := w.marks("sato", edited); strings.Contains(marks, "hourglass") {
			t.Errorf("a hold of 3 s is marked: %s", marks)
		}

		// Once it is with LINE, changing it can only be noted.
		w.edit(sato, "sato", edited, "やはり十四時に")
		w.waitShown("sato", "この編集はLINEには反映されません")
		w.delete(sato, "sato", edited)
		w.waitShown("sato", "削除してもLINEからは消えません")
		if got := w.phone(taro); len(got) != 0 {
			t.Errorf("a deleted reply on the phone: %q", got)
		}
		if got := w.phone(hana); len(got) != 1 {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// A reply that is turned into a note while it is held stays inside.
func TestHeldReplyBecomesANote(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "3s"}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "この方は要注意")
		w.edit(sato, "sato", ts, "// この方は要注意です")
		w.waitMark("sato", ts, "memo")
		w.waitShown("kenshu", "この方は要注意です")
		after := w.reply(sato, "sato", root(card), "ありがとうございます")
		w.waitMark("sato", after, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, []string{"ありがとうございます"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// A longer hold is marked, and the mark goes when the reply has gone.
func TestLongHoldIsMarked(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "4s"}, func(t *testing.T, w *world) {
		w.start()
		_, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "少々お待ちください")
		w.waitMark("sato", ts, "hourglass_flowing_sand")
		w.waitMark("sato", ts, "white_check_mark")
		w.until(5*time.Second, "the mark of the hold is gone", func() bool { return !w.marked("sato", ts, "hourglass_flowing_sand") })
	})
}

// Replies of one operator whose holds overlap go in one call of at most five
// bubbles, in order; the sixth goes in the next.
func TestBurst(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "1s"}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		var last string
		var want []string
		for i := range 6 {
			want = append(want, fmt.Sprintf("その%d", i+1))
			last = w.reply(sato, "sato", root(card), want[i])
		}
		w.waitMark("sato", last, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, want) {
			t.Errorf("on the phone: %q, want %q", got, want)
		}
		var bubbles []int
		for _, e := range w.line.Ledger(botUser, hana.Chat) {
			if e.Side == simline.ByAccount {
				bubbles = append(bubbles, len(e.Bubbles))
			}
		}
		if !slices.Equal(bubbles, []int{5, 1}) {
			t.Errorf("calls of %v bubbles", bubbles)
		}
	})
}

// An edit or a deletion may overtake its message; both count all the same, and
// two replies of the same moment keep their order.
func TestEventsThatOvertakeEachOther(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "3s"}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.slack.SetTrouble(simslack.Trouble{Delay: func(e simslack.Event) time.Duration {
			if e.Type == "message" && e.Subtype == "" && !e.Own && strings.Contains(string(e.Body), "追い越され") {
				return 500 * time.Millisecond
			}
			return 0
		}})
		first := w.reply(sato, "sato", thread, "追い越された一つ目")
		second := w.reply(sato, "sato", thread, "二つ目")
		edited := w.reply(sato, "sato", thread, "追い越された誤字")
		w.edit(sato, "sato", edited, "直した三つ目")
		gone := w.reply(sato, "sato", thread, "追い越された不要な返信")
		w.delete(sato, "sato", gone)
		for _, ts := range []string{first, second, edited} {
			w.waitMark("sato", ts, "white_check_mark")
		}
		w.drain()
		if got, want := w.phone(hana), []string{"追い越された一つ目", "二つ目", "直した三つ目"}; !slices.Equal(got, want) {
			t.Errorf("on the phone: %q, want %q", got, want)
		}
	})
}

// A reply that was refused is not sent by editing it.
func TestEditOfARefusedReplyNeverSends(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		long := w.reply(sato, "sato", root(card), strings.Repeat("長", 5001))
		w.waitMark("sato", long, "x")
		w.edit(sato, "sato", long, "短くしました")
		w.waitShown("sato", "送信しなかった返信を編集しても")
		post := w.waitShown("kenshu", "花子から青山店へ")
		reading := w.reply(trainee, "kenshu", root(post), "閲覧のみ")
		w.waitMark("kenshu", reading, "x")
		w.edit(trainee, "kenshu", reading, "閲覧のみの編集")
		w.waitShown("kenshu", "送信しなかった返信を編集しても")
		if got := w.phone(hana); len(got) != 0 {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// A link preview changes a message without anybody having edited it.
func TestUnfurlIsNoEdit(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		_, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "https://example.com をご覧ください")
		w.waitMark("sato", ts, "white_check_mark")
		if err := w.slack.Unfurl(w.channel("sato"), ts); err != nil {
			t.Fatal(err)
		}
		next := w.reply(sato, "sato", root(card), "次の返信")
		w.waitMark("sato", next, "white_check_mark")
		if m, shown := w.shows("sato", "この編集は"); shown {
			t.Errorf("taken for an edit: %s", m.Text)
		}
	})
}

// A hold counts in full also where it is longer than a burst may grow, and
// where the friend's other replies go earlier.
func TestHoldLongerThanABurst(t *testing.T) {
	t.Parallel()
	each(t, options{file: sendingTrainee("18s")}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		other := w.waitShown("kenshu", "花子から青山店へ")
		began := time.Now()
		ts := w.reply(sato, "sato", root(card), "よく考えた返信")
		w.waitMark("sato", ts, "hourglass_flowing_sand")
		w.reapply("hold: 18s", "hold: 0s")
		w.reply(trainee, "kenshu", root(other), "すぐの返信")
		w.waitPhone(hana, "すぐの返信")
		w.never(17500*time.Millisecond-time.Since(began), "sent before its hold was over", func() bool { return len(w.phone(hana)) > 1 })
		w.waitPhone(hana, "よく考えた返信")
	})
}
