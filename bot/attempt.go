package bot

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

const longestBackoff = time.Minute

// backoff is how long to wait after the n-th attempt, with some chance in it
// so that those who failed together do not come back together.
func backoff(n int) time.Duration {
	d := longestBackoff
	if n = max(n, 1); n < 8 {
		d = min(d, 500*time.Millisecond<<n)
	}
	return d/2 + rand.N(d/2) //nolint:gosec // no secret depends on it
}

// failureOf returns the Failure of an attempt, nil when it succeeded.
func failureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	return AsFailure(err)
}

// outlive returns a context for a request and for recording its outcome, which
// must also work while the process is stopping. It ends before the lease does:
// an adapter's request takes ten seconds at most, and so does the record.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
}

// voidCall ends a call that has become pointless.
func (r *Relay) voidCall(ctx context.Context, lane Lane, c Call) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		c := c // it may run again
		tx.Fence(lane)
		r.endCall(tx, &c, CallVoid)
		return tx.SaveCall(&c)
	})
}

func (r *Relay) saveCall(ctx context.Context, lane Lane, c Call) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		return tx.SaveCall(&c)
	})
}

// noteAttempt keeps what came of one try. It must not hold up the call: when
// the database refuses, the log has it.
func (r *Relay) noteAttempt(ctx context.Context, c Call, started time.Time, f *Failure) {
	took := r.Now().Sub(started)
	a := Attempt{CallID: c.ID, At: started.UnixMilli(), Took: took.Milliseconds(), Outcome: "ok"}
	if f != nil {
		a.Outcome, a.Code, a.RequestID = string(f.Kind), f.Code, f.RequestID
	}
	r.Meter.Attempt(c.Kind, a.Outcome, took)
	if f == nil && c.Kind != CallLINESend {
		return // the call itself says that it is done
	}
	if err := r.Store.InTx(ctx, func(tx Tx) error { return tx.AddAttempt(a) }); err != nil {
		r.Log.Warn("attempt not noted", "call", c.ID, "outcome", a.Outcome, "code", a.Code, "error", err)
	}
}

// attemptRepeatable makes a call that may safely be repeated whatever became of
// it, and has settle decide how it goes on.
func (r *Relay) attemptRepeatable(ctx context.Context, lane Lane, c Call, do func(context.Context) error,
	settle func(tx Tx, c *Call, f *Failure) error,
) error {
	started := r.Now()
	f := failureOf(do(ctx))
	ctx, cancel := outlive(ctx)
	defer cancel()
	r.noteAttempt(ctx, c, started, f)
	return r.Store.InTx(ctx, func(tx Tx) error {
		c := c // it may run again
		tx.Fence(lane)
		if err := settle(tx, &c, f); err != nil {
			return err
		}
		return tx.SaveCall(&c)
	})
}

// settleSimple decides how a call goes on that may safely be repeated, up to a
// number of tries (0: a day).
func (r *Relay) settleSimple(tx Tx, c *Call, f *Failure, tries int) {
	if c.FirstAt == 0 {
		c.FirstAt = tx.Now()
	}
	if f == nil {
		r.endCall(tx, c, CallDone)
		return
	}
	c.Code, c.State = f.Code, CallQueued
	switch f.Kind {
	case Permanent:
		r.endCall(tx, c, CallFailed)
		return
	case RateLimited:
		wait := max(f.RetryAfter, time.Second)
		c.NextAt = tx.Now() + wait.Milliseconds()
		r.noteWait(tx, c.Kind, wait)
		return
	case Misconfigured:
		c.NextAt = tx.Now() + slackRetry.Milliseconds()
	case Transient, Uncertain:
		c.Attempts++
		c.NextAt = tx.Now() + backoff(c.Attempts).Milliseconds()
	}
	if tries > 0 && c.Attempts >= tries || tx.Now()-c.FirstAt > (24*time.Hour).Milliseconds() {
		r.Log.Error("call given up", "call", c.ID, "kind", c.Kind, "code", c.Code)
		r.endCall(tx, c, CallFailed)
	}
}

// noteWait counts that LINE or Slack has a call come again later.
func (r *Relay) noteWait(tx Tx, kind CallKind, wait time.Duration) {
	reason := WaitSlack
	if strings.HasPrefix(string(kind), "line.") {
		reason = WaitLINE
	}
	tx.AfterCommit(func() { r.Meter.Waited(reason, wait) })
}

func reactionRef(channelID, ts, emoji string) string { return channelID + " " + ts + " " + emoji }

func postRef(channelID, ts string) string { return channelID + " " + ts }

func splitPost(ref string) (channelID, ts string) {
	channelID, ts, _ = strings.Cut(ref, " ")
	return channelID, ts
}

func splitReaction(ref string) (channelID, ts, emoji string, err error) {
	fields := strings.Fields(ref)
	if len(fields) != 3 {
		return "", "", "", fmt.Errorf("reaction %q has not three fields", ref)
	}
	return fields[0], fields[1], fields[2], nil
}
