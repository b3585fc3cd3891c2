package bot_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"madoguchi/bot"
)

// turns has a friend follow or block the account, at a time that may be older
// than what was delivered before.
func (w *world) turns(f friend, blocks bool, at time.Time) {
	w.t.Helper()
	kind := map[bool]string{true: "unfollow", false: "follow"}[blocks]
	e := w.event(f, kind)
	e["timestamp"] = at.UnixMilli()
	if !blocks {
		e["follow"] = object{"isUnblocked": true}
	}
	w.deliver(e)
}

// turned counts the lines about following and blocking in a friend's thread,
// and returns what the last of them tells.
func (w *world) turned(f friend) (lines int, last string) {
	w.t.Helper()
	for _, p := range w.inThread("sato", w.card("sato", f).TS) {
		for _, item := range p.View.Items {
			if c := item.Content; c != nil && (c.Type == "follow" || c.Type == "unfollow") {
				lines, last = lines+1, c.Type
			}
		}
	}
	return lines, last
}

// A friend who blocks the account and comes back a hundred times in a row is
// one card that tells how it stands, and one line a minute.
func TestFlappingFriend(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		for i := range 200 {
			w.turns(f, i%2 == 0, w.clock.now())
			w.pass(500 * time.Millisecond)
		}
		w.pass(time.Minute)
		if n := len(w.cards("sato", f)); n != 1 {
			t.Errorf("%d cards", n)
		}
		if lines, last := w.turned(f); lines == 0 || lines > 2 || last != "follow" {
			t.Errorf("%d lines in 100 seconds, the last one a %q", lines, last)
		}
		if w.card("sato", f).View.Card.Blocked {
			t.Error("the card says that a friend who came back blocks the account")
		}
		w.turns(f, true, w.clock.now())
		w.settle()
		if lines, last := w.turned(f); lines > 3 || last != "unfollow" || !w.card("sato", f).View.Card.Blocked {
			t.Errorf("after the last block: %d lines, the last one a %q; card %+v", lines, last, w.card("sato", f).View.Card)
		}
		ts := w.replies(sato, "sato", thread, "はい")
		w.pass(hold)
		w.is("sato", ts, bot.ReplyRefused, "x")
		w.got(f)
	})
}

// In whatever order they arrive, and whatever is written in between, the newest
// event tells whether a friend blocks the account.
func TestFlappingFriendOutOfOrder(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		for seed := range uint64(10) {
			f, _ := w.talk("花子")
			start := w.clock.now()
			w.pass(5 * time.Minute)
			chance := rand.New(rand.NewPCG(seed, 1))
			last := chance.IntN(2)
			said := 0
			for _, i := range chance.Perm(40) {
				if i < 39 && chance.IntN(4) == 0 {
					e := w.event(f, "message")
					e["timestamp"] = start.Add(time.Duration(1+i) * time.Second).UnixMilli()
					e["message"] = object{"type": "text", "id": e["webhookEventId"], "text": "もしもし"}
					w.deliver(e)
					said++
				} else {
					w.turns(f, (i+last)%2 == 0, start.Add(time.Duration(1+i)*time.Second))
				}
				w.settle() // what comes later is decided later
			}
			w.pass(time.Minute)
			blocked := (39+last)%2 == 0
			if got := w.card("sato", f).View.Card.Blocked; got != blocked {
				t.Errorf("seed %d: the card says blocked: %t, want %t", seed, got, blocked)
			}
			kind := map[bool]string{true: "unfollow", false: "follow"}[blocked]
			if lines, told := w.turned(f); lines > said+1 || told != kind {
				t.Errorf("seed %d: %d lines among %d messages, the last one a %q, want a %s", seed, lines, said, told, kind)
			}
			if n := len(w.cards("sato", f)); n != 1 {
				t.Errorf("seed %d: %d cards", seed, n)
			}
		}
	})
}
