package e2e

import (
	"bytes"
	"strings"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

// inSlack tells whether a text stands anywhere in Slack, edited or deleted
// posts included.
func (w *world) inSlack(text string) bool {
	for _, c := range w.slack.Channels() {
		for _, m := range w.slack.Messages(c.ID) {
			if strings.Contains(m.Text, text) || bytes.Contains(m.Blocks, jsonOf(text)) {
				return true
			}
		}
	}
	return false
}

// waitForgotten waits until nothing keeps a text any more.
func (w *world) waitForgotten(text string) {
	w.t.Helper()
	db := w.openDatabase()
	w.until(20*time.Second, text+" gone from Slack", func() bool { return !w.inSlack(text) })
	w.until(20*time.Second, text+" gone from the tables", func() bool {
		for _, place := range w.kept(db, text) {
			if strings.HasPrefix(place, "table ") {
				return false
			}
		}
		return true
	})
	w.until(20*time.Second, text+" gone from the files", func() bool { return len(w.kept(db, text)) == 0 })
}

// What a friend takes back is gone: from every post that shows it, also where
// several messages share a post and where another one quotes it, from the
// database, its files and the raw event.
func TestUnsentTextIsGoneEverywhere(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		// Posts wait while Slack is slow, so that the next three share one.
		w.slack.Faults.Add(slowPosts)
		w.text(hana, "前置き")
		w.waitShown("sato", "前置き")
		w.text(hana, "一つ目はそのまま")
		secretOne := w.text(hana, "secret-canary-7461 を忘れて")
		w.acted(w.line.SendText(hana, "返事です", simline.TextOptions{Quotes: secretOne.MessageID}))
		w.slack.Faults.Clear()
		merged := w.waitShown("sato", "secret-canary-7461 を忘れて")
		w.waitShown("kenshu", "返事です")
		if !bytes.Contains(merged.Blocks, jsonOf("一つ目はそのまま")) || bytes.Count(merged.Blocks, []byte("secret-canary-7461")) != 2 {
			t.Fatalf("the messages do not share a post, or the quote is not shown: %s", merged.Blocks)
		}
		w.acted(w.line.Unsend(hana, secretOne.MessageID))
		w.waitForgotten("secret-canary-7461")
		w.until(10*time.Second, "the post says so", func() bool {
			m, _ := w.slack.Message(w.channel("sato"), merged.TS)
			return bytes.Contains(m.Blocks, []byte("送信が取り消されました")) && bytes.Contains(m.Blocks, []byte("一つ目はそのまま")) &&
				bytes.Contains(m.Blocks, []byte("返事です"))
		})
		if m, _ := w.slack.Message(w.channel("sato"), card.TS); m.Deleted {
			t.Error("the card is gone")
		}
		w.neverLogged(t, "secret-canary-7461")
	})
}

// A message whose unsending arrives first shows only that there was one.
func TestUnsendBeforeItsMessage(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		if err := w.line.SetTrouble(botUser, simline.Trouble{
			Overtake: true,
			Delay: func(e simline.Event) time.Duration {
				if e.Type == "message" {
					return 700 * time.Millisecond
				}
				return 0
			},
		}); err != nil {
			t.Fatal(err)
		}
		sent := w.text(hana, "secret-canary-5120 青山")
		w.acted(w.line.Unsend(hana, sent.MessageID))
		w.waitShown("sato", "送信が取り消されました")
		w.waitForgotten("secret-canary-5120")
		w.acted(w.line.Unsend(hana, sent.MessageID))
		w.acted(w.line.Unsend(hana, sent.MessageID))
		w.text(hana, "まだ話せます")
		w.waitShown("sato", "まだ話せます")
		w.neverLogged(t, "secret-canary-5120")
	})
}

// A file that is taken back goes from Slack and from the store too.
func TestUnsentFileIsGoneEverywhere(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		sent := w.acted(w.line.SendMedia(hana, simline.Media{
			Kind: "file", Bytes: []byte("blob-canary-3391"), ContentType: "text/plain", FileName: "name-canary-8812.txt",
		}))
		w.until(20*time.Second, "the file with both", func() bool { return len(w.files("sato")) == 1 && len(w.files("kenshu")) == 1 })
		shared := append(w.files("sato"), w.files("kenshu")...)
		w.acted(w.line.Unsend(hana, sent.MessageID))
		w.until(20*time.Second, "the files are deleted in Slack", func() bool {
			return len(w.files("sato"))+len(w.files("kenshu")) == 0
		})
		for _, f := range shared {
			if _, still := w.slack.FileContent(f.ID); still {
				t.Errorf("file %s is still there", f.ID)
			}
		}
		w.waitForgotten("blob-canary-3391")
		w.waitForgotten("name-canary-8812")
		w.neverLogged(t, "blob-canary-3391", "name-canary-8812")
	})
}

// An edited message of a group is taken back with every wording it had.
func TestUnsentEditedMessageIsGone(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		group, _ := w.group(t, 1, "青山ママ会")
		sent := w.text(group, "secret-canary-2200 青山")
		w.waitShown("sato", "secret-canary-2200 青山")
		w.acted(w.line.EditText(group, sent.MessageID, "secret-canary-2201 青山"))
		w.waitShown("sato", "secret-canary-2201 青山")
		w.waitShown("sato", "（編集済み）")
		w.acted(w.line.Unsend(group, sent.MessageID))
		w.waitForgotten("secret-canary-2200")
		w.waitForgotten("secret-canary-2201")
	})
}

// What people do to a post carries its text along, and that is gone too.
func TestUnsentTextIsGoneFromWhatPeopleDid(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana := w.friend(1, "花子")
		sent := w.text(hana, "secret-canary-6604 青山")
		card := w.waitShown("sato", "secret-canary-6604 青山")
		w.waitShown("kenshu", "secret-canary-6604 青山")
		w.press(sato, "sato", card.TS, "担当する")
		w.waitPost("sato", card.TS, "担当: 佐藤", true)
		if _, err := w.slack.Broadcast(sato, w.channel("sato"), card.TS, "チャンネルにも送る返信"); err != nil {
			t.Fatal(err)
		}
		w.waitPhone(hana, "チャンネルにも送る返信")
		w.acted(w.line.Unsend(hana, sent.MessageID))
		w.waitForgotten("secret-canary-6604")
	})
}

// Where somebody who could never read lost sight too, an unsend redraws what
// they had without showing more of it.
func TestUnsendRevealsNothing(t *testing.T) {
	t.Parallel()
	each(t, options{file: rightsFile("0s")}, func(t *testing.T, w *world) {
		addCast(w)
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		first := w.waitShown("uketsuke", "新しいメッセージがあります")
		// Posts wait while Slack is slow, so that the next two share one.
		w.slack.Faults.Add(slowPosts)
		w.text(hana, "前置き")
		w.waitShown("sato", "前置き")
		w.text(hana, "hidden-canary-1")
		taken := w.text(hana, "hidden-canary-2")
		w.waitShown("sato", "hidden-canary-2")
		var merged simslack.Message
		w.until(10*time.Second, "both share a post of uketsuke", func() bool {
			for _, m := range w.posts("uketsuke") {
				if m.TS != first.TS && bytes.Count(m.Blocks, []byte("新しいメッセージがあります")) == 2 {
					merged = m
				}
			}
			return merged.TS != ""
		})
		w.slack.Faults.Clear()
		w.reapply("slack_user: U0RECEPTION, permission_sets: [受付]", "slack_user: U0RECEPTION, permission_sets: []")
		w.acted(w.line.Unsend(hana, taken.MessageID))
		w.waitForgotten("hidden-canary-2")
		db := w.openDatabase()
		w.until(10*time.Second, "nothing is left to draw", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM inbox WHERE state = 'pending'`) == 0 &&
				w.count(db, `SELECT COUNT(*) FROM call WHERE kind = 'slack.update' AND ended_at = 0`) == 0
		})
		for _, m := range w.posts("uketsuke") {
			if strings.Contains(m.Text+string(m.Blocks), "hidden-canary") {
				t.Errorf("an unsend showed reception what they may not read: %s", m.Blocks)
			}
		}
		if w.slack.Calls("chat.update") == 0 {
			t.Error("nothing was drawn anew")
		}
	})
}

// group makes a LINE group of 一郎 and 二郎, and returns how 一郎 acts in it.
func (w *world) group(t *testing.T, n int, name string) (simline.From, simslack.Message) {
	t.Helper()
	ichiro := simline.Friend{UserID: simline.UserID(1000 + n), Name: "一郎"}
	jiro := simline.Friend{UserID: simline.UserID(2000 + n), Name: "二郎"}
	if err := w.line.AddGroup(botUser, simline.Group{ID: simline.GroupID(n), Name: name, Members: []simline.Friend{ichiro, jiro}}); err != nil {
		t.Fatal(err)
	}
	from := simline.From{Bot: botUser, Chat: simline.GroupID(n), User: ichiro.UserID}
	w.acted(w.line.Join(from))
	w.text(from, name+"から青山店へ")
	return from, w.waitShown("sato", name+"から青山店へ")
}
