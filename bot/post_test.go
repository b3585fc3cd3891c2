package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/operators"
)

// busyFor has Slack refuse posts in a Slack channel for some time, once.
func (w *world) busyFor(d time.Duration) {
	refused := false
	w.slack.refuses(func(method, _ string) *bot.Failure {
		if method != "post" || refused {
			return nil
		}
		refused = true
		return &bot.Failure{Kind: bot.RateLimited, Code: "ratelimited", RetryAfter: d}
	})
}

// What waits for one thread goes in few posts: at most twenty messages, no more
// letters than Slack shows, and under one name each.
func TestWaitingPartsMerge(t *testing.T) {
	for name, test := range map[string]struct {
		letters int // of each message
		n       int
		sizes   []int // of the posts after the first, which was refused
	}{
		"twenty messages":        {letters: 3, n: 45, sizes: []int{20, 20, 5}},
		"seven thousand letters": {letters: 1500, n: 6, sizes: []int{4, 2}},
		"one long message":       {letters: 5000, n: 3, sizes: []int{1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				f, thread := w.talk("花子")
				w.busyFor(time.Minute)
				w.says(f, "拒まれる")
				for range test.n {
					w.says(f, strings.Repeat("あ", test.letters))
				}
				w.pass(time.Minute)
				var sizes []int
				for _, p := range w.inThread("sato", thread.TS)[2:] {
					sizes = append(sizes, len(p.View.Items))
				}
				if !slices.Equal(sizes, test.sizes) {
					t.Errorf("posts of %v messages, want %v", sizes, test.sizes)
				}
			})
		})
	}
}

// What a colleague wrote stands under the colleague's name, in its place.
func TestOtherSpeakerSplitsPosts(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		own := w.card("ito", f)
		w.slack.refuses(func(method, channelID string) *bot.Failure {
			if method == "post" && channelID == channelOf("ito") {
				return &bot.Failure{Kind: bot.Transient, Code: "internal_error"}
			}
			return nil
		})
		w.says(f, "一")
		w.says(f, "二")
		w.replies(sato, "sato", thread, "佐藤の返信")
		w.pass(hold)
		w.says(f, "三")
		w.says(f, "四")
		w.slack.refuses(nil)
		w.pass(10 * time.Minute)
		var got []string
		for _, p := range w.inThread("ito", own.TS)[1:] {
			got = append(got, p.View.Speaker.Name+":"+strings.Join(p.texts(), ","))
		}
		want := []string{f.name + ":一", f.name + ":二", "佐藤:佐藤の返信", f.name + ":三,四"}
		if !slices.Equal(got, want) {
			t.Errorf("posts: %q, want %q", got, want)
		}
	})
}

// While Slack refuses this app everything waits; then it is posted, in order
// and once.
func TestSlackPausedAndResumed(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		tries := 0
		w.slack.refuses(func(method, _ string) *bot.Failure {
			if method == "post" {
				tries++
			}
			return &bot.Failure{Kind: bot.Misconfigured, Code: "token_revoked"}
		})
		start := w.clock.now()
		for _, text := range numbered(1, 5) {
			w.says(f, text)
			w.pass(time.Minute)
		}
		if most := int(w.clock.now().Sub(start) / (10 * time.Second)); tries > 2*most+2 {
			t.Errorf("%d tries in %d times ten seconds", tries, most)
		}
		var pauses []bot.Pause
		w.look(func(tx bot.Tx) (err error) {
			pauses, err = tx.Pauses()
			return err
		})
		if len(pauses) != 1 || pauses[0].Connection != "slack" || pauses[0].Code != "token_revoked" {
			t.Errorf("pauses: %+v", pauses)
		}
		w.slack.refuses(nil)
		w.pass(time.Minute)
		for _, place := range []string{"sato", "ito"} {
			if got := w.shown(place, f)[1:]; !slices.Equal(got, numbered(1, 5)) {
				t.Errorf("%s was shown %q", place, got)
			}
		}
		w.look(func(tx bot.Tx) (err error) {
			pauses, err = tx.Pauses()
			return err
		})
		if len(pauses) != 0 {
			t.Errorf("still paused: %+v", pauses)
		}
	})
}

// However long Slack asks to wait, only the Slack channel that it is about does.
func TestLongRetryAfterOfOneSlackChannel(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		refused := false
		w.slack.refuses(func(method, channelID string) *bot.Failure {
			if method != "post" || channelID != channelOf("sato") || refused {
				return nil
			}
			refused = true
			return &bot.Failure{Kind: bot.RateLimited, Code: "ratelimited", RetryAfter: time.Hour}
		})
		w.says(f, "1番")
		w.pass(59 * time.Minute)
		if got := w.shown("ito", f)[1:]; !slices.Equal(got, []string{"1番"}) {
			t.Errorf("Ito was shown %q", got)
		}
		if got := w.shown("sato", f)[1:]; len(got) != 0 {
			t.Errorf("Sato was shown %q before the hour was over", got)
		}
		w.pass(2 * time.Minute)
		if got := w.shown("sato", f)[1:]; !slices.Equal(got, []string{"1番"}) {
			t.Errorf("Sato was shown %q", got)
		}
	})
}

// The rates of the Slack channel, the workspace and the hour all hold, and
// nothing is lost over them.
func TestRates(t *testing.T) {
	for name, test := range map[string]struct {
		limits  bot.Limits
		friends int
		within  time.Duration
		most    int // posts in any such span
	}{
		// A burst of five, then one a second.
		"channel": {bot.Limits{ChannelPerSecond: 1}, 20, 10 * time.Second, 3 * 15},
		// Three Slack channels could do 180 a minute.
		"workspace": {bot.Limits{ChannelPerSecond: 1, WorkspacePerMinute: 20}, 20, time.Minute, 22},
		// What is left of the hour is for what people do.
		"events": {bot.Limits{EventsPerHour: 30}, 15, time.Hour, 30},
	} {
		t.Run(name, func(t *testing.T) {
			o := options{
				config: func(c *bot.Config) { c.Limits = test.limits },
				settings: func(s *bot.Settings) {
					withIto(s)
					s.Operators = append(s.Operators, operators.Operator{Key: "mori", Name: "森", SlackUser: "UMORI", PermissionSets: []string{"all"}})
				},
			}
			each(t, o, func(t *testing.T, w *world) {
				var all []friend
				for i := range test.friends {
					f := w.newFriend("友")
					all = append(all, f)
					e := w.event(f, "message")
					e["message"] = object{"type": "text", "id": fmt.Sprintf("m%d", i), "text": "予約できますか"}
					w.deliver(e)
				}
				w.pass(4 * time.Hour)
				var at []int64
				for _, place := range []string{"sato", "ito", "mori"} {
					for _, p := range w.posts(place) {
						at = append(at, p.At)
					}
				}
				if len(at) != 3*len(all) {
					t.Errorf("%d posts, want %d", len(at), 3*len(all))
				}
				slices.Sort(at)
				for i := range at {
					n, _ := slices.BinarySearch(at[i:], at[i]+test.within.Milliseconds())
					if n > test.most {
						t.Fatalf("%d posts within %s, want at most %d", n, test.within, test.most)
					}
				}
			})
		})
	}
}
