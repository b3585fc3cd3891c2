package bot_test

import (
	"context"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// countless is a LINE that does not tell how many are in a group.
type countless struct {
	bot.LINE
	why bot.FailureKind
}

func (l countless) GroupMembers(context.Context, bot.FriendKind, string) (int, error) {
	return 0, &bot.Failure{Kind: l.why, Code: "refused"}
}

// A reply that needs a decision is asked about though LINE does not tell what it
// would cost.
func TestGroupIsAskedAboutWithoutItsNumber(t *testing.T) {
	for _, why := range []bot.FailureKind{bot.Permanent, bot.Misconfigured, bot.Transient, bot.RateLimited, bot.Uncertain} {
		t.Run(string(why), func(t *testing.T) {
			silent := options{config: func(c *bot.Config) {
				line := c.LINE
				c.LINE = func(a bot.Account) bot.LINE { return countless{line(a), why} }
			}}
			each(t, silent, func(t *testing.T, w *world) {
				e := w.event(w.newFriend("花子"), "message")
				e["source"] = object{"type": "group", "groupId": "C1", "userId": "U1"}
				e["message"] = object{"type": "text", "id": "m1", "text": "みなさんで行きます"}
				w.deliver(e)
				w.settle()
				ts := w.replies(sato, "sato", w.posts("sato")[0], "お待ちしています")
				w.pass(time.Minute)
				if r := w.replyState("sato", ts); r.State != bot.ReplyAsking {
					t.Fatalf("the reply is %s (%s)", r.State, r.Reason)
				}
				if n := w.said("sato", "ask.group_unknown"); n != 1 {
					t.Errorf("%q was said %d times", words.In("ja").Say("ask.group_unknown"), n)
				}
			})
		})
	}
}
