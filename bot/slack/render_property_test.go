package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"madoguchi/bot"
)

// canary stands in everything of a hidden item that must not be shown.
const canary = "CANARY"

// words of friends, with what might do harm and what takes much room.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", " ", "\n", "<!channel>", "<@U1>", "<http://evil|bank>", "&lt;!here&gt;", "@channel", "*x*", ":x:"}),
		rapid.Custom(func(t *rapid.T) string {
			piece := rapid.SampledFrom([]string{"あ", "\"", "\n", "😀", "\x01", "\u0301", "<", "\u2028", "\xff", "👨\u200d👩"}).Draw(t, "piece")
			return strings.Repeat(piece, rapid.IntRange(0, 6000).Draw(t, "times"))
		}),
	)
}

func anyContent(t *rapid.T) *bot.Content {
	return &bot.Content{
		Kind:       rapid.SampledFrom([]bot.ContentKind{bot.ContentText, bot.ContentImage, bot.ContentVideo, bot.ContentAudio, bot.ContentFile, bot.ContentSticker, bot.ContentLocation, bot.ContentOther, bot.ContentEvent, "new"}).Draw(t, "kind"),
		Type:       rapid.SampledFrom([]string{"", "follow", "unfollow", "join", "leave", "memberJoined", "memberLeft", "postback", "<!here>"}).Draw(t, "type"),
		Text:       anyText().Draw(t, "text"),
		Edited:     rapid.Bool().Draw(t, "edited"),
		FileName:   anyText().Draw(t, "file"),
		FileSize:   rapid.Int64().Draw(t, "size"),
		Duration:   rapid.Int64().Draw(t, "duration"),
		External:   anyText().Draw(t, "external"),
		Flag:       rapid.SampledFrom([]string{"", "unblocked"}).Draw(t, "flag"),
		ImageSet:   &bot.ImageSet{Index: rapid.Int().Draw(t, "index"), Total: rapid.Int().Draw(t, "total")},
		Sticker:    &bot.Sticker{Text: anyText().Draw(t, "sticker"), Keywords: rapid.SliceOfN(anyText(), 0, 4).Draw(t, "keywords")},
		Location:   &bot.Location{Title: anyText().Draw(t, "title"), Latitude: rapid.Float64().Draw(t, "lat"), Longitude: rapid.Float64().Draw(t, "lng")},
		Postback:   &bot.Postback{Data: anyText().Draw(t, "data"), Params: rapid.MapOfN(anyText(), anyText(), 0, 3).Draw(t, "params")},
		Members:    rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "members"),
		QuoteToken: canary, MarkAsRead: canary,
	}
}

func anyAction(t *rapid.T) bot.Action {
	return bot.Action{
		Name:     rapid.SampledFrom([]bot.ActionName{bot.ActTags, bot.ActSend, bot.ActDiscard, bot.ActPushGroup, bot.ActResend, "unknown"}).Draw(t, "action"),
		FriendID: rapid.StringMatching(`[a-z0-9-]{36}`).Draw(t, "friend"),
	}
}

func anyItem(t *rapid.T) bot.ItemView {
	item := bot.ItemView{
		Kind:    rapid.SampledFrom([]bot.ItemKind{bot.ItemMessage, bot.ItemMirror, bot.ItemNote, bot.ItemNotice, ""}).Draw(t, "kind"),
		At:      rapid.Int64Range(-1, 4e12).Draw(t, "at"),
		Late:    rapid.Bool().Draw(t, "late"),
		Context: rapid.Bool().Draw(t, "context"),
		Danger:  rapid.Bool().Draw(t, "danger"),
		Media:   rapid.SampledFrom([]bot.MediaState{"", bot.MediaFetching, bot.MediaStored, bot.MediaTooLarge, bot.MediaGone}).Draw(t, "media"),
		Buttons: rapid.SliceOfN(rapid.Custom(anyAction), 0, 3).Draw(t, "buttons"),
	}
	if rapid.IntRange(0, 4).Draw(t, "hidden") == 0 {
		item.Hidden = true
		item.Text, item.Speaker, item.Author, item.Quoted = canary, canary, canary, canary
		item.Content = &bot.Content{Kind: bot.ContentFile, Text: canary, FileName: canary, External: canary}
		return item
	}
	if rapid.IntRange(0, 4).Draw(t, "unsent") == 0 && item.Kind == bot.ItemMessage {
		item.Unsent, item.Quoted = true, canary
		item.Content = &bot.Content{Kind: bot.ContentText, Text: canary}
		return item
	}
	item.Text, item.Speaker, item.Author, item.Quoted = anyText().Draw(t, "text"), anyText().Draw(t, "speaker"), anyText().Draw(t, "author"), anyText().Draw(t, "quoted")
	if rapid.Bool().Draw(t, "has content") {
		item.Content = anyContent(t)
	}
	return item
}

func anyView(t *rapid.T) bot.PostView {
	v := bot.PostView{
		Locale:    rapid.SampledFrom([]string{"ja", "en", "xx"}).Draw(t, "locale"),
		CallID:    "call",
		ThreadTS:  rapid.SampledFrom([]string{"", "1700000000.000100"}).Draw(t, "thread"),
		Speaker:   bot.Speaker{Name: anyText().Draw(t, "name"), Picture: anyText().Draw(t, "picture"), IsStaff: rapid.Bool().Draw(t, "staff")},
		Items:     rapid.SliceOfN(rapid.Custom(anyItem), 0, 30).Draw(t, "items"),
		Mention:   rapid.SampledFrom([]string{"", "U0SATO", "<!channel>"}).Draw(t, "mention"),
		Broadcast: rapid.Bool().Draw(t, "broadcast"),
		Repeat:    rapid.Bool().Draw(t, "repeat"),
	}
	if rapid.Bool().Draw(t, "has card") {
		v.Card = &bot.CardView{
			Name: anyText().Draw(t, "card name"), Tags: rapid.SliceOfN(anyText(), 0, 30).Draw(t, "tags"), Sets: rapid.SliceOfN(anyText(), 0, 30).Draw(t, "sets"),
			Kind: rapid.SampledFrom([]bot.FriendKind{bot.KindUser, bot.KindGroup, bot.KindRoom}).Draw(t, "kind"), WaitingSince: rapid.Int64Range(0, 4e12).Draw(t, "waiting"),
			AnsweredBy: anyText().Draw(t, "answered by"), InCharge: anyText().Draw(t, "in charge"), Owner: true, NobodyElse: true, Hidden: true, ReadOnly: true, Blocked: true, Standby: true,
			Buttons: []bot.ActionName{bot.ActTags, bot.ActTake, bot.ActDone},
		}
	}
	return v
}

func TestEveryViewIsWithinSlacksLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyView(t)
		got := Renderer{}.RenderPost("C1", v)
		if again := (Renderer{}).RenderPost("C1", v); !bytes.Equal(got, again) {
			t.Fatalf("two renderings differ:\n%s\n%s", got, again)
		}
		if bytes.Contains(got, []byte(canary)) {
			t.Fatalf("something hidden is in %s", got)
		}
		var body struct {
			Username, Text string
			Blocks         json.RawMessage
		}
		if err := json.Unmarshal(got, &body); err != nil {
			t.Fatal(err)
		}
		if n := units(string(body.Blocks)); n > maxBlockUnits {
			t.Fatalf("%d characters of blocks", n)
		}
		checkText(t, body.Text, v.Mention)
		if len([]rune(body.Username)) > MaxName || strings.ContainsAny(body.Username, "<>\n") {
			t.Fatalf("username %q", body.Username)
		}
		checkBlocks(t, body.Blocks)
	})
}

// checkText accepts our one mention and no other control markup.
func checkText(t *rapid.T, text, mention string) {
	if userID.MatchString(mention) {
		rest, ok := strings.CutPrefix(text, "<@"+mention+"> ")
		if !ok {
			t.Fatalf("text %q does not mention %s", text, mention)
		}
		text = rest
	}
	if text == "" || strings.ContainsAny(text, "<>\n") || len([]rune(text)) > 2000 {
		t.Fatalf("text %q", text)
	}
}

// checkBlocks holds blocks against what Slack's reference says of each kind:
// https://docs.slack.dev/reference/block-kit/blocks
func checkBlocks(t *rapid.T, raw json.RawMessage) {
	var blocks []map[string]any
	if err := json.Unmarshal(raw, &blocks); err != nil {
		t.Fatal(err)
	}
	if len(blocks) > maxBlocks {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		switch b["type"] {
		case "divider":
			continue
		case "actions":
			checkButtons(t, b["elements"])
		case "rich_text", "context":
		default:
			t.Fatalf("block %v", b["type"])
		}
		if elements, ok := b["elements"].([]any); !ok || len(elements) == 0 {
			t.Fatalf("an empty block: %v", b)
		}
		walk(t, b)
	}
}

func checkButtons(t *rapid.T, elements any) {
	list, ok := elements.([]any)
	if !ok || len(list) > maxButtons {
		t.Fatalf("buttons %v", elements)
	}
	seen := map[string]bool{}
	for _, e := range list {
		id := fmt.Sprint(e.(map[string]any)["action_id"])
		if seen[id] || len(id) > 255 {
			t.Fatalf("action_id %s", id)
		}
		seen[id] = true
	}
}

// walk finds every text there is: none may be mrkdwn, none empty.
func walk(t *rapid.T, v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(t, e)
		}
	case map[string]any:
		text, isText := v["text"].(string)
		kind := v["type"]
		if kind == "mrkdwn" || kind == "markdown" || isText && (text == "" || units(text) > 3000) {
			t.Fatalf("text object %v", v)
		}
		if url, ok := v["url"].(string); ok && !strings.HasPrefix(url, "https://www.google.com/maps?q=") {
			t.Fatalf("a link to %s", url)
		}
		if runs, ok := v["elements"].([]any); ok && len(runs) == 0 {
			t.Fatalf("no elements in %v", v)
		}
		for _, e := range v {
			walk(t, e)
		}
	}
}
