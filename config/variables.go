package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// maxVariable is far more than any setting needs. A NAME_FILE that points to
// something else by mistake should not end up in a header.
const maxVariable = 16 << 10

// variables looks up NAME or NAME_FILE.
type variables struct {
	getenv   func(name string) (string, bool)
	readFile func(path string) ([]byte, error)
}

// get returns the value of a variable, "" when it is not given; an empty one
// counts as not given. The error says what is wrong with it, does not name the
// variable, and quotes no value.
func (v variables) get(name string) (string, error) {
	value, _ := v.getenv(name)
	path, _ := v.getenv(name + "_FILE")
	switch {
	case value != "" && path != "":
		return "", fmt.Errorf("is given, and %s_FILE too; keep one of them", name)
	case path != "":
		raw, err := v.readFile(path)
		if err != nil {
			return "", fmt.Errorf("cannot be read from its file: %w; check the path in %s_FILE", err, name)
		}
		if value = strings.TrimSpace(string(raw)); value == "" {
			return "", fmt.Errorf("is empty in the file that %s_FILE names; write the value into it", name)
		}
	}
	value = strings.TrimSpace(value)
	if len(value) > maxVariable {
		return "", fmt.Errorf("is longer than %d bytes; check that it holds the value and nothing else", maxVariable)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", errors.New("holds a line break or another control character; write the value on one line")
	}
	return value, nil
}
