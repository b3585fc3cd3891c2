package slack

import (
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// Channel is a Slack channel or a direct message with the bot.
type Channel struct {
	ID       string
	Name     string
	Creator  string
	Topic    string
	Purpose  string
	Private  bool
	Archived bool
	Shared   []string // ids of other workspaces that see it
	Direct   string   // in a direct message: the user
	Members  []string
}

type channel struct {
	id, name, creator, topic, purpose string

	private   bool
	archived  bool
	direct    string
	shared    []string
	previous  []string // names it had
	created   time.Time
	members   []string
	messages  []*message // by ts
	byTS      map[string]*message
	lastTS    int64
	bucket    *rate.Limiter
	pins      []string
	bookmarks []map[string]any
}

func (ch *channel) has(user string) bool { return slices.Contains(ch.members, user) }

// kind is the first part of the scopes for this kind of Slack channel, and
// what events are named by.
func (ch *channel) kind() string {
	switch {
	case ch.direct != "":
		return "im"
	case ch.private:
		return "groups"
	default:
		return "channels"
	}
}

// eventKind is channel_type in events.
func (ch *channel) eventKind() string {
	switch {
	case ch.direct != "":
		return "im"
	case ch.private:
		return "group"
	default:
		return "channel"
	}
}

func (ch *channel) snapshot() Channel {
	return Channel{
		ID: ch.id, Name: ch.name, Creator: ch.creator, Topic: ch.topic, Purpose: ch.purpose,
		Private: ch.private, Archived: ch.archived, Shared: slices.Clone(ch.shared),
		Direct: ch.direct, Members: slices.Clone(ch.members),
	}
}

func (w *Workspace) addChannel(name, creator string, private bool, members ...string) *channel {
	ch := &channel{
		id: newID("C"), name: name, creator: creator, private: private, created: w.now(),
		members: members, byTS: map[string]*message{}, bucket: w.newBucket(),
	}
	w.channels[ch.id], w.names[name] = ch, ch
	w.channelOrder = append(w.channelOrder, ch)
	w.changed()
	return ch
}

func (w *Workspace) newBucket() *rate.Limiter {
	if w.opts.ChannelRate <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(w.opts.ChannelRate), 5)
}

// directWith returns the direct message between the bot and a user.
func (w *Workspace) directWith(user string) *channel {
	if ch := w.directs[user]; ch != nil {
		return ch
	}
	ch := &channel{
		id: newID("D"), direct: user, created: w.now(), members: []string{user, w.opts.BotUserID},
		byTS: map[string]*message{}, bucket: w.newBucket(),
	}
	w.channels[ch.id], w.directs[user] = ch, ch
	w.channelOrder = append(w.channelOrder, ch)
	return ch
}

func (w *Workspace) wireChannel(ch *channel) map[string]any {
	text := func(value string) map[string]any {
		return map[string]any{"value": value, "creator": ch.creator, "last_set": ch.created.Unix()}
	}
	if ch.direct != "" {
		return map[string]any{
			"id": ch.id, "created": ch.created.Unix(), "is_im": true, "is_org_shared": false, "user": ch.direct,
			"is_user_deleted": false, "is_open": true, "priority": 0, "context_team_id": w.opts.TeamID,
		}
	}
	shared := slices.Concat([]string{w.opts.TeamID}, ch.shared)
	return map[string]any{
		"id": ch.id, "name": ch.name, "name_normalized": ch.name, "created": ch.created.Unix(), "creator": ch.creator,
		"is_channel": !ch.private, "is_group": ch.private, "is_im": false, "is_mpim": false,
		"is_private": ch.private, "is_archived": ch.archived, "is_general": false,
		"is_member": ch.has(w.opts.BotUserID), "is_open": true,
		"is_shared": len(ch.shared) > 0, "is_ext_shared": len(ch.shared) > 0, "is_org_shared": false,
		"is_pending_ext_shared": false, "pending_shared": []string{}, "shared_team_ids": shared,
		"internal_team_ids": []string{w.opts.TeamID}, "context_team_id": w.opts.TeamID, "unlinked": 0,
		"previous_names": slices.Concat([]string{}, ch.previous), "topic": text(ch.topic), "purpose": text(ch.purpose),
	}
}

// visible returns the Slack channel of a call as the bot sees it: a private
// one that it is not in does not exist for it.
func (w *Workspace) visible(id string) (*channel, error) {
	ch := w.channels[id]
	if ch == nil || (ch.private || ch.direct != "") && !ch.has(w.opts.BotUserID) {
		return nil, refuse("channel_not_found")
	}
	return ch, nil
}

// readable returns a Slack channel for a method that needs <kind>:right.
func (w *Workspace) readable(id, right string) (*channel, error) {
	ch, err := w.visible(id)
	if err != nil {
		return nil, err
	}
	return ch, w.need(ch.kind() + ":" + right)
}

// writable returns a Slack channel that the bot may post or react in.
func (w *Workspace) writable(id string) (*channel, error) {
	ch, err := w.visible(id)
	switch {
	case err != nil:
		return nil, err
	case ch.archived:
		return nil, refuse("is_archived")
	case !ch.has(w.opts.BotUserID):
		return nil, refuse("not_in_channel")
	}
	return ch, nil
}

// managed returns a Slack channel that the bot, a member, may change.
func (w *Workspace) managed(id, right string) (*channel, error) {
	ch, err := w.readable(id, right)
	switch {
	case err != nil:
		return nil, err
	case ch.direct != "":
		return nil, refuse("method_not_supported_for_channel_type")
	case ch.archived:
		return nil, refuse("is_archived")
	case !ch.has(w.opts.BotUserID):
		return nil, refuse("not_in_channel")
	}
	return ch, nil
}
