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

// servePosts does what is due in one Slack channel: unfinished calls, and the
// next threads in turn as far as Slack's rates allow. Neither keeps the other
// waiting. Where posting stopped, what stands there is still changed and deleted;
// in a closed one that is done too, and all else ends or goes where it is seen.
func (r *Relay) servePosts(ctx context.Context, lane Lane) (int64, error) {
	called := false
	for until := r.Now().Add(serveFor); r.Now().Before(until); {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		turn, err := r.nextTurn(ctx, lane, called)
		if err != nil {
			return 0, err
		}
		if turn.frozen != nil {
			if err := r.attemptPost(ctx, lane, turn.channel, *turn.frozen); err != nil {
				return 0, err
			}
		}
		for _, c := range turn.calls {
			if err := r.attemptInChannel(ctx, lane, turn.channel, c); err != nil {
				return 0, err
			}
		}
		if called = len(turn.calls) > 0; !called && turn.frozen == nil {
			return turn.due, nil
		}
	}
	return r.Now().UnixMilli(), nil
}

// channelTurn is what is to be done in a Slack channel now: calls that are due,
// or the next post.
type channelTurn struct {
	channel SlackChannel
	calls   []Call
	frozen  *Call
	due     int64 // if there is neither: when there will be, 0 for when the lane is poked
}

// nextTurn prefers the calls, and after some of them (called) the next post.
func (r *Relay) nextTurn(ctx context.Context, lane Lane, called bool) (turn channelTurn, err error) {
	var wait int64
	err = r.Store.InTx(ctx, func(tx Tx) (err error) {
		turn, wait = channelTurn{}, 0
		if turn.channel, err = tx.SlackChannel(strings.TrimPrefix(lane.ID, "post:")); err != nil {
			return err
		}
		if !turn.channel.inReach() { // whoever makes it ready pokes the lane
			return nil
		}
		if turn.due, err = pausedUntilOf(tx, slackPause); err != nil || turn.due > r.Now().UnixMilli() {
			return err
		}
		if turn.channel.State == ChannelStopped { // what must go goes all the same
			turn.calls, turn.due, err = tx.StandingCalls(lane.ID, callsAtOnce)
			return err
		}
		if turn.calls, err = tx.DueCalls(lane.ID, callsAtOnce); err != nil || len(turn.calls) > 0 && !called {
			return err
		}
		if turn.due, err = tx.NextCallAt(lane.ID); err != nil {
			return err
		}
		if turn.frozen, wait, err = r.freezeNext(tx, lane, turn.channel); err == nil && turn.frozen != nil {
			turn.calls = nil
		}
		return err
	})
	if !errors.Is(err, errPaced) {
		return turn, err
	}
	r.Meter.Waited(WaitOwnRate, time.Duration(wait)*time.Millisecond)
	turn.frozen, turn.due = nil, earlier(turn.due, r.Now().UnixMilli()+wait)
	return turn, nil
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
// is to be posted, and errPaced with the wait when the rates do not allow it yet.
func (r *Relay) freezeNext(tx Tx, lane Lane, channel SlackChannel) (*Call, int64, error) {
	t, err := tx.NextThread(channel.ID)
	if errors.Is(err, ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	tx.Fence(lane)
	call, err := r.freeze(tx, lane, channel, t)
	if err != nil || call == nil {
		return nil, 0, err
	}
	wait, err := r.pace(tx, lane.ID)
	if err == nil && wait > 0 {
		err = errPaced
	}
	return call, wait, err
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
	if channel.State != ChannelReady { // closed, and its operator is back: it is about to be ready
		return nil, nil
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
