package slack

import (
	"context"
	"strings"

	"madoguchi/bot"
)

const listPages = 100

// room is a Slack channel as the conversations methods return it:
// https://docs.slack.dev/reference/objects/conversation-object
type room struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Creator string `json:"creator"`
	Topic   struct {
		Value string `json:"value"`
	} `json:"topic"`
	Private   bool `json:"is_private"`
	Archived  bool `json:"is_archived"`
	Shared    bool `json:"is_shared"`
	External  bool `json:"is_ext_shared"`
	OrgShared bool `json:"is_org_shared"`
	Member    bool `json:"is_member"`
}

func (r room) room() bot.Room {
	return bot.Room{
		ID: r.ID, Name: r.Name, Creator: r.Creator, Topic: unescape(r.Topic.Value),
		Private: r.Private, Archived: r.Archived, Shared: r.Shared || r.External || r.OrgShared, Member: r.Member,
	}
}

// unescape is the inverse of Escape.
func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// CreateChannel makes a private Slack channel with the bot in it. The failure
// has the code name_taken when another one, perhaps archived, has the name.
func (c *Client) CreateChannel(ctx context.Context, name string) (bot.Room, error) {
	r, err := c.room(ctx, request{method: "conversations.create", form: values("name", name, "is_private", "true")})
	r.Member = err == nil
	return r, err
}

// Channel describes a Slack channel.
func (c *Client) Channel(ctx context.Context, channelID string) (bot.Room, error) {
	return c.room(ctx, request{method: "conversations.info", effect: reads, form: values("channel", channelID)})
}

func (c *Client) room(ctx context.Context, r request) (bot.Room, error) {
	var a struct {
		Channel room `json:"channel"`
	}
	if _, err := c.call(ctx, r, &a); err != nil {
		return bot.Room{}, err
	}
	return a.Channel.room(), nil
}

// OwnChannels lists the private Slack channels that the bot is in, archived
// ones too.
func (c *Client) OwnChannels(ctx context.Context) ([]bot.Room, error) {
	var rooms []bot.Room
	r := request{method: "users.conversations", effect: reads, form: values("types", "private_channel", "exclude_archived", "false")}
	err := c.pages(ctx, r, listPages, func(p page) bool {
		for _, ch := range p.Channels {
			ch.Member = true // this method lists no others and does not say so
			rooms = append(rooms, ch.room())
		}
		return false
	})
	return rooms, err
}

// Members lists who is in a Slack channel, the bot included.
func (c *Client) Members(ctx context.Context, channelID string) ([]string, error) {
	var members []string
	r := request{method: "conversations.members", effect: reads, form: values("channel", channelID)}
	err := c.pages(ctx, r, listPages, func(p page) bool {
		members = append(members, p.Members...)
		return false
	})
	return members, err
}

// Invite brings people into a Slack channel. With several, those who cannot
// come do not keep out the others, and only Members tells who came.
func (c *Client) Invite(ctx context.Context, channelID string, userIDs ...string) error {
	if len(userIDs) == 0 {
		return nil
	}
	f := values("channel", channelID, "users", strings.Join(userIDs, ","))
	if len(userIDs) > 1 {
		f.Set("force", "true")
	}
	_, err := c.call(ctx, request{method: "conversations.invite", form: f}, nil)
	return forgive(err, "already_in_channel")
}

// Kick removes somebody from a Slack channel.
func (c *Client) Kick(ctx context.Context, channelID, userID string) error {
	_, err := c.call(ctx, request{method: "conversations.kick", form: values("channel", channelID, "user", userID)}, nil)
	return forgive(err, "not_in_channel")
}

// SetTopic sets the line above a Slack channel, "" for none. Slack takes 250
// characters.
func (c *Client) SetTopic(ctx context.Context, channelID, topic string) error {
	f := values("channel", channelID)
	f.Set("topic", cutRunes(topic, 250))
	_, err := c.call(ctx, request{method: "conversations.setTopic", form: f}, nil)
	return err
}
