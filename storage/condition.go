package storage

import (
	"context"
	"fmt"
)

// Condition is what a database says of itself.
type Condition struct {
	Engine string // name and version
	Schema int64  // the newest migration that was applied
	// Unsafe names the settings of PostgreSQL with which a crash takes back
	// what was committed, and so what LINE and Slack were answered for.
	Unsafe []string
}

// Condition asks the database, and writes a row as it is to see that it can.
func (s *Store) Condition(ctx context.Context) (Condition, error) {
	var c Condition
	err := s.engine.write(ctx, func(t *tx) error {
		if err := t.must("try to write", `UPDATE deployment SET value = value WHERE name = 'schema_floor'`); err != nil {
			return err
		}
		if err := t.get("schema version", &c.Schema, `SELECT MAX(version_id) FROM goose_db_version`); err != nil {
			return err
		}
		if _, embedded := s.engine.(*sqliteEngine); embedded {
			return c.ofSQLite(t)
		}
		return c.ofPostgres(t)
	})
	return c, err
}

func (c *Condition) ofSQLite(t *tx) error {
	var version string
	err := t.get("version", &version, `SELECT sqlite_version()`)
	c.Engine = "SQLite " + version
	return err
}

func (c *Condition) ofPostgres(t *tx) error {
	var version string
	if err := t.get("version", &version, `SELECT current_setting('server_version')`); err != nil {
		return err
	}
	c.Engine, c.Unsafe = "PostgreSQL "+version, nil
	for _, name := range []string{"synchronous_commit", "fsync", "full_page_writes"} {
		var value string
		if err := t.get(name, &value, `SELECT current_setting(?)`, name); err != nil {
			return err
		}
		if value == "off" {
			c.Unsafe = append(c.Unsafe, fmt.Sprintf("%s=%s", name, value))
		}
	}
	return nil
}
