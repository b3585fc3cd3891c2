package slack

import (
	"encoding/json"
	"strings"
)

// PlainText converts a message of Slack into plain text for LINE: what the
// writer saw, without formatting. The rich_text blocks say best what was meant
// and are preferred; text (mrkdwn) is read where they are missing or hold
// something unknown. names may be nil; it returns the name of a user, or ""
// when it has none, and a mention then shows the id.
func PlainText(text string, blocks json.RawMessage, names func(userID string) string) string {
	if names == nil {
		names = func(string) string { return "" }
	}
	if s, ok := plainRichText(blocks, names); ok {
		return s
	}
	return plainMrkdwn(text, names)
}

// mention shows a mentioned user.
func mention(userID, label string, names func(string) string) string {
	return "@" + firstOf(strings.TrimPrefix(label, "@"), names(userID), userID)
}

// labelled shows a link the way the writer saw it, with the address beside a
// label that does not already say it.
func labelled(address, label string) string {
	shown := address
	for _, scheme := range []string{"mailto:", "tel:"} {
		shown = strings.TrimPrefix(shown, scheme)
	}
	if label == "" || bareAddress(label) == bareAddress(shown) {
		return shown
	}
	return label + " (" + shown + ")"
}

// bareAddress is an address as people write it: Slack links "example.com" to
// "http://example.com".
func bareAddress(address string) string {
	for _, scheme := range []string{"https://", "http://"} {
		address = strings.TrimPrefix(address, scheme)
	}
	return strings.TrimSuffix(address, "/")
}
