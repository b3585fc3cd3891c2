package bot

import (
	"context"
)

// recordPost notes where a post stands, and everything that follows from it.
func (r *Relay) recordPost(ctx context.Context, lane Lane, c Call, posted Posted) error {
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
			r.endCall(tx, &c, CallDone)
			return tx.SaveCall(&c)
		}
		t, err := tx.LockThread(c.ThreadID)
		if err != nil {
			return err
		}
		opens := t.TS == "" && t.FriendID != ""
		if t.FriendID != "" && !opens && posted.ThreadTS != t.TS {
			return r.reopenThread(tx, t, c, posted)
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
		r.endCall(tx, &c, CallDone)
		if err := tx.SaveCall(&c); err != nil {
			return err
		}
		tx.AfterCommit(func() { r.Meter.Posted(len(parts)) })
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
		stale = stale || m.Unsent || m.Kind == ItemNote || m.isTurn() || m.Media != "" && m.Media != MediaFetching
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
func (r *Relay) openAnew(ctx context.Context, lane Lane, c Call) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		t, err := tx.LockThread(c.ThreadID)
		if err != nil {
			return err
		}
		return r.reopenThread(tx, t, c, Posted{})
	})
}

// reopenThread takes a post back that Slack put in the open because the
// thread's first post was deleted, and opens the thread anew with it.
func (r *Relay) reopenThread(tx Tx, t Thread, c Call, leaked Posted) error {
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
	r.endCall(tx, &c, CallVoid)
	if err := tx.SaveCall(&c); err != nil {
		return err
	}
	tx.Poke(LanePost, c.Lane, 0)
	if leaked.TS == "" { // refused, so there is nothing to take back
		return nil
	}
	return r.deletePost(tx, c, leaked.ChannelID, leaked.TS)
}

// deletePost has a post deleted that a call made. Requests merge.
func (r *Relay) deletePost(tx Tx, c Call, channelID, ts string) error {
	ref := postRef(channelID, ts)
	_, err := tx.AddCall(&Call{
		ID: newID(), AccountID: c.AccountID, Lane: c.Lane, Kind: CallSlackDelete, ThreadID: c.ThreadID,
		Ref: ref, Merge: "delete:" + ref, State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}
