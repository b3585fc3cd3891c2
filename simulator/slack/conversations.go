package slack

import (
	"regexp"
	"slices"
	"unicode"
	"unicode/utf8"
)

var latinName = regexp.MustCompile(`^[a-z0-9_-]+$`)

func (w *Workspace) checkName(name string) error {
	switch {
	case name == "":
		return refuse("invalid_name_required")
	case utf8.RuneCountInString(name) > 80:
		return refuse("invalid_name_maxlength")
	case latinName.MatchString(name):
	case !w.beliefs.NonLatinNames || !isWordlike(name):
		return refuse("invalid_name_specials")
	}
	if w.names[name] != nil {
		return refuse("name_taken")
	}
	return nil
}

func isWordlike(name string) bool {
	for _, r := range name {
		if unicode.IsUpper(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

func (w *Workspace) conversationsCreate(c *call) (reply, error) {
	kind := "channels"
	if c.bool("is_private") {
		kind = "groups"
	}
	if err := w.need(kind + ":write"); err != nil {
		return nil, err
	}
	if err := w.checkName(c.args["name"]); err != nil {
		return nil, err
	}
	ch := w.addChannel(c.args["name"], w.opts.BotUserID, c.bool("is_private"), w.opts.BotUserID)
	return reply{"channel": w.wireChannel(ch)}, nil
}

func (w *Workspace) conversationsInfo(c *call) (reply, error) {
	if err := c.require("channel"); err != nil {
		return nil, err
	}
	ch, err := w.readable(c.args["channel"], "read")
	if err != nil {
		return nil, err
	}
	out := w.wireChannel(ch)
	if c.bool("include_num_members") {
		out["num_members"] = len(ch.members)
	}
	return reply{"channel": out}, nil
}

func (w *Workspace) conversationsList(c *call) (reply, error) {
	return w.listChannels(c, func(ch *channel) bool {
		return !ch.private && ch.direct == "" || ch.has(w.opts.BotUserID)
	})
}

func (w *Workspace) usersConversations(c *call) (reply, error) {
	user := c.args["user"]
	if user == "" {
		user = w.opts.BotUserID
	}
	return w.listChannels(c, func(ch *channel) bool {
		return ch.has(user) && (!ch.private || ch.has(w.opts.BotUserID))
	})
}

func (w *Workspace) listChannels(c *call, shown func(*channel) bool) (reply, error) {
	types := c.list("types")
	if len(types) == 0 {
		types = []string{"public_channel"}
	}
	kinds := map[string]bool{}
	for _, t := range types {
		kind, known := map[string]string{
			"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim",
		}[t]
		if !known {
			return nil, refuse("invalid_types")
		}
		if err := w.need(kind + ":read"); err != nil {
			return nil, err
		}
		kinds[kind] = true
	}
	var found []*channel
	for _, ch := range w.channelOrder {
		if kinds[ch.kind()] && shown(ch) && (!ch.archived || !c.bool("exclude_archived")) {
			found = append(found, ch)
		}
	}
	found, next, err := page(c, found, 100)
	if err != nil {
		return nil, err
	}
	out := make([]map[string]any, 0, len(found))
	for _, ch := range found {
		out = append(out, w.wireChannel(ch))
	}
	return reply{"channels": out, "response_metadata": next}, nil
}

func (w *Workspace) conversationsOpen(c *call) (reply, error) {
	if err := w.need("im:write"); err != nil {
		return nil, err
	}
	users := c.list("users")
	if id := c.args["channel"]; id != "" {
		ch, err := w.visible(id)
		if err != nil {
			return nil, err
		}
		users = []string{ch.direct}
	}
	if len(users) != 1 {
		return nil, refuse("users_list_not_supplied")
	}
	u := w.users[users[0]]
	switch {
	case u == nil:
		return nil, refuse("user_not_found")
	case u.ID == w.opts.BotUserID:
		return nil, refuse("cannot_dm_bot")
	case u.Deleted:
		return nil, refuse("user_disabled")
	}
	open := w.directs[u.ID] != nil
	ch := w.directWith(u.ID)
	out := map[string]any{"id": ch.id}
	if c.bool("return_im") {
		out = w.wireChannel(ch)
	}
	return reply{"channel": out, "no_op": open, "already_open": open}, nil
}

func (w *Workspace) conversationsArchive(c *call) (reply, error) {
	ch, err := w.readable(c.args["channel"], "write")
	switch {
	case err != nil:
		return nil, err
	case ch.archived:
		return nil, refuse("already_archived")
	case !ch.has(w.opts.BotUserID):
		return nil, refuse("not_in_channel")
	}
	w.archive(ch, w.opts.BotUserID)
	return reply{}, nil
}

func (w *Workspace) conversationsUnarchive(c *call) (reply, error) {
	ch, err := w.readable(c.args["channel"], "write")
	switch {
	case err != nil:
		return nil, err
	case !w.beliefs.BotsUnarchive:
		return nil, refuse("not_in_channel")
	case !ch.archived:
		return nil, refuse("not_archived")
	}
	w.unarchive(ch, w.opts.BotUserID)
	return reply{}, nil
}

func (w *Workspace) conversationsRename(c *call) (reply, error) {
	ch, err := w.managed(c.args["channel"], "write")
	if err != nil {
		return nil, err
	}
	if ch.creator != w.opts.BotUserID {
		return nil, refuse("not_authorized")
	}
	if err := w.checkName(c.args["name"]); err != nil {
		return nil, err
	}
	w.rename(ch, c.args["name"])
	return reply{"channel": w.wireChannel(ch)}, nil
}

func (w *Workspace) conversationsSetTopic(c *call) (reply, error) {
	return w.setText(c, "topic", func(ch *channel, text string) { ch.topic = text })
}

func (w *Workspace) conversationsSetPurpose(c *call) (reply, error) {
	return w.setText(c, "purpose", func(ch *channel, text string) { ch.purpose = text })
}

func (w *Workspace) setText(c *call, what string, set func(*channel, string)) (reply, error) {
	ch, err := w.managed(c.args["channel"], "write")
	if err != nil {
		return nil, err
	}
	text := c.args[what]
	if utf8.RuneCountInString(text) > 250 {
		return nil, refuse("too_long")
	}
	set(ch, text)
	m := &message{Message: Message{
		User: w.opts.BotUserID, Subtype: "channel_" + what,
		Text: "<@" + w.opts.BotUserID + "> set the channel " + what + ": " + text,
	}}
	w.store(ch, m)
	w.announce(ch, m, true)
	return reply{"channel": w.wireChannel(ch), what: text}, nil
}

// archive ends a Slack channel. Its members stay listed and nobody can post.
func (w *Workspace) archive(ch *channel, by string) {
	ch.archived = true
	w.emitRoom(ch, "archive", map[string]any{"user": by})
	w.changed()
}

func (w *Workspace) unarchive(ch *channel, by string) {
	ch.archived = false
	w.emitRoom(ch, "unarchive", map[string]any{"user": by})
	w.changed()
}

func (w *Workspace) rename(ch *channel, name string) {
	delete(w.names, ch.name)
	ch.previous = slices.Insert(ch.previous, 0, ch.name)
	ch.name = name
	w.names[name] = ch
	w.emit(notice{name: ch.eventKind() + "_rename", ch: ch, event: map[string]any{
		"type":     ch.eventKind() + "_rename",
		"channel":  map[string]any{"id": ch.id, "name": name, "name_normalized": name, "created": ch.created.Unix()},
		"event_ts": tsOf(w.now()),
	}})
	w.changed()
}
