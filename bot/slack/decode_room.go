package slack

import (
	"encoding/json"

	"madoguchi/bot"
)

func (env envelope) decodeMember(eventType string) (*bot.SlackMember, error) {
	var e struct {
		Channel string          `json:"channel"`
		User    string          `json:"user"`
		Inviter lenient[string] `json:"inviter"`
	}
	if err := json.Unmarshal(env.Event, &e); err != nil || e.Channel == "" || e.User == "" {
		return nil, errUnreadable
	}
	return &bot.SlackMember{
		ChannelID: e.Channel,
		UserID:    e.User,
		Inviter:   e.Inviter.V,
		Joined:    eventType == "member_joined_channel",
	}, nil
}

// roomChanges maps Slack's event types. Private Slack channels have types of
// their own (group_*), although their ids no longer differ.
var roomChanges = map[string]string{
	"group_archive": "archived", "channel_archive": "archived",
	"group_unarchive": "unarchived", "channel_unarchive": "unarchived",
	"group_deleted": "deleted", "channel_deleted": "deleted",
	"group_rename": "renamed", "channel_rename": "renamed",
	"group_left": "left", "channel_left": "left",
	"channel_shared":     "shared",
	"channel_unshared":   "unshared",
	"channel_id_changed": "id_changed",
}

// decodeRoom returns nil for an event that is not about a Slack channel, which
// is also where everything ends that the relay does not know.
func (env envelope) decodeRoom(eventType string) (*bot.SlackRoom, error) {
	change, known := roomChanges[eventType]
	if !known {
		return nil, nil
	}
	var e struct {
		Channel json.RawMessage `json:"channel"`
		OldID   string          `json:"old_channel_id"`
		NewID   string          `json:"new_channel_id"`
		Shared  lenient[bool]   `json:"is_ext_shared"`
	}
	if err := json.Unmarshal(env.Event, &e); err != nil {
		return nil, errUnreadable
	}
	if change == "unshared" && e.Shared.V {
		return nil, nil // one workspace left, others stay: it is as shared as before
	}
	room := bot.SlackRoom{ChannelID: e.OldID, NewID: e.NewID, Change: change}
	if change != "id_changed" {
		room.ChannelID = channelID(e.Channel)
	}
	if room.ChannelID == "" {
		return nil, errUnreadable
	}
	return &room, nil
}

// channelID reads an id that stands alone or, with a rename, in an object.
func channelID(raw json.RawMessage) string {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return id
	}
	var object struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &object) == nil {
		return object.ID
	}
	return ""
}

func (env envelope) decodeUser() (*bot.SlackUserChange, error) {
	var e struct {
		User struct {
			ID      string        `json:"id"`
			Deleted lenient[bool] `json:"deleted"`
		} `json:"user"`
	}
	if err := json.Unmarshal(env.Event, &e); err != nil || e.User.ID == "" {
		return nil, errUnreadable
	}
	return &bot.SlackUserChange{UserID: e.User.ID, Deleted: e.User.Deleted.V}, nil
}

// decodeRevoked returns nil when only tokens of people were revoked: the app
// uses none.
func (env envelope) decodeRevoked() (*bot.SlackUserChange, error) {
	var e struct {
		Tokens struct {
			Bot []string `json:"bot"`
		} `json:"tokens"`
	}
	if err := json.Unmarshal(env.Event, &e); err != nil {
		return nil, errUnreadable
	}
	if len(e.Tokens.Bot) == 0 {
		return nil, nil
	}
	return &bot.SlackUserChange{Revoked: true}, nil
}
