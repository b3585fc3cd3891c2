package storage

import (
	"context"
	"time"
)

const (
	scrubAfter = 300 * time.Millisecond // more may follow: the posts that show it are drawn anew
	scrubAgain = 5 * time.Second        // for a post that was under way, or a reader in the way
	scrubTimes = 3

	// Writers wait for this, so it waits for nobody longer than a reading takes.
	scrubSQL = `PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 5000`
)

// scrubbing says when the write-ahead log is to be emptied, since what a friend
// took back still stands in it. The database file itself is overwritten by
// secure_delete. The zero one has nothing to do.
type scrubbing struct {
	timer *time.Timer
	left  int
}

func (s *scrubbing) ask() {
	s.left = scrubTimes
	s.after(scrubAfter)
}

func (s *scrubbing) after(d time.Duration) {
	if s.timer == nil {
		s.timer = time.NewTimer(d)
		return
	}
	s.timer.Reset(d)
}

func (s *scrubbing) due() <-chan time.Time {
	if s.timer == nil {
		return nil
	}
	return s.timer.C
}

// scrub empties the write-ahead log, unless somebody reads in it just now.
func (e *sqliteEngine) scrub() {
	ctx := context.Background()
	if e.scrubs.left--; e.scrubs.left > 0 {
		e.scrubs.after(scrubAgain)
	}
	if _, err := e.writer.conn.ExecContext(ctx, scrubSQL); err != nil {
		e.store.config.Log.Warn("emptying the write-ahead log", "error", err)
	}
}
