package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const (
	eventsAtOnce  = 50
	eventAttempts = 5
	serveFor      = 5 * time.Second // then others may have the slot
)

// errUnreadable marks an event that no further attempt can decide.
var errUnreadable = errors.New("unreadable event")

// errTooEarly marks an event that depends on something not known yet. It is
// looked at again soon, and that is no failure.
var errTooEarly = errors.New("too early to decide")

const tooEarlyFor = 300 * time.Millisecond

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// serveInbox decides the events of one lane in order. An event that fails
// holds its lane, for a bounded number of attempts; then it is parked, the
// owners are told, and the lane goes on.
func (r *Relay) serveInbox(ctx context.Context, lane Lane) (int64, error) {
	for until := r.Now().Add(serveFor); r.Now().Before(until); {
		var events []StoredEvent
		err := r.Store.View(ctx, func(tx Tx) (err error) {
			events, err = tx.PendingEvents(lane.ID, eventsAtOnce)
			return err
		})
		if err != nil || len(events) == 0 {
			return 0, err
		}
		for _, e := range events {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			if err := r.decide(ctx, lane, e); err != nil {
				return r.holdLane(ctx, lane, e, err)
			}
			r.Meter.Decided(e.Source, Decided)
			// A late one that arrived meanwhile is seen by the next reading;
			// what was read stays in order.
		}
	}
	return r.Now().UnixMilli(), nil
}

func (r *Relay) decide(ctx context.Context, lane Lane, e StoredEvent) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		var err error
		switch e.Source {
		case FromLINE:
			err = r.decideLINE(tx, e)
		case FromSlack:
			err = r.decideSlack(tx, e)
		case FromSelf:
			err = r.decideErrand(tx, e)
		default:
			err = fmt.Errorf("event of unknown source %q", e.Source)
		}
		if err != nil {
			return err
		}
		return tx.FinishEvent(e.ID)
	})
}

// holdLane counts a failure of an event, and parks it when it had enough.
func (r *Relay) holdLane(ctx context.Context, lane Lane, e StoredEvent, cause error) (int64, error) {
	if errors.Is(cause, ErrLeaseLost) || ctx.Err() != nil {
		return 0, cause
	}
	if errors.Is(cause, errTooEarly) {
		return r.Now().Add(tooEarlyFor).UnixMilli(), nil
	}
	r.Log.Error("event cannot be decided", "event", e.ID, "source", e.Source, "account", e.AccountID,
		"attempt", e.Attempts+1, "error", cause)
	park, outcome := e.Attempts+1 >= eventAttempts || errors.Is(cause, errUnreadable), Undecided
	if park {
		outcome = SetAside
	}
	err := r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		tx.AfterCommit(func() { r.Meter.Decided(e.Source, outcome) })
		if !park {
			return tx.RetryEvent(e.ID, cause.Error())
		}
		if err := tx.ParkEvent(e.ID, cause.Error()); err != nil {
			return err
		}
		accountID, err := r.accountOfEvent(tx, e)
		if err != nil || accountID == "" {
			return err
		}
		o, err := r.office(tx, accountID)
		if err != nil {
			return err
		}
		return r.tellOwners(tx, o, o.words.Say("relay.parked", e.ID))
	})
	if err != nil {
		return 0, err
	}
	if park {
		return r.Now().UnixMilli(), nil
	}
	return r.Now().Add(time.Second << e.Attempts).UnixMilli(), nil
}

// accountOfEvent finds whose owners to tell about an event; "" when it belongs
// to no account.
func (r *Relay) accountOfEvent(tx Tx, e StoredEvent) (string, error) {
	if e.AccountID != "" || e.Source != FromSlack {
		return e.AccountID, nil
	}
	ev, err := r.DecodeSlack(e.Raw)
	if err != nil {
		return "", nil //nolint:nilerr // what cannot be read belongs to nobody
	}
	room := ""
	switch {
	case ev.Reply != nil:
		room = ev.Reply.ChannelID
	case ev.Edit != nil:
		room = ev.Edit.ChannelID
	case ev.Delete != nil:
		room = ev.Delete.ChannelID
	case ev.Press != nil:
		room = ev.Press.ChannelID
	case ev.Submit != nil:
		return ev.Submit.Action.AccountID, nil
	}
	c, err := tx.SlackChannelBySlackID(ev.TeamID, room)
	return c.AccountID, ignoreNotFound(err)
}
