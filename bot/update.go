package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
)

// attemptUpdate draws a post anew from what is true now. It may be repeated
// whatever became of it, and is left out when nothing would change.
func (r *Relay) attemptUpdate(ctx context.Context, lane Lane, channel SlackChannel, c Call) error {
	var d drawing
	var p Post
	id := channel.ID
	err := r.Store.InTx(ctx, func(tx Tx) (err error) {
		tx.Fence(lane)
		d = drawing{}
		if p, err = tx.Post(c.Ref); err != nil {
			return err
		}
		// Whoever changes what a post shows holds its friend. One whose request
		// merged into this call has committed before the drawing; from here on a
		// further request does not merge, since it would not be seen.
		if err := lockFriendOf(tx, p.ThreadID); err != nil {
			return err
		}
		// What may be shown goes by the Slack channel as it is now: it may have
		// become safe, or unsafe, since this turn began.
		if channel, err = tx.LockSlackChannel(id); err != nil {
			return err
		}
		c.State = CallCalling
		if c.FirstAt == 0 {
			c.FirstAt = tx.Now()
		}
		if err := tx.SaveCall(&c); err != nil {
			return err
		}
		if d, err = r.drawPost(tx, channel, p); err != nil {
			return err
		}
		if p.Stale != d.stale {
			p.Stale = d.stale
			if err := tx.SavePost(&p); err != nil {
				return err
			}
		}
		if d.body != nil {
			return nil
		}
		drawn := c
		r.endCall(tx, &drawn, CallVoid)
		return tx.SaveCall(&drawn)
	})
	if err != nil || d.body == nil {
		return err
	}
	ctx, cancel := outlive(ctx)
	defer cancel()
	started := r.Now()
	f := failureOf(r.Slack.Update(ctx, p.ChannelID, p.TS, d.body))
	r.noteAttempt(ctx, c, started, f)
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		gone := f != nil && f.Code == "message_not_found"
		if f == nil {
			p.Digest, p.RenderedAt = d.digest, tx.Now()
		}
		p.Withdrawn = p.Withdrawn || gone
		if f == nil || gone {
			if err := tx.SavePost(&p); err != nil {
				return err
			}
		}
		again := c // it may run again
		if err := r.settleInChannel(tx, channel, p.ChannelID, &again, f, 0); err != nil {
			return err
		}
		if again.State == CallFailed && d.hides && !gone {
			if err := r.deletePost(tx, again, p.ChannelID, p.TS); err != nil {
				return err
			}
		}
		return tx.SaveCall(&again)
	})
}

func lockFriendOf(tx Tx, threadID string) error {
	t, err := tx.Thread(threadID)
	if err != nil || t.FriendID == "" {
		return err
	}
	_, err = tx.LockFriend(t.FriendID)
	return err
}

// drawing is what is to be done to a post that may have to be drawn anew.
type drawing struct {
	body   []byte // nil when it stands as it should, or has to wait
	digest string
	stale  bool // it is to be drawn again when its Slack channel is ready
	hides  bool // it takes something away that must not be read any more
}

// drawPost renders a post as it should stand now. Whoever must not read it (any
// more) is shown nothing new: only what a friend took back is taken away, and
// all else with it, since nobody knows of the rest how much of it is old.
func (r *Relay) drawPost(tx Tx, channel SlackChannel, p Post) (d drawing, err error) {
	if p.Withdrawn {
		return d, nil
	}
	t, err := tx.Thread(p.ThreadID)
	if err != nil {
		return d, err
	}
	b := postBuilder{relay: r, tx: tx, channel: channel, thread: t, callID: p.ID}
	sees, err := b.prepare()
	if err != nil {
		return d, err
	}
	strangers := channel.unsafe()
	cut := !sees || strangers
	d.stale = sees && strangers
	if cut {
		b.views = false
	}
	if strangers {
		b.friend.Name, b.friend.Picture = "", "" // perhaps learnt since
	}
	parts, err := tx.PartsOfCall(p.ID)
	if err != nil {
		return d, err
	}
	if _, err := b.takeAll(parts); err != nil {
		return d, err
	}
	taken, err := b.takenBack()
	if err != nil || cut && !taken {
		return d, err
	}
	d.hides = taken || !b.views
	v, err := b.drawn(p.Card)
	if err != nil {
		return d, err
	}
	switch {
	case !p.Card:
		v.ThreadTS = t.TS
	case strangers:
		v.Card = &CardView{Action: v.Card.Action, Name: v.Card.Name, Kind: v.Card.Kind, Hidden: true}
	case !sees:
		v.Card.Tags, v.Card.WaitingSince, v.Card.AnsweredBy, v.Card.InCharge = nil, 0, "", ""
	}
	v.Repeat, v.Mention = p.Repeat, p.Mention
	if digest := digestOf(v); p.Digest != digest {
		d.body, d.digest = r.Renderer.RenderUpdate(p.ChannelID, p.TS, v), digest
	}
	return d, nil
}

// takenBack reports whether the post shows something that was taken back, or a
// quotation of it: that must go, whoever reads it.
func (b *postBuilder) takenBack() (bool, error) {
	for _, m := range b.by {
		if m.Unsent {
			return true, nil
		}
		if m.QuotedID == "" {
			continue
		}
		q, err := b.tx.MessageByLINEID(b.office.ID, m.QuotedID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		if err == nil && q.Unsent {
			return true, nil
		}
	}
	return false, nil
}

// digestOf tells whether a post would show something else. It leaves out what
// only matters when the post is made.
func digestOf(v PostView) string {
	v.Now, v.CallID, v.ThreadTS, v.Broadcast = 0, "", "", false
	raw, err := json.Marshal(v)
	if err != nil { // only strings, numbers and lists of them
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

const uploadTries = 12

// attemptUpload puts the file of a friend's message into a thread that shows
// the message.
func (r *Relay) attemptUpload(ctx context.Context, lane Lane, channel SlackChannel, c Call) error {
	var m Message
	var t Thread
	var may, there bool
	err := r.Store.View(ctx, func(tx Tx) (err error) {
		if m, err = tx.Message(c.Ref); err != nil {
			return err
		}
		if t, err = tx.Thread(c.ThreadID); err != nil {
			return err
		}
		// A message that is posted again brings its file along only once.
		uploads, err := tx.SlackUploads(m.ID)
		if err != nil {
			return err
		}
		there = slices.ContainsFunc(uploads, func(u SlackUpload) bool { return u.ThreadID == t.ID && u.Shared })
		b := postBuilder{relay: r, tx: tx, channel: channel, thread: t}
		sees, err := b.prepare()
		may = sees && b.views
		return err
	})
	if err != nil {
		return err
	}
	if !may || there || m.Unsent || m.Media != MediaStored || t.TS == "" {
		return r.voidCall(ctx, lane, c)
	}
	started := r.Now()
	f := failureOf(r.upload(ctx, lane, channel, t, m, &c))
	ctx, cancel := outlive(ctx)
	defer cancel()
	r.noteAttempt(ctx, c, started, f)
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		if f == nil {
			if err := r.recordUpload(tx, m, t, c); err != nil {
				return err
			}
		}
		again := c // it may run again
		if err := r.settleInChannel(tx, channel, channel.ChannelID, &again, f, uploadTries); err != nil {
			return err
		}
		if again.State == CallFailed {
			if err := r.uploadRefused(tx, m, t, again); err != nil {
				return err
			}
		}
		return tx.SaveCall(&again)
	})
}

// uploadRefused has the posts that wait for a file say that it does not come.
func (r *Relay) uploadRefused(tx Tx, m Message, t Thread, c Call) error {
	if err := tx.AddSlackUpload(SlackUpload{MessageID: m.ID, ThreadID: t.ID, FileID: c.Result, Refused: true}); err != nil {
		return err
	}
	now, err := tx.Message(m.ID)
	if err != nil {
		return err
	}
	return r.redrawMessage(tx, now)
}

func (r *Relay) recordUpload(tx Tx, m Message, t Thread, c Call) error {
	// An unsend locks the thread too: one of the two sees the other.
	if _, err := tx.LockThread(t.ID); err != nil {
		return err
	}
	if err := tx.AddSlackUpload(SlackUpload{MessageID: m.ID, ThreadID: t.ID, FileID: c.Result, Shared: true}); err != nil {
		return err
	}
	now, err := tx.Message(m.ID)
	if err != nil {
		return err
	}
	if !now.Unsent {
		return nil
	}
	return r.redrawMessage(tx, now) // taken back while it was on its way
}

// upload carries a file through Slack's three steps. Its id is stored before
// the last one, so that a repetition can ask whether that took effect.
func (r *Relay) upload(ctx context.Context, lane Lane, channel SlackChannel, t Thread, m Message, c *Call) error {
	name := fileName(m)
	if c.Result != "" {
		shared, err := r.Slack.FileShared(ctx, c.Result, channel.ChannelID)
		if err != nil {
			return err
		}
		if shared {
			return nil
		}
	}
	body, size, err := r.Files.Open(ctx, m.MediaKey)
	if err != nil {
		return &Failure{Kind: Transient, Code: "file_store", Detail: err.Error()}
	}
	defer func() {
		if err := body.Close(); err != nil {
			r.Log.Warn("closing a stored file", "message", m.ID, "error", err)
		}
	}()
	u, err := r.Slack.ReserveUpload(ctx, name, size)
	if err != nil {
		return err
	}
	if err := r.Slack.SendUpload(ctx, u, name, body, size); err != nil {
		return err
	}
	before := c.Result
	c.Result, c.FirstAt = u.FileID, max(c.FirstAt, r.Now().UnixMilli())
	if err := r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		if before != "" {
			if err := r.eraseUpload(tx, t, before); err != nil {
				return err
			}
		}
		// Whatever becomes of the last step, an unsend knows of the file.
		if err := tx.AddSlackUpload(SlackUpload{MessageID: m.ID, ThreadID: t.ID, FileID: u.FileID}); err != nil {
			return err
		}
		return tx.SaveCall(c)
	}); err != nil {
		return &Failure{Kind: Transient, Code: "database", Detail: err.Error()}
	}
	return r.Slack.FinishUpload(ctx, u.FileID, name, channel.ChannelID, t.TS)
}
