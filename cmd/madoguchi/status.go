package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"madoguchi/bot"
	"madoguchi/storage"
)

type statusCommand struct {
	JSON bool `name:"json" help:"Print it for scripts."`
}

// statusReport is what status tells, and with --json its very form.
type statusReport struct {
	At       time.Time       `json:"at"`
	Inbox    waiting         `json:"inbox"`
	Outbox   waiting         `json:"outbox"`
	Parked   int             `json:"parked"`
	Paused   []pausedReport  `json:"paused"`
	Accounts []accountReport `json:"accounts"`
	// Unassigned is what Slack delivered and no account is known of yet.
	Unassigned unassignedReport `json:"unassigned"`
}

// waiting is how many things wait, and for how long the first of them does.
type waiting struct {
	Waiting int     `json:"waiting"`
	Oldest  seconds `json:"oldest_seconds"`
}

// seconds is a length of time that JSON has in whole seconds.
type seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(int64(time.Duration(s) / time.Second))
}

func (s seconds) String() string { return time.Duration(s).Round(time.Second).String() }

type pausedReport struct {
	Platform string  `json:"platform"`
	Account  string  `json:"account,omitempty"` // of LINE
	Code     string  `json:"code"`
	For      seconds `json:"seconds"`
}

type accountReport struct {
	Account       string                        `json:"account"`
	Friends       waiting                       `json:"friends"` // who wait for an answer
	Backlog       map[bot.LaneKind]waiting      `json:"backlog"`
	Parked        int                           `json:"parked"`
	SlackChannels map[bot.SlackChannelState]int `json:"slack_channels"`
	Stopped       []stoppedReport               `json:"stopped_slack_channels,omitempty"`
	Redelivery    *time.Time                    `json:"redelivery_seen"` // null: never
}

type stoppedReport struct {
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

type unassignedReport struct {
	Inbox  waiting `json:"inbox"`
	Parked int     `json:"parked"`
}

// Run prints the state.
func (c statusCommand) Run(ctx context.Context, p process) error {
	var r statusReport
	err := p.beside(ctx, func(store *storage.Store) error {
		return store.View(ctx, func(tx bot.Tx) (err error) {
			r, err = readReport(tx)
			return err
		})
	})
	if err != nil {
		return err
	}
	if c.JSON {
		printed := json.NewEncoder(p.stdout)
		printed.SetIndent("", "  ")
		return printed.Encode(r)
	}
	return r.print(p.stdout)
}

func readReport(tx bot.Tx) (r statusReport, err error) {
	s, err := stateIn(tx)
	if err != nil {
		return r, err
	}
	accounts, err := tx.Accounts()
	if err != nil {
		return r, err
	}
	r = statusReport{
		At: time.UnixMilli(s.now).UTC(), Inbox: s.waiting(s.work[bot.LaneInbox]), Outbox: s.waiting(s.outbox()), Parked: s.parked,
		Paused: []pausedReport{}, Accounts: []accountReport{},
	}
	for _, p := range s.pauses {
		r.Paused = append(r.Paused, s.paused(p, accounts))
	}
	for _, a := range accounts {
		one, err := s.account(tx, a)
		if err != nil {
			return r, fmt.Errorf("account %s: %w", a.Slug, err)
		}
		r.Accounts = append(r.Accounts, one)
	}
	inbox, parked, err := tx.InboxBacklogOf("")
	r.Unassigned = unassignedReport{s.waiting(inbox), parked}
	return r, err
}

func (s state) waiting(b bot.Backlog) waiting { return waiting{b.Waiting, seconds(s.age(b.Oldest))} }

func (s state) paused(p bot.Pause, accounts []bot.AccountVersion) pausedReport {
	platform, accountID := p.Of()
	r := pausedReport{Platform: platform, Code: p.Code, For: seconds(s.age(p.Since))}
	for _, a := range accounts {
		if accountID == a.ID {
			r.Account = a.Slug
		}
	}
	return r
}

func (s state) account(tx bot.Tx, a bot.AccountVersion) (r accountReport, err error) {
	r = accountReport{Account: a.Slug, Backlog: map[bot.LaneKind]waiting{}, SlackChannels: map[bot.SlackChannelState]int{}}
	friends, err := tx.WaitingCount(a.ID)
	if err != nil {
		return r, err
	}
	r.Friends = s.waiting(friends)
	inbox, parked, err := tx.InboxBacklogOf(a.ID)
	if err != nil {
		return r, err
	}
	r.Parked = parked
	work, err := tx.OutboxBacklogOf(a.ID)
	if err != nil {
		return r, err
	}
	work[bot.LaneInbox] = inbox
	for _, kind := range laneKinds {
		r.Backlog[kind] = s.waiting(work[kind])
	}
	channels, err := tx.SlackChannels(a.ID)
	if err != nil {
		return r, err
	}
	for _, c := range channels {
		r.SlackChannels[c.State]++
		if c.State == bot.ChannelStopped {
			r.Stopped = append(r.Stopped, stoppedReport{c.Place, c.Reason})
		}
	}
	seen, err := tx.RedeliverySeen(a.ID)
	if seen > 0 {
		at := time.UnixMilli(seen).UTC()
		r.Redelivery = &at
	}
	return r, err
}

func (r statusReport) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "inbox\t%d to decide\toldest %s\n", r.Inbox.Waiting, r.Inbox.Oldest)
	fmt.Fprintf(w, "outbox\t%d to carry out\toldest %s\n", r.Outbox.Waiting, r.Outbox.Oldest)
	fmt.Fprintf(w, "set aside\t%d events\t%s\n", r.Parked, adviceOnParked(r.Parked))
	if len(r.Paused) == 0 {
		fmt.Fprintln(w, "paused\tnothing\t")
	}
	for _, p := range r.Paused {
		fmt.Fprintf(w, "paused\t%s: %s\tfor %s: %s\n", p.name(), p.Code, p.For, p.advice())
	}
	if len(r.Accounts) == 0 {
		fmt.Fprintln(w, "accounts\tnone\trun `madoguchi apply FILE`")
	}
	for _, a := range r.Accounts {
		a.print(w, r.At)
	}
	if u := r.Unassigned; u.Inbox.Waiting+u.Parked > 0 {
		fmt.Fprintf(w, "of no account yet\t%d to decide\toldest %s\n", u.Inbox.Waiting, u.Inbox.Oldest)
		fmt.Fprintf(w, "  set aside\t%d events\t\n", u.Parked)
	}
	return w.Flush()
}

func (a accountReport) print(w io.Writer, now time.Time) {
	fmt.Fprintf(w, "account %s\t%d waiting\tlongest %s\n", a.Account, a.Friends.Waiting, a.Friends.Oldest)
	for _, line := range []struct {
		name, todo string
		kind       bot.LaneKind
	}{
		{"inbox", "to decide", bot.LaneInbox},
		{"posts", "to show in Slack", bot.LanePost},
		{"replies", "to send to LINE", bot.LaneSend},
		{"errands", "to do", bot.LaneTask},
		{"files", "to fetch", bot.LaneMedia},
	} {
		fmt.Fprintf(w, "  %s\t%d %s\toldest %s\n", line.name, a.Backlog[line.kind].Waiting, line.todo, a.Backlog[line.kind].Oldest)
	}
	fmt.Fprintf(w, "  set aside\t%d events\t\n", a.Parked)
	fmt.Fprintf(w, "  Slack channels\t%d ready, %d wanted, %d stopped\t\n",
		a.SlackChannels[bot.ChannelReady], a.SlackChannels[bot.ChannelWanted], a.SlackChannels[bot.ChannelStopped])
	for _, c := range a.Stopped {
		fmt.Fprintf(w, "    %s\tstopped: %s\t\n", c.Place, c.Reason)
	}
	seen := "never: turn on webhook redelivery in the LINE Developers Console"
	if a.Redelivery != nil {
		seen = seconds(now.Sub(*a.Redelivery)).String() + " ago"
	}
	fmt.Fprintf(w, "  redelivery seen\t%s\t\n", seen)
}

func adviceOnParked(n int) string {
	if n == 0 {
		return ""
	}
	return "run `madoguchi parked list`"
}

// name is how people call a connection.
func (p pausedReport) name() string {
	if p.Account != "" {
		return "LINE of " + p.Account
	}
	return p.Platform
}

func (p pausedReport) advice() string {
	if p.Account != "" {
		return "replies wait; check the channel access token and run `madoguchi apply FILE`"
	}
	return "posts wait; check SLACK_BOT_TOKEN and run `madoguchi doctor`"
}
