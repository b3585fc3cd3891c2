package e2e

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

// routedFriend is a friend whom 佐藤 sees, who has written once.
func (w *world) routedFriend(n int, name string) (simline.From, simslack.Message) {
	w.t.Helper()
	f := w.friend(n, name)
	w.text(f, name+"から青山店へ")
	return f, w.waitShown("sato", name+"から青山店へ")
}

// acted ends the test when a friend's act went wrong.
func (w *world) acted(sent simline.Sent, err error) simline.Sent {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return sent
}

// files are those that stand in the posts of a place.
func (w *world) files(place string) []simslack.File {
	var all []simslack.File
	for _, m := range w.posts(place) {
		for _, f := range m.Files {
			if !f.Deleted {
				all = append(all, f)
			}
		}
	}
	return all
}

// Every kind of message that LINE has reads well in Slack, and one that LINE
// may invent is a neutral line.
func TestKindsOfMessagesReadWell(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		w.acted(w.line.SendText(hana, "(hello) こんにちは😀", simline.TextOptions{
			Emojis: []simline.Emoji{{Index: 0, Length: 7, ProductID: "5ac1bfd5040ab15980c9b435", EmojiID: "001"}},
		}))
		w.waitShown("sato", "(hello) こんにちは😀")
		w.acted(w.line.SendSticker(hana, simline.Sticker{PackageID: "446", StickerID: "1988", Keywords: []string{"ありがとう", "笑顔"}}))
		w.waitShown("sato", "🙂 スタンプ: ありがとう, 笑顔")
		w.acted(w.line.SendLocation(hana, simline.Location{Title: "表参道駅", Address: "東京都港区北青山3", Latitude: 35.6652, Longitude: 139.7123}))
		w.waitShown("sato", "📍 位置情報: 表参道駅 · 東京都港区北青山3")
		w.waitShown("sato", "https://www.google.com/maps?q=35.6652,139.7123")
		w.acted(w.line.Postback(hana, "menu=<hours>&x=1", map[string]string{"date": "2026-04-01"}))
		w.waitShown("sato", "ボタンが押されました: menu=<hours>&x=1 date=2026-04-01")
		raw := func(id, rest string) {
			event := `{"webhookEventId":"` + id + `","timestamp":` + now() + `,"mode":"active","source":{"type":"user","userId":"` + hana.Chat + `"},` + rest + `}`
			if err := w.line.SendRaw(botUser, []byte(event)); err != nil {
				t.Fatal(err)
			}
		}
		raw("01JXNEWMESSAGE", `"type":"message","message":{"type":"hologram","id":"99001","shape":{"x":1}}`)
		w.waitShown("sato", "ここでは表示できない種類のメッセージです（hologram）")
		raw("01JXNEWEVENT", `"type":"handshake","handshake":{"with":"nobody"}`)
		w.waitShown("sato", "LINEで操作がありました（handshake）")
	})
}

// now is the time as LINE writes it.
func now() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }

// Files come from LINE alone: at once, also when LINE does not have them ready
// yet, into the thread after the post that announced them.
func TestFilesArriveInTheThread(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		picture := append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte("p"), 3000)...)
		for _, m := range []struct {
			media simline.Media
			says  string
		}{
			{simline.Media{Kind: "image", Bytes: picture, ContentType: "image/jpeg"}, "🖼️ 画像"},
			{simline.Media{Kind: "video", Bytes: []byte("video bytes"), ContentType: "video/mp4", Duration: 65_000, NotReady: 1}, "🎬 動画: 1:05"},
			{simline.Media{Kind: "audio", Bytes: []byte("audio bytes"), ContentType: "audio/x-m4a", Duration: 3_000}, "🎤 ボイスメッセージ: 0:03"},
			{simline.Media{Kind: "file", Bytes: []byte("%PDF-1.7"), ContentType: "application/pdf", FileName: "見積り.pdf"}, "📎 ファイル: 見積り.pdf · 8 B"},
		} {
			w.acted(w.line.SendMedia(hana, m.media))
			placeholder := w.waitShown("sato", m.says)
			w.until(20*time.Second, m.media.Kind+" in the thread", func() bool {
				for _, f := range w.files("sato") {
					got, ok := w.slack.FileContent(f.ID)
					if ok && bytes.Equal(got, m.media.Bytes) {
						return true
					}
				}
				return false
			})
			for _, post := range w.posts("sato") {
				if len(post.Files) > 0 && (post.ThreadTS != card.TS || post.TS < placeholder.TS && strings.Contains(post.Text, m.says)) {
					t.Errorf("a file stands at %s in thread %q, its placeholder at %s in %q", post.TS, post.ThreadTS, placeholder.TS, card.TS)
				}
			}
			w.until(10*time.Second, "no more fetching", func() bool { _, still := w.shows("sato", "取得中"); return !still })
		}
		var names []string
		for _, f := range w.files("sato") {
			names = append(names, f.Name)
		}
		if got, want := strings.Join(names, " "), "image.jpg video.mp4 audio.m4a 見積り.pdf"; got != want {
			t.Errorf("files are named %s, want %s", got, want)
		}
		w.waitShown("kenshu", "見積り.pdf")
	})
}

// What cannot be had is said: a file outside LINE is never fetched, one that
// LINE no longer has is gone.
func TestFilesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		outside := newTrap(t)
		w.acted(w.line.SendMedia(hana, simline.Media{Kind: "image", External: outside.URL + "/latest/meta-data?a=<b>"}))
		w.waitShown("sato", "LINEの外にあるファイルです: "+outside.URL+"/latest/meta-data?a=<b>")
		w.acted(w.line.SendMedia(hana, simline.Media{Kind: "file", FileName: "a\u202egpj.exe", Bytes: nil}))
		event := `{"type":"message","webhookEventId":"01JXGONE","timestamp":1767225600000,"mode":"active","source":{"type":"user","userId":"` +
			hana.Chat + `"},"message":{"type":"image","id":"424242","contentProvider":{"type":"line"}}}`
		if err := w.line.SendRaw(botUser, []byte(event)); err != nil {
			t.Fatal(err)
		}
		w.waitShown("sato", "もう見られません")
		if n := outside.asked(); n > 0 {
			t.Errorf("an address that a friend chose was asked %d times", n)
		}
		for _, f := range w.files("sato") {
			if strings.ContainsAny(f.Name, "\u202e/\\") {
				t.Errorf("a file is named %q", f.Name)
			}
		}
	})
}
