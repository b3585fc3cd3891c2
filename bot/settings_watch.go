package bot

import (
	"context"
	"errors"
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
	known := map[string]int64{}
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

func (r *Relay) lookAtSettings(ctx context.Context, known map[string]int64, all bool) error {
	var accounts []AccountVersion
	if err := r.Store.View(ctx, func(tx Tx) (err error) {
		accounts, err = tx.Accounts()
		return err
	}); err != nil {
		return err
	}
	for _, a := range accounts {
		if known[a.ID] == a.Version && !all {
			continue
		}
		changed := known[a.ID] != a.Version
		if err := r.settingsChanged(ctx, a.ID, changed); err != nil {
			return err
		}
		known[a.ID] = a.Version
	}
	return nil
}

func (r *Relay) settingsChanged(ctx context.Context, accountID string, changed bool) error {
	var waiting []Friend
	err := r.Store.InTx(ctx, func(tx Tx) error {
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
		paused, err := tx.ClearPause(linePause(accountID))
		if err != nil {
			return err
		}
		if paused { // perhaps the token was mended
			if err := tx.HastenSends(accountID); err != nil {
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
		return err
	}
	version, err := r.versionOf(ctx, accountID)
	if err != nil {
		return err
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
			return err
		}
		waiting = waiting[n:]
	}
	return nil
}
