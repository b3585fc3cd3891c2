package storage_test

import (
	"slices"
	"strings"
	"testing"

	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

func TestCondition(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		got, err := db.Open(t, nil).Condition(t.Context())
		if err != nil || got.Schema < 1 || !strings.HasPrefix(strings.ToLower(got.Engine), db.Engine) {
			t.Errorf("Condition of %s = %+v, %v", db.Engine, got, err)
		}
	})
}

func TestConditionTellsWhatACrashWouldTakeBack(t *testing.T) {
	db := storagetest.Direct(t)
	store := db.Open(t, func(c *storage.Config) { c.URL += "&synchronous_commit=off" })
	got, err := store.Condition(t.Context())
	if err != nil || !slices.Contains(got.Unsafe, "synchronous_commit=off") {
		t.Errorf("Condition = %+v, %v, want synchronous_commit=off named", got, err)
	}
}
