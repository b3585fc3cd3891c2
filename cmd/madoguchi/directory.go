package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"madoguchi/bot"
)

// lookEvery is how long the webhook goes by the accounts it has read: a message
// costs no query, and what apply changes holds within a second.
const lookEvery = 500 * time.Millisecond

// directory finds accounts for the webhook. It remembers each until its
// version changes, so that a message costs no decryption either.
type directory struct {
	store bot.Store
	known accountCache

	mu       sync.Mutex
	versions []bot.AccountVersion
	readAt   time.Time
}

func newDirectory(store bot.Store) *directory { return &directory{store: store} }

// find looks for an account that is not known in the database each time: it
// may just have been applied.
func (d *directory) find(ctx context.Context, slug string) (a bot.Account, ok bool, err error) {
	if v, ok := d.fresh(slug); ok {
		if a, ok := d.known.get(v); ok {
			return a, true, nil
		}
	}
	err = d.store.View(ctx, func(tx bot.Tx) error {
		versions, err := tx.Accounts()
		if err != nil {
			return err
		}
		d.read(versions)
		i := slices.IndexFunc(versions, func(v bot.AccountVersion) bool { return v.Slug == slug })
		if i < 0 {
			return nil
		}
		if a, ok = d.known.get(versions[i]); ok {
			return nil
		}
		if a, err = tx.Account(versions[i].ID); err != nil {
			return err
		}
		d.known.put(versions[i], a)
		ok = true
		return nil
	})
	if errors.Is(err, bot.ErrNotFound) {
		return bot.Account{}, false, nil
	}
	return a, ok, err
}

func (d *directory) fresh(slug string) (bot.AccountVersion, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.versions, func(v bot.AccountVersion) bool { return v.Slug == slug })
	if i < 0 || time.Since(d.readAt) > lookEvery {
		return bot.AccountVersion{}, false
	}
	return d.versions[i], true
}

func (d *directory) read(versions []bot.AccountVersion) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.versions, d.readAt = versions, time.Now()
}
