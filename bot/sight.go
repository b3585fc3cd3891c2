package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// contextMessages is how much of a conversation somebody gets to see who newly
// sees a waiting friend.
const contextMessages = 20

// resight brings a friend's threads in line with who may see the friend now.
// Whoever loses sight gets no more, and what was still queued for them goes to
// those who see, as do the unseen messages that were taken from them before;
// whoever gains sight of a waiting friend gets the card, the last messages and a
// mention now.
func (r *Relay) resight(tx Tx, o *office, f *Friend, unseen ...string) error {
	tags, err := tx.FriendTags(f.ID)
	if err != nil {
		return err
	}
	threads, err := tx.CurrentThreads(f.ID)
	if err != nil {
		return err
	}
	var owners Thread
	if i := slices.IndexFunc(threads, func(t Thread) bool { return t.Place == OwnersPlace }); i >= 0 {
		owners = threads[i]
	}
	places := o.places(onTags(tags), owners, tx.Now())
	had := map[string]bool{}
	for _, t := range threads {
		if slices.Contains(places, t.Place) {
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
		unseen = append(unseen, lost...)
	}
	for _, place := range places {
		if !had[place] && f.WaitingSince > 0 {
			if err := r.gainSight(tx, o, f, place); err != nil {
				return err
			}
		}
		if err := r.showUnseen(tx, o, f, place, unseen); err != nil {
			return err
		}
	}
	return r.refreshCards(tx, f)
}

// showUnseen queues messages in a place that nobody was shown them in.
func (r *Relay) showUnseen(tx Tx, o *office, f *Friend, place string, messageIDs []string) error {
	if len(messageIDs) == 0 {
		return nil
	}
	t, err := r.threadAt(tx, o, f, place, true)
	if err != nil {
		return err
	}
	for _, id := range messageIDs {
		if err := r.addPart(tx, t, Part{MessageID: id}); err != nil {
			return err
		}
	}
	return nil
}

// loseSight returns the messages that were still queued for whoever lost it.
func (r *Relay) loseSight(tx Tx, t Thread) (unseen []string, err error) {
	t, err = tx.LockThread(t.ID)
	if err != nil {
		return nil, err
	}
	t.Sight = false
	if err := tx.SaveThread(&t); err != nil {
		return nil, err
	}
	return tx.VoidQueued(t.ID)
}

// gainSight queues the last messages of a friend in a place that did not have
// them, with a mention. Those the thread has already are not queued again.
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
	if t.TS == "" {
		return nil // its card says so
	}
	return r.tellRegained(tx, o, f, t)
}

// tellRegained pushes whoever sees a friend again who waits: there may be
// nothing new to show in the thread, and then nobody would look.
func (r *Relay) tellRegained(tx Tx, o *office, f *Friend, t Thread) error {
	user := o.pushed(t.Place, f)
	if user == "" {
		return nil
	}
	c, err := tx.SlackChannel(t.SlackChannelID)
	if err != nil {
		return err
	}
	if t, err = tx.LockThread(t.ID); err != nil {
		return err
	}
	t.LastMentionAt = tx.Now() // what is queued beside it need not push again
	if err := tx.SaveThread(&t); err != nil {
		return err
	}
	return r.say(tx, o, c, t.TS, user, ItemView{Text: o.words.Say("relay.sight_regained")})
}

// addContext queues the last messages of a friend for somebody who comes to the
// thread without having seen them.
func (r *Relay) addContext(tx Tx, f *Friend, t Thread) error {
	messages, err := tx.LastMessages(f.ID, contextMessages)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := r.addPart(tx, t, Part{MessageID: m.ID, Context: true}); err != nil {
			return err
		}
	}
	return nil
}

// What errands are about.
const (
	whatResight  = "resight"
	whatParked   = "parked"
	whatMismatch = "mismatch"
)

// errand is an event of our own making, decided in the lane it touches.
type errand struct {
	What     string   `json:"what"`
	FriendID string   `json:"friend"`
	Reason   string   `json:"reason,omitempty"` // with whatParked
	Unseen   []string `json:"unseen,omitempty"` // with whatResight: messages that were queued for somebody who must not see them now
}

// askResight has a friend's threads brought in line in the friend's own lane.
func (r *Relay) askResight(tx Tx, f *Friend, because string, unseen ...string) error {
	raw, err := json.Marshal(errand{What: whatResight, FriendID: f.ID, Unseen: unseen})
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
	case whatParked:
		return r.tellParked(tx, e.AccountID, work.Reason)
	case whatMismatch:
		return r.tellOwnersOf(tx, e.AccountID, "relay.mismatch")
	case whatResight:
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
		return r.resight(tx, o, &f, work.Unseen...)
	default:
		return fmt.Errorf("%w: errand %q", errUnreadable, work.What)
	}
}
