// Package operators knows the people of an account, the permission sets they
// hold, and the one function that decides who may do what to which friend.
// It is pure: no I/O, no clock.
package operators

// Right is one thing a permission set allows.
type Right string

// The rights of a permission set. Everything that is not given is refused.
const (
	View          Right = "view"
	Send          Right = "send"
	Approve       Right = "approve"
	Templates     Right = "templates"
	Images        Right = "images"
	PDFs          Right = "pdfs"
	Fields        Right = "fields"
	Forms         Right = "forms"
	Tags          Right = "tags"
	Calendars     Right = "calendars"
	Notifications Right = "notifications"
)

// SendRight is the value of the right to reply in own words.
type SendRight string

// The values of SendRight. SendDraft means that somebody else who holds
// Approve must release each reply.
const (
	SendNo    SendRight = ""
	SendDraft SendRight = "draft"
	SendYes   SendRight = "true"
)

// List is the value of a right that names things: all of them, the listed ones
// (by id; for forms and calendars, which have no ids yet, by name), or none.
type List struct {
	All bool     `json:"all,omitempty"`
	IDs []string `json:"ids,omitempty"`
}

// Rights are the values a permission set gives. The zero value gives nothing.
type Rights struct {
	View          bool      `json:"view,omitempty"`
	Send          SendRight `json:"send,omitempty"`
	Approve       bool      `json:"approve,omitempty"`
	Templates     List      `json:"templates,omitzero"`
	Images        bool      `json:"images,omitempty"`
	PDFs          bool      `json:"pdfs,omitempty"`
	Fields        List      `json:"fields,omitzero"`
	Forms         List      `json:"forms,omitzero"`
	Tags          List      `json:"tags,omitzero"`
	Calendars     List      `json:"calendars,omitzero"`
	Notifications bool      `json:"notifications,omitempty"`
}

// Built reports whether the feature behind a right exists. A right whose
// feature does not is stored, shown and decided all the same; whoever would
// carry it out refuses with NotBuilt. Replies as drafts are part of Approve.
func Built(r Right) bool {
	switch r {
	case View, Send, Tags:
		return true
	default:
		return false
	}
}

func (r Right) known() bool {
	switch r {
	case View, Send, Approve, Templates, Images, PDFs, Fields, Forms, Tags, Calendars, Notifications:
		return true
	default:
		return false
	}
}
