package slack

import "slices"

func (w *Workspace) conversationsMembers(c *call) (reply, error) {
	ch, err := w.readable(c.args["channel"], "read")
	if err != nil {
		return nil, err
	}
	members, next, err := page(c, ch.members, 100)
	if err != nil {
		return nil, err
	}
	return reply{"members": append([]string{}, members...), "response_metadata": next}, nil
}

func (w *Workspace) conversationsJoin(c *call) (reply, error) {
	ch, err := w.visible(c.args["channel"])
	switch {
	case err != nil:
		return nil, err
	case ch.private || ch.direct != "":
		return nil, refuse("method_not_supported_for_channel_type")
	case ch.archived:
		return nil, refuse("is_archived")
	}
	if err := w.need("channels:join"); err != nil {
		return nil, err
	}
	if ch.has(w.opts.BotUserID) {
		c.warnings = append(c.warnings, "already_in_channel")
	} else {
		w.join(ch, w.opts.BotUserID, "")
	}
	return reply{"channel": w.wireChannel(ch)}, nil
}

func (w *Workspace) conversationsInvite(c *call) (reply, error) {
	if err := w.needInvite(c.args["channel"]); err != nil {
		return nil, err
	}
	ch, err := w.writable(c.args["channel"])
	if err != nil {
		return nil, err
	}
	ids := c.list("users")
	switch {
	case len(ids) == 0:
		return nil, refuse("no_user")
	case len(ids) > 100:
		return nil, refuse("too_many_users")
	}
	var bad []map[string]any
	var good []string
	for _, id := range ids {
		if code := w.cannotInvite(ch, id); code != "" {
			bad = append(bad, map[string]any{"user": id, "ok": false, "error": code})
			continue
		}
		good = append(good, id)
	}
	if len(bad) > 0 && (!c.bool("force") || len(good) == 0) {
		code, _ := bad[0]["error"].(string)
		return nil, &apiError{code: code, more: map[string]any{"errors": bad}}
	}
	for _, id := range good {
		w.join(ch, id, w.opts.BotUserID)
	}
	out := reply{"channel": w.wireChannel(ch)}
	if len(bad) > 0 {
		out["errors"] = bad
	}
	return out, nil
}

// needInvite accepts the finer scope for invitations too.
func (w *Workspace) needInvite(id string) error {
	ch, err := w.visible(id)
	if err != nil {
		return err
	}
	if w.need(ch.kind()+":write.invites") == nil {
		return nil
	}
	return w.need(ch.kind() + ":write")
}

func (w *Workspace) cannotInvite(ch *channel, id string) string {
	u := w.users[id]
	switch {
	case u == nil:
		return "user_not_found"
	case id == w.opts.BotUserID:
		return "cant_invite_self"
	case u.Deleted:
		return "cant_invite"
	case ch.has(id):
		return "already_in_channel"
	}
	return ""
}

func (w *Workspace) conversationsKick(c *call) (reply, error) {
	ch, err := w.managed(c.args["channel"], "write")
	if err != nil {
		return nil, err
	}
	id := c.args["user"]
	switch {
	case w.users[id] == nil:
		return nil, refuse("user_not_found")
	case id == w.opts.BotUserID:
		return nil, refuse("cant_kick_self")
	case !ch.has(id):
		return nil, refuse("not_in_channel")
	}
	w.part(ch, id)
	return reply{"errors": map[string]any{}}, nil // an object, where other methods have an array
}

func (w *Workspace) conversationsLeave(c *call) (reply, error) {
	ch, err := w.readable(c.args["channel"], "write")
	if err != nil {
		return nil, err
	}
	if !ch.has(w.opts.BotUserID) {
		return reply{"not_in_channel": true}, nil
	}
	w.part(ch, w.opts.BotUserID)
	return reply{}, nil
}

// join makes somebody a member and tells those who are.
func (w *Workspace) join(ch *channel, id, inviter string) {
	ch.members = append(ch.members, id)
	m := &message{Message: Message{User: id, Subtype: "channel_join", Text: "<@" + id + "> has joined the channel"}, inviter: inviter}
	w.store(ch, m)
	w.announce(ch, m, inviter == w.opts.BotUserID)
	event := map[string]any{
		"type": "member_joined_channel", "user": id, "channel": ch.id, "channel_type": ch.typeLetter(),
		"team": w.teamOf(w.users[id]), "event_ts": m.TS,
	}
	if inviter != "" {
		event["inviter"] = inviter
	}
	w.emit(notice{name: "member_joined_channel", ch: ch, own: inviter == w.opts.BotUserID, event: event})
	w.changed()
}

// part takes a member away. The app hears of its own removal too.
func (w *Workspace) part(ch *channel, id string) {
	ts := tsOf(w.now())
	if id == w.opts.BotUserID {
		w.emit(notice{name: ch.eventKind() + "_left", ch: ch, event: map[string]any{
			"type": ch.eventKind() + "_left", "channel": ch.id, "actor_id": "", "event_ts": ts,
		}})
	} else {
		w.emit(notice{name: "member_left_channel", ch: ch, event: map[string]any{
			"type": "member_left_channel", "user": id, "channel": ch.id, "channel_type": ch.typeLetter(),
			"team": w.teamOf(w.users[id]), "event_ts": ts,
		}})
	}
	ch.members = slices.DeleteFunc(ch.members, func(m string) bool { return m == id })
	w.changed()
}

// typeLetter is channel_type in the events about members: C or G.
func (ch *channel) typeLetter() string {
	if ch.private {
		return "G"
	}
	return "C"
}
