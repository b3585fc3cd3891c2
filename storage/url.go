package storage

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"
)

// errURL quotes nothing of the URL, which may hold a password.
var errURL = errors.New("database URL is neither sqlite:PATH nor postgres://…")

func parseURL(raw string) (location, error) {
	switch scheme, rest, _ := strings.Cut(raw, ":"); scheme {
	case "sqlite":
		if rest == "" {
			return location{}, errURL
		}
		path, err := filepath.Abs(rest)
		return location{sqlite: path}, errorOf("database path", err)
	case "postgres", "postgresql":
		if u, err := url.Parse(raw); err != nil || u.Opaque != "" {
			return location{}, errURL
		}
		return location{postgres: raw}, nil
	default:
		return location{}, errURL
	}
}
