package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"madoguchi/bot"
)

// dialect is the SQL that differs between the engines. SQLite needs no row
// locks: it has one writer at a time.
type dialect struct {
	bind       int
	forUpdate  string
	skipLocked string
}

var (
	sqliteDialect   = dialect{bind: sqlx.QUESTION}
	postgresDialect = dialect{bind: sqlx.DOLLAR, forUpdate: " FOR UPDATE", skipLocked: " FOR UPDATE SKIP LOCKED"}
)

// forUpdateOf locks only the rows of one table of a join.
func (d dialect) forUpdateOf(table string) string {
	if d.forUpdate == "" {
		return ""
	}
	return d.forUpdate + " OF " + table
}

// rebound holds queries with the engine's own placeholders, by dialect and text.
var rebound sync.Map

type reboundKey struct {
	bind  int
	query string
}

func (d dialect) rebind(query string) string {
	if d.bind == sqlx.QUESTION {
		return query
	}
	key := reboundKey{d.bind, query}
	if q, ok := rebound.Load(key); ok {
		return q.(string)
	}
	q := sqlx.Rebind(d.bind, query)
	rebound.Store(key, q)
	return q
}

// database runs statements on one connection, in the order they are given.
type database interface {
	exec(ctx context.Context, query string, args []any) (changed int64, err error)
	// get returns sql.ErrNoRows when there is no row.
	get(ctx context.Context, dest any, query string, args []any) error
	// list appends to the slice that dest points to.
	list(ctx context.Context, dest any, query string, args []any) error
	// later may have the statement wait until another is run or the transaction
	// is committed, and tells there what was wrong with it.
	later(ctx context.Context, s statement) error
}

// statement is one whose result nobody waits for.
type statement struct {
	what  string
	query string
	args  []any
	check func(changed int64) error // optional
}

func (s statement) outcome(changed int64, err error) error {
	if err == nil && s.check != nil {
		err = s.check(changed)
	}
	return errorOf(s.what, err)
}

// tx is one transaction, or one reading. It must not be used after the
// function it was made for has returned.
type tx struct {
	dialect
	ctx    context.Context
	db     database
	store  *Store
	nowMS  int64
	pokes  map[string]poke
	fences map[string]bot.Lane
	// reports are called once the transaction is committed.
	reports []func()
	// unmet is the error of the first check that failed: the transaction must not
	// be committed, whatever its function makes of it.
	unmet error
	// failed is set when the database refused a statement.
	failed bool
	// scrub is set when what was written over must not stay readable in a file.
	scrub bool
}

var _ bot.Tx = (*tx)(nil)

func (s *Store) newTx(ctx context.Context, d dialect, db database) *tx {
	return &tx{dialect: d, ctx: ctx, db: db, store: s, nowMS: s.now()}
}

// Now implements bot.Tx.
func (t *tx) Now() int64 { return t.nowMS }

// AfterCommit implements bot.Tx.
func (t *tx) AfterCommit(fn func()) { t.reports = append(t.reports, fn) }

// run calls fn and then does what was left for the end of the transaction.
func (t *tx) run(fn func(*tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if err := t.flushLanes(); err != nil {
		return err
	}
	return t.unmet
}

// do runs a statement. What is wrong with it may be told by a later statement,
// or at the end of the transaction.
func (t *tx) do(what, query string, args ...any) error {
	return t.noted(t.db.later(t.ctx, statement{what: what, query: t.rebind(query), args: storable(args)}))
}

// must is do for a statement that has to change a row: if it does not, the row
// is not there.
func (t *tx) must(what, query string, args ...any) error {
	return t.check(bot.ErrNotFound, what, query, args...)
}

// check is do for a statement that has to change a row, else the transaction
// fails with missing.
func (t *tx) check(missing error, what, query string, args ...any) error {
	err := t.noted(t.db.later(t.ctx, statement{
		what: what, query: t.rebind(query), args: storable(args),
		check: func(changed int64) error {
			if changed == 0 {
				return missing
			}
			return nil
		},
	}))
	t.unmet = cmp.Or(t.unmet, err)
	return err
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(what, query string, args ...any) (int64, error) {
	n, err := t.db.exec(t.ctx, t.rebind(query), storable(args))
	return n, t.refused(what, err)
}

// get reads one row.
func (t *tx) get(what string, dest any, query string, args ...any) error {
	err := t.db.get(t.ctx, dest, t.rebind(query), storable(args))
	if errors.Is(err, sql.ErrNoRows) {
		return errorOf(what, bot.ErrNotFound)
	}
	return t.refused(what, err)
}

// list reads all rows.
func (t *tx) list(what string, dest any, query string, args ...any) error {
	return t.refused(what, t.db.list(t.ctx, dest, t.rebind(query), storable(args)))
}

// refused is errorOf for the error of a statement.
func (t *tx) refused(what string, err error) error { return t.noted(errorOf(what, err)) }

// noted remembers that the database was at fault.
func (t *tx) noted(err error) error {
	t.failed = t.failed || isFault(err)
	return err
}

// isFault tells an error of the database from an answer of it.
func isFault(err error) bool {
	return err != nil && !errors.Is(err, bot.ErrNotFound) && !errors.Is(err, bot.ErrLeaseLost) && !errors.Is(err, ErrClosed)
}

// storable makes values such that both databases take them: a text that
// PostgreSQL would refuse (NUL, invalid UTF-8) gets U+FFFD in these places, so
// that nothing a friend can write stops a lane; nil bytes are empty, not NULL.
func storable(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			args[i] = storableText(v)
		case []byte:
			if v == nil {
				args[i] = []byte{}
			}
		case int64, int, bool:
		default:
			if rv := reflect.ValueOf(a); rv.Kind() == reflect.String {
				args[i] = storableText(rv.String())
			}
		}
	}
	return args
}

func storableText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// tuples returns n times "(?, …)" with k values each, comma separated.
func tuples(n, k int) string {
	one := "(" + places(k) + ")"
	return strings.Repeat(one+", ", n-1) + one
}

// places returns "?, …" for n values.
func places(n int) string { return strings.Repeat("?, ", n-1) + "?" }

// limit bounds a query. The number is in the text because SQLite prepares a
// query with a bound limit anew each time it is run.
func limit(n int) string { return " LIMIT " + strconv.Itoa(n) }

// values makes arguments of a list of ids.
func values[T any](ids []T) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return args
}
