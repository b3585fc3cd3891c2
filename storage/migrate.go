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

// ErrNoDatabase is returned by Open with Config.Existing where there is nothing
// that Madoguchi has made.
var ErrNoDatabase = errors.New("there is no database of Madoguchi")

// ErrOlderSchema is returned by Open with Config.Existing when the database
// would have to be migrated first.
var ErrOlderSchema = errors.New("the database is older than this program")

// migrations are how one engine is migrated.
type migrations struct {
	dialect goose.Dialect
	files   fs.FS
	// guard is the SQL of auditGuard.
	guard string
	// versioned is a query that tells whether there is a goose_db_version.
	versioned string
}

var (
	sqliteMigrations = migrations{
		goose.DialectSQLite3, migrationFiles, sqliteAuditGuard,
		`SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version')`,
	}
	postgresMigrations = migrations{
		goose.DialectPostgres, migrationFiles, postgresAuditGuard,
		`SELECT to_regclass('goose_db_version') IS NOT NULL`,
	}
)

func (m migrations) provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(m.files, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	provider, err := goose.NewProvider(m.dialect, db, files, goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(auditGuard(m.guard)))
	return provider, errorOf("migrations", err)
}

// migrate brings a database up to date; the caller keeps other processes out.
// A database that is ahead is fine as long as it says so: its row
// deployment.schema_floor is the oldest schema a program must know to work
// with it, and a migration that takes away what the last release used raises it.
func migrate(ctx context.Context, log *slog.Logger, m migrations, db *sql.DB) error {
	provider, err := m.provider(db)
	if err != nil {
		return err
	}
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if current > known {
		return workWithNewer(ctx, log, db, current, known)
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

// checkSchema refuses a database that migrate would make or change. It changes
// nothing itself, whereas goose makes its table when it is asked for a version.
func checkSchema(ctx context.Context, log *slog.Logger, m migrations, db *sql.DB) error {
	provider, err := m.provider(db)
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	known := sources[len(sources)-1].Version
	var versioned bool
	if err := db.QueryRowContext(ctx, m.versioned).Scan(&versioned); err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if !versioned {
		return ErrNoDatabase
	}
	var current int64
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&current); err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	switch {
	case current < known:
		return fmt.Errorf("schema %d, this program has %d: %w", current, known, ErrOlderSchema)
	case current > known:
		return workWithNewer(ctx, log, db, current, known)
	default:
		return nil
	}
}

// workWithNewer refuses a database that is ahead, unless it says that a program
// which knows no more than this one can work with it.
func workWithNewer(ctx context.Context, log *slog.Logger, db *sql.DB, current, known int64) error {
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

func schemaFloor(ctx context.Context, db *sql.DB) (int64, error) {
	var text string
	if err := db.QueryRowContext(ctx, `SELECT value FROM deployment WHERE name = 'schema_floor'`).Scan(&text); err != nil {
		return 0, fmt.Errorf("schema floor: %w", err)
	}
	floor, err := strconv.ParseInt(text, 10, 64)
	return floor, errorOf("schema floor", err)
}
