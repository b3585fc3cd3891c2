package slack

import (
	"encoding/json"
	"slices"
)

// Message is a message as it stands in a Slack channel.
type Message struct {
	Channel    string
	TS         string
	ThreadTS   string // "" outside any thread; of a first post with replies its own TS
	User       string // who wrote it; the bot's user id for posts of the app
	BotID      string // of a post by an app
	AppID      string
	Subtype    string
	Text       string
	Blocks     json.RawMessage
	Metadata   json.RawMessage
	Username   string // the name a post shows instead of the app's
	IconURL    string
	IconEmoji  string
	Broadcast  bool // a reply that also stands in the Slack channel
	Files      []File
	Reactions  []Reaction
	EditedBy   string // "" if it was never edited
	EditedTS   string
	Deleted    bool // it is gone, and so is what it said
	Tombstone  bool // it is gone and holds the place of a thread's first post
	ReplyCount int
	NoUnfurl   bool // posted with unfurl_links and unfurl_media off
}

// Reaction is an emoji on a message.
type Reaction struct {
	Name  string
	Users []string
}

// message is a stored Message; its Files are empty and files holds them.
type message struct {
	Message
	micros      int64
	clientMsgID string
	files       []*file
	root        *message
	replies     []*message
	replyUsers  []string
	inviter     string // of a channel_join
}

func (m *message) snapshot() Message {
	out := m.Message
	out.Blocks = slices.Clone(m.Blocks)
	out.Metadata = slices.Clone(m.Metadata)
	out.Reactions = nil
	for _, r := range m.Reactions {
		out.Reactions = append(out.Reactions, Reaction{r.Name, slices.Clone(r.Users)})
	}
	out.Files = nil
	for _, f := range m.files {
		out.Files = append(out.Files, f.File)
	}
	return out
}

// isRoot reports whether m opens a thread or could.
func (m *message) isRoot() bool { return m.root == nil }

// nextTS takes the next ts of a Slack channel: the time, moved on where that
// is needed to keep every ts of it distinct and increasing.
func (w *Workspace) nextTS(ch *channel) int64 {
	ch.lastTS = max(ch.lastTS+1, w.now().UnixMicro())
	return ch.lastTS
}

// store gives m its ts and its place. The caller has put m.root where m
// replies to something.
func (w *Workspace) store(ch *channel, m *message) {
	m.Channel = ch.id
	m.micros = w.nextTS(ch)
	m.TS = formatTS(m.micros)
	ch.messages = append(ch.messages, m)
	ch.byTS[m.TS] = m
	if root := m.root; root != nil {
		root.ThreadTS = root.TS
		m.ThreadTS = root.TS
		root.replies = append(root.replies, m)
		root.ReplyCount++
		if !slices.Contains(root.replyUsers, m.User) {
			root.replyUsers = append(root.replyUsers, m.User)
		}
	}
	for _, f := range m.files {
		f.shares = append(f.shares, m)
		f.sharedAt = w.now()
	}
	w.changed()
}

// find returns a message that is there, tombstones included.
func (ch *channel) find(ts string) *message {
	m := ch.byTS[ts]
	if m == nil || m.Deleted && !m.Tombstone {
		return nil
	}
	return m
}

// threadRoot returns what a reply to threadTS belongs under, nil when it
// stands in the open because there is nothing to reply to.
func (w *Workspace) threadRoot(ch *channel, threadTS string) *message {
	m := ch.find(threadTS)
	if m == nil {
		return nil
	}
	if m.root != nil {
		w.violate("", "a reply names another reply as its thread")
		m = m.root
	}
	if m.Tombstone && !w.beliefs.TombstoneKeepsThread {
		return nil
	}
	return m
}

// remove takes a message away and returns the event about it.
func (w *Workspace) remove(ch *channel, m *message, own bool) {
	before := w.wireMessage(m, true)
	switch {
	case m.root != nil:
		m.root.ReplyCount--
	case m.ReplyCount > 0 && !w.beliefs.NoTombstone:
		m.Tombstone = true
	}
	m.Deleted = true
	m.Text, m.Blocks, m.Metadata, m.Reactions, m.Username = "", nil, nil, nil, ""
	for _, f := range m.files {
		f.shares = slices.DeleteFunc(f.shares, func(s *message) bool { return s == m })
	}
	m.files = nil
	event := &wireMessage{Type: "message", Hidden: true, PreviousMessage: before}
	if m.Tombstone {
		m.Text, m.Subtype = "This message was deleted.", "tombstone"
		event.Subtype, event.Message = "message_changed", w.wireMessage(m, true)
	} else {
		event.Subtype, event.DeletedTS = "message_deleted", m.TS
	}
	w.announceChange(ch, event, own)
	w.changed()
}

// change applies fn to a message and tells about it.
func (w *Workspace) change(ch *channel, m *message, own bool, fn func()) {
	before := w.wireMessage(m, true)
	fn()
	w.announceChange(ch, &wireMessage{
		Type: "message", Subtype: "message_changed", Hidden: true,
		Message: w.wireMessage(m, true), PreviousMessage: before,
	}, own)
	w.changed()
}
