package bot

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"time"
)

const (
	settingsEvery  = 300 * time.Millisecond
	reconcileEvery = time.Hour
	resightAtOnce  = 200
)

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// watchSettings notices within a second that an account changed, and does what
// follows from that: Slack channels are made and repaired, and waiting friends
// are shown to whoever may see them now.
func (r *Relay) watchSettings(ctx context.Context) error {
	known := map[string]knownAccount{}
	checked := time.Time{}
	tick := time.NewTicker(settingsEvery)
	defer tick.Stop()
	for {
		if _, ok := r.Identity(); !ok {
			if err := r.LearnIdentity(ctx); err != nil && ctx.Err() == nil {
				r.Log.Debug("Slack has not told who we are", "error", err)
			}
		}
		all := r.Now().Sub(checked) > reconcileEvery
		if err := r.lookAtSettings(ctx, known, all); err != nil && ctx.Err() == nil {
			r.Log.Warn("cannot look at the accounts' settings", "error", err)
		} else if all {
			checked = r.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// knownAccount is what an account looked like last.
type knownAccount struct {
	version  int64
	settings *Settings // not to be changed
	line     LINEChannel
}

func (r *Relay) lookAtSettings(ctx context.Context, known map[string]knownAccount, all bool) error {
	var accounts []AccountVersion
	if err := r.Store.View(ctx, func(tx Tx) (err error) {
		accounts, err = tx.Accounts()
		return err
	}); err != nil {
		return err
	}
	for _, a := range accounts {
		was := known[a.ID]
		if was.version == a.Version && !all {
			continue
		}
		now, err := r.settingsChanged(ctx, a.ID, was)
		if err != nil {
			return err
		}
		known[a.ID] = now
	}
	return nil
}

// settingsChanged does what follows from an account as it is now, which it
// returns. Only other LINE credentials are a reason to try LINE again early, and
// only other settings one to show friends to whoever may see them now.
func (r *Relay) settingsChanged(ctx context.Context, accountID string, was knownAccount) (knownAccount, error) {
	var o *office
	err := r.Store.InTx(ctx, func(tx Tx) (err error) {
		if o, err = r.office(tx, accountID); err != nil {
			return err
		}
		if err := r.wantChannels(tx, o); err != nil {
			return err
		}
		if !reflect.DeepEqual(o.LINE, was.line) { // perhaps the token was mended
			if err := r.tryLINEAgain(tx, accountID); err != nil {
				return err
			}
		}
		return r.addTask(tx, accountID, CallLINESelf, accountID)
	})
	if err != nil {
		return was, err
	}
	if was.settings == nil || !reflect.DeepEqual(o.Settings, *was.settings) {
		if err := r.resightWaiting(ctx, o); err != nil {
			return was, err
		}
	}
	return knownAccount{version: o.Version, settings: &o.Settings, line: o.LINE}, nil
}

// wantChannels has the Slack channels made and looked at that an account is to
// have.
func (r *Relay) wantChannels(tx Tx, o *office) error {
	if _, err := r.slackChannelAt(tx, o, OwnersPlace); err != nil {
		return err
	}
	for _, op := range o.Settings.Operators {
		c, err := r.slackChannelAt(tx, o, op.Key)
		if err != nil {
			return err
		}
		if c.State == ChannelClosed { // the operator was removed and is back
			if c, err = tx.LockSlackChannel(c.ID); err != nil {
				return err
			}
			if c.State != ChannelClosed { // another process has seen that too
				continue
			}
			c.State = ChannelWanted
			if err := tx.SaveSlackChannel(&c); err != nil {
				return err
			}
		}
	}
	return r.askReconcile(tx, o.ID)
}

// resightWaiting has the threads of all who wait brought in line, some at a
// time: there may be very many.
func (r *Relay) resightWaiting(ctx context.Context, o *office) error {
	version := "v" + strconv.FormatInt(o.Version, 10)
	var last *Friend
	for {
		var some []Friend
		if err := r.Store.InTx(ctx, func(tx Tx) (err error) {
			if some, err = tx.WaitingFriends(o.ID, last, resightAtOnce); err != nil {
				return err
			}
			for i := range some {
				if err := r.askResight(tx, &some[i], version); err != nil {
					return err
				}
			}
			return nil
		}); err != nil || len(some) < resightAtOnce {
			return err
		}
		last = &some[len(some)-1]
	}
}

// tryLINEAgain ends the waiting for an account's LINE channel.
func (r *Relay) tryLINEAgain(tx Tx, accountID string) error {
	if paused, err := tx.ClearPause(linePause(accountID)); err != nil || !paused {
		return err
	}
	return tx.HastenSends(accountID)
}
