package bot_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"madoguchi/bot"
)

// sweptSlack notes in which threads replies were looked for.
type sweptSlack struct {
	bot.Slack
	mu     sync.Mutex
	looked []string
}

func (s *sweptSlack) Replies(ctx context.Context, channelID, threadTS, afterTS string) ([]bot.SlackReply, error) {
	s.mu.Lock()
	s.looked = append(s.looked, threadTS)
	s.mu.Unlock()
	return s.Slack.Replies(ctx, channelID, threadTS, afterTS)
}

func (s *sweptSlack) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked = nil
}

func (s *sweptSlack) has(threadTS string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.looked, threadTS)
}

// Replies are looked for in every thread in which somebody wrote within seven
// days, be it only a person.
func TestSweepLooksBackAWeek(t *testing.T) {
	watched := options{config: func(c *bot.Config) { c.Slack = &sweptSlack{Slack: c.Slack} }}
	each(t, watched, func(t *testing.T, w *world) {
		swept := w.config.Slack.(*sweptSlack)
		_, old := w.talk("昔")
		_, answered := w.talk("返信だけ")
		w.pass(4 * 24 * time.Hour)
		w.replies(sato, "sato", answered, "// 社内メモ")
		_, quiet := w.talk("先週")
		w.pass(4 * 24 * time.Hour)
		restart := func() {
			w.stop()
			w.start()
		}
		restart() // it ran last eight days ago, and looks back from then
		w.until("every thread is swept", func() bool { return swept.has(old.TS) && swept.has(quiet.TS) && swept.has(answered.TS) })
		swept.forget()
		restart()
		for _, thread := range []slackPost{quiet, answered} {
			w.until("a thread is swept", func() bool { return swept.has(thread.TS) })
		}
		if swept.has(old.TS) {
			t.Error("a thread was swept that nobody used for eight days")
		}
	})
}
