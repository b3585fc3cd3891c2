package slack

import (
	"strings"
	"testing"

	"madoguchi/bot"
)

// That somebody wrote to the bot itself is stored, and nothing of what they
// wrote, however Slack tells of it.
func TestDirectMessagesAreStoredWithoutWords(t *testing.T) {
	const words = `"text":"canary","blocks":[{"type":"rich_text","elements":[{"type":"text","text":"canary"}]}],` +
		`"attachments":[{"text":"canary"}],"files":[{"id":"F1","name":"canary"}]`
	for name, c := range map[string]struct {
		event, thread string
	}{
		"plain":             {`"channel_type":"im","channel":"D1"`, ""},
		"without its kind":  {`"channel":"D1"`, ""},
		"of the app's home": {`"channel_type":"app_home","channel":"D1"`, ""},
		"with a file":       {`"subtype":"file_share","channel_type":"im","channel":"D1"`, ""},
		"in a thread":       {`"channel_type":"im","channel":"D1","thread_ts":"1700000000.000100"`, "1700000000.000100"},
		"broadcast": {
			`"subtype":"thread_broadcast","channel_type":"im","channel":"D1","thread_ts":"1700000000.000100","root":{"user":"U1",` + words + `}`,
			"1700000000.000100",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			if err := s.Event(t.Context(), callback(`{"type":"message","user":"U1","ts":"1700000001.000200",`+c.event+`,`+words+`}`)); err != nil {
				t.Fatalf("Event: %v", err)
			}
			in, ev := s.one(t)
			want := bot.SlackDirect{ChannelID: "D1", TS: "1700000001.000200", ThreadTS: c.thread, UserID: "U1", UserTeam: "T1"}
			if ev.Direct == nil || *ev.Direct != want || ev.Reply != nil {
				t.Errorf("decoded to %s", asJSON(t, ev))
			}
			if strings.Contains(string(in.Raw), "canary") {
				t.Errorf("stored: %s", in.Raw)
			}
			if in.Key != "msg:T1:D1:1700000001.000200" || in.At != 1_700_000_001_000 {
				t.Errorf("stored as %q at %d", in.Key, in.At)
			}
		})
	}
}

// What no person wrote to the bot gets no answer, nor does a change of what a
// person wrote: it is not even stored.
func TestDirectMessagesThatNeedNoAnswer(t *testing.T) {
	for name, event := range map[string]string{
		"of our own": `"channel":"D1","channel_type":"im","user":"UBOT","bot_id":"B1","ts":"1700000001.000200","text":"canary"`,
		"of a bot":   `"channel":"D1","channel_type":"im","user":"U9","bot_id":"B9","app_id":"A9","ts":"1700000001.000200","text":"canary"`,
		"of Slack":   `"channel":"D1","channel_type":"im","user":"USLACKBOT","ts":"1700000001.000200","text":"canary"`,
		"unreadable": `"channel":"D1","channel_type":"im","user":"U1","ts":"soon","text":"canary"`,
		"an edit": `"subtype":"message_changed","channel":"D1","channel_type":"im","ts":"1700000002.000200",` +
			`"message":{"user":"U1","text":"canary","ts":"1700000001.000200","edited":{"user":"U1","ts":"1700000002.000000"}},"previous_message":{"user":"U1","text":"before","ts":"1700000001.000200"}`,
		"a deletion": `"subtype":"message_deleted","channel":"D1","channel_type":"im","ts":"1700000002.000200","deleted_ts":"1700000001.000200",` +
			`"previous_message":{"user":"U1","text":"canary","ts":"1700000001.000200"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			if err := s.Event(t.Context(), callback(`{"type":"message",`+event+`}`)); err != nil {
				t.Fatalf("Event: %v", err)
			}
			if got := s.stored(); len(got) != 0 {
				t.Errorf("stored %+v", got)
			}
		})
	}
}
