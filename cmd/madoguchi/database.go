package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"madoguchi/bot"
	"madoguchi/config"
	"madoguchi/storage"
)

// openStore opens the database of this environment. Where there is none it makes
// one, and for SQLite a secret key. meter may be nil.
func openStore(ctx context.Context, env *config.Environment, log *slog.Logger, meter storage.Meter) (*storage.Store, error) {
	key, err := secretKey(env)
	if err != nil {
		return nil, err
	}
	return open(ctx, env, storage.Config{SecretKey: key, Log: log, OnMismatch: bot.MismatchAlert, Meter: meter})
}

// openExisting is openStore for a command that works on what is there: it makes
// and migrates nothing. The error is storage.ErrNoDatabase where there is no database.
func openExisting(ctx context.Context, env *config.Environment, log *slog.Logger) (*storage.Store, error) {
	key, err := existingKey(env)
	if err != nil {
		return nil, err
	}
	return open(ctx, env, storage.Config{SecretKey: key, Log: log, Existing: true})
}

// beside does something with the database that is there, while serve may run.
func (p process) beside(ctx context.Context, do func(*storage.Store) error) (err error) {
	env, log, err := p.load()
	if err != nil {
		return err
	}
	store, err := openExisting(ctx, env, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(store)
}

func open(ctx context.Context, env *config.Environment, c storage.Config) (*storage.Store, error) {
	c.URL = databaseURL(env.Database)
	store, err := storage.Open(ctx, c)
	if err != nil {
		return nil, notOpened(env.Database, err)
	}
	return store, nil
}

// secretKey returns the given key, or the one beside an SQLite database, which
// it makes once.
func secretKey(env *config.Environment) ([]byte, error) {
	if env.SecretKey != nil {
		return env.SecretKey, nil
	}
	path := keyFile(env.Database)
	for range 2 {
		key, err := readKey(env.Database)
		if !errors.Is(err, fs.ErrNotExist) {
			return key, err
		}
		if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("secret key %s: %w; %s", absolute(path), err, mustWriteIn(env.Database))
		}
	}
	return nil, fmt.Errorf("secret key: %s cannot be read back", path)
}

// existingKey is secretKey that makes none: one that is missing would be the
// wrong one.
func existingKey(env *config.Environment) ([]byte, error) {
	if env.SecretKey != nil {
		return env.SecretKey, nil
	}
	if _, err := os.Stat(env.Database.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, notOpened(env.Database, storage.ErrNoDatabase)
	}
	key, err := readKey(env.Database)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &databaseError{"SECRET_KEY", absolute(keyFile(env.Database)) + " is gone, and the database was made with it", restoreKey, err}
	}
	return key, err
}

func readKey(d config.Database) ([]byte, error) {
	path := keyFile(d)
	text, err := os.ReadFile(path) //nolint:gosec // beside the database the operator named
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("secret key: %w; %s", err, mustWriteIn(d))
	}
	key, err := config.ParseKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("secret key %s: %w; restore it from a backup", path, err)
	}
	return key, nil
}

// keyFile is where the key lies that goes with an SQLite database.
func keyFile(d config.Database) string { return filepath.Join(filepath.Dir(d.Path), "secret.key") }

func makeKey(path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	// Written beside and linked, so that nobody ever reads half a key and the
	// first of two starters wins.
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

func databaseURL(d config.Database) string {
	if d.Engine == config.Postgres {
		return d.URL.Reveal()
	}
	return "sqlite:" + d.Path
}

func openFiles(ctx context.Context, m config.Media) (*storage.Files, error) {
	raw, advice := m.Bucket, "see that the bucket is there and this machine may use it"
	if m.Folder != "" {
		raw, advice = "file:"+m.Folder, "name a folder in which this user may write"
	}
	files, err := storage.OpenFiles(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("MEDIA_URL: %w; %s", err, advice)
	}
	return files, nil
}
