package bot

import "slices"

// The records below are what storage keeps. Times are Unix milliseconds, ids
// are UUIDv7 text unless they are a platform's own.

// Friend is a LINE user, group or room of an account.
type Friend struct {
	ID           string     `db:"id"`
	AccountID    string     `db:"account_id"`
	LINEID       string     `db:"line_id"` // user, group or room id
	Kind         FriendKind `db:"kind"`
	Name         string     `db:"name"` // last known; "" until the profile was fetched
	Picture      string     `db:"picture"`
	ProfileAt    int64      `db:"profile_at"`    // when the profile was last asked for; 0 never
	Blocked      bool       `db:"blocked"`       // unfollowed, or the group was left
	BlockedAt    int64      `db:"blocked_at"`    // LINE's time of the newest event that told
	Standby      bool       `db:"standby"`       // a module channel holds the chat
	StandbyAt    int64      `db:"standby_at"`    // LINE's time of the event that said so
	WaitingSince int64      `db:"waiting_since"` // 0 when the friend does not wait
	LastAt       int64      `db:"last_at"`       // greatest LINE time of a message decided
	AnsweredBy   string     `db:"answered_by"`   // name of who answered last
	InCharge     string     `db:"in_charge"`     // Slack user who pressed 担当する, or ""
	InChargeName string     `db:"in_charge_name"`
	MarkAsRead   string     `db:"mark_as_read"` // token of the newest message that had one
	CreatedAt    int64      `db:"created_at"`
}

// FriendTag is a tag on a friend, or (On false) one that was taken off and
// that no rule puts back.
type FriendTag struct {
	FriendID string `db:"friend_id"`
	TagID    string `db:"tag_id"`
	On       bool   `db:"is_on"`
	By       string `db:"changed_by"` // Slack user id, or "rule"
	At       int64  `db:"changed_at"`
}

// Message is one thing said between a friend and the account, or among staff
// about the friend.
type Message struct {
	ID         string     `db:"id"`
	AccountID  string     `db:"account_id"`
	FriendID   string     `db:"friend_id"`
	Seq        int64      `db:"seq"` // order within the friend's conversation
	Kind       ItemKind   `db:"kind"`
	At         int64      `db:"at"`
	ReceivedAt int64      `db:"received_at"`
	LINEID     string     `db:"line_id"`    // LINE's message id, or ""
	QuotedID   string     `db:"quoted_id"`  // LINE's id of the message it quotes, or ""
	SpeakerID  string     `db:"speaker_id"` // LINE user id in groups
	Content    []byte     `db:"content"`    // JSON of Content for ItemMessage
	Text       string     `db:"text"`       // of mirrors and notes
	AuthorID   string     `db:"author_id"`  // Slack user id, for mirrors and notes
	AuthorName string     `db:"author_name"`
	Late       bool       `db:"late"`
	Unsent     bool       `db:"unsent"`
	Media      MediaState `db:"media"`
	MediaKey   string     `db:"media_key"` // where the file lies
	MediaType  string     `db:"media_type"`
	MediaSize  int64      `db:"media_size"`
}

// OwnersPlace is the place of the owners channel; every other place is an
// operator's key.
const OwnersPlace = "owners"

// SlackChannelState is how far a Slack channel is.
type SlackChannelState string

// The states of a Slack channel of ours.
const (
	ChannelWanted  SlackChannelState = "wanted"  // not made yet
	ChannelReady   SlackChannelState = "ready"   // posts may go there
	ChannelStopped SlackChannelState = "stopped" // posts wait: Reason says why
	ChannelClosed  SlackChannelState = "closed"  // its operator was removed
)

// SlackChannel is the Slack channel of one operator, or of the owners.
type SlackChannel struct {
	ID        string            `db:"id"`
	AccountID string            `db:"account_id"`
	Place     string            `db:"place"`
	TeamID    string            `db:"team_id"`
	ChannelID string            `db:"channel_id"` // Slack's id; "" until it is made
	Name      string            `db:"name"`
	State     SlackChannelState `db:"state"`
	Reason    string            `db:"reason"` // short code, with ChannelStopped
	CreatedAt int64             `db:"created_at"`
}

// outOfReach are the reasons of a stopped Slack channel in which Slack lets us
// change nothing. What is to change there waits until it is ready.
var outOfReach = []string{"archived", "is_archived", "channel_not_found", "not_in_channel"}

// inReach reports whether Slack may let us change what stands there, which is
// less than that anything new may be posted.
func (c *SlackChannel) inReach() bool {
	switch c.State {
	case ChannelReady, ChannelClosed:
		return true
	case ChannelStopped:
		return !slices.Contains(outOfReach, c.Reason)
	default:
		return false
	}
}

// unsafe reports whether somebody may read along who must not. Nobody does in
// one that was only archived.
func (c *SlackChannel) unsafe() bool {
	return c.State == ChannelStopped && c.Reason != "archived"
}

// Thread is one friend's conversation in one Slack channel. A thread with no
// friend stands for the bot's own posts in the open of that Slack channel.
type Thread struct {
	ID             string `db:"id"`
	AccountID      string `db:"account_id"`
	FriendID       string `db:"friend_id"`
	Place          string `db:"place"`
	SlackChannelID string `db:"slack_channel_id"` // SlackChannel.ID
	Generation     int64  `db:"generation"`
	Current        bool   `db:"is_current"` // the newest generation
	Sight          bool   `db:"sight"`      // its reader could see the friend when last decided
	TS             string `db:"ts"`         // of the first post; "" until it is posted
	NextSeq        int64  `db:"next_seq"`
	QueuedSince    int64  `db:"queued_since"` // when its oldest queued part came; 0 when none is queued
	LastPostAt     int64  `db:"last_post_at"`
	LastMentionAt  int64  `db:"last_mention_at"`
	LastReplyAt    int64  `db:"last_reply_at"` // when a person last wrote in it
	SweptTS        string `db:"swept_ts"`      // newest reply of a person that is known
	CreatedAt      int64  `db:"created_at"`
}

// PartState is how far a part is.
type PartState string

// The states of a part.
const (
	PartQueued PartState = "queued"
	PartFrozen PartState = "frozen" // a member of the post that CallID makes
	PartPosted PartState = "posted"
	PartVoid   PartState = "void" // not to be shown after all
)

// Part is one thing to show in one thread.
type Part struct {
	ID        string    `db:"id"`
	AccountID string    `db:"account_id"`
	ThreadID  string    `db:"thread_id"`
	Seq       int64     `db:"seq"`
	MessageID string    `db:"message_id"` // "" for a notice
	Notice    []byte    `db:"notice"`     // JSON of ItemView, when there is no message
	Context   bool      `db:"context"`    // history for somebody who newly sees the friend
	State     PartState `db:"state"`
	CallID    string    `db:"call_id"`
	CreatedAt int64     `db:"created_at"`
}

// Post is one message of ours in Slack. Its parts are those with its id as
// CallID.
type Post struct {
	ID         string `db:"id"` // the id of the call that made it
	AccountID  string `db:"account_id"`
	ThreadID   string `db:"thread_id"`
	ChannelID  string `db:"channel_id"` // Slack's
	TS         string `db:"ts"`
	Card       bool   `db:"is_card"` // a thread's first post
	Digest     string `db:"digest"`  // of the last rendering, so that nothing is updated for nothing
	Mention    string `db:"mention"`
	Repeat     bool   `db:"repeated"`
	Withdrawn  bool   `db:"withdrawn"` // deleted by us, or its reader lost it
	Stale      bool   `db:"stale"`     // to be drawn anew when its Slack channel is ready: strangers might have read it
	RenderedAt int64  `db:"rendered_at"`
}

// CallKind is what a call does.
type CallKind string

// The kinds of calls.
const (
	CallLINESend    CallKind = "line.send"    // lane of the friend's sends; members are replies
	CallLINERead    CallKind = "line.read"    // Ref: the mark-as-read token
	CallLINEMedia   CallKind = "line.media"   // Ref: message id
	CallLINEProfile CallKind = "line.profile" // Ref: friend id
	CallLINESpeaker CallKind = "line.speaker" // Ref: friend id and speaker's LINE user id
	CallLINESelf    CallKind = "line.self"    // Ref: account id; learns the destination of its webhooks
	CallLINEMembers CallKind = "line.members" // Ref: reply id; asks with the number of members it would cost
	CallMediaErase  CallKind = "media.erase"  // Ref: message id; deletes its file from the store
	CallFollows     CallKind = "follows"      // Ref: account id; tells the owners how many new friends there were
	CallSlackPost   CallKind = "slack.post"   // members are parts; or none, for an answer to a person
	CallSlackUpdate CallKind = "slack.update" // Ref: post id; rendered when it is attempted
	CallSlackReact  CallKind = "slack.react"  // Ref: channel, ts and emoji
	CallSlackClear  CallKind = "slack.clear"  // Ref: the same; takes the reaction away
	CallSlackUpload CallKind = "slack.upload" // Ref: message id, ThreadID: where
	CallSlackErase  CallKind = "slack.erase"  // Ref: Slack file id to delete
	CallSlackDelete CallKind = "slack.delete" // Ref: channel and ts of a post of ours
	CallReconcile   CallKind = "reconcile"    // Ref: SlackChannel.ID
	CallSweep       CallKind = "sweep"        // Ref: thread id (or allThreads) and when the gap began
	CallDirect      CallKind = "direct"       // answers somebody who wrote to the bot itself
)

// CallState is how far a call is.
type CallState string

// The states of a call.
const (
	CallQueued    CallState = "queued"    // not attempted, or certainly not carried out
	CallCalling   CallState = "calling"   // an attempt is under way, or its process died
	CallUncertain CallState = "uncertain" // an attempt may have been carried out
	CallDone      CallState = "done"
	CallFailed    CallState = "failed"
	CallVoid      CallState = "void" // no longer wanted
)

// Call is one request to LINE or Slack as it will be sent. Body is frozen
// before the first attempt and emptied when the call has ended.
type Call struct {
	ID        string    `db:"id"`
	AccountID string    `db:"account_id"`
	Lane      string    `db:"lane"`
	Kind      CallKind  `db:"kind"`
	Seq       int64     `db:"seq"` // order of making within the database
	ThreadID  string    `db:"thread_id"`
	Ref       string    `db:"ref"`
	Merge     string    `db:"merge_key"` // at most one unfinished call has this key; "" does not count
	Body      []byte    `db:"body"`
	RetryKey  string    `db:"retry_key"` // LINE push
	Token     string    `db:"token"`     // id of the reply token it uses, "" for a push; Slack's id of the channel that an answer to a person is for
	Repeat    bool      `db:"repeated"`  // a post made again after an uncertain one
	State     CallState `db:"state"`
	Attempts  int       `db:"attempts"` // those that counted
	NextAt    int64     `db:"next_at"`  // not before
	FirstAt   int64     `db:"first_at"` // of the first attempt; 0 none
	UnsureAt  int64     `db:"unsure_at"`
	Result    string    `db:"result"` // Slack ts, file id, LINE request id; of a post under way, the digest of what it shows
	Code      string    `db:"code"`   // of the last failure
	CreatedAt int64     `db:"created_at"`
	EndedAt   int64     `db:"ended_at"`
}

// Open reports whether the call still has something to do.
func (c *Call) Open() bool {
	return c.State == CallQueued || c.State == CallCalling || c.State == CallUncertain
}

// Attempt is one try at a call.
type Attempt struct {
	CallID    string
	At        int64
	Took      int64  // milliseconds
	Outcome   string // ok, or a FailureKind
	Code      string
	RequestID string
}

// Echo is a post of ours that came back in an event: proof that its call was
// carried out.
type Echo struct {
	CallID    string `db:"call_id"`
	ChannelID string `db:"channel_id"` // Slack's
	TS        string `db:"ts"`
	ThreadTS  string `db:"thread_ts"` // "" when it opened a thread or stands in the open
	Placed    bool   `db:"placed"`    // the event told of the thread; else ThreadTS says nothing
	SeenAt    int64  `db:"seen_at"`
}

// ReplyState is how far a reply is.
type ReplyState string

// The states of a reply.
const (
	ReplyRefused   ReplyState = "refused"
	ReplyDraft     ReplyState = "draft"
	ReplyHeld      ReplyState = "held"   // within its hold
	ReplyAsking    ReplyState = "asking" // held until somebody presses 送信する or 破棄; Reason says why
	ReplyReleased  ReplyState = "released"
	ReplySending   ReplyState = "sending"
	ReplySentFree  ReplyState = "sent_free"
	ReplySentPaid  ReplyState = "sent_paid"
	ReplyFailed    ReplyState = "failed"
	ReplyUnclear   ReplyState = "unclear"
	ReplyCancelled ReplyState = "cancelled"
	ReplyNote      ReplyState = "note" // an internal note: never goes to LINE
)

// Reply is what a person wrote in a friend's thread.
type Reply struct {
	ID         string     `db:"id"`
	AccountID  string     `db:"account_id"`
	FriendID   string     `db:"friend_id"`
	ThreadID   string     `db:"thread_id"`
	TeamID     string     `db:"team_id"`
	ChannelID  string     `db:"channel_id"`
	TS         string     `db:"ts"`
	UserID     string     `db:"user_id"`
	AuthorName string     `db:"author_name"`
	Text       string     `db:"text"`
	EditedTS   string     `db:"edited_ts"`
	State      ReplyState `db:"state"`
	Reason     string     `db:"reason"`
	ArrivedAt  int64      `db:"arrived_at"`
	HoldUntil  int64      `db:"hold_until"`
	Burst      string     `db:"burst"`       // replies of one burst go in one call
	Seq        int64      `db:"seq"`         // place in the friend's lane; 0 until released
	ReleasedAt int64      `db:"released_at"` //
	ReleasedBy string     `db:"released_by"` // Slack user who pressed a button, or ""
	MayPush    bool       `db:"may_push"`    // to a group: somebody accepted the price
	CallID     string     `db:"call_id"`
	MessageID  string     `db:"message_id"` // the mirror, when it was sent
	Hourglass  bool       `db:"hourglass"`  // ⏳ is on it
	EndedAt    int64      `db:"ended_at"`
}

// ReplyChange is an edit or deletion that arrived before its reply.
type ReplyChange struct {
	TeamID    string `db:"team_id"`
	ChannelID string `db:"channel_id"`
	TS        string `db:"ts"`
	EditedTS  string `db:"edited_ts"`
	Text      string `db:"text"`
	Deleted   bool   `db:"deleted"`
}

// ReplyToken is LINE's permission to answer once for free.
type ReplyToken struct {
	ID         string `db:"id"`
	AccountID  string `db:"account_id"`
	FriendID   string `db:"friend_id"`
	Token      string `db:"token"`
	ReceivedAt int64  `db:"received_at"`
	Used       bool   `db:"used"`
}

// AuditEntry says who did what, or was refused what. It is only ever added.
type AuditEntry struct {
	ID        string `db:"id"`
	AccountID string `db:"account_id"`
	At        int64  `db:"at"`
	Actor     string `db:"actor"` // Slack user id, "rule", "apply" or "command"
	Action    string `db:"action"`
	FriendID  string `db:"friend_id"`
	Detail    string `db:"detail"` // JSON; never a friend's words
	Allowed   bool   `db:"allowed"`
	Sets      string `db:"sets"` // names of the permission sets that granted it, comma separated
}

// Pause is a connection that does not work until somebody acts or it recovers.
type Pause struct {
	Connection string `db:"connection"` // "line:<account id>" or "slack"
	Code       string `db:"code"`
	Since      int64  `db:"since"`
	RetryAt    int64  `db:"retry_at"`
}

// SlackUpload is a friend's file in a thread, to be deleted when the friend
// takes the message back.
type SlackUpload struct {
	MessageID string `db:"message_id"`
	ThreadID  string `db:"thread_id"`
	FileID    string `db:"file_id"`
	Shared    bool   `db:"shared"`
}

// StoredEvent is an accepted event, to be decided.
type StoredEvent struct {
	ID          string `db:"id"`
	AccountID   string `db:"account_id"`
	Source      Source `db:"source"`
	Key         string `db:"event_key"`
	Lane        string `db:"lane"`
	At          int64  `db:"at"`
	ReceivedAt  int64  `db:"received_at"`
	Raw         []byte `db:"raw"`
	Redelivered bool   `db:"redelivered"`
	Attempts    int    `db:"attempts"`
	State       string `db:"state"` // pending, done, parked
	Error       string `db:"error"`
}

// ParkedEvent is what may be told about a parked event to whoever must not read
// what it says.
type ParkedEvent struct {
	ID         string `db:"id"`
	AccountID  string `db:"account_id"`
	Source     Source `db:"source"`
	ReceivedAt int64  `db:"received_at"`
	Attempts   int    `db:"attempts"`
	Error      string `db:"error"` // why; quotes nothing of the event
}

// LaneKind says which worker serves a lane.
type LaneKind string

// The kinds of lanes.
const (
	LaneInbox LaneKind = "inbox" // events to decide
	LaneSend  LaneKind = "send"  // LINE sends of one friend
	LanePost  LaneKind = "post"  // everything in one Slack channel
	LaneTask  LaneKind = "task"  // one errand
	LaneMedia LaneKind = "media" // one file to fetch
)

// Lane is a leased lane. Fence is the token that proves the lease.
type Lane struct {
	ID    string   `db:"id"`
	Kind  LaneKind `db:"kind"`
	Fence string   `db:"lease_owner"`
	Bump  int64    `db:"bump"`
}
