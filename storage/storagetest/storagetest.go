// Package storagetest opens stores for tests, on every engine there is.
package storagetest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"madoguchi/storage"
)

const (
	// PostgresVariable names the PostgreSQL that tests may make schemas in.
	PostgresVariable = "MADOGUCHI_TEST_POSTGRES"
	// PoolerVariable may name a pooler in front of it, which Postgres then uses.
	PoolerVariable = "MADOGUCHI_TEST_POOLER"
)

// SecretKey is the key that Open gives a store when the test gives none.
var SecretKey = []byte("0123456789abcdef0123456789abcdef")

// Database is an empty database of one test.
type Database struct {
	Engine string // sqlite or postgres
	URL    string
}

// SQLite makes an SQLite database that goes with the test.
func SQLite(t testing.TB) Database {
	t.Helper()
	return Database{"sqlite", "sqlite:" + filepath.Join(t.TempDir(), "madoguchi.db")}
}

// Postgres makes a database of one test in the PostgreSQL of the environment,
// behind its pooler if it names one. Without a PostgreSQL the test is skipped;
// in CI it fails.
func Postgres(t testing.TB) Database {
	t.Helper()
	pooler := os.Getenv(PoolerVariable)
	if pooler == "" {
		return Direct(t)
	}
	// Poolers know no schema of a connection, but any database.
	server, name := requireServer(t), newName()
	run(t, server, "CREATE DATABASE "+name, "DROP DATABASE "+name+" WITH (FORCE)")
	return Database{"postgres", change(t, pooler, func(u *url.URL) { u.Path = "/" + name })}
}

// Direct is Postgres without a pooler, for tests of what a pooler keeps from us.
func Direct(t testing.TB) Database {
	t.Helper()
	server, name := requireServer(t), newName()
	run(t, server, "CREATE SCHEMA "+name, "DROP SCHEMA "+name+" CASCADE")
	return Database{"postgres", change(t, server, func(u *url.URL) {
		query := u.Query()
		query.Set("search_path", name)
		u.RawQuery = query.Encode()
	})}
}

func requireServer(t testing.TB) string {
	t.Helper()
	server := os.Getenv(PostgresVariable)
	if server == "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not set: in CI PostgreSQL may not be skipped", PostgresVariable)
		}
		t.Skipf("%s is not set: not tested on PostgreSQL", PostgresVariable)
	}
	return server
}

func newName() string {
	id := uuid.New()
	return "test_" + hex.EncodeToString(id[:])
}

// run runs a statement now, and another when the test has ended.
func run(t testing.TB, server, now, atEnd string) {
	t.Helper()
	exec := func(ctx context.Context, statement string) error {
		db, err := sql.Open("pgx", server)
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, statement)
		return errors.Join(err, db.Close())
	}
	if err := exec(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// What a killed process began may still run in PostgreSQL.
		var err error
		for range 5 {
			if err = exec(context.Background(), atEnd); err == nil {
				return
			}
		}
		t.Error(err)
	})
}

func change(t testing.TB, raw string, how func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal("the address of the tests' PostgreSQL is not a URL")
	}
	how(u)
	return u.String()
}

// Open opens a store on the database until the test ends. change, which may be
// nil, changes what it is opened with.
func (d Database) Open(t testing.TB, change func(*storage.Config)) *storage.Store {
	t.Helper()
	c := storage.Config{URL: d.URL, SecretKey: SecretKey, Log: slog.New(slog.NewTextHandler(lines{t}, nil)), MaxConns: 8}
	if change != nil {
		change(&c)
	}
	s, err := storage.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("open %s: %v", d.Engine, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close %s: %v", d.Engine, err)
		}
	})
	return s
}

// Each runs a test on a database of each engine.
func Each(t *testing.T, test func(t *testing.T, db Database)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// lines writes what a store logs to its test.
type lines struct{ testing.TB }

func (l lines) Write(p []byte) (int, error) {
	l.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
