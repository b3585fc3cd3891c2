package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// PressEphemeral is PressButton for a message that only this user sees. The app
// is told of the press without the message, which Slack does not keep.
func (w *Workspace) PressEphemeral(ctx context.Context, user, channelID, messageTS, actionID string) error {
	payload, err := w.ephemeralPayload(user, channelID, messageTS, actionID)
	if err != nil {
		return err
	}
	_, err = w.interact(ctx, "block_actions", payload)
	return err
}

func (w *Workspace) ephemeralPayload(user, channelID, ts, actionID string) (map[string]any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, _, err := w.present(user, channelID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(w.ephemerals, func(e Ephemeral) bool { return e.User == user && e.Channel == channelID && e.TS == ts })
	if i < 0 {
		return nil, errors.New("there is no such message")
	}
	e := w.ephemerals[i]
	var blocks []block
	if e.Blocks != nil {
		if err := json.Unmarshal(e.Blocks, &blocks); err != nil {
			return nil, fmt.Errorf("read the message's blocks: %w", err)
		}
	}
	b, pressed, ok := findElement(blocks, actionID)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchElement, actionID)
	}
	action, err := w.actionOf(b, pressed, Input{})
	if err != nil {
		return nil, err
	}
	container := map[string]any{"type": "message", "message_ts": e.TS, "channel_id": ch.id, "is_ephemeral": true}
	if e.ThreadTS != "" {
		container["thread_ts"] = e.ThreadTS
	}
	payload := w.payload("block_actions", user, nil)
	payload["container"] = container
	payload["channel"] = map[string]any{"id": ch.id, "name": channelName(ch)}
	payload["response_url"] = w.newResponseURL(ch, user, nil)
	payload["actions"] = []any{action}
	payload["state"] = map[string]any{"values": map[string]any{}}
	return payload, nil
}
