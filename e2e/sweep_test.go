package e2e

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	simslack "madoguchi/simulator/slack"
)

// swallow loses the events of what people write while it says something.
func (w *world) swallow(texts ...string) {
	w.slack.SetTrouble(simslack.Trouble{Swallow: func(e simslack.Event) bool {
		return !e.Own && slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(string(e.Body), text) })
	}})
}

// Replies whose events were lost are found after a restart, also one that is
// older than another that arrived, and none goes twice.
func TestSweepFindsLostReplies(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.swallow("消えた返信")
		lost := w.reply(sato, "sato", thread, "消えた返信")
		arrived := w.reply(sato, "sato", thread, "届いた返信")
		w.waitMark("sato", arrived, "white_check_mark")
		w.kill(syscall.SIGTERM)
		w.start()
		w.waitMark("sato", lost, "white_check_mark")
		w.drain()
		if got := w.phone(hana); !slices.Equal(got, []string{"届いた返信", "消えた返信"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// Over a socket a reconnect is enough.
func TestSweepAfterAReconnect(t *testing.T) {
	t.Parallel()
	each(t, options{socketMode: true}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		before := w.reply(sato, "sato", root(card), "切れる前の返信")
		w.waitMark("sato", before, "white_check_mark")
		w.swallow("消えた返信")
		lost := w.reply(sato, "sato", root(card), "消えた返信")
		w.slack.CutSockets()
		w.waitMark("sato", lost, "white_check_mark")
		after := w.reply(sato, "sato", root(card), "つながってからの返信")
		w.waitMark("sato", after, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, []string{"切れる前の返信", "消えた返信", "つながってからの返信"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// A found reply that is older than two minutes is offered, not sent.
func TestOldRepliesAreOffered(t *testing.T) {
	t.Parallel()
	for _, press := range []string{"送信する", "破棄"} {
		t.Run(press, func(t *testing.T) {
			t.Parallel()
			each(t, options{slackBehind: 3 * time.Minute}, func(t *testing.T, w *world) {
				w.start()
				hana, card := w.routedFriend(1, "花子")
				thread := root(card)
				ts := w.reply(sato, "sato", thread, "昔の返信")
				post := w.waitButton("sato", thread, press)
				w.waitShown("sato", "書かれてから時間がたっています")
				if got := w.phone(hana); len(got) != 0 {
					t.Fatalf("on the phone before the button: %q", got)
				}
				w.press(sato, "sato", post.TS, press)
				if press == "送信する" {
					w.waitMark("sato", ts, "white_check_mark")
					w.waitPhone(hana, "昔の返信")
					return
				}
				w.waitShown("sato", "この返信は破棄しました")
				if got := w.phone(hana); len(got) != 0 {
					t.Errorf("on the phone: %q", got)
				}
			})
		})
	}
}

// Where Slack does not let threads be read, the Slack channels learn from when
// to when replies may be missing.
func TestSweepThatIsRefused(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.slack.SetBeliefs(simslack.Beliefs{RepliesRefused: true})
		w.start()
		_, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "届いた返信")
		w.waitMark("sato", ts, "white_check_mark")
		w.kill(syscall.SIGTERM)
		w.start()
		line := w.waitShown("sato", "の返信が届いていない可能性があります")
		if line.ThreadTS != "" {
			t.Error("it stands in a thread, where nobody sees it")
		}
		w.waitShown("kenshu", "の返信が届いていない可能性があります")
		w.kill(syscall.SIGTERM)
		w.start()
		next := w.reply(sato, "sato", root(card), "次の返信")
		w.waitMark("sato", next, "white_check_mark")
		n := 0
		for _, m := range w.posts("sato") {
			if strings.Contains(m.Text, "届いていない可能性") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("said %d times within the hour", n)
		}
	})
}
