package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"madoguchi/bot"
)

type statusCommand struct{}

// state is what a deployment has to do, at one moment.
type state struct {
	now         int64
	inbox       int
	parked      int
	inboxOldest int64
	outbox      int
	outboxOld   int64
	pauses      []bot.Pause
	accounts    []accountState
	events      []bot.StoredEvent
}

type accountState struct {
	bot.AccountVersion
	waiting    int
	longest    int64
	redelivery int64
	channels   map[bot.SlackChannelState]int
	stopped    []bot.SlackChannel
}

func readState(ctx context.Context, store bot.Store) (s state, err error) {
	err = store.View(ctx, func(tx bot.Tx) error {
		s = state{now: tx.Now()}
		if s.inbox, s.parked, s.inboxOldest, err = tx.InboxBacklog(); err != nil {
			return err
		}
		if s.outbox, s.outboxOld, err = tx.OutboxBacklog(); err != nil {
			return err
		}
		s.pauses, err = tx.Pauses()
		return err
	})
	return s, err
}

func (s state) age(at int64) time.Duration {
	if at == 0 {
		return 0
	}
	return time.Duration(s.now-at) * time.Millisecond
}

// Run prints the state.
func (statusCommand) Run(ctx context.Context, p process) error {
	env, log, err := p.load()
	if err != nil {
		return err
	}
	store, err := openExisting(ctx, env, log)
	if err != nil {
		return err
	}
	s, err := readState(ctx, store)
	if err == nil {
		err = s.readAccounts(ctx, store)
	}
	if err == nil {
		err = s.print(p)
	}
	if cerr := store.Close(); err == nil {
		err = cerr
	}
	return err
}

func (s *state) readAccounts(ctx context.Context, store bot.Store) error {
	return store.View(ctx, func(tx bot.Tx) error {
		accounts, err := tx.Accounts()
		if err != nil {
			return err
		}
		s.accounts = nil
		for _, v := range accounts {
			a := accountState{AccountVersion: v, channels: map[bot.SlackChannelState]int{}}
			waiting, err := tx.WaitingFriends(v.ID, nil, 0)
			if err != nil {
				return err
			}
			if a.waiting = len(waiting); a.waiting > 0 {
				a.longest = waiting[0].WaitingSince
			}
			if a.redelivery, err = tx.RedeliverySeen(v.ID); err != nil {
				return err
			}
			channels, err := tx.SlackChannels(v.ID)
			if err != nil {
				return err
			}
			for _, c := range channels {
				a.channels[c.State]++
				if c.State == bot.ChannelStopped {
					a.stopped = append(a.stopped, c)
				}
			}
			parked, err := tx.Parked(v.ID, 20)
			if err != nil {
				return err
			}
			s.events = append(s.events, parked...)
			s.accounts = append(s.accounts, a)
		}
		unowned, err := tx.Parked("", 20)
		s.events = append(s.events, unowned...)
		return err
	})
}

func (s *state) print(p process) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "inbox\t%d to decide\toldest %s\n", s.inbox, round(s.age(s.inboxOldest)))
	fmt.Fprintf(w, "outbox\t%d to carry out\toldest %s\n", s.outbox, round(s.age(s.outboxOld)))
	fmt.Fprintf(w, "set aside\t%d events\t\n", s.parked)
	if len(s.pauses) == 0 {
		fmt.Fprintln(w, "paused\tnothing\t")
	}
	for _, pause := range s.pauses {
		name, advice := s.connection(pause)
		fmt.Fprintf(w, "paused\t%s: %s\tfor %s: %s\n", name, pause.Code, round(s.age(pause.Since)), advice)
	}
	if len(s.accounts) == 0 {
		fmt.Fprintln(w, "accounts\tnone\trun `madoguchi apply FILE`")
	}
	for _, a := range s.accounts {
		fmt.Fprintf(w, "account %s\t%d waiting\tlongest %s\n", a.Slug, a.waiting, round(s.age(a.longest)))
		fmt.Fprintf(w, "  Slack channels\t%d ready, %d wanted, %d stopped\t\n",
			a.channels[bot.ChannelReady], a.channels[bot.ChannelWanted], a.channels[bot.ChannelStopped])
		for _, c := range a.stopped {
			fmt.Fprintf(w, "    %s\tstopped: %s\t\n", c.Place, c.Reason)
		}
		seen := "never: turn on webhook redelivery in the LINE Developers Console"
		if a.redelivery > 0 {
			seen = round(s.age(a.redelivery)) + " ago"
		}
		fmt.Fprintf(w, "  redelivery seen\t%s\t\n", seen)
	}
	for _, e := range s.events {
		fmt.Fprintf(w, "event %s\t%s: %s\t%s ago\n", e.ID, e.Source, e.Error, round(s.age(e.ReceivedAt)))
	}
	return w.Flush()
}

// connection names what is paused, and says what to do about it.
func (s *state) connection(p bot.Pause) (name, advice string) {
	for _, a := range s.accounts {
		if p.Connection == "line:"+a.ID {
			return "LINE of " + a.Slug, "replies wait; check the channel access token and run `madoguchi apply FILE`"
		}
	}
	return p.Connection, "posts wait; check SLACK_BOT_TOKEN and run `madoguchi doctor`"
}

func round(d time.Duration) string { return d.Round(time.Second).String() }
