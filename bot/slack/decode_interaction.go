package slack

import (
	"encoding/json"
	"fmt"

	"madoguchi/bot"
)

// interaction is what a press, a modal, a shortcut or a menu that wants its
// options delivers.
// https://docs.slack.dev/reference/interaction-payloads
type interaction struct {
	Type       string `json:"type"`
	CallbackID string `json:"callback_id"`
	TriggerID  string `json:"trigger_id"`
	User       struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Team      lenient[idOnly] `json:"team"` // null where the app serves an organisation
	Channel   lenient[idOnly] `json:"channel"`
	Container struct {
		MessageTS string `json:"message_ts"`
		ThreadTS  string `json:"thread_ts"`
		ChannelID string `json:"channel_id"`
		ViewID    string `json:"view_id"`
	} `json:"container"`
	Message  lenient[messagePlace] `json:"message"`
	ActionTS lenient[string]       `json:"action_ts"`
	Actions  []element             `json:"actions"`
	View     view                  `json:"view"`
	Value    lenient[string]       `json:"value"` // what was typed into a menu
}

type idOnly struct {
	ID string `json:"id"`
}

type messagePlace struct {
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts"`
}

// element is a button that was pressed or a field as it was filled in.
type element struct {
	ActionID string            `json:"action_id"`
	ActionTS string            `json:"action_ts"`
	Value    lenient[string]   `json:"value"`
	Option   lenient[option]   `json:"selected_option"`
	Options  lenient[[]option] `json:"selected_options"`
}

type option struct {
	Value string `json:"value"`
}

type view struct {
	ID         string `json:"id"`
	Hash       string `json:"hash"`
	CallbackID string `json:"callback_id"`
	Private    string `json:"private_metadata"`
	State      struct {
		Values map[string]map[string]element `json:"values"`
	} `json:"state"`
}

// field returns what was put into a field of the modal.
func (v view) field(blockID string) element {
	return v.State.Values[blockID][blockID]
}

func decodeInteraction(body []byte) (interaction, error) {
	var in interaction
	if err := json.Unmarshal(body, &in); err != nil {
		return interaction{}, fmt.Errorf("decode an interaction: %w", errUnreadable)
	}
	return in, nil
}

// decode returns an event without content for what the relay ignores.
func (in interaction) decode() bot.SlackEvent {
	out := bot.SlackEvent{TeamID: in.team()}
	switch in.Type {
	case "block_actions":
		if press, ok := in.press(); ok {
			out.Press = &press
		}
	case "view_submission":
		if a, ok := decodeAction(in.View.Private); ok {
			out.Submit = in.submit(a)
		}
	}
	return out
}

// press returns the first action of ours. Slack sends one press at a time.
func (in interaction) press() (bot.SlackPress, bool) {
	for _, e := range in.Actions {
		a, err := DecodeAction(e.ActionID, firstOf(e.Value.V, e.Option.V.Value))
		if err != nil {
			continue
		}
		ts := firstOf(in.Container.MessageTS, in.Message.V.TS)
		return bot.SlackPress{
			ChannelID: in.channel(),
			MessageTS: ts,
			ThreadTS:  firstOf(in.Container.ThreadTS, in.Message.V.ThreadTS, ts),
			UserID:    in.User.ID,
			UserTeam:  in.userTeam(),
			Action:    a,
			At:        firstOf(e.ActionTS, in.ActionTS.V),
		}, true
	}
	return bot.SlackPress{}, false
}

func (in interaction) submit(a bot.Action) *bot.SlackSubmit {
	s := bot.SlackSubmit{
		ViewID:   in.View.ID,
		UserID:   in.User.ID,
		UserTeam: in.userTeam(),
		Action:   a,
		Text:     clean(in.View.field(noteField).Value.V),
	}
	for _, o := range in.View.field(tagsField).Options.V {
		s.Chosen = append(s.Chosen, o.Value)
	}
	return &s
}

func (in interaction) team() string {
	return firstOf(in.Team.V.ID, in.User.TeamID)
}

func (in interaction) userTeam() string {
	return firstOf(in.User.TeamID, in.Team.V.ID)
}

func (in interaction) channel() string {
	return firstOf(in.Channel.V.ID, in.Container.ChannelID)
}
