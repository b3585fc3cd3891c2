package storage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"madoguchi/bot"
)

// A lane has a row only while it has something to do. bump grows with every
// addition, which is how Release knows that something came in meanwhile.

// poke is what a transaction adds to a lane.
type poke struct {
	kind bot.LaneKind
	due  int64
}

// Fence implements bot.Tx.
func (t *tx) Fence(lane bot.Lane) {
	if t.fences == nil {
		t.fences = make(map[string]bot.Lane)
	}
	t.fences[lane.ID] = lane
}

// Poke implements bot.Tx.
func (t *tx) Poke(kind bot.LaneKind, lane string, due int64) {
	if due <= 0 {
		due = t.nowMS
	}
	lane = storableText(lane)
	if p, ok := t.pokes[lane]; ok {
		due = min(due, p.due)
	}
	if t.pokes == nil {
		t.pokes = make(map[string]poke)
	}
	t.pokes[lane] = poke{kind, due}
}

func (t *tx) pokedKinds() []bot.LaneKind {
	var kinds []bot.LaneKind
	for _, p := range t.pokes {
		if !slices.Contains(kinds, p.kind) {
			kinds = append(kinds, p.kind)
		}
	}
	return kinds
}

// flushLanes locks the lanes of a transaction in the order of their ids, and as
// its last act, so that two transactions never wait for each other here: pokes
// between two fences go in one statement.
func (t *tx) flushLanes() error {
	ids := slices.Collect(maps.Keys(t.pokes))
	for id := range t.fences {
		if _, ok := t.pokes[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var run []string
	for _, id := range ids {
		if lane, ok := t.fences[id]; ok {
			if err := t.flushPokes(run); err != nil {
				return err
			}
			run = run[:0]
			if err := t.holdLane(lane); err != nil {
				return err
			}
		}
		if _, ok := t.pokes[id]; ok {
			run = append(run, id)
		}
	}
	return t.flushPokes(run)
}

// holdLane renews the lease of a fenced lane.
func (t *tx) holdLane(lane bot.Lane) error {
	return t.check(fmt.Errorf("lane %s: %w", lane.ID, bot.ErrLeaseLost), "renew lease",
		`UPDATE lane SET lease_until = ? WHERE id = ? AND lease_owner = ?`, t.leaseEnd(), lane.ID, lane.Fence)
}

func (t *tx) leaseEnd() int64 { return t.nowMS + t.store.config.LeaseFor.Milliseconds() }

// pokesAtOnce keeps the number of a statement's values under every limit.
const pokesAtOnce = 500

func (t *tx) flushPokes(ids []string) error {
	for chunk := range slices.Chunk(ids, pokesAtOnce) {
		args := make([]any, 0, 3*len(chunk))
		for _, id := range chunk {
			args = append(args, id, string(t.pokes[id].kind), t.pokes[id].due)
		}
		err := t.do("poke lanes", `INSERT INTO lane (id, kind, due_at) VALUES `+tuples(len(chunk), 3)+`
			ON CONFLICT (id) DO UPDATE SET bump = lane.bump + 1,
				due_at = CASE WHEN excluded.due_at < lane.due_at THEN excluded.due_at ELSE lane.due_at END`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Claim implements bot.Store. A lane whose lease has run out is claimed like
// one that was never leased.
func (s *Store) Claim(ctx context.Context, kind bot.LaneKind, n int) ([]bot.Lane, error) {
	// Looking first costs less than a write that finds nothing, which on SQLite
	// would wait for the one writer.
	due, err := s.NextDue(ctx, kind)
	if err != nil || due == 0 || due > s.now() {
		return nil, err
	}
	var lanes []bot.Lane
	fence := uuid.NewString()
	started := time.Now()
	err = s.engine.writeOne(ctx, func(t *tx) error {
		lanes = nil
		return t.list("claim lanes", &lanes, `WITH picked AS MATERIALIZED (
				SELECT id FROM lane WHERE kind = ? AND due_at <= ? AND lease_until <= ? ORDER BY due_at`+limit(n)+t.skipLocked+`)
			UPDATE lane SET lease_owner = ?, lease_until = ? WHERE id IN (SELECT id FROM picked)
			RETURNING id, kind, lease_owner, bump`,
			kind, t.nowMS, t.nowMS, fence, t.leaseEnd())
	})
	s.config.Meter.Took(Claiming, time.Since(started), err != nil && ctx.Err() == nil)
	return lanes, err
}

// NextDue implements bot.Store. A leased lane counts as due when its lease ends,
// since its holder may have died.
func (s *Store) NextDue(ctx context.Context, kind bot.LaneKind) (due int64, err error) {
	err = s.engine.readOne(ctx, func(t *tx) error {
		due = 0
		err := t.get("next due lane", &due, `SELECT due_at FROM lane WHERE kind = ? AND lease_until <= ? ORDER BY due_at LIMIT 1`,
			kind, t.nowMS)
		if err != nil && !errors.Is(err, bot.ErrNotFound) {
			return err
		}
		if due > 0 && due <= t.nowMS {
			return nil
		}
		// Now every lane whose time has come is leased, so these are few.
		var leaseEnd int64
		if err := t.get("next end of a lease", &leaseEnd,
			`SELECT COALESCE(MIN(lease_until), 0) FROM lane WHERE kind = ? AND due_at <= ? AND lease_until > ?`,
			kind, t.nowMS, t.nowMS); err != nil {
			return err
		}
		if leaseEnd > 0 && (due == 0 || leaseEnd < due) {
			due = leaseEnd
		}
		return nil
	})
	return due, err
}

// Release implements bot.Store. It returns bot.ErrLeaseLost when somebody else
// holds the lane by now; then there is nothing to give back.
func (s *Store) Release(ctx context.Context, lane bot.Lane, due int64) error {
	if due <= 0 {
		gone, err := s.dropLane(ctx, lane)
		if err != nil || gone {
			return err
		}
	}
	return s.engine.writeOne(ctx, func(t *tx) error {
		if due <= 0 {
			due = t.nowMS // it was not dropped, so something was added
		}
		var next int64
		err := t.get("release lane", &next, `UPDATE lane SET lease_owner = '', lease_until = 0,
				due_at = CASE WHEN bump = ? THEN CAST(? AS BIGINT) ELSE CAST(? AS BIGINT) END
			WHERE id = ? AND lease_owner = ? RETURNING due_at`,
			lane.Bump, due, t.nowMS, lane.ID, lane.Fence)
		if errors.Is(err, bot.ErrNotFound) {
			return fmt.Errorf("lane %s: %w", lane.ID, bot.ErrLeaseLost)
		}
		if err == nil && next <= t.nowMS {
			t.AfterCommit(func() {
				s.wake(lane.Kind)
				s.engine.notify([]bot.LaneKind{lane.Kind})
			})
		}
		return err
	})
}

// dropLane removes a lane with nothing to do, unless something was added since
// it was claimed.
func (s *Store) dropLane(ctx context.Context, lane bot.Lane) (gone bool, err error) {
	err = s.engine.writeOne(ctx, func(t *tx) error {
		n, err := t.exec("release lane", `DELETE FROM lane WHERE id = ? AND lease_owner = ? AND bump = ?`, lane.ID, lane.Fence, lane.Bump)
		gone = n > 0
		return err
	})
	return gone, err
}
