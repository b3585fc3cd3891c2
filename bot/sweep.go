package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	sweepBack    = 7 * 24 * time.Hour
	sweepThreads = 2000
	sweepAtOnce  = 200 // in one transaction
	// sweepOverlap is how long before a gap's beginning a sweep looks: Slack
	// gives up on an event some minutes after its first delivery.
	sweepOverlap = 10 * time.Minute
	// allThreads stands for the threads that are still to be found.
	allThreads = "*"
)

// Sweep looks for replies whose events never arrived, after a gap that began
// at since (Unix milliseconds): in every thread that was recently used.
func (r *Relay) Sweep(ctx context.Context, since int64) error {
	return r.Store.InTx(ctx, func(tx Tx) error { return r.askSweep(tx, since) })
}

func (r *Relay) askSweep(tx Tx, since int64) error {
	return r.addTask(tx, "", CallSweep, sweepRef(allThreads, since))
}

func sweepRef(threadID string, since int64) string {
	return threadID + " " + strconv.FormatInt(since, 10)
}

func (r *Relay) sweep(ctx context.Context, c Call) error {
	threadID, gap, _ := strings.Cut(c.Ref, " ")
	since, err := strconv.ParseInt(gap, 10, 64)
	if err != nil {
		return &Failure{Kind: Permanent, Code: "bad_ref", Detail: err.Error()}
	}
	if threadID == allThreads {
		return r.sweepThreads(ctx, since)
	}
	return r.sweepThread(ctx, threadID, since)
}

// sweepThreads has the threads swept that were recently used. Where they are
// too many, the Slack channels are told that replies may be missing.
func (r *Relay) sweepThreads(ctx context.Context, since int64) error {
	var threads []Thread
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		threads, err = tx.RecentThreads(since-sweepBack.Milliseconds(), sweepThreads+1)
		return err
	}); err != nil {
		return err
	}
	if len(threads) > sweepThreads {
		threads = threads[:sweepThreads]
		if err := r.tellGapEverywhere(ctx, since); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(threads, sweepAtOnce) {
		if err := r.inStore(ctx, func(tx Tx) error {
			for _, t := range some {
				if t.TS == "" || t.FriendID == "" {
					continue
				}
				if err := r.addTask(tx, t.AccountID, CallSweep, sweepRef(t.ID, since)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// sweepThread accepts the replies of a thread since the gap began, and before
// that those newer than the newest known one. Those that did arrive, be it
// after a lost one, are there already and stay as they are. Where this token
// may not read threads, the Slack channel is told that replies may be missing.
func (r *Relay) sweepThread(ctx context.Context, threadID string, since int64) error {
	var t Thread
	var channel SlackChannel
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		if t, err = tx.Thread(threadID); err != nil {
			return err
		}
		channel, err = tx.SlackChannel(t.SlackChannelID)
		return err
	}); err != nil {
		return err
	}
	if channel.ChannelID == "" || channel.State != ChannelReady {
		return nil
	}
	after := t.SweptTS
	if after == "" {
		after = t.TS
	}
	if known, ok := slackTime(after); ok && known > since-sweepOverlap.Milliseconds() {
		after = t.TS
		if opened, ok := slackTime(t.TS); ok && opened < since-sweepOverlap.Milliseconds() {
			after = slackTS(since - sweepOverlap.Milliseconds())
		}
	}
	replies, err := r.Slack.Replies(ctx, channel.ChannelID, t.TS, after)
	if f := failureOf(err); f != nil {
		if f.Code == "cannot_search" || f.Kind == Misconfigured {
			return r.tellGap(ctx, channel, since)
		}
		return err
	}
	var found []Incoming
	for _, rp := range replies {
		in, err := r.Swept(channel.TeamID, rp, r.Now())
		if err != nil {
			r.Log.Warn("a swept reply cannot be read", "thread", t.ID, "error", err)
			continue
		}
		found = append(found, in)
	}
	if len(found) == 0 {
		return nil
	}
	if err := r.Store.Accept(ctx, found); err != nil {
		return &Failure{Kind: Transient, Code: "database", Detail: err.Error()}
	}
	return nil
}

func (r *Relay) tellGapEverywhere(ctx context.Context, since int64) error {
	var channels []SlackChannel
	if err := r.lookUp(ctx, func(tx Tx) error {
		accounts, err := tx.Accounts()
		if err != nil {
			return err
		}
		channels = nil
		for _, a := range accounts {
			of, err := tx.SlackChannels(a.ID)
			if err != nil {
				return err
			}
			channels = append(channels, of...)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, c := range channels {
		if c.State != ChannelReady {
			continue
		}
		if err := r.tellGap(ctx, c, since); err != nil {
			return err
		}
	}
	return nil
}

// tellGap says once an hour in a Slack channel that replies may be missing.
func (r *Relay) tellGap(ctx context.Context, channel SlackChannel, since int64) error {
	return r.inStore(ctx, func(tx Tx) error {
		until := tx.Now()
		told, err := tx.CountFollow("gap:"+channel.ID, until-until%time.Hour.Milliseconds())
		if err != nil || told > 1 {
			return err
		}
		o, err := r.office(tx, channel.AccountID)
		if err != nil {
			return err
		}
		return r.say(tx, o, channel, "", "", ItemView{
			Text: o.words.Say("relay.replies_may_be_missing", o.clock(since), o.clock(until)), Danger: true,
		})
	})
}
