package storage_test

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"

	"madoguchi/storage"
	"madoguchi/storage/storagetest"
)

// Whoever cannot get at PostgreSQL is told where it was looked for, why that
// failed and what to do, and never shown the password.
func TestWhyPostgresRefusesIsTold(t *testing.T) {
	const password = "hunter2-canary"
	server, err := url.Parse(storagetest.Direct(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change        func(u *url.URL)
		cause, advice string
	}{
		"nobody listens": {
			func(u *url.URL) { u.Host, u.User = closedPort(t), url.UserPassword("u", password) },
			"refused", "host and port in DATABASE_URL",
		},
		"no such host": {
			func(u *url.URL) { u.Host, u.User = "postgres.invalid", url.UserPassword("u", password) },
			"lookup postgres.invalid", "correct the host in DATABASE_URL",
		},
		"wrong password": {
			func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), password) },
			"password authentication failed", "correct user and password in DATABASE_URL",
		},
		"no such database": {
			func(u *url.URL) { u.Path = "/nosuch" },
			`"nosuch" does not exist`, "correct its name in DATABASE_URL",
		},
		"no TLS": {
			func(u *url.URL) { set(u, "sslmode", "require") },
			"refused TLS", "sslmode=disable",
		},
	} {
		for _, existing := range []bool{false, true} {
			u := *server
			test.change(&u)
			_, err := storage.Open(t.Context(), storage.Config{URL: u.String(), SecretKey: storagetest.SecretKey, Existing: existing})
			refused, ok := errors.AsType[*storage.RefusedError](err)
			if !ok {
				t.Errorf("%s: Open = %v, want a RefusedError", name, err)
				continue
			}
			if refused.Server != u.Host+u.Path || !strings.Contains(refused.Cause.Error(), test.cause) || !strings.Contains(refused.Advice, test.advice) {
				t.Errorf("%s: Open = %v", name, err)
			}
			given, _ := u.User.Password()
			if strings.Contains(err.Error(), given) {
				t.Errorf("%s: the error holds the password", name)
			}
		}
	}
}

// No schema to make tables in is the state of a new database whose public schema
// belongs to somebody else.
func TestWhoMayNotMakeTablesIsTold(t *testing.T) {
	u, err := url.Parse(storagetest.Direct(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	set(u, "search_path", "nosuch")
	_, err = storage.Open(t.Context(), storage.Config{URL: u.String(), SecretKey: storagetest.SecretKey})
	if refused, ok := errors.AsType[*storage.RefusedError](err); !ok || !strings.Contains(refused.Advice, "make tables") {
		t.Errorf("Open = %v", err)
	}
}

// An error that quotes the password is not shown.
func TestAPasswordInAnErrorIsNotShown(t *testing.T) {
	u, err := url.Parse(storagetest.Direct(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("canary", "canary") // the server's error names the user
	_, err = storage.Open(t.Context(), storage.Config{URL: u.String(), SecretKey: storagetest.SecretKey})
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "correct user and password") {
		t.Errorf("Open = %v", err)
	}
}

func set(u *url.URL, name, value string) {
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
}

// closedPort is an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
