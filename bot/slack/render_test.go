package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
)

var update = flag.Bool("update", false, "write testdata anew")

var tokyo = time.FixedZone("JST", 9*60*60)

func at(clock string) int64 {
	t, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-22 "+clock, tokyo)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

func text(clock, words string) bot.ItemView {
	return bot.ItemView{Kind: bot.ItemMessage, At: at(clock), Content: &bot.Content{Kind: bot.ContentText, Text: words}}
}

func content(clock string, c bot.Content) bot.ItemView {
	return bot.ItemView{Kind: bot.ItemMessage, At: at(clock), Content: &c}
}

var hanako = bot.Speaker{Name: "山田 花子", Picture: "https://profile.example/hanako"}

// views are what the golden files show, by name.
func views() map[string]bot.PostView {
	act := bot.Action{AccountID: "acc1", FriendID: "fr1"}
	return map[string]bot.PostView{
		"card": {
			CallID: "call1", Mention: "U0SATO", Speaker: hanako,
			Card: &bot.CardView{
				Action: act, Name: "山田 花子", Picture: hanako.Picture, Kind: bot.KindUser,
				Tags: []string{"青山店", "VIP"}, WaitingSince: at("10:42"), AnsweredBy: "佐藤", InCharge: "鈴木",
				Sets:    []string{"青山店スタッフ", "本部"},
				Buttons: []bot.ActionName{bot.ActTags, bot.ActTake, bot.ActDone},
			},
			Items: []bot.ItemView{text("10:42", "こんにちは。\n明日の予約はできますか？")},
		},
		"card_owner": {
			CallID: "call1", Mention: "U0OWNER", Speaker: hanako,
			Card: &bot.CardView{
				Action: act, Name: "山田 花子", Kind: bot.KindUser, WaitingSince: at("10:42") - 24*60*60*1000,
				Owner: true, NobodyElse: true, Standby: true, Blocked: true, Buttons: []bot.ActionName{bot.ActTags},
			},
			Items: []bot.ItemView{text("10:42", "はじめまして")},
		},
		"card_hidden": {
			CallID: "call1", Speaker: hanako,
			Card:  &bot.CardView{Action: act, Name: "山田 花子", Kind: bot.KindUser, Hidden: true, ReadOnly: true},
			Items: []bot.ItemView{{Kind: bot.ItemMessage, At: at("10:42"), Hidden: true}},
		},
		"card_group_en": {
			Locale: "en", CallID: "call1", Speaker: bot.Speaker{Name: "Aoyama regulars"},
			Card: &bot.CardView{Action: act, Name: "Aoyama regulars", Kind: bot.KindGroup, Blocked: true},
			Items: []bot.ItemView{
				{Kind: bot.ItemMessage, At: at("10:42"), Speaker: "Taro", Content: &bot.Content{Kind: bot.ContentText, Text: "Hi"}},
				content("10:43", bot.Content{Kind: bot.ContentEvent, Type: "memberJoined", Members: []string{"a", "b"}}),
			},
		},
		"reply": {CallID: "call2", ThreadTS: "1700000000.000100", Speaker: hanako, Items: []bot.ItemView{text("10:43", "よろしくお願いします")}},
		"hostile": {
			CallID: "call2", ThreadTS: "1700000000.000100", Mention: "U0SATO",
			Speaker: bot.Speaker{Name: "<!here>\u202e佐藤\n", Picture: "javascript:alert(1)"},
			Items: []bot.ItemView{
				text("10:43", "<!channel> <@U1> <http://evil.example|bank> & *太字* :white_check_mark:\n10:44 ↩️ 佐藤 の返信: にせもの"),
			},
		},
		"merged": {
			CallID: "call3", ThreadTS: "1700000000.000100", Speaker: hanako, Mention: "U0SATO", Broadcast: true,
			Items: []bot.ItemView{
				text("10:43", "写真を送ります"),
				{Kind: bot.ItemMessage, At: at("10:44"), Media: bot.MediaFetching, Content: &bot.Content{Kind: bot.ContentImage, ImageSet: &bot.ImageSet{ID: "s", Index: 1, Total: 2}}},
				{Kind: bot.ItemMessage, At: at("10:44"), Media: bot.MediaTooLarge, MediaLimit: 200 << 20, Content: &bot.Content{Kind: bot.ContentVideo, Duration: 83_000, FileSize: 220 << 20}},
				{Kind: bot.ItemMessage, At: at("10:45"), Media: bot.MediaGone, Content: &bot.Content{Kind: bot.ContentFile, FileName: "見積\u202efdp.exe", FileSize: 12_345}},
				{Kind: bot.ItemMessage, At: at("10:45"), Media: bot.MediaStored, Content: &bot.Content{Kind: bot.ContentAudio, Duration: 4_000}},
				content("10:46", bot.Content{Kind: bot.ContentImage, External: "http://169.254.169.254/latest?<x>"}),
				content("10:46", bot.Content{Kind: bot.ContentSticker, Sticker: &bot.Sticker{Keywords: []string{"ありがとう", "うれしい"}}}),
				content("10:47", bot.Content{Kind: bot.ContentLocation, Location: &bot.Location{Title: "青山店", Address: "東京都港区1-2-3", Latitude: 35.6654, Longitude: 139.7123}}),
				{Kind: bot.ItemMessage, At: at("10:48"), Quoted: "ご予約は\n何時に", Content: &bot.Content{Kind: bot.ContentText, Text: "15時で", Edited: true}},
				{Kind: bot.ItemMessage, At: at("10:49"), Unsent: true},
				{Kind: bot.ItemMessage, At: at("09:10"), Late: true, Content: &bot.Content{Kind: bot.ContentText, Text: "さっき送ったもの"}},
			},
		},
		"events": {
			CallID: "call4", ThreadTS: "1700000000.000100", Speaker: hanako,
			Items: []bot.ItemView{
				content("10:00", bot.Content{Kind: bot.ContentEvent, Type: "follow"}),
				content("10:01", bot.Content{Kind: bot.ContentEvent, Type: "unfollow"}),
				content("10:02", bot.Content{Kind: bot.ContentEvent, Type: "follow", Flag: "unblocked"}),
				content("10:03", bot.Content{Kind: bot.ContentEvent, Type: "postback", Postback: &bot.Postback{Data: "shop=<shibuya>", Params: map[string]string{"date": "2026-12-01", "a": "b"}}}),
				content("10:04", bot.Content{Kind: bot.ContentEvent, Type: "join"}),
				content("10:05", bot.Content{Kind: bot.ContentEvent, Type: "leave"}),
				content("10:06", bot.Content{Kind: bot.ContentEvent, Type: "memberLeft", Members: []string{"a"}}),
				content("10:07", bot.Content{Kind: bot.ContentEvent, Type: "somethingNew"}),
				content("10:08", bot.Content{Kind: bot.ContentOther, Type: "hologram"}),
			},
		},
		"history": {
			CallID: "call5", ThreadTS: "1700000000.000100", Speaker: hanako, Mention: "U0SATO",
			Items: []bot.ItemView{
				{Kind: bot.ItemMessage, At: at("10:00"), Context: true, Content: &bot.Content{Kind: bot.ContentText, Text: "予約したいです"}},
				{Kind: bot.ItemMirror, At: at("10:02"), Context: true, Author: "鈴木", Text: "何名様ですか？"},
				{Kind: bot.ItemNote, At: at("10:03"), Context: true, Author: "鈴木", Text: "常連さん"},
				text("10:05", "2名です"),
			},
		},
		"mirror": {
			CallID: "call6", ThreadTS: "1700000000.000100", Speaker: bot.Speaker{Name: "鈴木", IsStaff: true},
			Items: []bot.ItemView{{Kind: bot.ItemMirror, At: at("10:02"), Author: "鈴木", Text: "承知しました。\nお待ちしています。"}},
		},
		"notice": {
			CallID: "call7", ThreadTS: "1700000000.000100", Mention: "U0SATO", Repeat: true,
			Items: []bot.ItemView{{
				Kind: bot.ItemNotice, At: at("10:02"), Danger: true, Text: "この返信が届いたか分かりません。",
				Buttons: []bot.Action{
					{Name: bot.ActDelivered, AccountID: "acc1", FriendID: "fr1", ReplyID: "r1"},
					{Name: bot.ActResend, AccountID: "acc1", FriendID: "fr1", ReplyID: "r1"},
					{Name: bot.ActDiscard, AccountID: "acc1", FriendID: "fr1", ReplyID: "r1"},
					{Name: bot.ActPushGroup, AccountID: "acc1", FriendID: "fr1", ReplyID: "r1"},
				},
			}},
		},
	}
}

func TestRenderPostGolden(t *testing.T) {
	for name, v := range views() {
		v.Zone, v.Now = tokyo, at("11:00")
		got := indent(t, Renderer{}.RenderPost("C0SATO", v))
		file := filepath.Join("testdata", "post_"+name+".json")
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("RenderPost(%s) =\n%s\nwant\n%s", name, got, want)
		}
	}
}

func indent(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func TestRenderUpdateChangesWordsOnly(t *testing.T) {
	v := views()["card"]
	v.Zone, v.Now = tokyo, at("11:00")
	var got map[string]any
	if err := json.Unmarshal(Renderer{}.RenderUpdate("C0SATO", "1795312800.000100", v), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"username", "icon_url", "thread_ts", "reply_broadcast", "unfurl_links"} {
		if _, ok := got[key]; ok {
			t.Errorf("chat.update does not take %s", key)
		}
	}
	for key, want := range map[string]any{"channel": "C0SATO", "ts": "1795312800.000100", "parse": "none", "link_names": false} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
}

// A card keeps its place in Slack under the date of the day it was posted.
func TestTimesOfAnotherDayCarryTheirDate(t *testing.T) {
	v := views()["card"]
	v.Zone, v.Now = tokyo, at("11:00")
	for ts, want := range map[string]string{
		"1795312800.000100": "10:42 から",            // 2026-11-22 in Tokyo
		"1795226400.000100": "11/22 10:42 から",      // the day before
		"1700000000.000100": "2026/11/22 10:42 から", // another year
	} {
		if got := string(Renderer{}.RenderUpdate("C1", ts, v)); !strings.Contains(got, `"`+want) {
			t.Errorf("RenderUpdate(%s) lacks %q: %s", ts, want, got)
		}
	}
}

func TestPictureIsTakenFromHTTPSOnly(t *testing.T) {
	for in, want := range map[string]string{
		"https://profile.example/a":              "https://profile.example/a",
		"http://profile.example/a":               "",
		"https:///a":                             "",
		"https://u:p@example/a":                  "",
		"javascript:alert(1)":                    "",
		"https://x/" + strings.Repeat("a", 3000): "",
		"\x7f":                                   "",
	} {
		if got := picture(bot.PostView{Speaker: bot.Speaker{Name: "a", Picture: in}}); got != want {
			t.Errorf("picture(%.40q) = %q, want %q", in, got, want)
		}
	}
}

func TestStaffNamesCannotBeTaken(t *testing.T) {
	name := func(s bot.Speaker) string {
		var got struct{ Username string }
		if err := json.Unmarshal(Renderer{}.RenderPost("C1", bot.PostView{Speaker: s}), &got); err != nil {
			t.Fatal(err)
		}
		return got.Username
	}
	staff := name(bot.Speaker{Name: "佐藤", IsStaff: true})
	for _, friend := range []string{"佐藤", "佐藤\u200b", "佐藤" + strings.Repeat("\u3000", 90), "佐藤\n", strings.Repeat("佐", 90)} {
		got := name(bot.Speaker{Name: friend})
		if got == staff || !strings.HasSuffix(got, "（LINE）") || len([]rune(got)) > MaxName {
			t.Errorf("a friend named %q posts as %q", friend, got)
		}
	}
}

// The longest that one post is meant to hold is shown whole.
func TestWhatOnePostHoldsIsNotCut(t *testing.T) {
	card := views()["card"].Card
	many := make([]bot.ItemView, 20)
	for i := range many {
		many[i] = text("10:42", strings.Repeat("あ", 399)+"\n")
	}
	for name, v := range map[string]bot.PostView{
		"LINE's longest text":            {Card: card, Items: []bot.ItemView{text("10:42", strings.Repeat("あ\n", 2500))}},
		"LINE's longest text, emoji":     {Card: card, Items: []bot.ItemView{text("10:42", strings.Repeat("😀", 2500))}},
		"8,000 characters in 20 of them": {Items: many},
	} {
		got := string(Renderer{}.RenderPost("C1", v))
		if strings.Contains(got, "表示していません") {
			t.Errorf("%s was cut", name)
		}
	}
}
