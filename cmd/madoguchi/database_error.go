package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"madoguchi/config"
	"madoguchi/storage"
)

const restoreKey = "restore the file from a backup, or give the key in SECRET_KEY; without it the LINE credentials must be applied again to a new database"

// databaseError is the error of a database that cannot be opened: what is to be
// looked at, what is wrong with it, and what to do.
type databaseError struct {
	subject, what, advice string
	cause                 error
}

func (e *databaseError) Error() string { return e.subject + ": " + e.what + "; " + e.advice }

func (e *databaseError) Unwrap() error { return e.cause }

// notOpened explains the error of storage.Open.
func notOpened(d config.Database, err error) error {
	refused, isRefused := errors.AsType[*storage.RefusedError](err)
	e := &databaseError{subject: "DATABASE_URL", what: err.Error(), cause: err}
	switch {
	case errors.Is(err, storage.ErrNoDatabase):
		e.what = "there is no database at " + absolute(d.Path)
		if d.Engine == config.Postgres {
			e.what = "the PostgreSQL database that it names has no tables of Madoguchi"
		}
		e.advice = "`madoguchi apply FILE` and `madoguchi serve` make it; if it should be there, set DATABASE_URL or the working directory to those of serve"
	case errors.Is(err, storage.ErrOlderSchema):
		e.what = "the database is older than this program"
		e.advice = "start `madoguchi serve` or `madoguchi apply` once, which bring it up to date"
	case errors.Is(err, storage.ErrNewerSchema):
		e.what = "a newer Madoguchi has changed the database"
		e.advice = "use that version, or restore the backup from before"
	case errors.Is(err, storage.ErrWrongKey):
		e.subject = "SECRET_KEY"
		e.what = "the database was made with another one"
		e.advice = "give the one that serve was first started with; it is in the backups"
	case isRefused:
		e.what = fmt.Sprintf("PostgreSQL at %s: %v", refused.Server, refused.Cause)
		e.advice = refused.Advice
	case d.Engine == config.SQLite:
		e.what = absolute(d.Path) + ": " + err.Error()
		e.advice = mustWriteIn(d)
	default:
		e.advice = "see that PostgreSQL runs, and that DATABASE_URL names it with a user who may make tables"
	}
	return e
}

func mustWriteIn(d config.Database) string {
	return fmt.Sprintf("run this as the user that serve runs as, who must be able to write in %s, and see that the disk is not full; or name another place in DATABASE_URL",
		filepath.Dir(absolute(d.Path)))
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
