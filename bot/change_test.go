package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madoguchi/bot"
	"madoguchi/operators"
)

// Whatever happens to a reply and in whatever order, the friend gets it at most
// once, in the newest words that were known when it was released, or not at
// all; its state and its marks say which. Only a person who was asked may have
// it sent again.
func TestReplyWhateverHappens(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		rapid.Check(t, func(rt *rapid.T) {
			outer := w.t
			w.t = rt
			defer func() { w.t = outer }()
			newChanging(w, rt).run()
		})
	})
}

// changing is one reply of Sato's to which things happen.
type changing struct {
	*world
	rt     *rapid.T
	friend friend
	thread slackPost
	ts     string

	arrived, deleted, revoked, blocked bool
	edits                              int
	wasUnclear                         bool
	resends                            int // times a person chose to have an unclear reply sent again

	mu     sync.Mutex
	text   string          // the newest words that count
	tried  map[string]bool // reply tokens and retry keys
	unsure bool            // the last of them may have reached the friend
	odd    []string        // what LINE got and should not have
}

func newChanging(w *world, rt *rapid.T) *changing {
	c := &changing{world: w, rt: rt, text: "最初の言葉", tried: map[string]bool{}}
	if rapid.Bool().Draw(rt, "with a free token") {
		c.friend, c.thread = w.talk("友")
	} else {
		c.friend, c.thread = w.later("友")
	}
	c.ts = w.clock.ts()
	c.answersOf(rapid.SliceOfN(rapid.SampledFrom([]string{
		"accepted", "answer lost", "unknown", "unreachable", "busy", "quota", "bad request",
	}), 1, 5).Draw(rt, "answers of LINE"))
	return c
}

func (c *changing) answersOf(names []string) {
	answers := map[string]lineAnswer{
		"accepted": accepted, "answer lost": answerLost, "unknown": unknown, "unreachable": refusedDial, "bad request": badRequest,
		"quota": quotaUsedUp,
		"busy":  {failure: &bot.Failure{Kind: bot.RateLimited, Code: "rate_limited", RetryAfter: 20 * time.Second}},
	}
	c.line.answersBy(func(s lineSend) lineAnswer {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !slices.Equal(s.Texts, []string{c.text}) {
			c.odd = append(c.odd, fmt.Sprintf("%q instead of %q", s.Texts, c.text))
		}
		// A call that may have been carried out is repeated to find out, whatever
		// its author may do by now; a new one needs the right.
		if once := s.Token + s.Key; !c.tried[once] {
			c.tried[once], c.unsure = true, false
			if c.revoked {
				c.odd = append(c.odd, "something new without the right")
			}
			if c.blocked {
				c.odd = append(c.odd, "something new for somebody who had blocked the account")
			}
		}
		a := accepted
		if len(names) > 0 {
			a, names = answers[names[0]], names[1:]
		}
		c.unsure = c.unsure || a.failure != nil && a.failure.Kind == bot.Uncertain
		return a
	})
}

func (c *changing) run() {
	defer c.setRevoked(false)
	actions := map[string]func(){
		"arrive": c.arrive, "edit": c.edit, "make a note of it": c.note, "delete": c.delete,
		"cancel":          func() { c.press(bot.ActCancel) },
		"send":            func() { c.press(bot.ActSend) },
		"discard":         func() { c.press(bot.ActDiscard) },
		"send again":      func() { c.press(bot.ActResend) },
		"revoke rights":   func() { c.setRevoked(true) },
		"give rights":     func() { c.setRevoked(false) },
		"block":           func() { c.setBlocked(true) },
		"unblock":         func() { c.setBlocked(false) },
		"a second":        func() { c.pass(time.Second) },
		"the hold":        func() { c.pass(hold) },
		"half a minute":   func() { c.pass(30 * time.Second) },
		"an hour's sleep": func() { c.jump(61 * time.Minute) },
	}
	names := make([]string, 0, len(actions))
	for name := range actions {
		names = append(names, name)
	}
	slices.Sort(names)
	// With few kinds of things, each happens at more moments. At the end of the
	// hold the reply is with LINE.
	kinds := append(rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 4, rapid.ID[string]).Draw(c.rt, "kinds of things"), "the hold")
	if rapid.Bool().Draw(c.rt, "arrives first") {
		c.arrive()
	}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 12).Draw(c.rt, "what happens") {
		actions[name]()
		c.observe()
	}
	c.arrive()
	c.pass(2 * time.Minute)
	c.observe()
	c.setRevoked(false)
	c.answersOf(nil) // whatever was wrong with LINE is over
	c.pass(2 * time.Minute)
	c.jump(24 * time.Hour)
	c.pass(2 * time.Minute)
	c.observe()
	c.check()
}

func (c *changing) state() bot.ReplyState {
	if !c.arrived {
		return ""
	}
	return c.replyState("sato", c.ts).State
}

func (c *changing) observe() { c.wasUnclear = c.wasUnclear || c.state() == bot.ReplyUnclear }

// arrive delivers the reply's event; Slack may do so twice.
func (c *changing) arrive() {
	c.arrived = true
	c.slackEvent(message(sato, "sato", c.thread.TS, c.ts, "最初の言葉"))
	c.settle()
}

// changeable reports whether an edit still reaches the friend: nothing was tried
// that may have reached LINE.
func (c *changing) changeable() bool {
	switch c.state() {
	case "", bot.ReplyHeld, bot.ReplyAsking, bot.ReplyReleased:
		return true
	case bot.ReplySending:
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.unsure
	default:
		return false
	}
}

func (c *changing) reword(text string) {
	if c.deleted {
		return // Slack lets nobody edit what is gone
	}
	if c.changeable() {
		c.mu.Lock()
		c.text = text
		c.mu.Unlock()
	}
	c.world.edits(sato, "sato", c.thread, c.ts, text)
}

func (c *changing) edit() {
	c.edits++
	c.reword(fmt.Sprintf("%d番目の言葉", c.edits))
}

func (c *changing) note() {
	c.edits++
	c.reword(fmt.Sprintf("// メモ%d", c.edits))
}

func (c *changing) delete() {
	if c.deleted {
		return
	}
	c.deleted = true
	if c.changeable() {
		c.mu.Lock()
		c.text = "（削除済み）"
		c.mu.Unlock()
	}
	c.deletes(sato, "sato", c.thread, c.ts)
}

func (c *changing) press(name bot.ActionName) {
	if !c.arrived {
		return
	}
	before := c.replyState("sato", c.ts)
	if name == bot.ActResend && before.State == bot.ReplyUnclear && !c.revoked && !c.blocked {
		c.resends++
	}
	c.presses(sato, "sato", c.thread, bot.Action{Name: name, AccountID: accountID, FriendID: before.FriendID, ReplyID: before.ID})
}

func (c *changing) setRevoked(revoked bool) {
	if c.revoked == revoked {
		return
	}
	c.change(func(s *bot.Settings) {
		s.PermissionSets[0].Rights.Send = operators.SendYes
		if revoked {
			s.PermissionSets[0].Rights.Send = operators.SendNo
		}
	})
	c.mu.Lock()
	c.revoked = revoked
	c.mu.Unlock()
	c.settle()
}

func (c *changing) setBlocked(blocked bool) {
	if c.blocked == blocked {
		return
	}
	c.pass(time.Millisecond) // LINE's times tell these apart
	kind := "follow"
	if blocked {
		kind = "unfollow"
	}
	c.does(c.friend, kind)
	c.mu.Lock()
	c.blocked = blocked
	c.mu.Unlock()
}

func (c *changing) check() {
	marks := map[bot.ReplyState][]string{
		bot.ReplySentFree: {sent}, bot.ReplySentPaid: {sent, paid}, bot.ReplyRefused: {failed}, bot.ReplyFailed: {failed},
		bot.ReplyUnclear: {unclear}, bot.ReplyAsking: {held}, bot.ReplyNote: {"memo"}, bot.ReplyCancelled: nil,
	}
	state := c.state()
	want, ended := marks[state]
	if !ended {
		c.rt.Fatalf("in the end the reply is %s", state)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.odd) > 0 {
		c.rt.Errorf("LINE was sent %s", strings.Join(c.odd, "; "))
	}
	got := c.line.phone(c.friend.id)
	wasSent := state == bot.ReplySentFree || state == bot.ReplySentPaid
	switch {
	case len(got) > 1+c.resends:
		c.rt.Errorf("the friend got %q, and it was sent again %d times", got, c.resends)
	case !c.wasUnclear && wasSent != (len(got) == 1):
		c.rt.Errorf("the reply is %s and the friend got %q", state, got)
	}
	slices.Sort(want)
	if now := c.slack.marksOn(channelOf("sato"), c.ts); !c.deleted && !slices.Equal(now, want) {
		c.rt.Errorf("the reply is %s and its marks are %v, want %v", state, now, want)
	}
}
