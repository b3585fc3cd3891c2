package bot

import (
	"context"
	"time"
)

const (
	heartEvery = 10 * time.Second
	purgeEvery = 10 * time.Minute
	gapOver    = time.Minute
	mediaKeep  = 30 * 24 * time.Hour
	mediaBatch = 100
)

// beat notes that this deployment runs, and tells the owners after a gap from
// when to when LINE may have found nobody.
func (r *Relay) beat(ctx context.Context) error {
	tick := time.NewTicker(heartEvery)
	defer tick.Stop()
	for first := true; ; {
		if err := r.heartbeat(ctx, first); err == nil {
			first = false
		} else if ctx.Err() == nil {
			r.Log.Warn("heartbeat", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// keepHouse removes what has served its time. It is apart from the heartbeat,
// which it would hold up when there is much.
func (r *Relay) keepHouse(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if err := r.tidy(ctx); err != nil && ctx.Err() == nil {
			r.Log.Warn("tidying up", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// heartbeat notes that this deployment runs. The first one of a process, and
// one after a gap (the machine slept), has replies looked for that came
// meanwhile.
func (r *Relay) heartbeat(ctx context.Context, first bool) error {
	return r.Store.InTx(ctx, func(tx Tx) error {
		now := tx.Now()
		before, err := tx.Heartbeat(now)
		if err != nil || before == 0 {
			return err
		}
		gap := now-before >= gapOver.Milliseconds()
		if first || gap {
			if err := r.askSweep(tx, before); err != nil {
				return err
			}
		}
		if !gap {
			return nil
		}
		accounts, err := tx.Accounts()
		if err != nil {
			return err
		}
		for _, a := range accounts {
			o, err := r.office(tx, a.ID)
			if err != nil {
				return err
			}
			seen, err := tx.RedeliverySeen(a.ID)
			if err != nil {
				return err
			}
			key := "relay.gap"
			if seen > 0 {
				key = "relay.gap_redelivered"
			}
			if err := r.tellOwners(tx, o, o.words.Say(key, o.clock(before), o.clock(now))); err != nil {
				return err
			}
		}
		return nil
	})
}

// tidy removes files over their time and, through Purge, what the database no
// longer needs.
func (r *Relay) tidy(ctx context.Context) error {
	now := r.Now().UnixMilli()
	if r.Purge != nil {
		if err := r.Purge(ctx, now); err != nil {
			return err
		}
	}
	for {
		var expired []Message
		if err := r.Store.View(ctx, func(tx Tx) (err error) {
			expired, err = tx.ExpiredMedia(now-mediaKeep.Milliseconds(), mediaBatch)
			return err
		}); err != nil || len(expired) == 0 {
			return err
		}
		for _, m := range expired {
			if err := r.Files.Delete(ctx, m.MediaKey); err != nil {
				return err
			}
			if err := r.Store.InTx(ctx, func(tx Tx) error {
				now, err := lockMessage(tx, m.ID) // it may have been taken back meanwhile
				if err != nil {
					return err
				}
				now.MediaKey, now.Media = "", MediaGone
				return tx.SaveMessage(&now)
			}); err != nil {
				return err
			}
		}
	}
}
