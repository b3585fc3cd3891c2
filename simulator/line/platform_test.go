package line_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"
	"github.com/line/line-bot-sdk-go/v8/linebot/webhook"

	simline "madoguchi/simulator/line"
)

func TestConversationThroughTheSDK(t *testing.T) {
	r := newRig(t, simline.Options{})
	heard := r.said("予約したいです")
	if got := heard.Message.(webhook.TextMessageContent); got.Text != "予約したいです" || got.MarkAsReadToken == "" || got.QuoteToken == "" {
		t.Errorf("message = %+v", got)
	}
	replied, err := r.api.ReplyMessage(&messaging_api.ReplyMessageRequest{ReplyToken: heard.ReplyToken, Messages: text("はい")})
	r.must(err)
	if len(replied.SentMessages) != 1 || replied.SentMessages[0].Id == "" {
		t.Errorf("reply = %+v", replied)
	}
	_, err = r.api.PushMessage(&messaging_api.PushMessageRequest{To: simline.UserID(1), Messages: append(text("何時が"), text("よいですか")...), CustomAggregationUnits: []string{}}, key1)
	r.must(err)
	if _, err := r.api.MarkMessagesAsReadByToken(&messaging_api.MarkMessagesAsReadByTokenRequest{MarkAsReadToken: heard.Message.(webhook.TextMessageContent).MarkAsReadToken}); err != nil {
		t.Error(err)
	}
	var shown []string
	for _, e := range r.Chat(r.bot, simline.UserID(1)) {
		shown = append(shown, fmt.Sprintf("%s %v free=%v cost=%d read=%v", e.Side, e.Texts(), e.Free, e.Cost, e.Read))
	}
	want := []string{
		"friend [予約したいです] free=false cost=0 read=true",
		"account [はい] free=true cost=0 read=false",
		"account [何時が よいですか] free=false cost=1 read=false",
	}
	if !slices.Equal(shown, want) {
		t.Errorf("chat:\n%s\nwant:\n%s", strings.Join(shown, "\n"), strings.Join(want, "\n"))
	}
	r.noViolations()
}

func TestAskingThroughTheSDK(t *testing.T) {
	r := newRig(t, simline.Options{})
	r.must(r.Change(r.bot, func(a *simline.Account) { a.Quota = 200 }))
	r.must(r.SetUsed(r.bot, 7))
	if info, err := r.api.GetBotInfo(); err != nil || info.BasicId != "@aoyama" || info.ChatMode != "bot" || info.MarkAsReadMode != "auto" {
		t.Errorf("info = %+v, %v", info, err)
	}
	if q, err := r.api.GetMessageQuota(); err != nil || q.Type != "limited" || q.Value != 200 {
		t.Errorf("quota = %+v, %v", q, err)
	}
	if c, err := r.api.GetMessageQuotaConsumption(); err != nil || c.TotalUsage != 7 {
		t.Errorf("consumption = %+v, %v", c, err)
	}
	if p, err := r.api.GetProfile(simline.UserID(1)); err != nil || p.DisplayName != "Anna" {
		t.Errorf("profile = %+v, %v", p, err)
	}
	if p, err := r.api.GetGroupMemberProfile(simline.GroupID(1), simline.UserID(2)); err != nil || p.DisplayName != "Ben" {
		t.Errorf("member = %+v, %v", p, err)
	}
	if s, err := r.api.GetGroupSummary(simline.GroupID(1)); err != nil || s.GroupName != "家族" {
		t.Errorf("summary = %+v, %v", s, err)
	}
	if n, err := r.api.GetGroupMemberCount(simline.GroupID(1)); err != nil || n.Count != 3 {
		t.Errorf("count = %+v, %v", n, err)
	}
	if _, err := r.api.ShowLoadingAnimation(&messaging_api.ShowLoadingAnimationRequest{ChatId: simline.UserID(1), LoadingSeconds: 5}); err != nil {
		t.Error(err)
	}
	if _, err := r.api.ValidatePush(&messaging_api.ValidateMessageRequest{Messages: text("x")}); err != nil {
		t.Error(err)
	}
	if e, err := r.api.GetWebhookEndpoint(); err != nil || !e.Active {
		t.Errorf("endpoint = %+v, %v", e, err)
	}
	if e, err := r.api.TestWebhookEndpoint(&messaging_api.TestWebhookEndpointRequest{}); err != nil || !e.Success || e.Reason != "OK" {
		t.Errorf("test = %+v, %v", e, err)
	}
	r.noViolations()
}

func TestEveryActArrivesAsItsEvent(t *testing.T) {
	r := newRig(t, simline.Options{})
	group := simline.From{Bot: r.bot, Chat: simline.GroupID(1), User: simline.UserID(2)}
	acts := []func() (simline.Sent, error){
		func() (simline.Sent, error) { return r.Follow(r.anna, true) },
		func() (simline.Sent, error) {
			return r.SendText(group, "@bot (hello)", simline.TextOptions{
				Emojis:   []simline.Emoji{{Index: 5, Length: 7, ProductID: "p", EmojiID: "e"}},
				Mentions: []simline.Mention{{Index: 0, Length: 4, Type: "user", UserID: r.bot, IsSelf: true}},
				Quotes:   "1",
			})
		},
		func() (simline.Sent, error) {
			return r.SendMedia(r.anna, simline.Media{Kind: "image", Bytes: []byte("x"), ContentType: "image/jpeg", Set: &simline.ImageSet{ID: "S", Index: 1, Total: 2}})
		},
		func() (simline.Sent, error) {
			return r.SendMedia(r.anna, simline.Media{Kind: "video", External: "https://example.com/v.mp4", Duration: 5})
		},
		func() (simline.Sent, error) { return r.SendMedia(r.anna, simline.Media{Kind: "audio", Duration: 5}) },
		func() (simline.Sent, error) {
			return r.SendMedia(r.anna, simline.Media{Kind: "file", FileName: "a.pdf", Bytes: []byte("%PDF")})
		},
		func() (simline.Sent, error) {
			return r.SendSticker(r.anna, simline.Sticker{PackageID: "1", StickerID: "2", Keywords: []string{"love"}})
		},
		func() (simline.Sent, error) {
			return r.SendLocation(r.anna, simline.Location{Title: "駅", Latitude: 35.6, Longitude: 139.7})
		},
		func() (simline.Sent, error) {
			return r.Postback(r.anna, "shop=shibuya", map[string]string{"date": "2026-11-22"})
		},
		func() (simline.Sent, error) { return r.Join(group) },
		func() (simline.Sent, error) {
			return r.MemberJoined(group, simline.Friend{UserID: simline.UserID(9), Name: "Dai"})
		},
		func() (simline.Sent, error) { return r.MemberLeft(group, simline.Friend{UserID: simline.UserID(9)}) },
		func() (simline.Sent, error) { return r.Leave(group) },
		func() (simline.Sent, error) { return r.Block(r.anna) },
	}
	want := []string{
		"follow", "message text", "message image", "message video", "message audio", "message file", "message sticker", "message location",
		"postback", "join", "memberJoined", "memberLeft", "leave", "unfollow",
	}
	for i, act := range acts {
		sent, err := act()
		r.must(err)
		if sent.EventID == "" || len(sent.EventID) != 26 {
			t.Errorf("%s: event id %q is no ULID", want[i], sent.EventID)
		}
		events := r.drained()
		e := events[len(events)-1]
		got := e.GetType()
		if m, ok := e.(webhook.MessageEvent); ok {
			got += " " + m.Message.GetType()
		}
		if got != want[i] || len(events) != i+1 {
			t.Errorf("event %d = %s, want %s", len(events), got, want[i])
		}
	}
	r.noViolations()
}
