package slack_test

import (
	"strings"
	"testing"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"madoguchi/simulator/slack"
)

func TestIdentity(t *testing.T) {
	a := newApp(t, slack.Options{})
	who, err := a.api.AuthTestContext(a.ctx())
	if err != nil {
		t.Fatal(err)
	}
	if who.TeamID != a.space.Options().TeamID || who.UserID != "U0BOT" || who.BotID != a.space.Options().BotID {
		t.Errorf("auth.test = %+v", who)
	}
	if !strings.Contains(who.Header.Get("X-OAuth-Scopes"), "chat:write.customize") {
		t.Errorf("X-OAuth-Scopes = %q", who.Header.Get("X-OAuth-Scopes"))
	}
	if team, err := a.api.GetTeamInfoContext(a.ctx()); err != nil || team.ID != who.TeamID {
		t.Errorf("team.info = %+v, %v", team, err)
	}
}

func TestUsers(t *testing.T) {
	a := newApp(t, slack.Options{})
	a.space.AddUser(slack.User{ID: "U0GUEST", Name: "guest", Guest: true})
	u, err := a.api.GetUserByEmailContext(a.ctx(), "SATO@example.com")
	if err != nil || u.ID != "U0SATO" || u.Profile.DisplayName != "佐藤" || u.Profile.Email != "sato@example.com" {
		t.Errorf("lookupByEmail = %+v, %v", u, err)
	}
	if u, err := a.api.GetUserInfoContext(a.ctx(), "U0GUEST"); err != nil || !u.IsRestricted {
		t.Errorf("users.info of a guest = %+v, %v", u, err)
	}
	if u, err := a.api.GetUserInfoContext(a.ctx(), "U0BOT"); err != nil || !u.IsBot || u.Profile.BotID == "" {
		t.Errorf("users.info of the bot = %+v, %v", u, err)
	}
	all, err := a.api.GetUsersContext(a.ctx(), slackgo.GetUsersOptionLimit(2))
	if err != nil || len(all) != 4 {
		t.Errorf("users.list in pages gave %d users, %v; want 4", len(all), err)
	}
	_, err = a.api.GetUserInfoContext(a.ctx(), "U0NOBODY")
	wantError(t, "users.info", err, "user_not_found")
	_, err = a.api.GetUserByEmailContext(a.ctx(), "nobody@example.com")
	wantError(t, "lookupByEmail", err, "users_not_found")
	a.space.SetScopes("chat:write", "users:read")
	if u, err := a.api.GetUserInfoContext(a.ctx(), "U0SATO"); err != nil || u.Profile.Email != "" {
		t.Errorf("without users:read.email the e-mail is %q, %v", u.Profile.Email, err)
	}
}

func TestChannelNames(t *testing.T) {
	a := newApp(t, slack.Options{})
	for _, row := range []struct{ name, want string }{
		{"line-aoyama-sato", ""},
		{"line-aoyama-sato", "name_taken"},
		{"Line", "invalid_name_specials"},
		{"青山", "invalid_name_specials"},
		{"a b", "invalid_name_specials"},
		{"", "invalid_name_required"},
		{strings.Repeat("a", 80), ""},
		{strings.Repeat("a", 81), "invalid_name_maxlength"},
	} {
		_, err := a.api.CreateConversationContext(a.ctx(), slackgo.CreateConversationParams{ChannelName: row.name, IsPrivate: true})
		if row.want == "" {
			if err != nil {
				t.Errorf("create %q: %v", row.name, err)
			}
			continue
		}
		wantError(t, "create "+row.name, err, row.want)
	}
	a.space.SetBeliefs(slack.Beliefs{NonLatinNames: true})
	if _, err := a.api.CreateConversationContext(a.ctx(), slackgo.CreateConversationParams{ChannelName: "青山", IsPrivate: true}); err != nil {
		t.Errorf("create a Japanese name: %v", err)
	}
}

func TestMembership(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("members")
	_, err := a.api.InviteUsersToConversationContext(a.ctx(), id, "U0SATO")
	wantError(t, "invite a member", err, "already_in_channel")
	_, err = a.api.InviteUsersToConversationContext(a.ctx(), id, "U0NOBODY", "U0TANAKA")
	wantError(t, "invite a stranger", err, "user_not_found")
	if _, err := a.api.ForceInviteUsersToConversationContext(a.ctx(), id, "U0NOBODY", "U0TANAKA"); err != nil {
		t.Errorf("forced invitation: %v", err)
	}
	members, cursor, err := a.api.GetUsersInConversationContext(a.ctx(), &slackgo.GetUsersInConversationParameters{ChannelID: id, Limit: 2})
	if err != nil || len(members) != 2 || cursor == "" {
		t.Errorf("members, first page = %v, %q, %v", members, cursor, err)
	}
	if err := a.api.KickUserFromConversationContext(a.ctx(), id, "U0TANAKA"); err != nil {
		t.Errorf("kick: %v", err)
	}
	wantError(t, "kick a stranger", a.api.KickUserFromConversationContext(a.ctx(), id, "U0TANAKA"), "not_in_channel")
	if err := a.space.InviteUser("U0SATO", id, "U0TANAKA"); err != nil {
		t.Fatal(err)
	}
	joined := eventsOf[*slackevents.MemberJoinedChannelEvent](a)
	if len(joined) != 2 || joined[1].User != "U0TANAKA" || joined[1].Inviter != "U0SATO" || joined[1].Channel != id {
		t.Errorf("member_joined_channel = %+v", joined)
	}
	if left := eventsOf[*slackevents.MemberLeftChannelEvent](a); len(left) != 1 || left[0].User != "U0TANAKA" {
		t.Errorf("member_left_channel = %+v", left)
	}
}

// A private Slack channel that the bot is not in does not exist for it.
func TestPrivateChannelsHideFromStrangers(t *testing.T) {
	a := newApp(t, slack.Options{})
	secret, err := a.space.CreateChannel("U0SATO", "secret", true)
	if err != nil {
		t.Fatal(err)
	}
	open, err := a.space.CreateChannel("U0SATO", "open", false)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = a.api.PostMessageContext(a.ctx(), secret, text("hello"))
	wantError(t, "post to a private one", err, "channel_not_found")
	_, _, err = a.api.PostMessageContext(a.ctx(), open, text("hello"))
	wantError(t, "post to a public one", err, "not_in_channel")
	if _, err := a.space.Reply("U0SATO", secret, "", "hidden"); err != nil {
		t.Fatal(err)
	}
	if got := a.messages(); len(got) != 0 {
		t.Errorf("events of a Slack channel without the bot: %d", len(got))
	}
	if err := a.space.InviteUser("U0SATO", secret, "U0BOT"); err != nil {
		t.Fatal(err)
	}
	list, _, err := a.api.GetConversationsContext(a.ctx(), &slackgo.GetConversationsParameters{Types: []string{"private_channel"}})
	if err != nil || len(list) != 1 || list[0].ID != secret || !list[0].IsPrivate || !list[0].IsMember || list[0].Creator != "U0SATO" {
		t.Errorf("conversations.list = %+v, %v", list, err)
	}
	a.post(secret, text("now"))
	if err := a.space.Kick("U0SATO", secret, "U0BOT"); err != nil {
		t.Fatal(err)
	}
	if left := eventsOf[*slackevents.GroupLeftEvent](a); len(left) != 1 || left[0].Channel != secret {
		t.Errorf("group_left = %+v", left)
	}
}

func TestArchive(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("archive")
	ts := a.post(id, text("before"))
	if err := a.space.ArchiveChannel("U0SATO", id); err != nil {
		t.Fatal(err)
	}
	_, _, err := a.api.PostMessageContext(a.ctx(), id, text("after"))
	wantError(t, "post", err, "is_archived")
	wantError(t, "react", a.api.AddReactionContext(a.ctx(), "x", slackgo.NewRefToMessage(id, ts)), "is_archived")
	wantError(t, "unarchive", a.api.UnArchiveConversationContext(a.ctx(), id), "not_in_channel")
	wantError(t, "archive", a.api.ArchiveConversationContext(a.ctx(), id), "already_archived")
	info, err := a.api.GetConversationInfoContext(a.ctx(), &slackgo.GetConversationInfoInput{ChannelID: id})
	if err != nil || !info.IsArchived {
		t.Errorf("info = %+v, %v", info, err)
	}
	if got := eventsOf[*slackevents.GroupArchiveEvent](a); len(got) != 1 || got[0].Channel != id {
		t.Errorf("group_archive = %+v", got)
	}
}

func TestRoomChanges(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("changes")
	if _, err := a.api.RenameConversationContext(a.ctx(), id, "changed"); err != nil {
		t.Fatal(err)
	}
	if ch, err := a.api.SetTopicOfConversationContext(a.ctx(), id, "青山"); err != nil || ch.Topic.Value != "青山" {
		t.Errorf("setTopic = %+v, %v", ch, err)
	}
	if got := eventsOf[*slackevents.GroupRenameEvent](a); len(got) != 1 || got[0].Channel.Name != "changed" {
		t.Errorf("group_rename = %+v", got)
	}
	if err := a.space.Share(id, "T0OTHER"); err != nil {
		t.Fatal(err)
	}
	if got := eventsOf[*slackevents.ChannelSharedEvent](a); len(got) != 1 || got[0].ConnectedTeamID != "T0OTHER" {
		t.Errorf("channel_shared = %+v", got)
	}
	a.forget()
	if _, err := a.space.Reply("U0SATO", id, "", "hello"); err != nil {
		t.Fatal(err)
	}
	if got := a.drained(); len(got) != 1 || !got[0].outer.IsExtSharedChannel {
		t.Errorf("an event of a shared Slack channel = %+v", got)
	}
	if err := a.space.MakePublic("U0SATO", id); err != nil {
		t.Fatal(err)
	}
	info, err := a.api.GetConversationInfoContext(a.ctx(), &slackgo.GetConversationInfoInput{ChannelID: id})
	wantError(t, "info of a public Slack channel", err, "missing_scope")
	if info != nil && info.ID != "" {
		t.Errorf("info = %+v", info)
	}
	if ch, ok := a.space.Channel("changed"); !ok || ch.Private || len(ch.Shared) != 1 {
		t.Errorf("Channel = %+v, %v", ch, ok)
	}
}

func TestRoomsComeAndGo(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("rooms")
	for _, err := range []error{
		a.space.RenameChannel(id, "renamed"),
		a.space.Share(id, "T0OTHER"),
		a.space.Unshare(id, "T0OTHER"),
		a.space.ArchiveChannel("U0SATO", id),
		a.space.UnarchiveChannel("U0SATO", id),
		a.space.InviteUser("U0SATO", id, "U0TANAKA"),
		a.space.Leave("U0TANAKA", id),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	moved, err := a.space.ChangeChannelID(id)
	if err != nil {
		t.Fatal(err)
	}
	if got := eventsOf[*slackevents.ChannelIDChangedEvent](a); len(got) != 1 || got[0].OldChannelID != id || got[0].NewChannelID != moved {
		t.Errorf("channel_id_changed = %+v", got)
	}
	a.post(moved, text("here"))
	if err := a.space.DeleteChannel(moved); err != nil {
		t.Fatal(err)
	}
	if got := eventsOf[*slackevents.GroupDeletedEvent](a); len(got) != 1 || got[0].Channel != moved {
		t.Errorf("group_deleted = %+v", got)
	}
	if got := eventsOf[*slackevents.ChannelUnsharedEvent](a); len(got) != 1 || got[0].IsExtShared {
		t.Errorf("channel_unshared = %+v", got)
	}
	if got := a.space.Channels(); len(got) != 0 {
		t.Errorf("Channels = %+v", got)
	}
}

func TestEmitAndShortcut(t *testing.T) {
	a := newApp(t, slack.Options{})
	a.space.Emit("team_rename", "", []byte(`{"type":"team_rename","name":"new"}`))
	if got := a.drained(); len(got) != 1 || got[0].outer.InnerEvent.Type != "team_rename" {
		t.Errorf("events = %+v", got)
	}
	if err := a.space.Shortcut(a.ctx(), "U0SATO", "queue"); err != nil {
		t.Fatal(err)
	}
	if got := a.actions[0]; got.Type != slackgo.InteractionTypeShortcut || got.CallbackID != "queue" || got.Channel.ID != "" {
		t.Errorf("shortcut = %+v", got)
	}
	id := a.room("unreact")
	ts := a.post(id, text("x"))
	if err := a.space.React("U0SATO", id, ts, "eyes"); err != nil {
		t.Fatal(err)
	}
	if err := a.space.Unreact("U0SATO", id, ts, "eyes"); err != nil {
		t.Fatal(err)
	}
	if got := eventsOf[*slackevents.ReactionRemovedEvent](a); len(got) != 1 || got[0].Reaction != "eyes" || got[0].Item.Timestamp != ts {
		t.Errorf("reaction_removed = %+v", got)
	}
	if got := a.space.Users(); len(got) != 3 {
		t.Errorf("Users = %+v", got)
	}
}

func TestDirectMessage(t *testing.T) {
	a := newApp(t, slack.Options{})
	ch, _, already, err := a.api.OpenConversationContext(a.ctx(), &slackgo.OpenConversationParameters{Users: []string{"U0SATO"}, ReturnIM: true})
	if err != nil || already || ch.User != "U0SATO" || !ch.IsIM {
		t.Fatalf("conversations.open = %+v, %v, %v", ch, already, err)
	}
	a.post("U0SATO", text("by user id"))
	id, _, err := a.space.Direct("U0SATO", "hello")
	if err != nil || id != ch.ID {
		t.Errorf("Direct went to %s, %v; want %s", id, err, ch.ID)
	}
	got := a.messages()
	if len(got) != 2 || !got[1].IsIM() || got[1].Text != "hello" {
		t.Errorf("message.im = %+v", got)
	}
}
