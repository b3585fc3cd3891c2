package bot

import (
	"context"
	"io"
)

// LINE is what the relay asks of LINE for one account. Every method returns a
// *Failure or nil, honours ctx, and makes at most one request (a token that
// LINE refuses is renewed once where short-lived tokens are used).
type LINE interface {
	// Reply and Push send a request body that was rendered before by
	// RenderReply or RenderPush, byte for byte. A 409 for the retry key is
	// success. A 429 is Misconfigured with Code "quota" when the month's
	// messages are used up (the quota endpoints tell), else RateLimited.
	Reply(ctx context.Context, body []byte) (Accepted, error)
	Push(ctx context.Context, body []byte, retryKey string) (Accepted, error)
	Profile(ctx context.Context, kind FriendKind, friendID, speakerID string) (Profile, error)
	GroupMembers(ctx context.Context, kind FriendKind, groupID string) (int, error)
	// MediaContent returns the bytes of a message. A 202 (not ready yet) is
	// Transient with Code "not_ready", gone or unknown content Permanent.
	MediaContent(ctx context.Context, messageID string) (Media, error)
	MarkAsRead(ctx context.Context, token string) error
	BotInfo(ctx context.Context) (BotInfo, error)
	Quota(ctx context.Context) (Quota, error)
}

// Accepted is LINE's answer to an accepted message.
type Accepted struct {
	MessageIDs []string
	RequestID  string
}

// Profile is what LINE tells of a friend, a group or a speaker.
type Profile struct {
	Name    string
	Picture string
}

// Media is a file of a friend's message. The receiver closes Body.
type Media struct {
	Body io.ReadCloser
	Type string // Content-Type
	Size int64  // -1 when LINE does not tell
}

// BotInfo is what LINE tells of the official account.
type BotInfo struct {
	UserID     string // the destination of its webhooks
	BasicID    string
	Name       string
	ChatMode   string // chat or bot
	MarkAsRead string // manual or auto
}

// Quota is the month's message budget.
type Quota struct {
	Limited bool
	Limit   int64
	Used    int64
}

// Slack is what the relay asks of Slack for the one connection. Every method
// returns a *Failure or nil and honours ctx. Methods that only read may be
// repeated by the adapter; the others make one request.
type Slack interface {
	// Post sends a body that RenderPost made, byte for byte. ThreadTS is the
	// thread Slack put it in: "" when it stands in the open, which means that
	// the thread's first post is gone.
	Post(ctx context.Context, body []byte) (Posted, error)
	Update(ctx context.Context, channelID, ts string, body []byte) error // body of RenderUpdate
	Delete(ctx context.Context, channelID, ts string) error
	React(ctx context.Context, channelID, ts, emoji string) error // already there is success
	Unreact(ctx context.Context, channelID, ts, emoji string) error
	// FindPost looks in the thread (or, with threadTS "", among the Slack
	// channel's own posts) for the post that carries callID in its metadata.
	FindPost(ctx context.Context, channelID, threadTS, callID string) (Posted, bool, error)
	// Replies returns what people wrote in a thread after a ts, as the events
	// would have brought it.
	Replies(ctx context.Context, channelID, threadTS, afterTS string) ([]SlackReply, error)

	// ReserveUpload and FinishUpload are the first and last of the three steps
	// of a file; the bytes go between. FileShared tells whether an uncertain
	// FinishUpload took effect.
	ReserveUpload(ctx context.Context, name string, size int64) (Upload, error)
	SendUpload(ctx context.Context, u Upload, name string, body io.Reader, size int64) error
	FinishUpload(ctx context.Context, fileID, name, channelID, threadTS string) error
	FileShared(ctx context.Context, fileID, channelID string) (bool, error)
	DeleteFile(ctx context.Context, fileID string) error

	CreateChannel(ctx context.Context, name string) (Room, error) // private; Code "name_taken" when it is
	Channel(ctx context.Context, channelID string) (Room, error)
	OwnChannels(ctx context.Context) ([]Room, error) // the private ones the bot is in
	Members(ctx context.Context, channelID string) ([]string, error)
	Invite(ctx context.Context, channelID string, userIDs ...string) error
	Kick(ctx context.Context, channelID, userID string) error
	SetTopic(ctx context.Context, channelID, topic string) error
	User(ctx context.Context, userID string) (SlackUserInfo, error)
	UserByEmail(ctx context.Context, email string) (SlackUserInfo, error)
	Permalink(ctx context.Context, channelID, ts string) (string, error)
	Identity(ctx context.Context) (SlackIdentity, error)
}

// Posted is where a post stands.
type Posted struct {
	ChannelID string
	TS        string
	ThreadTS  string // "" when it opened a thread or stands in the open
}

// Upload is a place for the bytes of a file.
type Upload struct {
	FileID string
	URL    string
}

// Room is a Slack channel as Slack describes it.
type Room struct {
	ID       string
	Name     string
	Creator  string // Slack user id
	Topic    string
	Private  bool
	Archived bool
	Shared   bool // with another workspace
	Member   bool // the bot is in it
}

// SlackUserInfo is what Slack tells of a user.
type SlackUserInfo struct {
	ID      string
	Name    string
	Email   string
	Bot     bool
	Deleted bool
	Guest   bool
}

// SlackIdentity is who the bot is.
type SlackIdentity struct {
	TeamID    string
	TeamURL   string
	BotUserID string
	BotID     string
	AppID     string // "" when Slack does not tell
	Scopes    []string
}

// Renderer turns views into the bytes of Slack calls. It is pure.
type Renderer interface {
	RenderPost(channelID string, v PostView) []byte
	RenderUpdate(channelID, ts string, v PostView) []byte
}

// Composer turns replies into the bytes of LINE calls. It is pure.
type Composer interface {
	RenderReply(replyToken string, texts []string) []byte
	RenderPush(friendID string, texts []string) []byte
}
