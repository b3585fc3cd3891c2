package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"madoguchi/config"
	"madoguchi/storage"
)

// lookAtDatabase opens it as it is: a doctor that is run in another folder than
// serve must not leave an empty database there.
func (d *doctor) lookAtDatabase(ctx context.Context) {
	embedded := d.env.Database.Engine == config.SQLite
	if embedded && !d.thereIsAFile() || !d.lookAtKey(embedded) {
		return
	}
	store, err := openExisting(ctx, d.env, d.log)
	if err != nil {
		d.cannotOpen(err)
		return
	}
	d.store = store
	condition, err := store.Condition(ctx)
	switch {
	case err != nil:
		d.cannotOpen(notOpened(d.env.Database, err))
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
		d.cannotOpen(notOpened(d.env.Database, storage.ErrNoDatabase))
	case err != nil:
		d.fail("DATABASE_URL", err.Error(), "run doctor as the user that serve runs as")
	case info.IsDir():
		d.fail("DATABASE_URL", path+" is a folder", "set it to the path of a file, such as sqlite:./data/madoguchi.db")
	default:
		return true
	}
	return false
}

// lookAtKey reports whether there is a key to try.
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
		return true // opening tells
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

func (d *doctor) cannotOpen(err error) {
	e, ok := errors.AsType[*databaseError](err)
	switch {
	case !ok:
		d.fail("database", err.Error(), "put that right, then run doctor again")
	case errors.Is(err, storage.ErrNoDatabase), errors.Is(err, storage.ErrOlderSchema):
		d.warn(e.subject, e.what, e.advice)
	default:
		d.fail(e.subject, e.what, e.advice)
	}
}
