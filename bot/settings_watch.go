package bot

import (
	"context"
	"errors"
	"reflect"
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
	version int64
	line    LINEChannel
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
		line, err := r.settingsChanged(ctx, a, was)
		if err != nil {
			return err
		}
		known[a.ID] = knownAccount{version: a.Version, line: line}
	}
	return nil
}

// settingsChanged does what follows from an account as it is now, and returns
// its LINE credentials: only other ones are a reason to try LINE again early.
func (r *Relay) settingsChanged(ctx context.Context, a AccountVersion, was knownAccount) (line LINEChannel, err error) {
	accountID, changed := a.ID, a.Version != was.version
	var waiting []Friend
	err = r.Store.InTx(ctx, func(tx Tx) error {
		o, err := r.office(tx, accountID)
		if err != nil {
			return err
		}
		if _, err := r.slackChannelAt(tx, o, OwnersPlace); err != nil {
			return err
		}
		for _, op := range o.Settings.Operators {
			c, err := r.slackChannelAt(tx, o, op.Key)
			if err != nil {
				return err
			}
			if c.State == ChannelClosed { // the operator was removed and is back
				c.State = ChannelWanted
				if err := tx.SaveSlackChannel(&c); err != nil {
					return err
				}
			}
		}
		if err := r.askReconcile(tx, accountID); err != nil {
			return err
		}
		line = o.LINE
		if !reflect.DeepEqual(line, was.line) { // perhaps the token was mended
			if err := r.tryLINEAgain(tx, accountID); err != nil {
				return err
			}
		}
		if err := r.addTask(tx, accountID, CallLINESelf, accountID); err != nil {
			return err
		}
		if changed {
			waiting, err = tx.WaitingFriends(accountID, 0)
		}
		return err
	})
	if err != nil {
		return line, err
	}
	version, err := r.versionOf(ctx, accountID)
	if err != nil {
		return line, err
	}
	for len(waiting) > 0 {
		n := min(len(waiting), resightAtOnce)
		if err := r.Store.InTx(ctx, func(tx Tx) error {
			for i := range waiting[:n] {
				if err := r.askResight(tx, &waiting[i], version); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return line, err
		}
		waiting = waiting[n:]
	}
	return line, nil
}

// tryLINEAgain ends the waiting for an account's LINE channel.
func (r *Relay) tryLINEAgain(tx Tx, accountID string) error {
	if paused, err := tx.ClearPause(linePause(accountID)); err != nil || !paused {
		return err
	}
	return tx.HastenSends(accountID)
}
