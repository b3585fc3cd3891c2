package slack_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	"madoguchi/simulator/slack"
)

func TestPostInThread(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("thread")
	root := a.post(id, text("card"))
	_, ts, m, err := a.api.PostMessageWithResponseContext(a.ctx(), id, text("こんにちは"), slackgo.MsgOptionTS(root),
		slackgo.MsgOptionUsername("花子"), slackgo.MsgOptionIconURL("https://example.com/h.png"),
		slackgo.MsgOptionMetadata(slackgo.SlackMetadata{EventType: "post", EventPayload: map[string]any{"call": "c1"}}))
	if err != nil || m.ThreadTimestamp != root || m.Metadata.EventPayload["call"] != "c1" {
		t.Fatalf("postMessage = %+v, %v", m, err)
	}
	if ts <= root {
		t.Errorf("ts %s does not follow %s", ts, root)
	}
	thread := a.space.Thread(id, root)
	if len(thread) != 2 || thread[0].ReplyCount != 1 || thread[1].Username != "花子" || thread[1].IconURL == "" {
		t.Errorf("Thread = %+v", thread)
	}
	got := a.messages()
	if len(got) != 2 {
		t.Fatalf("%d events of our own posts, want 2", len(got))
	}
	reply := got[1]
	if got[0].TimeStamp == ts {
		reply = got[0]
	}
	if reply.BotID == "" || reply.SubType != slackgo.MsgSubTypeBotMessage || reply.Username != "花子" ||
		reply.ThreadTimeStamp != root || reply.Message.Metadata.EventPayload["call"] != "c1" {
		t.Errorf("the event of our own post = %+v", reply)
	}
	a.space.SetBeliefs(slack.Beliefs{EchoWithoutMetadata: true, CustomNameWithoutSubtype: true})
	a.forget()
	a.post(id, text("x"), slackgo.MsgOptionUsername("花子"), slackgo.MsgOptionMetadata(slackgo.SlackMetadata{EventType: "post", EventPayload: map[string]any{"call": "c2"}}))
	got = a.messages()
	if len(got) != 1 || got[0].SubType != "" || got[0].User != "U0BOT" || got[0].Message.Metadata.EventType != "" {
		t.Errorf("with the other beliefs the event is %+v", got[0])
	}
}

// A reply to a post that is gone is accepted and leaks into the open.
func TestReplyToDeletedRoot(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("gone")
	root := a.post(id, text("card"))
	if err := a.space.Delete("U0SATO", id, root); err != nil {
		t.Fatal(err)
	}
	_, _, m, err := a.api.PostMessageWithResponseContext(a.ctx(), id, text("hello"), slackgo.MsgOptionTS(root))
	if err != nil || m.ThreadTimestamp != "" {
		t.Errorf("a reply to a deleted post = %+v, %v", m, err)
	}
	a.space.SetBeliefs(slack.Beliefs{UnknownThreadRefused: true})
	_, _, err = a.api.PostMessageContext(a.ctx(), id, text("hello"), slackgo.MsgOptionTS(root))
	wantError(t, "a reply to a deleted post", err, "thread_not_found")
}

func TestTombstone(t *testing.T) {
	for _, row := range []struct {
		name    string
		beliefs slack.Beliefs
		subtype string
		thread  bool
	}{
		{"tombstone", slack.Beliefs{}, "message_changed", false},
		{"tombstone that keeps its thread", slack.Beliefs{TombstoneKeepsThread: true}, "message_changed", true},
		{"no tombstone", slack.Beliefs{NoTombstone: true}, "message_deleted", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newApp(t, slack.Options{Beliefs: row.beliefs})
			id := a.room("tomb")
			root := a.post(id, text("card"))
			a.post(id, text("reply"), slackgo.MsgOptionTS(root))
			a.forget()
			if _, _, err := a.api.DeleteMessageContext(a.ctx(), id, root); err != nil {
				t.Fatal(err)
			}
			got := a.messages()
			if len(got) != 1 || got[0].SubType != row.subtype || got[0].PreviousMessage.Text != "card" {
				t.Fatalf("the event = %+v", got)
			}
			if row.subtype == "message_changed" && got[0].Message.SubType != "tombstone" {
				t.Errorf("the changed message = %+v", got[0].Message)
			}
			_, _, m, err := a.api.PostMessageWithResponseContext(a.ctx(), id, text("more"), slackgo.MsgOptionTS(root))
			if err != nil || (m.ThreadTimestamp != "") != row.thread {
				t.Errorf("a further reply stands in thread %q, %v", m.ThreadTimestamp, err)
			}
		})
	}
}

func TestUpdateAndDelete(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("update")
	ts := a.post(id, text("one"))
	theirs, err := a.space.Reply("U0SATO", id, "", "mine")
	if err != nil {
		t.Fatal(err)
	}
	a.forget()
	if _, _, _, err := a.api.UpdateMessageContext(a.ctx(), id, ts, text("two")); err != nil {
		t.Fatal(err)
	}
	got := a.messages()
	if len(got) != 1 || got[0].SubType != "message_changed" || got[0].Message.Text != "two" ||
		got[0].PreviousMessage.Text != "one" || got[0].Message.BotID == "" || got[0].User != "" {
		t.Errorf("message_changed = %+v", got)
	}
	_, _, _, err = a.api.UpdateMessageContext(a.ctx(), id, theirs, text("two"))
	wantError(t, "update", err, "cant_update_message")
	_, _, err = a.api.DeleteMessageContext(a.ctx(), id, theirs)
	wantError(t, "delete", err, "cant_delete_message")
	_, _, err = a.api.DeleteMessageContext(a.ctx(), id, "1.000001")
	wantError(t, "delete", err, "message_not_found")
	if _, _, err := a.api.DeleteMessageContext(a.ctx(), id, ts); err != nil {
		t.Fatal(err)
	}
	got = a.messages()
	if len(got) != 2 || got[1].SubType != "message_deleted" || got[1].DeletedTimeStamp != ts || got[1].TimeStamp == ts {
		t.Errorf("message_deleted = %+v", got[1])
	}
	if m, ok := a.space.Message(id, ts); !ok || !m.Deleted || m.Text != "" {
		t.Errorf("the deleted message = %+v", m)
	}
}

func TestTextLimits(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("text")
	_, _, err := a.api.PostMessageContext(a.ctx(), id, text(" "))
	wantError(t, "an empty post", err, "no_text")
	ts := a.post(id, text(strings.Repeat("あ", 40001)))
	if m, _ := a.space.Message(id, ts); len([]rune(m.Text)) != 40000 {
		t.Errorf("a long text keeps %d characters", len([]rune(m.Text)))
	}
	if v := a.space.Violations(); len(v) != 1 {
		t.Errorf("Violations = %+v", v)
	}
}

func TestRateOfAChannel(t *testing.T) {
	now := newClock()
	a := newApp(t, slack.Options{ChannelRate: 1, Clock: now.now})
	id := a.room("rate")
	other := a.room("other")
	for range 5 {
		a.post(id, text("burst"))
	}
	_, _, err := a.api.PostMessageContext(a.ctx(), id, text("one too many"))
	limit, ok := errors.AsType[*slackgo.RateLimitedError](err)
	if !ok || limit.RetryAfter != time.Second {
		t.Fatalf("the sixth post: %v", err)
	}
	a.post(other, text("another Slack channel has its own rate"))
	if _, _, _, err := a.api.UpdateMessageContext(a.ctx(), id, a.space.Messages(id)[2].TS, text("edits are not counted")); err != nil {
		t.Errorf("update: %v", err)
	}
	now.pass(time.Second)
	a.post(id, text("a second later"))
}

// ts grows even while the clock stands still.
func TestTimestampsGrow(t *testing.T) {
	now := time.Unix(1760000000, 0)
	w := slack.New(slack.Options{Clock: func() time.Time { return now }})
	defer w.Close()
	w.AddUser(slack.User{ID: "U1", Name: "a"})
	id, err := w.CreateChannel("U1", "clock", true)
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for range 100 {
		ts, err := w.PostRaw("U1", id, "", "x")
		if err != nil || ts <= last {
			t.Fatalf("ts %q after %q, %v", ts, last, err)
		}
		last = ts
	}
}

func TestReactions(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("react")
	ref := slackgo.NewRefToMessage(id, a.post(id, text("hello")))
	if err := a.api.AddReactionContext(a.ctx(), "white_check_mark", ref); err != nil {
		t.Fatal(err)
	}
	wantError(t, "again", a.api.AddReactionContext(a.ctx(), "white_check_mark", ref), "already_reacted")
	wantError(t, "remove another", a.api.RemoveReactionContext(a.ctx(), "x", ref), "no_reaction")
	wantError(t, "a bad name", a.api.AddReactionContext(a.ctx(), "✅", ref), "invalid_name")
	if err := a.space.React("U0SATO", id, ref.Timestamp, "white_check_mark"); err != nil {
		t.Fatal(err)
	}
	item, err := a.api.GetReactionsContext(a.ctx(), ref, slackgo.NewGetReactionsParameters())
	if err != nil || len(item.Reactions) != 1 || item.Reactions[0].Count != 2 {
		t.Errorf("reactions.get = %+v, %v", item.Reactions, err)
	}
	if err := a.api.RemoveReactionContext(a.ctx(), "white_check_mark", ref); err != nil {
		t.Error(err)
	}
	if m, _ := a.space.Message(id, ref.Timestamp); len(m.Reactions) != 1 || m.Reactions[0].Users[0] != "U0SATO" {
		t.Errorf("Reactions = %+v", m.Reactions)
	}
}

func TestHistoryAndReplies(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("history")
	root := a.post(id, text("card"))
	var first string
	for i := range 5 {
		ts := a.post(id, text("reply"), slackgo.MsgOptionTS(root), slackgo.MsgOptionMetadata(slackgo.SlackMetadata{
			EventType: "post", EventPayload: map[string]any{"n": i},
		}))
		if i == 0 {
			first = ts
		}
	}
	got, more, cursor, err := a.api.GetConversationRepliesContext(a.ctx(), &slackgo.GetConversationRepliesParameters{
		ChannelID: id, Timestamp: root, Limit: 4, IncludeAllMetadata: true,
	})
	if err != nil || len(got) != 4 || !more || got[0].Timestamp != root || got[1].Metadata.EventType != "post" {
		t.Fatalf("the first page of replies: %d, %v, %v", len(got), more, err)
	}
	got, more, _, err = a.api.GetConversationRepliesContext(a.ctx(), &slackgo.GetConversationRepliesParameters{
		ChannelID: id, Timestamp: root, Limit: 4, Cursor: cursor,
	})
	if err != nil || len(got) != 2 || more || got[1].Metadata.EventType != "" {
		t.Errorf("the second page of replies: %+v, %v, %v", got, more, err)
	}
	got, _, _, err = a.api.GetConversationRepliesContext(a.ctx(), &slackgo.GetConversationRepliesParameters{
		ChannelID: id, Timestamp: root, Oldest: first,
	})
	if err != nil || len(got) != 5 {
		t.Errorf("replies after the first: %d, %v", len(got), err)
	}
	history, err := a.api.GetConversationHistoryContext(a.ctx(), &slackgo.GetConversationHistoryParameters{ChannelID: id, Limit: 1})
	if err != nil || len(history.Messages) != 1 || history.Messages[0].Timestamp != root || !history.HasMore {
		t.Errorf("history = %+v, %v", history, err)
	}
	_, _, _, err = a.api.GetConversationRepliesContext(a.ctx(), &slackgo.GetConversationRepliesParameters{ChannelID: id, Timestamp: "1.000001"})
	wantError(t, "replies", err, "thread_not_found")
	a.space.SetBeliefs(slack.Beliefs{RepliesRefused: true})
	_, _, _, err = a.api.GetConversationRepliesContext(a.ctx(), &slackgo.GetConversationRepliesParameters{ChannelID: id, Timestamp: root})
	wantError(t, "replies", err, "not_allowed_token_type")
}

func TestPermalinkPinsAndBookmarks(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("links")
	root := a.post(id, text("card"))
	ts := a.post(id, text("reply"), slackgo.MsgOptionTS(root))
	link, err := a.api.GetPermalinkContext(a.ctx(), &slackgo.PermalinkParameters{Channel: id, Ts: ts})
	if err != nil || !strings.Contains(link, "/archives/"+id+"/p"+strings.ReplaceAll(ts, ".", "")) || !strings.Contains(link, "thread_ts="+root) {
		t.Errorf("permalink = %q, %v", link, err)
	}
	ref := slackgo.NewRefToMessage(id, root)
	if err := a.api.AddPinContext(a.ctx(), id, ref); err != nil {
		t.Error(err)
	}
	wantError(t, "pin again", a.api.AddPinContext(a.ctx(), id, ref), "already_pinned")
	mark, err := a.api.AddBookmarkContext(a.ctx(), id, slackgo.AddBookmarkParameters{Title: "help", Type: "link", Link: "https://example.com"})
	if err != nil || mark.Title != "help" {
		t.Errorf("bookmark = %+v, %v", mark, err)
	}
	if _, err := a.api.PostEphemeralContext(a.ctx(), id, "U0SATO", text("only you")); err != nil {
		t.Error(err)
	}
	if got := a.space.Ephemerals("U0SATO"); len(got) != 1 || got[0].Text != "only you" {
		t.Errorf("Ephemerals = %+v", got)
	}
	_, err = a.api.PostEphemeralContext(a.ctx(), id, "U0TANAKA", text("only you"))
	wantError(t, "ephemeral", err, "user_not_in_channel")
}

func TestBlockLimits(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("blocks")
	section := func(n int) slackgo.Block {
		return slackgo.NewSectionBlock(slackgo.NewTextBlockObject("mrkdwn", strings.Repeat("あ", n), false, false), nil, nil)
	}
	button := func(label, value string) *slackgo.ButtonBlockElement {
		return slackgo.NewButtonBlockElement("act", value, slackgo.NewTextBlockObject("plain_text", label, false, false))
	}
	header := func(n int) slackgo.Block {
		return slackgo.NewHeaderBlock(slackgo.NewTextBlockObject("plain_text", strings.Repeat("x", n), false, false))
	}
	many := func(n int) []slackgo.Block {
		var out []slackgo.Block
		for range n {
			out = append(out, slackgo.NewDividerBlock())
		}
		return out
	}
	for _, row := range []struct {
		name   string
		blocks []slackgo.Block
		want   string
	}{
		{"50 blocks", many(50), ""},
		{"51 blocks", many(51), "invalid_blocks"},
		{"a section of 3,000", []slackgo.Block{section(3000)}, ""},
		{"a section of 3,001", []slackgo.Block{section(3001)}, "invalid_blocks"},
		{"an empty section", []slackgo.Block{section(0)}, "invalid_blocks"},
		{"five sections of 3,000", []slackgo.Block{section(3000), section(3000), section(3000), section(3000), section(3000)}, "msg_blocks_too_long"},
		{"a header of 150", []slackgo.Block{header(150)}, ""},
		{"a header of 151", []slackgo.Block{header(151)}, "invalid_blocks"},
		{"a button of 75", []slackgo.Block{slackgo.NewActionBlock("", button(strings.Repeat("x", 75), "v"))}, ""},
		{"a button of 76", []slackgo.Block{slackgo.NewActionBlock("", button(strings.Repeat("x", 76), "v"))}, "invalid_blocks"},
		{"a value of 2,001", []slackgo.Block{slackgo.NewActionBlock("", button("x", strings.Repeat("v", 2001)))}, "invalid_blocks"},
		{"two buttons of one id", []slackgo.Block{slackgo.NewActionBlock("", button("a", "1"), button("b", "2"))}, "invalid_blocks"},
		{"two blocks of one id", []slackgo.Block{slackgo.NewActionBlock("b", button("a", "1")), slackgo.NewActionBlock("b", button("b", "2"))}, "invalid_blocks"},
		{"an image without words", []slackgo.Block{slackgo.NewImageBlock("https://example.com/a.png", "a picture", "", nil)}, ""},
		{"an image of a file that is not there", []slackgo.Block{slackgo.NewImageBlockSlackFile(&slackgo.SlackFileObject{ID: "F0"}, "a picture", "", nil)}, "invalid_blocks"},
		{"a select without options", []slackgo.Block{slackgo.NewActionBlock("", slackgo.NewOptionsSelectBlockElement("static_select", nil, "s"))}, "invalid_blocks"},
	} {
		_, _, err := a.api.PostMessageContext(a.ctx(), id, text("x"), slackgo.MsgOptionBlocks(row.blocks...))
		if row.want == "" {
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		wantError(t, row.name, err, row.want)
	}
	ts := a.post(id, text("x"), slackgo.MsgOptionBlocks(slackgo.NewActionBlock("", button("a", "1"))))
	m, _ := a.space.Message(id, ts)
	if got := slack.Buttons(m.Blocks); len(got) != 1 || got[0].BlockID == "" || got[0].Label != "a" || got[0].Value != "1" {
		t.Errorf("Buttons = %+v", got)
	}
}

func TestUnknownBlockType(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("unknown")
	body, err := json.Marshal(map[string]any{"channel": id, "text": "x", "blocks": []any{map[string]any{"type": "alert"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.call("chat.postMessage", "application/json; charset=utf-8", string(body), a.space.Options().BotToken); got["error"] != "invalid_blocks" {
		t.Errorf("an alert block: %v", got)
	}
}
