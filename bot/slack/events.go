package slack

import (
	"context"
	"encoding/json"
	"fmt"

	"madoguchi/bot"
)

// Event takes in one Events API envelope. nil means that it may be
// acknowledged: it was stored, or it says nothing that concerns the relay.
func (r *Receiver) Event(ctx context.Context, body []byte) error {
	env, err := decodeEnvelope(body)
	if err != nil {
		return r.keep(ctx, body, err)
	}
	self := r.Self()
	if own, err := r.ownPost(ctx, env, self); own {
		return err
	}
	ev, err := env.decode(self.BotID)
	if err != nil {
		return r.keep(ctx, body, err)
	}
	if ignored(ev) {
		return nil
	}
	raw, err := stored{Kind: kindEvent, Bot: self.BotID, Body: body}.encode()
	if err != nil {
		return r.keep(ctx, body, err)
	}
	in := bot.Incoming{Raw: raw}
	in.Key, in.Lane, in.At = env.place(ev, env.eventTS(), digest(body), r.Now().UnixMilli())
	return r.accept(ctx, in)
}

// eventTS is when the event happened, "" where Slack does not say.
func (env envelope) eventTS() string {
	var h head
	if json.Unmarshal(env.Event, &h) != nil {
		return ""
	}
	return h.EventTS.V
}

// ignored reports whether ev is about nothing.
func ignored(ev bot.SlackEvent) bool {
	return ev == bot.SlackEvent{TeamID: ev.TeamID}
}

// ownPost is what tells one of our own posts from everybody else's, in the event
// of the message and in the one of its metadata.
type ownPost struct {
	Type      string                `json:"type"`
	BotID     string                `json:"bot_id"`
	AppID     string                `json:"app_id"`
	User      string                `json:"user"`
	Channel   string                `json:"channel"`
	ChannelID string                `json:"channel_id"`
	TS        string                `json:"ts"`
	MessageTS string                `json:"message_ts"`
	ThreadTS  string                `json:"thread_ts"`
	Metadata  lenient[postMetadata] `json:"metadata"`
}

// readOwnPost reports false for what is not a post, or not by self.
func readOwnPost(event json.RawMessage, self bot.SlackIdentity) (ownPost, bool) {
	var p ownPost
	if json.Unmarshal(event, &p) != nil || (p.Type != "message" && p.Type != "message_metadata_posted") {
		return ownPost{}, false
	}
	return p, same(p.BotID, self.BotID) || same(p.AppID, self.AppID) || same(p.User, self.BotUserID)
}

// ownPost reports whether the event is a post of ours that came back, and
// passes on which one it was. Nothing else may be done with it: relaying it
// would be a loop.
func (r *Receiver) ownPost(ctx context.Context, env envelope, self bot.SlackIdentity) (bool, error) {
	p, own := readOwnPost(env.Event, self)
	if !own {
		return false, nil
	}
	meta, channelID, ts := p.Metadata.V, firstOf(p.Channel, p.ChannelID), firstOf(p.TS, p.MessageTS)
	if meta.Type != metadataType || meta.Payload.Call == "" {
		return true, nil
	}
	at := posted(channelID, ts, p.ThreadTS)
	if err := r.Echo(ctx, bot.Echo{
		CallID: meta.Payload.Call, ChannelID: at.ChannelID, TS: at.TS, ThreadTS: at.ThreadTS, Placed: p.Type == "message",
	}); err != nil {
		return true, fmt.Errorf("note the echo of a post: %w", err)
	}
	return true, nil
}

// same compares ids, of which neither may be missing.
func same(a, b string) bool {
	return a != "" && a == b
}
