package main

import (
	"context"
	"fmt"
	"strconv"
)

const backlogMessages = 600

// backlogs measures how long many messages take at Slack's limit of one post a
// second: of few friends, whose messages merge, and of as many friends as
// messages, which takes ten minutes and is left out of short runs.
func backlogs(ctx context.Context, b *bench) error {
	for _, d := range b.databases {
		for _, friends := range []int{20, backlogMessages} {
			if friends == backlogMessages && b.seconds < 60 {
				continue
			}
			if err := b.beside(ctx, d, "backlog", settings{rate: 1}, func(s *served) error { return b.backlogOf(ctx, d, friends, s) }); err != nil {
				return fmt.Errorf("%s, %d friends: %w", d.name, friends, err)
			}
		}
	}
	return nil
}

func (b *bench) backlogOf(ctx context.Context, d database, friends int, s *served) error {
	if _, err := b.loadFrom(ctx, "-addr", s.addr, "-connections", "16", "-seconds", "60", "-prefix", "b",
		"-friends", strconv.Itoa(friends), "-most", strconv.Itoa(backlogMessages)); err != nil {
		return err
	}
	var v seen
	for v.Messages < backlogMessages {
		var err error
		if v, err = s.shown(ctx, v.Messages+1); err != nil {
			return err
		}
	}
	about := fmt.Sprintf("%d messages of %d friends at a post a second", backlogMessages, friends)
	aim := "60"
	if friends == backlogMessages {
		aim = "660"
	}
	b.table.add(about, d.name, "all readable after", "s", v.Last.Seconds()).aim = aim
	b.table.add(about, d.name, "posts", "", float64(v.Posts))
	return nil
}
