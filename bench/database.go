package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// sqlite is a file in a folder of its own.
func (b *bench) sqlite(_ context.Context, name string) (string, error) {
	dir, err := os.MkdirTemp(b.dir, name+"-")
	if err != nil {
		return "", err
	}
	return "sqlite:" + filepath.Join(dir, "madoguchi.db"), nil
}

// postgres makes a schema of its own for each name on the server at base.
func postgres(base string) func(context.Context, string) (string, error) {
	var made atomic.Int64
	return func(ctx context.Context, name string) (string, error) {
		schema := fmt.Sprintf("bench_%s_%d", strings.ReplaceAll(name, "-", "_"), made.Add(1))
		db, err := sql.Open("pgx", base)
		if err != nil {
			return "", err
		}
		defer db.Close()
		if _, err := db.ExecContext(ctx, "CREATE SCHEMA "+schema); err != nil {
			return "", err
		}
		u, err := url.Parse(base)
		if err != nil {
			return "", err
		}
		query := u.Query()
		query.Set("search_path", schema)
		u.RawQuery = query.Encode()
		return u.String(), nil
	}
}

// openDatabase opens what the URL names as serve does: every commit is durable.
func openDatabase(raw string) (db *sql.DB, dialect string, err error) {
	if path, ok := strings.CutPrefix(raw, "sqlite:"); ok {
		db, err = sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
		return db, "sqlite", err
	}
	db, err = sql.Open("pgx", raw)
	return db, "postgres", err
}
