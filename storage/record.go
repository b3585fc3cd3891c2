package storage

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// record knows the columns of a record by its db tags, so that a column is
// named in one place and no query says SELECT *.
type record[T any] struct {
	columns string // "id, account_id, …"
	insert  string // "INSERT INTO name (columns) VALUES (?, …)"
	names   []string
	fields  []int
}

// recordOf reads the db tags of T. It is called for package variables only.
func recordOf[T any](table string) record[T] {
	var r record[T]
	typ := reflect.TypeFor[T]()
	for i := range typ.NumField() {
		if name, ok := typ.Field(i).Tag.Lookup("db"); ok {
			r.names = append(r.names, name)
			r.fields = append(r.fields, i)
		}
	}
	r.columns = strings.Join(r.names, ", ")
	r.insert = fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, r.columns, places(len(r.names)))
	return r
}

// of returns the columns with the alias of a table in a join.
func (r record[T]) of(alias string) string {
	return alias + "." + strings.Join(r.names, ", "+alias+".")
}

// values are a record's values in the order of its columns, and then more.
func (r record[T]) values(v *T, more ...any) []any { return fieldsOf(v, r.fields, more) }

// change sets columns of a record in an UPDATE.
type change[T any] struct {
	set    string // "a = ?, b = ?"
	fields []int
}

// except is the change of all columns but these.
func (r record[T]) except(names ...string) change[T] {
	var c change[T]
	var set []string
	for i, name := range r.names {
		if !slices.Contains(names, name) {
			set = append(set, name+" = ?")
			c.fields = append(c.fields, r.fields[i])
		}
	}
	c.set = strings.Join(set, ", ")
	return c
}

// only is the change of these columns.
func (r record[T]) only(names ...string) change[T] {
	var rest []string
	for _, name := range r.names {
		if !slices.Contains(names, name) {
			rest = append(rest, name)
		}
	}
	return r.except(rest...)
}

func (c change[T]) values(v *T, more ...any) []any { return fieldsOf(v, c.fields, more) }

func fieldsOf[T any](v *T, fields []int, more []any) []any {
	rv := reflect.ValueOf(v).Elem()
	args := make([]any, len(fields), len(fields)+len(more))
	for i, f := range fields {
		args[i] = rv.Field(f).Interface()
	}
	return append(args, more...)
}
