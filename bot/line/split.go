package line

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"madoguchi/bot"
)

// What Broken says. These are shown to owners and never quote the body.
const (
	brokenBody        = "the body is no webhook of LINE"
	brokenEvent       = "the event is no JSON object"
	brokenNoID        = "the event has no usable webhookEventId"
	brokenNoType      = "the event has no type"
	brokenDestination = bot.Strayed
)

// split turns a body whose signature is right into its events. What cannot be
// read is kept with the reason in Broken: LINE would only send it again if it
// were refused. The empty call of LINE's verify button has no events.
func split(account bot.Account, body []byte, received time.Time) []bot.Incoming {
	envelope, err := parseObject(body)
	var events []json.RawMessage
	if err == nil {
		err = json.Unmarshal(envelope["events"], &events)
	}
	if err != nil || events == nil {
		return []bot.Incoming{{
			Source:    bot.FromLINE,
			AccountID: account.ID,
			Key:       bodyKey(body),
			Lane:      bot.FriendLane(account.ID, ""),
			At:        received.UnixMilli(),
			Raw:       body,
			Broken:    brokenBody,
		}}
	}
	strayed := account.BotUserID != "" && envelope.text("destination") != account.BotUserID
	all := make([]bot.Incoming, 0, len(events))
	for _, raw := range events {
		in := incoming(account.ID, raw, received)
		if strayed {
			in.Broken = brokenDestination
		}
		all = append(all, in)
	}
	return all
}

func incoming(accountID string, raw json.RawMessage, received time.Time) bot.Incoming {
	in := bot.Incoming{
		Source:    bot.FromLINE,
		AccountID: accountID,
		Key:       bodyKey(raw),
		Lane:      bot.FriendLane(accountID, ""),
		At:        received.UnixMilli(),
		Raw:       raw,
	}
	event, err := parseObject(raw)
	if err != nil {
		in.Broken = brokenEvent
		return in
	}
	_, sourceID, _ := source(event)
	in.Lane = bot.FriendLane(accountID, sourceID)
	in.Redelivered = event.object("deliveryContext").flag("isRedelivery")
	if at := timestamp(event); at != 0 {
		in.At = at
	}
	in.Digest = digest(event)
	kind := event.text("type")
	if kind == typeMessage || kind == typeMessageEdited {
		in.LINEMessageID = event.object("message").id("id")
	}
	switch id := event.id("webhookEventId"); {
	case id == "":
		in.Broken = brokenNoID
	case kind == "":
		in.Key, in.Broken = id, brokenNoType
	default:
		in.Key = id
	}
	return in
}

// digest names what an event says, apart from what LINE changes when it
// delivers the same event again.
func digest(event object) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(event)) {
		if name == "deliveryContext" {
			continue
		}
		var compact bytes.Buffer
		if json.Compact(&compact, event[name]) != nil {
			continue
		}
		_, _ = fmt.Fprintf(sum, "%q:%s,", name, compact.Bytes()) // a hash never fails to write
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func bodyKey(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "body:" + hex.EncodeToString(sum[:])
}
