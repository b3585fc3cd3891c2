package bot

import (
	"context"
	"time"
)

// attemptStanding makes a call that changes what stands in a room of Slack's and
// may safely be repeated, up to a number of tries (0: a day).
func (r *Relay) attemptStanding(ctx context.Context, lane Lane, channel SlackChannel, room string, c Call, tries int,
	do func(context.Context) error,
) error {
	return r.attemptRepeatable(ctx, lane, c, do, func(tx Tx, c *Call, f *Failure) error {
		if err := r.settleInChannel(tx, channel, room, c, f, tries); err != nil {
			return err
		}
		return r.afterStanding(tx, channel, *c)
	})
}

// settleInChannel is settleSimple for a call of a Slack channel. One that Slack
// refuses because of the room waits until that can be had again, unless nobody
// waits for it: it was replaced, or is closed.
func (r *Relay) settleInChannel(tx Tx, channel SlackChannel, room string, c *Call, f *Failure, tries int) error {
	if f != nil && lostRoom(f.Code) && channel.State != ChannelClosed && room == channel.ChannelID {
		later := *f
		later.Kind = Transient
		r.settleSimple(tx, c, &later, 0)
		if c.Open() {
			return r.loseRoom(tx, channel, f.Code)
		}
		return nil
	}
	r.settleSimple(tx, c, f, tries)
	if c.State == CallFailed && f.Code != "message_not_found" {
		r.Log.Warn("refused by Slack", "call", c.ID, "kind", c.Kind, "code", f.Code)
	}
	return nil
}

// afterStanding does what follows from a deletion: what else a deleted post showed
// is shown anew, and owners hear of what could not be deleted.
func (r *Relay) afterStanding(tx Tx, channel SlackChannel, c Call) error {
	switch {
	case c.Kind == CallSlackDelete && c.State == CallDone:
		return r.postDeleted(tx, c)
	case c.State == CallFailed && lostRoom(c.Code):
		return nil // its room is gone, of which the owners know
	case c.Kind == CallSlackDelete && c.State == CallFailed:
		return r.tellOfPost(tx, channel, c)
	case c.Kind == CallSlackErase && c.State == CallFailed:
		o, name, err := r.friendOf(tx, c)
		if err != nil {
			return err
		}
		return r.tellOwners(tx, o, o.words.Say("relay.file_not_hidden", channel.Name, name, c.Code))
	default:
		return nil
	}
}

// postDeleted notes that a post of ours is gone which could not be drawn anew.
// What it showed beside what must not be read is queued again.
func (r *Relay) postDeleted(tx Tx, c Call) error {
	channelID, ts := splitPost(c.Ref)
	p, err := tx.PostBySlack(channelID, ts)
	if err != nil || p.Withdrawn {
		return ignoreNotFound(err)
	}
	if _, err := tx.LockThread(p.ThreadID); err != nil {
		return err
	}
	p.Withdrawn = true
	if err := tx.SavePost(&p); err != nil {
		return err
	}
	parts, err := tx.PartsOfCall(p.ID)
	if err != nil {
		return err
	}
	messages, err := messagesOf(tx, parts)
	if err != nil {
		return err
	}
	var left []string
	for _, part := range parts {
		if !messages[part.MessageID].Unsent {
			left = append(left, part.ID)
		}
	}
	tx.Poke(LanePost, c.Lane, 0)
	return tx.SetParts(p.ThreadID, left, PartQueued, "")
}

func (r *Relay) tellOfPost(tx Tx, channel SlackChannel, c Call) error {
	o, name, err := r.friendOf(tx, c)
	if err != nil {
		return err
	}
	_, ts := splitPost(c.Ref)
	at, _ := slackTime(ts)
	when := time.UnixMilli(at).In(o.zone).Format("2006-01-02 15:04")
	return r.tellOwners(tx, o, o.words.Say("relay.post_not_hidden", channel.Name, name, when, c.Code))
}

// friendOf is the name of the friend in whose thread a call is.
func (r *Relay) friendOf(tx Tx, c Call) (o *office, name string, err error) {
	if o, err = r.office(tx, c.AccountID); err != nil {
		return nil, "", err
	}
	t, err := tx.Thread(c.ThreadID)
	if err != nil {
		return nil, "", err
	}
	f, err := tx.Friend(t.FriendID)
	if err != nil {
		return nil, "", err
	}
	return o, friendName(o, &f), nil
}
