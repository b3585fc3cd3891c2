package bot

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"
)

const (
	mediaTries = 40 // LINE may need minutes to have a long video ready
	// mediaFor is how long a file is asked for that LINE refuses for the time
	// being, as it does when the account's token is not good.
	mediaFor = 23 * time.Hour
	// mediaWithin ends a download that stalls.
	mediaWithin = 5 * time.Minute
)

// fetchMedia fetches a friend's file at once, since LINE deletes it after a
// time it does not tell, and has it shown wherever the message is shown.
func (r *Relay) fetchMedia(ctx context.Context, c Call) error {
	m, a, err := r.placeMedia(ctx, c.Ref)
	if err != nil || m.Media != MediaFetching {
		return err
	}
	download, cancel := context.WithTimeout(ctx, mediaWithin)
	defer cancel()
	// Whatever holds it up, the post must not say for ever that it is on its way.
	giveUp := c.Attempts >= mediaTries-1 || r.Now().UnixMilli()-c.FirstAt > mediaFor.Milliseconds()
	media, err := r.lineOf(a).MediaContent(download, m.LINEID)
	if err != nil {
		switch {
		case AsFailure(err).Kind == Permanent:
			return r.mediaIs(ctx, m.ID, MediaGone, "", 0)
		case giveUp:
			r.Log.Error("a friend's file is given up", "message", m.ID, "code", AsFailure(err).Code)
			return r.mediaIs(ctx, m.ID, MediaFailed, "", 0)
		}
		return err
	}
	defer closeMedia(r, m.ID, media.Body)
	size, err := r.Files.Put(download, m.MediaKey, media.Body, media.Type, r.MediaLimit)
	if errors.Is(err, ErrTooLarge) {
		return r.mediaIs(ctx, m.ID, MediaTooLarge, media.Type, media.Size)
	}
	if err != nil && giveUp {
		return r.mediaIs(ctx, m.ID, MediaFailed, "", 0)
	}
	if err != nil {
		return &Failure{Kind: Transient, Code: "file_store", Detail: err.Error()}
	}
	return r.mediaIs(ctx, m.ID, MediaStored, media.Type, size)
}

func closeMedia(r *Relay, messageID string, body io.Closer) {
	if err := body.Close(); err != nil {
		r.Log.Debug("closing a friend's file", "message", messageID, "error", err)
	}
}

// placeMedia says where the file of a message is to lie, before anything lies
// there: every try writes to the same place, and whoever erases knows it.
func (r *Relay) placeMedia(ctx context.Context, messageID string) (m Message, a Account, err error) {
	err = r.inStore(ctx, func(tx Tx) error {
		if m, err = lockMessage(tx, messageID); err != nil {
			return err
		}
		if a, err = r.accountOf(tx, m.AccountID); err != nil || m.Media != MediaFetching {
			return err
		}
		if m.Unsent {
			m.Media = MediaGone
			return r.settleMedia(tx, m)
		}
		if m.MediaKey != "" {
			return nil
		}
		m.MediaKey = "inbound/" + a.ID + "/" + uuid.NewString()
		return tx.SaveMessage(&m)
	})
	return m, a, err
}

// lockMessage reads a message as no decision about its friend changes it before
// the end of the transaction.
func lockMessage(tx Tx, id string) (Message, error) {
	m, err := tx.Message(id)
	if err != nil {
		return m, err
	}
	if _, err := tx.LockFriend(m.FriendID); err != nil {
		return m, err
	}
	return tx.Message(id)
}

func (r *Relay) mediaIs(ctx context.Context, messageID string, state MediaState, contentType string, size int64) error {
	return r.inStore(ctx, func(tx Tx) error {
		m, err := lockMessage(tx, messageID)
		if err != nil {
			return err
		}
		m.Media, m.MediaType, m.MediaSize = state, contentType, size
		if err := r.settleMedia(tx, m); err != nil || m.Unsent {
			return err
		}
		if state == MediaStored {
			if err := r.uploadMedia(tx, m); err != nil {
				return err
			}
		}
		return r.redrawMessage(tx, m)
	})
}

// settleMedia stores what became of a file. One that is not to be kept may lie
// there all the same: from an earlier try, or since it was taken back meanwhile.
func (r *Relay) settleMedia(tx Tx, m Message) error {
	if err := tx.SaveMessage(&m); err != nil {
		return err
	}
	if m.MediaKey == "" || m.Media == MediaStored && !m.Unsent {
		return nil
	}
	return r.addTask(tx, m.AccountID, CallMediaErase, m.ID)
}

// uploadMedia has a file added in every thread where its message stands.
func (r *Relay) uploadMedia(tx Tx, m Message) error {
	parts, err := settledParts(tx, m.ID)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.State != PartPosted {
			continue // recording its post adds the file
		}
		t, err := tx.Thread(p.ThreadID)
		if err != nil {
			return err
		}
		if err := r.addUpload(tx, t, m.ID); err != nil {
			return err
		}
	}
	return nil
}

// eraseMedia deletes the file of a message. While it is still being fetched it
// may be written once more, so its place is not forgotten: whoever fetches it
// has it erased again.
func (r *Relay) eraseMedia(ctx context.Context, c Call) error {
	var was Message
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		was, err = tx.Message(c.Ref)
		return err
	}); err != nil {
		return err
	}
	if was.MediaKey == "" {
		return nil
	}
	if err := r.Files.Delete(ctx, was.MediaKey); err != nil {
		return &Failure{Kind: Transient, Code: "file_store", Detail: err.Error()}
	}
	if was.Media == MediaFetching {
		return nil
	}
	return r.inStore(ctx, func(tx Tx) error {
		m, err := lockMessage(tx, c.Ref)
		if err != nil {
			return err
		}
		if m.MediaKey = ""; m.Media == MediaStored {
			m.Media = MediaGone
		}
		return tx.SaveMessage(&m)
	})
}
