package bot

import "time"

// PostView is everything one post in Slack shows, already cut down to what its
// reader may see. An adapter renders it and decides nothing.
type PostView struct {
	Locale   string
	Zone     *time.Location
	Now      int64  // Unix milliseconds: times of this day are shown without their date
	CallID   string // opaque; goes into the post's metadata, to find it again
	ThreadTS string // "" opens a thread; Card is set then
	Card     *CardView
	Speaker  Speaker // the name and picture the post carries; zero for the bot's own words
	Items    []ItemView
	Mention  string // Slack user id to push, or ""
	// Broadcast shows the post in the Slack channel as well as in the thread.
	Broadcast bool
	Repeat    bool // posted again after an uncertain attempt: marked 再送
}

// Speaker is under whose name a post stands.
type Speaker struct {
	Name    string // never empty for a friend; staff names are told apart from friends by IsStaff
	Picture string // https address, or ""
	IsStaff bool
}

// CardView is a thread's first post, as one reader sees it.
type CardView struct {
	Action       Action // AccountID and FriendID for the buttons
	Name         string
	Picture      string
	Kind         FriendKind
	Tags         []string
	WaitingSince int64  // Unix milliseconds; 0 when the friend does not wait
	AnsweredBy   string // name of who answered last, or ""
	InCharge     string // name of who took charge, or ""
	Blocked      bool
	Standby      bool
	Sets         []string // names of the permission sets that show the friend to this reader
	Owner        bool     // the reader is the owners channel
	NobodyElse   bool     // in the owners channel: no operator may see this friend
	Buttons      []ActionName
	ReadOnly     bool // the reader may not reply
	Hidden       bool // the reader may not read messages: only that something arrived
}

// ItemKind is the kind of one thing a post shows.
type ItemKind string

// The kinds of items.
const (
	ItemMessage ItemKind = "message" // what the friend said or did
	ItemMirror  ItemKind = "mirror"  // what a colleague replied
	ItemNote    ItemKind = "note"    // an internal note of a colleague
	ItemNotice  ItemKind = "notice"  // what the bot says to staff
)

// ItemView is one thing a post shows.
type ItemView struct {
	Kind    ItemKind
	At      int64 // Unix milliseconds
	Hidden  bool  // the reader may not view: say only that something of this kind arrived; Content and Text are empty
	Content *Content
	Speaker string // in groups: who spoke, "" if unknown
	Author  string // of a mirror or note
	Text    string // of a mirror, note or notice
	Unsent  bool   // the friend took it back: Content is empty
	Late    bool   // it arrived after newer ones were shown: show its own time
	Context bool   // shown for context to somebody who newly sees the friend
	Media   MediaState
	// MediaLimit is how many bytes a file may have, with MediaTooLarge.
	MediaLimit int64
	Quoted     string // the first words of the message this one quotes, or ""
	Buttons    []Action
	Danger     bool // a notice of something that went wrong
}

// MediaState tells how far the file of a message is.
type MediaState string

// The states of a message's file. The zero value: it has none.
const (
	MediaFetching MediaState = "fetching"
	MediaStored   MediaState = "stored"
	MediaTooLarge MediaState = "too_large"
	MediaGone     MediaState = "gone" // LINE no longer has it, or retention removed it
)
