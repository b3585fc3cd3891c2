package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"madoguchi/bot"
)

const (
	acceptMost    = 512             // events in one commit, unless one caller brings more
	acceptTimeout = 5 * time.Second // of a commit; callers have gone by then
	acceptChunk   = 500             // rows of one statement
	maxKey        = 400             // bytes; PostgreSQL cannot index arbitrarily long texts
)

// acceptance is one call of Accept that waits for the accept loop.
type acceptance struct {
	events []bot.Incoming
	done   chan error // buffered
}

// Accept implements bot.Store.
func (s *Store) Accept(ctx context.Context, events []bot.Incoming) error {
	if len(events) == 0 {
		return nil
	}
	a := &acceptance{events: events, done: make(chan error, 1)}
	select {
	case s.accepted <- a:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
	select {
	case err := <-a.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// acceptLoop commits what has queued up while the last commit ran.
func (s *Store) acceptLoop() {
	for {
		select {
		case a := <-s.accepted:
			s.acceptAll(s.gatherAccepted(a))
		case <-s.closing:
			return
		}
	}
}

func (s *Store) gatherAccepted(first *acceptance) []*acceptance {
	batch := []*acceptance{first}
	for n := len(first.events); n < acceptMost; {
		select {
		case a := <-s.accepted:
			batch = append(batch, a)
			n += len(a.events)
		default:
			return batch
		}
	}
	return batch
}

// acceptAll answers every caller of a batch. When a row is at fault, each
// caller is tried alone, so that it fails only its own.
func (s *Store) acceptAll(batch []*acceptance) {
	var all []bot.Incoming
	for _, a := range batch {
		all = append(all, a.events...)
	}
	err := s.acceptNow(all)
	for _, a := range batch {
		if err != nil && len(batch) > 1 && rowAtFault(err) {
			a.done <- s.acceptNow(a.events)
			continue
		}
		a.done <- err
	}
}

// acceptNow does not depend on any caller's context: who leaves early does not
// take the others' commit along.
func (s *Store) acceptNow(events []bot.Incoming) error {
	ctx, cancel := context.WithTimeout(context.Background(), acceptTimeout)
	defer cancel()
	started := time.Now()
	err := s.engine.writeFirst(ctx, func(t *tx) error { return t.accept(events) })
	s.config.Meter.Took(Accepting, time.Since(started), err != nil)
	return err
}

// rowAtFault reports whether the database refused what was to be stored, rather
// than being unable to store anything.
func rowAtFault(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgerrcode.IsDataException(pgErr.Code) || pgerrcode.IsIntegrityConstraintViolation(pgErr.Code) ||
			pgerrcode.IsProgramLimitExceeded(pgErr.Code)
	}
	if liteErr, ok := errors.AsType[*sqlite.Error](err); ok {
		switch liteErr.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
			return true
		}
	}
	return false
}

// eventKey is what an event is unique by.
type eventKey struct {
	AccountID string `db:"account_id"`
	Key       string `db:"event_key"`
}

func compareKeys(a, b eventKey) int {
	return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Key, b.Key))
}

// accept stores events that are not there yet and pokes their lanes.
func (t *tx) accept(events []bot.Incoming) error {
	first := make(map[eventKey]bot.Incoming, len(events))
	repeated := make(map[eventKey][]string) // digests
	redelivered := make(map[string]bool)
	keys := make([]eventKey, 0, len(events))
	for _, e := range events {
		k := eventKey{e.AccountID, usableKey(e.Key, e.Raw)}
		if e.Redelivered {
			redelivered[e.AccountID] = true
		}
		if _, ok := first[k]; ok {
			repeated[k] = append(repeated[k], e.Digest)
			t.countEvent(e.Source, Meter.Repeated)
			continue
		}
		first[k] = e
		keys = append(keys, k)
	}
	// One order for all processes, so that they do not wait for each other.
	slices.SortFunc(keys, compareKeys)
	for chunk := range slices.Chunk(keys, acceptChunk) {
		fresh, err := t.addKeys(chunk, first)
		if err != nil {
			return err
		}
		if err := t.addEvents(fresh, first); err != nil {
			return err
		}
		for _, k := range chunk {
			if _, ok := slices.BinarySearchFunc(fresh, k, compareKeys); !ok {
				repeated[k] = append(repeated[k], first[k].Digest)
				t.countEvent(first[k].Source, Meter.Repeated)
			}
		}
	}
	if err := t.compareDigests(repeated); err != nil {
		return err
	}
	for _, account := range slices.Sorted(maps.Keys(redelivered)) {
		if err := t.SetRedeliverySeen(account, t.nowMS); err != nil {
			return err
		}
	}
	return nil
}

// usableKey is a key that both databases can index. An event without a key is
// told apart by its bytes.
func usableKey(key string, raw []byte) string {
	short := storableText(key)
	if key != "" && short == key && len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	if key == "" {
		sum = sha256.Sum256(raw)
	}
	return storableText(short[:min(len(short), maxKey/2)]) + "#" + hex.EncodeToString(sum[:])
}

// addKeys returns, sorted, those that were not there.
func (t *tx) addKeys(keys []eventKey, events map[eventKey]bot.Incoming) ([]eventKey, error) {
	args := make([]any, 0, 4*len(keys))
	for _, k := range keys {
		args = append(args, k.AccountID, k.Key, events[k].Digest, t.nowMS)
	}
	var fresh []eventKey
	err := t.list("accept events", &fresh, `INSERT INTO inbox_key (account_id, event_key, digest, received_at)
		VALUES `+tuples(len(keys), 4)+`
		ON CONFLICT (account_id, event_key) DO NOTHING RETURNING account_id, event_key`, args...)
	slices.SortFunc(fresh, compareKeys)
	return fresh, err
}

func (t *tx) addEvents(keys []eventKey, events map[eventKey]bot.Incoming) error {
	if len(keys) == 0 {
		return nil
	}
	const columns = 12
	args := make([]any, 0, columns*len(keys))
	for _, k := range keys {
		e := events[k]
		state := "pending"
		if e.Broken != "" {
			state = "parked"
		}
		args = append(args, uuid.Must(uuid.NewV7()).String(), k.AccountID, string(e.Source), k.Key, e.Lane, e.At, t.nowMS,
			e.Raw, e.LINEMessageID, e.Redelivered, state, e.Broken)
		if state == "pending" {
			t.Poke(bot.LaneInbox, e.Lane, 0)
		}
		t.countEvent(e.Source, Meter.Accepted)
	}
	return t.do("accept events", `INSERT INTO inbox (id, account_id, source, event_key, lane, at, received_at,
		raw, line_message_id, redelivered, state, error) VALUES `+tuples(len(keys), columns), args...)
}

func (t *tx) countEvent(source bot.Source, count func(Meter, bot.Source)) {
	t.AfterCommit(func() { count(t.store.config.Meter, source) })
}

// compareDigests logs, after the commit, keys that came again with other
// content than is kept, and stores what tells the owners.
func (t *tx) compareDigests(repeated map[eventKey][]string) error {
	keys := slices.SortedFunc(maps.Keys(repeated), compareKeys)
	kept, err := t.digestsOf(keys)
	if err != nil {
		return err
	}
	mismatched := make(map[string]bool) // accounts
	for _, k := range keys {
		other := func(d string) bool { return d != "" && d != kept[k] }
		if kept[k] == "" || !slices.ContainsFunc(repeated[k], other) {
			continue
		}
		mismatched[k.AccountID] = true
		t.AfterCommit(func() {
			t.store.config.Log.Warn("an event came again with other content; the first one stands", "account", k.AccountID, "event", k.Key)
		})
	}
	return t.addAlerts(slices.Sorted(maps.Keys(mismatched)))
}

// digestsOf reads the digests of keys that are sorted, with one query for each
// account.
func (t *tx) digestsOf(keys []eventKey) (map[eventKey]string, error) {
	kept := make(map[eventKey]string, len(keys))
	for len(keys) > 0 {
		account := keys[0].AccountID
		n := 1
		for n < min(len(keys), acceptChunk) && keys[n].AccountID == account {
			n++
		}
		args := make([]any, 0, n+1)
		args = append(args, account)
		for _, k := range keys[:n] {
			args = append(args, k.Key)
		}
		var found []struct {
			Key    string `db:"event_key"`
			Digest string `db:"digest"`
		}
		if err := t.list("digests of events", &found, `SELECT event_key, digest FROM inbox_key
			WHERE account_id = ? AND event_key IN (`+places(n)+`)`, args...); err != nil {
			return nil, err
		}
		for _, f := range found {
			kept[eventKey{account, f.Key}] = f.Digest
		}
		keys = keys[n:]
	}
	return kept, nil
}

// addAlerts stores what tells the owners of a mismatch. That adds keys behind
// those of the events: whoever waits here for another process waits for one that
// has all of its own, so never in a circle.
func (t *tx) addAlerts(accounts []string) error {
	if t.store.config.OnMismatch == nil {
		return nil
	}
	alerts := make(map[eventKey]bot.Incoming, len(accounts))
	for _, account := range accounts {
		e := t.store.config.OnMismatch(account, t.nowMS)
		alerts[eventKey{e.AccountID, e.Key}] = e
	}
	keys := slices.SortedFunc(maps.Keys(alerts), compareKeys)
	if len(keys) == 0 {
		return nil
	}
	fresh, err := t.addKeys(keys, alerts)
	if err != nil {
		return err
	}
	return t.addEvents(fresh, alerts)
}
