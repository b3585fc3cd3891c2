package bot

import (
	"encoding/json"
	"errors"
	"fmt"
)

// contextMessages is how much of a conversation somebody gets to see who newly
// sees a waiting friend.
const contextMessages = 20

// resight brings a friend's threads in line with who may see the friend now.
// Whoever loses sight gets no more, and what was still queued for them goes to
// those who see; whoever gains sight of a waiting friend gets the card, the
// last messages and a mention now.
func (r *Relay) resight(tx Tx, o *office, f *Friend) error {
	tags, err := tx.FriendTags(f.ID)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	places := o.places(onTags(tags))
	for _, place := range places {
		wanted[place] = true
	}
	threads, err := tx.CurrentThreads(f.ID)
	if err != nil {
		return err
	}
	had := map[string]bool{}
	unseen := false // something was queued for somebody who must not see it now
	for _, t := range threads {
		if wanted[t.Place] {
			had[t.Place] = t.Sight
			continue
		}
		if !t.Sight {
			continue
		}
		lost, err := r.loseSight(tx, t)
		if err != nil {
			return err
		}
		unseen = unseen || lost
	}
	if f.WaitingSince == 0 && !unseen {
		return r.refreshCards(tx, f)
	}
	for _, place := range places {
		if had[place] && !unseen {
			continue
		}
		if err := r.gainSight(tx, o, f, place); err != nil {
			return err
		}
	}
	return r.refreshCards(tx, f)
}

func (r *Relay) loseSight(tx Tx, t Thread) (hadQueued bool, err error) {
	t, err = tx.LockThread(t.ID)
	if err != nil {
		return false, err
	}
	t.Sight = false
	if err := tx.SaveThread(&t); err != nil {
		return false, err
	}
	messages, err := tx.VoidQueued(t.ID)
	return len(messages) > 0, err
}

// gainSight queues the last messages of a friend in a place that did not have
// them. Those the thread has already are not queued again.
func (r *Relay) gainSight(tx Tx, o *office, f *Friend, place string) error {
	t, err := r.threadAt(tx, o, f, place, true)
	if err != nil {
		return err
	}
	messages, err := tx.LastMessages(f.ID, contextMessages)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := r.addPart(tx, t, Part{MessageID: m.ID, Context: m.At < f.WaitingSince || m.Kind != ItemMessage}); err != nil {
			return err
		}
	}
	return nil
}

// errand is an event of our own making, decided in the lane it touches.
type errand struct {
	What     string `json:"what"` // resight
	FriendID string `json:"friend"`
}

// askResight has a friend's threads brought in line in the friend's own lane.
func (r *Relay) askResight(tx Tx, f *Friend, because string) error {
	raw, err := json.Marshal(errand{What: "resight", FriendID: f.ID})
	if err != nil {
		return fmt.Errorf("errand: %w", err)
	}
	return tx.AddEvent(Incoming{
		Source: FromSelf, AccountID: f.AccountID, Key: "resight:" + f.ID + ":" + because,
		Lane: friendLane(f), At: tx.Now(), Raw: raw,
	})
}

func (r *Relay) decideErrand(tx Tx, e StoredEvent) error {
	var work errand
	if err := json.Unmarshal(e.Raw, &work); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	switch work.What {
	case "resight":
		o, err := r.office(tx, e.AccountID)
		if err != nil {
			return err
		}
		f, err := tx.LockFriend(work.FriendID)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return r.resight(tx, o, &f)
	default:
		return fmt.Errorf("%w: errand %q", errUnreadable, work.What)
	}
}
