package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNoSuchElement says that a message or view has no element with the action
// id or label that a person was to use.
var ErrNoSuchElement = errors.New("there is no such element")

// Button is a button of a message.
type Button struct {
	BlockID  string
	ActionID string
	Label    string
	Value    string
	Style    string
	URL      string
}

// Buttons returns the buttons of a message or view from its blocks.
func Buttons(blocks json.RawMessage) []Button {
	var parsed []block
	if json.Unmarshal(blocks, &parsed) != nil {
		return nil
	}
	var out []Button
	eachElement(parsed, func(in, e block) bool {
		if str(e, "type") == "button" {
			text, _ := e["text"].(block)
			out = append(out, Button{
				BlockID: str(in, "block_id"), ActionID: str(e, "action_id"), Label: str(text, "text"),
				Value: str(e, "value"), Style: str(e, "style"), URL: str(e, "url"),
			})
		}
		return true
	})
	return out
}

// PressButton lets a user press a button of a message and waits until the app
// has acknowledged it.
func (w *Workspace) PressButton(ctx context.Context, user, channelID, messageTS, actionID string) error {
	return w.act(ctx, user, channelID, messageTS, actionID, Input{})
}

// PressLabel is PressButton by what stands on the button.
func (w *Workspace) PressLabel(ctx context.Context, user, channelID, messageTS, label string) error {
	m, ok := w.Message(channelID, messageTS)
	if !ok {
		return errors.New("there is no such message")
	}
	for _, b := range Buttons(m.Blocks) {
		if b.Label == label {
			return w.act(ctx, user, channelID, messageTS, b.ActionID, Input{})
		}
	}
	return fmt.Errorf("%w: the button %q", ErrNoSuchElement, label)
}

// ChooseOption lets a user choose in a menu of a message.
func (w *Workspace) ChooseOption(ctx context.Context, user, channelID, messageTS, actionID string, values ...string) error {
	return w.act(ctx, user, channelID, messageTS, actionID, Input{Options: values})
}

func (w *Workspace) act(ctx context.Context, user, channelID, ts, actionID string, in Input) error {
	payload, err := w.actPayload(user, channelID, ts, actionID, in)
	if err != nil {
		return err
	}
	_, err = w.interact(ctx, "block_actions", payload)
	return err
}

func (w *Workspace) actPayload(user, channelID, ts, actionID string, in Input) (map[string]any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.presentAt(user, channelID, ts)
	if err != nil {
		return nil, err
	}
	var blocks []block
	if m.Blocks != nil {
		if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
			return nil, fmt.Errorf("read the message's blocks: %w", err)
		}
	}
	b, e, ok := findElement(blocks, actionID)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchElement, actionID)
	}
	if m.Broadcast {
		return nil, errors.New("the copy of a reply in the Slack channel has no buttons")
	}
	action, err := w.actionOf(b, e, in)
	if err != nil {
		return nil, err
	}
	container := map[string]any{"type": "message", "message_ts": m.TS, "channel_id": ch.id, "is_ephemeral": false}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	payload := w.payload("block_actions", user, nil)
	payload["container"], payload["message"] = container, w.wireMessage(m, true)
	payload["channel"] = map[string]any{"id": ch.id, "name": channelName(ch)}
	payload["response_url"] = w.newResponseURL(ch, user, m)
	payload["actions"] = []any{action}
	payload["state"] = map[string]any{"values": map[string]any{}}
	return payload, nil
}

// actionOf is an element of actions: what was done with e.
func (w *Workspace) actionOf(b, e block, in Input) (map[string]any, error) {
	action, err := w.stateOf(e, in)
	if err != nil {
		return nil, err
	}
	action["action_id"], action["block_id"] = str(e, "action_id"), str(b, "block_id")
	action["action_ts"] = tsOf(w.now())
	if str(e, "type") == "button" {
		action["text"] = e["text"]
		if v := str(e, "value"); v != "" {
			action["value"] = v
		}
	}
	return action, nil
}

func channelName(ch *channel) string {
	switch {
	case ch.direct != "":
		return "directmessage"
	case ch.private:
		return "privategroup" // Slack does not tell the name of a private one
	default:
		return ch.name
	}
}

// payload begins an interaction. The caller holds mu.
func (w *Workspace) payload(kind, user string, in *view) map[string]any {
	u := w.users[user]
	return map[string]any{
		"type": kind, "token": "simulated-verification-token", "api_app_id": w.opts.AppID,
		"team":       map[string]any{"id": w.opts.TeamID, "domain": w.opts.Domain},
		"user":       map[string]any{"id": user, "username": u.Name, "name": u.Name, "team_id": w.teamOf(u)},
		"enterprise": nil, "is_enterprise_install": false,
		"trigger_id": w.newTrigger(user, in), "action_ts": tsOf(w.now()),
	}
}

// interact sends an interaction and returns what the app answered.
func (w *Workspace) interact(ctx context.Context, kind string, payload any) ([]byte, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	return w.request(ctx, outgoing{kind: KindInteraction, name: kind, body: body})
}

// MessageShortcut lets a user start a shortcut on a message.
func (w *Workspace) MessageShortcut(ctx context.Context, user, channelID, messageTS, callbackID string) error {
	payload, err := w.shortcutPayload(user, channelID, messageTS, callbackID)
	if err != nil {
		return err
	}
	_, err = w.interact(ctx, "message_action", payload)
	return err
}

func (w *Workspace) shortcutPayload(user, channelID, messageTS, callbackID string) (map[string]any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.presentAt(user, channelID, messageTS)
	if err != nil {
		return nil, err
	}
	payload := w.payload("message_action", user, nil)
	payload["callback_id"], payload["message_ts"], payload["message"] = callbackID, m.TS, w.wireMessage(m, true)
	payload["channel"] = map[string]any{"id": ch.id, "name": channelName(ch)}
	payload["response_url"] = w.newResponseURL(ch, user, nil)
	return payload, nil
}

// Shortcut lets a user start a global shortcut, which belongs to no Slack
// channel.
func (w *Workspace) Shortcut(ctx context.Context, user, callbackID string) error {
	w.mu.Lock()
	if w.users[user] == nil {
		w.mu.Unlock()
		return fmt.Errorf("there is no user %q", user)
	}
	payload := w.payload("shortcut", user, nil)
	payload["callback_id"] = callbackID
	w.mu.Unlock()
	_, err := w.interact(ctx, "shortcut", payload)
	return err
}
