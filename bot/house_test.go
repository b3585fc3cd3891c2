package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
)

// A friend's profile is asked for when they first come, and at most daily.
func TestProfileIsAskedForDaily(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		for range 23 {
			w.pass(time.Hour)
			w.says(f, "もしもし")
		}
		if n := w.line.profilesAsked(f.id); n != 1 {
			t.Errorf("asked %d times within a day, want once", n)
		}
		w.line.mu.Lock()
		w.line.names[f.id] = "花子（改名）"
		w.line.mu.Unlock()
		w.pass(2 * time.Hour)
		w.says(f, "もしもし")
		w.says(f, "もしもし")
		if n := w.line.profilesAsked(f.id); n != 2 {
			t.Errorf("asked %d times after a day, want twice", n)
		}
		if card := w.posts("sato")[0].View.Card; card.Name != "花子（改名）" {
			t.Errorf("the card shows %q", card.Name)
		}
	})
}

// Follows open no thread; the owners get one line for each hour that had some.
func TestFollowsAreToldByTheHour(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		follow := func() { w.t.Helper(); w.does(w.newFriend("新規"), "follow") }
		follow() // 10:05
		follow()
		w.pass(50 * time.Minute)
		follow()
		if n := len(w.posts(bot.OwnersPlace)); n != 0 {
			t.Fatalf("%d posts before the hour is full", n)
		}
		// 11:00:05, before the line of the last hour has gone out.
		w.pass(5*time.Minute + 5*time.Second)
		follow()
		w.pass(5 * time.Second)
		if w.said(bot.OwnersPlace, "relay.follows", "10:00", 3) != 1 {
			t.Error("the owners were not told of the hour from 10:00")
		}
		w.pass(2 * time.Hour)
		if w.said(bot.OwnersPlace, "relay.follows", "11:00", 1) != 1 {
			t.Error("the owners were not told of the hour from 11:00")
		}
		w.pass(24 * time.Hour)
		if n := len(w.posts(bot.OwnersPlace)); n != 2 {
			t.Errorf("%d posts, want one for each hour that had follows", n)
		}
		if n := len(w.posts("sato")); n != 0 {
			t.Errorf("%d posts about people who said nothing", n)
		}
	})
}

// LINE's clock may be ahead of ours.
func TestFollowOfTheComingHourIsTold(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		w.pass(54*time.Minute + 58*time.Second) // 10:59:58
		e := w.event(w.newFriend("新規"), "follow")
		e["timestamp"] = w.clock.ms() + 3000
		w.deliver(e)
		w.pass(5 * time.Hour)
		if n := len(w.posts(bot.OwnersPlace)); n != 1 {
			t.Errorf("%d posts, want one", n)
		}
	})
}

// After a gap of more than a minute the owners learn from when to when LINE may
// have found nobody, and whether LINE delivers again.
func TestGapIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		gap        time.Duration
		redelivery bool
		key        string // "" when nothing is to be told
	}{
		"short":       {gap: 50 * time.Second},
		"long":        {gap: 5 * time.Minute, key: "relay.gap"},
		"redelivered": {gap: 5 * time.Minute, redelivery: true, key: "relay.gap_redelivered"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				if test.redelivery {
					e := w.event(w.newFriend("花子"), "follow")
					e["deliveryContext"] = object{"isRedelivery": true}
					w.deliver(e)
					w.settle()
				}
				w.stop()
				w.clock.moveTo(w.clock.now().Add(test.gap))
				w.start()
				if test.key != "" {
					w.until(test.key+" is told", func() bool { return w.said(bot.OwnersPlace, test.key, "10:05", "10:10") == 1 })
				}
				// A message goes through the relay after its first heartbeat.
				w.talk("太郎")
				if n := len(w.posts(bot.OwnersPlace)); n > 0 != (test.key != "") || n > 1 {
					t.Errorf("%d posts to the owners", n)
				}
			})
		})
	}
}

// A friend's file is kept for thirty days.
func TestMediaAreKeptThirtyDays(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		w.sendsPicture(f, "jpeg")
		if n := len(w.files.keys()); n != 1 {
			t.Fatalf("%d files are kept", n)
		}
		if n := w.slack.filesIn(channelOf("sato")); n != 1 {
			t.Fatalf("%d files are in Slack", n)
		}
		restart := func(after time.Duration) {
			w.stop()
			w.clock.moveTo(w.clock.now().Add(after))
			w.start()
		}
		restart(29 * 24 * time.Hour)
		w.says(f, "まだありますか") // whatever the start tidied away is gone by now
		if n := len(w.files.keys()); n != 1 {
			t.Errorf("%d files are kept after 29 days", n)
		}
		restart(2 * 24 * time.Hour)
		w.until("the file is gone", func() bool { return len(w.files.keys()) == 0 })
		var m []bot.Message
		w.until("the message says so", func() bool {
			w.look(func(tx bot.Tx) error {
				fr, err := tx.FindFriends(accountID, f.name, 1)
				if err != nil || len(fr) != 1 {
					return errors.Join(err, errors.New("no such friend"))
				}
				m, err = tx.LastMessages(fr[0].ID, 10)
				return err
			})
			return m[0].Media == bot.MediaGone
		})
	})
}

// An event that cannot be decided is tried five times; then it is parked, the
// owners are told, and the friend's next ones go on.
func TestPoisonIsParked(t *testing.T) {
	poisoned := func(c *bot.Config) {
		decode := c.DecodeLINE
		c.DecodeLINE = func(raw []byte) (bot.LINEEvent, error) {
			if strings.Contains(string(raw), "毒") {
				panic("poison")
			}
			return decode(raw)
		}
	}
	each(t, options{config: poisoned}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		other := w.newFriend("太郎")
		w.says(f, "毒")
		w.says(f, "次のメッセージ")
		w.says(other, "こちらは別")
		if got := w.inThread("sato", thread.TS); len(got) != 1 {
			t.Errorf("%d posts while the lane is held, want only the first", len(got))
		}
		w.card("sato", other)
		w.pass(20 * time.Second)
		if got := w.newest("sato", f).texts(); len(got) != 1 || got[0] != "次のメッセージ" {
			t.Errorf("the newest post says %q", got)
		}
		var parked []bot.ParkedEvent
		w.look(func(tx bot.Tx) (err error) {
			parked, err = tx.Parked(accountID, 10)
			return err
		})
		if len(parked) != 1 || parked[0].Attempts != 5 {
			t.Fatalf("parked: %+v, want one after five attempts", parked)
		}
		if w.said(bot.OwnersPlace, "relay.parked", parked[0].ID) != 1 {
			t.Error("the owners were not told")
		}
	})
}
