package line

import "time"

// Beliefs are the points at which LINE's behaviour is not documented or may
// change without notice. The zero value is what is most likely true; each
// member is a way in which it could be otherwise, so that the relay can be
// tried against both.
type Beliefs struct {
	// ReplyTokenLife is how long after its delivery a reply token is valid;
	// 1 minute if 0. LINE says the limit may change.
	ReplyTokenLife time.Duration
	// ReplyTokenReusable: a reply token works again after it was accepted, so
	// that a reply repeated after a lost answer shows twice. LINE says it can
	// be used once.
	ReplyTokenReusable bool
	// RefusalSpendsReplyToken: a reply refused for its messages uses its token
	// up. Otherwise the token can be used for a corrected reply.
	RefusalSpendsReplyToken bool
	// BlockedReplyRefused: a reply with the token of a friend who has blocked
	// the account since is a 400. LINE says so of neither; a push is a 200.
	BlockedReplyRefused bool
	// QuotaBeforeRetryKey: when the month's messages are used up, a repeated
	// push that was accepted before is answered 429 instead of 409.
	QuotaBeforeRetryKey bool
	// NoAcceptedMessages: the 409 of a repeated push does not tell the ids of
	// the messages that were sent.
	NoAcceptedMessages bool
	// StandbyRefused: sending to a chat that a module channel holds is a 403.
	// LINE only says that one should not.
	StandbyRefused bool
	// ExternalContentGone: content that LINE does not keep is answered 410;
	// otherwise 404.
	ExternalContentGone bool
}

func (b Beliefs) replyTokenLife() time.Duration {
	if b.ReplyTokenLife > 0 {
		return b.ReplyTokenLife
	}
	return time.Minute
}
