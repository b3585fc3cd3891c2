package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

const steadyRate = 50 // messages a second

// delays measures what serve adds at a steady rate: from a webhook's sending to
// the arrival of the post at Slack, and from a reply's writing to LINE's call.
func delays(ctx context.Context, b *bench) error {
	for round := range b.rounds {
		for _, d := range b.databases {
			if err := b.delayRound(ctx, round, d); err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
		}
	}
	return nil
}

func (b *bench) delayRound(ctx context.Context, round int, d database) (err error) {
	url, err := d.url(ctx, "delay")
	if err != nil {
		return err
	}
	s, err := b.serve(ctx, url, settings{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	count := steadyRate * b.seconds
	sent, err := b.loadFrom(ctx, "-addr", s.addr, "-connections", "16", "-seconds", strconv.Itoa(b.seconds+5), "-prefix", fmt.Sprintf("d%d", round),
		"-friends", "500", "-rate", strconv.Itoa(steadyRate), "-most", strconv.Itoa(count))
	if err != nil {
		return err
	}
	in, err := s.settled(ctx, sent.Count)
	if err != nil {
		return err
	}
	if err := s.tell(ctx, fmt.Sprintf("/bench/replies?rate=%d&count=%d", steadyRate, count), &struct{}{}); err != nil {
		return err
	}
	out, err := s.answered(ctx, count)
	if err != nil {
		return err
	}
	about := fmt.Sprintf("delay at %d a second", steadyRate)
	b.table.add(about, d.name, "LINE to Slack p50", "ms", milliseconds(in.P50)).aim = "8"
	b.table.add(about, d.name, "LINE to Slack p99", "ms", milliseconds(in.P99)).aim = "40"
	b.table.add(about, d.name, "Slack to LINE p50", "ms", milliseconds(out.AnswerP50)).aim = "8"
	b.table.add(about, d.name, "Slack to LINE p99", "ms", milliseconds(out.AnswerP99)).aim = "40"
	return nil
}
