package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Engine is a kind of database.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Database is where everything is kept.
type Database struct {
	Engine Engine
	Path   string // of the SQLite file
	URL    Secret // of PostgreSQL; the password is in it
}

// Media is where files are kept: in a folder or in a bucket.
type Media struct {
	Folder string
	Bucket string // s3://bucket?…
}

const databaseForms = "write sqlite:PATH, such as sqlite:./data/madoguchi.db, or postgres://user:password@host/database"

// parseDatabase refuses what other tools understand as SQLite addresses (two
// slashes, parameters, :memory:), since a guess would open an empty database
// somewhere else.
func parseDatabase(text string) (Database, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme {
	case "sqlite":
		switch {
		case rest == "" || strings.HasSuffix(rest, "/"):
			return Database{}, errors.New("names no database file; " + databaseForms)
		case strings.HasPrefix(rest, "//"):
			return Database{}, errors.New("has slashes before the path; write sqlite:data/madoguchi.db, or sqlite:/var/lib/madoguchi.db for an absolute path")
		case strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "file:"):
			return Database{}, errors.New("is not the path of a file; " + databaseForms)
		case strings.ContainsAny(rest, "?#%"):
			return Database{}, errors.New("has parameters (?, # or %), which a path here cannot have; " + databaseForms)
		}
		return Database{Engine: SQLite, Path: rest}, nil
	case "postgres", "postgresql":
		// url's error quotes the text, with the password in it.
		u, err := url.Parse(text)
		if err != nil || u.Opaque != "" || !strings.HasPrefix(rest, "//") {
			return Database{}, errors.New("is not a PostgreSQL address; " + databaseForms)
		}
		if u.Host == "" && !u.Query().Has("host") {
			return Database{}, errors.New("names no host; " + databaseForms)
		}
		return Database{Engine: Postgres, URL: Secret(text)}, nil
	default:
		return Database{}, errors.New("is neither SQLite nor PostgreSQL; " + databaseForms)
	}
}

// parseBase reads the base of an HTTP API. Tokens and friends' words go there,
// so only this machine may be spoken to without TLS.
func parseBase(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return "", errors.New("is not an address; write https://host, with a path if there is one")
	}
	switch {
	case u.User != nil:
		return "", errors.New("has a user or password in it; take it out")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return "", errors.New("has parameters (? or #); write only https://host, with a path if there is one")
	case u.Scheme == "http" && loopback(u.Hostname()):
	case u.Scheme != "https":
		return "", errors.New("does not start with https://; only addresses of this machine (127.0.0.1, localhost) may use http://")
	}
	if port := u.Port(); strings.HasSuffix(u.Host, ":") || port != "" && !validPort(port) {
		return "", errors.New("has a port that is none; write a number from 1 to 65535 after the colon, or no colon")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func parseMedia(text string) (Media, error) {
	const forms = "write file:PATH, such as file:./data/media, or s3://bucket?region=…"
	if folder, ok := strings.CutPrefix(text, "file:"); ok {
		// file:///var/lib/media is the usual way to write an absolute path.
		if absolute, ok := strings.CutPrefix(folder, "///"); ok {
			folder = "/" + absolute
		}
		if folder == "" || strings.HasPrefix(folder, "//") || strings.ContainsAny(folder, "?#%") {
			return Media{}, errors.New("names no folder; " + forms)
		}
		return Media{Folder: folder}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		return Media{}, errors.New("is neither a folder nor an S3 bucket; " + forms)
	}
	if u.User != nil {
		return Media{}, errors.New("has a user or password in it; give AWS credentials the usual way, in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return Media{Bucket: text}, nil
}

// parseSMTP refuses mail in the clear to anywhere but this machine.
func parseSMTP(text string) (Secret, error) {
	const forms = "write smtp://user:password@host:587 or smtps://user:password@host:465"
	u, err := url.Parse(text) // its error would quote the password
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return "", errors.New("is not the address of a mail server; " + forms)
	}
	if !validPort(u.Port()) {
		return "", errors.New("has no port; " + forms)
	}
	for name, values := range u.Query() {
		if name != "tls" || len(values) != 1 || values[0] != "off" {
			return "", fmt.Errorf("has the parameter %q, which is not known; the only one is ?tls=off, for a mail server on this machine", name)
		}
		if u.Scheme != "smtp" || !loopback(u.Hostname()) {
			return "", errors.New("switches TLS off, which is only for smtp:// on this machine; take ?tls=off away")
		}
	}
	return Secret(text), nil
}

func validPort(port string) bool {
	for _, c := range port {
		if c < '0' || c > '9' {
			return false
		}
	}
	return port != "" && len(port) <= 5 && port != "0" && (len(port) < 5 || port <= "65535")
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
