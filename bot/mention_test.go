package bot_test

import (
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/operators"
)

// newest is the last post of a friend's thread in a place.
func (w *world) newest(place string, f friend) slackPost {
	w.t.Helper()
	posts := w.inThread(place, w.card(place, f).TS)
	return posts[len(posts)-1]
}

// mentioned fails the test unless the newest post of a friend's thread pushed
// the operator, or nobody.
func (w *world) mentioned(place string, f friend, want string) {
	w.t.Helper()
	if got := w.newest(place, f).First.Mention; got != want {
		w.t.Errorf("at %s the post in %s mentions %q, want %q", w.clock.now().Format(time.TimeOnly), place, got, want)
	}
}

// A card pushes its operator; afterwards a post does where the operator would
// not be pushed otherwise, and not again within five minutes.
func TestMentions(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		w.mentioned("sato", f, sato)
		for _, step := range []struct {
			after time.Duration
			want  string
		}{
			{time.Minute, ""},
			{6 * time.Minute, ""}, // Sato follows the thread, and it is not quiet
			{29 * time.Minute, ""},
			{30 * time.Minute, sato},
			{time.Minute, ""},
		} {
			w.pass(step.after)
			w.says(f, "もしもし")
			w.mentioned("sato", f, step.want)
		}
		w.replies(sato, "sato", thread, "はい")
		w.pass(31 * time.Minute)
		w.says(f, "ありがとう")
		w.mentioned("sato", f, sato)
	})
}

// What colleagues write pushes nobody.
func TestMirrorsMentionNobody(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		w.pass(time.Hour)
		w.replies(sato, "sato", thread, "はい")
		w.pass(hold)
		if got := w.newest("ito", f); len(got.View.Items) != 1 || got.View.Items[0].Kind != bot.ItemMirror {
			t.Fatalf("the newest post is %+v, want the mirror", got.View)
		}
		w.mentioned("ito", f, "")
	})
}

// Once somebody took charge, the others are left in peace unless they want to
// know everything, until it is done.
func TestMentionsAfterTakingCharge(t *testing.T) {
	for mention, want := range map[operators.Mention]struct{ card, taken, done string }{
		"":                    {ito, "", ito},
		operators.MentionMine: {ito, "", ito},
		operators.MentionAll:  {ito, ito, ito},
		operators.MentionNone: {"", "", ""},
	} {
		t.Run("mention "+string(mention), func(t *testing.T) {
			watching := func(s *bot.Settings) {
				withIto(s)
				s.Operators[1].Mention = mention
			}
			each(t, options{settings: watching}, func(t *testing.T, w *world) {
				f, _ := w.talk("花子")
				w.mentioned("sato", f, sato)
				w.mentioned("ito", f, want.card)
				w.pressesCard(sato, "sato", f, bot.ActTake)
				w.pass(31 * time.Minute)
				w.says(f, "もしもし")
				w.mentioned("sato", f, sato)
				w.mentioned("ito", f, want.taken)
				w.pressesCard(sato, "sato", f, bot.ActDone)
				w.pass(31 * time.Minute)
				w.says(f, "また来ました")
				w.mentioned("sato", f, sato)
				w.mentioned("ito", f, want.done)
			})
		})
	}
}

// Whoever was never pushed in a thread does not follow it, so the next post
// pushes them although it is not quiet.
func TestMentionOfWhoDoesNotFollow(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		w.pressesCard(sato, "sato", f, bot.ActTake)
		w.replies(sato, "sato", thread, "はい")
		w.pass(32 * 24 * time.Hour) // Ito's next thread opens while Sato is in charge
		w.says(f, "久しぶりです")
		w.mentioned("ito", f, "")
		w.pressesCard(sato, "sato", f, bot.ActDone)
		w.pass(time.Minute)
		w.says(f, "もう一つ")
		w.mentioned("ito", f, ito)
		w.mentioned("sato", f, "")
	})
}

// The first message after a day of silence is shown in the Slack channel too.
func TestIdleThreadIsBroadcastOnce(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		for _, step := range []struct {
			after time.Duration
			want  bool
		}{{23 * time.Hour, false}, {25 * time.Hour, true}, {time.Minute, false}} {
			w.pass(step.after)
			w.says(f, "もしもし")
			if got := w.newest("sato", f).First.Broadcast; got != step.want {
				t.Errorf("after %s broadcast is %t, want %t", step.after, got, step.want)
			}
		}
	})
}
