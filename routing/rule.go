// Package routing decides which tags a message puts on a friend. It is pure:
// rules and a message in, tags and the reason out.
package routing

// Tag is what an owner or a rule puts on a friend; visibility follows from it.
type Tag struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Rule puts its tags on a friend when everything its condition names holds.
type Rule struct {
	When Condition `json:"when"`
	Tags []string  `json:"tags"` // tag ids
}

// Condition holds when each of its given parts holds. An empty one never holds.
type Condition struct {
	TextContains []string `json:"text_contains,omitempty"` // any of these, NFKC and case folded
	PostbackData string   `json:"postback_data,omitempty"` // equal
	Follow       bool     `json:"follow,omitempty"`        // the friend added the account
}

// Stimulus is what a rule looks at: one event of a friend.
type Stimulus struct {
	Text         string
	PostbackData string
	Follow       bool
}
