package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Shown is what a slash command was answered with.
type Shown struct {
	InChannel bool // for everybody; else only the user sees it
	Text      string
	Blocks    json.RawMessage
}

// SlashCommand lets a user give a command ("/madoguchi") in a Slack channel,
// which is never inside a thread, and returns the app's answer at once. A
// later one comes as a message or an Ephemeral.
func (w *Workspace) SlashCommand(ctx context.Context, user, channelID, command, text string) (Shown, error) {
	body, err := w.commandBody(user, channelID, command, text)
	if err != nil {
		return Shown{}, err
	}
	answer, err := w.request(ctx, outgoing{kind: KindCommand, name: command, body: body})
	if err != nil {
		return Shown{}, err
	}
	return w.show(user, channelID, answer)
}

func (w *Workspace) commandBody(user, channelID, command, text string) (json.RawMessage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, u, err := w.present(user, channelID)
	if err != nil {
		return nil, err
	}
	if err := w.need("commands"); err != nil {
		return nil, errors.New("the app is not allowed to have commands")
	}
	body, err := json.Marshal(map[string]string{
		"token": "simulated-verification-token", "team_id": w.opts.TeamID, "team_domain": w.opts.Domain,
		"channel_id": ch.id, "channel_name": channelName(ch), "user_id": u.ID, "user_name": u.Name,
		"command": command, "text": text, "api_app_id": w.opts.AppID, "is_enterprise_install": "false",
		"response_url": w.newResponseURL(ch, u.ID, nil), "trigger_id": w.newTrigger(u.ID, nil),
	})
	if err != nil {
		return nil, fmt.Errorf("encode a command: %w", err)
	}
	return body, nil
}

func (w *Workspace) show(user, channelID string, answer []byte) (Shown, error) {
	answer = bytes.TrimSpace(answer)
	if len(answer) == 0 || string(answer) == "null" {
		return Shown{}, nil
	}
	var a responseBody
	if answer[0] != '{' {
		a.Text = string(answer)
	} else if json.Unmarshal(answer, &a) != nil {
		return Shown{}, errTrouble
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channels[channelID]
	if ch == nil {
		return Shown{}, errors.New("there is no such Slack channel")
	}
	blocks, err := w.respond(ch, user, nil, a)
	if err != nil {
		return Shown{}, err
	}
	return Shown{InChannel: a.Type == "in_channel", Text: a.Text, Blocks: blocks}, nil
}
