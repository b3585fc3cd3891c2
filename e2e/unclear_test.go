package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"madoguchi/simulator/fault"
)

// A reply whose answer was lost is repeated once with the same token, which
// LINE refuses when the first had arrived; then a person decides. It is never
// followed by a push of its own accord.
func TestLostAnswerOfAReply(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.line.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.LostAnswer, Times: 1})
		ts := w.reply(sato, "sato", thread, "届いたはずの返信")
		w.waitMark("sato", ts, "question")
		w.waitShown("sato", "LINEに届いたか確認できません")
		if n := w.line.Calls(replyPath); n != 2 {
			t.Errorf("%d reply calls, want 2", n)
		}
		if n := w.line.Calls(pushPath); n != 0 {
			t.Errorf("%d pushes", n)
		}
		post := w.waitButton("sato", thread, "届いていた")
		w.press(sato, "sato", post.TS, "届いていた")
		w.waitMark("sato", ts, "white_check_mark")
		w.until(5*time.Second, "no longer unclear", func() bool { return !w.marked("sato", ts, "question") })
		w.waitShown("kenshu", "届いたはずの返信")
		w.press(sato, "sato", post.TS, "もう一度送る")
		w.waitShown("sato", "この返信はもう処理されています")
		if got := w.phone(hana); !slices.Equal(got, []string{"届いたはずの返信"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// One that did not arrive is sent again by the button, as a push.
func TestUnclearReplyIsSentAgain(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.line.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.Status, Status: http.StatusBadGateway, Times: 2})
		ts := w.reply(sato, "sato", thread, "届かなかった返信")
		w.waitMark("sato", ts, "question")
		if got := w.phone(hana); len(got) != 0 {
			t.Fatalf("on the phone: %q", got)
		}
		post := w.waitButton("sato", thread, "もう一度送る")
		w.press(sato, "sato", post.TS, "もう一度送る")
		w.press(sato, "sato", post.TS, "もう一度送る")
		w.waitMark("sato", ts, "yen")
		w.drain()
		if got := w.phone(hana); !slices.Equal(got, []string{"届かなかった返信"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// A push is repeated with the same key until LINE says that it has it, and is
// on the phone once.
func TestLostAnswersOfAPush(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.spendToken("sato", thread)
		w.line.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.Status, Status: http.StatusInternalServerError, Times: 1})
		w.line.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.LostAnswer, Times: 2})
		ts := w.reply(sato, "sato", thread, "何度も試す返信")
		w.waitMark("sato", ts, "hourglass_flowing_sand")
		w.waitMark("sato", ts, "yen")
		if got := w.phone(hana); !slices.Equal(got, []string{"はい", "何度も試す返信"}) {
			t.Errorf("on the phone: %q", got)
		}
		if n := w.line.Calls(pushPath); n < 4 {
			t.Errorf("%d pushes; the last must have found the key", n)
		}
		w.until(5*time.Second, "no longer marked as waiting", func() bool { return !w.marked("sato", ts, "hourglass_flowing_sand") })
		for _, v := range w.line.Violations() {
			t.Errorf("LINE's rules: %+v", v)
		}
	})
}

// A reply that LINE refuses can be sent again once what was wrong is mended.
func TestFailedReplyIsSentAgain(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.spendToken("sato", thread)
		w.line.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.Status, Status: http.StatusBadRequest, Body: `{"message":"Failed to send messages"}`, Times: 1})
		ts := w.reply(sato, "sato", thread, "一度だけ断られる返信")
		w.waitMark("sato", ts, "x")
		post := w.waitButton("sato", thread, "もう一度送る")
		w.press(sato, "sato", post.TS, "もう一度送る")
		w.waitMark("sato", ts, "yen")
		w.waitPhone(hana, "一度だけ断られる返信")
	})
}
