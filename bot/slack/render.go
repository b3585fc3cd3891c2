package slack

import (
	"net/url"
	"time"

	slackapi "github.com/slack-go/slack"

	"madoguchi/bot"
)

// metadataType marks our posts. Any member may read a post's metadata, so it
// holds an opaque id and nothing else.
const metadataType = "madoguchi_post"

// Renderer renders views as the bodies of Slack calls. The same view always
// gives the same bytes.
type Renderer struct{}

var _ bot.Renderer = Renderer{}

// RenderPost returns the body of the chat.postMessage call for v:
// https://docs.slack.dev/reference/methods/chat.postMessage
func (Renderer) RenderPost(channelID string, v bot.PostView) []byte {
	p := newPost(v, standing(v))
	c := postCall{
		Channel:     channelID,
		ThreadTS:    v.ThreadTS,
		Broadcast:   v.Broadcast && v.ThreadTS != "",
		Username:    p.name(),
		IconURL:     picture(v),
		UnfurlLinks: new(false),
		UnfurlMedia: new(false),
	}
	return c.encode(p)
}

// RenderUpdate returns the body of the chat.update call that makes the post at
// ts show v: https://docs.slack.dev/reference/methods/chat.update
// A post keeps the name and picture it was made with.
func (Renderer) RenderUpdate(channelID, ts string, v bot.PostView) []byte {
	at := standing(v)
	if ms, ok := millis(ts); ok {
		// The post still stands under the date of its own day, not of today.
		at = time.UnixMilli(ms)
	}
	c := postCall{Channel: channelID, TS: ts}
	return c.encode(newPost(v, at))
}

// postCall is the body of chat.postMessage or chat.update. Parse and LinkNames are
// said aloud because chat.update would otherwise look for links and names.
type postCall struct {
	Channel     string           `json:"channel"`
	TS          string           `json:"ts,omitempty"`
	ThreadTS    string           `json:"thread_ts,omitempty"`
	Broadcast   bool             `json:"reply_broadcast,omitempty"`
	Username    string           `json:"username,omitempty"`
	IconURL     string           `json:"icon_url,omitempty"`
	Text        string           `json:"text"`
	Blocks      []slackapi.Block `json:"blocks"`
	Metadata    postMetadata     `json:"metadata"`
	Parse       string           `json:"parse"`
	LinkNames   bool             `json:"link_names"`
	UnfurlLinks *bool            `json:"unfurl_links,omitempty"`
	UnfurlMedia *bool            `json:"unfurl_media,omitempty"`
}

type postMetadata struct {
	Type    string      `json:"event_type"`
	Payload postPayload `json:"event_payload"`
}

type postPayload struct {
	Call string `json:"call"`
}

func (c postCall) encode(p *post) []byte {
	c.Text = p.text()
	c.Blocks = p.blocks()
	if c.Blocks == nil {
		c.Blocks = []slackapi.Block{}
	}
	c.Metadata = postMetadata{Type: metadataType, Payload: postPayload{Call: p.view.CallID}}
	c.Parse = "none"
	return encode(c)
}

// standing is the time under whose date a new post will stand.
func standing(v bot.PostView) time.Time {
	at := v.Now
	if at == 0 {
		for _, item := range v.Items {
			at = max(at, item.At)
		}
	}
	return time.UnixMilli(at)
}

// picture is the address of the face beside the post, or "" where Slack would
// not or should not fetch it.
func picture(v bot.PostView) string {
	address := v.Speaker.Picture
	if address == "" && v.Card != nil && !v.Speaker.IsStaff && v.Speaker.Name != "" {
		address = v.Card.Picture
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(address) > 2000 {
		return ""
	}
	return address
}
