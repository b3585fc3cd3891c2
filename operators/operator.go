package operators

// PermissionSet is a named bundle: which friends are visible, and which rights
// hold for them.
type PermissionSet struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	AllFriends bool     `json:"all_friends,omitempty"`
	FriendTags []string `json:"friend_tags,omitempty"` // tag ids; any of them shows the friend
	Rights     Rights   `json:"rights"`
}

// Operator is a person who serves friends in one private Slack channel.
type Operator struct {
	Key            string   `json:"key"` // [a-z0-9-]{1,32}; stays when the name changes
	Name           string   `json:"name"`
	SlackUser      string   `json:"slack_user,omitempty"` // as given in the account file
	Email          string   `json:"email,omitempty"`
	PermissionSets []string `json:"permission_sets,omitempty"` // ids
	Also           []string `json:"also,omitempty"`            // further Slack users who may read along
	SlackChannel   string   `json:"slack_channel,omitempty"`   // an existing Slack channel to use, by id
	Mention        Mention  `json:"mention,omitempty"`
}

// Mention says which waiting friends push an operator.
type Mention string

// The values of Mention; the zero value is MentionMine.
const (
	MentionAll  Mention = "all"  // also those a colleague took charge of
	MentionMine Mention = "mine" // those the operator took charge of, and those nobody did
	MentionNone Mention = "none"
)

// Person is somebody who acts: an owner, an operator, or both. The zero Person
// is nobody and may do nothing.
type Person struct {
	SlackUser string // Slack user id; "" for an operator who has not been found in Slack yet
	Operator  string // operator key; "" for an owner who serves no friends
	Name      string
	Owner     bool
}

// Friend is what a decision needs to know of a friend.
type Friend struct {
	ID   string
	Tags []string // tag ids
}

// Action is what a person wants to do to a friend. Item is the id of the
// template, field, form, tag or calendar for the rights that are lists.
type Action struct {
	Right Right
	Item  string
}
