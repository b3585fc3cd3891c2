package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"madoguchi/bot"
)

const (
	// migrationLock is an arbitrary number that all our processes share.
	migrationLock = 0x6d61646f
	// attempts is how often a transaction is run when the database asks for it.
	attempts = 3
	maxSkew  = 2 * time.Second
	// modeParameter of a database URL is pgx's own: how statements are run.
	modeParameter = "default_query_exec_mode"
)

// postgresEngine runs every transaction on a connection of its own.
type postgresEngine struct {
	store *Store
	pool  *pgxpool.Pool
	// urgent is a pool of one connection. Whoever needs it does not wait until
	// those who wait for locks, or for a turn, give one of the others back.
	urgent *pgxpool.Pool
	bell   *bell
}

// withDefaults adds parameters to a database URL that it does not give itself.
func withDefaults(raw string, defaults map[string]string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errURL
	}
	query := u.Query()
	for name, value := range defaults {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func hasParameter(raw, name string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Query().Has(name)
}

func postgresConfig(raw string, maxConns int) (*pgxpool.Config, error) {
	defaults := map[string]string{
		"connect_timeout": "5", "application_name": "madoguchi", "client_encoding": "UTF8",
		"pool_max_conns": strconv.Itoa(maxConns), "pool_max_conn_idle_time": "5m",
	}
	// The driver's own default falls back to speaking in the clear.
	if os.Getenv("PGSSLMODE") == "" {
		defaults["sslmode"] = "require"
	}
	dsn, err := withDefaults(raw, defaults)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", redacted(err, raw))
	}
	return config, nil
}

func openPostgres(ctx context.Context, s *Store, raw string) (_ engine, err error) {
	config, err := postgresConfig(raw, s.config.MaxConns)
	if err != nil {
		return nil, err
	}
	pooled, err := meetPostgres(ctx, s.config.Log, config.ConnConfig)
	if err != nil {
		return nil, refused(err, raw)
	}
	// A pooler may send each transaction to another server process, which does
	// not have the statements that the last one has prepared.
	if pooled && !hasParameter(raw, modeParameter) {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	prepare := migratePostgres
	if s.config.Existing {
		prepare = checkPostgres
	}
	if err := prepare(ctx, s, config.ConnConfig); err != nil {
		return nil, refused(err, raw)
	}
	listening := config.ConnConfig.Copy()
	config.ConnConfig.DialFunc = impatient{limit: silence}.DialContext // only now: a migration may take its time
	// A pooler may hand us a connection that somebody listens on.
	config.ConnConfig.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) {}
	config.AfterConnect = limitConnection
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // onLiveConnection finds out
	e := &postgresEngine{store: s}
	if e.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, refused(err, raw)
	}
	config = config.Copy()
	config.MaxConns = 1
	if e.urgent, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		e.pool.Close()
		return nil, refused(err, raw)
	}
	e.bell = newBell(context.WithoutCancel(ctx), s, e.pool, listening)
	return e, nil
}

// meetPostgres connects for the first time. pooled tells that whoever answers is
// not the process that serves us.
func meetPostgres(ctx context.Context, log *slog.Logger, config *pgx.ConnConfig) (pooled bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var server uint32
	var theirs int64
	before := time.Now()
	if err := conn.QueryRow(ctx, `SELECT pg_backend_pid(), CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`,
		pgx.QueryExecModeExec).Scan(&server, &theirs); err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	warnOfSkew(ctx, log, before.Add(time.Since(before)/2).Sub(time.UnixMilli(theirs)))
	return server != conn.PgConn().PID(), nil
}

// warnOfSkew tells when this machine's clock is off: leases are counted by the
// clocks of the processes that hold them.
func warnOfSkew(ctx context.Context, log *slog.Logger, skew time.Duration) {
	if skew.Abs() > maxSkew {
		log.WarnContext(ctx, "this machine's clock differs from the database's", "by", skew)
	}
}

// limitConnection makes an error of a lock that is never given back. The limits
// are not part of the URL since poolers refuse parameters they do not know.
func limitConnection(ctx context.Context, conn *pgx.Conn) error {
	const limits = `SET statement_timeout = '10s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'`
	_, err := conn.Exec(ctx, limits)
	return errorOf("limits of a connection", err)
}

// migratePostgres holds a lock of a transaction on one connection while another
// migrates. Poolers keep such a lock in place; one of a session they may not.
func migratePostgres(ctx context.Context, s *Store, config *pgx.ConnConfig) error {
	db := stdlib.OpenDB(*config)
	defer db.Close()
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer lock.Rollback()
	if _, err := lock.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1, hashtext(COALESCE(current_schema(), '')))`,
		migrationLock); err != nil {
		return fmt.Errorf("wait for a migration: %w", err)
	}
	return migrate(ctx, s.config.Log, postgresMigrations, db)
}

func checkPostgres(ctx context.Context, s *Store, config *pgx.ConnConfig) error {
	db := stdlib.OpenDB(*config)
	defer db.Close()
	return checkSchema(ctx, s.config.Log, postgresMigrations, db)
}

func (e *postgresEngine) write(ctx context.Context, fn func(*tx) error) error {
	return e.writeOn(ctx, e.pool, fn)
}

func (e *postgresEngine) writeFirst(ctx context.Context, fn func(*tx) error) error {
	return e.writeOn(ctx, e.urgent, fn)
}

func (e *postgresEngine) writeOn(ctx context.Context, pool *pgxpool.Pool, fn func(*tx) error) error {
	for n := 1; ; n++ {
		err := e.onLiveConnection(ctx, pool, beginWriting, fn)
		if err == nil || n == attempts || !runAgain(err) {
			return err
		}
	}
}

func (e *postgresEngine) read(ctx context.Context, fn func(*tx) error) error {
	return e.onLiveConnection(ctx, e.pool, beginReading, fn)
}

// onLiveConnection tries the next connection of the pool when one turns out to
// be dead as a transaction begins: after a restart of the server all of them
// are. Nothing has been done by then. Without a transaction that is not certain:
// fn must bear being run again.
func (e *postgresEngine) onLiveConnection(ctx context.Context, pool *pgxpool.Pool, begin string, fn func(*tx) error) error {
	for n := int32(0); ; n++ {
		err := e.attempt(ctx, pool, begin, fn)
		if _, dead := errors.AsType[deadConnection](err); !dead || n == pool.Stat().MaxConns() || ctx.Err() != nil {
			return err
		}
	}
}

// deadConnection is the error of a transaction that could not begin on a
// connection that was open.
type deadConnection struct{ error }

func (d deadConnection) Unwrap() error { return d.error }

// attempt runs fn once. Without begin, each of its statements is committed by
// itself.
func (e *postgresEngine) attempt(ctx context.Context, pool *pgxpool.Pool, begin string, fn func(*tx) error) error {
	if err := e.open(); err != nil {
		return err
	}
	held, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer held.Release()
	started := time.Now()
	c := &connection{conn: held.Conn(), begin: begin}
	t := e.store.newTx(ctx, postgresDialect, c)
	if err = t.run(fn); err == nil {
		err = c.commit(ctx)
	}
	if err != nil {
		c.rollback(ctx)
		e.dropSilent(started)
		if c.isDead() {
			err = deadConnection{err}
		}
		return err
	}
	e.store.committed(t)
	return nil
}

// dropSilent closes the connections that are not in use when one has turned out
// to lead nowhere: the others lead to the same place, and each would be waited
// for in turn. The time tells, since the driver's error may be the context's.
func (e *postgresEngine) dropSilent(started time.Time) {
	if time.Since(started) >= silence {
		e.pool.Reset()
		e.urgent.Reset()
	}
}

// writeOne needs no transaction around a single statement, which saves a round
// trip.
func (e *postgresEngine) writeOne(ctx context.Context, fn func(*tx) error) error {
	return e.onLiveConnection(ctx, e.pool, "", fn)
}

func (e *postgresEngine) readOne(ctx context.Context, fn func(*tx) error) error {
	return e.onLiveConnection(ctx, e.pool, "", fn)
}

func (e *postgresEngine) open() error {
	select {
	case <-e.store.closing:
		return ErrClosed
	default:
		return nil
	}
}

// runAgain reports whether a transaction may succeed if it is run once more: it
// lost against another one that wanted the same locks or (having looked for a
// row and found none) made the same row.
func runAgain(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch pgErr.Code {
	case pgerrcode.SerializationFailure, pgerrcode.DeadlockDetected, pgerrcode.UniqueViolation:
		return true
	default:
		return false
	}
}

func (e *postgresEngine) notify(kinds []bot.LaneKind) { e.bell.ring(kinds) }

func (e *postgresEngine) lockServe() error { return nil }

func (e *postgresEngine) close() error {
	e.bell.close()
	e.pool.Close()
	e.urgent.Close()
	return nil
}
