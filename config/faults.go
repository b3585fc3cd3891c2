package config

import "strings"

// Faults is everything that is wrong with what was given, one sentence each:
// where, what, and what to do about it. None of them quotes a secret.
type Faults []string

// Error puts each fault on a line of its own.
func (f Faults) Error() string { return strings.Join(f, "\n") }

func (f Faults) orNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
