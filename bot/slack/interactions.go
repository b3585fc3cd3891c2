package slack

import (
	"context"
	"fmt"
	"strings"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// lookTime is how long looking up what a person asks for may take, with the
// opening of the modal that shows it: a trigger id lives for three seconds, and
// Slack waits no longer for an answer.
const lookTime = 2 * time.Second

// Interaction takes in one interaction payload. The answer goes back to Slack
// with the acknowledgement; it may be nil. With an error nothing may be
// acknowledged: Slack then tells the person that it did not work.
func (r *Receiver) Interaction(ctx context.Context, payload []byte) (answer []byte, err error) {
	in, err := decodeInteraction(payload)
	if err != nil {
		return nil, r.keep(ctx, payload, err)
	}
	switch in.Type {
	case "block_actions":
		return nil, r.pressed(ctx, in, payload)
	case "view_submission":
		return r.submitted(ctx, in, payload)
	case "message_action":
		return nil, r.shortcut(ctx, in)
	case "block_suggestion":
		return r.suggest(ctx, in)
	default:
		return nil, nil
	}
}

// pressed opens the modal of a button that has one; what any other button does
// is decided when its turn comes.
func (r *Receiver) pressed(ctx context.Context, in interaction, payload []byte) error {
	press, ok := in.press()
	if !ok {
		return nil
	}
	if press.Action.Name == bot.ActTags {
		return r.openTags(ctx, in, press)
	}
	// The person, what they pressed and when: a second press is another one,
	// and what it does is guarded by the state it changes.
	where := join(press.ChannelID, press.MessageTS)
	if press.MessageTS == "" {
		where = firstOf(in.Container.ViewID, in.View.ID)
	}
	id, _ := EncodeAction(press.Action)
	return r.store(ctx, payload, bot.Incoming{
		Key:  join("act", in.team(), where, id, press.UserID, press.At),
		Lane: threadLane(in.team(), press.ChannelID, press.ThreadTS, press.MessageTS),
		At:   firstTime(r.Now().UnixMilli(), press.At),
	})
}

// submitted stores what a person sent in with a modal and lets it close.
func (r *Receiver) submitted(ctx context.Context, in interaction, payload []byte) ([]byte, error) {
	a, ok := decodeAction(in.View.Private)
	if !ok {
		return nil, nil
	}
	submit := in.submit(a)
	if a.Name == bot.ActNote && strings.TrimSpace(submit.Text) == "" {
		return encode(viewErrors{
			Action: "errors",
			Errors: map[string]string{noteField: r.words(ctx, submit.UserID, a.ChannelID).Say("slack.note.empty")},
		}), nil
	}
	lane := join("slack", in.team(), "friend", a.FriendID)
	if a.ThreadTS != "" {
		lane = threadLane(in.team(), a.ChannelID, a.ThreadTS, "")
	}
	return nil, r.store(ctx, payload, bot.Incoming{
		// A person whose submission was stored but not acknowledged in time
		// sees an error and may correct it before sending it again; the same
		// view and hash with other contents is something new.
		Key:  join("view", in.View.ID, in.View.Hash, digest(encode(submit))[:16]),
		Lane: lane,
		At:   r.Now().UnixMilli(),
	})
}

// viewErrors keeps a modal open and says beside a field what is wrong with it.
type viewErrors struct {
	Action string            `json:"response_action"`
	Errors map[string]string `json:"errors"`
}

// store accepts an interaction with its payload.
func (r *Receiver) store(ctx context.Context, payload []byte, in bot.Incoming) error {
	raw, err := stored{Kind: kindInteraction, Body: payload}.encode()
	if err != nil {
		return r.keep(ctx, payload, err)
	}
	in.Raw = raw
	return r.accept(ctx, in)
}

// openTags opens the modal of タグ, or one that says why not.
func (r *Receiver) openTags(ctx context.Context, in interaction, press bot.SlackPress) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	choices, refusal, err := r.tagChoices(ctx, in, press.Action)
	if err != nil {
		return err
	}
	modal := tagsModal(press.Action, choices)
	if refusal != nil {
		modal = refusalModal(r.words(ctx, press.UserID, press.ChannelID), refusal.Words)
	}
	return r.open(ctx, in.TriggerID, modal)
}

// tagChoices asks the desk, which knows people of our workspace only.
func (r *Receiver) tagChoices(ctx context.Context, in interaction, a bot.Action) (bot.TagChoices, *bot.Refusal, error) {
	if r.foreign(in.userTeam()) {
		w := r.words(ctx, in.User.ID, in.channel())
		return bot.TagChoices{}, &bot.Refusal{Words: w.Say("slack.foreign")}, nil
	}
	choices, refusal, err := r.Desk.TagChoices(ctx, in.User.ID, a)
	if err != nil {
		return bot.TagChoices{}, nil, fmt.Errorf("find the tags to choose from: %w", err)
	}
	return choices, refusal, nil
}

// shortcut opens the modal of a message shortcut. Whether the person may write
// the note is decided when it is sent in.
func (r *Receiver) shortcut(ctx context.Context, in interaction) error {
	if in.CallbackID != string(bot.ActNote) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	a := bot.Action{
		Name:      bot.ActNote,
		ChannelID: in.channel(),
		ThreadTS:  firstOf(in.Message.V.ThreadTS, in.Message.V.TS),
	}
	return r.open(ctx, in.TriggerID, noteModal(a, r.words(ctx, in.User.ID, a.ChannelID)))
}

func (r *Receiver) open(ctx context.Context, triggerID string, modal []byte) error {
	if err := r.Views.OpenView(ctx, triggerID, modal); err != nil {
		return fmt.Errorf("open a modal: %w", err)
	}
	return nil
}

// suggest answers a menu with what fits the letters typed so far.
func (r *Receiver) suggest(ctx context.Context, in interaction) ([]byte, error) {
	a, ok := decodeAction(in.View.Private)
	if !ok || a.Name != bot.ActTags {
		return encode(suggestions(nil, "")), nil
	}
	choices, refusal, err := r.tagChoices(ctx, in, a)
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		choices = bot.TagChoices{}
	}
	return encode(suggestions(choices.All, in.Value.V)), nil
}

// words is what the bot says, in the language of a person in a Slack channel.
func (r *Receiver) words(ctx context.Context, userID, channelID string) words.Catalogue {
	return words.In(r.Desk.Locale(ctx, userID, channelID))
}
