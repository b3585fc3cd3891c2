package storage

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// commitMost is how many transactions share a commit at most.
	commitMost = 256
	// commitFor is how long a batch is run while somebody outside waits for an
	// answer: then what has been run is committed, and the rest comes later.
	commitFor = 2 * time.Millisecond
)

// write is one transaction that waits for the commit loop.
type write struct {
	ctx  context.Context
	fn   func(*tx) error
	took atomic.Bool // by the loop to run it, or by its caller to give it up
	done chan error  // buffered
}

func (e *sqliteEngine) write(ctx context.Context, fn func(*tx) error) error {
	return e.hand(ctx, e.queue, fn)
}

func (e *sqliteEngine) writeFirst(ctx context.Context, fn func(*tx) error) error {
	return e.hand(ctx, e.urgent, fn)
}

// hand gives fn to the commit loop. Once fn has begun it is waited for even
// when ctx ends, since it uses what belongs to the caller.
func (e *sqliteEngine) hand(ctx context.Context, queue chan<- *write, fn func(*tx) error) error {
	w := &write{ctx: ctx, fn: fn, done: make(chan error, 1)}
	select {
	case queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.closing:
		return ErrClosed
	}
	var gone error
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		gone = ctx.Err()
	case <-e.store.closing:
		gone = ErrClosed
	}
	if w.took.CompareAndSwap(false, true) {
		return gone
	}
	return <-w.done
}

func (e *sqliteEngine) writeOne(ctx context.Context, fn func(*tx) error) error {
	return e.write(ctx, fn)
}

// commitLoop commits whatever has queued up while the last commit ran. There
// is no timer: a lone transaction is committed at once. What came by writeFirst
// goes first, and a batch of the others after each of those.
func (e *sqliteEngine) commitLoop() {
	var rest []*write // of a batch that was cut short
	for {
		select {
		case w := <-e.urgent:
			e.commit([]*write{w})
		default:
		}
		if len(rest) > 0 {
			rest = e.commit(rest)
			continue
		}
		select {
		case w := <-e.urgent:
			e.commit([]*write{w})
		case w := <-e.queue:
			rest = e.commit(e.gather(w))
		case <-e.scrubs.due():
			e.scrub()
		case <-e.store.closing:
			if e.scrubs.left > 0 { // a command ends before the time has come
				e.scrub()
			}
			return
		}
	}
}

func (e *sqliteEngine) gather(first *write) []*write {
	batch := []*write{first}
	for len(batch) < commitMost {
		select {
		case w := <-e.queue:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// outcome is what became of one write of a batch.
type outcome struct {
	write *write
	tx    *tx
	err   error
}

// commit runs a batch in one transaction, each write in a savepoint of its own
// so that one that fails takes nothing else with it.
//
// It returns those that it left for later.
func (e *sqliteEngine) commit(batch []*write) (rest []*write) {
	// An interrupted statement would undo the whole transaction: none is.
	ctx := context.Background()
	var outcomes []outcome
	_, err := e.writer.ExecContext(ctx, "BEGIN IMMEDIATE")
	if err == nil {
		outcomes, rest, err = e.runAll(batch)
		if err == nil {
			_, err = e.writer.ExecContext(ctx, "COMMIT")
		}
		if err != nil {
			// SQLite may have rolled back by itself: then there is nothing to undo.
			_, _ = e.writer.ExecContext(ctx, "ROLLBACK")
		}
	}
	if err != nil {
		err = fmt.Errorf("commit: %w", err)
		for _, w := range batch {
			w.took.Store(true)
			w.done <- err
		}
		return nil
	}
	for _, o := range outcomes {
		if o.err == nil {
			e.store.committed(o.tx)
			if o.tx.scrub {
				e.scrubs.ask()
			}
		}
		o.write.done <- o.err
	}
	return rest
}

// runAll returns an error when the transaction as a whole is lost.
func (e *sqliteEngine) runAll(batch []*write) (outcomes []outcome, rest []*write, lost error) {
	began := time.Now()
	for i, w := range batch {
		if i > 0 && len(e.urgent) > 0 && time.Since(began) > commitFor {
			return outcomes, batch[i:], nil
		}
		if !w.took.CompareAndSwap(false, true) {
			continue // its caller has gone
		}
		o := outcome{write: w, err: w.ctx.Err()}
		if o.err == nil {
			if o.tx, o.err, lost = e.runOne(w); lost != nil {
				return nil, nil, lost
			}
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil, nil
}

func (e *sqliteEngine) runOne(w *write) (t *tx, err, lost error) {
	ctx := context.WithoutCancel(w.ctx)
	if _, lost = e.writer.ExecContext(ctx, "SAVEPOINT one"); lost != nil {
		return nil, nil, lost
	}
	t = e.store.newTx(ctx, sqliteDialect, e.writer)
	if err = t.run(w.fn); err != nil {
		// This fails when SQLite has rolled everything back, as on a full disk.
		if _, lost = e.writer.ExecContext(ctx, "ROLLBACK TO one"); lost != nil {
			return nil, nil, fmt.Errorf("%w (after: %w)", lost, err)
		}
	}
	_, lost = e.writer.ExecContext(ctx, "RELEASE one")
	return t, err, lost
}
