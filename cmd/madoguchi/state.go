package main

import (
	"context"
	"time"

	"madoguchi/bot"
)

// laneKinds are the kinds of what may wait, in the order of a message's way.
var laneKinds = []bot.LaneKind{bot.LaneInbox, bot.LanePost, bot.LaneSend, bot.LaneTask, bot.LaneMedia}

// state is what a deployment has to do, at one moment.
type state struct {
	now    int64
	work   map[bot.LaneKind]bot.Backlog
	parked int
	pauses []bot.Pause
}

func readState(ctx context.Context, store bot.Store) (s state, err error) {
	err = store.View(ctx, func(tx bot.Tx) error {
		s, err = stateIn(tx)
		return err
	})
	return s, err
}

func stateIn(tx bot.Tx) (s state, err error) {
	s.now = tx.Now()
	inbox, parked, err := tx.InboxBacklog()
	if err != nil {
		return s, err
	}
	if s.work, err = tx.OutboxBacklog(); err != nil {
		return s, err
	}
	s.work[bot.LaneInbox], s.parked = inbox, parked
	s.pauses, err = tx.Pauses()
	return s, err
}

// outbox is all that is decided and not carried out.
func (s state) outbox() (all bot.Backlog) {
	for kind, waits := range s.work {
		if kind != bot.LaneInbox {
			all = all.Add(waits)
		}
	}
	return all
}

func (s state) age(at int64) time.Duration {
	if at == 0 {
		return 0
	}
	return time.Duration(s.now-at) * time.Millisecond
}
