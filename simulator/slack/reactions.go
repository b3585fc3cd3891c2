package slack

import (
	"regexp"
	"slices"
)

var emojiName = regexp.MustCompile(`^[a-z0-9_+'-]+(::skin-tone-[2-6])?$`)

func (w *Workspace) reactionsAdd(c *call) (reply, error) {
	ch, m, err := w.reactable(c)
	if err != nil {
		return nil, err
	}
	return reply{}, w.react(ch, m, w.opts.BotUserID, c.args["name"])
}

func (w *Workspace) reactionsRemove(c *call) (reply, error) {
	ch, m, err := w.reactable(c)
	if err != nil {
		return nil, err
	}
	return reply{}, w.unreact(ch, m, w.opts.BotUserID, c.args["name"])
}

func (w *Workspace) reactionsGet(c *call) (reply, error) {
	ch, m, err := w.reactable(c)
	if err != nil {
		return nil, err
	}
	return reply{"type": "message", "channel": ch.id, "message": w.wireMessage(m, false)}, nil
}

func (w *Workspace) reactable(c *call) (*channel, *message, error) {
	if c.args["channel"] == "" || c.args["timestamp"] == "" {
		return nil, nil, refuse("no_item_specified")
	}
	ch, err := w.writable(c.args["channel"])
	if err != nil {
		return nil, nil, err
	}
	m := ch.find(c.args["timestamp"])
	if m == nil || m.Tombstone {
		return nil, nil, refuse("message_not_found")
	}
	return ch, m, nil
}

func (w *Workspace) react(ch *channel, m *message, user, name string) error {
	if !emojiName.MatchString(name) {
		return refuse("invalid_name")
	}
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
	switch {
	case i >= 0 && slices.Contains(m.Reactions[i].Users, user):
		return refuse("already_reacted")
	case i < 0 && len(m.Reactions) >= 23:
		return refuse("too_many_emoji")
	case i < 0:
		m.Reactions = append(m.Reactions, Reaction{Name: name})
		i = len(m.Reactions) - 1
	}
	m.Reactions[i].Users = append(m.Reactions[i].Users, user)
	w.emitReaction("reaction_added", ch, m, user, name)
	return nil
}

func (w *Workspace) unreact(ch *channel, m *message, user, name string) error {
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
	if i < 0 || !slices.Contains(m.Reactions[i].Users, user) {
		return refuse("no_reaction")
	}
	r := &m.Reactions[i]
	r.Users = slices.DeleteFunc(slices.Clone(r.Users), func(u string) bool { return u == user })
	if len(r.Users) == 0 {
		m.Reactions = slices.Delete(m.Reactions, i, i+1)
	}
	w.emitReaction("reaction_removed", ch, m, user, name)
	return nil
}

func (w *Workspace) emitReaction(kind string, ch *channel, m *message, user, name string) {
	w.emit(notice{name: kind, ch: ch, user: user, ts: m.TS, own: user == w.opts.BotUserID, event: map[string]any{
		"type": kind, "user": user, "reaction": name, "item_user": m.User,
		"item": map[string]any{"type": "message", "channel": ch.id, "ts": m.TS}, "event_ts": tsOf(w.now()),
	}})
	w.changed()
}
