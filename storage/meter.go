package storage

import (
	"context"
	"errors"
	"time"

	"madoguchi/bot"
)

// Operation is what a Meter tells apart.
type Operation string

// The operations of a store.
const (
	Accepting   Operation = "accept"      // one commit of what was accepted, of one request or of many
	Transaction Operation = "transaction" // InTx, with the waiting for its commit
	Reading     Operation = "read"        // View
	Claiming    Operation = "claim"       // of lanes that are due
)

// Operations are all of them.
var Operations = []Operation{Accepting, Transaction, Reading, Claiming}

// Meter counts what a store does, for /metrics. Its methods must be quick.
type Meter interface {
	// Took tells how long an operation took. failed is set when the database was
	// at fault, not its caller.
	Took(o Operation, took time.Duration, failed bool)
	// Accepted counts an event that was stored, Repeated one that was there.
	Accepted(source bot.Source)
	Repeated(source bot.Source)
}

type noMeter struct{}

func (noMeter) Took(Operation, time.Duration, bool) {}
func (noMeter) Accepted(bot.Source)                 {}
func (noMeter) Repeated(bot.Source)                 {}

// errUnfinished stands for the error of a function that panics.
var errUnfinished = errors.New("unfinished")

// metered runs a transaction and tells the meter of it. An error of fn counts
// only if it came from a statement.
func (s *Store) metered(ctx context.Context, o Operation, run func(context.Context, func(*tx) error) error, fn func(bot.Tx) error) error {
	started := time.Now()
	var last *tx
	var own error
	err := run(ctx, func(t *tx) error {
		last, own = t, errUnfinished
		own = fn(t)
		return own
	})
	failed := isFault(err) && (own == nil || last.failed)
	s.config.Meter.Took(o, time.Since(started), failed && ctx.Err() == nil)
	return err
}
