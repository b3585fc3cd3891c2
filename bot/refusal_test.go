package bot_test

import (
	"strings"
	"testing"

	"madoguchi/bot"
	"madoguchi/operators"
)

// A refusal for want of a right names the right, in the language of the
// account: for a reply, a note, a button and a modal.
func TestRefusalsNameTheRight(t *testing.T) {
	for locale, right := range map[string]struct{ send, view, tags string }{
		"ja": {"「送信」の権限", "「閲覧」の権限", "「タグ」の権限"},
		"en": {`the right "send"`, `the right "view"`, `the right "tags"`},
	} {
		t.Run(locale, func(t *testing.T) {
			poor := func(s *bot.Settings) {
				s.Locale = locale
				s.PermissionSets[0].Rights = operators.Rights{Approve: true}
			}
			each(t, options{settings: poor}, func(t *testing.T, w *world) {
				f := w.newFriend("花子")
				w.says(f, "予約できますか")
				card := w.card("sato", f)
				refused := func(what, name string) {
					t.Helper()
					posts := w.posts("sato")
					if got := strings.Join(posts[len(posts)-1].texts(), " "); !strings.Contains(got, name) {
						t.Errorf("%s is refused with %q, want %s named", what, got, name)
					}
				}
				w.replies(sato, "sato", card, "はい")
				refused("a reply", right.send)
				w.replies(sato, "sato", card, "// 常連さんです")
				refused("a note", right.view)
				w.pressesCard(sato, "sato", f, bot.ActTake)
				refused("taking charge", right.send)
				_, refusal, err := w.relay.Desk().TagChoices(w.ctx, sato, card.View.Card.Action)
				if err != nil || refusal == nil || !strings.Contains(refusal.Words, right.tags) {
					t.Errorf("the modal of tags is refused with %v, error %v", refusal, err)
				}
				w.got(f)
			})
		})
	}
}

// A mention reaches the friend as the person's name, or not at all: never as an
// id of Slack. What only looks like one is the friend's to read.
func TestMentionsReachFriendsByName(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		ts := w.replies(sato, "sato", thread, "<@"+ito+">が伺います。@UNIQLO2026 前です")
		w.pass(hold)
		w.is("sato", ts, bot.ReplySentPaid, "white_check_mark", "yen")
		want := "@伊藤が伺います。@UNIQLO2026 前です"
		w.got(f, want)
		for i, mention := range []string{"<@UNOBODY1>", "<#C0123456>", "<!subteam^S0123>"} {
			ts = w.replies(sato, "sato", thread, mention+" 確認お願いします")
			w.is("sato", ts, bot.ReplyRefused, "x")
			if n := w.said("sato", "reply.mention"); n != i+1 {
				t.Errorf("%s: it was told %d times that a mention is refused, want %d", mention, n, i+1)
			}
		}
		ts = w.replies(sato, "sato", thread, "確認します")
		w.edits(sato, "sato", thread, ts, "<@UNOBODY1> 確認お願いします")
		w.is("sato", ts, bot.ReplyRefused, "x")
		ts = w.replies(sato, "sato", thread, "// <@UNOBODY1> 確認お願いします")
		w.is("sato", ts, bot.ReplyNote, "memo")
		w.pass(hold)
		w.got(f, want)
	})
}
