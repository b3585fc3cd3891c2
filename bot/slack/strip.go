package slack

import "encoding/json"

// withoutPosts takes out of a payload what the posts of apps in it say: the post
// that a pressed button stands on, one that was deleted, the first one of a
// thread. Ours show what friends wrote and may take back, and nobody would look
// for it among stored events. Neither is kept what people say to the app in a
// direct message: it is no reply. Who wrote, and where it stands, stay.
func withoutPosts(payload json.RawMessage) json.RawMessage {
	// A post stands in an event, and that in an envelope.
	return withoutPostsWithin(payload, 2)
}

func withoutPostsWithin(raw json.RawMessage, levels int) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return raw
	}
	var m message
	_ = json.Unmarshal(raw, &m) // a member of an odd type leaves the others readable
	if m.byApp() || m.direct() {
		for _, said := range []string{"text", "blocks", "attachments", "files"} {
			delete(members, said)
		}
	}
	if m.direct() {
		delete(members, "root")
	}
	if levels > 0 {
		for _, inner := range []string{"event", "message", "previous_message", "root"} {
			if part, ok := members[inner]; ok {
				members[inner] = withoutPostsWithin(part, levels-1)
			}
		}
	}
	stripped, err := json.Marshal(members)
	if err != nil { // not possible: every part was read as JSON
		return raw
	}
	return stripped
}
