package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	simslack "madoguchi/simulator/slack"
)

// What a person writes in a thread goes to LINE, in whatever way they write it;
// what cannot go is refused in words.
func TestWaysOfReplying(t *testing.T) {
	t.Parallel()
	each(t, options{}, waysOfReplying)
}

// Socket Mode delivers the same.
func TestWaysOfReplyingOverASocket(t *testing.T) {
	t.Parallel()
	each(t, options{socketMode: true}, waysOfReplying)
}

func waysOfReplying(t *testing.T, w *world) {
	w.start()
	hana, card := w.routedFriend(1, "花子")
	w.waitShown("kenshu", "花子から青山店へ")
	thread := root(card)

	broadcast, err := w.slack.Broadcast(sato, w.channel("sato"), thread, "チャンネルにも送る返信")
	if err != nil {
		t.Fatal(err)
	}
	w.waitPhone(hana, "チャンネルにも送る返信")
	w.waitMark("sato", broadcast, "white_check_mark")

	file, err := w.slack.ShareFiles(sato, w.channel("sato"), thread, "地図です", simslack.Attachment{Name: "地図.png", Data: []byte("\x89PNG\r\n\x1a\n")})
	if err != nil {
		t.Fatal(err)
	}
	w.waitMark("sato", file, "x")
	w.waitShown("sato", "ファイルや画像はまだ送信できません")

	note := w.reply(sato, "sato", thread, "// 前回は遅刻された")
	w.waitMark("sato", note, "memo")
	w.waitShown("kenshu", "前回は遅刻された")

	if _, err := w.slack.PostRaw(sato, w.channel("sato"), "", "どこにも属さない返信"); err != nil {
		t.Fatal(err)
	}
	w.waitShown("sato", "誰への返信か分からないため")

	formatted, err := w.slack.PostRaw(sato, w.channel("sato"), thread,
		"*太字* と <https://example.com/a?b=1&amp;c=2|予約ページ> と &lt;b&gt; と :smile: です")
	if err != nil {
		t.Fatal(err)
	}
	w.waitMark("sato", formatted, "white_check_mark")
	w.waitPhone(hana, "太字 と 予約ページ (https://example.com/a?b=1&c=2) と <b> と 😄 です")

	for _, said := range w.phone(hana) {
		if strings.Contains(said, "地図") || strings.Contains(said, "遅刻") || strings.Contains(said, "属さない") {
			t.Errorf("went to LINE: %q", said)
		}
	}
}

// Text of exactly LINE's limit goes; one unit more is refused with the count
// and nothing is cut. An emoji outside the BMP counts twice.
func TestLengthOfReplies(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		for _, c := range []struct {
			text string
			goes bool
		}{
			{strings.Repeat("あ", 5000), true},
			{strings.Repeat("い", 5001), false},
			{strings.Repeat("𠮷", 2500), true},
			{strings.Repeat("𠮷", 2501), false},
		} {
			before := len(w.phone(hana))
			ts := w.reply(sato, "sato", root(card), c.text)
			if c.goes {
				w.waitMark("sato", ts, "white_check_mark")
				w.waitPhone(hana, c.text)
				continue
			}
			w.waitMark("sato", ts, "x")
			if len(w.phone(hana)) != before {
				t.Errorf("something of %d letters went to LINE", len([]rune(c.text)))
			}
		}
		w.waitShown("sato", "5001文字")
		w.waitShown("sato", "5002文字")
	})
}

// Posts of this app and of other bots are no replies, in the thread as
// elsewhere, and are not answered either.
func TestBotsAreIgnored(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.slack.AddUser(simslack.User{ID: "U0ROBOT", Name: "別のボット", Bot: true})
		w.start()
		hana, card := w.routedFriend(1, "花子")
		// A robot that Slack's own admins let in and that cannot be removed.
		w.reapply("slack_user: U0SATO", "slack_user: U0SATO, also: [U0ROBOT]")
		w.until(20*time.Second, "the robot is let in", func() bool {
			c, _ := w.slack.Channel(w.channel("sato"))
			return slices.Contains(c.Members, "U0ROBOT")
		})
		robot := w.reply("U0ROBOT", "sato", root(card), "ボットからの宣伝")
		own := w.reply(sato, "sato", root(card), "人からの返信")
		w.waitMark("sato", own, "white_check_mark")
		w.drain()
		if got := w.phone(hana); len(got) != 1 || got[0] != "人からの返信" {
			t.Errorf("on the phone: %q", got)
		}
		if marks := w.marks("sato", robot); marks != "" {
			t.Errorf("a bot was answered with %s", marks)
		}
	})
}

// The message shortcut makes the same note as the prefix does, also for
// somebody who may only read.
func TestNoteShortcut(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		post := w.waitShown("kenshu", "花子から青山店へ")
		if err := w.slack.MessageShortcut(t.Context(), trainee, w.channel("kenshu"), post.TS, "note"); err != nil {
			t.Fatal(err)
		}
		views := w.slack.Views(trainee)
		if len(views) != 1 {
			t.Fatalf("%d modals are open", len(views))
		}
		out, err := w.slack.SubmitView(t.Context(), trainee, views[0].ID, map[string]simslack.Input{"note": {Text: "メモの中身"}})
		if err != nil || out.Action != "" {
			t.Fatalf("submit: %+v, %v", out, err)
		}
		w.waitShown("sato", "メモの中身")
		if got := w.phone(hana); len(got) != 0 {
			t.Errorf("on the phone: %q", got)
		}
		// A later gap must still find the replies of this thread.
		w.reply(trainee, "kenshu", root(post), "閲覧のみの返信")
		w.waitShown("kenshu", "「送信」の権限がないため")
	})
}

// A colleague who is mentioned goes to LINE by name; a mention without one
// does not go, and its author is told why.
func TestMentionsInReplies(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitReady("suzuki")
		hana, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "<@"+stranger+"> これ確認してください")
		w.waitRefused("sato", ts, "名前の分からないメンバー")
		w.reply(sato, "sato", root(card), "<@"+suzuki+"> が伺います")
		w.waitPhone(hana, "@鈴木 が伺います")
		if got := w.phone(hana); len(got) != 1 {
			t.Errorf("on the phone: %q", got)
		}
	})
}
