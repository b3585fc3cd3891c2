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

	"madoguchi/config"
	"madoguchi/storage"
)

// openStore opens the database of this environment, making the secret key
// where SQLite has none yet.
func openStore(ctx context.Context, env *config.Environment, log *slog.Logger) (*storage.Store, error) {
	key, err := secretKey(env)
	if err != nil {
		return nil, err
	}
	store, err := storage.Open(ctx, storage.Config{
		URL: databaseURL(env.Database), SecretKey: key, Log: log,
		OnMismatch: func(accountID, key string) {
			log.Warn("an event came again with other content; the first one stands", "account", accountID, "event", key)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
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
		text, err := os.ReadFile(path) //nolint:gosec // beside the database the operator named
		if err == nil {
			key, err := config.ParseKey(strings.TrimSpace(string(text)))
			if err != nil {
				return nil, fmt.Errorf("%s: %w; restore it from a backup", path, err)
			}
			return key, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("secret key: %w", err)
		}
		if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("secret key: %w", err)
		}
	}
	return nil, fmt.Errorf("secret key: %s cannot be read back", path)
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
	raw := m.Bucket
	if m.Folder != "" {
		raw = "file:" + m.Folder
	}
	files, err := storage.OpenFiles(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("MEDIA_URL: %w", err)
	}
	return files, nil
}
