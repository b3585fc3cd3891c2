package bot

import (
	"encoding/json"
	"errors"
	"fmt"
)

func postLane(slackChannelID string) string { return "post:" + slackChannelID }
func sendLane(friendID string) string       { return "send:" + friendID }
func friendLane(f *Friend) string           { return FriendLane(f.AccountID, f.LINEID) }

// slackChannelAt returns the Slack channel of a place, and asks for it to be
// made when there is none.
func (r *Relay) slackChannelAt(tx Tx, o *office, place string) (SlackChannel, error) {
	c, err := tx.SlackChannelAt(o.ID, place)
	if !errors.Is(err, ErrNotFound) {
		return c, err
	}
	c = SlackChannel{ID: newID(), AccountID: o.ID, Place: place, State: ChannelWanted, CreatedAt: tx.Now()}
	added, err := tx.AddSlackChannel(&c)
	if err != nil {
		return c, err
	}
	if !added { // by somebody else meanwhile, who has asked for it
		return tx.SlackChannelAt(o.ID, place)
	}
	return c, r.addTask(tx, o.ID, CallReconcile, c.ID)
}

// threadAt returns the current thread of a friend at a place, its reader being
// in sight of the friend. It makes one, or a new generation of one that was
// idle for long; with open false it returns ErrNotFound instead.
func (r *Relay) threadAt(tx Tx, o *office, f *Friend, place string, open bool) (Thread, error) {
	t, err := tx.CurrentThread(f.ID, place)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return t, err
	}
	found := err == nil
	idle := found && t.LastPostAt > 0 && tx.Now()-t.LastPostAt > newGenerationAfter.Milliseconds()
	if found && !idle {
		if t.Sight {
			return t, nil
		}
		if t, err = tx.LockThread(t.ID); err != nil { // a post of it may be being recorded
			return t, err
		}
		t.Sight = true
		return t, tx.SaveThread(&t)
	}
	if !open {
		return t, ErrNotFound
	}
	return r.newThread(tx, o, f.ID, place, t)
}

// newThread makes the generation that follows old (the zero Thread: the first).
func (r *Relay) newThread(tx Tx, o *office, friendID, place string, old Thread) (Thread, error) {
	c, err := r.slackChannelAt(tx, o, place)
	if err != nil {
		return Thread{}, err
	}
	if old.ID != "" {
		old.Current = false
		if err := tx.SaveThread(&old); err != nil {
			return Thread{}, err
		}
	}
	t := Thread{
		ID: newID(), AccountID: o.ID, FriendID: friendID, Place: place, SlackChannelID: c.ID,
		Generation: old.Generation + 1, Current: true, Sight: true, NextSeq: 1, CreatedAt: tx.Now(),
	}
	return t, tx.AddThread(&t)
}

// addPart queues one thing in a thread and wakes the Slack channel's poster.
func (r *Relay) addPart(tx Tx, t Thread, p Part) error {
	p.ID, p.AccountID, p.ThreadID = newID(), t.AccountID, t.ID
	p.State, p.CreatedAt = PartQueued, tx.Now()
	added, err := tx.AddPart(&p)
	if err != nil || !added {
		return err
	}
	tx.Poke(LanePost, postLane(t.SlackChannelID), 0)
	return nil
}

// addNotice queues the bot's own words in a thread.
func (r *Relay) addNotice(tx Tx, t Thread, item ItemView) error {
	item.Kind = ItemNotice
	if item.At == 0 {
		item.At = tx.Now()
	}
	raw, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("notice: %w", err)
	}
	return r.addPart(tx, t, Part{Notice: raw})
}

// tellOwners tells the owners of something that went wrong.
func (r *Relay) tellOwners(tx Tx, o *office, text string) error {
	return r.noteOwners(tx, o, ItemView{Text: text, Danger: true})
}

// noteOwners posts the bot's own words in the owners channel.
func (r *Relay) noteOwners(tx Tx, o *office, item ItemView) error {
	t, err := tx.CurrentThread("", OwnersPlace+":"+o.ID)
	if errors.Is(err, ErrNotFound) {
		c, cerr := r.slackChannelAt(tx, o, OwnersPlace)
		if cerr != nil {
			return cerr
		}
		t = Thread{
			ID: newID(), AccountID: o.ID, Place: OwnersPlace + ":" + o.ID, SlackChannelID: c.ID,
			Generation: 1, Current: true, Sight: true, NextSeq: 1, CreatedAt: tx.Now(),
		}
		err = tx.AddThread(&t)
	}
	if err != nil {
		return err
	}
	return r.addNotice(tx, t, item)
}

// refreshCard asks for a thread's first post to be drawn anew. Requests merge.
func (r *Relay) refreshCard(tx Tx, t Thread) error {
	if t.TS == "" {
		// Whoever records the post holds this lock, and draws it anew if it shows
		// what was true before.
		var err error
		if t, err = tx.LockThread(t.ID); err != nil || t.TS == "" {
			return err
		}
	}
	card, err := tx.CardOf(t.ID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.redraw(tx, t, card)
}

// refreshCards does so wherever the friend is in sight.
func (r *Relay) refreshCards(tx Tx, f *Friend) error {
	threads, err := tx.CurrentThreads(f.ID)
	if err != nil {
		return err
	}
	for _, t := range threads {
		if !t.Sight && t.Place != OwnersPlace { // owners see every friend, also those who left their channel
			continue
		}
		if err := r.refreshCard(tx, t); err != nil {
			return err
		}
	}
	return nil
}

func (r *Relay) redraw(tx Tx, t Thread, p Post) error {
	if p.Withdrawn {
		return nil
	}
	_, err := tx.AddCall(&Call{
		ID: newID(), AccountID: t.AccountID, Lane: postLane(t.SlackChannelID), Kind: CallSlackUpdate,
		ThreadID: t.ID, Ref: p.ID, Merge: "update:" + p.ID, State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}

// redrawStale draws the posts of a Slack channel anew that were left, or cut
// down, while strangers might have read along.
func (r *Relay) redrawStale(tx Tx, channel SlackChannel) error {
	stale, err := tx.StalePosts(channel.ChannelID)
	if err != nil {
		return err
	}
	for _, p := range stale {
		t, err := tx.Thread(p.ThreadID)
		if err != nil {
			return err
		}
		if err := r.redraw(tx, t, p); err != nil {
			return err
		}
	}
	return nil
}

// redrawMessage draws every post anew that shows a message or quotes it, and
// deletes its files in Slack when it was taken back.
func (r *Relay) redrawMessage(tx Tx, m Message) error {
	parts, err := settledParts(tx, m.ID)
	if err != nil {
		return err
	}
	if m.LINEID != "" && m.Unsent {
		quoting, err := tx.MessagesQuoting(m.AccountID, m.LINEID)
		if err != nil {
			return err
		}
		for _, q := range quoting {
			more, err := settledParts(tx, q.ID)
			if err != nil {
				return err
			}
			parts = append(parts, more...)
		}
	}
	for _, p := range parts {
		if err := r.redrawPart(tx, p); err != nil {
			return err
		}
	}
	if !m.Unsent {
		return nil
	}
	uploads, err := tx.SlackUploads(m.ID)
	if err != nil {
		return err
	}
	for _, u := range uploads {
		if u.FileID == "" { // it never got that far
			continue
		}
		t, err := tx.Thread(u.ThreadID)
		if err != nil {
			return err
		}
		if err := r.eraseUpload(tx, t, u.FileID); err != nil {
			return err
		}
	}
	return nil
}

// eraseUpload has a file of ours deleted in Slack.
func (r *Relay) eraseUpload(tx Tx, t Thread, fileID string) error {
	_, err := tx.AddCall(&Call{
		ID: newID(), AccountID: t.AccountID, Lane: postLane(t.SlackChannelID), Kind: CallSlackErase,
		ThreadID: t.ID, Ref: fileID, Merge: "erase:" + fileID, State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}

// settledParts returns the parts of a message with their threads locked, so
// that no post of them is being recorded meanwhile: that either is seen here, or
// sees what this transaction changed.
func settledParts(tx Tx, messageID string) ([]Part, error) {
	parts, err := tx.PartsOfMessage(messageID)
	if err != nil {
		return nil, err
	}
	for _, p := range parts { // by thread, so that two never lock crosswise
		if _, err := tx.LockThread(p.ThreadID); err != nil {
			return nil, err
		}
	}
	return tx.PartsOfMessage(messageID)
}

// redrawPart draws the post of a part anew. A post that was frozen but never
// attempted is taken apart, so that its old words never leave.
func (r *Relay) redrawPart(tx Tx, p Part) error {
	switch p.State {
	case PartPosted:
		post, err := tx.Post(p.CallID)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		t, err := tx.Thread(p.ThreadID)
		if err != nil {
			return err
		}
		return r.redraw(tx, t, post)
	case PartFrozen:
		c, err := tx.Call(p.CallID)
		if err != nil {
			return err
		}
		if c.FirstAt != 0 {
			return nil // recording the post sees that it shows old words
		}
		return r.thaw(tx, c)
	default:
		return nil
	}
}

// thaw takes a frozen post that was certainly not carried out apart: its parts
// are queued again, to be rendered as things are then.
func (r *Relay) thaw(tx Tx, c Call) error {
	parts, err := tx.PartsOfCall(c.ID)
	if err != nil {
		return err
	}
	ids := make([]string, len(parts))
	for i, p := range parts {
		ids[i] = p.ID
	}
	r.endCall(tx, &c, CallVoid)
	if err := tx.SaveCall(&c); err != nil {
		return err
	}
	tx.Poke(LanePost, c.Lane, 0)
	return tx.SetParts(c.ThreadID, ids, PartQueued, "")
}

// endCall ends a call and forgets what it carried.
func (r *Relay) endCall(tx Tx, c *Call, state CallState) {
	c.State, c.EndedAt, c.Body = state, tx.Now(), nil
	kind := c.Kind
	tx.AfterCommit(func() { r.Meter.Ended(kind, state) })
}

// addTask queues an errand in a lane of its own. Requests merge.
func (r *Relay) addTask(tx Tx, accountID string, kind CallKind, ref string) error {
	return addTaskIn(tx, "task:"+string(kind)+":"+ref, accountID, kind, ref)
}

func addTaskIn(tx Tx, lane, accountID string, kind CallKind, ref string) error {
	_, err := tx.AddCall(&Call{
		ID: newID(), AccountID: accountID, Lane: lane, Kind: kind, Ref: ref, Merge: string(kind) + ":" + ref,
		State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}
