package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
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

// connection runs the statements of a tx on PostgreSQL.
type connection struct {
	conn *pgx.Conn
	// begin goes with the first statement, which saves a round trip. Without it
	// every statement is committed by itself.
	begin string
	begun bool
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

// run has read look at what the query returns. A query with many values is not
// kept prepared: its text depends on the number of rows, and such texts would
// push out those that come again.
func (c *connection) run(ctx context.Context, query string, args []any, read func(pgx.Rows) error) error {
	seldom := len(args) > keptValues
	if c.begin != "" && !c.begun {
		if !seldom {
			return c.beginWith(ctx, query, args, read)
		}
		if _, err := c.conn.Exec(ctx, c.begin); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		c.begun = true
	}
	if seldom {
		args = append([]any{pgx.QueryExecModeExec}, args...)
	}
	rows, err := c.conn.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return read(rows)
}

func (c *connection) beginWith(ctx context.Context, query string, args []any, read func(pgx.Rows) error) error {
	var readErr error
	batch := &pgx.Batch{}
	batch.Queue(c.begin).Exec(func(pgconn.CommandTag) error {
		c.begun = true
		return nil
	})
	batch.Queue(query, args...).Query(func(rows pgx.Rows) error {
		readErr = read(rows)
		return rows.Err() // an error that is not the database's, such as a missing row, must not end the batch
	})
	if err := c.conn.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return readErr
}

// commit does not depend on ctx, so that its outcome is known.
func (c *connection) commit(ctx context.Context) error {
	if !c.begun {
		return nil
	}
	tag, err := c.conn.Exec(context.WithoutCancel(ctx), "COMMIT")
	if err == nil && tag.String() == "ROLLBACK" {
		err = errRolledBack
	}
	return err
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
