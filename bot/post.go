package bot

import (
	"context"
	"errors"
	"strings"
	"time"
)

const (
	mergeItems   = 20
	mergeLetters = 7000 // with the card in the same post, what a post holds without a cut

	callsAtOnce = 20
	// echoWait is how long the echo of a post may take before the thread is
	// searched for it.
	echoWait   = 10 * time.Second
	echoLook   = time.Second
	quietAfter = 30 * time.Minute
	mentionGap = 5 * time.Minute
	idleAfter  = 24 * time.Hour
	rateKind   = LaneKind("rate") // lanes of this kind only hold a rate and are never due
	rateSlack  = "rate:slack"
	rateEvents = "rate:events"
	slackPause = "slack"
	slackRetry = 10 * time.Second
	reactTries = 10
)

// servePosts does what is due in one Slack channel: unfinished calls first,
// then the next threads in turn as far as Slack's rates allow.
func (r *Relay) servePosts(ctx context.Context, lane Lane) (int64, error) {
	channelID := strings.TrimPrefix(lane.ID, "post:")
	for until := r.Now().Add(serveFor); r.Now().Before(until); {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		var channel SlackChannel
		var calls []Call
		var pausedUntil int64
		err := r.Store.View(ctx, func(tx Tx) (err error) {
			if channel, err = tx.SlackChannel(channelID); err != nil {
				return err
			}
			if pausedUntil, err = pausedUntilOf(tx, slackPause); err != nil {
				return err
			}
			calls, err = tx.DueCalls(lane.ID, callsAtOnce)
			return err
		})
		if err != nil {
			return 0, err
		}
		if channel.State != ChannelReady { // whoever makes it ready pokes the lane
			return 0, nil
		}
		if pausedUntil > r.Now().UnixMilli() {
			return pausedUntil, nil
		}
		for _, c := range calls {
			if err := r.attemptInChannel(ctx, lane, channel, c); err != nil {
				return 0, err
			}
		}
		frozen, wait, err := r.freezeNext(ctx, lane, channel)
		if err != nil {
			return 0, err
		}
		if frozen != nil {
			if err := r.attemptPost(ctx, lane, channel, *frozen); err != nil {
				return 0, err
			}
			continue
		}
		if len(calls) == callsAtOnce {
			continue
		}
		return r.nextInChannel(ctx, lane, wait)
	}
	return r.Now().UnixMilli(), nil
}

func (r *Relay) nextInChannel(ctx context.Context, lane Lane, wait int64) (due int64, err error) {
	err = r.Store.View(ctx, func(tx Tx) error {
		due, err = tx.NextCallAt(lane.ID)
		return err
	})
	if wait > 0 {
		at := r.Now().UnixMilli() + wait
		if due == 0 || at < due {
			due = at
		}
	}
	return due, err
}

func pausedUntilOf(tx Tx, connection string) (int64, error) {
	pauses, err := tx.Pauses()
	if err != nil {
		return 0, err
	}
	for _, p := range pauses {
		if p.Connection == connection {
			return p.RetryAt, nil
		}
	}
	return 0, nil
}

// errPaced rolls a transaction back that may not post yet.
var errPaced = errors.New("rate of posts reached")

// pace takes one post out of the rates of the Slack channel and the workspace.
func (r *Relay) pace(tx Tx, lane string) (wait int64, err error) {
	for _, rate := range []struct {
		kind  LaneKind
		lane  string
		per   time.Duration
		count float64
		burst int
	}{
		{LanePost, lane, time.Second, r.Limits.ChannelPerSecond, 5},
		{rateKind, rateSlack, time.Minute, r.Limits.WorkspacePerMinute, int(r.Limits.WorkspacePerMinute / 10)},
		{rateKind, rateEvents, time.Hour, r.Limits.EventsPerHour * 0.8, int(r.Limits.EventsPerHour / 30)}, // the rest is for what people do
	} {
		if rate.count <= 0 {
			continue
		}
		interval := int64(float64(rate.per.Microseconds()) / rate.count)
		wait, err := tx.Pace(rate.kind, rate.lane, interval, rate.burst)
		if err != nil || wait > 0 {
			return wait, err
		}
	}
	return 0, nil
}

// freezeNext makes the call for the next post of a Slack channel: its members
// and bytes are fixed before it is attempted. It returns no call when nothing
// is to be posted, and wait when the rates do not allow it yet.
func (r *Relay) freezeNext(ctx context.Context, lane Lane, channel SlackChannel) (frozen *Call, wait int64, err error) {
	err = r.Store.InTx(ctx, func(tx Tx) error {
		frozen, wait = nil, 0
		t, err := tx.NextThread(channel.ID)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		tx.Fence(lane)
		call, err := r.freeze(tx, lane, channel, t)
		if err != nil || call == nil {
			return err
		}
		if wait, err = r.pace(tx, lane.ID); err != nil {
			return err
		}
		if wait > 0 {
			return errPaced
		}
		frozen = call
		return nil
	})
	if errors.Is(err, errPaced) {
		r.Meter.Waited(WaitOwnRate, time.Duration(wait)*time.Millisecond)
		return nil, wait, nil
	}
	return frozen, wait, err
}

func (r *Relay) freeze(tx Tx, lane Lane, channel SlackChannel, t Thread) (*Call, error) {
	parts, err := tx.QueuedParts(t.ID, mergeItems)
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	b := postBuilder{relay: r, tx: tx, channel: channel, thread: t, callID: newID()}
	ok, err := b.prepare()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, r.rerouteQueued(tx, t)
	}
	members, err := b.take(parts)
	if err != nil {
		return nil, err
	}
	view, err := b.view(false)
	if err != nil {
		return nil, err
	}
	call := &Call{
		ID: b.callID, AccountID: t.AccountID, Lane: lane.ID, Kind: CallSlackPost, ThreadID: t.ID,
		Ref: view.Mention, Body: r.Renderer.RenderPost(channel.ChannelID, view), Result: digestOf(view),
		State: CallCalling, Attempts: 1, FirstAt: tx.Now(), NextAt: tx.Now(), CreatedAt: tx.Now(),
	}
	if _, err := tx.AddCall(call); err != nil {
		return nil, err
	}
	return call, tx.SetParts(t.ID, members, PartFrozen, call.ID)
}

// rerouteQueued empties a thread whose reader must not see the friend any
// more, and has the friend's own lane find out who must see it instead.
func (r *Relay) rerouteQueued(tx Tx, t Thread) error {
	t.Sight = false
	if err := tx.SaveThread(&t); err != nil {
		return err
	}
	messages, err := tx.VoidQueued(t.ID)
	if err != nil || len(messages) == 0 {
		return err
	}
	f, err := tx.Friend(t.FriendID)
	if err != nil {
		return err
	}
	tx.Poke(LanePost, postLane(t.SlackChannelID), 0)
	return r.askResight(tx, &f, newID(), messages...)
}
