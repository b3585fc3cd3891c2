package bot_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// writesTo has a person write to the bot itself.
func (w *world) writesTo(direct, user, text string) {
	w.t.Helper()
	w.slackEvent(object{
		"type": "message", "user": user, "channel": direct, "channel_type": "im", "ts": w.clock.ts(), "text": text,
	})
	w.settle()
}

// answered are the answers in a direct message.
func (w *world) answered(direct string) (texts []string) {
	for _, p := range w.slack.postsIn(direct) {
		texts = append(texts, p.texts()...)
	}
	return texts
}

// Whoever writes to the bot itself is told there that it reaches nobody, once an
// hour, in the language of their account.
func TestDirectMessagesAreAnswered(t *testing.T) {
	english := func(s *bot.Settings) { s.Locale = "en" }
	each(t, options{settings: english}, func(t *testing.T, w *world) {
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {time.Second, 1}, {58 * time.Minute, 1}, {2 * time.Minute, 2}} {
			w.pass(step.after)
			w.writesTo("D1", sato, "誰にも届かない返信")
			if got := w.answered("D1"); len(got) != step.want {
				t.Fatalf("at %s there are %d answers, want %d", w.clock.now().Format(time.TimeOnly), len(got), step.want)
			}
		}
		w.writesTo("D2", "USTRANGER", "誰ですか")
		for direct, locale := range map[string]string{"D1": "en", "D2": "ja"} {
			if got, want := w.answered(direct)[0], words.In(locale).Say("reply.direct"); got != want {
				t.Errorf("the answer in %s reads %q, want %q", direct, got, want)
			}
		}
		w.slackEvent(object{"type": "message", "user": "UOTHER", "bot_id": "BOTHER", "channel": "D3", "channel_type": "im", "ts": w.clock.ts(), "text": "beep"})
		w.settle()
		if got := w.answered("D3"); len(got) != 0 {
			t.Errorf("a bot is answered with %q", got)
		}
	})
}

// losesAnswers is a Slack that takes posts in direct messages, and whose answers
// do not arrive.
type losesAnswers struct{ bot.Slack }

func (s losesAnswers) Post(ctx context.Context, body []byte) (bot.Posted, error) {
	p, err := s.Slack.Post(ctx, body)
	var r rendered
	if err == nil && json.Unmarshal(body, &r) == nil && strings.HasPrefix(r.Channel, "D") {
		return bot.Posted{}, &bot.Failure{Kind: bot.Uncertain, Code: "timeout"}
	}
	return p, err
}

// An answer in a direct message is not repeated when nobody knows whether it
// arrived, and is made later when it certainly did not.
func TestAnswerToADirectMessageThatFails(t *testing.T) {
	each(t, options{config: func(c *bot.Config) { c.Slack = losesAnswers{c.Slack} }}, func(t *testing.T, w *world) {
		w.writesTo("D1", sato, "聞こえますか")
		w.pass(10 * time.Minute)
		if got := w.answered("D1"); len(got) != 1 {
			t.Errorf("answered with %q", got)
		}
		w.slack.refuses(func(method, channelID string) *bot.Failure {
			if channelID != "D2" {
				return nil
			}
			return &bot.Failure{Kind: bot.RateLimited, Code: "ratelimited", RetryAfter: time.Minute}
		})
		w.writesTo("D2", ito, "聞こえますか")
		w.slack.refuses(nil)
		w.pass(2 * time.Minute)
		if got := w.answered("D2"); len(got) != 1 {
			t.Errorf("after a limit answered with %q", got)
		}
	})
}
