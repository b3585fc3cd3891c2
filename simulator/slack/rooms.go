package slack

import (
	"errors"
	"fmt"
	"slices"
)

// CreateChannel lets a user make a Slack channel and returns its id.
func (w *Workspace) CreateChannel(by, name string, private bool, members ...string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.names[name] != nil {
		return "", fmt.Errorf("the name %q is taken", name)
	}
	for _, m := range append([]string{by}, members...) {
		if w.users[m] == nil {
			return "", fmt.Errorf("there is no user %q", m)
		}
	}
	everyone := []string{by}
	for _, m := range members {
		if !slices.Contains(everyone, m) {
			everyone = append(everyone, m)
		}
	}
	return w.addChannel(name, by, private, everyone...).id, nil
}

// InviteUser lets a member bring somebody into a Slack channel; private ones
// are no exception.
func (w *Workspace) InviteUser(by, channelID, user string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, _, err := w.present(by, channelID)
	switch {
	case err != nil:
		return err
	case w.users[user] == nil || w.users[user].Deleted:
		return fmt.Errorf("there is no user %q", user)
	case ch.has(user):
		return fmt.Errorf("user %s is in Slack channel %s already", user, channelID)
	}
	w.join(ch, user, by)
	return nil
}

// Kick lets a member remove another, or the bot, from a Slack channel.
func (w *Workspace) Kick(by, channelID, user string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, _, err := w.present(by, channelID)
	if err != nil {
		return err
	}
	if !ch.has(user) {
		return fmt.Errorf("user %s is not in Slack channel %s", user, channelID)
	}
	w.part(ch, user)
	return nil
}

// Leave lets a member go.
func (w *Workspace) Leave(user, channelID string) error { return w.Kick(user, channelID, user) }

// ArchiveChannel lets a member archive a Slack channel.
func (w *Workspace) ArchiveChannel(by, channelID string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, _, err := w.present(by, channelID)
	if err != nil {
		return err
	}
	w.archive(ch, by)
	return nil
}

// UnarchiveChannel lets a member bring a Slack channel back.
func (w *Workspace) UnarchiveChannel(by, channelID string) error {
	return w.onChannel(channelID, func(ch *channel) { w.unarchive(ch, by) })
}

// RenameChannel gives a Slack channel another name.
func (w *Workspace) RenameChannel(channelID, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channels[channelID]
	switch {
	case ch == nil:
		return fmt.Errorf("there is no Slack channel %q", channelID)
	case w.names[name] != nil:
		return fmt.Errorf("the name %q is taken", name)
	}
	w.rename(ch, name)
	return nil
}

// DeleteChannel removes a Slack channel for good.
func (w *Workspace) DeleteChannel(channelID string) error {
	return w.onChannel(channelID, func(ch *channel) {
		w.emitRoom(ch, "deleted", nil)
		delete(w.channels, ch.id)
		delete(w.names, ch.name)
		w.channelOrder = slices.DeleteFunc(w.channelOrder, func(c *channel) bool { return c == ch })
	})
}

// MakePublic turns a private Slack channel into a public one.
func (w *Workspace) MakePublic(by, channelID string) error {
	return w.onChannel(channelID, func(ch *channel) {
		m := &message{Message: Message{
			User: by, Subtype: "channel_convert_to_public", Text: "made this channel *public*",
		}}
		w.store(ch, m)
		w.announce(ch, m, false) // as the last event of a private Slack channel
		ch.private = false
	})
}

// Share shares a Slack channel with another workspace.
func (w *Workspace) Share(channelID, teamID string) error {
	return w.onChannel(channelID, func(ch *channel) {
		ch.shared = append(ch.shared, teamID)
		w.emit(notice{name: "channel_shared", ch: ch, event: map[string]any{
			"type": "channel_shared", "connected_team_id": teamID, "channel": ch.id, "event_ts": tsOf(w.now()),
		}})
	})
}

// Unshare ends the sharing with another workspace.
func (w *Workspace) Unshare(channelID, teamID string) error {
	return w.onChannel(channelID, func(ch *channel) {
		ch.shared = slices.DeleteFunc(ch.shared, func(t string) bool { return t == teamID })
		w.emit(notice{name: "channel_unshared", ch: ch, event: map[string]any{
			"type": "channel_unshared", "previously_connected_team_id": teamID, "channel": ch.id,
			"is_ext_shared": len(ch.shared) > 0, "event_ts": tsOf(w.now()),
		}})
	})
}

// ChangeChannelID gives a Slack channel another id, as some moves between
// workspaces do, and returns it.
func (w *Workspace) ChangeChannelID(channelID string) (string, error) {
	id := newID("C")
	err := w.onChannel(channelID, func(ch *channel) {
		delete(w.channels, ch.id)
		ch.id = id
		w.channels[id] = ch
		for _, m := range ch.messages {
			m.Channel = id
		}
		w.emit(notice{name: "channel_id_changed", ch: ch, event: map[string]any{
			"type": "channel_id_changed", "old_channel_id": channelID, "new_channel_id": id, "event_ts": tsOf(w.now()),
		}})
	})
	return id, err
}

func (w *Workspace) onChannel(channelID string, fn func(*channel)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channels[channelID]
	if ch == nil || ch.direct != "" {
		return errors.New("there is no such Slack channel")
	}
	fn(ch)
	w.changed()
	return nil
}
