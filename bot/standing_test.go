package bot_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// channelIs waits until the Slack channel of a place is in a state.
func (w *world) channelIs(place string, state bot.SlackChannelState) {
	w.t.Helper()
	w.until(fmt.Sprintf("%s's Slack channel is %s", place, state), func() bool {
		var c bot.SlackChannel
		w.look(func(tx bot.Tx) (err error) {
			c, err = tx.SlackChannelAt(accountID, place)
			return err
		})
		return c.State == state
	})
}

// satoLeaves takes Sato out of the account file.
func (w *world) satoLeaves() {
	w.t.Helper()
	w.change(func(s *bot.Settings) { s.Operators = s.Operators[1:] })
	w.channelIs("sato", bot.ChannelClosed)
}

// isShared shares the Slack channel of a place with another workspace, or ends
// that, and tells.
func (w *world) isShared(place string, shared bool) {
	w.t.Helper()
	w.slack.mu.Lock()
	room := w.slack.rooms[channelOf(place)]
	room.Shared = shared
	w.slack.rooms[room.ID] = room
	w.slack.mu.Unlock()
	what, state := "channel_unshared", bot.ChannelReady
	if shared {
		what, state = "channel_shared", bot.ChannelStopped
	}
	w.slackEvent(object{"type": what, "channel": channelOf(place), "event_ts": w.clock.ts()})
	w.channelIs(place, state)
}

// newestID is the LINE id of the message that was delivered last.
func (w *world) newestID() string { return fmt.Sprintf("m%d", w.events) }

// takesBack has a friend take a message back.
func (w *world) takesBack(f friend, id string) {
	w.t.Helper()
	e := w.event(f, "unsend")
	e["unsend"] = object{"messageId": id}
	w.deliver(e)
	w.settle()
}

// reads reports whether a text can be read anywhere in a place.
func (w *world) reads(place, text string) bool {
	return slices.ContainsFunc(w.posts(place), func(p slackPost) bool { return slices.Contains(p.texts(), text) })
}

// backlog is what the outbox still holds.
func (w *world) backlog() (open int) {
	w.t.Helper()
	w.look(func(tx bot.Tx) error {
		kinds, err := tx.OutboxBacklog()
		for _, b := range kinds {
			open += b.Waiting
		}
		return err
	})
	return open
}

// What a friend takes back goes from the Slack channel of an operator who was
// removed, its file too, and nothing is left to do there.
func TestTakenBackInAClosedChannel(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.says(f, "秘密の話")
		words := w.newestID()
		w.sendsPicture(f, "jpeg")
		picture := w.newestID()
		w.pass(time.Minute)
		if n := w.slack.filesIn(channelOf("sato")); n != 1 {
			t.Fatalf("%d files are with Sato", n)
		}
		w.satoLeaves()
		w.takesBack(f, words)
		w.takesBack(f, picture)
		w.pass(time.Minute)
		for _, place := range []string{"sato", "ito"} {
			if w.reads(place, "秘密の話") {
				t.Errorf("%s's Slack channel still shows what was taken back", place)
			}
			if n := w.slack.filesIn(channelOf(place)); n != 0 {
				t.Errorf("%d files are left in %s's Slack channel", n, place)
			}
		}
		if n := w.backlog(); n != 0 {
			t.Errorf("%d things are left to do", n)
		}
	})
}

// What was still to be shown to an operator who was removed is shown to those
// who see the friend, and nothing of it is left to do.
func TestQueuedForARemovedOperator(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.slack.refuses(func(method, channelID string) *bot.Failure {
			if method != "post" || channelID != channelOf("sato") {
				return nil
			}
			return &bot.Failure{Kind: bot.RateLimited, Code: "ratelimited", RetryAfter: time.Minute}
		})
		w.says(f, "まだ見られていない話")
		w.sendsPicture(f, "jpeg")
		w.pressesCard(owner, "sato", f, bot.ActDone) // whoever waits is shown to Ito in any case
		w.change(func(s *bot.Settings) {
			s.Operators = nil
			withIto(s)
		})
		w.channelIs("sato", bot.ChannelClosed)
		w.channelIs("ito", bot.ChannelReady)
		w.pass(5 * time.Minute)
		w.slack.refuses(nil)
		w.pass(5 * time.Minute)
		if !w.reads("ito", "まだ見られていない話") {
			t.Error("Ito was not shown what Sato had not got")
		}
		if n := w.slack.filesIn(channelOf("ito")); n != 1 {
			t.Errorf("Ito has %d files, want the picture", n)
		}
		if w.reads("sato", "まだ見られていない話") {
			t.Error("it was posted where nobody serves friends any more")
		}
		if n := w.backlog(); n != 0 {
			t.Errorf("%d things are left to do", n)
		}
	})
}

// A Slack channel that strangers read loses what was taken back, and shows
// nothing that it had not shown. When they are gone, its posts are as they should be.
func TestTakenBackWhileStrangersRead(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		w.busyFor(time.Minute)
		w.says(f, "拒まれる")
		w.says(f, "秘密の話")
		secret := w.newestID()
		w.says(f, "残る話") // in one post with the secret
		w.pass(2 * time.Minute)
		w.replies(sato, "sato", thread, "// 最初のメモ")
		w.isShared("sato", true)
		w.says(f, "公開中の話")
		w.pressesCard(owner, "sato", f, bot.ActTake)
		w.takesBack(f, secret)
		w.pass(time.Minute)
		if w.reads("sato", "秘密の話") {
			t.Error("what was taken back can still be read")
		}
		if w.reads("sato", "公開中の話") {
			t.Error("something new was posted where strangers read")
		}
		if card := w.card("sato", f).View.Card; card.InCharge != "" {
			t.Errorf("the card tells strangers that %s is in charge", card.InCharge)
		}
		w.isShared("sato", false)
		w.pass(time.Minute)
		for _, text := range []string{"残る話", "公開中の話"} {
			if !w.reads("sato", text) {
				t.Errorf("%q is not shown after the strangers are gone", text)
			}
		}
		if w.reads("sato", "秘密の話") {
			t.Error("what was taken back has come back")
		}
		if card := w.card("sato", f).View.Card; card.InCharge == "" {
			t.Error("the card does not tell who is in charge")
		}
	})
}

// A friend's first words stand with the card. When they are taken back, the card
// tells strangers nothing about the friend that was learnt since.
func TestCardTakenBackWhileStrangersRead(t *testing.T) {
	each(t, options{settings: byTag}, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		w.says(f, "秘密の話")
		secret := w.newestID()
		w.isShared(bot.OwnersPlace, true)
		w.tags(bot.OwnersPlace, f, "t-aoyama")
		w.takesBack(f, secret)
		w.pass(time.Minute)
		card := w.posts(bot.OwnersPlace)[0].View
		if w.reads(bot.OwnersPlace, "秘密の話") || len(card.Card.Tags) != 0 || card.Card.Name == f.name {
			t.Errorf("strangers read %q on the card of %q with tags %q", w.posts(bot.OwnersPlace)[0].texts(), card.Card.Name, card.Card.Tags)
		}
		w.isShared(bot.OwnersPlace, false)
		w.pass(time.Minute)
		if card := w.card(bot.OwnersPlace, f).View.Card; len(card.Tags) != 1 {
			t.Errorf("the card has the tags %q when strangers are gone", card.Tags)
		}
	})
}

// Reactions and deletions reach a Slack channel that strangers read.
func TestRefusalWhileStrangersRead(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		w.isShared("sato", true)
		ts := w.replies(sato, "sato", thread, "見られてはいけない")
		w.pass(time.Minute)
		w.is("sato", ts, bot.ReplyRefused, failed)
		w.got(f)
		if n := w.said("sato", "reply.channel_unsafe"); n != 0 {
			t.Error("something new was posted where strangers read")
		}
	})
}

// An owner who stayed in the Slack channel of a removed operator may write in
// it: a mark tells what came of it there, and the words are in the owners channel.
func TestOwnerWritesInAClosedChannel(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		w.satoLeaves()
		before := len(w.posts("sato"))
		first := w.replies(owner, "sato", thread, "オーナーから")
		w.pass(time.Minute)
		w.is("sato", first, bot.ReplySentFree, sent)
		w.does(f, "unfollow")
		second := w.replies(owner, "sato", thread, "二つ目")
		w.pass(time.Minute)
		w.is("sato", second, bot.ReplyRefused, failed)
		w.got(f, "オーナーから")
		why := words.In("ja").Say("reply.blocked")
		if n := w.said(bot.OwnersPlace, "relay.reply_in_closed", "line-aoyama-sato", "オーナー", f.name, why); n != 1 {
			t.Errorf("the owners were told %d times why it did not go", n)
		}
		if n := w.said(bot.OwnersPlace, "relay.reply_of_gone", "line-aoyama-sato", f.name); n != 0 {
			t.Error("the owners were told that its author is gone")
		}
		if n := len(w.posts("sato")); n != before {
			t.Errorf("%d posts are new where nobody serves friends any more", n-before)
		}
		if n := w.backlog(); n != 0 {
			t.Errorf("%d things are left to do", n)
		}
	})
}
