package bot_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/words"
	"madoguchi/operators"
)

// byTag has Sato see only the friends of the shop.
func byTag(s *bot.Settings) { s.Operators[0].PermissionSets = []string{"shop"} }

// shown are the words of a friend's thread, in order.
func (w *world) shown(place string, f friend) (texts []string) {
	w.t.Helper()
	for _, p := range w.inThread(place, w.card(place, f).TS) {
		texts = append(texts, p.texts()...)
	}
	return texts
}

func numbered(from, to int) (all []string) {
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("%d番", i))
	}
	return all
}

// Whoever gains sight of a waiting friend gets the card, the last twenty
// messages and a mention; whoever regains it gets what is new and nothing twice.
func TestSight(t *testing.T) {
	each(t, options{settings: byTag}, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		for _, text := range numbered(1, 25) {
			w.says(f, text)
		}
		w.card(bot.OwnersPlace, f)
		if len(w.posts("sato")) != 0 {
			t.Fatal("Sato sees a friend without the shop's tag")
		}

		w.tags(bot.OwnersPlace, f, "t-aoyama")
		if got, want := w.shown("sato", f), numbered(6, 25); !slices.Equal(got, want) {
			t.Errorf("after gaining sight: %q, want the last twenty", got)
		}
		if m := w.card("sato", f).First.Mention; m != sato {
			t.Errorf("the card mentions %q", m)
		}

		w.says(f, "26番")
		w.tags(bot.OwnersPlace, f)
		w.says(f, "27番")
		if got, want := w.shown("sato", f), numbered(6, 26); !slices.Equal(got, want) {
			t.Errorf("after losing sight: %q", got)
		}
		w.tags(bot.OwnersPlace, f, "t-aoyama")
		want := append(numbered(6, 26), words.In("ja").Say("relay.sight_regained"), "27番")
		if got := w.shown("sato", f); !slices.Equal(got, want) {
			t.Errorf("after regaining sight: %q, want nothing twice", got)
		}
		if n := len(w.cards("sato", f)); n != 1 {
			t.Errorf("%d threads, want one", n)
		}
	})
}

// Whoever regains sight of a waiting friend is pushed, also when there is nothing
// new to show: the operator, and the owners when nobody else sees the friend.
func TestSightRegainedPushes(t *testing.T) {
	each(t, options{settings: byTag}, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		w.says(f, "1番")
		w.tags(bot.OwnersPlace, f, "t-aoyama")
		for _, step := range []struct {
			place, user string
			tags        []string
		}{{bot.OwnersPlace, owner, nil}, {"sato", sato, []string{"t-aoyama"}}, {bot.OwnersPlace, owner, nil}} {
			w.tags(bot.OwnersPlace, f, step.tags...)
			last := w.newest(step.place, f)
			if last.First.Mention != step.user || !slices.Equal(last.texts(), []string{words.In("ja").Say("relay.sight_regained")}) {
				t.Errorf("in %s the newest post reads %q and mentions %q", step.place, last.texts(), last.First.Mention)
			}
			w.pass(time.Hour)
		}
		w.tags(bot.OwnersPlace, f, "t-aoyama")
		w.says(f, "2番")
		if last := w.newest("sato", f); last.First.Mention != "" {
			t.Errorf("the next message mentions %q once more", last.First.Mention)
		}
		w.pressesCard(owner, bot.OwnersPlace, f, bot.ActDone)
		for _, tags := range [][]string{nil, {"t-aoyama"}} {
			w.tags(bot.OwnersPlace, f, tags...)
		}
		if n := w.said("sato", "relay.sight_regained"); n != 2 {
			t.Errorf("it was told %d times that the friend is seen again, want twice: not of one who does not wait", n)
		}
	})
}

// Who watches silently is not told that a friend is seen again.
func TestSightRegainedSilently(t *testing.T) {
	silently := func(s *bot.Settings) {
		byTag(s)
		s.Operators[0].Mention = operators.MentionNone
	}
	each(t, options{settings: silently}, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		w.says(f, "1番")
		for _, tags := range [][]string{{"t-aoyama"}, nil, {"t-aoyama"}} {
			w.tags(bot.OwnersPlace, f, tags...)
		}
		if got := w.shown("sato", f); !slices.Equal(got, []string{"1番"}) {
			t.Errorf("Sato is shown %q", got)
		}
	})
}

// Of a friend who does not wait, whoever gains sight gets nothing until the
// next message.
func TestSightOfWhoDoesNotWait(t *testing.T) {
	each(t, options{settings: byTag}, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		w.says(f, "1番")
		w.pressesCard(owner, bot.OwnersPlace, f, bot.ActDone)
		w.tags(bot.OwnersPlace, f, "t-aoyama")
		if n := len(w.posts("sato")); n != 0 {
			t.Errorf("%d posts about a friend who does not wait", n)
		}
		w.says(f, "2番")
		if got := w.shown("sato", f); !slices.Equal(got, []string{"2番"}) {
			t.Errorf("with the next message: %q", got)
		}
	})
}

// What was still queued for somebody who lost sight goes to those who see.
func TestQueuedPartsAreRerouted(t *testing.T) {
	each(t, options{settings: byTag}, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		w.says(f, "1番")
		w.tags(bot.OwnersPlace, f, "t-aoyama")
		w.slack.refuses(func(_, channelID string) *bot.Failure {
			if channelID != channelOf("sato") {
				return nil
			}
			return &bot.Failure{Kind: bot.RateLimited, Code: "ratelimited", RetryAfter: time.Minute}
		})
		w.says(f, "2番")
		w.says(f, "3番")
		w.tags(bot.OwnersPlace, f)
		w.slack.refuses(nil)
		w.pass(2 * time.Minute)
		if got := w.shown("sato", f); !slices.Equal(got, []string{"1番"}) {
			t.Errorf("Sato, who lost sight, was shown %q", got)
		}
		want := slices.Insert(numbered(1, 3), 1, words.In("ja").Say("relay.sight_regained"))
		if got := w.shown(bot.OwnersPlace, f); !slices.Equal(got, want) {
			t.Errorf("the owners were shown %q", got)
		}
	})
}

// All who wait are shown when the settings change, also when they are many.
func TestManyWaitingAreShown(t *testing.T) {
	each(t, options{settings: byTag}, func(t *testing.T, w *world) {
		const many = 450
		w.in(func(tx bot.Tx) error {
			for i := range many {
				f, _, err := tx.LockFriendByLINE(accountID, fmt.Sprintf("U%032x", 1000+i), bot.KindUser)
				if err != nil {
					return err
				}
				f.WaitingSince = 1 + int64(i/7) // some began at the same time
				if err := tx.SaveFriend(&f); err != nil {
					return err
				}
			}
			return nil
		})
		threads := func() (n int) {
			w.look(func(tx bot.Tx) error {
				waiting, err := tx.WaitingFriends(accountID, nil, 0)
				if err != nil {
					return err
				}
				ids := make([]string, len(waiting))
				for i, f := range waiting {
					ids[i] = f.ID
				}
				found, err := tx.ThreadsFor("sato", ids)
				n = len(found)
				return err
			})
			return n
		}
		w.change(func(s *bot.Settings) { s.Operators[0].PermissionSets = []string{"all"} })
		w.until("everybody who waits is shown", func() bool { return threads() == many })
	})
}
