package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Outcome is what a person sees after sending in a view.
type Outcome struct {
	Action string            // "" when the view closed; else errors, update, push or clear
	Errors map[string]string // by block id
}

// SubmitView lets a user send in the view that is on top of their screen.
// Inputs are by action id; what is left out keeps what it was shown with. A
// required input without a value is refused here, as Slack's client does.
func (w *Workspace) SubmitView(ctx context.Context, user, viewID string, inputs map[string]Input) (Outcome, error) {
	payload, err := w.submitPayload(user, viewID, inputs)
	if err != nil {
		return Outcome{}, err
	}
	answer, err := w.interact(ctx, "view_submission", payload)
	if err != nil {
		return Outcome{}, err
	}
	return w.applyAnswer(user, viewID, answer)
}

func (w *Workspace) submitPayload(user, viewID string, inputs map[string]Input) (map[string]any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, err := w.onTop(user, viewID)
	if err != nil {
		return nil, err
	}
	state, err := w.viewState(v, inputs, true)
	if err != nil {
		return nil, err
	}
	payload := w.payload("view_submission", user, v)
	payload["view"], payload["response_urls"] = w.wireView(v, state), []any{}
	delete(payload, "action_ts")
	return payload, nil
}

func (w *Workspace) onTop(user, viewID string) (*view, error) {
	stack := w.modals[user]
	if len(stack) == 0 || stack[len(stack)-1].ID != viewID {
		return nil, fmt.Errorf("user %s does not see view %s", user, viewID)
	}
	return stack[len(stack)-1], nil
}

// viewState collects the state of all inputs by block id and action id.
func (w *Workspace) viewState(v *view, inputs map[string]Input, whole bool) (map[string]map[string]any, error) {
	state := map[string]map[string]any{}
	used := 0
	var err error
	eachElement(v.blocks, func(b, e block) bool {
		if str(e, "type") == "button" {
			return true
		}
		in, given := inputs[str(e, "action_id")]
		if given {
			used++
		} else {
			in = untouched(e)
		}
		if whole {
			if err = complete(b, e, in); err != nil {
				return false
			}
		}
		var s map[string]any
		if s, err = w.stateOf(e, in); err != nil {
			return false
		}
		id := str(b, "block_id")
		if state[id] == nil {
			state[id] = map[string]any{}
		}
		state[id][str(e, "action_id")] = s
		return true
	})
	if err == nil && used < len(inputs) {
		err = fmt.Errorf("%w: an input that the view does not have", ErrNoSuchElement)
	}
	return state, err
}

// complete is what Slack's client checks before it sends a view.
func complete(b, e block, in Input) error {
	if optional, _ := b["optional"].(bool); str(b, "type") == "input" && !optional && in.Text == "" && len(in.Options) == 0 {
		return fmt.Errorf("the required input %s is empty", str(e, "action_id"))
	}
	if most, ok := e["max_length"].(float64); ok && float64(utf8.RuneCountInString(in.Text)) > most {
		return fmt.Errorf("the input %s is too long", str(e, "action_id"))
	}
	if most, ok := e["max_selected_items"].(float64); ok && float64(len(in.Options)) > most {
		return fmt.Errorf("too much is chosen in %s", str(e, "action_id"))
	}
	return nil
}

// errTrouble is what a person sees when an answer makes no sense.
var errTrouble = errors.New("we had some trouble connecting")

func (w *Workspace) applyAnswer(user, viewID string, answer []byte) (Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var a struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if answer = bytes.TrimSpace(answer); len(answer) > 0 && json.Unmarshal(answer, &a) != nil {
		return Outcome{}, errTrouble
	}
	out := Outcome{Action: a.Action, Errors: a.Errors}
	depth := len(w.modals[user])
	if depth == 0 || w.modals[user][depth-1].ID != viewID {
		return out, nil // it was closed or covered meanwhile
	}
	v := w.modals[user][depth-1]
	switch a.Action {
	case "":
		w.forget(user, depth-1)
	case "clear":
		w.forget(user, 0)
	case "errors":
		if len(a.Errors) == 0 || !onlyInputs(v, a.Errors) {
			w.violate("view_submission", "errors for blocks that are no inputs")
			return out, errTrouble
		}
	case "update", "push":
		next, err := w.readView("view_submission", a.View, "modal")
		if err != nil {
			return out, fmt.Errorf("%w: %w", errTrouble, err)
		}
		if a.Action == "update" {
			w.replaceView(v, next)
			return out, nil
		}
		return out, w.pushView(user, next)
	default:
		return out, errTrouble
	}
	return out, nil
}

func onlyInputs(v *view, problems map[string]string) bool {
	known := map[string]bool{}
	for _, b := range v.blocks {
		known[str(b, "block_id")] = str(b, "type") == "input"
	}
	for id := range problems {
		if !known[id] {
			return false
		}
	}
	return true
}

// CloseView lets a user close the view on top; the app hears of it if it asked
// to.
func (w *Workspace) CloseView(ctx context.Context, user, viewID string) error {
	w.mu.Lock()
	v, err := w.onTop(user, viewID)
	if err != nil {
		w.mu.Unlock()
		return err
	}
	keep := len(w.modals[user]) - 1
	if v.flag("clear_on_close") {
		keep = 0
	}
	payload := w.payload("view_closed", user, nil)
	payload["view"], payload["is_cleared"] = w.wireView(v, nil), keep == 0 && len(w.modals[user]) > 1
	delete(payload, "trigger_id")
	w.forget(user, keep)
	w.mu.Unlock()
	if !v.flag("notify_on_close") {
		return nil
	}
	_, err = w.interact(ctx, "view_closed", payload)
	return err
}

// ActInView lets a user press a button or choose in a menu of a view, a home
// tab included. Inputs are what the other elements hold at that moment.
func (w *Workspace) ActInView(ctx context.Context, user, viewID, actionID string, in Input, inputs map[string]Input) error {
	payload, err := w.viewActPayload(user, viewID, actionID, in, inputs)
	if err != nil {
		return err
	}
	_, err = w.interact(ctx, "block_actions", payload)
	return err
}

func (w *Workspace) viewActPayload(user, viewID, actionID string, in Input, inputs map[string]Input) (map[string]any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views[viewID]
	if v == nil || v.User != user {
		return nil, fmt.Errorf("user %s does not see view %s", user, viewID)
	}
	b, e, ok := findElement(v.blocks, actionID)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchElement, actionID)
	}
	action, err := w.actionOf(b, e, in)
	if err != nil {
		return nil, err
	}
	state, err := w.viewState(v, inputs, false)
	if err != nil {
		return nil, err
	}
	payload := w.payload("block_actions", user, v)
	payload["container"] = map[string]any{"type": "view", "view_id": v.ID}
	payload["view"], payload["actions"] = w.wireView(v, state), []any{action}
	return payload, nil
}
