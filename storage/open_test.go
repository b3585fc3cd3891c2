package storage_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"madoguchi/bot"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inTx runs fn in a transaction that must succeed.
func inTx(t *testing.T, s *storage.Store, fn func(tx bot.Tx) error) {
	t.Helper()
	if err := s.InTx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, s *storage.Store, fn func(tx bot.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// raw opens the database beside the store.
func raw(t *testing.T, db storagetest.Database) *sql.DB {
	t.Helper()
	var conn *sql.DB
	if path, ok := strings.CutPrefix(db.URL, "sqlite:"); ok {
		var err error
		if conn, err = sql.Open("sqlite", path); err != nil {
			t.Fatal(err)
		}
	} else {
		config, err := pgx.ParseConfig(db.URL)
		if err != nil {
			t.Fatal(err)
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeExec // there may be a pooler
		conn = stdlib.OpenDB(*config)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestAWrongKeyIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		db.Open(t, nil)
		_, err := storage.Open(t.Context(), storage.Config{URL: db.URL, SecretKey: bytes.Repeat([]byte{1}, 32)})
		if !errors.Is(err, storage.ErrWrongKey) {
			t.Errorf("open with another key = %v, want ErrWrongKey", err)
		}
		_, err = storage.Open(t.Context(), storage.Config{URL: db.URL, SecretKey: []byte("short")})
		if err == nil {
			t.Error("a key of 5 bytes was taken")
		}
	})
}

func TestANewerSchemaIsRefusedUnlessItSaysOtherwise(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		db.Open(t, nil)
		conn := raw(t, db)
		if _, err := conn.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9001, TRUE)`); err != nil {
			t.Fatal(err)
		}
		db.Open(t, nil)
		if _, err := conn.Exec(`UPDATE deployment SET value = '9001' WHERE name = 'schema_floor'`); err != nil {
			t.Fatal(err)
		}
		_, err := storage.Open(t.Context(), storage.Config{URL: db.URL, SecretKey: storagetest.SecretKey})
		if !errors.Is(err, storage.ErrNewerSchema) {
			t.Errorf("open a database that needs schema 9001 = %v, want ErrNewerSchema", err)
		}
	})
}

// openExisting opens what is there, and says why not.
func openExisting(t *testing.T, db storagetest.Database, log *slog.Logger) error {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Config{URL: db.URL, SecretKey: storagetest.SecretKey, Existing: true, Log: log})
	if err == nil {
		err = s.Close()
	}
	return err
}

func TestLookingMakesNothing(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		for range 2 {
			if err := openExisting(t, db, nil); !errors.Is(err, storage.ErrNoDatabase) {
				t.Errorf("open where there is nothing = %v, want ErrNoDatabase", err)
			}
		}
		if path, ok := strings.CutPrefix(db.URL, "sqlite:"); ok {
			files, err := os.ReadDir(filepath.Dir(path))
			if err != nil || len(files) > 0 {
				t.Errorf("looking left %v behind (%v)", files, err)
			}
			return
		}
		var tables int
		if err := raw(t, db).QueryRow(`SELECT COUNT(*) FROM information_schema.tables
			WHERE table_schema = current_schema()`).Scan(&tables); err != nil || tables > 0 {
			t.Errorf("looking left %d tables behind (%v)", tables, err)
		}
	})
}

func TestLookingIntoAnEmptyFileLeavesItEmpty(t *testing.T) {
	db := storagetest.SQLite(t)
	path := strings.TrimPrefix(db.URL, "sqlite:")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openExisting(t, db, nil); !errors.Is(err, storage.ErrNoDatabase) {
		t.Errorf("open an empty file = %v, want ErrNoDatabase", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		t.Errorf("the file has %d bytes now (%v)", info.Size(), err)
	}
}

func TestLookingMigratesNothing(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		db.Open(t, nil)
		if err := openExisting(t, db, logger); err != nil {
			t.Fatal(err)
		}
		conn := raw(t, db)
		if _, err := conn.Exec(`DELETE FROM goose_db_version WHERE version_id > 1`); err != nil {
			t.Fatal(err)
		}
		if err := openExisting(t, db, logger); !errors.Is(err, storage.ErrOlderSchema) {
			t.Errorf("open an older schema = %v, want ErrOlderSchema", err)
		}
		var version int
		if err := conn.QueryRow(`SELECT MAX(version_id) FROM goose_db_version`).Scan(&version); err != nil || version != 1 {
			t.Errorf("the schema is at %d (%v), want 1", version, err)
		}
		if _, err := conn.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9001, TRUE)`); err != nil {
			t.Fatal(err)
		}
		if err := openExisting(t, db, nil); err != nil {
			t.Errorf("open a newer schema that this program can work with = %v", err)
		}
		if _, err := conn.Exec(`UPDATE deployment SET value = '9001' WHERE name = 'schema_floor'`); err != nil {
			t.Fatal(err)
		}
		if err := openExisting(t, db, nil); !errors.Is(err, storage.ErrNewerSchema) {
			t.Errorf("open a database that needs schema 9001 = %v, want ErrNewerSchema", err)
		}
		if log.Len() > 0 {
			t.Errorf("looking logged %s", log.String())
		}
	})
}

func TestLookingNeedsTheRightKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		db.Open(t, nil)
		_, err := storage.Open(t.Context(), storage.Config{URL: db.URL, SecretKey: bytes.Repeat([]byte{1}, 32), Existing: true})
		if !errors.Is(err, storage.ErrWrongKey) {
			t.Errorf("open with another key = %v, want ErrWrongKey", err)
		}
	})
}

func TestConcurrentStartsMigrateOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		var starts sync.WaitGroup
		for range 4 {
			starts.Go(func() {
				s, err := storage.Open(context.Background(), storage.Config{URL: db.URL, SecretKey: storagetest.SecretKey})
				if err != nil {
					t.Errorf("open: %v", err)
					return
				}
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
		}
		starts.Wait()
		var n int
		if err := raw(t, db).QueryRow(`SELECT COUNT(*) FROM goose_db_version WHERE version_id = 1`).Scan(&n); err != nil || n != 1 {
			t.Errorf("migration 1 was recorded %d times (%v), want once", n, err)
		}
	})
}

func TestOneServeOnSQLite(t *testing.T) {
	db := storagetest.SQLite(t)
	first, second := db.Open(t, nil), db.Open(t, nil)
	if err := first.LockServe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.LockServe(t.Context()); err == nil || !strings.Contains(err.Error(), "another madoguchi serve") {
		t.Errorf("second serve = %v, want an error that says so", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.LockServe(t.Context()); err != nil {
		t.Errorf("serve after the first has ended: %v", err)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"InTx":   s.InTx(t.Context(), func(bot.Tx) error { return nil }),
			"View":   s.View(t.Context(), func(bot.Tx) error { return nil }),
			"Accept": s.Accept(t.Context(), []bot.Incoming{{Key: "1"}}),
			"Close":  s.Close(),
		} {
			if name == "Close" && err != nil || name != "Close" && !errors.Is(err, storage.ErrClosed) {
				t.Errorf("%s after Close = %v", name, err)
			}
		}
	})
}

func TestBadAddresses(t *testing.T) {
	for _, url := range []string{"", "sqlite:", "mysql://root:hunter2@db/x", "postgres://%zz:hunter2@/", "postgres:hunter2"} {
		_, err := storage.Open(t.Context(), storage.Config{URL: url, SecretKey: storagetest.SecretKey})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) = %v, want an error without the password", url, err)
		}
	}
}

func TestSecretsAreNotInTheFile(t *testing.T) {
	db := storagetest.SQLite(t)
	s := db.Open(t, nil)
	want := bot.LINEChannel{Secrets: []string{"canary-secret-1", "canary-secret-2"}, Token: "canary-token"}
	inTx(t, s, func(tx bot.Tx) error {
		a := bot.Account{ID: "a1", Slug: "aoyama", LINE: want}
		return tx.SaveAccount(&a, nil)
	})
	var got bot.Account
	view(t, s, func(tx bot.Tx) (err error) {
		got, err = tx.AccountBySlug("aoyama")
		return err
	})
	if got.LINE.Token != want.Token || len(got.LINE.Secrets) != 2 || got.Version != 1 {
		t.Error("the credentials did not come back as they were")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(db.URL, "sqlite:")
	err := filepath.WalkDir(filepath.Dir(path), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte("canary")) {
			t.Errorf("%s holds a secret in the clear", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the database = %v (%v), want 0600", info.Mode(), err)
	}
	// Moved to another account they do not open.
	s = db.Open(t, nil)
	inTx(t, s, func(tx bot.Tx) error {
		return tx.SaveAccount(&bot.Account{ID: "a2", Slug: "shibuya"}, nil)
	})
	if _, err := raw(t, db).Exec(`UPDATE account SET line_sealed = (SELECT line_sealed FROM account WHERE id = 'a1') WHERE id = 'a2'`); err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(tx bot.Tx) error {
		_, err := tx.Account("a2")
		return err
	}); err == nil {
		t.Error("credentials of one account opened in another")
	}
}
