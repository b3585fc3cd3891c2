package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// acks measures how many webhooks a second are answered 200, which serve does
// once their events are stored durably, beside the floors.
func acks(ctx context.Context, b *bench) error {
	return b.inTurn(func(round int, d database) error {
		for _, connections := range []int{1, 16, 64} {
			if err := b.ackRound(ctx, round, d, connections); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) ackRound(ctx context.Context, round int, d database, connections int) error {
	about := fmt.Sprintf("webhooks, %d connections", connections)
	var group *row
	for _, kind := range []string{floorVerify, floorInsert, floorGroup, "serve"} {
		url, err := d.url(ctx, "acks")
		if err != nil {
			return err
		}
		result, err := b.ackOne(ctx, kind, url, connections, fmt.Sprintf("a%d", round))
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		name := "floor: " + kind
		if kind == "serve" {
			name = kind
		}
		rate := b.table.add(about, d.name, name, "a second", result.PerSecond)
		b.table.add(about, d.name, name+" p50", "ms", milliseconds(result.P50))
		p99 := b.table.add(about, d.name, name+" p99", "ms", milliseconds(result.P99))
		switch kind {
		case floorGroup:
			group = rate
		case "serve":
			rate.floor, rate.aim = group, "0.70 of group"
			if connections == 64 {
				p99.aim = "50 ms"
			}
		}
		if result.Failed > 0 {
			b.table.add(about, d.name, name+" not 200", "", float64(result.Failed))
		}
	}
	return nil
}

func (b *bench) ackOne(ctx context.Context, kind, url string, connections int, prefix string) (r loadResult, err error) {
	var server *process
	if kind == "serve" {
		s, err := b.serve(ctx, url, settings{})
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, s.close()) }()
		server = s.process
	} else {
		addr, err := freeAddr(ctx)
		if err != nil {
			return r, err
		}
		if server, err = start(ctx, addr, "/", os.Environ(), b.self, "floor", "-kind", kind, "-listen", addr, "-database", url); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, server.end()) }()
	}
	return b.loadFrom(ctx, "-addr", server.addr, "-connections", strconv.Itoa(connections),
		"-seconds", strconv.Itoa(b.seconds), "-prefix", prefix)
}
