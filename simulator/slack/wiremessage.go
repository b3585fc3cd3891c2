package slack

import "encoding/json"

// wireMessage is a message as answers and events carry it.
type wireMessage struct {
	Type            string            `json:"type"`
	Subtype         string            `json:"subtype,omitempty"`
	Hidden          bool              `json:"hidden,omitempty"`
	User            string            `json:"user,omitempty"`
	BotID           string            `json:"bot_id,omitempty"`
	AppID           string            `json:"app_id,omitempty"`
	BotProfile      *wireBot          `json:"bot_profile,omitempty"`
	Username        string            `json:"username,omitempty"`
	Icons           map[string]string `json:"icons,omitempty"`
	ClientMsgID     string            `json:"client_msg_id,omitempty"`
	Text            *string           `json:"text,omitempty"`
	TS              string            `json:"ts"`
	Team            string            `json:"team,omitempty"`
	UserTeam        string            `json:"user_team,omitempty"`
	SourceTeam      string            `json:"source_team,omitempty"`
	Blocks          json.RawMessage   `json:"blocks,omitempty"`
	Files           []wireFile        `json:"files,omitempty"`
	Upload          bool              `json:"upload,omitempty"`
	DisplayAsBot    *bool             `json:"display_as_bot,omitempty"`
	Edited          *wireEdited       `json:"edited,omitempty"`
	ThreadTS        string            `json:"thread_ts,omitempty"`
	ParentUserID    string            `json:"parent_user_id,omitempty"`
	ReplyCount      int               `json:"reply_count,omitempty"`
	ReplyUsersCount int               `json:"reply_users_count,omitempty"`
	ReplyUsers      []string          `json:"reply_users,omitempty"`
	LatestReply     string            `json:"latest_reply,omitempty"`
	IsLocked        *bool             `json:"is_locked,omitempty"`
	Subscribed      *bool             `json:"subscribed,omitempty"`
	Reactions       []wireReaction    `json:"reactions,omitempty"`
	Metadata        json.RawMessage   `json:"metadata,omitempty"`
	Inviter         string            `json:"inviter,omitempty"`
	Root            *wireMessage      `json:"root,omitempty"`
	Message         *wireMessage      `json:"message,omitempty"`
	PreviousMessage *wireMessage      `json:"previous_message,omitempty"`
	DeletedTS       string            `json:"deleted_ts,omitempty"`

	Channel     string `json:"channel,omitempty"`
	ChannelType string `json:"channel_type,omitempty"`
	EventTS     string `json:"event_ts,omitempty"`
}

type wireBot struct {
	ID      string            `json:"id"`
	AppID   string            `json:"app_id"`
	Name    string            `json:"name"`
	Deleted bool              `json:"deleted"`
	TeamID  string            `json:"team_id"`
	Updated int64             `json:"updated"`
	Icons   map[string]string `json:"icons"`
}

type wireEdited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

type wireReaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// wireMessage renders m. Metadata is left out where it was not asked for.
func (w *Workspace) wireMessage(m *message, metadata bool) *wireMessage {
	text := m.Text
	out := &wireMessage{
		Type: "message", Subtype: m.Subtype, User: m.User, BotID: m.BotID, AppID: m.AppID,
		ClientMsgID: m.clientMsgID, Text: &text, TS: m.TS, Blocks: m.Blocks,
		ThreadTS: m.ThreadTS, Inviter: m.inviter,
	}
	if metadata {
		out.Metadata = m.Metadata
	}
	if m.Tombstone {
		out.User, out.BotID, out.AppID, out.Hidden = "USLACKBOT", "", "", true
	} else {
		w.writeAuthor(out, m)
	}
	if m.EditedBy != "" {
		out.Edited = &wireEdited{m.EditedBy, m.EditedTS}
	}
	for _, r := range m.Reactions {
		out.Reactions = append(out.Reactions, wireReaction{r.Name, r.Users, len(r.Users)})
	}
	for _, f := range m.files {
		out.Files = append(out.Files, w.wireFile(f, false))
	}
	if len(m.files) > 0 {
		no := false
		out.Upload, out.DisplayAsBot = true, &no
	}
	writeThread(out, m)
	return out
}

func (w *Workspace) writeAuthor(out *wireMessage, m *message) {
	u := w.users[m.User]
	if u != nil {
		out.Team = w.teamOf(u)
		if out.Team != w.opts.TeamID {
			out.UserTeam, out.SourceTeam = out.Team, out.Team
		}
	}
	if m.BotID == "" {
		return
	}
	name := w.opts.BotName
	if u != nil {
		name = u.Name
	}
	out.BotProfile = &wireBot{
		ID: m.BotID, AppID: m.AppID, Name: name, TeamID: w.opts.TeamID,
		Icons: map[string]string{"image_48": "https://a.slack-edge.com/bot_48.png"},
	}
	if m.Username == "" {
		return
	}
	out.Username = m.Username
	if !w.beliefs.CustomNameWithoutSubtype {
		out.User, out.Team, out.BotProfile = "", "", nil
		if out.Subtype == "" {
			out.Subtype = "bot_message"
		}
	}
	switch {
	case m.IconURL != "":
		out.Icons = map[string]string{"image_48": m.IconURL}
	case m.IconEmoji != "":
		out.Icons = map[string]string{"emoji": m.IconEmoji}
	}
}

func writeThread(out *wireMessage, m *message) {
	if m.root != nil {
		out.ParentUserID = m.root.User
		return
	}
	if m.ReplyCount == 0 {
		return
	}
	no := false
	out.ReplyCount, out.ReplyUsers, out.ReplyUsersCount = m.ReplyCount, m.replyUsers, len(m.replyUsers)
	out.LatestReply, out.IsLocked, out.Subscribed = m.replies[len(m.replies)-1].TS, &no, &no
}
