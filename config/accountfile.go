package config

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"madoguchi/bot"
	"madoguchi/operators"
)

// maxAccountFile is a hundred times what a thousand operators need.
const maxAccountFile = 1 << 20

// File is an account file whose values are right by themselves. Whether the
// names it refers to exist, Plan finds out.
type File struct {
	Account string // the account's slug

	path   string // for faults
	line   int    // of account
	name   text
	zone   text
	locale text
	hold   located[time.Duration]
	lease  located[time.Duration]

	credentials   located[bot.LINEChannel]
	owners        located[[]string]
	ownersChannel text

	tags      section[tag]
	fields    section[field]
	templates section[template]
	sets      section[permissionSet]
	operators section[operator]
	rules     located[[]rule]
}

// located is something in the file and the line it stands on; line 0 means
// that the file lacks it.
type located[T any] struct {
	line  int
	value T
}

func (l located[T]) given() bool { return l.line > 0 }

type text = located[string]

// section is a list of named entries.
type section[B any] struct {
	located[struct{}]
	entries []entry[B]
}

type entry[B any] struct {
	name   text // or key; its line stands for the entry
	was    text
	remove bool
	body   B // zero with remove
}

type tag struct{}

type field struct {
	kind    string
	choices []string
}

type template struct{ text text }

type permissionSet struct {
	all     bool // friends: all
	friends []text
	rights  operators.Rights // without the lists, which are
	lists   map[operators.Right]nameList
}

type nameList struct {
	all   bool
	names []text
}

type operator struct {
	name         string
	slackUser    text
	email        text
	slackChannel text
	sets         []text
	also         []string
	mention      operators.Mention
}

type rule struct {
	contains []string
	postback string
	follow   bool
	tags     []text
}

// Parse reads an account file. name stands in front of every fault, and
// variables that the line section names are looked up with getenv and, as
// NAME_FILE, with readFile. The error is a Faults with every fault, each as
// "name:LINE: field: what is wrong; what to do".
func Parse(name string, raw []byte, getenv func(name string) (string, bool), readFile func(path string) ([]byte, error)) (*File, error) {
	r := &fileReader{faultList: faultList{path: name}, vars: variables{getenv: getenv, readFile: readFile}}
	root := r.document(raw)
	f := &File{path: name}
	if root != nil {
		r.file(root, f)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return f, nil
}

// document returns the one document in raw, or nil after a fault.
func (r *fileReader) document(raw []byte) ast.Node {
	if len(raw) > maxAccountFile {
		r.fault(1, "file", "is longer than 1 MB; check that it is an account file")
		return nil
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if at := invalidUTF8(raw); at >= 0 {
		r.fault(1+bytes.Count(raw[:at], []byte("\n")), "file", "is not UTF-8; save it as UTF-8")
		return nil
	}
	return r.parseYAML(string(raw))
}

func invalidUTF8(raw []byte) int {
	for at := 0; at < len(raw); {
		c, size := utf8.DecodeRune(raw[at:])
		if c == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// fileReader reads one account file and collects its faults.
type fileReader struct {
	faultList
	vars variables
}

// faultList is the faults of one file.
type faultList struct {
	path   string
	faults []lineFault
}

type lineFault struct {
	line int
	text string
}

func (l *faultList) fault(line int, field, what string, args ...any) {
	l.faults = append(l.faults, lineFault{line, field + ": " + fmt.Sprintf(what, args...)})
}

func (l *faultList) err() error {
	slices.SortStableFunc(l.faults, func(a, b lineFault) int { return cmp.Compare(a.line, b.line) })
	var faults Faults
	for _, f := range l.faults {
		faults = append(faults, fmt.Sprintf("%s:%d: %s", l.path, f.line, f.text))
	}
	return faults.orNil()
}
