package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/user"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"madoguchi/bot"
	"madoguchi/storage"
)

// parkedCommand looks after events that were set aside because they cannot be
// decided. It may run beside serve.
type parkedCommand struct {
	List  parkedListCommand  `cmd:"" default:"withargs" help:"List them: when, of what, and why; never what they say."`
	Show  parkedShowCommand  `cmd:"" help:"Print one as LINE or Slack sent it. That is what a friend or an operator wrote: it is noted in the audit trail."`
	Retry parkedRetryCommand `cmd:"" help:"Have them decided once more, when the cause is gone."`
	Drop  parkedDropCommand  `cmd:"" help:"Delete them for good. It is noted in the audit trail."`
}

// changeAtOnce bounds a transaction that changes parked events.
const changeAtOnce = 500

type parkedListCommand struct {
	Account string `help:"Only those of this account."`
	Limit   int    `default:"100" help:"At most so many, the newest."`
}

// Run lists parked events.
func (c parkedListCommand) Run(ctx context.Context, p process) error {
	if c.Limit < 1 {
		return errors.New("--limit: write a number above 0")
	}
	return p.beside(ctx, func(store *storage.Store) error {
		var found []bot.ParkedEvent
		var slugs map[string]string
		if err := store.View(ctx, func(tx bot.Tx) (err error) {
			account, err := accountNamed(tx, c.Account)
			if err != nil {
				return err
			}
			if slugs, err = slugsOf(tx); err != nil {
				return err
			}
			found, err = tx.Parked(account, c.Limit+1)
			return err
		}); err != nil {
			return err
		}
		return c.print(p, found, slugs)
	})
}

func (c parkedListCommand) print(p process, found []bot.ParkedEvent, slugs map[string]string) error {
	if len(found) == 0 {
		fmt.Fprintln(p.stderr, "nothing is set aside")
		return nil
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACCOUNT\tID\tRECEIVED\tSOURCE\tREASON")
	for _, e := range found[:min(len(found), c.Limit)] {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", cmp.Or(slugs[e.AccountID], e.AccountID), e.ID,
			time.UnixMilli(e.ReceivedAt).UTC().Format(time.RFC3339), e.Source, firstLine(e.Error))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(found) > c.Limit {
		fmt.Fprintln(p.stderr, "there are more; --limit shows them")
	}
	return nil
}

type parkedShowCommand struct {
	ID string `arg:"" help:"As list prints it."`
}

// Run prints one event. Nothing is printed before it stands in the audit trail
// that it was.
func (c parkedShowCommand) Run(ctx context.Context, p process) error {
	return p.beside(ctx, func(store *storage.Store) error {
		var e bot.StoredEvent
		err := store.InTx(ctx, func(tx bot.Tx) (err error) {
			if e, err = parkedEvent(tx, c.ID); err != nil {
				return err
			}
			return auditCommand(tx, "parked.show", e)
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(p.stderr, "This may be what a friend wrote. The audit trail has that you looked.")
		_, err = fmt.Fprintf(p.stdout, "%s\n", e.Raw)
		return err
	})
}

// chosen are the parked events that a command is for.
type chosen struct {
	IDs     []string `arg:"" optional:"" name:"id" help:"As list prints them."`
	All     bool     `help:"All of them."`
	Account string   `help:"With --all: only those of this account."`
}

// Validate implements kong's interface.
func (c chosen) Validate() error {
	switch {
	case c.All && len(c.IDs) > 0:
		return errors.New("give ids or --all, not both")
	case !c.All && len(c.IDs) == 0:
		return errors.New("give the ids that `madoguchi parked list` prints, or --all")
	case c.Account != "" && !c.All:
		return errors.New("--account goes with --all")
	}
	return nil
}

type parkedRetryCommand struct{ chosen }

// Run makes parked events pending again.
func (c parkedRetryCommand) Run(ctx context.Context, p process) error {
	n, err := c.change(ctx, p, "parked.retry", func(tx bot.Tx, id string) error { return tx.UnparkEvent(id) })
	if n > 0 {
		fmt.Fprintf(p.stdout, "%s decided once more; what cannot be decided is set aside again, and the owners are told\n", are(n))
	}
	return err
}

type parkedDropCommand struct {
	chosen
	Yes bool `help:"Really delete them."`
}

// Run deletes parked events.
func (c parkedDropCommand) Run(ctx context.Context, p process) error {
	if !c.Yes {
		return errors.New("nothing was deleted: what an event says is gone for good then, and nobody will see it; add --yes to delete it")
	}
	n, err := c.change(ctx, p, "parked.drop", func(tx bot.Tx, id string) error { return tx.DropEvent(id) })
	if n > 0 {
		fmt.Fprintf(p.stdout, "%s deleted\n", are(n))
	}
	return err
}

// change does something to the chosen events and returns to how many. Those that
// are named are changed together or not at all; of all, each that is still
// parked when its turn comes.
func (c chosen) change(ctx context.Context, p process, action string, do func(tx bot.Tx, id string) error) (n int, err error) {
	err = p.beside(ctx, func(store *storage.Store) error {
		ids, atOnce := c.IDs, len(c.IDs)
		if c.All {
			if ids, err = c.all(ctx, store); err != nil {
				return err
			}
			atOnce = changeAtOnce
		}
		for some := range slices.Chunk(ids, atOnce) {
			changed, err := c.changeChunk(ctx, store, some, action, do)
			if err != nil {
				return err
			}
			n += changed
		}
		return nil
	})
	if err == nil && n == 0 {
		fmt.Fprintln(p.stderr, "nothing is set aside")
	}
	return n, err
}

// all lists the events before the first is changed: one that is retried may be
// parked again before the last had its turn.
func (c chosen) all(ctx context.Context, store *storage.Store) (ids []string, err error) {
	err = store.View(ctx, func(tx bot.Tx) error {
		account, err := accountNamed(tx, c.Account)
		if err != nil {
			return err
		}
		found, err := tx.Parked(account, math.MaxInt32)
		ids = nil
		for _, e := range found {
			ids = append(ids, e.ID)
		}
		return err
	})
	return ids, err
}

// changeChunk changes some events in one transaction, and begins anew when one of
// them was taken away meanwhile that need not be there.
func (c chosen) changeChunk(ctx context.Context, store *storage.Store, ids []string, action string, do func(tx bot.Tx, id string) error) (n int, err error) {
	for {
		err = store.InTx(ctx, func(tx bot.Tx) (err error) {
			n, err = c.changeSome(tx, ids, action, do)
			return err
		})
		if !c.All || !errors.Is(err, bot.ErrNotFound) {
			return n, err
		}
	}
}

func (c chosen) changeSome(tx bot.Tx, ids []string, action string, do func(tx bot.Tx, id string) error) (n int, err error) {
	for _, id := range ids {
		e, err := parkedEvent(tx, id)
		if c.All && errors.Is(err, bot.ErrNotFound) {
			continue
		}
		if err != nil {
			return n, err
		}
		if err := do(tx, id); err != nil {
			return n, err
		}
		if err := auditCommand(tx, action, e); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// notParkedError is the error of an id of which nothing is parked.
type notParkedError struct{ id string }

func (e notParkedError) Error() string {
	return fmt.Sprintf("no event %s is set aside; `madoguchi parked list` shows those that are", e.id)
}

func (notParkedError) Unwrap() error { return bot.ErrNotFound }

func parkedEvent(tx bot.Tx, id string) (bot.StoredEvent, error) {
	e, err := tx.Event(id)
	if errors.Is(err, bot.ErrNotFound) || err == nil && e.State != "parked" {
		return e, notParkedError{id}
	}
	return e, err
}

// auditCommand notes what was done to an event on the command line, and as which
// user of this machine.
func auditCommand(tx bot.Tx, action string, e bot.StoredEvent) error {
	by := "unknown"
	if u, err := user.Current(); err == nil {
		by = u.Username
	}
	detail, err := json.Marshal(map[string]string{"event": e.ID, "source": string(e.Source), "by": by})
	if err != nil {
		return err
	}
	return tx.Audit(bot.AuditEntry{
		ID: uuid.Must(uuid.NewV7()).String(), AccountID: e.AccountID, At: tx.Now(), Actor: "command", Action: action,
		Detail: string(detail), Allowed: true,
	})
}

// accountNamed is the id of the account with a slug; "" for none.
func accountNamed(tx bot.Tx, slug string) (id string, err error) {
	if slug == "" {
		return "", nil
	}
	a, err := accountBySlug(tx, slug)
	return a.ID, err
}

func slugsOf(tx bot.Tx) (map[string]string, error) {
	accounts, err := tx.Accounts()
	slugs := map[string]string{"": "-"}
	for _, a := range accounts {
		slugs[a.ID] = a.Slug
	}
	return slugs, err
}

// firstLine leaves out the stack of a panic.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func are(n int) string {
	if n == 1 {
		return "1 event is"
	}
	return fmt.Sprintf("%d events are", n)
}
