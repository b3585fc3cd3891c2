package bot

import (
	"crypto/sha256"
	"encoding/hex"
)

// Source says where an event came from.
type Source string

// The sources of events.
const (
	FromLINE  Source = "line"
	FromSlack Source = "slack"
	FromSelf  Source = "self" // decided by Madoguchi: rights changed, a profile was fetched
)

// FriendLane is the lane of what happens to a friend of an account; lineID "" is
// for what happens to nobody. It tells nobody the LINE id, since the log names
// lanes.
func FriendLane(accountID, lineID string) string {
	if lineID == "" {
		return "line:" + accountID + ":-"
	}
	return "line:" + accountID + ":" + unnamed(lineID)
}

// unnamed stands for a LINE id where that must not be read.
func unnamed(lineID string) string {
	sum := sha256.Sum256([]byte(lineID))
	return hex.EncodeToString(sum[:16])
}

// Strayed is the Broken of an event that was meant for another account's bot.
const Strayed = "destination of another account"

// Incoming is one event as it is accepted: its raw bytes, and what is needed
// to store it once and in the right lane. It is decoded when it is decided.
type Incoming struct {
	Source    Source
	AccountID string // "" from Slack, where the account follows when it is decided
	Key       string // unique within AccountID and Source: the same key is stored once
	Lane      string // events of one lane are decided in the order of At, then Key
	At        int64  // Unix milliseconds; the platform's time, or ours where it has none
	Raw       []byte
	// LINEMessageID is set for an event that carries a LINE message, so that an
	// unsend finds the raw bytes.
	LINEMessageID string
	Redelivered   bool
	// Digest tells the content of two events with the same Key apart; "" is not
	// compared. The first one stands.
	Digest string
	// Broken holds why Raw could not be read as an event. It is kept, parked,
	// and not decided. It quotes nothing of Raw.
	Broken string
}
