package bot_test

import (
	"testing"

	"madoguchi/bot"
	"madoguchi/operators"
)

// userChanged is what Slack tells when a user's account is ended or in use again.
func (w *world) userChanged(user string, deleted bool) {
	w.t.Helper()
	w.slackEvent(object{"type": "user_change", "user": object{"id": user, "deleted": deleted}})
	w.settle()
}

// What somebody wrote before they were gone does not go out after it: neither
// what was held nor what arrives late. The owners hear of both.
func TestRepliesOfWhoIsGone(t *testing.T) {
	for what, goes := range map[string]func(w *world){
		"Slack account ended": func(w *world) { w.userChanged(sato, true) },
		"removed": func(w *world) {
			w.change(func(s *bot.Settings) { s.Operators = s.Operators[1:] })
			w.until("Sato's Slack channel is closed", func() bool {
				var c bot.SlackChannel
				w.look(func(tx bot.Tx) (err error) {
					c, err = tx.SlackChannelAt(accountID, "sato")
					return err
				})
				return c.State == bot.ChannelClosed
			})
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, options{settings: withIto}, func(t *testing.T, w *world) {
				f, thread := w.talk("花子")
				held := w.replies(sato, "sato", thread, "お待ちしています")
				goes(w)
				late := w.replies(sato, "sato", thread, "やはり無理です")
				w.pass(hold)
				for what, ts := range map[string]string{"held": held, "late": late} {
					if r := w.replyState("sato", ts); r.State != bot.ReplyRefused || r.Reason != "not_operator" {
						t.Errorf("the %s reply is %s (%s)", what, r.State, r.Reason)
					}
				}
				if n := w.said("owners", "relay.reply_of_gone", "line-aoyama-sato", f.name); n != 2 {
					t.Errorf("the owners are told of %d refused replies, want 2", n)
				}
				w.got(f)
				if card := w.card("ito", f).View.Card; card.WaitingSince == 0 {
					t.Error("the friend does not wait any more")
				}
			})
		})
	}
}

// Owners are told once that a Slack account was ended; who is back may reply
// again, whether Slack told of it or not.
func TestWhoIsBackMayReply(t *testing.T) {
	for what, back := range map[string]func(w *world){
		"told": func(w *world) { w.userChanged(sato, false) },
		"not told": func(w *world) { // Slack says so when it is asked
			w.slack.leaves(channelOf("sato"), sato)
			w.change(func(s *bot.Settings) { s.Operators[0].Mention = operators.MentionAll })
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				f, thread := w.talk("花子")
				w.userChanged(sato, true)
				w.userChanged(sato, true)
				if n := w.said("owners", "relay.user_deactivated", "佐藤"); n != 1 {
					t.Errorf("the owners were told %d times", n)
				}
				back(w)
				w.until("Sato is known to be back", func() bool {
					var inactive []string
					w.look(func(tx bot.Tx) (err error) {
						inactive, err = tx.InactiveUsers(accountID)
						return err
					})
					return len(inactive) == 0
				})
				w.replies(sato, "sato", thread, "戻りました")
				w.pass(hold)
				w.got(f, "戻りました")
			})
		})
	}
}
