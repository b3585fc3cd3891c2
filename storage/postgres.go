package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"madoguchi/bot"
)

const (
	// migrationLock is an arbitrary number that all our processes share.
	migrationLock = 0x6d61646f
	// attempts is how often a transaction is run when the database asks for it.
	attempts = 3
	maxSkew  = 2 * time.Second
)

// postgresEngine runs every transaction on a connection of its own.
type postgresEngine struct {
	store *Store
	db    *sqlx.DB
	bell  *bell
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

func openPostgres(ctx context.Context, s *Store, raw string) (_ engine, err error) {
	// With binary_parameters a query is one round trip, and works through a
	// pooler that hands connections from transaction to transaction.
	dsn, err := withDefaults(raw, map[string]string{
		"binary_parameters": "yes", "connect_timeout": "5", "application_name": "madoguchi",
	})
	if err != nil {
		return nil, err
	}
	connector, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", redacted(err, raw))
	}
	prepare := migratePostgres
	if s.config.Existing {
		prepare = checkPostgres
	}
	if err := prepare(ctx, s, connector); err != nil {
		return nil, refused(err, raw)
	}
	connector.Dialer(impatient{limit: silence}) // only now: a migration may take its time
	e := &postgresEngine{store: s, db: sqlx.NewDb(sql.OpenDB(patient{connector}), "postgres")}
	e.db.SetMaxOpenConns(s.config.MaxConns)
	e.db.SetMaxIdleConns(s.config.MaxConns)
	e.db.SetConnMaxIdleTime(5 * time.Minute)
	e.warnOfSkew(ctx)
	e.bell = newBell(context.WithoutCancel(ctx), s, e.db, dsn)
	return e, nil
}

// warnOfSkew tells when this machine's clock is off: leases are counted by the
// clocks of the processes that hold them.
func (e *postgresEngine) warnOfSkew(ctx context.Context) {
	var theirs int64
	before := time.Now()
	if err := e.db.GetContext(ctx, &theirs, `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`); err != nil {
		return // whoever needs the database next says so
	}
	ours := before.Add(time.Since(before) / 2)
	if skew := ours.Sub(time.UnixMilli(theirs)); skew.Abs() > maxSkew {
		e.store.config.Log.WarnContext(ctx, "this machine's clock differs from the database's", "by", skew)
	}
}

// patient sets limits on every new connection, so that a lock that is never
// given back becomes an error. They are not part of the URL since poolers
// refuse parameters they do not know.
type patient struct{ driver.Connector }

func (p patient) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return conn, nil
	}
	const limits = `SET statement_timeout = '10s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'`
	if _, err := execer.ExecContext(ctx, limits, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("limits of a connection: %w", err), conn.Close())
	}
	return conn, nil
}

// migratePostgres holds a lock of a transaction on one connection while another
// migrates. Poolers keep such a lock in place; one of a session they may not.
func migratePostgres(ctx context.Context, s *Store, connector driver.Connector) error {
	db := sql.OpenDB(connector)
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

func checkPostgres(ctx context.Context, s *Store, connector driver.Connector) error {
	db := sql.OpenDB(connector)
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return checkSchema(ctx, s.config.Log, postgresMigrations, db)
}

func (e *postgresEngine) write(ctx context.Context, fn func(*tx) error) error {
	for n := 1; ; n++ {
		err := e.onLiveConnection(ctx, nil, fn)
		if err == nil || n == attempts || !runAgain(err) {
			return err
		}
	}
}

// writeFirst waits for no other transaction: each has a connection of its own.
func (e *postgresEngine) writeFirst(ctx context.Context, fn func(*tx) error) error {
	return e.write(ctx, fn)
}

func (e *postgresEngine) read(ctx context.Context, fn func(*tx) error) error {
	return e.onLiveConnection(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

// onLiveConnection tries the next connection of the pool when one turns out to
// be dead as a transaction begins: after a restart of the server all of them
// are. Nothing has been done by then.
func (e *postgresEngine) onLiveConnection(ctx context.Context, options *sql.TxOptions, fn func(*tx) error) error {
	for n := 0; ; n++ {
		err := e.attempt(ctx, options, fn)
		if _, dead := errors.AsType[deadConnection](err); !dead || n == e.store.config.MaxConns || ctx.Err() != nil {
			return err
		}
	}
}

// deadConnection is the error of a transaction that could not begin on a
// connection that was open.
type deadConnection struct{ error }

func (d deadConnection) Unwrap() error { return d.error }

func (e *postgresEngine) attempt(ctx context.Context, options *sql.TxOptions, fn func(*tx) error) error {
	if err := e.open(); err != nil {
		return err
	}
	started := time.Now()
	db, err := e.db.BeginTxx(ctx, options)
	if err != nil {
		e.dropSilent(started)
		err = fmt.Errorf("begin: %w", err)
		if wasOpen(err) {
			err = deadConnection{err}
		}
		return err
	}
	defer db.Rollback()
	t := e.store.newTx(ctx, postgresDialect, db)
	if err := t.run(fn); err != nil {
		e.dropSilent(started)
		return err
	}
	if err := db.Commit(); err != nil {
		e.dropSilent(started)
		return fmt.Errorf("commit: %w", err)
	}
	e.store.committed(t)
	return nil
}

// dropSilent closes the connections that are not in use when one has turned out
// to lead nowhere: the others lead to the same place, and each would be waited
// for in turn. The time tells, since the driver's error may be the context's.
func (e *postgresEngine) dropSilent(started time.Time) {
	if time.Since(started) >= silence {
		e.db.SetMaxIdleConns(0)
		e.db.SetMaxIdleConns(e.store.config.MaxConns)
	}
}

// wasOpen reports whether a connection broke, rather than not being made.
func wasOpen(err error) bool {
	if netErr, ok := errors.AsType[*net.OpError](err); ok {
		return netErr.Op != "dial"
	}
	if pqErr, ok := errors.AsType[*pq.Error](err); ok {
		return pqErr.Code.Class() == "57" || pqErr.Code.Class() == "08" // stopped by its administrator; connection exception
	}
	return true
}

// writeOne needs no transaction around a single statement, which saves two of
// three round trips.
func (e *postgresEngine) writeOne(ctx context.Context, fn func(*tx) error) error {
	if err := e.open(); err != nil {
		return err
	}
	started := time.Now()
	t := e.store.newTx(ctx, postgresDialect, e.db)
	if err := t.run(fn); err != nil {
		e.dropSilent(started)
		return err
	}
	e.store.committed(t)
	return nil
}

func (e *postgresEngine) readOne(ctx context.Context, fn func(*tx) error) error {
	return e.writeOne(ctx, fn)
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
	pqErr, ok := errors.AsType[*pq.Error](err)
	if !ok {
		return false
	}
	switch pqErr.Code {
	case "40001", "40P01", "23505": // serialization failure, deadlock, unique violation
		return true
	default:
		return false
	}
}

func (e *postgresEngine) notify(kinds []bot.LaneKind) { e.bell.ring(kinds) }

func (e *postgresEngine) lockServe() error { return nil }

func (e *postgresEngine) close() error {
	return errors.Join(e.bell.close(), e.db.Close())
}
