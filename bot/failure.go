package bot

import (
	"errors"
	"fmt"
	"time"
)

// FailureKind says what may be done after a failed attempt.
type FailureKind string

// The kinds of failure. A caller branches on these and never on texts.
const (
	Permanent     FailureKind = "permanent"     // the same call can never succeed: give up, say so
	Misconfigured FailureKind = "misconfigured" // credentials or permissions: pause the connection, tell the owner, lose nothing
	Transient     FailureKind = "transient"     // certainly not carried out: back off, try again
	RateLimited   FailureKind = "rate_limited"  // certainly not carried out: wait RetryAfter, not counted as an attempt
	Uncertain     FailureKind = "uncertain"     // it may have been carried out: find out before repeating
)

// Failure is how an adapter reports an attempt that did not succeed. Adapters
// return no other error type from a call to LINE or Slack.
type Failure struct {
	Kind       FailureKind
	RetryAfter time.Duration // with RateLimited, when the platform said so; else 0
	Code       string        // short and stable: "channel_not_found", "http_500", "quota", "timeout"
	Detail     string        // for the log; never holds a friend's words, a token or a URL with one
	RequestID  string        // the platform's id of the request, when it gave one
}

func (f *Failure) Error() string {
	if f.Detail == "" {
		return fmt.Sprintf("%s (%s)", f.Code, f.Kind)
	}
	return fmt.Sprintf("%s (%s): %s", f.Code, f.Kind, f.Detail)
}

// lostRoom reports whether Slack refused because of the Slack channel, which may
// be had back.
func (f *Failure) lostRoom() bool {
	return f.Code == "channel_not_found" || f.Code == "not_in_channel" || f.Code == "is_archived"
}

// AsFailure unwraps the Failure in err. An error that holds none is a bug of an
// adapter or a cancelled context; it is treated as Uncertain, which never
// doubles anything.
func AsFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Kind: Uncertain, Code: "unknown", Detail: err.Error()}
}

// ErrNotFound is returned by a Store when what was asked for is not there.
var ErrNotFound = errors.New("not found")

// ErrLeaseLost is returned by InTx when a lane that was fenced is leased by
// somebody else by now: what was done is undone, and the other carries on.
var ErrLeaseLost = errors.New("lease lost")

// ErrTooLarge is returned by Files.Put for a file over the limit; nothing of
// it is kept.
var ErrTooLarge = errors.New("file too large")
