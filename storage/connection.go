package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx/reflectx"
)

// How a transaction on PostgreSQL begins.
const (
	beginWriting = "BEGIN"
	beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" // one snapshot for all its statements
)

var errRolledBack = errors.New("the database rolled the transaction back: one of its statements had failed")

// connection runs the statements of a tx on PostgreSQL. In a transaction it
// sends what need not be waited for together with the next statement that is:
// first of all the beginning.
type connection struct {
	conn *pgx.Conn
	// begin begins the transaction. Without it every statement is committed by
	// itself.
	begin   string
	begun   bool
	waiting []statement
	// failed is what was wrong with a statement that was not waited for: the
	// transaction must not be committed, whatever its function makes of it.
	failed error
}

var _ database = (*connection)(nil)

func (c *connection) exec(ctx context.Context, query string, args []any) (changed int64, err error) {
	err = c.run(ctx, query, args, func(rows pgx.Rows) error {
		rows.Close()
		changed = rows.CommandTag().RowsAffected()
		return rows.Err()
	})
	return changed, err
}

func (c *connection) get(ctx context.Context, dest any, query string, args []any) error {
	return c.run(ctx, query, args, func(rows pgx.Rows) error { return readOne(rows, reflect.ValueOf(dest).Elem()) })
}

func (c *connection) list(ctx context.Context, dest any, query string, args []any) error {
	return c.run(ctx, query, args, func(rows pgx.Rows) error { return readAll(rows, reflect.ValueOf(dest).Elem()) })
}

func (c *connection) later(ctx context.Context, s statement) error {
	if c.begin != "" && !seldom(s.args) {
		c.waiting = append(c.waiting, s)
		return c.failed
	}
	changed, err := c.exec(ctx, s.query, s.args)
	return s.outcome(changed, err)
}

// run has read look at what the query returns.
func (c *connection) run(ctx context.Context, query string, args []any, read func(pgx.Rows) error) error {
	if c.failed != nil {
		return c.failed
	}
	together := c.begin != "" && !c.begun || len(c.waiting) > 0
	if seldom(args) {
		if together {
			if err := c.send(ctx, c.batch()); err != nil {
				return err
			}
			together = false
		}
		args = append([]any{pgx.QueryExecModeExec}, args...)
	}
	if !together {
		rows, err := c.conn.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		return read(rows)
	}
	var readErr error
	batch := c.batch()
	batch.Queue(query, args...).Query(func(rows pgx.Rows) error {
		readErr = read(rows)
		return rows.Err() // an error that is not the database's, such as a missing row, is none of the batch
	})
	if err := c.send(ctx, batch); err != nil {
		return err
	}
	return readErr
}

// seldom tells of a statement that is not worth keeping prepared: its text
// depends on the number of its rows, and would push out those that come again.
func seldom(args []any) bool { return len(args) > keptValues }

// batch starts with what has to go before the next statement.
func (c *connection) batch() *pgx.Batch {
	batch := &pgx.Batch{}
	if c.begin != "" && !c.begun {
		batch.Queue(c.begin).Exec(func(pgconn.CommandTag) error {
			c.begun = true
			return nil
		})
	}
	for _, s := range c.waiting {
		batch.Queue(s.query, s.args...).Query(func(rows pgx.Rows) error {
			rows.Close()
			return s.outcome(rows.CommandTag().RowsAffected(), rows.Err())
		})
	}
	c.waiting = nil
	return batch
}

func (c *connection) send(ctx context.Context, batch *pgx.Batch) error {
	c.failed = c.conn.SendBatch(ctx, batch).Close()
	return c.failed
}

// commit does not depend on ctx once it has begun, so that its outcome is known.
func (c *connection) commit(ctx context.Context) error {
	if err := cmp.Or(c.failed, ctx.Err()); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	// Whether to commit depends on these; and a connection that turns out to be
	// dead must do so before COMMIT leaves.
	if checked := slices.ContainsFunc(c.waiting, func(s statement) bool { return s.check != nil }); checked || !c.begun && len(c.waiting) > 0 {
		if err := c.send(ctx, c.batch()); err != nil {
			return err
		}
	}
	if !c.begun {
		return nil
	}
	batch := c.batch()
	batch.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() == "ROLLBACK" {
			return errRolledBack
		}
		return nil
	})
	return errorOf("commit", c.send(ctx, batch))
}

// isDead tells that the connection broke before the transaction began.
func (c *connection) isDead() bool {
	return !c.begun && c.conn.IsClosed()
}

// rollback may fail: the pool closes a connection that comes back with a
// transaction open.
func (c *connection) rollback(ctx context.Context) {
	if c.begun && !c.conn.IsClosed() {
		_, _ = c.conn.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	}
}

// columnMapper finds the fields of records by their db tags, as sqlx does.
var columnMapper = reflectx.NewMapperFunc("db", strings.ToLower)

// readOne reads the first row into dest.
func readOne(rows pgx.Rows, dest reflect.Value) error {
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	fields, err := fieldsFor(rows, dest.Type())
	if err != nil {
		return err
	}
	if err := rows.Scan(targets(dest, fields)...); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// readAll appends all rows to dest, a slice.
func readAll(rows pgx.Rows, dest reflect.Value) error {
	defer rows.Close()
	var fields [][]int
	for first := true; rows.Next(); first = false {
		row := reflect.New(dest.Type().Elem()).Elem()
		if first {
			var err error
			if fields, err = fieldsFor(rows, row.Type()); err != nil {
				return err
			}
		}
		if err := rows.Scan(targets(row, fields)...); err != nil {
			return err
		}
		dest.Set(reflect.Append(dest, row))
	}
	return rows.Err()
}

// fieldsFor returns where the columns go in a record; nil for a single value.
func fieldsFor(rows pgx.Rows, typ reflect.Type) ([][]int, error) {
	if typ.Kind() != reflect.Struct || reflect.PointerTo(typ).Implements(reflect.TypeFor[sql.Scanner]()) {
		return nil, nil
	}
	columns := rows.FieldDescriptions()
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	fields := columnMapper.TraversalsByName(typ, names)
	for i, field := range fields {
		if len(field) == 0 {
			return nil, fmt.Errorf("no field of %s is for column %s", typ, names[i])
		}
	}
	return fields, nil
}

func targets(dest reflect.Value, fields [][]int) []any {
	if fields == nil {
		return []any{dest.Addr().Interface()}
	}
	into := make([]any, len(fields))
	for i, field := range fields {
		into[i] = reflectx.FieldByIndexes(dest, field).Addr().Interface()
	}
	return into
}
