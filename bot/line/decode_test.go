package line

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"madoguchi/bot"
)

func TestDecode(t *testing.T) {
	const head = `"webhookEventId":"01H","timestamp":1700000000000,"mode":"active","deliveryContext":{"isRedelivery":false},`
	const user = `"source":{"type":"user","userId":"U1"},`
	message := func(m bot.Content) bot.LINEEvent {
		return bot.LINEEvent{ID: "01H", Type: "message", At: 1_700_000_000_000, FriendKind: bot.KindUser, FriendID: "U1", ReplyToken: "rt", Content: &m}
	}
	event := func(e bot.LINEEvent) bot.LINEEvent {
		e.ID, e.At = "01H", 1_700_000_000_000
		return e
	}
	ofUser := func(e bot.LINEEvent) bot.LINEEvent {
		e.FriendKind, e.FriendID = bot.KindUser, "U1"
		return event(e)
	}
	for name, tt := range map[string]struct {
		raw  string
		want bot.LINEEvent
	}{
		"text": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"text","id":"m1","text":"hi (hello)","quoteToken":"q","quotedMessageId":"m0","markAsReadToken":"mr","emojis":[{"index":3,"length":7,"productId":"p","emojiId":"e"}]}}`,
			message(bot.Content{Kind: bot.ContentText, Type: "text", LINEID: "m1", Text: "hi (hello)", QuoteToken: "q", QuotedID: "m0", MarkAsRead: "mr"}),
		},
		"NUL and lone surrogate": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"text","id":"m1","text":"a\u0000b\ud83dc"}}`,
			message(bot.Content{Kind: bot.ContentText, Type: "text", LINEID: "m1", Text: "a\uFFFDb\uFFFDc"}),
		},
		"text kept as it is": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"text","id":"m1","text":"髙﨑 ﾊﾞ か\u3099 👨‍👩‍👧‍👦 \u202e\u200b<!channel>\r\n\u2028"}}`,
			message(bot.Content{Kind: bot.ContentText, Type: "text", LINEID: "m1", Text: "髙﨑 ﾊﾞ か\u3099 👨‍👩‍👧‍👦 \u202e\u200b<!channel>\r\n\u2028"}),
		},
		"mention of the bot": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"text","id":"m1","text":"@bot","mention":{"mentionees":[{"type":"all"},null,{"type":"user","isSelf":true}]}}}`,
			message(bot.Content{Kind: bot.ContentText, Type: "text", LINEID: "m1", Text: "@bot", MentionsBot: true}),
		},
		"image of a set": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"image","id":"m1","contentProvider":{"type":"line"},"imageSet":{"id":"S","index":2,"total":3}}}`,
			message(bot.Content{Kind: bot.ContentImage, Type: "image", LINEID: "m1", ImageSet: &bot.ImageSet{ID: "S", Index: 2, Total: 3}}),
		},
		"image of a set from an old Android": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"image","id":"m1","contentProvider":{"type":"line"},"imageSet":{"id":"S"}}}`,
			message(bot.Content{Kind: bot.ContentImage, Type: "image", LINEID: "m1", ImageSet: &bot.ImageSet{ID: "S"}}),
		},
		"external video": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"video","id":"m1","duration":60000,"contentProvider":{"type":"external","originalContentUrl":"http://169.254.169.254/latest"}}}`,
			message(bot.Content{Kind: bot.ContentVideo, Type: "video", LINEID: "m1", Duration: 60000, External: "http://169.254.169.254/latest"}),
		},
		"external without address": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"audio","id":"m1","contentProvider":{"type":"external"}}}`,
			message(bot.Content{Kind: bot.ContentAudio, Type: "audio", LINEID: "m1", External: "external"}),
		},
		"file over 2 GB": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"file","id":"m1","fileName":"予約.pdf","fileSize":5000000000}}`,
			message(bot.Content{Kind: bot.ContentFile, Type: "file", LINEID: "m1", FileName: "予約.pdf", FileSize: 5_000_000_000}),
		},
		"sticker": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"sticker","id":"m1","packageId":"1","stickerId":"2","stickerResourceType":"NEWER","keywords":["love",3,"hi"],"text":"わーい"}}`,
			message(bot.Content{Kind: bot.ContentSticker, Type: "sticker", LINEID: "m1", Sticker: &bot.Sticker{PackageID: "1", StickerID: "2", Keywords: []string{"love", "hi"}, Text: "わーい"}}),
		},
		"location": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"location","id":"m1","latitude":35.6,"longitude":-139.7}}`,
			message(bot.Content{Kind: bot.ContentLocation, Type: "location", LINEID: "m1", Location: &bot.Location{Latitude: 35.6, Longitude: -139.7}}),
		},
		"unknown message type": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"hologram","id":"m1","text":"not read"}}`,
			message(bot.Content{Kind: bot.ContentOther, Type: "hologram", LINEID: "m1"}),
		},
		"message missing": {
			`{"type":"message",` + head + user + `"replyToken":"rt"}`,
			message(bot.Content{Kind: bot.ContentOther}),
		},
		"odd members": {
			`{"type":"message",` + head + user + `"replyToken":"rt","message":{"type":"text","id":17,"text":["x"],"mention":"no","quoteToken":{}}}`,
			message(bot.Content{Kind: bot.ContentText, Type: "text"}),
		},
		"names are exact": {
			`{"type":"message",` + head + user + `"replyToken":"rt","ReplyToken":"other","message":{"type":"text","id":"m1","text":"a","Text":"b"},"Message":{}}`,
			message(bot.Content{Kind: bot.ContentText, Type: "text", LINEID: "m1", Text: "a"}),
		},
		"edited in a group": {
			`{"type":"messageEdited",` + head + `"source":{"type":"group","groupId":"C1","userId":"U2"},"replyToken":"rt","message":{"type":"text","id":"m1","text":"b"}}`,
			event(bot.LINEEvent{Type: "messageEdited", FriendKind: bot.KindGroup, FriendID: "C1", SpeakerID: "U2", ReplyToken: "rt", Content: &bot.Content{Kind: bot.ContentText, Type: "text", LINEID: "m1", Text: "b", Edited: true}}),
		},
		"room without a speaker": {
			`{"type":"join",` + head + `"source":{"type":"room","roomId":"R1"}}`,
			event(bot.LINEEvent{Type: "join", FriendKind: bot.KindRoom, FriendID: "R1"}),
		},
		"unsend":                  {`{"type":"unsend",` + head + user + `"unsend":{"messageId":"m1"}}`, ofUser(bot.LINEEvent{Type: "unsend", UnsentID: "m1"})},
		"follow":                  {`{"type":"follow",` + head + user + `"follow":{"isUnblocked":false}}`, ofUser(bot.LINEEvent{Type: "follow"})},
		"follow again":            {`{"type":"follow",` + head + user + `"follow":{"isUnblocked":true}}`, ofUser(bot.LINEEvent{Type: "follow", Unblocked: true})},
		"follow of older LINE":    {`{"type":"follow",` + head + user + `"replyToken":"rt"}`, ofUser(bot.LINEEvent{Type: "follow", ReplyToken: "rt"})},
		"unfollow":                {`{"type":"unfollow",` + head + user[:len(user)-1] + `}`, ofUser(bot.LINEEvent{Type: "unfollow"})},
		"postback":                {`{"type":"postback",` + head + user + `"postback":{"data":"shop=\u0007","params":{"datetime":"2026-01-01T10:00","n":3}}}`, ofUser(bot.LINEEvent{Type: "postback", Postback: &bot.Postback{Data: "shop=\a", Params: map[string]string{"datetime": "2026-01-01T10:00"}}})},
		"postback missing":        {`{"type":"postback",` + head + user[:len(user)-1] + `}`, ofUser(bot.LINEEvent{Type: "postback", Postback: &bot.Postback{}})},
		"members joined":          {`{"type":"memberJoined",` + head + user + `"joined":{"members":[{"type":"user","userId":"U2"},{"type":"user"}]}}`, ofUser(bot.LINEEvent{Type: "memberJoined", MemberIDs: []string{"U2"}})},
		"members left":            {`{"type":"memberLeft",` + head + user + `"left":{"members":[{"type":"user","userId":"U2"}]}}`, ofUser(bot.LINEEvent{Type: "memberLeft", MemberIDs: []string{"U2"}})},
		"unknown event":           {`{"type":"hologram",` + head + `"beam":1}`, event(bot.LINEEvent{Type: "hologram"})},
		"standby, redelivered":    {`{"type":"unfollow","mode":"standby","deliveryContext":{"isRedelivery":true}}`, bot.LINEEvent{Type: "unfollow", Standby: true, Redelivered: true}},
		"source null":             {`{"type":"accountLink",` + head + `"source":null}`, event(bot.LINEEvent{Type: "accountLink"})},
		"source with a bad id":    {`{"type":"join",` + head + `"source":{"type":"user","userId":"U/../x?y"}}`, event(bot.LINEEvent{Type: "join"})},
		"source of a newer type":  {`{"type":"join",` + head + `"source":{"type":"square","squareId":"S1"}}`, event(bot.LINEEvent{Type: "join"})},
		"year 2999":               {`{"type":"join","timestamp":32472144000000}`, bot.LINEEvent{Type: "join"}},
		"timestamp as a string":   {`{"type":"join","timestamp":"1700000000000"}`, bot.LINEEvent{Type: "join"}},
		"negative timestamp":      {`{"type":"join","timestamp":-1}`, bot.LINEEvent{Type: "join"}},
		"duplicate: last of them": {`{"type":"follow","type":"join"}`, bot.LINEEvent{Type: "join"}},
	} {
		got, err := Decode([]byte(tt.raw))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			g, _ := json.Marshal(got)
			w, _ := json.Marshal(tt.want)
			t.Errorf("%s:\n got %s (%v)\nwant %s", name, g, err, w)
		}
	}
}

func TestDecodeErrorsQuoteNothing(t *testing.T) {
	for _, raw := range []string{"", "canary", `"canary"`, `{"canary"`, "null", `{"text":"canary"}`, `{"type":7,"x":"canary"}`} {
		if _, err := Decode([]byte(raw)); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("Decode(%s) error = %v", raw, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		textEvent("E1", "U1"), `{"type":"message","message":{"type":"text","text":"\ud83d\u0000"}}`, `{"type":"postback","postback":{"data":"x","params":{"\u0000":"1"}}}`,
		`{"type":"message","message":{"type":"image","contentProvider":{"type":"external"},"imageSet":{"id":"x","index":1e300}}}`, `{"type":"\u0000"}`, `{}`, `null`,
		`{"type":"memberJoined","joined":{"members":[null,1,{"userId":"U1"}]}}`, "{\"type\":\"message\",\"message\":{\"type\":\"text\",\"text\":\"\xff\"}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Decode(raw)
		if err != nil {
			return
		}
		stored, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(stored) || strings.Contains(string(stored), `\u0000`) && !strings.Contains(string(raw), `\\u0000`) {
			t.Errorf("a database would refuse %q", stored)
		}
	})
}
