// Package storage keeps everything Madoguchi must not lose, in SQLite or in
// PostgreSQL: one schema, one text per query. Store implements bot.Store.
// Times are Unix milliseconds; a clock is read only where a transaction starts.
package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"madoguchi/bot"
)

// Config says which database to open and how. URL and SecretKey are required.
type Config struct {
	URL       string // sqlite:PATH or postgres://…
	SecretKey []byte // 32 bytes; encrypts credentials at rest
	Log       *slog.Logger
	Now       func() time.Time // default time.Now
	// LeaseFor must be longer than anything done to a lane between two
	// renewals of its lease, or a slow holder loses it. Default 30 s.
	LeaseFor time.Duration
	// MaxConns is how many connections to PostgreSQL are open for its work, unless
	// pool_max_conns in the URL says otherwise; default 16. One more is for
	// Accept, and one listens for notifications.
	MaxConns int
	// Existing opens only a database that is there and has this program's
	// schema, or a newer one: nothing is made and nothing migrated.
	Existing bool
	// OnMismatch makes the event by which owners learn that one of their account
	// arrived under the key of an earlier one with other content, which stands.
	// It is stored in the same commit, once for each key it is given; OnMismatch
	// may be called more often than that. Optional.
	OnMismatch func(accountID string, at int64) bot.Incoming
	Meter      Meter // optional
}

// ErrClosed is returned by every method of a Store that has been closed.
var ErrClosed = errors.New("storage is closed")

// Store is a bot.Store on SQLite or PostgreSQL.
type Store struct {
	config   Config
	instance string // tells our own notifications from those of other processes
	engine   engine
	sealer   *sealer
	accepted chan *acceptance

	wakersMu sync.Mutex
	wakers   map[bot.LaneKind]chan struct{}

	closing chan struct{}
	close   sync.Once
	closed  error
	running sync.WaitGroup
}

var _ bot.Store = (*Store)(nil)

// engine is what differs between the databases besides a few words of SQL.
type engine interface {
	// write runs fn in a transaction and calls the store's committed.
	write(ctx context.Context, fn func(*tx) error) error
	// writeFirst is write for what somebody outside waits for: it goes before
	// the others that wait.
	writeFirst(ctx context.Context, fn func(*tx) error) error
	// writeOne is write for an fn that is a single statement.
	writeOne(ctx context.Context, fn func(*tx) error) error
	// read runs fn on one snapshot.
	read(ctx context.Context, fn func(*tx) error) error
	// readOne is read for an fn whose statements need no common snapshot.
	readOne(ctx context.Context, fn func(*tx) error) error
	// notify tells other processes that lanes of these kinds may be due.
	notify(kinds []bot.LaneKind)
	lockServe() error
	close() error
}

// Open opens the database, makes it or migrates it if it is older than this
// program (unless c.Existing forbids that), and checks the secret key. Several
// processes may do so at the same time.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.LeaseFor == 0 {
		c.LeaseFor = 30 * time.Second
	}
	if c.MaxConns == 0 {
		c.MaxConns = 16
	}
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	seal, err := newSealer(c.SecretKey)
	if err != nil {
		return nil, err
	}
	s := &Store{
		config: c, instance: uuid.NewString(), sealer: seal,
		accepted: make(chan *acceptance),
		wakers:   make(map[bot.LaneKind]chan struct{}),
		closing:  make(chan struct{}),
	}
	at, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	if at.sqlite != "" {
		s.engine, err = openSQLite(ctx, s, at.sqlite)
	} else {
		s.engine, err = openPostgres(ctx, s, at.postgres)
	}
	if err != nil {
		return nil, err
	}
	s.running.Go(s.acceptLoop)
	if err := s.checkKey(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// LockServe makes this the one serve of an SQLite database until Close; a
// second one gets an error. On PostgreSQL any number may serve.
func (s *Store) LockServe(context.Context) error { return s.engine.lockServe() }

// Close waits for the commit under way and closes the database.
func (s *Store) Close() error {
	s.close.Do(func() {
		close(s.closing)
		s.running.Wait()
		s.closed = s.engine.close()
	})
	return s.closed
}

// InTx implements bot.Store.
func (s *Store) InTx(ctx context.Context, fn func(bot.Tx) error) error {
	return s.metered(ctx, Transaction, s.engine.write, fn)
}

// View implements bot.Store.
func (s *Store) View(ctx context.Context, fn func(bot.Tx) error) error {
	return s.metered(ctx, Reading, s.engine.read, fn)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.engine.readOne(ctx, func(t *tx) error {
		var one int
		return t.get("ping", &one, `SELECT 1`)
	})
}

// Wake implements bot.Store. There is one channel per kind: of several that
// wait on it, one is woken.
func (s *Store) Wake(kind bot.LaneKind) <-chan struct{} { return s.waker(kind) }

func (s *Store) waker(kind bot.LaneKind) chan struct{} {
	s.wakersMu.Lock()
	defer s.wakersMu.Unlock()
	w, ok := s.wakers[kind]
	if !ok {
		w = make(chan struct{}, 1)
		s.wakers[kind] = w
	}
	return w
}

func (s *Store) wake(kind bot.LaneKind) {
	select {
	case s.waker(kind) <- struct{}{}:
	default: // whoever reads the one that is there looks after this commit
	}
}

func (s *Store) wakeAll() {
	for _, kind := range []bot.LaneKind{bot.LaneInbox, bot.LaneSend, bot.LanePost, bot.LaneTask, bot.LaneMedia} {
		s.wake(kind)
	}
}

// committed is called by the engine for every transaction that was committed.
func (s *Store) committed(t *tx) {
	kinds := t.pokedKinds()
	for _, kind := range kinds {
		s.wake(kind)
	}
	if len(kinds) > 0 {
		s.engine.notify(kinds)
	}
	for _, report := range t.reports {
		report()
	}
}

// location is a parsed database URL; one of its members is set.
type location struct {
	sqlite   string // path of the file
	postgres string // URL as it was given
}

func (s *Store) now() int64 { return s.config.Now().UnixMilli() }

func errorOf(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
