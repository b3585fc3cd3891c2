package slack

import "time"

// Beliefs are the points at which Slack's behaviour is not documented, or is
// documented one way and reported another. The zero value is what is most
// likely true; each switch is a way in which it could be otherwise, so that
// the relay can be tried against both.
type Beliefs struct {
	// RepliesRefused: conversations.replies does not work with a bot token, as
	// its reference page says. In practice it is reported to work.
	RepliesRefused bool
	// EchoWithoutMetadata: the event about a post of our own lacks its metadata.
	EchoWithoutMetadata bool
	// CustomNameWithoutSubtype: a post under a custom name comes back like any
	// other post of the app. Answers that people have shown carry the subtype
	// bot_message and no user.
	CustomNameWithoutSubtype bool
	// CustomNameNeedsScope: a post under a custom name without the scope
	// chat:write.customize fails with missing_scope. It is reported to be
	// posted under the app's own name.
	CustomNameNeedsScope bool
	// NoTombstone: deleting a thread's first post removes it and the event is
	// message_deleted. Otherwise a first post with replies turns into a
	// tombstone, and the event is message_changed.
	NoTombstone bool
	// TombstoneKeepsThread: a tombstone can still be replied to. Otherwise such
	// a reply is accepted and stands in the open, as when the post is gone.
	TombstoneKeepsThread bool
	// UnknownThreadRefused: a reply to a post that does not exist fails with
	// thread_not_found. Otherwise it is accepted and stands in the open.
	UnknownThreadRefused bool
	// NoSocketNoRetry: an event that finds no socket open is lost. Otherwise it
	// is tried again like one that was not acknowledged.
	NoSocketNoRetry bool
	// QueryTokenAccepted: a token in the query string is taken. Slack refuses
	// it for apps made since 2021.
	QueryTokenAccepted bool
	// NonLatinNames: Slack channels may have Japanese names when made by API.
	NonLatinNames bool
	// BotsUnarchive: conversations.unarchive works with a bot token.
	BotsUnarchive bool
	// EmojiStay: emoji that people type stay as they are in the text of
	// events. Otherwise they arrive as :names:.
	EmojiStay bool
	// FileProcessing is how long after its completion a file cannot be shown
	// in an image block yet.
	FileProcessing time.Duration
	// LateFileShares: files.info does not tell for this long where a file was
	// shared.
	LateFileShares time.Duration
}
