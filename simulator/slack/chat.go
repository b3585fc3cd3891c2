package slack

import (
	"encoding/json"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

const maxText = 40000

func (w *Workspace) chatPostMessage(c *call) (reply, error) {
	ch, err := w.target(c)
	if err != nil {
		return nil, err
	}
	m := &message{Message: Message{User: w.opts.BotUserID, BotID: w.opts.BotID, AppID: w.opts.AppID}}
	if err := w.compose(c, m); err != nil {
		return nil, err
	}
	if err := w.dress(c, m); err != nil {
		return nil, err
	}
	if ts := c.args["thread_ts"]; ts != "" {
		if m.root = w.threadRoot(ch, ts); m.root == nil && w.beliefs.UnknownThreadRefused {
			return nil, refuse("thread_not_found")
		}
	}
	if c.bool("reply_broadcast") && m.root != nil {
		m.Broadcast, m.Subtype = true, "thread_broadcast"
	}
	m.NoUnfurl = c.args["unfurl_links"] == "false" && c.args["unfurl_media"] == "false"
	if err := w.take(ch); err != nil {
		return nil, err
	}
	w.store(ch, m)
	w.announce(ch, m, true)
	return reply{"channel": ch.id, "ts": m.TS, "message": w.wireMessage(m, true)}, nil
}

// target returns where a post goes. A user's id stands for the direct message.
func (w *Workspace) target(c *call) (*channel, error) {
	id := c.args["channel"]
	if u := w.users[id]; u != nil && id != w.opts.BotUserID {
		if err := w.need("im:write"); err != nil {
			return nil, err
		}
		id = w.directWith(id).id
	}
	return w.writable(id)
}

// take takes a place in a Slack channel's rate.
func (w *Workspace) take(ch *channel) error {
	now := w.now()
	if ch.bucket == nil || ch.bucket.AllowN(now, 1) {
		return nil
	}
	missing := (1 - ch.bucket.TokensAt(now)) / float64(ch.bucket.Limit())
	w.violate("chat.postMessage", "more posts than a Slack channel takes")
	return &rateLimited{max(1, wholeSeconds(time.Duration(math.Ceil(missing*1e9))))}
}

// compose reads what a post says.
func (w *Workspace) compose(c *call, m *message) error {
	m.Text = c.args["text"]
	if utf8.RuneCountInString(m.Text) > maxText {
		m.Text = string([]rune(m.Text)[:maxText])
		c.warnings = append(c.warnings, "message_truncated")
		w.violate(c.method, "a text over 40,000 characters")
	}
	blocks, err := w.checkBlocks(c.method, c.raw("blocks"))
	if err != nil {
		return err
	}
	m.Blocks = blocks
	if strings.TrimSpace(m.Text) == "" && len(m.Blocks) == 0 && c.raw("attachments") == nil {
		return refuse("no_text")
	}
	metadata := c.raw("metadata")
	if metadata == nil {
		return nil
	}
	var parsed struct {
		Type    string          `json:"event_type"`
		Payload json.RawMessage `json:"event_payload"`
	}
	switch {
	case json.Unmarshal(metadata, &parsed) != nil:
		return refuse("invalid_metadata_format")
	case len(metadata) > 16<<10:
		return refuse("metadata_too_large")
	case parsed.Type == "" || !strings.HasPrefix(string(parsed.Payload), "{"):
		return refuse("invalid_metadata_schema")
	}
	m.Metadata = metadata
	return nil
}

// dress reads under which name and picture a post stands.
func (w *Workspace) dress(c *call, m *message) error {
	if c.args["username"] == "" && c.args["icon_url"] == "" && c.args["icon_emoji"] == "" {
		return nil
	}
	if err := w.need("chat:write.customize"); err != nil {
		if w.beliefs.CustomNameNeedsScope {
			return err
		}
		return nil
	}
	m.Username, m.IconURL, m.IconEmoji = c.args["username"], c.args["icon_url"], c.args["icon_emoji"]
	if utf8.RuneCountInString(m.Username) > 80 {
		w.violate(c.method, "a name over 80 characters")
	}
	if m.Username == "" {
		m.Username = w.opts.BotName
	}
	return nil
}

func (w *Workspace) chatUpdate(c *call) (reply, error) {
	ch, m, err := w.own(c, "ts", "cant_update_message")
	if err != nil {
		return nil, err
	}
	cleared := string(c.raw("metadata")) == "{}"
	if cleared {
		delete(c.args, "metadata")
	}
	var next message
	if err := w.compose(c, &next); err != nil {
		return nil, err
	}
	w.change(ch, m, true, func() {
		m.Text, m.Blocks = next.Text, next.Blocks
		if next.Metadata != nil || cleared {
			m.Metadata = next.Metadata
		}
		m.EditedBy, m.EditedTS = w.opts.BotUserID, formatTS(w.nextTS(ch))
	})
	return reply{"channel": ch.id, "ts": m.TS, "text": m.Text, "message": w.wireMessage(m, true)}, nil
}

func (w *Workspace) chatDelete(c *call) (reply, error) {
	ch, m, err := w.own(c, "ts", "cant_delete_message")
	if err != nil {
		return nil, err
	}
	w.remove(ch, m, true)
	return reply{"channel": ch.id, "ts": m.TS}, nil
}

// own returns a message of the app, refused with code when it is not.
func (w *Workspace) own(c *call, arg, code string) (*channel, *message, error) {
	ch, err := w.writable(c.args["channel"])
	if err != nil {
		return nil, nil, err
	}
	m := ch.find(c.args[arg])
	switch {
	case m == nil || m.Tombstone:
		return nil, nil, refuse("message_not_found")
	case m.BotID != w.opts.BotID:
		return nil, nil, refuse(code)
	}
	return ch, m, nil
}

func (w *Workspace) chatPostEphemeral(c *call) (reply, error) {
	ch, err := w.writable(c.args["channel"])
	if err != nil {
		return nil, err
	}
	if !ch.has(c.args["user"]) {
		return nil, refuse("user_not_in_channel")
	}
	var m message
	if err := w.compose(c, &m); err != nil {
		return nil, err
	}
	ts := formatTS(w.nextTS(ch))
	w.ephemerals = append(w.ephemerals, Ephemeral{
		Channel: ch.id, User: c.args["user"], TS: ts, ThreadTS: c.args["thread_ts"], Text: m.Text, Blocks: m.Blocks,
	})
	w.changed()
	return reply{"message_ts": ts}, nil
}

func (w *Workspace) chatGetPermalink(c *call) (reply, error) {
	ch, err := w.visible(c.args["channel"])
	if err != nil {
		return nil, err
	}
	m := ch.find(c.args["message_ts"])
	if m == nil {
		return nil, refuse("message_not_found")
	}
	return reply{"channel": ch.id, "permalink": w.permalink(m)}, nil
}

func (w *Workspace) permalink(m *message) string {
	link := w.siteURL() + "archives/" + m.Channel + "/p" + strings.ReplaceAll(m.TS, ".", "")
	if m.root != nil {
		link += "?thread_ts=" + m.root.TS + "&cid=" + m.Channel
	}
	return link
}
