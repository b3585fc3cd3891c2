package slack

import (
	"fmt"
	"slices"
	"strings"
)

// Input is what a person put into one element of a view or message.
type Input struct {
	Text    string   // of text fields; also a date or time
	Options []string // values chosen in menus, check boxes and radio buttons; ids where users or Slack channels are chosen
}

// option is an option of a menu.
type option = block

// stateOf renders what was put into an element, as actions and the state of a
// view carry it.
func (w *Workspace) stateOf(e block, in Input) (map[string]any, error) {
	kind := str(e, "type")
	out := map[string]any{"type": kind}
	chosen, err := w.chosen(e, in.Options)
	if err != nil {
		return nil, err
	}
	ids := slices.Concat([]string{}, in.Options)
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		out["value"] = nil
		if in.Text != "" {
			out["value"] = in.Text
		}
	case "static_select", "external_select", "radio_buttons", "overflow":
		out["selected_option"] = first(chosen)
	case "multi_static_select", "multi_external_select", "checkboxes":
		out["selected_options"] = chosen
	case "datepicker":
		out["selected_date"] = in.Text
	case "timepicker":
		out["selected_time"] = in.Text
	case "users_select", "channels_select", "conversations_select":
		what := strings.TrimSuffix(kind, "s_select")
		out["selected_"+what] = firstID(ids)
	case "multi_users_select", "multi_channels_select", "multi_conversations_select":
		out["selected_"+strings.TrimSuffix(strings.TrimPrefix(kind, "multi_"), "_select")] = ids
	}
	return out, nil
}

func first(chosen []option) any {
	if len(chosen) == 0 {
		return nil
	}
	return chosen[0]
}

func firstID(ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	return ids[0]
}

// chosen finds the options with these values: those of the element, those it
// was given, or those that the app last suggested for it.
func (w *Workspace) chosen(e block, values []string) ([]option, error) {
	out := []option{}
	kind := str(e, "type")
	if !strings.Contains(kind, "static_select") && !strings.Contains(kind, "external_select") &&
		kind != "checkboxes" && kind != "radio_buttons" && kind != "overflow" {
		return out, nil
	}
	known := slices.Concat(optionsOf(e), initial(e), w.choices[str(e, "action_id")])
	for _, v := range values {
		i := slices.IndexFunc(known, func(o option) bool { return str(o, "value") == v })
		if i < 0 {
			return nil, fmt.Errorf("%w: the option %q", ErrNoSuchElement, v)
		}
		out = append(out, option{"text": known[i]["text"], "value": v})
	}
	return out, nil
}

// optionsOf returns an element's options, those in groups included.
func optionsOf(e block) []option {
	out := blocksOf(e["options"])
	for _, g := range blocksOf(e["option_groups"]) {
		out = append(out, blocksOf(g["options"])...)
	}
	return out
}

// initial returns the options that an element shows as chosen before anybody
// touched it.
func initial(e block) []option {
	if o, ok := e["initial_option"].(block); ok {
		return []option{o}
	}
	return blocksOf(e["initial_options"])
}

func blocksOf(v any) []block {
	var out []block
	list, _ := v.([]any)
	for _, item := range list {
		if b, ok := item.(block); ok {
			out = append(out, b)
		}
	}
	return out
}

// untouched is the Input of an element that nobody touched.
func untouched(e block) Input {
	in := Input{Text: str(e, "initial_value")}
	if s := str(e, "initial_date") + str(e, "initial_time"); s != "" {
		in.Text = s
	}
	for _, o := range initial(e) {
		in.Options = append(in.Options, str(o, "value"))
	}
	for _, name := range []string{"initial_user", "initial_channel", "initial_conversation"} {
		if s := str(e, name); s != "" {
			in.Options = append(in.Options, s)
		}
	}
	return in
}
