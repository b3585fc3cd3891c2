package bot

import (
	"time"

	"madoguchi/operators"
	"madoguchi/routing"
)

// Account is one LINE official account as it is stored. Settings are one
// document that is replaced as a whole: a reader sees all of an apply or none.
type Account struct {
	ID        string
	Slug      string
	Version   int64 // grows by one with every change of Settings or LINE
	Settings  Settings
	LINE      LINEChannel
	BotUserID string // the destination of its webhooks; "" until LINE has told
}

// LINEChannel holds the credentials of an account's LINE channel. It must not
// be printed; storage encrypts it at rest.
type LINEChannel struct {
	Secrets   []string `json:"secrets,omitempty"` // two while rotating
	Token     string   `json:"token,omitempty"`   // long-lived; or
	ChannelID string   `json:"channel_id,omitempty"`
}

// String keeps the secrets out of logs and errors.
func (LINEChannel) String() string { return "[LINE credentials]" }

// GoString keeps the secrets out of %#v.
func (LINEChannel) GoString() string { return "[LINE credentials]" }

// Settings are what an account file says, with names resolved to ids that
// outlive a rename.
type Settings struct {
	Name           string                    `json:"name"`
	Timezone       string                    `json:"timezone"`
	Locale         string                    `json:"locale"` // ja or en
	Owners         []string                  `json:"owners"` // Slack user ids
	Hold           time.Duration             `json:"hold"`
	Lease          time.Duration             `json:"lease"`
	Tags           []routing.Tag             `json:"tags,omitempty"`
	Fields         []Field                   `json:"fields,omitempty"`
	Templates      []Template                `json:"templates,omitempty"`
	PermissionSets []operators.PermissionSet `json:"permission_sets,omitempty"`
	Operators      []operators.Operator      `json:"operators,omitempty"`
	Rules          []routing.Rule            `json:"rules,omitempty"`
	OwnersChannel  string                    `json:"owners_channel,omitempty"` // an existing Slack channel to use, by id
}

// Field is one thing that staff note about friends.
type Field struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Type    string   `json:"type"`              // text (default), number, date, choice
	Choices []string `json:"choices,omitempty"` // with choice
}

// Template is a prepared message. Placeholders are {{field name}}.
type Template struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Text string `json:"text"`
}
