package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"madoguchi/bot"
)

// Swept makes of a reply that a sweep found what would have been accepted had
// its event arrived. Both have the same key: if the event comes after all, or
// came before, the reply is there once.
func Swept(teamID string, r bot.SlackReply, now time.Time) (bot.Incoming, error) {
	if r.ChannelID == "" || !isTS(r.TS) {
		return bot.Incoming{}, errors.New("a swept reply without a place")
	}
	r.Swept = true
	body, err := json.Marshal(sweptReply{TeamID: teamID, Reply: r})
	if err != nil {
		return bot.Incoming{}, fmt.Errorf("encode a swept reply: %w", err)
	}
	raw, err := stored{Kind: kindSwept, Body: body}.encode()
	if err != nil {
		return bot.Incoming{}, err
	}
	return bot.Incoming{
		Source: bot.FromSlack,
		Key:    replyKey(teamID, r.ChannelID, r.TS),
		Lane:   threadLane(teamID, r.ChannelID, r.ThreadTS, r.TS),
		At:     firstTime(now.UnixMilli(), r.TS),
		Raw:    raw,
	}, nil
}

// sweptReply is the body of a stored reply of kind swept.
type sweptReply struct {
	TeamID string         `json:"team_id"`
	Reply  bot.SlackReply `json:"reply"`
}

func decodeSwept(body []byte) (bot.SlackEvent, error) {
	var s sweptReply
	if json.Unmarshal(body, &s) != nil || !isTS(s.Reply.TS) {
		return bot.SlackEvent{}, fmt.Errorf("decode a swept reply: %w", errUnreadable)
	}
	return bot.SlackEvent{TeamID: s.TeamID, Reply: &s.Reply}, nil
}

// readReply converts a message as conversations.replies returns it, reporting
// false for what no person wrote.
func readReply(teamID, channelID string, raw json.RawMessage) (bot.SlackReply, bool) {
	var m message
	if json.Unmarshal(raw, &m) != nil {
		return bot.SlackReply{}, false
	}
	switch m.Subtype {
	case "", "file_share", "thread_broadcast", "me_message":
	default:
		return bot.SlackReply{}, false
	}
	m.Channel = channelID
	r, err := envelope{TeamID: teamID}.reply(&m)
	if err != nil || r == nil {
		return bot.SlackReply{}, false
	}
	return *r, true
}
