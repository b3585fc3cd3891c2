package slack

import (
	"encoding/json"
	"testing"

	"madoguchi/bot"
)

// A swept reply and its event are one reply.
func TestSweptHasTheKeyOfTheEvent(t *testing.T) {
	s := newStage(t)
	if err := s.Event(t.Context(), reply1("")); err != nil {
		t.Fatal(err)
	}
	in, ev := s.one(t)
	swept, err := Swept("T1", *ev.Reply, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if swept.Key != in.Key || swept.Lane != in.Lane || swept.At != in.At || swept.Source != in.Source {
		t.Errorf("Swept = %q in %q at %d, want %q in %q at %d", swept.Key, swept.Lane, swept.At, in.Key, in.Lane, in.At)
	}
	got, err := Decode(swept.Raw)
	if err != nil || got.Reply == nil || !got.Reply.Swept || got.Reply.Text != "はい" || got.TeamID != "T1" {
		t.Errorf("Decode(Swept) = %+v, %v", got, err)
	}
	if _, err := Swept("T1", bot.SlackReply{}, testNow); err == nil {
		t.Error("Swept takes a reply that stands nowhere")
	}
}

func TestReadReply(t *testing.T) {
	got, ok := readReply("T1", "C1", json.RawMessage(`{"type":"message","user":"U1","text":"&lt;b&gt;","ts":"1700000001.000200","thread_ts":"1700000000.000100"}`))
	if !ok || got.Text != "<b>" || got.ChannelID != "C1" || got.UserTeam != "T1" || got.ThreadTS != "1700000000.000100" {
		t.Errorf("readReply = %+v, %v", got, ok)
	}
	for _, raw := range []string{`{`, `{"bot_id":"B1","user":"U1","ts":"1.2"}`, `{"subtype":"group_join","user":"U1","ts":"1.2"}`, `{"user":"U1","ts":"x"}`} {
		if got, ok := readReply("T1", "C1", json.RawMessage(raw)); ok {
			t.Errorf("readReply(%s) = %+v", raw, got)
		}
	}
}
