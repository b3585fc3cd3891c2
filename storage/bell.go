package storage

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"madoguchi/bot"
)

const (
	bellChannel = "madoguchi_lane"
	bellTimeout = 5 * time.Second
	bellCheck   = time.Minute
	// How long the listener waits before it connects again.
	bellPause     = time.Second
	bellMostPause = 30 * time.Second
)

// bell tells processes on the same PostgreSQL that lanes may be due. It is not
// rung inside the transactions it is about: a commit with a NOTIFY takes a lock
// that lets only one of them commit at a time. What is lost when a process
// dies in between is found by polling, as when a pooler does not pass
// notifications on.
type bell struct {
	store     *Store
	pool      *pgxpool.Pool   // to ring
	listening *pgx.ConnConfig // of the connection that listens

	mu      sync.Mutex
	pending map[bot.LaneKind]bool
	kick    chan struct{}
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newBell(ctx context.Context, s *Store, pool *pgxpool.Pool, listening *pgx.ConnConfig) *bell {
	ctx, cancel := context.WithCancel(ctx)
	b := &bell{
		store: s, pool: pool, listening: listening, cancel: cancel,
		pending: make(map[bot.LaneKind]bool),
		kick:    make(chan struct{}, 1),
	}
	b.running.Go(func() { b.ringLoop(ctx) })
	b.running.Go(func() { b.listenLoop(ctx) })
	return b
}

// listenLoop listens, on a new connection when one breaks, until ctx ends.
func (b *bell) listenLoop(ctx context.Context) {
	pause := bellPause
	for missed := false; ctx.Err() == nil; missed = true {
		stood, err := b.listen(ctx, missed)
		if ctx.Err() != nil {
			return
		}
		b.store.config.Log.Warn("no notifications from the database, polling goes on", "error", err)
		if stood {
			pause = bellPause
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, bellMostPause)
	}
}

// listen returns when its connection breaks; stood tells whether it had one.
// missed tells it that something may have been told while nobody listened.
func (b *bell) listen(ctx context.Context, missed bool) (stood bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, b.listening)
	if err != nil {
		return false, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), bellTimeout)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+bellChannel); err != nil {
		return false, err
	}
	if missed {
		b.store.wakeAll()
	}
	for {
		if err := b.hear(ctx, conn); err != nil {
			return true, err
		}
	}
}

// hear waits for one notification, or until it has been silent for so long that
// the connection may have died without a word.
func (b *bell) hear(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, bellCheck)
	defer cancel()
	told, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		kind, from, _ := strings.Cut(told.Payload, " ")
		if from != b.store.instance {
			b.store.wake(bot.LaneKind(kind))
		}
		return nil
	case waiting.Err() != nil && ctx.Err() == nil && !conn.IsClosed():
		answering, cancel := context.WithTimeout(ctx, bellTimeout)
		defer cancel()
		return conn.Ping(answering)
	default:
		return err
	}
}

// ring notes what to tell; while the last notification is under way, any number
// become one.
func (b *bell) ring(kinds []bot.LaneKind) {
	b.mu.Lock()
	for _, kind := range kinds {
		b.pending[kind] = true
	}
	b.mu.Unlock()
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

func (b *bell) ringLoop(ctx context.Context) {
	for {
		select {
		case <-b.kick:
			b.mu.Lock()
			kinds := b.pending
			b.pending = make(map[bot.LaneKind]bool, len(kinds))
			b.mu.Unlock()
			if len(kinds) == 0 {
				continue
			}
			if err := b.tell(ctx, kinds); err != nil && ctx.Err() == nil {
				b.store.config.Log.Warn("other processes were not notified", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (b *bell) tell(ctx context.Context, kinds map[bot.LaneKind]bool) error {
	ctx, cancel := context.WithTimeout(ctx, bellTimeout)
	defer cancel()
	payloads := make([]string, 0, len(kinds))
	for kind := range kinds {
		payloads = append(payloads, string(kind)+" "+b.store.instance)
	}
	_, err := b.pool.Exec(ctx, `SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload`, bellChannel, payloads)
	return err
}

func (b *bell) close() {
	b.cancel()
	b.running.Wait()
}
