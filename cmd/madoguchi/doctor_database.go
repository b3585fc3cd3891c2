package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"madoguchi/config"
	"madoguchi/storage"
)

// lookAtDatabase opens it, unless that would make one: a doctor that is run in
// another folder than serve must not leave an empty database there.
func (d *doctor) lookAtDatabase(ctx context.Context) {
	embedded := d.env.Database.Engine == config.SQLite
	if embedded && !d.thereIsAFile() || !d.lookAtKey(embedded) {
		return
	}
	store, err := openStore(ctx, d.env, d.log)
	if err != nil {
		d.cannotOpen(err, embedded)
		return
	}
	d.store = store
	condition, err := store.Condition(ctx)
	switch {
	case err != nil:
		d.cannotOpen(err, embedded)
	case len(condition.Unsafe) > 0:
		d.fail("database", condition.Engine+" with "+strings.Join(condition.Unsafe, ", "),
			"switch that on in the server's configuration: a crash would take back messages that LINE and Slack were answered for")
	default:
		d.ok("database", fmt.Sprintf("%s, schema %d", condition.Engine, condition.Schema))
	}
}

func (d *doctor) thereIsAFile() bool {
	path := absolute(d.env.Database.Path)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.warn("database", "there is none at "+path+" yet",
			"`madoguchi apply FILE` and `madoguchi serve` make it; if it should be there, set DATABASE_URL or the working directory to those of serve")
	case err != nil:
		d.fail("database", err.Error(), "run doctor as the user that serve runs as")
	case info.IsDir():
		d.fail("database", path+" is a folder", "set DATABASE_URL to the path of a file, such as sqlite:./data/madoguchi.db")
	default:
		return true
	}
	return false
}

// lookAtKey reports whether there is a key to try. openStore would make one
// that is missing, and that would be the wrong one.
func (d *doctor) lookAtKey(embedded bool) bool {
	const subject = "SECRET_KEY"
	if d.env.SecretKey != nil {
		d.ok(subject, "given")
		return true
	}
	if !embedded {
		return false // config has told
	}
	path := absolute(keyFile(d.env.Database))
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.fail(subject, path+" is gone, and the database was made with it",
			"restore the file from a backup, or give the key in SECRET_KEY; without it the LINE credentials must be applied again to a new database")
		return false
	case err != nil:
		d.fail(subject, err.Error(), "run doctor as the user that serve runs as")
		return false
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		d.warn(subject, fmt.Sprintf("others may read %s (mode %04o)", path, info.Mode().Perm()), "chmod 600 "+path)
	default:
		d.ok(subject, "in "+path)
	}
	return true
}

func (d *doctor) cannotOpen(err error, embedded bool) {
	switch {
	case errors.Is(err, storage.ErrWrongKey):
		d.fail("SECRET_KEY", "the database was made with another one", "give the one that serve was first started with; it is in the backups")
	case errors.Is(err, storage.ErrNewerSchema):
		d.fail("database", "a newer Madoguchi has changed it", "use that version, or restore the backup from before")
	case embedded:
		d.fail("database", err.Error(),
			fmt.Sprintf("run doctor as the user that serve runs as, who must be able to write in %s, and see that the disk is not full", filepath.Dir(absolute(d.env.Database.Path))))
	default:
		d.fail("database", err.Error(), "see that PostgreSQL runs, and that DATABASE_URL names it with a user who may make tables")
	}
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
