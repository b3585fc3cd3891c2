package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

const (
	settleWithin = 2 * time.Minute
	warmFriends  = 500
)

// posts measures how many messages a second get all the way into accepted
// posts while more of them arrive than that.
func posts(ctx context.Context, b *bench) error {
	return b.inTurn(func(round int, d database) error {
		for _, perFriend := range []int{1, 5} {
			set := settings{operators: 50, perFriend: perFriend}
			if err := b.beside(ctx, d, "posts", set, func(s *served) error { return b.postRound(ctx, round, d, set, s) }); err != nil {
				return fmt.Errorf("%d operators a friend: %w", perFriend, err)
			}
		}
		return nil
	})
}

func (b *bench) postRound(ctx context.Context, round int, d database, set settings, s *served) error {
	if err := b.warm(ctx, s, set); err != nil {
		return err
	}
	before, err := s.seen(ctx)
	if err != nil {
		return err
	}
	idle, err := usageOf(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	profiled := b.profile(ctx, s, fmt.Sprintf("posts-%s-%d", d.name, set.perFriend))
	began := time.Now()
	sent, err := b.loadFrom(ctx, "-addr", s.addr, "-connections", "16", "-seconds", strconv.Itoa(b.seconds), "-prefix", fmt.Sprintf("p%d", round),
		"-friends", strconv.Itoa(warmFriends), "-groups", strconv.Itoa(set.groups()))
	if err != nil {
		return err
	}
	after, err := s.shown(ctx, before.Messages+sent.Count*set.perFriend)
	if err != nil {
		return err
	}
	elapsed := time.Since(began).Seconds()
	if err := profiled(); err != nil {
		return err
	}
	busy, err := usageOf(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	about := fmt.Sprintf("messages to posts, %d of %d operators a friend", set.perFriend, set.operators)
	b.table.add(about, d.name, "accepted posts", "a second", float64(after.Posts-before.Posts)/elapsed).aim = "1000"
	b.table.add(about, d.name, "messages shown", "a second", float64(after.Messages-before.Messages)/elapsed)
	b.table.add(about, d.name, "webhooks meanwhile", "a second", sent.PerSecond)
	b.table.add(about, d.name, "processor time of serve", "s a second", (busy.cpu-idle.cpu).Seconds()/elapsed)
	b.table.add(about, d.name, "memory of serve", "MB", float64(busy.memory)/1e6)
	return nil
}

// warm has every friend write once, so that threads, Slack channels and profiles
// are there.
func (b *bench) warm(ctx context.Context, s *served, set settings) error {
	friends := strconv.Itoa(warmFriends)
	sent, err := b.loadFrom(ctx, "-addr", s.addr, "-connections", "4", "-seconds", "60", "-prefix", "warm",
		"-most", friends, "-friends", friends, "-groups", strconv.Itoa(set.groups()))
	if err != nil {
		return err
	}
	_, err = s.shown(ctx, sent.Count*max(set.perFriend, 1))
	return err
}

func (s *served) seen(ctx context.Context) (v seen, err error) {
	return v, s.tell(ctx, "/bench/seen", &v)
}

// shown waits until so many messages stand in posts.
func (s *served) shown(ctx context.Context, messages int) (seen, error) {
	return s.until(ctx, "messages were shown", messages, func(v seen) int { return v.Messages })
}

// answered waits until so many replies have reached LINE.
func (s *served) answered(ctx context.Context, replies int) error {
	_, err := s.until(ctx, "replies reached LINE", replies, func(v seen) int { return v.Answers })
	return err
}

func (s *served) until(ctx context.Context, what string, want int, have func(seen) int) (v seen, err error) {
	for began := time.Now(); time.Since(began) < settleWithin && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if v, err = s.seen(ctx); err != nil || have(v) >= want {
			return v, err
		}
	}
	return v, fmt.Errorf("%d of %d %s within %s", have(v), want, what, settleWithin)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
