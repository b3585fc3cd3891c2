package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"madoguchi/bot"
)

// readSessions is how many readings run side by side; each has a page cache.
const readSessions = 4

// sqliteEngine has one connection that writes and a few that read. All writes
// of the process go through commitLoop, which commits many at once.
type sqliteEngine struct {
	store   *Store
	path    string
	writeDB *sqlx.DB
	readDB  *sqlx.DB
	writer  *session
	readers chan *session
	queue   chan *write
	urgent  chan *write // buffered, so that commitLoop sees that one waits
	scrubs  scrubbing   // of commitLoop

	serveMu sync.Mutex
	serve   *fileLock
}

// sqliteDSN sets the pragmas on every connection. synchronous stays FULL: NORMAL
// may lose the last commits in a power cut, after they were answered for.
func sqliteDSN(path string, pragmas ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	query := url.Values{"_pragma": append([]string{"busy_timeout(5000)", "foreign_keys(1)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

func openSQLite(ctx context.Context, s *Store, path string) (_ engine, err error) {
	if s.config.Existing {
		err = checkSQLite(ctx, s, path)
	} else {
		err = errorOf("database file", createPrivate(path))
	}
	if err != nil {
		return nil, err
	}
	e := &sqliteEngine{
		store: s, path: path,
		readers: make(chan *session, readSessions),
		queue:   make(chan *write),
		urgent:  make(chan *write, 1),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	dsn := sqliteDSN(path, "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "journal_size_limit(67108864)")
	if e.writeDB, err = sqlx.Open("sqlite", dsn); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	e.writeDB.SetMaxOpenConns(1)
	if !s.config.Existing {
		if err := e.migrate(ctx); err != nil {
			return nil, err
		}
	}
	if e.writer, err = newSession(ctx, e.writeDB); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if e.readDB, err = sqlx.Open("sqlite", sqliteDSN(path, "query_only(1)")); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	for range readSessions {
		reader, err := newSession(ctx, e.readDB)
		if err != nil {
			return nil, fmt.Errorf("open database: %w", err)
		}
		e.readers <- reader
	}
	s.running.Go(e.commitLoop)
	return e, nil
}

// createPrivate makes the file before SQLite does, so that nobody else may read
// it; SQLite gives its companions the same mode.
func createPrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // The operator chooses the path.
	if err != nil {
		return err
	}
	return f.Close()
}

// checkSQLite looks at the schema of a file that is there, on a connection that
// leaves it as it is.
func checkSQLite(ctx context.Context, s *Store, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ErrNoDatabase
	} else if err != nil {
		return fmt.Errorf("database file: %w", err)
	}
	db, err := sqlx.Open("sqlite", sqliteDSN(path, "query_only(1)"))
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	return checkSchema(ctx, s.config.Log, sqliteMigrations, db.DB)
}

// migrate keeps other processes out with a lock file, since two that start on a
// new file would both run the first migration.
func (e *sqliteEngine) migrate(ctx context.Context) error {
	lock, err := waitForFile(ctx, e.path+".migrating")
	if err != nil {
		return fmt.Errorf("wait for a migration: %w", err)
	}
	defer lock.release()
	return migrate(ctx, e.store.config.Log, sqliteMigrations, e.writeDB.DB)
}

func (e *sqliteEngine) lockServe() error {
	e.serveMu.Lock()
	defer e.serveMu.Unlock()
	if e.serve != nil {
		return nil
	}
	lock, err := tryFile(e.path + ".serving")
	if errors.Is(err, errLocked) {
		return fmt.Errorf("another madoguchi serve works on %s: with SQLite there can be one, several need PostgreSQL", e.path)
	}
	if err != nil {
		return fmt.Errorf("lock the database for serve: %w", err)
	}
	e.serve = lock
	return nil
}

func (e *sqliteEngine) read(ctx context.Context, fn func(*tx) error) error {
	return e.readOne(ctx, func(t *tx) error {
		if _, err := t.db.exec(t.ctx, "BEGIN", nil); err != nil {
			return fmt.Errorf("begin reading: %w", err)
		}
		err := t.run(fn)
		_, endErr := t.db.exec(t.ctx, "ROLLBACK", nil)
		return errors.Join(err, errorOf("end reading", endErr))
	})
}

// readOne does not pass ctx's end on to the statements: readings are short, and
// a statement with a context that may end costs a goroutine.
func (e *sqliteEngine) readOne(ctx context.Context, fn func(*tx) error) error {
	select {
	case reader := <-e.readers:
		defer func() { e.readers <- reader }()
		return e.store.newTx(context.WithoutCancel(ctx), sqliteDialect, reader).run(fn)
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.closing:
		return ErrClosed
	}
}

// notify has nobody to tell: serve is one process, and notices what commands
// beside it write by polling.
func (e *sqliteEngine) notify([]bot.LaneKind) {}

func (e *sqliteEngine) close() error {
	var errs []error
	if e.readDB != nil {
	drain:
		for range readSessions {
			select {
			case reader := <-e.readers:
				errs = append(errs, reader.close())
			default:
				break drain // open failed before there were all
			}
		}
		errs = append(errs, e.readDB.Close())
	}
	if e.writer != nil {
		if e.scrubs.left > 0 { // the commit loop has ended
			e.scrub()
		}
		errs = append(errs, e.writer.close())
	}
	if e.writeDB != nil {
		errs = append(errs, e.writeDB.Close())
	}
	e.serveMu.Lock()
	defer e.serveMu.Unlock()
	if e.serve != nil {
		e.serve.release()
	}
	return errors.Join(errs...)
}
