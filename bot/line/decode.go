package line

import (
	"time"

	"madoguchi/bot"
)

// LINE's names of the events that are looked into.
const (
	typeMessage       = "message"
	typeMessageEdited = "messageEdited"
	typeUnsend        = "unsend"
	typeFollow        = "follow"
	typePostback      = "postback"
	typeMemberJoined  = "memberJoined"
	typeMemberLeft    = "memberLeft"
)

// Decode reads one webhook event. It fails only if raw is no JSON object or
// names no type; a member that is missing or odd is left out. The error
// quotes nothing of raw.
func Decode(raw []byte) (bot.LINEEvent, error) {
	event, err := parseObject(raw)
	if err != nil {
		return bot.LINEEvent{}, err
	}
	e := bot.LINEEvent{
		ID:          event.id("webhookEventId"),
		Type:        event.text("type"),
		At:          timestamp(event),
		Redelivered: event.object("deliveryContext").flag("isRedelivery"),
		Standby:     event.text("mode") == "standby",
		ReplyToken:  event.text("replyToken"),
	}
	if e.Type == "" {
		return bot.LINEEvent{}, errNoType
	}
	e.FriendKind, e.FriendID, e.SpeakerID = source(event)
	switch e.Type {
	case typeMessage, typeMessageEdited:
		e.Content = content(event.object("message"))
		e.Content.Edited = e.Type == typeMessageEdited
	case typeUnsend:
		e.UnsentID = event.object("unsend").id("messageId")
	case typeFollow:
		e.Unblocked = event.object("follow").flag("isUnblocked")
	case typePostback:
		e.Postback = postback(event.object("postback"))
	case typeMemberJoined:
		e.MemberIDs = members(event.object("joined"))
	case typeMemberLeft:
		e.MemberIDs = members(event.object("left"))
	}
	return e, nil
}

// source tells whose event it is. In groups the speaker may be unknown: LINE
// names only users who agreed to it.
func source(event object) (kind bot.FriendKind, friendID, speakerID string) {
	src := event.object("source")
	switch src.text("type") {
	case "user":
		kind, friendID = bot.KindUser, src.id("userId")
	case "group":
		kind, friendID, speakerID = bot.KindGroup, src.id("groupId"), src.id("userId")
	case "room":
		kind, friendID, speakerID = bot.KindRoom, src.id("roomId"), src.id("userId")
	}
	if friendID == "" {
		return "", "", ""
	}
	return kind, friendID, speakerID
}

var year2100 = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// timestamp returns 0 for a time that cannot be meant.
func timestamp(event object) int64 {
	at := event.integer("timestamp")
	if at <= 0 || at >= year2100 {
		return 0
	}
	return at
}

func postback(p object) *bot.Postback {
	decoded := &bot.Postback{Data: p.text("data")}
	params := p.object("params")
	for name := range params {
		if value := params.text(name); value != "" {
			if decoded.Params == nil {
				decoded.Params = map[string]string{}
			}
			decoded.Params[clean(name)] = value
		}
	}
	return decoded
}

func members(group object) []string {
	var ids []string
	for _, m := range group.objects("members") {
		if id := m.id("userId"); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}
