package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// backlogs measures how long 600 messages take at Slack's limit of one post a
// second: of few friends, whose messages merge, and of as many friends as
// messages, which takes ten minutes and is left out of short runs.
func backlogs(ctx context.Context, b *bench) error {
	const messages = 600
	for _, d := range b.databases {
		for _, friends := range []int{20, messages} {
			if friends == messages && b.seconds < 60 {
				continue
			}
			if err := b.backlogOne(ctx, d, messages, friends); err != nil {
				return fmt.Errorf("%s, %d friends: %w", d.name, friends, err)
			}
		}
	}
	return nil
}

func (b *bench) backlogOne(ctx context.Context, d database, messages, friends int) (err error) {
	url, err := d.url(ctx, "backlog")
	if err != nil {
		return err
	}
	s, err := b.serve(ctx, url, settings{rate: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if _, err := b.loadFrom(ctx, "-addr", s.addr, "-connections", "16", "-seconds", "60", "-prefix", "b",
		"-friends", strconv.Itoa(friends), "-most", strconv.Itoa(messages)); err != nil {
		return err
	}
	var v seen
	for v.Messages < messages && ctx.Err() == nil {
		if v, err = s.settled(ctx, min(messages, v.Messages+1)); err != nil {
			return err
		}
	}
	about := fmt.Sprintf("%d messages of %d friends at a post a second", messages, friends)
	aim := "60"
	if friends == messages {
		aim = "660"
	}
	b.table.add(about, d.name, "all readable after", "s", v.Last.Seconds()).aim = aim
	b.table.add(about, d.name, "posts", "", float64(v.Posts))
	return nil
}
