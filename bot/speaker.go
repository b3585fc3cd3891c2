package bot

import (
	"context"
	"errors"
	"strings"
)

// askSpeaker has the name of who speaks in a group fetched, once and then at
// most daily. The message does not wait for it.
func (d *lineDecision) askSpeaker() error {
	id := d.event.SpeakerID
	if id == "" || d.friend.Kind == KindUser {
		return nil
	}
	name, at, err := d.tx.Speaker(d.office.ID, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err == nil && d.tx.Now()-at <= profileFresh.Milliseconds() {
		return nil
	}
	if err := d.tx.SetSpeaker(d.office.ID, id, name, d.tx.Now()); err != nil {
		return err
	}
	lane := "task:" + string(CallLINESpeaker) + ":" + d.friend.ID + ":" + unnamed(id)
	return addTaskIn(d.tx, lane, d.office.ID, CallLINESpeaker, d.friend.ID+" "+id)
}

// fetchSpeaker asks LINE for the name of somebody in a group and puts it on
// what they said last. LINE tells it only while they are in the group.
func (r *Relay) fetchSpeaker(ctx context.Context, c Call) error {
	friendID, speakerID, _ := strings.Cut(c.Ref, " ")
	var f Friend
	var a Account
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		if f, err = tx.Friend(friendID); err != nil {
			return err
		}
		a, err = r.accountOf(tx, f.AccountID)
		return err
	}); err != nil {
		return err
	}
	p, err := r.lineOf(a).Profile(ctx, f.Kind, f.LINEID, speakerID)
	if err != nil {
		return err
	}
	return r.inStore(ctx, func(tx Tx) error {
		if _, err := tx.LockFriend(f.ID); err != nil {
			return err
		}
		before, _, err := tx.Speaker(f.AccountID, speakerID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := tx.SetSpeaker(f.AccountID, speakerID, p.Name, tx.Now()); err != nil || before == p.Name {
			return err
		}
		messages, err := tx.LastMessages(f.ID, contextMessages)
		if err != nil {
			return err
		}
		for _, m := range messages {
			if m.SpeakerID != speakerID || m.Unsent {
				continue
			}
			if err := r.redrawMessage(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}
