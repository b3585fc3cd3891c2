package bot_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Replies of one operator whose holds overlap go in one call, in their order.
func TestBursts(t *testing.T) {
	type reply struct {
		at   time.Duration
		text string
	}
	type call struct {
		at    time.Duration
		texts []string
		free  bool
	}
	every := func(gap time.Duration, n int) (all []reply) {
		for i := range n {
			all = append(all, reply{time.Duration(i) * gap, fmt.Sprint(i)})
		}
		return all
	}
	for name, test := range map[string]struct {
		// age is how old the free token is when the first reply is written; 0: there is none.
		age     time.Duration
		replies []reply
		calls   []call
	}{
		"overlapping": {
			replies: []reply{{0, "a"}, {3 * time.Second, "b"}, {7 * time.Second, "c"}},
			calls:   []call{{12 * time.Second, []string{"a", "b", "c"}, false}},
		},
		"apart": {
			replies: []reply{{0, "a"}, {6 * time.Second, "b"}},
			calls:   []call{{5 * time.Second, []string{"a"}, false}, {11 * time.Second, []string{"b"}, false}},
		},
		"no longer than fifteen seconds": {
			replies: every(4*time.Second, 5),
			calls: []call{
				{15 * time.Second, []string{"0", "1", "2", "3"}, false},
				{21 * time.Second, []string{"4"}, false},
			},
		},
		"five bubbles": {
			replies: every(time.Second, 7),
			calls: []call{
				{9 * time.Second, []string{"0", "1", "2", "3", "4"}, false},
				{11 * time.Second, []string{"5", "6"}, false},
			},
		},
		"before the token expires": {
			age:     40 * time.Second,
			replies: []reply{{0, "a"}, {2 * time.Second, "b"}, {3 * time.Second, "c"}},
			calls:   []call{{8 * time.Second, []string{"a", "b", "c"}, true}},
		},
		"cut short by the token": {
			age:     36 * time.Second,
			replies: []reply{{0, "a"}, {4 * time.Second, "b"}, {6 * time.Second, "c"}, {8 * time.Second, "d"}},
			calls: []call{
				{12 * time.Second, []string{"a", "b", "c"}, true},
				{13 * time.Second, []string{"d"}, false}, // its own hold is longer than the token lives
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				f, thread := w.talk("花子")
				w.pass(2 * time.Minute)
				if test.age > 0 {
					w.says(f, "もしもし")
					w.pass(test.age)
				}
				start := w.clock.now()
				for _, r := range test.replies {
					w.pass(start.Add(r.at).Sub(w.clock.now()))
					w.replies(sato, "sato", thread, r.text)
				}
				w.pass(time.Minute)
				var got []call
				for _, s := range w.line.attempts() {
					got = append(got, call{time.UnixMilli(s.At).Sub(start), s.Texts, !s.push()})
				}
				if !slices.EqualFunc(got, test.calls, func(a, b call) bool {
					return a.at == b.at && a.free == b.free && slices.Equal(a.texts, b.texts)
				}) {
					t.Errorf("calls: %v, want %v", got, test.calls)
				}
			})
		})
	}
}

// Two operators who answer the same friend at the same time are two bursts.
func TestBurstIsOfOneOperator(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		w.replies(sato, "sato", thread, "佐藤です")
		w.replies(ito, "ito", w.card("ito", f), "伊藤です")
		w.replies(sato, "sato", thread, "佐藤でした")
		w.pass(hold)
		if sends := w.line.attempts(); len(sends) != 3 && len(sends) != 2 {
			t.Errorf("sends: %+v", sends)
		} else {
			for _, s := range sends {
				if slices.Contains(s.Texts, "伊藤です") && len(s.Texts) > 1 {
					t.Errorf("one call for two people: %q", s.Texts)
				}
			}
		}
		w.got(f, "佐藤です", "伊藤です", "佐藤でした")
	})
}

// What was written first goes first, though Slack brings it later, and though it
// is one too many for the call of the others.
func TestLaterReplyArrivesFirst(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		var texts, times []string
		for i := range 6 {
			texts, times = append(texts, fmt.Sprintf("その%d", i+1)), append(times, w.clock.ts())
		}
		brings := func(i int) { w.slackEvent(message(sato, "sato", thread.TS, times[i], texts[i])) }
		for _, i := range []int{5, 0, 1, 2, 3} {
			brings(i)
		}
		w.settle()
		w.pass(300 * time.Millisecond)
		brings(4)
		w.settle()
		w.pass(time.Minute)
		w.got(f, texts...)
	})
}
