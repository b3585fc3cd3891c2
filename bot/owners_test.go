package bot_test

import (
	"slices"
	"testing"
	"time"

	"madoguchi/bot"
)

// opens has an owner open a friend's thread, as from the list of /madoguchi.
func (w *world) opens(thread slackPost) {
	w.t.Helper()
	a := thread.View.Card.Action
	a.Name = bot.ActOpen
	w.presses(owner, bot.OwnersPlace, slackPost{TS: "1.1"}, a)
}

// An owner who opens a friend's thread and writes first sees the answer there,
// as does the operator who sees the friend.
func TestOwnersSeeTheAnswerToWhatTheyWrote(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		w.opens(thread)
		w.says(f, "まだ書いていないオーナーには見えない")
		w.replies(owner, bot.OwnersPlace, w.card(bot.OwnersPlace, f), "オーナーから")
		w.pass(time.Minute)
		w.got(f, "オーナーから")
		w.pass(23 * time.Hour)
		w.says(f, "オーナーへの答え")
		for _, place := range []string{bot.OwnersPlace, "sato"} {
			if got := w.shown(place, f); !slices.Contains(got, "オーナーへの答え") {
				t.Errorf("%s is shown %q", place, got)
			}
		}
		if c := w.card(bot.OwnersPlace, f).View.Card; c.WaitingSince == 0 || c.NobodyElse {
			t.Errorf("the owners' card reads %+v", c)
		}
		w.pass(2 * time.Hour)
		w.says(f, "一日あとの話")
		if got := w.shown(bot.OwnersPlace, f); slices.Contains(got, "一日あとの話") {
			t.Errorf("owners who did not write for a day are shown %q", got)
		}
	})
}

// Owners who stopped following a friend miss nothing: they are shown it when one
// of them writes again, and when nobody else sees the friend.
func TestOwnersCatchUp(t *testing.T) {
	lapsed := func(t *testing.T, w *world) (friend, slackPost) {
		t.Helper()
		f, thread := w.later("花子")
		w.opens(thread)
		own := w.card(bot.OwnersPlace, f)
		w.replies(owner, bot.OwnersPlace, own, "オーナーから")
		w.pass(25 * time.Hour)
		w.says(f, "見逃した話")
		if got := w.shown(bot.OwnersPlace, f); slices.Contains(got, "見逃した話") {
			t.Fatalf("the owners are shown %q", got)
		}
		return f, own
	}
	t.Run("one writes again", func(t *testing.T) {
		each(t, options{}, func(t *testing.T, w *world) {
			f, own := lapsed(t, w)
			w.replies(owner, bot.OwnersPlace, own, "もう一度オーナーから")
			w.pass(time.Minute)
			w.says(f, "オーナーへの答え")
			got := w.shown(bot.OwnersPlace, f)
			missed, answer := slices.Index(got, "見逃した話"), slices.Index(got, "オーナーへの答え")
			if missed < 0 || answer < missed {
				t.Errorf("the owners are shown %q", got)
			}
		})
	})
	t.Run("nobody else sees", func(t *testing.T) {
		each(t, options{}, func(t *testing.T, w *world) {
			f, _ := lapsed(t, w)
			w.change(func(s *bot.Settings) { s.Operators[0].PermissionSets = []string{"shop"} })
			w.until("the owners are shown what they missed", func() bool {
				return slices.Contains(w.shown(bot.OwnersPlace, f), "見逃した話")
			})
		})
	})
}
