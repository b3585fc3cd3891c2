package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

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
	if c.Token != "" && (c.Token != channel.ChannelID || channel.State == ChannelClosed) {
		// An answer in a Slack channel that was replaced or closed since.
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
		still := channel.State == ChannelReady
		if still {
			var err error
			if still, err = r.drawAgain(tx, channel, &c); err != nil {
				return err
			}
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
	var echo Echo
	var t Thread
	err := r.Store.View(ctx, func(tx Tx) (err error) {
		if echo, err = tx.EchoOf(c.ID); ignoreNotFound(err) != nil {
			return err
		}
		if c.ThreadID != "" {
			t, err = tx.Thread(c.ThreadID)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	if echo.TS != "" {
		at := Posted{ChannelID: echo.ChannelID, TS: echo.TS, ThreadTS: echo.ThreadTS}
		if !echo.Placed {
			at.ThreadTS = t.TS
		}
		return r.recordPost(ctx, lane, c, at)
	}
	if wait := c.UnsureAt + echoWait.Milliseconds() - r.Now().UnixMilli(); wait > 0 {
		c.NextAt = r.Now().UnixMilli() + min(wait, echoLook.Milliseconds())
		return r.saveCall(ctx, lane, c)
	}
	err = r.searchPost(ctx, lane, channel, t, c)
	if errors.Is(err, errEchoed) {
		c.NextAt = r.Now().UnixMilli()
		return r.saveCall(ctx, lane, c)
	}
	return err
}

// searchPost looks for a post of which no event told.
func (r *Relay) searchPost(ctx context.Context, lane Lane, channel SlackChannel, t Thread, c Call) error {
	posted, found, err := r.Slack.FindPost(ctx, channel.ChannelID, t.TS, c.ID)
	switch f := failureOf(err); {
	case f == nil && found:
		return r.recordPost(ctx, lane, c, posted)
	case f == nil:
		return r.repeatPost(ctx, lane, channel, c)
	case f.lostRoom() && channel.State != ChannelClosed:
		return r.stopChannel(ctx, lane, channel, c, f.Code)
	case f.Kind == Permanent && !c.Repeat:
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
		if err := notEchoed(tx, c); err != nil {
			return err
		}
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
		r.endCall(tx, &c, CallVoid)
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
		return r.recordPost(ctx, lane, c, posted)
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
			wait := max(f.RetryAfter, time.Second)
			c.NextAt = tx.Now() + wait.Milliseconds()
			r.noteWait(tx, c.Kind, wait)
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
		if f.lostRoom() {
			return r.stopChannel(ctx, lane, channel, c, f.Code)
		}
		if f.Code == "thread_not_found" && c.ThreadID != "" {
			return r.openAnew(ctx, lane, c)
		}
		return r.giveUpPost(ctx, lane, c, f.Code)
	}
}

// giveUpPost ends a post that Slack will never take, and says so to the owners.
func (r *Relay) giveUpPost(ctx context.Context, lane Lane, c Call, code string) error {
	r.Log.Error("post given up", "call", c.ID, "thread", c.ThreadID, "code", code)
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		if err := notEchoed(tx, c); err != nil {
			return err
		}
		parts, err := tx.PartsOfCall(c.ID)
		if err != nil {
			return err
		}
		c.Code = code
		r.endCall(tx, &c, CallFailed)
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
// and has it repaired. Nothing of it is lost: a post that was certainly not
// carried out is taken apart, and an uncertain one is searched for again.
func (r *Relay) stopChannel(ctx context.Context, lane Lane, channel SlackChannel, c Call, code string) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		if err := r.loseRoom(tx, channel, code); err != nil {
			return err
		}
		if c.State == CallUncertain {
			c.NextAt = tx.Now() + slackRetry.Milliseconds()
			return tx.SaveCall(&c)
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

// loseRoom notes that Slack does not let us use a Slack channel, and has it
// looked at.
func (r *Relay) loseRoom(tx Tx, channel SlackChannel, code string) error {
	now, err := tx.LockSlackChannel(channel.ID)
	if err != nil {
		return err
	}
	if now.ChannelID == channel.ChannelID && now.State != ChannelClosed { // else it was replaced or closed meanwhile
		now.State, now.Reason = ChannelStopped, code
		if err := tx.SaveSlackChannel(&now); err != nil {
			return err
		}
	}
	return r.addTask(tx, channel.AccountID, CallReconcile, channel.ID)
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
