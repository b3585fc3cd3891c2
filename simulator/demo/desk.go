package demo

import (
	"encoding/json"
	"slices"

	"madoguchi/simulator/slack"
)

// desk is what one person sees of Slack.
type desk struct {
	Channels   []channel   `json:"channels"`
	Modals     []modal     `json:"modals"`
	Ephemerals []ephemeral `json:"ephemerals"`
}

type channel struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Topic    string    `json:"topic"`
	Members  []string  `json:"members"`
	Messages []message `json:"messages"`
}

type message struct {
	TS        string          `json:"ts"`
	Thread    string          `json:"thread,omitempty"` // the first post's ts, of a reply
	Name      string          `json:"name"`
	Face      string          `json:"face,omitempty"`
	Friend    string          `json:"friend,omitempty"` // of the first post of a friend's thread
	App       bool            `json:"app,omitempty"`
	Mine      bool            `json:"mine,omitempty"`
	Notice    string          `json:"notice,omitempty"` // subtype of what Slack itself says
	Text      string          `json:"text"`
	Blocks    json.RawMessage `json:"blocks,omitempty"`
	Files     []file          `json:"files,omitempty"`
	Reactions []reaction      `json:"reactions,omitempty"`
	Edited    bool            `json:"edited,omitempty"`
	Tombstone bool            `json:"tombstone,omitempty"`
	Broadcast bool            `json:"broadcast,omitempty"`
	Replies   int             `json:"replies,omitempty"`
}

type file struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

type reaction struct {
	Name   string   `json:"name"`
	People []string `json:"people"`
	Mine   bool     `json:"mine,omitempty"`
}

type modal struct {
	ID     string          `json:"id"`
	Hash   string          `json:"hash"`
	Title  string          `json:"title"`
	Submit string          `json:"submit"`
	Close  string          `json:"close"`
	Blocks json.RawMessage `json:"blocks"`
}

type ephemeral struct {
	Channel string          `json:"channel"`
	TS      string          `json:"ts"`
	Thread  string          `json:"thread,omitempty"`
	Text    string          `json:"text"`
	Blocks  json.RawMessage `json:"blocks,omitempty"`
}

func (d *Demo) desk(personID string, channels []slack.Channel, names map[string]string, friends []friend) desk {
	out := desk{Channels: []channel{}, Modals: []modal{}, Ephemerals: []ephemeral{}}
	for _, c := range channels {
		if !slices.Contains(c.Members, personID) {
			continue
		}
		shown := channel{ID: c.ID, Name: c.Name, Topic: c.Topic, Messages: []message{}}
		for _, m := range c.Members {
			shown.Members = append(shown.Members, names[m])
		}
		for _, m := range d.stage.Slack.Messages(c.ID) {
			if !m.Deleted || m.Tombstone {
				post := messageOf(m, personID, names)
				if i := slices.IndexFunc(friends, func(f friend) bool { return isCard(m, f.Name) }); i >= 0 {
					post.Friend = friends[i].ID
				}
				shown.Messages = append(shown.Messages, post)
			}
		}
		out.Channels = append(out.Channels, shown)
	}
	for _, v := range d.stage.Slack.Views(personID) {
		out.Modals = append(out.Modals, modal{v.ID, v.Hash, v.Title, v.Submit, v.Close, v.Blocks})
	}
	for _, e := range d.stage.Slack.Ephemerals(personID) {
		out.Ephemerals = append(out.Ephemerals, ephemeral{e.Channel, e.TS, e.ThreadTS, e.Text, e.Blocks})
	}
	return out
}

func messageOf(m slack.Message, personID string, names map[string]string) message {
	out := message{
		TS: m.TS, Name: names[m.User], Face: face(m.IconURL), App: m.BotID != "", Mine: m.User == personID,
		Text: m.Text, Blocks: m.Blocks, Edited: m.EditedTS != "", Tombstone: m.Tombstone, Broadcast: m.Broadcast,
		Replies: m.ReplyCount,
	}
	if m.ThreadTS != m.TS {
		out.Thread = m.ThreadTS
	}
	if m.Username != "" {
		out.Name = m.Username
	}
	switch m.Subtype {
	case "", "bot_message", "file_share", "thread_broadcast", "tombstone":
	default:
		out.Notice = m.Subtype
	}
	for _, f := range m.Files {
		if !f.Deleted {
			out.Files = append(out.Files, file{f.ID, f.Name, f.Type, f.Size})
		}
	}
	for _, r := range m.Reactions {
		shown := reaction{Name: r.Name, Mine: slices.Contains(r.Users, personID)}
		for _, u := range r.Users {
			shown.People = append(shown.People, names[u])
		}
		out.Reactions = append(out.Reactions, shown)
	}
	return out
}
