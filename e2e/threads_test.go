package e2e

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	simslack "madoguchi/simulator/slack"
)

// When a thread's first post was deleted, the next message opens the thread
// anew instead of standing in the open.
func TestDeletedFirstPostReopensTheThread(t *testing.T) {
	t.Parallel()
	for name, believed := range map[string]simslack.Beliefs{
		"accepted in the open": {}, "accepted in the thread": {TombstoneKeepsThread: true},
		"refused": {NoTombstone: true, UnknownThreadRefused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, options{}, func(t *testing.T, w *world) { deletedFirstPost(t, w, believed) })
		})
	}
}

func deletedFirstPost(t *testing.T, w *world, believed simslack.Beliefs) {
	t.Helper()
	w.slack.SetBeliefs(believed)
	w.start()
	hana, card := w.routedFriend(1, "花子")
	if err := w.slack.Delete(sato, w.channel("sato"), card.TS); err != nil {
		t.Fatal(err)
	}
	w.text(hana, "まだいますか")
	w.until(20*time.Second, "a new card with the message, and nothing else in the open", func() bool {
		open, cards := 0, 0
		for _, m := range w.posts("sato") {
			if m.BotID == "" || m.Tombstone || root(m) != m.TS {
				continue
			}
			open++
			if bytes.Contains(m.Blocks, jsonOf("まだいますか")) && bytes.Contains(m.Blocks, jsonOf("青山店スタッフ")) {
				cards++
			}
		}
		return open == 1 && cards == 1
	})
	again := w.waitShown("sato", "まだいますか")
	w.waitPost("sato", again.TS, "花子", true)
	w.reply(sato, "sato", again.TS, "いますよ")
	w.waitPhone(hana, "いますよ")
}

// A thread that was idle for a month is not dug out: the next message opens a
// new generation, and replies in the old one still reach the friend.
func TestIdleThreadGetsANewGeneration(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.kill(syscall.SIGTERM)
		if _, err := w.openDatabase().ExecContext(t.Context(), `UPDATE thread SET last_post_at = last_post_at - 2678400000 WHERE friend_id <> ''`); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.text(hana, "お久しぶりです")
		again := w.waitShown("sato", "お久しぶりです")
		if root(again) != again.TS || again.TS == card.TS {
			t.Fatalf("no new thread: the post stands in %s", root(again))
		}
		w.waitPost("sato", again.TS, "青山店スタッフ", true)
		w.reply(sato, "sato", card.TS, "古いスレッドから")
		w.waitPhone(hana, "古いスレッドから")
		w.waitShown("kenshu", "古いスレッドから")
	})
}

// A card shows what became known while its post was on its way.
func TestCardCatchesUpWithWhatHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitReady("sato")
		w.slack.Faults.Add(fault.Rule{Match: "chat.postMessage", Kind: fault.Delay, Delay: 600 * time.Millisecond})
		hana := w.friend(1, "花子")
		w.line.Faults.Add(fault.Rule{Match: "/v2/bot/profile/*", Kind: fault.Delay, Delay: 300 * time.Millisecond, Times: 1})
		w.text(hana, "青山ですか")
		card := w.waitShown("sato", "青山ですか")
		w.waitPost("sato", card.TS, "花子", true)
	})
}
