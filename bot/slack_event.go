package bot

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// SlackEvent is one thing that happened in Slack and concerns the relay, out
// of the Events API, an interaction or a slash command. Exactly one of the
// pointers is set; none is set for what the relay ignores.
type SlackEvent struct {
	TeamID string
	Reply  *SlackReply
	Edit   *SlackEdit
	Delete *SlackDelete
	Press  *SlackPress
	Submit *SlackSubmit
	Member *SlackMember
	Room   *SlackRoom
	User   *SlackUserChange
	Limit  *SlackLimit
	Direct *SlackDirect
}

// SlackReply is a message that a person wrote in a Slack channel.
type SlackReply struct {
	ChannelID string
	TS        string // the message; unique within the Slack channel
	ThreadTS  string // "" when it stands outside any thread
	UserID    string
	UserTeam  string // the writer's team; differs from TeamID for a foreign (Slack Connect) user
	// Text is plain text for LINE: formatting is resolved, and mentions are
	// @name or #name. Where Slack gave no name they are as it writes them:
	// <@U…>, <#C…> or <!subteam^S…>.
	Text      string
	Raw       string // as Slack sent it (mrkdwn), for edits to compare
	Files     []SlackFile
	Broadcast bool // also sent to the Slack channel
	Shared    bool // the Slack channel is shared with another workspace
	Swept     bool // found by the sweep after a gap, not delivered as an event
}

// SlackDirect tells that a person wrote to the bot itself, in a direct message.
// What they wrote is not taken in.
type SlackDirect struct {
	ChannelID string // of the direct message
	TS        string
	ThreadTS  string // "" when it stands outside any thread
	UserID    string
	UserTeam  string // see SlackReply
}

// SlackFile is a file in a reply.
type SlackFile struct {
	ID   string
	Name string
	Type string // MIME
	Size int64
}

// SlackEdit is a person's change of an earlier reply's words or files.
type SlackEdit struct {
	ChannelID string
	TS        string // of the reply
	ThreadTS  string
	UserID    string // who edited
	Text      string // new; see SlackReply
	Raw       string
	EditedTS  string // orders several edits of one reply
}

// SlackDelete is the deletion of a message, ours or a person's.
type SlackDelete struct {
	ChannelID string
	TS        string
	ThreadTS  string // "" when Slack did not tell
	UserID    string // who had written it; "" when Slack did not tell
	Ours      bool   // it was a post of this app
}

// SlackPress is a press of a button (or a choice of a menu) in a message.
type SlackPress struct {
	ChannelID string
	MessageTS string
	ThreadTS  string
	UserID    string
	UserTeam  string
	Action    Action
	At        string // Slack's action time
}

// SlackSubmit is a modal that a person sent in.
type SlackSubmit struct {
	ViewID   string
	UserID   string
	UserTeam string
	Action   Action   // what the modal is for
	Chosen   []string // tag ids of the tag modal
	Text     string   // words typed in
}

// Action is what a button or modal does, and to what.
type Action struct {
	Name      ActionName `json:"a"`
	AccountID string     `json:"c,omitempty"`
	FriendID  string     `json:"f,omitempty"`
	ReplyID   string     `json:"r,omitempty"`
	Group     string     `json:"g,omitempty"` // of several replies that share one question: the call id
	ChannelID string     `json:"h,omitempty"` // Slack channel, with ActNote: where the note belongs
	ThreadTS  string     `json:"t,omitempty"` // with ActNote: the thread in it
	// Before marks the tags that were set when the modal was opened; see SetBefore.
	Before string `json:"b,omitempty"`
}

// markLength is how many letters stand for one tag in Before: the ids of a
// hundred would not fit what a modal carries, 3,000 letters.
const markLength = 11

// SetBefore notes which tags a modal showed as set.
func (a *Action) SetBefore(tagIDs []string) {
	var marks strings.Builder
	for _, id := range tagIDs {
		marks.WriteString(tagMark(id))
	}
	a.Before = marks.String()
}

// WasSet reports whether the modal showed a tag as set.
func (a *Action) WasSet(tagID string) bool {
	mark := tagMark(tagID)
	for at := 0; at+markLength <= len(a.Before); at += markLength {
		if a.Before[at:at+markLength] == mark {
			return true
		}
	}
	return false
}

func tagMark(tagID string) string {
	sum := sha256.Sum256([]byte(tagID))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:markLength]
}

// ActionName names a button or modal.
type ActionName string

// The buttons and modals. Their labels are fixed in Japanese; see words.
const (
	ActTags      ActionName = "tags"       // タグ: opens a modal; submitting it sets the tags
	ActDone      ActionName = "done"       // 対応済み
	ActTake      ActionName = "take"       // 担当する
	ActDelivered ActionName = "delivered"  // 届いていた: an unclear reply did arrive
	ActResend    ActionName = "resend"     // もう一度送る: send a failed or unclear reply again
	ActSend      ActionName = "send"       // 送信する: release a reply that asks first
	ActDiscard   ActionName = "discard"    // 破棄: drop a reply that asks first
	ActCancel    ActionName = "cancel"     // 取り消す: stop a reply that is held
	ActOpen      ActionName = "open"       // open this friend's thread in one's own Slack channel
	ActNote      ActionName = "note"       // message shortcut: an internal note
	ActPushGroup ActionName = "push_group" // 送信する under the number of members it will cost
)

// SlackMember tells that somebody joined or left a Slack channel.
type SlackMember struct {
	ChannelID string
	UserID    string
	Inviter   string
	Joined    bool
}

// SlackRoom tells that a Slack channel itself changed.
type SlackRoom struct {
	ChannelID string
	NewID     string // with "id_changed"
	Change    string // archived, unarchived, deleted, renamed, left (the bot was removed), shared, unshared, public, id_changed
}

// SlackUserChange tells that a user was changed or deactivated, or that the
// app lost its rights (UserID "").
type SlackUserChange struct {
	UserID  string
	Deleted bool
	Revoked bool // app_uninstalled or tokens_revoked
}

// SlackLimit is app_rate_limited: Slack dropped events around MinuteStart.
type SlackLimit struct {
	MinuteStart int64 // Unix seconds
}
