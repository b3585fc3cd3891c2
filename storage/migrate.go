package storage

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrNewerSchema is returned by Open when a newer Madoguchi has changed the
// database in a way this one does not know.
var ErrNewerSchema = errors.New("the database was migrated by a newer Madoguchi than this one can work with: use that one, or restore the backup from before")

// migrations are how one engine is migrated.
type migrations struct {
	dialect goose.Dialect
	files   fs.FS
	// guard is the SQL of auditGuard.
	guard string
}

var (
	sqliteMigrations   = migrations{goose.DialectSQLite3, migrationFiles, sqliteAuditGuard}
	postgresMigrations = migrations{goose.DialectPostgres, migrationFiles, postgresAuditGuard}
)

// migrate brings a database up to date; the caller keeps other processes out.
// A database that is ahead is fine as long as it says so: its row
// deployment.schema_floor is the oldest schema a program must know to work
// with it, and a migration that takes away what the last release used raises it.
func migrate(ctx context.Context, log *slog.Logger, m migrations, db *sql.DB) error {
	files, err := fs.Sub(m.files, "migrations")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	provider, err := goose.NewProvider(m.dialect, db, files, goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(auditGuard(m.guard)))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if current > known {
		floor, err := schemaFloor(ctx, db)
		if err != nil {
			return err
		}
		if floor > known {
			return fmt.Errorf("schema %d needs a program that knows schema %d, this one knows %d: %w", current, floor, known, ErrNewerSchema)
		}
		log.InfoContext(ctx, "the database is ahead of this program, which can still work with it", "schema", current, "known", known)
		return nil
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, r := range results {
		log.InfoContext(ctx, "database migrated", "schema", r.Source.Version, "took", r.Duration)
	}
	return nil
}

func schemaFloor(ctx context.Context, db *sql.DB) (int64, error) {
	var text string
	if err := db.QueryRowContext(ctx, `SELECT value FROM deployment WHERE name = 'schema_floor'`).Scan(&text); err != nil {
		return 0, fmt.Errorf("schema floor: %w", err)
	}
	floor, err := strconv.ParseInt(text, 10, 64)
	return floor, errorOf("schema floor", err)
}
