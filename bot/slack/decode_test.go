package slack

import (
	"encoding/json"
	"testing"

	"madoguchi/bot"
)

func TestMillis(t *testing.T) {
	for _, c := range []struct {
		ts   string
		want int64
		ok   bool
	}{
		{"1700000000.000100", 1_700_000_000_000, true},
		{"1700000000.123456", 1_700_000_000_123, true},
		{"1700000000", 1_700_000_000_000, true},
		{"1700000000.5", 1_700_000_000_500, true},
		{"", 0, false},
		{"abc", 0, false},
		{"-1.0", 0, false},
		{"1.-50", 0, false},
		{"1.+50", 0, false},
		{"100000000000000000000.0", 0, false},
	} {
		if got, ok := millis(c.ts); got != c.want || ok != c.ok {
			t.Errorf("millis(%q) = %d, %v, want %d, %v", c.ts, got, ok, c.want, c.ok)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`event`, string(reply1("")))
	f.Add(`event`, string(changed(`{"user":"U1","text":"y","ts":"1.2","edited":{"user":"U1","ts":"1.3"}}`, `{"text":"x","ts":"1.2"}`)))
	f.Add(`event`, string(callback(`{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1.2"}`)))
	f.Add(`event`, `{"type":"app_rate_limited","minute_rate_limited":1}`)
	f.Add(`interaction`, pressPayload(bot.Action{Name: bot.ActDone, FriendID: "f"}))
	f.Add(`interaction`, submitPayload(bot.Action{Name: bot.ActTags}, `{"tags":{"tags":{"type":"multi_static_select","selected_options":[{"value":"t1"}]}}}`))
	f.Add(`swept`, `{"team_id":"T1","reply":{"TS":"1.2"}}`)
	f.Add(`hologram`, `{}`)
	f.Fuzz(func(t *testing.T, k, body string) {
		raw, err := stored{Kind: kind(k), Body: json.RawMessage(body)}.encode()
		if err != nil {
			raw = []byte(body)
		}
		ev, err := Decode(raw)
		if err != nil {
			return
		}
		set := 0
		for _, is := range []bool{ev.Reply != nil, ev.Edit != nil, ev.Delete != nil, ev.Press != nil, ev.Submit != nil, ev.Member != nil, ev.Room != nil, ev.User != nil, ev.Limit != nil} {
			if is {
				set++
			}
		}
		if set > 1 {
			t.Errorf("Decode(%q) is several things at once: %+v", raw, ev)
		}
		if ev.Reply != nil && !isTS(ev.Reply.TS) {
			t.Errorf("Decode(%q) has a reply without a place", raw)
		}
		again, err := Decode(raw)
		if err != nil || asJSON(t, again) != asJSON(t, ev) {
			t.Errorf("Decode(%q) differs from itself", raw)
		}
		// The receiver takes in the same bytes without failing.
		if err := newStage(t).Event(t.Context(), []byte(body)); err != nil {
			t.Errorf("Event(%q) = %v", body, err)
		}
	})
}
