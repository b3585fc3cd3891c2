package bot_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/bot"
)

// lossySlack takes posts and loses the answers to some of them.
type lossySlack struct {
	bot.Slack
	lose  atomic.Int32 // answers that will be lost
	blind bool         // nobody may search
}

func (s *lossySlack) Post(ctx context.Context, body []byte) (bot.Posted, error) {
	p, err := s.Slack.Post(ctx, body)
	if err == nil && s.lose.Add(-1) >= 0 {
		return bot.Posted{}, &bot.Failure{Kind: bot.Uncertain, Code: "timeout"}
	}
	return p, err
}

func (s *lossySlack) FindPost(ctx context.Context, channelID, threadTS, callID string) (bot.Posted, bool, error) {
	if s.blind {
		return bot.Posted{}, false, &bot.Failure{Kind: bot.Permanent, Code: "cannot_search"}
	}
	return s.Slack.FindPost(ctx, channelID, threadTS, callID)
}

func lossy(blind bool) options {
	return options{config: func(c *bot.Config) { c.Slack = &lossySlack{Slack: c.Slack, blind: blind} }}
}

// losesAnswers has Slack take the next n posts without an answer.
func (w *world) losesAnswers(n int32) { w.config.Slack.(*lossySlack).lose.Store(n) }

// comesBack delivers the event of a post of ours.
func (w *world) comesBack(p slackPost) {
	w.t.Helper()
	w.slackEvent(object{
		"type": "message", "bot_id": botID, "user": botUser, "channel": p.Channel, "ts": p.TS, "thread_ts": p.Thread,
		"metadata": object{"event_type": "madoguchi_post", "event_payload": object{"call": p.First.CallID}},
	})
	w.settle()
}

// standing returns the posts of a place that show a text.
func (w *world) standing(place, text string) []slackPost {
	return slices.DeleteFunc(w.posts(place), func(p slackPost) bool { return !slices.Contains(p.texts(), text) })
}

// A post whose answer was lost is repeated when nothing tells of it. When its
// event comes after all, the first copy goes: the message is shown once, and a
// friend can take it back.
func TestLateEchoOfARepeatedPost(t *testing.T) {
	for what, late := range map[string]time.Duration{
		"after the repetition":  time.Minute,
		"before the repetition": 11 * time.Second, // which Slack does not take yet
	} {
		t.Run(what, func(t *testing.T) {
			each(t, lossy(true), func(t *testing.T, w *world) {
				f, _ := w.talk("花子")
				w.losesAnswers(1)
				w.says(f, "秘密の話")
				secret := w.newestID()
				first := w.standing("sato", "秘密の話")
				if len(first) != 1 {
					t.Fatalf("it stands there %d times", len(first))
				}
				w.busyFor(30 * time.Second)
				w.pass(late)
				w.comesBack(first[0])
				w.pass(2 * time.Minute)
				left := w.standing("sato", "秘密の話")
				if len(left) != 1 || left[0].TS == first[0].TS || !left[0].View.Repeat {
					t.Errorf("it stands there %d times, want the repetition only", len(left))
				}
				w.takesBack(f, secret)
				w.pass(time.Minute)
				if n := len(w.standing("sato", "秘密の話")); n != 0 {
					t.Errorf("%d posts still show what was taken back", n)
				}
			})
		})
	}
}

// A post that was given up, since its repetition could not be found either, is
// taken up again when its event comes after all.
func TestLateEchoOfAPostThatWasGivenUp(t *testing.T) {
	each(t, lossy(true), func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.losesAnswers(2)
		w.says(f, "秘密の話")
		secret := w.newestID()
		w.pass(2 * time.Minute)
		copies := w.standing("sato", "秘密の話")
		if len(copies) != 2 || w.said(bot.OwnersPlace, "relay.post_failed", f.name, "sato", "unclear") != 1 {
			t.Fatalf("it stands there %d times and was not given up", len(copies))
		}
		for _, p := range copies {
			w.comesBack(p)
		}
		w.pass(time.Minute)
		if left := w.standing("sato", "秘密の話"); len(left) != 1 || left[0].TS != copies[1].TS {
			t.Fatalf("it stands there %d times, want the repetition only", len(left))
		}
		w.takesBack(f, secret)
		w.pass(time.Minute)
		if n := len(w.standing("sato", "秘密の話")); n != 0 {
			t.Errorf("%d posts still show what was taken back", n)
		}
	})
}

// An event that tells that a post stands in the open, where its thread's first
// post is gone, has the thread opened anew, like an answer that tells.
func TestEchoFromTheOpen(t *testing.T) {
	each(t, lossy(true), func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		w.losesAnswers(1)
		w.says(f, "漏れた話")
		leaked := w.standing("sato", "漏れた話")
		if len(leaked) != 1 || leaked[0].Thread != thread.TS {
			t.Fatalf("it stands there %d times", len(leaked))
		}
		leaked[0].Thread = "" // where Slack puts it when the first post was deleted
		w.comesBack(leaked[0])
		w.pass(time.Minute)
		left := w.standing("sato", "漏れた話")
		if len(left) != 1 || left[0].TS == leaked[0].TS || left[0].View.Card == nil {
			t.Fatalf("it stands there %d times, want it once, with a card of its own", len(left))
		}
		if cards := w.cards("sato", f); len(cards) != 2 {
			t.Errorf("there are %d threads, want a new one", len(cards))
		}
	})
}

// A post of which nobody knows whether it stands in a Slack channel that is
// gone is not given up: it is searched for when the Slack channel is back.
func TestUncertainPostInALostChannel(t *testing.T) {
	for _, code := range []string{"channel_not_found", "not_in_channel", "is_archived"} {
		for stands, want := range map[bool]string{true: "the first copy", false: "the repetition"} {
			t.Run(code+", "+want, func(t *testing.T) {
				each(t, lossy(false), func(t *testing.T, w *world) {
					f, _ := w.talk("花子")
					w.isArchived("sato", true)
					if stands {
						w.losesAnswers(1)
					}
					w.slack.refuses(func(method, channelID string) *bot.Failure {
						switch {
						case channelID != channelOf("sato"):
							return nil
						case method == "post" && !stands:
							return &bot.Failure{Kind: bot.Uncertain, Code: "timeout"}
						case method == "find":
							return &bot.Failure{Kind: bot.Permanent, Code: code}
						}
						return nil
					})
					w.says(f, "大事な話")
					w.pass(time.Minute)
					w.channelIs("sato", bot.ChannelStopped)
					w.slack.refuses(nil)
					w.isArchived("sato", false)
					w.slackEvent(object{"type": "group_unarchive", "channel": channelOf("sato"), "event_ts": w.clock.ts()})
					w.channelIs("sato", bot.ChannelReady)
					w.pass(time.Minute)
					left := w.standing("sato", "大事な話")
					if len(left) != 1 || left[0].View.Repeat == stands {
						t.Errorf("it stands there %d times, want %s", len(left), want)
					}
					if n := w.backlog(); n != 0 {
						t.Errorf("%d things are left to do", n)
					}
				})
			})
		}
	}
}

// isArchived archives the Slack channel of a place, or ends that, of which
// nobody tells.
func (w *world) isArchived(place string, archived bool) {
	w.slack.mu.Lock()
	defer w.slack.mu.Unlock()
	room := w.slack.rooms[channelOf(place)]
	room.Archived = archived
	w.slack.rooms[room.ID] = room
}
