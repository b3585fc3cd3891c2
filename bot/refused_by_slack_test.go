package bot_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"madoguchi/bot"
)

// refusesFor has Slack refuse some methods in every Slack channel with a code.
func (w *world) refusesFor(code string, methods ...string) {
	w.slack.refuses(func(method, _ string) *bot.Failure {
		if !slices.Contains(methods, method) {
			return nil
		}
		return &bot.Failure{Kind: bot.Permanent, Code: code}
	})
}

// A post that Slack does not let us draw anew is deleted when it shows what was
// taken back; what else it showed is posted again.
func TestTakenBackThoughNoUpdateIsTaken(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.busyFor(time.Minute)
		w.says(f, "拒まれる")
		w.says(f, "秘密の話")
		secret := w.newestID()
		w.says(f, "残る話") // in one post with the secret
		w.pass(2 * time.Minute)
		w.refusesFor("edit_window_closed", "update")
		w.takesBack(f, secret)
		w.pass(time.Minute)
		if w.reads("sato", "秘密の話") {
			t.Error("what was taken back can still be read")
		}
		if n := len(w.standing("sato", "残る話")); n != 1 {
			t.Errorf("what stood beside it stands there %d times", n)
		}
		if n := w.backlog(); n != 0 {
			t.Errorf("%d things are left to do", n)
		}
	})
}

// The owners hear where something can be read that must not be, and that Slack
// does not let us take away.
func TestTakenBackThoughNothingIsTaken(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.says(f, "秘密の話")
		secret := w.newestID()
		w.refusesFor("cant_delete_message", "update", "delete")
		w.takesBack(f, secret)
		w.pass(time.Minute)
		if n := w.said(bot.OwnersPlace, "relay.post_not_hidden", "line-aoyama-sato", f.name, "2026-04-01 10:05", "cant_delete_message"); n != 1 {
			t.Errorf("the owners were told %d times", n)
		}
	})
}

// A picture that stood beside what was taken back is posted again without its
// file: that is there, and goes when the picture is taken back too.
func TestFileOfWhatIsPostedAgain(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.busyFor(time.Minute)
		w.says(f, "拒まれる")
		w.says(f, "秘密の話")
		secret := w.newestID()
		w.sendsPicture(f, "jpeg") // in one post with the secret
		picture := w.newestID()
		w.pass(2 * time.Minute)
		w.refusesFor("edit_window_closed", "update")
		w.takesBack(f, secret)
		w.pass(time.Minute)
		if n := w.slack.filesIn(channelOf("sato")); n != 1 || w.reads("sato", "秘密の話") {
			t.Fatalf("the picture is there %d times", n)
		}
		w.takesBack(f, picture)
		w.pass(time.Minute)
		if n := w.slack.filesIn(channelOf("sato")); n != 0 {
			t.Errorf("%d files of what was taken back are left", n)
		}
	})
}

// A card that cannot be drawn anew stays as it is when nothing on it must go.
func TestUpdateRefused(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.refusesFor("edit_window_closed", "update")
		w.pressesCard(sato, "sato", f, bot.ActTake)
		w.pass(time.Minute)
		if !w.reads("sato", "予約できますか") || len(w.posts(bot.OwnersPlace)) != 0 {
			t.Errorf("Sato has %d posts, the owners %d", len(w.posts("sato")), len(w.posts(bot.OwnersPlace)))
		}
	})
}

// The owners hear of a file that was taken back and that Slack keeps.
func TestFileThatSlackKeeps(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.sendsPicture(f, "jpeg")
		picture := w.newestID()
		w.pass(time.Minute)
		w.refusesFor("cant_delete_file", "delete_file")
		w.takesBack(f, picture)
		w.pass(time.Minute)
		if n := w.said(bot.OwnersPlace, "relay.file_not_hidden", "line-aoyama-sato", f.name, "cant_delete_file"); n != 1 {
			t.Errorf("the owners were told %d times", n)
		}
	})
}

// The post of a file that Slack does not take says so where it is so.
func TestUploadRefused(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.slack.refuses(func(method, channelID string) *bot.Failure {
			if method != "finish_upload" || channelID != channelOf("sato") {
				return nil
			}
			return &bot.Failure{Kind: bot.Permanent, Code: "file_uploads_disabled"}
		})
		w.sendsPicture(f, "jpeg")
		w.pass(time.Minute)
		for place, want := range map[string]bot.MediaState{"sato": bot.MediaFailed, "ito": bot.MediaStored} {
			if got := w.newest(place, f).View.Items[0].Media; got != want {
				t.Errorf("at %s the picture is %q, want %q", place, got, want)
			}
		}
	})
}

// What Slack refuses because the Slack channel is archived is done when it is
// not any more.
func TestTakenBackWhileArchived(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.says(f, "秘密の話")
		secret := w.newestID()
		w.isArchived("sato", true)
		w.slack.refuses(func(_, channelID string) *bot.Failure {
			if channelID != channelOf("sato") {
				return nil
			}
			return &bot.Failure{Kind: bot.Permanent, Code: "is_archived"}
		})
		w.takesBack(f, secret)
		w.channelIs("sato", bot.ChannelStopped)
		w.jump(48 * time.Hour)
		w.isArchived("sato", false)
		w.slack.refuses(nil)
		w.slackEvent(object{"type": "group_unarchive", "channel": channelOf("sato"), "event_ts": w.clock.ts()})
		w.channelIs("sato", bot.ChannelReady)
		w.pass(time.Minute)
		if w.reads("sato", "秘密の話") {
			t.Error("what was taken back can still be read")
		}
	})
}

type unauthorisedMedia struct{ bot.LINE }

func (unauthorisedMedia) MediaContent(context.Context, string) (bot.Media, error) {
	return bot.Media{}, &bot.Failure{Kind: bot.Misconfigured, Code: "unauthorized"}
}

// A file that LINE does not give for a day, since it refuses the token, is not
// said to be on its way for ever.
func TestMediaOfARefusedToken(t *testing.T) {
	o := options{config: func(c *bot.Config) {
		line := c.LINE
		c.LINE = func(a bot.Account) bot.LINE { return unauthorisedMedia{line(a)} }
	}}
	each(t, o, func(t *testing.T, w *world) {
		f, _ := w.talk("花子")
		w.sendsPicture(f, "jpeg")
		shown := func() bot.MediaState { return w.newest("sato", f).View.Items[0].Media }
		for range 5 {
			w.jump(4 * time.Hour)
		}
		if got := shown(); got != bot.MediaFetching {
			t.Errorf("after twenty hours the picture is %q", got)
		}
		w.jump(6 * time.Hour)
		if got := shown(); got != bot.MediaFailed {
			t.Errorf("after a day the picture is %q", got)
		}
		if n := w.backlog(); n != 0 {
			t.Errorf("%d things are left to do", n)
		}
	})
}
