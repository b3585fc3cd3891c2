package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
		r.Meter.Waited("rate", time.Duration(wait)*time.Millisecond)
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

// attemptInChannel attempts one unfinished call of a Slack channel.
func (r *Relay) attemptInChannel(ctx context.Context, lane Lane, channel SlackChannel, c Call) error {
	switch c.Kind {
	case CallSlackPost:
		return r.resumePost(ctx, lane, channel, c)
	case CallSlackUpdate:
		return r.attemptUpdate(ctx, lane, channel, c)
	case CallSlackUpload:
		return r.attemptUpload(ctx, lane, channel, c)
	case CallSlackReact, CallSlackClear:
		room, ts, emoji, err := splitReaction(c.Ref)
		if err != nil {
			return err
		}
		return r.attemptSimple(ctx, lane, c, reactTries, func(ctx context.Context) error {
			if c.Kind == CallSlackClear {
				return r.Slack.Unreact(ctx, room, ts, emoji)
			}
			return r.Slack.React(ctx, room, ts, emoji)
		})
	case CallSlackErase:
		return r.attemptSimple(ctx, lane, c, 0, func(ctx context.Context) error { return r.Slack.DeleteFile(ctx, c.Ref) })
	case CallSlackDelete:
		room, ts, _ := strings.Cut(c.Ref, " ")
		return r.attemptSimple(ctx, lane, c, 0, func(ctx context.Context) error { return r.Slack.Delete(ctx, room, ts) })
	default:
		return fmt.Errorf("call %s of kind %q in a Slack channel's lane", c.ID, c.Kind)
	}
}

// resumePost goes on with a post that was not finished at its first attempt.
func (r *Relay) resumePost(ctx context.Context, lane Lane, channel SlackChannel, c Call) error {
	if c.Token != "" && c.Token != channel.ChannelID {
		// An answer in a Slack channel that was replaced since.
		r.Log.Warn("an answer to a person is for a Slack channel that is gone", "call", c.ID)
		return r.voidCall(ctx, lane, c)
	}
	if c.State == CallCalling { // its process died in the middle
		c.State, c.UnsureAt = CallUncertain, max(c.FirstAt, c.UnsureAt)
	}
	if c.State == CallUncertain {
		return r.settlePost(ctx, lane, channel, c)
	}
	thawed, read := false, c
	err := r.Store.InTx(ctx, func(tx Tx) error {
		c = read // it may run again
		tx.Fence(lane)
		still, err := r.drawAgain(tx, channel, &c)
		if err != nil {
			return err
		}
		if thawed = !still; thawed {
			return r.thaw(tx, c) // the next freeze sends its members where they belong
		}
		wait, err := r.pace(tx, lane.ID)
		if err != nil {
			return err
		}
		if wait > 0 {
			c.NextAt = tx.Now() + wait
			return errPaced
		}
		c.State = CallCalling
		c.Attempts++
		if c.FirstAt == 0 {
			c.FirstAt = tx.Now()
		}
		return tx.SaveCall(&c)
	})
	if errors.Is(err, errPaced) {
		return r.Store.InTx(ctx, func(tx Tx) error {
			tx.Fence(lane)
			return tx.SaveCall(&c)
		})
	}
	if err != nil || thawed {
		return err
	}
	return r.attemptPost(ctx, lane, channel, c)
}

// drawAgain renders a post that was certainly not carried out as things are
// now: since its last attempt a friend may have taken something back, or the
// reader may have lost the right to read it. It returns false when the reader
// may not see the friend at all.
func (r *Relay) drawAgain(tx Tx, channel SlackChannel, c *Call) (bool, error) {
	parts, err := tx.PartsOfCall(c.ID)
	if err != nil || len(parts) == 0 {
		return true, err
	}
	t, err := tx.LockThread(c.ThreadID)
	if err != nil {
		return false, err
	}
	b := postBuilder{relay: r, tx: tx, channel: channel, thread: t, callID: c.ID}
	if ok, err := b.prepare(); err != nil || !ok {
		return false, err
	}
	if _, err := b.takeAll(parts); err != nil {
		return false, err
	}
	view, err := b.view(c.Repeat)
	if err != nil {
		return false, err
	}
	c.Ref, c.Result, c.Body = view.Mention, digestOf(view), r.Renderer.RenderPost(channel.ChannelID, view)
	return true, nil
}

// settlePost finds out what became of an uncertain post: the echo of our own
// post tells, then the thread itself; else it is made once more.
func (r *Relay) settlePost(ctx context.Context, lane Lane, channel SlackChannel, c Call) error {
	var echo string
	var t Thread
	err := r.Store.View(ctx, func(tx Tx) (err error) {
		if echo, err = tx.EchoOf(c.ID); err != nil {
			return err
		}
		if c.ThreadID != "" {
			t, err = tx.Thread(c.ThreadID)
		}
		return err
	})
	if err != nil {
		return err
	}
	if echo != "" {
		return r.recordPost(ctx, lane, channel, c, Posted{ChannelID: channel.ChannelID, TS: echo, ThreadTS: t.TS})
	}
	if wait := c.UnsureAt + echoWait.Milliseconds() - r.Now().UnixMilli(); wait > 0 {
		c.NextAt = r.Now().UnixMilli() + min(wait, echoLook.Milliseconds())
		return r.saveCall(ctx, lane, c)
	}
	posted, found, err := r.Slack.FindPost(ctx, channel.ChannelID, t.TS, c.ID)
	switch f := failureOf(err); {
	case f == nil && found:
		return r.recordPost(ctx, lane, channel, c, posted)
	case f == nil:
		return r.repeatPost(ctx, lane, channel, c)
	case f.Code == "cannot_search" && !c.Repeat:
		return r.repeatPost(ctx, lane, channel, c)
	case f.Kind == Permanent || f.Kind == Misconfigured && c.Repeat:
		// Repeated once already and still not to be found out.
		return r.giveUpPost(ctx, lane, c, "unclear")
	default:
		c.NextAt = r.Now().Add(max(f.RetryAfter, 5*time.Second)).UnixMilli()
		return r.saveCall(ctx, lane, c)
	}
}

// repeatPost makes an uncertain post once more, marked as a repetition. Its
// members stay the same; what its reader may see is looked at anew.
func (r *Relay) repeatPost(ctx context.Context, lane Lane, channel SlackChannel, c Call) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		parts, err := tx.PartsOfCall(c.ID)
		if err != nil {
			return err
		}
		if len(parts) == 0 {
			c.State, c.Repeat, c.NextAt = CallQueued, true, tx.Now()
			return tx.SaveCall(&c)
		}
		t, err := tx.LockThread(c.ThreadID)
		if err != nil {
			return err
		}
		b := postBuilder{relay: r, tx: tx, channel: channel, thread: t, callID: newID()}
		ok, err := b.prepare()
		if err != nil {
			return err
		}
		if !ok {
			return r.thaw(tx, c) // the next freeze sends them where they belong
		}
		members, err := b.takeAll(parts)
		if err != nil {
			return err
		}
		view, err := b.view(true)
		if err != nil {
			return err
		}
		again := Call{
			ID: b.callID, AccountID: c.AccountID, Lane: lane.ID, Kind: CallSlackPost, ThreadID: t.ID, Ref: view.Mention,
			Body: r.Renderer.RenderPost(channel.ChannelID, view), Result: digestOf(view), Repeat: true,
			State: CallQueued, NextAt: tx.Now(), CreatedAt: tx.Now(),
		}
		endCall(tx, &c, CallVoid)
		if err := tx.SaveCall(&c); err != nil {
			return err
		}
		if _, err := tx.AddCall(&again); err != nil {
			return err
		}
		return tx.SetParts(t.ID, members, PartFrozen, again.ID)
	})
}

// attemptPost makes the one request of a frozen post and records what came of it.
func (r *Relay) attemptPost(ctx context.Context, lane Lane, channel SlackChannel, c Call) error {
	// A request that was begun is carried through and recorded even when the
	// process is stopping: to break it off would make it uncertain.
	ctx, cancel := outlive(ctx)
	defer cancel()
	started := r.Now()
	posted, err := r.Slack.Post(ctx, c.Body)
	f := failureOf(err)
	r.noteAttempt(ctx, c, started, f)
	if f == nil {
		return r.recordPost(ctx, lane, channel, c, posted)
	}
	switch f.Kind {
	case Uncertain:
		c.State, c.UnsureAt, c.Code = CallUncertain, r.Now().UnixMilli(), f.Code
		c.NextAt = r.Now().Add(echoLook).UnixMilli()
		return r.saveCall(ctx, lane, c)
	case RateLimited:
		return r.Store.InTx(ctx, func(tx Tx) error {
			c := c // it may run again
			tx.Fence(lane)
			c.State, c.Code = CallQueued, f.Code
			c.Attempts--
			c.NextAt = tx.Now() + max(f.RetryAfter, time.Second).Milliseconds()
			r.Meter.Waited("slack_429", f.RetryAfter)
			if err := tx.SaveCall(&c); err != nil {
				return err
			}
			return tx.Penalise(LanePost, lane.ID, c.NextAt)
		})
	case Transient:
		c.State, c.Code = CallQueued, f.Code
		c.NextAt = r.Now().Add(backoff(c.Attempts)).UnixMilli()
		return r.saveCall(ctx, lane, c)
	case Misconfigured:
		return r.pauseSlack(ctx, lane, c, f)
	default:
		if f.Code == "thread_not_found" && c.ThreadID != "" {
			return r.recordPost(ctx, lane, channel, c, Posted{})
		}
		if slices.Contains([]string{"channel_not_found", "not_in_channel", "is_archived"}, f.Code) {
			return r.stopChannel(ctx, lane, channel, c, f.Code)
		}
		if f.Code == "thread_not_found" && c.ThreadID != "" {
			return r.openAnew(ctx, lane, channel, c)
		}
		return r.giveUpPost(ctx, lane, c, f.Code)
	}
}

// recordPost notes where a post stands, and everything that follows from it.
func (r *Relay) recordPost(ctx context.Context, lane Lane, channel SlackChannel, c Call, posted Posted) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		c := c // it may run again
		tx.Fence(lane)
		if _, err := tx.ClearPause(slackPause); err != nil {
			return err
		}
		parts, err := tx.PartsOfCall(c.ID)
		if err != nil {
			return err
		}
		digest := c.Result
		c.Result = posted.TS
		if len(parts) == 0 {
			endCall(tx, &c, CallDone)
			return tx.SaveCall(&c)
		}
		t, err := tx.LockThread(c.ThreadID)
		if err != nil {
			return err
		}
		opens := t.TS == "" && t.FriendID != ""
		if t.FriendID != "" && !opens && posted.ThreadTS != t.TS {
			return r.reopenThread(tx, channel, t, c, posted)
		}
		p := Post{
			ID: c.ID, AccountID: c.AccountID, ThreadID: t.ID, ChannelID: posted.ChannelID, TS: posted.TS,
			Card: opens, Digest: digest, Mention: c.Ref, Repeat: c.Repeat, RenderedAt: tx.Now(),
		}
		if err := tx.AddPost(&p); err != nil {
			return err
		}
		if opens {
			t.TS = posted.TS
		}
		t.LastPostAt = tx.Now()
		if c.Ref != "" {
			t.LastMentionAt = tx.Now()
		}
		if err := tx.SaveThread(&t); err != nil {
			return err
		}
		endCall(tx, &c, CallDone)
		if err := tx.SaveCall(&c); err != nil {
			return err
		}
		r.Meter.Merged(len(parts))
		ids := make([]string, len(parts))
		for i, part := range parts {
			ids[i] = part.ID
		}
		if err := tx.SetParts(t.ID, ids, PartPosted, c.ID); err != nil {
			return err
		}
		return r.afterPost(tx, t, p, parts)
	})
}

// afterPost queues the files of what was posted, and draws the post anew when
// something it shows changed while it was under way.
func (r *Relay) afterPost(tx Tx, t Thread, p Post, parts []Part) error {
	messages, err := messagesOf(tx, parts)
	if err != nil {
		return err
	}
	stale := false
	for _, m := range messages {
		stale = stale || m.Unsent || m.Media != "" && m.Media != MediaFetching
		if m.Media == MediaStored && !m.Unsent {
			if err := r.addUpload(tx, t, m.ID); err != nil {
				return err
			}
		}
	}
	if !stale && !p.Card {
		return nil
	}
	// A card may have aged while its post was on its way: whoever changed
	// something then found no post to draw anew.
	return r.redraw(tx, t, p)
}

func (r *Relay) addUpload(tx Tx, t Thread, messageID string) error {
	_, err := tx.AddCall(&Call{
		ID: newID(), AccountID: t.AccountID, Lane: postLane(t.SlackChannelID), Kind: CallSlackUpload, ThreadID: t.ID,
		Ref: messageID, Merge: "upload:" + t.ID + ":" + messageID, State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}

// openAnew opens a thread anew to which Slack takes no more replies, since its
// first post is gone.
func (r *Relay) openAnew(ctx context.Context, lane Lane, channel SlackChannel, c Call) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		t, err := tx.LockThread(c.ThreadID)
		if err != nil {
			return err
		}
		return r.reopenThread(tx, channel, t, c, Posted{})
	})
}

// reopenThread takes a post back that Slack put in the open because the
// thread's first post was deleted, and opens the thread anew with it.
func (r *Relay) reopenThread(tx Tx, channel SlackChannel, t Thread, c Call, leaked Posted) error {
	o, err := r.office(tx, t.AccountID)
	if err != nil {
		return err
	}
	next, err := r.newThread(tx, o, t.FriendID, t.Place, t)
	if err != nil {
		return err
	}
	if err := tx.MoveParts(t.ID, c.ID, next.ID); err != nil {
		return err
	}
	endCall(tx, &c, CallVoid)
	if err := tx.SaveCall(&c); err != nil || leaked.TS == "" {
		return err
	}
	tx.Poke(LanePost, c.Lane, 0)
	if leaked.TS == "" { // refused, so there is nothing to take back
		return nil
	}
	_, err = tx.AddCall(&Call{
		ID: newID(), AccountID: c.AccountID, Lane: c.Lane, Kind: CallSlackDelete, Ref: channel.ChannelID + " " + leaked.TS,
		State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}

// giveUpPost ends a post that Slack will never take, and says so to the owners.
func (r *Relay) giveUpPost(ctx context.Context, lane Lane, c Call, code string) error {
	r.Log.Error("post given up", "call", c.ID, "thread", c.ThreadID, "code", code)
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		parts, err := tx.PartsOfCall(c.ID)
		if err != nil {
			return err
		}
		c.Code = code
		endCall(tx, &c, CallFailed)
		if err := tx.SaveCall(&c); err != nil {
			return err
		}
		o, err := r.office(tx, c.AccountID)
		if err != nil || len(parts) == 0 {
			return err
		}
		t, err := tx.LockThread(c.ThreadID)
		if err != nil {
			return err
		}
		ids := make([]string, len(parts))
		for i, p := range parts {
			ids[i] = p.ID
		}
		if err := tx.SetParts(t.ID, ids, PartVoid, c.ID); err != nil || t.FriendID == "" {
			return err
		}
		f, err := tx.Friend(t.FriendID)
		if err != nil {
			return err
		}
		return r.tellOwners(tx, o, o.words.Say("relay.post_failed", friendName(o, &f), t.Place, code))
	})
}

// stopChannel stops posting in a Slack channel that Slack does not let us use,
// and has it repaired. Nothing of it is lost.
func (r *Relay) stopChannel(ctx context.Context, lane Lane, channel SlackChannel, c Call, code string) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		channel.State, channel.Reason = ChannelStopped, code
		if err := tx.SaveSlackChannel(&channel); err != nil {
			return err
		}
		if err := r.addTask(tx, channel.AccountID, CallReconcile, channel.ID); err != nil {
			return err
		}
		parts, err := tx.PartsOfCall(c.ID)
		if err != nil {
			return err
		}
		if len(parts) > 0 {
			return r.thaw(tx, c)
		}
		c.State, c.NextAt = CallQueued, tx.Now()
		return tx.SaveCall(&c)
	})
}

// pauseSlack stops all posting until Slack takes our credentials again. The
// call was certainly not carried out.
func (r *Relay) pauseSlack(ctx context.Context, lane Lane, c Call, f *Failure) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		retry := tx.Now() + slackRetry.Milliseconds()
		isNew, err := tx.SetPause(Pause{Connection: slackPause, Code: f.Code, Since: tx.Now(), RetryAt: retry})
		if err != nil {
			return err
		}
		if isNew {
			r.Log.Error("Slack refuses this app; posts wait", "code", f.Code, "detail", f.Detail)
		}
		c.State, c.Code, c.NextAt = CallQueued, f.Code, retry
		return tx.SaveCall(&c)
	})
}
