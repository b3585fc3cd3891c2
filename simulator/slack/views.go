package slack

import (
	"encoding/json"
	"maps"
	"slices"
)

const (
	maxViewStack = 3
	maxView      = 250 << 10
)

// View is a modal or a home tab as it is shown to a user.
type View struct {
	ID              string
	User            string
	Type            string // modal or home
	CallbackID      string
	ExternalID      string
	Title           string
	Submit          string // "" without a button to submit
	Close           string
	PrivateMetadata string
	Hash            string
	Blocks          json.RawMessage
}

// view is what the app gave, with the ids of the workspace.
type view struct {
	View
	given    map[string]json.RawMessage
	blocks   []block
	root     string
	previous string
}

func (w *Workspace) viewsOpen(c *call) (reply, error) {
	return w.viewsShow(c, func(t *trigger, v *view) error {
		if len(w.modals[t.user]) > 0 && t.view == nil {
			w.forget(t.user, 0) // a new modal takes the place of what was open
		}
		return w.pushView(t.user, v)
	})
}

func (w *Workspace) viewsPush(c *call) (reply, error) {
	return w.viewsShow(c, func(t *trigger, v *view) error {
		if t.view == nil || len(w.modals[t.user]) == 0 {
			return refuse("not_found")
		}
		return w.pushView(t.user, v)
	})
}

func (w *Workspace) viewsShow(c *call, show func(*trigger, *view) error) (reply, error) {
	if err := c.require("trigger_id", "view"); err != nil {
		return nil, err
	}
	v, err := w.readView(c.method, c.raw("view"), "modal")
	if err != nil {
		return nil, err
	}
	t, err := w.exchange(c.method, c.args["trigger_id"])
	if err != nil {
		return nil, err
	}
	if err := show(t, v); err != nil {
		return nil, err
	}
	return reply{"view": w.wireView(v, nil)}, nil
}

// pushView puts a view on top of a user's stack.
func (w *Workspace) pushView(user string, v *view) error {
	stack := w.modals[user]
	if len(stack) >= maxViewStack {
		return refuse("push_limit_reached")
	}
	v.User, v.root = user, v.ID
	if len(stack) > 0 {
		v.root, v.previous = stack[0].ID, stack[len(stack)-1].ID
	}
	w.modals[user] = append(stack, v)
	w.views[v.ID] = v
	w.changed()
	return nil
}

// forget closes a user's views above the first keep.
func (w *Workspace) forget(user string, keep int) {
	stack := w.modals[user]
	for _, v := range stack[keep:] {
		delete(w.views, v.ID)
	}
	w.modals[user] = stack[:keep:keep]
	w.changed()
}

func (w *Workspace) viewsUpdate(c *call) (reply, error) {
	old := w.views[c.args["view_id"]]
	if id := c.args["external_id"]; id != "" && c.args["view_id"] == "" {
		for _, v := range w.views {
			if v.ExternalID == id {
				old = v
			}
		}
	}
	if old == nil {
		return nil, refuse("not_found")
	}
	if hash := c.args["hash"]; hash != "" && hash != old.Hash {
		return nil, refuse("hash_conflict")
	}
	v, err := w.readView(c.method, c.raw("view"), old.Type)
	if err != nil {
		return nil, err
	}
	w.replaceView(old, v)
	return reply{"view": w.wireView(old, nil)}, nil
}

// replaceView gives a view new content; its id and place stay.
func (w *Workspace) replaceView(old, v *view) {
	v.ID, v.User, v.root, v.previous = old.ID, old.User, old.root, old.previous
	*old = *v
	w.changed()
}

func (w *Workspace) viewsPublish(c *call) (reply, error) {
	if err := c.require("user_id", "view"); err != nil {
		return nil, err
	}
	user := c.args["user_id"]
	if w.users[user] == nil {
		return nil, refuse("user_not_found")
	}
	old := w.homes[user]
	if hash := c.args["hash"]; hash != "" && (old == nil || hash != old.Hash) {
		return nil, refuse("hash_conflict")
	}
	v, err := w.readView(c.method, c.raw("view"), "home")
	if err != nil {
		return nil, err
	}
	v.User, v.root = user, v.ID
	if old != nil {
		w.replaceView(old, v)
		v = old
	}
	w.homes[user], w.views[v.ID] = v, v
	w.changed()
	return reply{"view": w.wireView(v, nil)}, nil
}

// readView checks a view as the app gave it.
func (w *Workspace) readView(method string, raw json.RawMessage, kind string) (*view, error) {
	v := &view{View: View{ID: newID("V"), Hash: newID("")}}
	var given struct {
		Type       string          `json:"type"`
		CallbackID string          `json:"callback_id"`
		ExternalID string          `json:"external_id"`
		Private    string          `json:"private_metadata"`
		Blocks     json.RawMessage `json:"blocks"`
		Title      block           `json:"title"`
		Submit     block           `json:"submit"`
		Close      block           `json:"close"`
	}
	if json.Unmarshal(raw, &given) != nil || json.Unmarshal(raw, &v.given) != nil {
		return nil, refuse("invalid_arguments", "[ERROR] view is no object")
	}
	if len(raw) > maxView {
		return nil, refuse("view_too_large")
	}
	if given.Blocks == nil || json.Unmarshal(given.Blocks, &v.blocks) != nil {
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: blocks [json-pointer:/view/blocks]")
	}
	c := checker{known: w.shownFile, max: maxViewBlocks}
	if given.Type != kind {
		c.fail("/view/type", "unsupported type")
	}
	c.blocks(v.blocks)
	c.frame(kind, given.Title, given.Submit, given.Close, v.blocks)
	c.length("/view/private_metadata", given.Private, 3000)
	c.length("/view/callback_id", given.CallbackID, maxID)
	c.length("/view/external_id", given.ExternalID, maxID)
	if len(c.problems) > 0 {
		w.violate(method, "view: "+c.problems[0])
		return nil, refuse("invalid_arguments", c.problems...)
	}
	blocks, err := encodeBlocks(v.blocks)
	if err != nil {
		return nil, err
	}
	v.Type, v.CallbackID, v.ExternalID = given.Type, given.CallbackID, given.ExternalID
	v.PrivateMetadata, v.Blocks = given.Private, blocks
	v.Title, v.Submit, v.Close = str(given.Title, "text"), str(given.Submit, "text"), str(given.Close, "text")
	return v, nil
}

// frame checks what is around the blocks of a view.
func (c *checker) frame(kind string, title, submit, closing block, blocks []block) {
	if kind != "modal" {
		return
	}
	c.text("/view/title", anyOf(title), 24, true)
	c.optionalText("/view/submit", anyOf(submit), 24, true)
	c.optionalText("/view/close", anyOf(closing), 24, true)
	if submit == nil && slices.ContainsFunc(blocks, func(b block) bool { return str(b, "type") == "input" }) {
		c.fail("/view/submit", "required when the view has input blocks")
	}
}

// anyOf keeps a missing block from being a non-nil interface.
func anyOf(b block) any {
	if b == nil {
		return nil
	}
	return b
}

// wireView renders a view with the state of its inputs.
func (w *Workspace) wireView(v *view, state map[string]map[string]any) map[string]any {
	out := map[string]any{
		"title": nil, "submit": nil, "close": nil, "private_metadata": "", "callback_id": "", "external_id": "",
		"clear_on_close": false, "notify_on_close": false,
	}
	for k, raw := range maps.Clone(v.given) {
		out[k] = raw
	}
	if state == nil {
		state = map[string]map[string]any{}
	}
	out["id"], out["team_id"], out["type"], out["hash"] = v.ID, w.opts.TeamID, v.Type, v.Hash
	out["blocks"], out["state"] = v.Blocks, map[string]any{"values": state}
	out["root_view_id"], out["previous_view_id"] = v.root, nil
	if v.previous != "" {
		out["previous_view_id"] = v.previous
	}
	out["app_id"], out["bot_id"], out["app_installed_team_id"] = w.opts.AppID, w.opts.BotID, w.opts.TeamID
	return out
}

func (v *view) flag(name string) bool { return string(v.given[name]) == "true" }

// Views returns a user's open modals, the one on top last.
func (w *Workspace) Views(user string) []View {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]View, 0, len(w.modals[user]))
	for _, v := range w.modals[user] {
		out = append(out, v.snapshot())
	}
	return out
}

// Home returns a user's home tab, once the app has published one.
func (w *Workspace) Home(user string) (View, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.homes[user]
	if v == nil {
		return View{}, false
	}
	return v.snapshot(), true
}

func (v *view) snapshot() View {
	out := v.View
	out.Blocks = slices.Clone(v.Blocks)
	return out
}
