package line

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strings"
)

// object is a JSON object whose members are read one at a time. A member that
// is missing or of another type reads as the zero value. Names are matched
// exactly, unlike those of Go structs: "Events" is not "events".
type object map[string]json.RawMessage

// The errors of encoding/json quote what they choke on; these do not.
var (
	errNotObject = errors.New("not a JSON object")
	errNoType    = errors.New("event without a type")
)

func parseObject(raw []byte) (object, error) {
	var o object
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, errNotObject
	}
	return o, nil
}

// text reads a string. NUL is valid in JSON and refused by PostgreSQL, so it
// becomes U+FFFD, which is also what the decoder makes of lone surrogates and
// invalid UTF-8.
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return clean(s)
}

func clean(s string) string {
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// id reads a string that is fit to be an identifier, in a key, a lane or a
// URL; anything else reads as "".
func (o object) id(name string) string {
	if s := o.text(name); idPattern.MatchString(s) {
		return s
	}
	return ""
}

var idPattern = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

func (o object) number(name string) float64 {
	var f float64
	if json.Unmarshal(o[name], &f) != nil {
		return 0
	}
	return f
}

// integer reads a whole number that a float64 holds exactly.
func (o object) integer(name string) int64 {
	f := o.number(name)
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0
	}
	return int64(f)
}

func (o object) flag(name string) bool {
	var b bool
	return json.Unmarshal(o[name], &b) == nil && b
}

// object reads a nested object; nil, which reads as empty, if there is none.
func (o object) object(name string) object {
	nested, err := parseObject(o[name])
	if err != nil {
		return nil
	}
	return nested
}

func (o object) list(name string) []json.RawMessage {
	var l []json.RawMessage
	if json.Unmarshal(o[name], &l) != nil {
		return nil
	}
	return l
}

func (o object) objects(name string) []object {
	var all []object
	for _, raw := range o.list(name) {
		if nested, err := parseObject(raw); err == nil {
			all = append(all, nested)
		}
	}
	return all
}

func (o object) texts(name string) []string {
	var all []string
	for _, raw := range o.list(name) {
		if s := (object{"": raw}).text(""); s != "" {
			all = append(all, s)
		}
	}
	return all
}
