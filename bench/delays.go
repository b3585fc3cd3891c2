package main

import (
	"context"
	"fmt"
	"strconv"
)

const steadyRate = 50 // messages a second

// delays measures what serve adds at a steady rate: from a webhook's sending to
// the arrival of the post at Slack, and from a reply's writing to LINE's call.
func delays(ctx context.Context, b *bench) error {
	return b.inTurn(func(round int, d database) error {
		return b.beside(ctx, d, "delay", settings{}, func(s *served) error { return b.delayRound(ctx, round, d, s) })
	})
}

func (b *bench) delayRound(ctx context.Context, round int, d database, s *served) error {
	count := steadyRate * b.seconds
	sent, err := b.loadFrom(ctx, "-addr", s.addr, "-connections", "16", "-seconds", strconv.Itoa(b.seconds+5), "-prefix", fmt.Sprintf("d%d", round),
		"-friends", "500", "-rate", strconv.Itoa(steadyRate), "-most", strconv.Itoa(count))
	if err != nil {
		return err
	}
	if _, err := s.shown(ctx, sent.Count); err != nil {
		return err
	}
	if err := s.tell(ctx, fmt.Sprintf("/bench/replies?rate=%d&count=%d", steadyRate, count), &struct{}{}); err != nil {
		return err
	}
	if err := s.answered(ctx, count); err != nil {
		return err
	}
	var t took
	if err := s.tell(ctx, "/bench/took", &t); err != nil {
		return err
	}
	about := fmt.Sprintf("delay at %d a second", steadyRate)
	b.table.add(about, d.name, "LINE to Slack p50", "ms", milliseconds(t.PostP50)).aim = "8"
	b.table.add(about, d.name, "LINE to Slack p99", "ms", milliseconds(t.PostP99)).aim = "40"
	b.table.add(about, d.name, "Slack to LINE p50", "ms", milliseconds(t.AnswerP50)).aim = "8"
	b.table.add(about, d.name, "Slack to LINE p99", "ms", milliseconds(t.AnswerP99)).aim = "40"
	return nil
}
