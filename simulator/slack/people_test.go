package slack_test

import (
	"strings"
	"testing"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"madoguchi/simulator/slack"
)

func TestReplyAsTyped(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("typed")
	root := a.post(id, text("card"))
	a.forget()
	for _, row := range []struct{ typed, want string }{
		{"1 < 2 && 3 > 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"},
		{"<!channel>", "&lt;!channel&gt;"},
		{"見て https://example.com/?a=1&b=2 です", "見て <https://example.com/?a=1&amp;b=2> です"},
		{"to a@example.com", "to <mailto:a@example.com|a@example.com>"},
		{"@田中 お願い @誰か", "<@U0TANAKA> お願い @誰か"},
		{"ありがとう😀", "ありがとう:grinning:"},
		{"5時 #3 ©", "5時 #3 ©"},
		{"👨‍👩‍👧 家族", ":family_mwg: 家族"},
		{"👍🏽", ":+1::skin-tone-4:"},
	} {
		ts, err := a.space.Reply("U0SATO", id, root, row.typed)
		if err != nil {
			t.Fatal(err)
		}
		got := a.messages()
		last := got[len(got)-1]
		if last.TimeStamp != ts || last.Text != row.want || last.ThreadTimeStamp != root || last.User != "U0SATO" ||
			last.ChannelType != "group" || last.ClientMsgID == "" || last.Message.ParentUserId != "U0BOT" {
			t.Errorf("Reply(%q) = %+v, want the text %q", row.typed, last, row.want)
		}
		if len(last.Blocks.BlockSet) != 1 || last.Blocks.BlockSet[0].BlockType() != slackgo.MBTRichText {
			t.Errorf("Reply(%q) has the blocks %+v", row.typed, last.Blocks)
		}
	}
}

func TestBroadcastEditDelete(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("people")
	root := a.post(id, text("card"))
	a.forget()
	ts, err := a.space.Broadcast("U0SATO", id, root, "all of you")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.space.Unfurl(id, ts); err != nil {
		t.Fatal(err)
	}
	if err := a.space.Edit("U0SATO", id, ts, "changed"); err != nil {
		t.Fatal(err)
	}
	if err := a.space.Edit("U0TANAKA", id, ts, "changed"); err == nil {
		t.Error("a stranger edits")
	}
	if err := a.space.Delete("U0SATO", id, ts); err != nil {
		t.Fatal(err)
	}
	bySubtype := map[string]*slackevents.MessageEvent{}
	var unfurled bool
	for _, m := range a.messages() {
		if m.SubType == "message_changed" && m.Message.Edited == nil {
			unfurled = m.Message.Text == m.PreviousMessage.Text
			continue
		}
		bySubtype[m.SubType] = m
	}
	if m := bySubtype["thread_broadcast"]; m == nil || m.Root == nil || m.Root.Timestamp != root || m.Root.ReplyCount != 1 {
		t.Errorf("thread_broadcast = %+v", m)
	}
	if m := bySubtype["message_changed"]; m == nil || m.Message.Edited.User != "U0SATO" || m.Message.Text != "changed" || m.Message.ThreadTimestamp != root {
		t.Errorf("message_changed = %+v", m)
	}
	if !unfurled {
		t.Error("the preview of a link came without an event that changes nothing")
	}
	if m := bySubtype["message_deleted"]; m == nil || m.DeletedTimeStamp != ts || m.PreviousMessage.ThreadTimestamp != root {
		t.Errorf("message_deleted = %+v", m)
	}
}

func TestOtherWriters(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("writers")
	a.space.AddUser(slack.User{ID: "U0OTHERBOT", Name: "other", Bot: true})
	a.space.AddUser(slack.User{ID: "U0FOREIGN", Name: "foreign", TeamID: "T0OTHER"})
	for _, user := range []string{"U0OTHERBOT", "U0FOREIGN"} {
		if err := a.space.InviteUser("U0SATO", id, user); err != nil {
			t.Fatal(err)
		}
	}
	a.forget()
	if _, err := a.space.PostRaw("U0OTHERBOT", id, "", "from a bot"); err != nil {
		t.Fatal(err)
	}
	if got := a.messages(); got[0].BotID != "B0OTHERBOT" || got[0].Text != "from a bot" {
		t.Errorf("another bot's message = %+v", got[0])
	}
	if _, err := a.space.Reply("U0FOREIGN", id, "", "from outside"); err != nil {
		t.Fatal(err)
	}
	if got := a.messages(); got[1].UserTeam != "T0OTHER" {
		t.Errorf("a foreigner's message = %+v", got[1])
	}
	if _, err := a.space.Reply("U0TANAKA", id, "", "not a member"); err == nil {
		t.Error("somebody who is not in the Slack channel writes in it")
	}
	ts, err := a.space.ShareFiles("U0SATO", id, "", "見積です", slack.Attachment{Name: "見積.pdf", Data: []byte("%PDF-1.4")})
	if err != nil {
		t.Fatal(err)
	}
	got := a.messages()
	last := got[len(got)-1]
	if last.TimeStamp != ts || last.SubType != "file_share" || last.ClientMsgID != "" || last.Message.Files[0].Name != "見積.pdf" {
		t.Errorf("file_share = %+v", last)
	}
}

func TestDeactivation(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("leaver")
	if err := a.space.DeactivateUser("U0SATO"); err != nil {
		t.Fatal(err)
	}
	if got := eventsOf[*slackevents.UserChangeEvent](a); len(got) != 1 || !got[0].User.Deleted {
		t.Errorf("user_change = %+v", got)
	}
	if _, err := a.space.Reply("U0SATO", id, "", "still here"); err == nil {
		t.Error("a deactivated user writes")
	}
	if ch, _ := a.space.Channel(id); len(ch.Members) != 1 {
		t.Errorf("Members = %v", ch.Members)
	}
}

func TestButtons(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("buttons")
	root := a.post(id, text("card"))
	press := slackgo.NewButtonBlockElement("done:1", "v1", slackgo.NewTextBlockObject("plain_text", "対応済み", false, false))
	menu := slackgo.NewOptionsSelectBlockElement("static_select", nil, "menu",
		slackgo.NewOptionBlockObject("a", slackgo.NewTextBlockObject("plain_text", "A", false, false), nil))
	ts := a.post(id, text("reply"), slackgo.MsgOptionTS(root), slackgo.MsgOptionBlocks(slackgo.NewActionBlock("", press, menu)))
	if err := a.space.PressLabel(a.ctx(), "U0SATO", id, ts, "対応済み"); err != nil {
		t.Fatal(err)
	}
	if err := a.space.ChooseOption(a.ctx(), "U0SATO", id, ts, "menu", "a"); err != nil {
		t.Fatal(err)
	}
	if err := a.space.PressButton(a.ctx(), "U0SATO", id, ts, "nothing"); err == nil {
		t.Error("a button that is not there is pressed")
	}
	if err := a.space.PressButton(a.ctx(), "U0TANAKA", id, ts, "done:1"); err == nil {
		t.Error("somebody who is not in the Slack channel presses")
	}
	if len(a.actions) != 2 {
		t.Fatalf("%d interactions, want 2", len(a.actions))
	}
	got := a.actions[0]
	if got.Type != slackgo.InteractionTypeBlockActions || got.User.ID != "U0SATO" || got.Team.ID != a.space.Options().TeamID ||
		got.Container.MessageTs != ts || got.Container.ThreadTs != root || got.Container.ChannelID != id || got.Channel.ID != id ||
		got.Message.Timestamp != ts || got.TriggerID == "" || got.ResponseURL == "" {
		t.Errorf("block_actions = %+v", got)
	}
	action := got.ActionCallback.BlockActions[0]
	if action.ActionID != "done:1" || action.Value != "v1" || action.Text.Text != "対応済み" || action.ActionTs == "" || action.BlockID == "" {
		t.Errorf("action = %+v", action)
	}
	if o := a.actions[1].ActionCallback.BlockActions[0].SelectedOption; o.Value != "a" || o.Text.Text != "A" {
		t.Errorf("the chosen option = %+v", o)
	}
	options := []slackgo.MsgOption{slackgo.MsgOptionReplaceOriginal(got.ResponseURL), text("replaced")}
	if _, _, err := a.api.PostMessageContext(a.ctx(), id, options...); err != nil {
		t.Errorf("response_url: %v", err)
	}
	if m, _ := a.space.Message(id, ts); m.Text != "replaced" {
		t.Errorf("the message after the answer = %+v", m)
	}
}

func TestShortcutAndCommand(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("shortcut")
	root := a.post(id, text("card"))
	ts := a.post(id, text("reply"), slackgo.MsgOptionTS(root))
	if err := a.space.MessageShortcut(a.ctx(), "U0SATO", id, ts, "note"); err != nil {
		t.Fatal(err)
	}
	if got := a.actions[0]; got.Type != slackgo.InteractionTypeMessageAction || got.CallbackID != "note" ||
		got.Message.ThreadTimestamp != root || got.MessageTs != ts || got.Channel.ID != id {
		t.Errorf("message_action = %+v", got)
	}
	a.respond(reply(`{"response_type":"ephemeral","text":"3人"}`))
	shown, err := a.space.SlashCommand(a.ctx(), "U0SATO", id, "/madoguchi", "find 花子")
	if err != nil || shown.Text != "3人" || shown.InChannel {
		t.Errorf("SlashCommand = %+v, %v", shown, err)
	}
	if got := a.commands[0]; got.Command != "/madoguchi" || got.Text != "find 花子" || got.ChannelID != id || got.UserID != "U0SATO" {
		t.Errorf("command = %+v", got)
	}
	if got := a.space.Ephemerals("U0SATO"); len(got) != 1 || got[0].Text != "3人" {
		t.Errorf("Ephemerals = %+v", got)
	}
	a.respond(reply("plain words"))
	if shown, err := a.space.SlashCommand(a.ctx(), "U0SATO", id, "/madoguchi", ""); err != nil || shown.Text != "plain words" {
		t.Errorf("SlashCommand = %+v, %v", shown, err)
	}
	a.respond(fail)
	if _, err := a.space.SlashCommand(a.ctx(), "U0SATO", id, "/madoguchi", ""); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("an app that fails: %v", err)
	}
}
