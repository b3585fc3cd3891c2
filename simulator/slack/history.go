package slack

import (
	"slices"
	"sort"
)

func (w *Workspace) conversationsHistory(c *call) (reply, error) {
	ch, err := w.history(c)
	if err != nil {
		return nil, err
	}
	from, to, err := bounds(c, ch.messages)
	if err != nil {
		return nil, err
	}
	var found []*message
	for _, m := range ch.messages[from:to] {
		if (m.isRoot() || m.Broadcast) && (!m.Deleted || m.Tombstone) {
			found = append(found, m)
		}
	}
	slices.Reverse(found)
	return w.messagesPage(c, found, nil)
}

func (w *Workspace) conversationsReplies(c *call) (reply, error) {
	if w.beliefs.RepliesRefused {
		return nil, refuse("not_allowed_token_type")
	}
	ch, err := w.history(c)
	if err != nil {
		return nil, err
	}
	root := ch.find(c.args["ts"])
	if root == nil {
		return nil, refuse("thread_not_found")
	}
	if root.root != nil {
		root = root.root
	}
	from, to, err := bounds(c, root.replies)
	if err != nil {
		return nil, err
	}
	var found []*message
	for _, m := range root.replies[from:to] {
		if !m.Deleted {
			found = append(found, m)
		}
	}
	return w.messagesPage(c, found, root)
}

func (w *Workspace) history(c *call) (*channel, error) {
	ch, err := w.readable(c.args["channel"], "history")
	if err != nil {
		return nil, err
	}
	if !ch.has(w.opts.BotUserID) {
		return nil, refuse("not_in_channel")
	}
	return ch, nil
}

// messagesPage answers with a page of messages. A thread's first post stands
// on the first page whatever the bounds are.
func (w *Workspace) messagesPage(c *call, found []*message, root *message) (reply, error) {
	if root != nil {
		found = slices.Insert(found, 0, root)
	}
	total := len(found)
	found, next, err := page(c, found, 100)
	if err != nil {
		return nil, err
	}
	out := make([]*wireMessage, 0, len(found))
	for _, m := range found {
		out = append(out, w.wireMessage(m, c.bool("include_all_metadata")))
	}
	return reply{
		"messages": out, "has_more": next["next_cursor"] != "" && total > 0,
		"pin_count": 0, "response_metadata": next,
	}, nil
}

// bounds returns the part of messages, which are in the order of their ts,
// that lies between oldest and latest.
func bounds(c *call, messages []*message) (from, to int, err error) {
	inclusive := c.bool("inclusive")
	from, to = 0, len(messages)
	if s := c.args["oldest"]; s != "" && s != "0" {
		oldest, ok := parseTS(s)
		if !ok {
			return 0, 0, refuse("invalid_ts_oldest")
		}
		from = sort.Search(len(messages), func(i int) bool {
			return messages[i].micros > oldest || inclusive && messages[i].micros == oldest
		})
	}
	if s := c.args["latest"]; s != "" {
		latest, ok := parseTS(s)
		if !ok {
			return 0, 0, refuse("invalid_ts_latest")
		}
		to = sort.Search(len(messages), func(i int) bool {
			return messages[i].micros > latest || !inclusive && messages[i].micros == latest
		})
	}
	return from, max(from, to), nil
}
