package slack

import (
	"encoding/json"
	"slices"
	"strings"

	"madoguchi/bot"
)

// message is a message event, or a message inside one.
// https://docs.slack.dev/reference/events/message
type message struct {
	Subtype     string                       `json:"subtype"`
	Channel     string                       `json:"channel"`
	ChannelType lenient[string]              `json:"channel_type"`
	User        string                       `json:"user"`
	UserTeam    lenient[string]              `json:"user_team"`
	SourceTeam  lenient[string]              `json:"source_team"`
	Team        lenient[string]              `json:"team"`
	BotID       string                       `json:"bot_id"`
	AppID       string                       `json:"app_id"`
	BotProfile  lenient[struct{ ID string }] `json:"bot_profile"`
	Text        string                       `json:"text"`
	TS          string                       `json:"ts"`
	ThreadTS    string                       `json:"thread_ts"`
	DeletedTS   string                       `json:"deleted_ts"`
	Hidden      lenient[bool]                `json:"hidden"`
	Blocks      json.RawMessage              `json:"blocks"`
	Files       lenient[[]lenient[file]]     `json:"files"`
	Edited      *edited                      `json:"edited"`
	Message     *message                     `json:"message"`
	Previous    *message                     `json:"previous_message"`
}

type edited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

type file struct {
	ID   string         `json:"id"`
	Name string         `json:"name"`
	Type string         `json:"mimetype"`
	Size lenient[int64] `json:"size"`
}

// byApp reports whether an app or workflow wrote m, not a person. Today's bot
// posts have no subtype, only these ids.
func (m *message) byApp() bool {
	return m.BotID != "" || m.AppID != "" || m.BotProfile.V.ID != "" || m.Subtype == "bot_message"
}

// thread is the thread m stands in, or "" when it stands outside any: a
// message that opened a thread names itself.
func (m *message) thread() string {
	if m.ThreadTS == m.TS {
		return ""
	}
	return m.ThreadTS
}

func (m *message) team(own string) string {
	return firstOf(m.UserTeam.V, m.SourceTeam.V, m.Team.V, own)
}

// direct reports whether m was written to the app itself, where nobody but the
// writer reads.
func (m *message) direct() bool {
	return m.ChannelType.V == "im" || m.ChannelType.V == "app_home" || strings.HasPrefix(m.Channel, "D")
}

func (env envelope) decodeMessage(selfBot string, out *bot.SlackEvent) error {
	var m message
	if err := json.Unmarshal(env.Event, &m); err != nil {
		return errUnreadable
	}
	if m.direct() {
		out.Direct = env.decodeDirect(&m)
		return nil
	}
	var err error
	switch m.Subtype {
	case "", "file_share", "thread_broadcast", "me_message":
		out.Reply, err = env.reply(&m)
	case "message_changed":
		err = env.changed(&m, selfBot, out)
	case "message_deleted":
		out.Delete, err = env.deleted(&m, firstOf(m.DeletedTS, previous(&m).TS), selfBot)
	case "channel_convert_to_public":
		out.Room = &bot.SlackRoom{ChannelID: m.Channel, Change: "public"}
	}
	return err
}

// reply returns nil for what no person wrote.
func (env envelope) reply(m *message) (*bot.SlackReply, error) {
	if m.byApp() || m.User == "" || m.User == "USLACKBOT" || m.Hidden.V {
		return nil, nil
	}
	if m.Channel == "" || !isTS(m.TS) || (m.ThreadTS != "" && !isTS(m.ThreadTS)) {
		return nil, errUnreadable
	}
	return &bot.SlackReply{
		ChannelID: m.Channel,
		TS:        m.TS,
		ThreadTS:  m.thread(),
		UserID:    m.User,
		UserTeam:  m.team(env.TeamID),
		Text:      m.plain(),
		Raw:       clean(m.Text),
		Files:     m.files(),
		Broadcast: m.Subtype == "thread_broadcast",
		Shared:    env.Shared.V,
	}, nil
}

// changed tells a person's edit from the many other reasons for which Slack
// sends message_changed: an unfurled link, a reply counted on a thread's first
// message, a post that an app updated.
func (env envelope) changed(m *message, selfBot string, out *bot.SlackEvent) error {
	after, before := m.Message, previous(m)
	if after == nil {
		return errUnreadable
	}
	if after.Subtype == "tombstone" {
		// A thread's first message was deleted while it has replies.
		var err error
		out.Delete, err = env.deleted(m, firstOf(after.TS, before.TS), selfBot)
		return err
	}
	if after.Edited == nil || after.byApp() || after.User == "" {
		return nil
	}
	if m.Previous != nil && before.Text == after.Text && slices.Equal(fileIDs(before), fileIDs(after)) {
		return nil
	}
	if m.Channel == "" || !isTS(after.TS) || !isTS(after.Edited.TS) {
		return errUnreadable
	}
	out.Edit = &bot.SlackEdit{
		ChannelID: m.Channel,
		TS:        after.TS,
		ThreadTS:  after.thread(),
		UserID:    firstOf(after.Edited.User, after.User),
		Text:      after.plain(),
		Raw:       clean(after.Text),
		EditedTS:  after.Edited.TS,
	}
	return nil
}

// deleted returns nil for the deletion of another app's post.
func (env envelope) deleted(m *message, ts, selfBot string) (*bot.SlackDelete, error) {
	if m.Channel == "" || !isTS(ts) {
		return nil, errUnreadable
	}
	was := previous(m)
	ours := (selfBot != "" && was.BotID == selfBot) || (env.APIAppID != "" && was.AppID == env.APIAppID)
	if was.byApp() && !ours {
		return nil, nil
	}
	thread := was.ThreadTS
	if thread == ts {
		thread = ""
	}
	return &bot.SlackDelete{ChannelID: m.Channel, TS: ts, ThreadTS: thread, UserID: was.User, Ours: ours}, nil
}

func previous(m *message) *message {
	if m.Previous == nil {
		return &message{}
	}
	return m.Previous
}

// decodeDirect returns nil for what needs no answer: what no person wrote, and
// changes of what was said before.
func (env envelope) decodeDirect(m *message) *bot.SlackDirect {
	switch m.Subtype {
	case "", "file_share", "thread_broadcast", "me_message":
	default:
		return nil
	}
	r, err := env.reply(m)
	if r == nil || err != nil {
		return nil // nobody is answered where nobody can be
	}
	return &bot.SlackDirect{ChannelID: r.ChannelID, TS: r.TS, ThreadTS: r.ThreadTS, UserID: r.UserID, UserTeam: r.UserTeam}
}

// plain is what the friend would read. Names that Slack wrote beside an id are
// used for the same id in the blocks, which never carry them.
func (m *message) plain() string {
	text := clean(m.Text)
	names := mentionNames(text)
	return clean(PlainText(text, m.Blocks, func(id string) string { return names[id] }))
}

// files counts every file that was sent, also one that could not be read.
func (m *message) files() []bot.SlackFile {
	var out []bot.SlackFile
	for _, f := range m.Files.V {
		out = append(out, bot.SlackFile{ID: clean(f.V.ID), Name: clean(f.V.Name), Type: clean(f.V.Type), Size: f.V.Size.V})
	}
	return out
}

func fileIDs(m *message) []string {
	var ids []string
	for _, f := range m.Files.V {
		ids = append(ids, f.V.ID)
	}
	return ids
}
