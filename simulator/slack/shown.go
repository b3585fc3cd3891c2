package slack

import (
	"context"
	"encoding/json"
	"fmt"
)

// PressShown lets a user press a button of what a slash command was answered
// with, by what stands on it. Such a message is no part of the Slack channel:
// the app is told of the press and not of the message.
func (w *Workspace) PressShown(ctx context.Context, user, channelID string, s Shown, label string) error {
	payload, err := w.pressShownPayload(user, channelID, s, label)
	if err != nil {
		return err
	}
	_, err = w.interact(ctx, "block_actions", payload)
	return err
}

func (w *Workspace) pressShownPayload(user, channelID string, s Shown, label string) (map[string]any, error) {
	actionID := ""
	for _, b := range Buttons(s.Blocks) {
		if b.Label == label {
			actionID = b.ActionID
		}
	}
	var blocks []block
	if err := json.Unmarshal(s.Blocks, &blocks); err != nil {
		return nil, fmt.Errorf("read the answer's blocks: %w", err)
	}
	b, e, ok := findElement(blocks, actionID)
	if !ok {
		return nil, fmt.Errorf("%w: the button %q", ErrNoSuchElement, label)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, _, err := w.present(user, channelID)
	if err != nil {
		return nil, err
	}
	action, err := w.actionOf(b, e, Input{})
	if err != nil {
		return nil, err
	}
	payload := w.payload("block_actions", user, nil)
	payload["container"] = map[string]any{"type": "message", "message_ts": tsOf(w.now()), "channel_id": ch.id, "is_ephemeral": true}
	payload["channel"] = map[string]any{"id": ch.id, "name": channelName(ch)}
	payload["response_url"] = w.newResponseURL(ch, user, nil)
	payload["actions"] = []any{action}
	payload["state"] = map[string]any{"values": map[string]any{}}
	return payload, nil
}
