package slack_test

import (
	"testing"

	slackgo "github.com/slack-go/slack"

	"madoguchi/simulator/slack"
)

func TestPressEphemeral(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("ephemeral")
	a.respond(reply(`{"response_type":"ephemeral","text":"1人","blocks":[{"type":"section","text":{"type":"plain_text","text":"花子"},
		"accessory":{"type":"button","action_id":"open:1","value":"v1","text":{"type":"plain_text","text":"スレッドを開く"}}}]}`))
	if _, err := a.space.SlashCommand(a.ctx(), "U0SATO", id, "/madoguchi", "花子"); err != nil {
		t.Fatal(err)
	}
	shown := a.space.Ephemerals("U0SATO")
	if len(shown) != 1 {
		t.Fatalf("Ephemerals = %+v", shown)
	}
	a.respond(reply(""))
	if err := a.space.PressEphemeral(a.ctx(), "U0SATO", id, shown[0].TS, "open:1"); err != nil {
		t.Fatal(err)
	}
	got := a.actions[0]
	if got.Type != slackgo.InteractionTypeBlockActions || got.Container.MessageTs != shown[0].TS || !got.Container.IsEphemeral ||
		got.Container.ChannelID != id || got.Channel.ID != id || got.Message.Timestamp != "" || got.User.ID != "U0SATO" ||
		got.TriggerID == "" || got.ResponseURL == "" {
		t.Errorf("block_actions = %+v", got)
	}
	if action := got.ActionCallback.BlockActions[0]; action.ActionID != "open:1" || action.Value != "v1" {
		t.Errorf("action = %+v", action)
	}
	if err := a.space.PressEphemeral(a.ctx(), "U0SATO", id, shown[0].TS, "nothing"); err == nil {
		t.Error("a button that is not there is pressed")
	}
	if err := a.space.PressEphemeral(a.ctx(), "U0TANAKA", id, shown[0].TS, "open:1"); err == nil {
		t.Error("somebody who does not see the message presses")
	}
}
