package slack

import "slices"

func (w *Workspace) pinsAdd(c *call) (reply, error) {
	ch, m, err := w.reactable(c)
	if err != nil {
		return nil, err
	}
	if slices.Contains(ch.pins, m.TS) {
		return nil, refuse("already_pinned")
	}
	ch.pins = append(ch.pins, m.TS)
	w.changed()
	return reply{}, nil
}

func (w *Workspace) bookmarksAdd(c *call) (reply, error) {
	ch, err := w.writable(c.args["channel_id"])
	if err != nil {
		return nil, err
	}
	if err := c.require("title", "type"); err != nil {
		return nil, err
	}
	if c.args["type"] == "link" && c.args["link"] == "" {
		return nil, refuse("invalid_link")
	}
	mark := map[string]any{
		"id": newID("Bk"), "channel_id": ch.id, "title": c.args["title"], "type": c.args["type"],
		"link": c.args["link"], "emoji": c.args["emoji"], "date_created": w.now().Unix(), "app_id": w.opts.AppID,
	}
	ch.bookmarks = append(ch.bookmarks, mark)
	return reply{"bookmark": mark}, nil
}
