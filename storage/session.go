package storage

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
)

// keptValues is the most values a statement may have to be kept prepared: those
// with more insert many rows at once and exist in one text per number of rows.
const keptValues = 40

// session is one connection to SQLite and its prepared statements. Preparing
// costs more than running most of them. One goroutine uses it at a time.
type session struct {
	conn     *sqlx.Conn
	prepared map[string]kept
}

// kept is a statement that is closed with its session.
type kept struct{ *sqlx.Stmt }

var _ database = (*session)(nil)

func newSession(ctx context.Context, db *sqlx.DB) (*session, error) {
	conn, err := db.Connx(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, prepared: make(map[string]kept)}, nil
}

// statement returns the prepared query; ok is false if it is not worth keeping.
func (s *session) statement(ctx context.Context, query string, args []any) (st kept, ok bool, err error) {
	if len(args) > keptValues {
		return kept{}, false, nil
	}
	if st, ok := s.prepared[query]; ok {
		return st, true, nil
	}
	st.Stmt, err = s.conn.PreparexContext(ctx, query)
	if err != nil {
		return kept{}, false, err
	}
	s.prepared[query] = st
	return st, true, nil
}

func (s *session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, ok, err := s.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if !ok {
		return s.conn.ExecContext(ctx, query, args...)
	}
	return st.ExecContext(ctx, args...)
}

func (s *session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, ok, err := s.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if !ok {
		return s.conn.QueryContext(ctx, query, args...)
	}
	return st.QueryContext(ctx, args...)
}

func (s *session) QueryxContext(ctx context.Context, query string, args ...any) (*sqlx.Rows, error) {
	st, ok, err := s.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if !ok {
		return s.conn.QueryxContext(ctx, query, args...)
	}
	return st.QueryxContext(ctx, args...)
}

func (s *session) QueryRowxContext(ctx context.Context, query string, args ...any) *sqlx.Row {
	// An error of preparing is found again, and told, by the query itself.
	if st, ok, err := s.statement(ctx, query, args); err == nil && ok {
		return st.QueryRowxContext(ctx, args...)
	}
	return s.conn.QueryRowxContext(ctx, query, args...)
}

func (s *session) exec(ctx context.Context, query string, args []any) (int64, error) {
	result, err := s.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s *session) get(ctx context.Context, dest any, query string, args []any) error {
	return sqlx.GetContext(ctx, s, dest, query, args...)
}

func (s *session) list(ctx context.Context, dest any, query string, args []any) error {
	return sqlx.SelectContext(ctx, s, dest, query, args...)
}

// later does it now: a statement costs no round trip here.
func (s *session) later(ctx context.Context, st statement) error {
	changed, err := s.exec(ctx, st.query, st.args)
	return st.outcome(changed, err)
}

func (s *session) close() error {
	var errs []error
	for _, st := range s.prepared {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}
