package storage

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"madoguchi/bot"
)

const (
	bellChannel = "madoguchi_lane"
	bellTimeout = 5 * time.Second
	bellCheck   = time.Minute
)

// bell tells processes on the same PostgreSQL that lanes may be due. It is not
// rung inside the transactions it is about: a commit with a NOTIFY takes a lock
// that lets only one of them commit at a time. What is lost when a process
// dies in between is found by polling, as when a pooler does not pass
// notifications on.
type bell struct {
	store    *Store
	db       *sqlx.DB
	listener *pq.Listener

	mu      sync.Mutex
	pending map[bot.LaneKind]bool
	kick    chan struct{}
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newBell(ctx context.Context, s *Store, db *sqlx.DB, dsn string) *bell {
	ctx, cancel := context.WithCancel(ctx)
	b := &bell{
		store: s, db: db, cancel: cancel,
		pending: make(map[bot.LaneKind]bool),
		kick:    make(chan struct{}, 1),
	}
	b.listener = pq.NewListener(dsn, time.Second, 30*time.Second, b.changed)
	b.running.Go(func() { b.ringLoop(ctx) })
	b.running.Go(b.subscribe)
	b.running.Go(func() { b.listenLoop(ctx) })
	return b
}

// changed is told when the listener loses or regains its connection.
func (b *bell) changed(event pq.ListenerEventType, err error) {
	switch event {
	case pq.ListenerEventDisconnected, pq.ListenerEventConnectionAttemptFailed:
		if err != nil {
			b.store.config.Log.Warn("no notifications from the database, polling goes on", "error", err)
		}
	case pq.ListenerEventConnected, pq.ListenerEventReconnected:
	}
}

// subscribe returns when the subscription stands, which the listener keeps
// through reconnects, or the listener is closed.
func (b *bell) subscribe() {
	if err := b.listener.Listen(bellChannel); err != nil && !errors.Is(err, pq.ErrChannelAlreadyOpen) {
		select {
		case <-b.store.closing:
		default:
			b.store.config.Log.Warn("no notifications from the database, polling goes on", "error", err)
		}
	}
}

func (b *bell) listenLoop(ctx context.Context) {
	check := time.NewTicker(bellCheck)
	defer check.Stop()
	for {
		select {
		case n, ok := <-b.listener.NotificationChannel():
			switch {
			case !ok:
				return
			case n == nil: // reconnected: some may be lost
				b.store.wakeAll()
			default:
				kind, from, _ := strings.Cut(n.Extra, " ")
				if from != b.store.instance {
					b.store.wake(bot.LaneKind(kind))
				}
			}
		case <-check.C:
			// Notices a connection that has died without a word. The listener
			// reconnects by itself.
			b.running.Go(func() { _ = b.listener.Ping() })
		case <-ctx.Done():
			return
		}
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
	_, err := b.db.ExecContext(ctx, `SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload`, bellChannel, pq.Array(payloads))
	return err
}

func (b *bell) close() error {
	b.cancel()
	err := b.listener.Close()
	b.running.Wait()
	return err
}
