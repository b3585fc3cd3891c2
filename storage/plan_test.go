package storage_test

import (
	"database/sql"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"madoguchi/bot"
	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

// sample makes an argument for any method of bot.Tx.
func sample(typ reflect.Type) reflect.Value {
	v := reflect.New(typ).Elem()
	switch typ.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Pointer:
		v = reflect.New(typ.Elem())
	case reflect.Func:
		v = reflect.MakeFunc(typ, func([]reflect.Value) []reflect.Value { return nil })
	case reflect.Slice:
		v = reflect.MakeSlice(typ, 1, 1)
	}
	return v
}

// A statement that reads a whole table costs more with every friend.
func TestEveryStatementUsesAnIndex(t *testing.T) {
	small := []string{"pause", "account"} // a few rows, read as a whole
	db := storagetest.SQLite(t)
	s := db.Open(t, nil)
	methods := reflect.TypeFor[bot.Tx]()
	for i := range methods.NumMethod() {
		// Most find nothing, or are refused; they are prepared all the same.
		_ = s.InTx(t.Context(), func(tx bot.Tx) error {
			method := reflect.ValueOf(tx).MethodByName(methods.Method(i).Name)
			var args []reflect.Value
			for a := range method.Type().NumIn() {
				args = append(args, sample(method.Type().In(a)))
			}
			method.Call(args)
			return nil
		})
	}
	poke(t, s, "lane", 0)
	release(t, s, claimOne(t, s), 5)
	accept(t, s, incoming("k", "x", 1))
	if err := s.Purge(t.Context(), storage.Retention{Events: 1, Calls: 1, Echoes: 1, ReplyTokens: 1, ReplyChanges: 1}); err != nil {
		t.Fatal(err)
	}
	conn := raw(t, db)
	planned := 0
	for _, text := range storage.Statements(s) {
		if !strings.Contains(text, "WHERE") && !strings.HasPrefix(text, "SELECT") {
			continue
		}
		planned++
		for _, step := range plan(t, conn, text) {
			table, scan := strings.CutPrefix(step, "SCAN ")
			if scan && !strings.Contains(step, "USING") && !strings.HasPrefix(table, "picked") && table != "CONSTANT ROW" &&
				!slices.Contains(small, strings.Fields(table)[0]) {
				t.Errorf("%s: %s", step, text)
			}
		}
	}
	if planned < 60 {
		t.Errorf("only %d statements were looked at", planned)
	}
}

// A scrape of the metrics costs as much as there is to do, however much is
// stored: PostgreSQL too has an index for each thing it counts.
func TestCountingTheBacklogUsesIndexes(t *testing.T) {
	counting := storagetest.SQLite(t).Open(t, nil)
	view(t, counting, func(tx bot.Tx) error {
		_, _, err := tx.InboxBacklog()
		_, oerr := tx.OutboxBacklog()
		return errors.Join(err, oerr)
	})
	db := storagetest.Postgres(t)
	db.Open(t, nil)
	conn, err := raw(t, db).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// On empty tables it would not care for indexes.
	if _, err := conn.ExecContext(t.Context(), "SET enable_seqscan = off"); err != nil {
		t.Fatal(err)
	}
	explained := 0
	for _, text := range storage.Statements(counting) {
		if !strings.Contains(text, "COUNT(*)") && !strings.Contains(text, "MIN(") {
			continue
		}
		explained++
		var steps []string
		rows, err := conn.QueryContext(t.Context(), "EXPLAIN "+text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for rows.Next() {
			var step string
			if err := rows.Scan(&step); err != nil {
				t.Fatal(err)
			}
			steps = append(steps, step)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(steps, "\n"); strings.Contains(all, "Seq Scan") || !strings.Contains(all, "Index") {
			t.Errorf("%s:\n%s", text, all)
		}
	}
	if explained != 5 {
		t.Errorf("%d statements count the backlog, want 5", explained)
	}
}

// plan returns the steps in which SQLite would run a statement.
func plan(t *testing.T, conn *sql.DB, text string) (steps []string) {
	t.Helper()
	rows, err := conn.Query("EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
