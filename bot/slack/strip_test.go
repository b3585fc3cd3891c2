package slack

import (
	"encoding/json"
	"strings"
	"testing"
)

// What a post of ours says is not stored with what people do to it; where it
// stands, and what people write themselves, is.
func TestOwnPostsAreNotStored(t *testing.T) {
	const post = `{"type":"message","subtype":"bot_message","bot_id":"B1","app_id":"A1","ts":"1.1","thread_ts":"1.1","text":"canary",` +
		`"blocks":[{"type":"section","text":{"type":"plain_text","text":"canary"}}],"files":[{"name":"canary"}],"attachments":[{"text":"canary"}]}`
	for name, c := range map[string]struct {
		kind    kind
		payload string
		keeps   []string
	}{
		"press": {
			kindInteraction,
			`{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U1"},"channel":{"id":"C1"},"actions":[` +
				`{"action_id":"done:1","action_ts":"1.5","value":"{\"a\":\"done\",\"c\":\"a1\",\"f\":\"f1\"}"}],"message":` + post + `}`,
			[]string{`"ts":"1.1"`, `"action_ts":"1.5"`},
		},
		"deletion": {
			kindEvent,
			string(callback(`{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1.1","previous_message":` + post + `}`)),
			[]string{`"deleted_ts":"1.1"`, `"app_id":"A1"`, `"bot_id":"B1"`},
		},
		"tombstone": {
			kindEvent,
			string(callback(`{"type":"message","subtype":"message_changed","channel":"C1","message":{"subtype":"tombstone","ts":"1.1"},"previous_message":` + post + `}`)),
			[]string{`"tombstone"`, `"bot_id":"B1"`},
		},
		"broadcast": {
			kindEvent,
			string(callback(`{"type":"message","subtype":"thread_broadcast","channel":"C1","user":"U1","ts":"1.3","thread_ts":"1.1","text":"mine","root":` + post + `}`)),
			[]string{`"mine"`, `"thread_ts":"1.1"`},
		},
		"edit": {
			kindEvent,
			string(changed(`{"user":"U1","text":"after","ts":"1.2","edited":{"user":"U1","ts":"1.3"}}`, `{"user":"U1","text":"before","ts":"1.2"}`)),
			[]string{`"after"`, `"before"`},
		},
		"odd types": {
			kindEvent,
			string(callback(`{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1.1","previous_message":{"user":7,"bot_id":"B1","text":"canary"}}`)),
			[]string{`"deleted_ts":"1.1"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			whole, err := json.Marshal(stored{Kind: c.kind, Bot: "B1", Body: json.RawMessage(c.payload)})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := stored{Kind: c.kind, Bot: "B1", Body: json.RawMessage(c.payload)}.encode()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(raw), "canary") {
				t.Errorf("stored: %s", raw)
			}
			for _, keep := range c.keeps {
				if !strings.Contains(string(raw), keep) {
					t.Errorf("%s is missing in %s", keep, raw)
				}
			}
			got, gotErr := Decode(raw)
			want, wantErr := Decode(whole)
			if asJSON(t, got) != asJSON(t, want) || (gotErr == nil) != (wantErr == nil) {
				t.Errorf("it means %+v (%v), and meant %+v (%v)", got, gotErr, want, wantErr)
			}
			if gotErr == nil && ignored(got) {
				t.Error("it means nothing")
			}
		})
	}
}
