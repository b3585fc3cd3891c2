package bot

import (
	"context"
	"errors"
	"slices"
)

// errEchoed ends a transaction that was about to take a post for missing.
var errEchoed = errors.New("the post has come back in an event")

// Echoed notes a post of ours that came back in an event. Whoever waits for it
// looks again. Where nobody does any more, the post stands beside its repetition
// or where it must not, and a friend could not take it back: it is deleted.
func (r *Relay) Echoed(ctx context.Context, e Echo) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		isNew, err := tx.AddEcho(e)
		if err != nil || !isNew {
			return err
		}
		// Whoever takes the post for missing holds this lock while looking for the
		// echo: one of the two sees the other.
		c, err := tx.LockCall(e.CallID)
		if err != nil {
			return ignoreNotFound(err)
		}
		switch {
		case c.Kind != CallSlackPost:
			return nil
		case c.State == CallCalling || c.State == CallUncertain:
			tx.Poke(LanePost, c.Lane, 0)
			return nil
		case c.ThreadID == "": // an answer to a person
			return nil
		case c.State == CallVoid:
			return r.deletePost(tx, c, e.ChannelID, e.TS)
		case c.State == CallFailed:
			return r.postAfterAll(tx, c, e)
		default:
			return nil
		}
	})
}

// postAfterAll takes a post up again that was given up, unless what it shows
// was queued in its thread once more.
func (r *Relay) postAfterAll(tx Tx, c Call, e Echo) error {
	t, err := tx.LockThread(c.ThreadID)
	if err != nil {
		return err
	}
	parts, err := tx.PartsOfCall(c.ID)
	if err != nil {
		return err
	}
	ids := make([]string, len(parts))
	for i, p := range parts {
		ids[i] = p.ID
		others, err := tx.PartsOfMessage(p.MessageID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(others, func(o Part) bool { return o.ThreadID == t.ID }) {
			return r.deletePost(tx, c, e.ChannelID, e.TS)
		}
	}
	c.State, c.EndedAt, c.NextAt = CallUncertain, 0, tx.Now()
	if err := tx.SaveCall(&c); err != nil {
		return err
	}
	tx.Poke(LanePost, c.Lane, 0)
	return tx.SetParts(t.ID, ids, PartFrozen, c.ID)
}

// notEchoed locks a call that is to be taken for missing, and fails with
// errEchoed when its post came back after all.
func notEchoed(tx Tx, c Call) error {
	if _, err := tx.LockCall(c.ID); err != nil {
		return err
	}
	_, err := tx.EchoOf(c.ID)
	if err == nil {
		return errEchoed
	}
	return ignoreNotFound(err)
}
