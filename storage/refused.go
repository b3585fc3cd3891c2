package storage

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// RefusedError is returned by Open when PostgreSQL cannot be reached, or does
// not let us do what we need. It holds no password.
type RefusedError struct {
	Server string // host, port and database
	Cause  error
	Advice string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("PostgreSQL at %s: %v; %s", e.Server, e.Cause, e.Advice)
}

func (e *RefusedError) Unwrap() error { return e.Cause }

// refused adds to the server's or the network's error what can be done about
// it. Other errors it returns as they are.
func refused(err error, raw string) error {
	advice := adviceOn(err)
	if err = redacted(unconnected(err), raw); advice == "" {
		return err
	}
	return &RefusedError{Server: serverOf(raw), Cause: err, Advice: advice}
}

// unconnected makes one line of the driver's error about a connection, which has
// one for each address that was tried, and names the user besides.
func unconnected(err error) error {
	failed, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	cause := failed.Unwrap()
	if all, ok := cause.(interface{ Unwrap() []error }); ok {
		tried := all.Unwrap()
		cause = tried[len(tried)-1]
	}
	return fmt.Errorf("connect: %w", cause)
}

// adviceOn returns "" for what has nothing to do with the way to the server.
func adviceOn(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return adviceOnCode(pgErr.Code)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "correct the host in DATABASE_URL"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "give the server's certificate authority with sslrootcert=FILE in DATABASE_URL"
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return "see that PostgreSQL runs there, and that host and port in DATABASE_URL are right"
	}
	// The driver has no name for a server that does not speak TLS: it is what is
	// left where TLS was asked for.
	if failed, ok := errors.AsType[*pgconn.ConnectError](err); ok && failed.Config.TLSConfig != nil {
		return "add ?sslmode=disable to DATABASE_URL if nobody else can listen on the way to the server, or switch TLS on there"
	}
	return ""
}

func adviceOnCode(code string) string {
	switch code {
	case pgerrcode.InvalidPassword, pgerrcode.InvalidAuthorizationSpecification:
		return "correct user and password in DATABASE_URL (there @ is written %40, : %3A and / %2F), and see that pg_hba.conf lets this machine in"
	case pgerrcode.InvalidCatalogName: // no such database
		return "make the database with `createdb`, or correct its name in DATABASE_URL"
	case pgerrcode.InsufficientPrivilege, pgerrcode.InvalidSchemaName,
		pgerrcode.UndefinedTable: // there is one of the name, in a schema that is not ours
		return "let the user of DATABASE_URL make tables, for instance as the owner of the database: ALTER DATABASE … OWNER TO …"
	case pgerrcode.TooManyConnections:
		return "raise max_connections, or stop what holds the connections"
	case pgerrcode.CannotConnectNow:
		return "try again when the server has started"
	default:
		return ""
	}
}

// serverOf names a server without the user and the password.
func serverOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "the given address"
	}
	host := u.Host
	if host == "" {
		host = u.Query().Get("host")
	}
	return host + u.Path
}

// redacted keeps a password that is in the URL out of an error about it.
func redacted(err error, raw string) error {
	u, parseErr := url.Parse(raw)
	if parseErr != nil {
		return err
	}
	given, _ := u.User.Password() // nil has none
	for _, password := range []string{given, u.Query().Get("password")} {
		if password != "" && strings.Contains(err.Error(), password) {
			return redactedError{err}
		}
	}
	return err
}

// redactedError is an error with a text of its own, since that of its cause
// holds a password.
type redactedError struct{ cause error }

func (redactedError) Error() string { return "it cannot be connected to as DATABASE_URL says" }

func (e redactedError) Unwrap() error { return e.cause }
