package config

import (
	"io/fs"
	"slices"
	"strings"
)

// Misspelling is a variable that is set and that nothing reads, with a name
// close to that of one which is read and not set.
type Misspelling struct{ Name, Known string }

// String says so.
func (m Misspelling) String() string {
	return m.Name + ": is set, and nothing reads it; did you mean " + m.Known + "?"
}

// maxSlips is how many letters of a misspelt name are wrong, missing, too many
// or in each other's place.
const maxSlips = 2

// Misspelt looks for misspelt names among the variables of an environment,
// given as os.Environ gives them.
func Misspelt(environ []string) []Misspelling {
	given := make(map[string]bool, len(environ))
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		given[name] = value != ""
	}
	known := variableNames()
	missing := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return given[name] })
	var found []Misspelling
	for name, hasValue := range given {
		if name == "" || !hasValue || slices.Contains(known, name) {
			continue
		}
		// Another program's REDIS_URL is no slip of MEDIA_URL: the first letter agrees.
		i := slices.IndexFunc(missing, func(other string) bool {
			return strings.HasPrefix(other, name[:1]) && slips(name, other) <= maxSlips
		})
		if i >= 0 {
			found = append(found, Misspelling{name, missing[i]})
		}
	}
	slices.SortFunc(found, func(a, b Misspelling) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// variableNames are those of all variables that Load looks up.
func variableNames() []string {
	var asked []string
	getenv := func(name string) (string, bool) {
		asked = append(asked, name)
		return "", false
	}
	nothing := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	_, _ = Load(getenv, nothing) // what an empty environment lacks does not matter
	return asked
}

// slips counts the letters to change, add, take away or swap with the next one
// to make b of a.
func slips(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			changed := last[j]
			if a[i] != b[j] {
				changed++
			}
			row[j+1] = min(changed, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
