package slack

import (
	"errors"
	"testing"

	"madoguchi/bot"
)

func TestActionSurvivesTheRoundTrip(t *testing.T) {
	for _, want := range []bot.Action{
		{Name: bot.ActTags, AccountID: "acc", FriendID: "fr"},
		{Name: bot.ActPushGroup, AccountID: "acc", FriendID: "fr", ReplyID: "r1", Group: "call"},
		{Name: bot.ActNote, ChannelID: "C1", ThreadTS: "1.2"},
	} {
		id, value := EncodeAction(want)
		if len(id) > 255 || len(value) > 2000 {
			t.Errorf("EncodeAction(%+v) is longer than Slack takes: %d, %d", want, len(id), len(value))
		}
		got, err := DecodeAction(id, value)
		if err != nil || got != want {
			t.Errorf("DecodeAction(EncodeAction(%+v)) = %+v, %v", want, got, err)
		}
	}
}

func TestActionIDsOfOneMessageDiffer(t *testing.T) {
	a, _ := EncodeAction(bot.Action{Name: bot.ActResend, ReplyID: "r1"})
	b, _ := EncodeAction(bot.Action{Name: bot.ActResend, ReplyID: "r2"})
	if a == b {
		t.Errorf("two replies share the action id %q", a)
	}
}

func TestDecodeActionRefusesWhatIsNotOurs(t *testing.T) {
	_, value := EncodeAction(bot.Action{Name: bot.ActTags, FriendID: "fr"})
	for _, c := range []struct{ id, value string }{
		{"", ""},
		{"tags", value},
		{"tags:1", ""},
		{"tags:1", "{"},
		{"tags:1", "null"},
		{"done:1", value}, // the id says something else than the value
		{":1", `{"a":""}`},
	} {
		if got, err := DecodeAction(c.id, c.value); !errors.Is(err, ErrNotOurAction) {
			t.Errorf("DecodeAction(%q, %q) = %+v, %v, want ErrNotOurAction", c.id, c.value, got, err)
		}
	}
}
