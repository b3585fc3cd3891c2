package storage

import (
	"context"
	"errors"
	"os"
	"time"
)

// errLocked is returned by tryFile when another process holds the lock.
var errLocked = errors.New("locked")

// fileLock is a lock that ends with its process, however that ends. The file
// stays; it means nothing by itself.
type fileLock struct{ file *os.File }

// tryFile locks a file, making it if need be, or returns errLocked.
func tryFile(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // It lies beside the database.
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &fileLock{f}, nil
}

// waitForFile is tryFile that waits until the lock is free or ctx ends.
func waitForFile(ctx context.Context, path string) (*fileLock, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		lock, err := tryFile(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// release unlocks by closing.
func (l *fileLock) release() { _ = l.file.Close() }
