package bot

import "context"

// Store keeps everything that must outlive the process. Its methods are safe
// for concurrent use.
type Store interface {
	// InTx runs fn in one transaction and commits when fn returns nil. On
	// SQLite concurrent calls share a commit; one that fails does not fail its
	// neighbours. fn must only use the Tx it is given, must be quick, and may be
	// run again when the database asks for it. A panic in fn becomes an error.
	// When ctx ends while the commit is under way InTx returns ctx's error and
	// the commit may still happen.
	InTx(ctx context.Context, fn func(Tx) error) error
	// View runs fn on a consistent reading of the database; fn must not write.
	View(ctx context.Context, fn func(Tx) error) error

	// Accept stores events once, in as few commits as concurrent callers allow:
	// who arrives while a commit runs goes into the next. A row that cannot be
	// stored fails only its own caller. The commit does not hang on ctx.
	Accept(ctx context.Context, events []Incoming) error

	// Claim leases up to n lanes of a kind that are due.
	Claim(ctx context.Context, kind LaneKind, n int) ([]Lane, error)
	// NextDue tells when the next unleased lane of a kind is due; 0 when none is.
	NextDue(ctx context.Context, kind LaneKind) (int64, error)
	// Release gives a lane back. due is when it next has something to do (0:
	// nothing); if anything was added since it was claimed, it stays due now.
	Release(ctx context.Context, lane Lane, due int64) error
	// Wake returns a channel that receives when lanes of a kind may have become
	// due, from this process or (on PostgreSQL) another.
	Wake(kind LaneKind) <-chan struct{}
}

// Tx is one transaction. Reading what is not there returns ErrNotFound. What is
// wrong with a write may be told by a later call, or only when the transaction
// is committed; that fails in any case.
// Methods that lock hold the row until the end of the transaction; to stay
// free of deadlocks a transaction locks a friend first, then threads, and
// lanes only through Poke and Fence, which take effect at its end in one order.
type Tx interface {
	Now() int64 // Unix milliseconds, the same throughout the transaction

	// Fence makes the commit fail with ErrLeaseLost unless the lane is still
	// leased by its holder, and renews the lease.
	Fence(lane Lane)
	// Poke makes a lane due at a time (or earlier, if it already was); 0 is now.
	Poke(kind LaneKind, lane string, due int64)
	// Pace takes one post out of a lane's rate (interval microseconds a post,
	// burst posts at once): it returns 0 and counts it, or how many
	// milliseconds to wait.
	Pace(kind LaneKind, lane string, interval int64, burst int) (wait int64, err error)
	// Penalise lets nothing pass Pace before a time (Unix milliseconds).
	Penalise(kind LaneKind, lane string, until int64) error
	// AfterCommit has fn called once the transaction is committed, and never if
	// it is not. fn must be quick.
	AfterCommit(fn func())

	AccountTx
	InboxTx
	FriendTx
	MessageTx
	ThreadTx
	CallTx
	ReplyTx
	AuditTx
}

// AccountTx reads and writes accounts and their Slack channels.
type AccountTx interface {
	Accounts() ([]AccountVersion, error)
	Account(id string) (Account, error)
	AccountBySlug(slug string) (Account, error)
	// SaveAccount inserts or replaces an account; Version becomes one more
	// than the stored one. applied is what the account file said, or nil to
	// keep what is stored.
	SaveAccount(a *Account, applied *Settings) error
	Applied(accountID string) (*Settings, error)        // nil when never applied
	SetBotUserID(accountID, userID string) error        // raises the version
	SetRedeliverySeen(accountID string, at int64) error // Accept does so itself
	RedeliverySeen(accountID string) (int64, error)
	// Identities are the Slack users found by the e-mails that an account's
	// operators have now, by operator key.
	Identities(a *Account) (map[string]string, error)
	// SetIdentity stores who was found by an e-mail and raises the account's
	// version.
	SetIdentity(accountID, operator, email, slackUser string) error
	// InactiveUsers are the Slack users of an account whose Slack account was
	// ended.
	InactiveUsers(accountID string) ([]string, error)
	// SetInactive stores that a Slack user's account was ended, or is in use
	// again; a change raises the account's version.
	SetInactive(accountID, slackUser string, inactive bool) (changed bool, err error)
	// AccountVersion is the version of one account, to see whether a copy is old.
	AccountVersion(id string) (int64, error)

	SlackChannels(accountID string) ([]SlackChannel, error)
	SlackChannel(id string) (SlackChannel, error)
	SlackChannelAt(accountID, place string) (SlackChannel, error)
	SlackChannelBySlackID(teamID, channelID string) (SlackChannel, error)
	LockSlackChannel(id string) (SlackChannel, error) // until the transaction ends
	// AddSlackChannel does nothing (false) where the place has a row already.
	AddSlackChannel(c *SlackChannel) (bool, error)
	SaveSlackChannel(c *SlackChannel) error // by ID

	Pauses() ([]Pause, error)
	SetPause(p Pause) (isNew bool, err error) // keeps Since of one that is there
	ClearPause(connection string) (was bool, err error)
	// Heartbeat notes that this deployment runs and returns the one before.
	Heartbeat(at int64) (before int64, err error)
	// CountFollow adds to the follows of an hour and returns the number so far.
	CountFollow(accountID string, hour int64) (int, error)
	// TakeFollows removes the counts of hours before a time and returns them.
	TakeFollows(accountID string, before int64) (counts map[int64]int, err error)
}

// AccountVersion is enough to notice that an account changed.
type AccountVersion struct {
	ID      string `db:"id"`
	Slug    string `db:"slug"`
	Version int64  `db:"version"`
}

// InboxTx reads and ends accepted events.
type InboxTx interface {
	// PendingEvents returns the first events of a lane, by At, then Key.
	PendingEvents(lane string, n int) ([]StoredEvent, error)
	FinishEvent(id string) error
	// RetryEvent counts a failed attempt; the event stays pending.
	RetryEvent(id, reason string) error
	ParkEvent(id, reason string) error
	// AddEvent stores an event of our own making (FromSelf) and pokes its lane.
	AddEvent(e Incoming) error
	// RedactEvents replaces the raw bytes of all events that carry a LINE
	// message by "{}".
	RedactEvents(accountID, lineMessageID string) error
	// InboxBacklog counts what is to be decided, and what is parked.
	InboxBacklog() (pending Backlog, parked int, err error)
	// InboxBacklogOf is InboxBacklog of one account; "" for what Slack delivered,
	// whose account is known when it is decided.
	InboxBacklogOf(accountID string) (pending Backlog, parked int, err error)
	// Parked lists what is parked of an account ("": of all), newest first.
	Parked(accountID string, n int) ([]ParkedEvent, error)
	Event(id string) (StoredEvent, error)
	// UnparkEvent makes a parked event pending again, with all its attempts;
	// ErrNotFound if it is not parked.
	UnparkEvent(id string) error
	// DropEvent deletes a parked event; ErrNotFound if it is not parked. Its key
	// stays, so that it does not come back.
	DropEvent(id string) error
}

// Backlog is how many things wait, and since when the first does; 0 if none.
type Backlog struct {
	Waiting int   `db:"waiting"`
	Oldest  int64 `db:"oldest"`
}

// Add makes one backlog of two.
func (b Backlog) Add(more Backlog) Backlog {
	if b.Waiting == 0 || more.Waiting > 0 && more.Oldest < b.Oldest {
		b.Oldest = more.Oldest
	}
	b.Waiting += more.Waiting
	return b
}

// FriendTx reads and writes friends and their tags.
type FriendTx interface {
	Friend(id string) (Friend, error)
	// LockFriend reads a friend and locks it: whoever decides about a friend
	// holds this lock, so that two decisions never cross.
	LockFriend(id string) (Friend, error)
	// LockFriendByLINE finds or makes the friend of a LINE id and locks it.
	LockFriendByLINE(accountID, lineID string, kind FriendKind) (f Friend, isNew bool, err error)
	SaveFriend(f *Friend) error
	FriendTags(friendID string) ([]FriendTag, error)
	// TagsOn returns the ids of the tags that some friends carry, by friend.
	TagsOn(friendIDs []string) (map[string][]string, error)
	SetFriendTag(t FriendTag, accountID string) error // inserts or replaces
	// WaitingFriends returns who waits, longest first, from the one that follows
	// after (nil: the first); n 0 for all.
	WaitingFriends(accountID string, after *Friend, n int) ([]Friend, error)
	WaitingCount(accountID string) (Backlog, error)
	// FindFriends returns friends whose name contains text (NFKC, case folded).
	FindFriends(accountID, text string, n int) ([]Friend, error)
	// Speaker returns the last known name of somebody who spoke in a group.
	Speaker(accountID, lineID string) (name string, at int64, err error)
	SetSpeaker(accountID, lineID, name string, at int64) error
}

// MessageTx reads and writes the conversation.
type MessageTx interface {
	// AddMessage stores m with the friend's next Seq, which it fills in.
	AddMessage(m *Message) error
	Message(id string) (Message, error)
	Messages(ids []string) ([]Message, error) // those that exist, in no order
	MessageByLINEID(accountID, lineID string) (Message, error)
	// MessagesByLINEID returns every wording of a LINE message, oldest first.
	MessagesByLINEID(accountID, lineID string) ([]Message, error)
	// MessagesQuoting returns the messages that quote a LINE message.
	MessagesQuoting(accountID, lineID string) ([]Message, error)
	// LastMessages returns the newest n messages of a friend, oldest first.
	LastMessages(friendID string, n int) ([]Message, error)
	SaveMessage(m *Message) error // content, text, unsent and media columns
	// ExpiredMedia returns messages received before a time whose file is kept.
	ExpiredMedia(before int64, n int) ([]Message, error)
	// Bury remembers that a LINE message was taken back; Buried tells.
	Bury(accountID, lineMessageID string) error
	Buried(accountID, lineMessageID string) (bool, error)
	AddReplyToken(t ReplyToken) error
	// ReplyTokens returns the unused tokens of a friend received after a time,
	// oldest first.
	ReplyTokens(friendID string, after int64) ([]ReplyToken, error)
	SpendReplyToken(id string) error
	ReplyToken(id string) (ReplyToken, error)
}

// ThreadTx reads and writes threads, their parts and posts.
type ThreadTx interface {
	Thread(id string) (Thread, error)
	LockThread(id string) (Thread, error)
	ThreadBySlack(teamID, channelID, ts string) (Thread, error)
	CurrentThread(friendID, place string) (Thread, error)
	// CurrentThreads returns the current threads of a friend, by place.
	CurrentThreads(friendID string) ([]Thread, error)
	// ThreadsFor returns the current threads of several friends at one place.
	ThreadsFor(place string, friendIDs []string) ([]Thread, error)
	// RecentThreads returns threads in which we or a person wrote since a time,
	// newest first.
	RecentThreads(since int64, n int) ([]Thread, error)
	AddThread(t *Thread) error
	SaveThread(t *Thread) error // everything but NextSeq and QueuedSince

	// AddPart queues p with the thread's next Seq, unless the thread has a
	// part of this message already (false). It does not poke the lane.
	AddPart(p *Part) (bool, error)
	// NextThread returns and locks the thread of a Slack channel that is to be
	// posted next: it has queued parts and no unfinished post; waiting friends
	// first, and in turns.
	NextThread(slackChannelID string) (Thread, error)
	QueuedParts(threadID string, n int) ([]Part, error) // by Seq
	PartsOfCall(callID string) ([]Part, error)          // by Seq
	PartsOfMessage(messageID string) ([]Part, error)
	// SetParts changes the state and call of parts and keeps the thread's
	// QueuedSince true.
	SetParts(threadID string, ids []string, state PartState, callID string) error
	// VoidQueued voids all queued parts of a thread and returns their messages.
	VoidQueued(threadID string) (messageIDs []string, err error)
	// MoveParts queues the frozen parts of a call and all queued ones of a
	// thread in another thread, in order.
	MoveParts(fromThread, callID, toThread string) error

	AddPost(p *Post) error
	SavePost(p *Post) error
	Post(id string) (Post, error)
	CardOf(threadID string) (Post, error)
	PostBySlack(channelID, ts string) (Post, error)
	StalePosts(channelID string) ([]Post, error) // of one of Slack's channels

	AddSlackUpload(u SlackUpload) error // inserts or replaces
	SlackUploads(messageID string) ([]SlackUpload, error)
}

// CallTx reads and writes the outbox.
type CallTx interface {
	// AddCall stores c with the next Seq and pokes its lane. With a Merge key
	// that an unfinished, never attempted call has, nothing is added (false).
	AddCall(c *Call) (bool, error)
	Call(id string) (Call, error)
	LockCall(id string) (Call, error) // until the transaction ends
	// DueCalls returns unfinished calls of a lane whose NextAt has come, by Seq.
	DueCalls(lane string, n int) ([]Call, error)
	// StandingCalls returns those due calls of a Slack channel that add nothing
	// to what stands in it, by Seq, and when the next of them is due (0: never):
	// updates, deletions and reactions, and posts that may have been carried out.
	StandingCalls(lane string, n int) (due []Call, next int64, err error)
	// NextCallAt returns the smallest NextAt of a lane's unfinished calls; 0 if none.
	NextCallAt(lane string) (int64, error)
	SaveCall(c *Call) error // everything that changes
	AddAttempt(a Attempt) error
	// AddEcho notes a post of ours that was seen; false when it tells nothing
	// new.
	AddEcho(e Echo) (isNew bool, err error)
	EchoOf(callID string) (Echo, error)
	// OutboxBacklog counts, by the kind of lane, what is decided and not carried
	// out: unfinished calls, and parts and released replies of which no call is
	// made yet.
	OutboxBacklog() (map[LaneKind]Backlog, error)
	OutboxBacklogOf(accountID string) (map[LaneKind]Backlog, error)
	// HastenSends makes everything due now that an account still has to send.
	HastenSends(accountID string) error
	// ThreadOpening tells whether the first post of some thread of a Slack
	// channel is unfinished: it may stand in Slack already.
	ThreadOpening(slackChannelID string) (bool, error)
}

// ReplyTx reads and writes replies.
type ReplyTx interface {
	// AddReply stores r; false when (team, Slack channel, ts) is there already.
	AddReply(r *Reply) (bool, error)
	Reply(id string) (Reply, error)
	ReplyBySlack(teamID, channelID, ts string) (Reply, error)
	SaveReply(r *Reply) error
	// HeldReplies and ReleasedReplies return a friend's replies in these
	// states: held by ts, released by Seq.
	HeldReplies(friendID string) ([]Reply, error)
	ReleasedReplies(friendID string) ([]Reply, error)
	RepliesOfCall(callID string) ([]Reply, error) // by Seq
	// NextReplySeq gives the next place in a friend's lane.
	NextReplySeq(friendID string) (int64, error)
	AddReplyChange(c ReplyChange) error // keeps the newest; a deletion wins
	TakeReplyChange(teamID, channelID, ts string) (ReplyChange, error)
}

// AuditTx adds to the audit trail.
type AuditTx interface {
	Audit(e AuditEntry) error
	AuditOf(accountID, friendID string, n int) ([]AuditEntry, error) // newest first; friendID "" for all
}
