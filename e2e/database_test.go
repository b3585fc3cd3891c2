package e2e

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// variable is one of the process's environment variables.
func (w *world) variable(name string) string {
	for _, v := range w.env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// openDatabase opens the process's database beside it, for what nothing else
// shows.
func (w *world) openDatabase() *sql.DB {
	w.t.Helper()
	driver, dsn := "pgx", w.variable("DATABASE_URL")
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return db
}

// onSQLite tells which database this is.
func (w *world) onSQLite() bool { return strings.HasPrefix(w.variable("DATABASE_URL"), "sqlite:") }

// count runs a query without parameters that counts something.
func (w *world) count(db *sql.DB, query string) (n int) {
	w.t.Helper()
	if err := db.QueryRowContext(w.t.Context(), query).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// kept tells where a text is still to be found: in a table, in a file of the
// database, or among the stored files.
func (w *world) kept(db *sql.DB, text string) []string {
	w.t.Helper()
	var found []string
	for _, table := range w.tables(db) {
		if w.tableHolds(db, table, text) {
			found = append(found, "table "+table)
		}
	}
	folders := []string{strings.TrimPrefix(w.variable("MEDIA_URL"), "file:")}
	if w.onSQLite() {
		folders = append(folders, filepath.Dir(strings.TrimPrefix(w.variable("DATABASE_URL"), "sqlite:")))
	}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil //nolint:nilerr // a file may go while we look
			}
			content, err := os.ReadFile(path)
			if err == nil && bytes.Contains(content, []byte(text)) {
				found = append(found, "file "+d.Name())
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return found
}

func (w *world) tables(db *sql.DB) []string {
	w.t.Helper()
	query := `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	if w.onSQLite() {
		query = `SELECT name FROM sqlite_master WHERE type = 'table'`
	}
	rows, err := db.QueryContext(w.t.Context(), query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			w.t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return names
}

func (w *world) tableHolds(db *sql.DB, table, text string) bool {
	w.t.Helper()
	rows, err := db.QueryContext(w.t.Context(), `SELECT * FROM "`+table+`"`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	columns, err := rows.Columns()
	if err != nil {
		w.t.Fatal(err)
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			w.t.Fatal(err)
		}
		for _, v := range values {
			if raw, ok := v.([]byte); ok && bytes.Contains(raw, []byte(text)) || strings.Contains(fmt.Sprint(v), text) {
				return true
			}
		}
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return false
}

// neverLogged fails the test when the process wrote any of these texts to its
// log, at whatever level.
func (w *world) neverLogged(t *testing.T, texts ...string) {
	t.Helper()
	log := w.log.String()
	for _, text := range texts {
		if strings.Contains(log, text) {
			t.Errorf("the log holds %q", text)
		}
	}
}
