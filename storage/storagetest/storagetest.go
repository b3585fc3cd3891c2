// Package storagetest opens stores for tests, on every engine there is.
package storagetest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	_ "github.com/lib/pq" // the driver "postgres"

	"madoguchi/storage"
)

// PostgresVariable names the PostgreSQL that tests may make schemas in.
const PostgresVariable = "MADOGUCHI_TEST_POSTGRES"

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

// Postgres makes a schema in the PostgreSQL of the environment. Without one
// the test is skipped; in CI it fails.
func Postgres(t testing.TB) Database {
	t.Helper()
	server := os.Getenv(PostgresVariable)
	if server == "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not set: in CI PostgreSQL may not be skipped", PostgresVariable)
		}
		t.Skipf("%s is not set: not tested on PostgreSQL", PostgresVariable)
	}
	db, err := sql.Open("postgres", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	id := uuid.New()
	schema := "test_" + hex.EncodeToString(id[:])
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db, err := sql.Open("postgres", server)
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		if _, err := db.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is not a URL", PostgresVariable)
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return Database{"postgres", u.String()}
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
