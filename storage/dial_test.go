package storage_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

// A connection that leads nowhere any more is given up soon, though nothing
// ever says that it broke.
func TestSilentDatabaseIsGivenUp(t *testing.T) {
	db := storagetest.Postgres(t)
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	var silent atomic.Bool
	u.Host = between(t, u.Host, &silent)
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc = storage.Impatient(200 * time.Millisecond)
	pool := stdlib.OpenDB(*config)
	defer pool.Close()
	if err := pool.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	silent.Store(true)
	var one int
	if err := pool.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a database that says nothing: %v", err)
	}
	silent.Store(false)
	if err := pool.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); err != nil {
		t.Errorf("a database that is back: %v", err)
	}
}

// between passes bytes on to a server, except while it is silent, and returns
// where it listens.
func between(t *testing.T, server string, silent *atomic.Bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				_ = near.Close()
				return
			}
			go func() {
				defer near.Close()
				_, _ = io.Copy(far, near)
				_ = far.Close()
			}()
			go func() { _, _ = io.Copy(swallower{near, silent}, far) }()
		}
	}()
	return listener.Addr().String()
}

// swallower writes nothing while it is silent.
type swallower struct {
	io.Writer
	silent *atomic.Bool
}

func (s swallower) Write(p []byte) (int, error) {
	if s.silent.Load() {
		return len(p), nil
	}
	return s.Writer.Write(p)
}
