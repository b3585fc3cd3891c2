package slack

import (
	"context"
	"encoding/json"
	"fmt"
)

// Choice is an option that the app suggested for a menu.
type Choice struct {
	Label string
	Value string
}

// Suggest lets a user type into a menu of a view that asks the app for its
// options, and returns what it offers.
func (w *Workspace) Suggest(ctx context.Context, user, viewID, actionID, query string) ([]Choice, error) {
	payload, err := w.suggestPayload(user, viewID, actionID, query)
	if err != nil {
		return nil, err
	}
	answer, err := w.interact(ctx, "block_suggestion", payload)
	if err != nil {
		return nil, err
	}
	return w.takeSuggestions(actionID, answer)
}

func (w *Workspace) suggestPayload(user, viewID, actionID, query string) (map[string]any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views[viewID]
	if v == nil || v.User != user {
		return nil, fmt.Errorf("user %s does not see view %s", user, viewID)
	}
	b, _, ok := findElement(v.blocks, actionID)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchElement, actionID)
	}
	payload := w.payload("block_suggestion", user, v)
	delete(payload, "trigger_id")
	payload["container"] = map[string]any{"type": "view", "view_id": v.ID}
	payload["view"], payload["value"] = w.wireView(v, nil), query
	payload["action_id"], payload["block_id"] = actionID, str(b, "block_id")
	return payload, nil
}

func (w *Workspace) takeSuggestions(actionID string, answer []byte) ([]Choice, error) {
	var offered block
	if err := json.Unmarshal(answer, &offered); err != nil {
		return nil, errTrouble
	}
	options := optionsOf(offered)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(options) > 100 {
		w.violate("block_suggestion", "more than 100 options")
		return nil, errTrouble
	}
	w.choices[actionID] = options
	out := make([]Choice, 0, len(options))
	for _, o := range options {
		text, _ := o["text"].(block)
		out = append(out, Choice{Label: str(text, "text"), Value: str(o, "value")})
	}
	return out, nil
}
