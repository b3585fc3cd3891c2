package e2e

import (
	"bytes"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

// post is a message as it stands now.
func (w *world) post(place, ts string) simslack.Message {
	m, _ := w.slack.Message(w.channel(place), ts)
	return m
}

// waitPost waits until a post shows a text, or with shown false until it does
// not.
func (w *world) waitPost(place, ts, text string, shown bool) {
	w.t.Helper()
	w.until(15*time.Second, text+" on the post", func() bool { return bytes.Contains(w.post(place, ts).Blocks, jsonOf(text)) == shown })
}

// waitRefused waits for the mark of a refused reply and for the reason.
func (w *world) waitRefused(place, ts, why string) {
	w.t.Helper()
	w.waitMark(place, ts, "x")
	w.waitShown(place, why)
}

// readByAccount tells whether all that a friend said is marked as read.
func (w *world) readByAccount(from simline.From) bool {
	for _, e := range w.line.Chat(botUser, from.Chat) {
		if e.Side == simline.ByFriend && !e.Read {
			return false
		}
	}
	return true
}

// A friend who only follows gets no thread. Blocking and unblocking are said
// where the friend is known, once, and the card tells; a blocked friend is not
// written to.
func TestFollowBlockUnblock(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		silent := w.friend(7, "無口さん")
		w.acted(w.line.Follow(silent, false))
		hana, card := w.routedFriend(1, "花子")
		w.acted(w.line.Block(hana))
		w.waitShown("sato", "🚫 ブロックされました")
		w.waitPost("sato", card.TS, "ブロックされています", true)
		w.waitPost("sato", card.TS, "から返信待ち", false)
		ts := w.reply(sato, "sato", card.TS, "届かないはず")
		w.waitRefused("sato", ts, "この友だちはアカウントをブロックしているため")
		w.acted(w.line.Follow(hana, true))
		w.waitShown("sato", "➕ ブロックが解除されました")
		w.waitPost("sato", card.TS, "ブロックされています", false)
		w.reply(sato, "sato", card.TS, "おかえりなさい")
		w.waitPhone(hana, "おかえりなさい")
		if got := w.phone(hana); len(got) != 1 {
			t.Errorf("the phone shows %q", got)
		}
		for _, place := range []string{"owners", "sato", "suzuki", "kenshu"} {
			if m, shown := w.shows(place, "無口さん"); shown {
				t.Errorf("a follow alone is shown to %s: %s", place, m.Text)
			}
		}
	})
}

// A friend who blocks the account and comes back a hundred times in a row does
// not fill the thread: one card tells how it stands, and so does the last line.
func TestFlappingFriendFillsNoThread(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		for range 100 {
			w.acted(w.line.Block(hana))
			w.acted(w.line.Follow(hana, true))
		}
		w.acted(w.line.Block(hana))
		w.text(w.friend(2, "太郎"), "青山の太郎です") // whoever comes after has a turn
		w.waitShown("sato", "青山の太郎です")
		db := w.openDatabase()
		w.until(30*time.Second, "everything decided", func() bool { return w.count(db, `SELECT COUNT(*) FROM inbox WHERE state = 'pending'`) == 0 })
		w.waitPost("sato", card.TS, "ブロックされています", true)
		w.waitShown("sato", "🚫 ブロックされました")
		said := 0
		for _, m := range w.posts("sato") {
			if root(m) == card.TS {
				said += bytes.Count(m.Blocks, jsonOf("ブロックされました")) + bytes.Count(m.Blocks, jsonOf("ブロックが解除されました"))
			}
		}
		if said > 5 {
			t.Errorf("%d lines about 201 changes", said)
		}
	})
}

// Nothing waits for a friend's profile; it is fetched once, and its name and
// picture are put on the card when they are there.
func TestProfileIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitReady("sato")
		hana := w.friend(1, "花子<!channel>")
		w.line.Faults.Add(fault.Rule{Match: "/v2/bot/profile/*", Kind: fault.Delay, Delay: 3 * time.Second, Times: 1})
		w.text(hana, "青山店ですか")
		began := time.Now()
		card := w.waitShown("sato", "青山店ですか")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the message waited %s", took)
		}
		w.waitPost("sato", card.TS, "花子", true)
		for _, text := range []string{"二つ目", "三つ目"} {
			w.text(hana, text)
			w.waitShown("sato", text)
		}
		if n := w.line.Calls("/v2/bot/profile/" + hana.Chat); n != 1 {
			t.Errorf("the profile was asked for %d times", n)
		}
		if w.inSlack("<!channel>") {
			t.Error("a friend's name is markup")
		}
	})
}

// waitReady waits until a place's Slack channel is there.
func (w *world) waitReady(place string) {
	w.t.Helper()
	w.until(20*time.Second, place+" has a Slack channel", func() bool { return w.channel(place) != "" })
}

// While a module channel holds the chat everything is shown, and replies are
// refused with the reason.
func TestStandbyIsShownAndNotAnswered(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		if err := w.line.SetStandby(botUser, hana.Chat, true); err != nil {
			t.Fatal(err)
		}
		w.text(hana, "ほかのツールへ")
		w.waitShown("sato", "ほかのツールへ")
		w.waitPost("sato", card.TS, "ほかのツールが応対中です", true)
		ts := w.reply(sato, "sato", card.TS, "割り込み")
		w.waitRefused("sato", ts, "別のシステムがこの会話を担当しているため")
		if err := w.line.SetStandby(botUser, hana.Chat, false); err != nil {
			t.Fatal(err)
		}
		w.text(hana, "もどりました")
		w.waitShown("sato", "もどりました")
		w.waitPost("sato", card.TS, "ほかのツールが応対中です", false)
		w.reply(sato, "sato", card.TS, "お待たせしました")
		w.waitPhone(hana, "お待たせしました")
		if got := w.phone(hana); len(got) != 1 {
			t.Errorf("the phone shows %q", got)
		}
	})
}

// A group is a friend too: who speaks is named where LINE tells, and its
// comings and goings are told.
func TestGroups(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		ichiro, first := w.group(t, 1, "青山ママ会")
		card := root(first)
		w.waitPost("sato", card, "青山ママ会", true)
		w.waitPost("sato", card, "グループ", true)
		w.waitShown("sato", "一郎（LINE）")
		w.acted(w.line.SendText(ichiro, "@二郎 @青山サロン どう？", simline.TextOptions{Mentions: []simline.Mention{
			{Index: 0, Length: 3, Type: "user", UserID: simline.UserID(2001)}, {Index: 4, Length: 6, Type: "user", IsSelf: true},
		}}))
		w.waitShown("sato", "@二郎 @青山サロン どう？")
		w.text(simline.From{Bot: botUser, Chat: ichiro.Chat, User: ichiro.User, Anonymous: true}, "名乗らない人です")
		w.waitShown("sato", "名乗らない人です")
		saburo := simline.Friend{UserID: simline.UserID(3001), Name: "三郎"}
		w.acted(w.line.MemberJoined(ichiro, saburo))
		w.waitShown("sato", "➕ 1人がグループに参加しました")
		w.acted(w.line.MemberLeft(ichiro, saburo))
		w.waitShown("sato", "➖ 1人がグループから退出しました")
		w.acted(w.line.Leave(ichiro))
		w.waitShown("sato", "🚫 グループから退出しました")
		ts := w.reply(sato, "sato", card, "まだいますか")
		w.waitRefused("sato", ts, "このグループから退出しているため")
		if got := w.phone(ichiro); len(got) > 0 {
			t.Errorf("the group shows %q", got)
		}
	})
}

// What a friend said is marked as read by an answer and by 対応済み.
func TestAnsweringMarksAsRead(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		if err := w.line.Change(botUser, func(a *simline.Account) { a.ChatMode, a.MarkAsRead = "chat", "manual" }); err != nil {
			t.Fatal(err)
		}
		w.start()
		hana, card := w.routedFriend(1, "花子")
		if w.readByAccount(hana) {
			t.Error("read before anybody answered")
		}
		w.reply(sato, "sato", card.TS, "はい")
		w.waitPhone(hana, "はい")
		w.until(15*time.Second, "read after the answer", func() bool { return w.readByAccount(hana) })
		w.waitPost("sato", card.TS, "から返信待ち", false)
		w.waitPost("sato", card.TS, "最後の返信: 佐藤", true)
		w.text(hana, "ありがとう")
		w.waitPost("sato", card.TS, "から返信待ち", true)
		if err := w.slack.PressLabel(t.Context(), sato, w.channel("sato"), card.TS, "対応済み"); err != nil {
			t.Fatal(err)
		}
		w.until(15*time.Second, "read after 対応済み", func() bool { return w.readByAccount(hana) })
		w.waitPost("sato", card.TS, "から返信待ち", false)
	})
}

// Whoever writes while an answer is on its way did not get an answer to that,
// and goes on waiting.
func TestFriendWhoWritesDuringTheAnswerWaits(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.line.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.Delay, Delay: 3 * time.Second, Times: 1})
		ts := w.reply(sato, "sato", root(card), "十一時はいかがですか")
		w.waitPhone(hana, "十一時はいかがですか")
		w.text(hana, "やはり明日にしたいです")
		w.waitShown("sato", "やはり明日にしたいです")
		if w.marked("sato", ts, "white_check_mark") {
			t.Fatal("the answer was recorded too early for this test")
		}
		w.waitMark("sato", ts, "white_check_mark")
		if n := w.count(w.openDatabase(), `SELECT COUNT(*) FROM friend WHERE waiting_since > 0`); n != 1 {
			t.Error("the friend does not wait any more")
		}
		w.waitPost("sato", card.TS, "から返信待ち", true)
		next := w.reply(sato, "sato", root(card), "明日ですね")
		w.waitMark("sato", next, "white_check_mark")
		w.waitPost("sato", card.TS, "から返信待ち", false)
	})
}
