package slack

import (
	"encoding/json"
	"strings"
)

// PlainText converts a message of Slack into plain text for LINE: what the
// writer saw, without formatting. The rich_text blocks say best what was meant
// and are preferred; text (mrkdwn) is read where they are missing or hold
// something unknown. names may be nil; it returns the name of a user, of a
// Slack channel or of a user group, or "" when it has none. A mention then stays
// as Slack writes it, for whoever knows the name: <@U…>, <#C…>, <!subteam^S…>.
func PlainText(text string, blocks json.RawMessage, names func(userID string) string) string {
	if names == nil {
		names = func(string) string { return "" }
	}
	if s, ok := plainRichText(blocks, names); ok {
		return s
	}
	return plainMrkdwn(text, names)
}

// subteam is how a mention of a user group begins.
const subteam = "!subteam^"

// mention shows what Slack writes as <@U…>, <#C…> or <!subteam^S…>, by its name
// with the sign that people know it by.
func mention(written, label string, names func(string) string) string {
	sign, id := written[:1], written[1:]
	if group, ok := strings.CutPrefix(written, subteam); ok {
		sign, id = "@", group
	}
	if name := firstOf(strings.TrimPrefix(label, sign), strings.TrimPrefix(names(id), sign)); name != "" {
		return sign + name
	}
	return "<" + written + ">"
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
