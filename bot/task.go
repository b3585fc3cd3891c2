package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	profileTries = 6
	taskTries    = 12
	membersTries = 4                // somebody waits for the question
	followsAfter = 10 * time.Second // after the full hour
)

// serveTasks carries out one errand: it is in a lane of its own and may be
// repeated whatever became of it.
func (r *Relay) serveTasks(ctx context.Context, lane Lane) (int64, error) {
	var calls []Call
	var due int64
	err := r.Store.View(ctx, func(tx Tx) (err error) {
		if calls, err = tx.DueCalls(lane.ID, 1); err != nil {
			return err
		}
		due, err = tx.NextCallAt(lane.ID)
		return err
	})
	if err != nil || len(calls) == 0 {
		return due, err
	}
	if err := r.attemptTask(ctx, lane, calls[0]); err != nil {
		return 0, err
	}
	err = r.Store.View(ctx, func(tx Tx) error {
		due, err = tx.NextCallAt(lane.ID)
		return err
	})
	return due, err
}

func (r *Relay) attemptTask(ctx context.Context, lane Lane, c Call) error {
	// A further request must not merge into one that already looked.
	if c.FirstAt == 0 {
		c.FirstAt = r.Now().UnixMilli()
		if err := r.saveCall(ctx, lane, c); err != nil {
			return err
		}
	}
	do, tries := r.task(c)
	if do == nil {
		return fmt.Errorf("call %s of kind %q in a task's lane", c.ID, c.Kind)
	}
	return r.attemptRepeatable(ctx, lane, c, do, func(tx Tx, c *Call, f *Failure) error {
		r.settleSimple(tx, c, f, tries)
		return nil
	})
}

func (r *Relay) task(c Call) (do func(context.Context) error, tries int) {
	switch c.Kind {
	case CallLINEProfile:
		return func(ctx context.Context) error { return r.fetchProfile(ctx, c) }, profileTries
	case CallLINESpeaker:
		return func(ctx context.Context) error { return r.fetchSpeaker(ctx, c) }, profileTries
	case CallLINEMedia:
		return func(ctx context.Context) error { return r.fetchMedia(ctx, c) }, mediaTries
	case CallLINERead:
		return func(ctx context.Context) error { return r.markRead(ctx, c) }, taskTries
	case CallLINESelf:
		return func(ctx context.Context) error { return r.learnDestination(ctx, c) }, taskTries
	case CallLINEMembers:
		return func(ctx context.Context) error { return r.askWithMembers(ctx, c) }, membersTries
	case CallMediaErase:
		return func(ctx context.Context) error { return r.eraseMedia(ctx, c) }, 0
	case CallFollows:
		return func(ctx context.Context) error { return r.tellFollows(ctx, c) }, 0
	case CallReconcile:
		return func(ctx context.Context) error { return r.reconcile(ctx, c) }, 0
	case CallDirect:
		return func(ctx context.Context) error { return r.answerDirect(ctx, c) }, taskTries
	case CallSweep:
		return func(ctx context.Context) error { return r.sweep(ctx, c) }, taskTries
	default:
		return nil, 0
	}
}

// inStore runs fn in a transaction for a task, whose errors are Failures.
func (r *Relay) inStore(ctx context.Context, fn func(Tx) error) error {
	if err := r.Store.InTx(ctx, fn); err != nil {
		return &Failure{Kind: Transient, Code: "database", Detail: err.Error()}
	}
	return nil
}

func (r *Relay) lookUp(ctx context.Context, fn func(Tx) error) error {
	if err := r.Store.View(ctx, fn); err != nil {
		if errors.Is(err, ErrNotFound) {
			return &Failure{Kind: Permanent, Code: "gone", Detail: err.Error()}
		}
		return &Failure{Kind: Transient, Code: "database", Detail: err.Error()}
	}
	return nil
}

// fetchProfile asks LINE for a friend's name and picture. LINE refuses for
// friends who blocked the account; the last known name stays.
func (r *Relay) fetchProfile(ctx context.Context, c Call) error {
	var f Friend
	var a Account
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		if f, err = tx.Friend(c.Ref); err != nil {
			return err
		}
		a, err = r.accountOf(tx, f.AccountID)
		return err
	}); err != nil {
		return err
	}
	p, err := r.lineOf(a).Profile(ctx, f.Kind, f.LINEID, "")
	if err != nil {
		return err
	}
	return r.inStore(ctx, func(tx Tx) error {
		f, err := tx.LockFriend(c.Ref)
		if err != nil {
			return err
		}
		f.ProfileAt = tx.Now()
		changed := p.Name != "" && p.Name != f.Name || p.Picture != f.Picture
		if p.Name != "" {
			f.Name = p.Name
		}
		f.Picture = p.Picture
		if err := tx.SaveFriend(&f); err != nil || !changed {
			return err
		}
		return r.refreshCards(tx, &f)
	})
}

func (r *Relay) accountOf(tx Tx, id string) (Account, error) {
	o, err := r.office(tx, id)
	if err != nil {
		return Account{}, err
	}
	return o.Account, nil
}

// markRead shows the friend that the messages were read. It only works while
// the account's chat is on; LINE refuses otherwise and nothing is lost.
func (r *Relay) markRead(ctx context.Context, c Call) error {
	var a Account
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		a, err = r.accountOf(tx, c.AccountID)
		return err
	}); err != nil {
		return err
	}
	return r.lineOf(a).MarkAsRead(ctx, c.Ref)
}

// learnDestination asks LINE which bot an account's token belongs to, so that a
// webhook meant for another account is told apart.
func (r *Relay) learnDestination(ctx context.Context, c Call) error {
	var a Account
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		a, err = r.accountOf(tx, c.Ref)
		return err
	}); err != nil {
		return err
	}
	info, err := r.lineOf(a).BotInfo(ctx)
	if err != nil || info.UserID == a.BotUserID {
		return err
	}
	return r.inStore(ctx, func(tx Tx) error {
		now, err := r.accountOf(tx, a.ID)
		if err != nil || !reflect.DeepEqual(now.LINE, a.LINE) {
			return err // other credentials came meanwhile, and are asked about on their own
		}
		return tx.SetBotUserID(a.ID, info.UserID)
	})
}

// askWithMembers asks whether a reply to a group may be pushed, with what it
// costs: one message for each member.
func (r *Relay) askWithMembers(ctx context.Context, c Call) error {
	var rp Reply
	var f Friend
	var a Account
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		if rp, err = tx.Reply(c.Ref); err != nil {
			return err
		}
		if f, err = tx.Friend(rp.FriendID); err != nil {
			return err
		}
		a, err = r.accountOf(tx, rp.AccountID)
		return err
	}); err != nil {
		return err
	}
	if rp.State != ReplyAsking {
		return nil
	}
	members, err := r.lineOf(a).GroupMembers(ctx, f.Kind, f.LINEID)
	if fail := failureOf(err); fail != nil {
		again := fail.Kind == Transient || fail.Kind == Uncertain
		if again && c.Attempts < membersTries-1 {
			return err
		}
		members = 0 // the question must not wait for a number
	}
	return r.inStore(ctx, func(tx Tx) error {
		rp, err := tx.Reply(c.Ref)
		if err != nil || rp.State != ReplyAsking {
			return err
		}
		o, err := r.office(tx, rp.AccountID)
		if err != nil {
			return err
		}
		text := o.words.Say("ask.group", members)
		if members == 0 {
			text = o.words.Say("ask.group_unknown")
		}
		return r.answer(tx, o, &rp, ItemView{Text: text, Buttons: []Action{rp.action(ActPushGroup), rp.action(ActDiscard)}})
	})
}

// countFollow counts a new friend; the owners get one line an hour. Whoever is
// the first to be counted for an hour has it told, so that hour must not lie
// ahead, though LINE's clock may; and the errand is this hour's own, since the
// one before may still be waiting to tell of the last.
func (r *Relay) countFollow(tx Tx, o *office, at int64) error {
	hour := hourOf(min(at, tx.Now()))
	first, err := tx.CountFollow(o.ID, hour)
	if err != nil || first > 1 {
		return err
	}
	now := hourOf(tx.Now())
	key := string(CallFollows) + ":" + o.ID + ":" + strconv.FormatInt(now, 10)
	_, err = tx.AddCall(&Call{
		ID: newID(), AccountID: o.ID, Lane: "task:" + key, Kind: CallFollows, Ref: o.ID, Merge: key,
		State: CallQueued, NextAt: now + (time.Hour + followsAfter).Milliseconds(), CreatedAt: tx.Now(),
	})
	return err
}

// hourOf is the beginning of the hour of a time.
func hourOf(at int64) int64 { return at - at%time.Hour.Milliseconds() }

func (r *Relay) tellFollows(ctx context.Context, c Call) error {
	return r.inStore(ctx, func(tx Tx) error {
		o, err := r.office(tx, c.AccountID)
		if err != nil {
			return err
		}
		counts, err := tx.TakeFollows(o.ID, hourOf(tx.Now()))
		if err != nil || len(counts) == 0 {
			return err
		}
		var lines []string
		for _, hour := range slices.Sorted(maps.Keys(counts)) {
			lines = append(lines, o.words.Say("relay.follows", o.clock(hour), counts[hour]))
		}
		return r.noteOwners(tx, o, ItemView{Text: strings.Join(lines, "\n")})
	})
}
