package slack

import (
	"context"
	"encoding/json"

	"madoguchi/bot"
)

// Post makes the call that RenderPost rendered. It may have posted even when
// it returns an error: then the kind is Uncertain, and FindPost tells.
func (c *Client) Post(ctx context.Context, body []byte) (bot.Posted, error) {
	const method = "chat.postMessage"
	var a struct {
		Channel string `json:"channel"`
		TS      string `json:"ts"`
		Message struct {
			ThreadTS string `json:"thread_ts"`
		} `json:"message"`
	}
	if _, err := c.call(ctx, request{method: method, json: body}, &a); err != nil {
		return bot.Posted{}, err
	}
	if a.TS == "" {
		return bot.Posted{}, &bot.Failure{Kind: bot.Uncertain, Code: "garbage", Detail: method + ": no ts"}
	}
	return posted(a.Channel, a.TS, a.Message.ThreadTS), nil
}

// posted drops the thread of a post that opened it.
func posted(channelID, ts, threadTS string) bot.Posted {
	if threadTS == ts {
		threadTS = ""
	}
	return bot.Posted{ChannelID: channelID, TS: ts, ThreadTS: threadTS}
}

// Update makes the call that RenderUpdate rendered; the body names the post.
func (c *Client) Update(ctx context.Context, _, _ string, body []byte) error {
	_, err := c.call(ctx, request{method: "chat.update", json: body}, nil)
	return err
}

// Delete removes a post of ours. One that is gone already is success.
func (c *Client) Delete(ctx context.Context, channelID, ts string) error {
	_, err := c.call(ctx, request{method: "chat.delete", form: values("channel", channelID, "ts", ts)}, nil)
	return forgive(err, "message_not_found")
}

// React puts a mark on a message.
func (c *Client) React(ctx context.Context, channelID, ts, emoji string) error {
	f := values("channel", channelID, "timestamp", ts, "name", emoji)
	_, err := c.call(ctx, request{method: "reactions.add", form: f}, nil)
	return forgive(err, "already_reacted")
}

// Unreact takes a mark of ours off a message.
func (c *Client) Unreact(ctx context.Context, channelID, ts, emoji string) error {
	f := values("channel", channelID, "timestamp", ts, "name", emoji)
	_, err := c.call(ctx, request{method: "reactions.remove", form: f}, nil)
	return forgive(err, "no_reaction")
}

// Permalink is the address of a message for people.
func (c *Client) Permalink(ctx context.Context, channelID, ts string) (string, error) {
	var a struct {
		Permalink string `json:"permalink"`
	}
	f := values("channel", channelID, "message_ts", ts)
	_, err := c.call(ctx, request{method: "chat.getPermalink", effect: reads, form: f}, &a)
	return a.Permalink, err
}

// OpenView shows a modal to whoever caused triggerID, which is good once and
// for three seconds.
func (c *Client) OpenView(ctx context.Context, triggerID string, view []byte) error {
	body := encode(struct {
		TriggerID string          `json:"trigger_id"`
		View      json.RawMessage `json:"view"`
	}{triggerID, view})
	_, err := c.call(ctx, request{method: "views.open", json: body}, nil)
	return err
}
