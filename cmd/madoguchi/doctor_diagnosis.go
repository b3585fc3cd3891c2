package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"madoguchi/config"
)

// errUnwell is what doctor ends with when something fails.
var errUnwell = errors.New("what FAILs above must be put right")

// diagnosis prints what was found, each finding as soon as it is there.
type diagnosis struct {
	out      io.Writer
	warnings int
	failures int
}

func (d *diagnosis) ok(subject, found string) { d.print("ok", subject, found, "") }

func (d *diagnosis) warn(subject, found, advice string) {
	d.warnings++
	d.print("warn", subject, found, advice)
}

func (d *diagnosis) fail(subject, found, advice string) {
	d.failures++
	d.print("FAIL", subject, found, advice)
}

func (d *diagnosis) print(grade, subject, found, advice string) {
	fmt.Fprintf(d.out, "%-4s  %s: %s\n", grade, plain(subject), plain(found))
	if advice != "" {
		fmt.Fprintf(d.out, "      %s\n", plain(advice))
	}
}

// plain keeps what others named, and platforms answered, from steering the
// terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
}

// conclude prints the sum and returns errUnwell if anything failed.
func (d *diagnosis) conclude() error {
	fmt.Fprintf(d.out, "%s, %s\n", count(d.failures, "failure"), count(d.warnings, "warning"))
	if d.failures > 0 {
		return errUnwell
	}
	return nil
}

// faults tells what config found wrong: sentences of where, what, and what to
// do about it.
func (d *diagnosis) faults(err error) {
	faults, ok := errors.AsType[config.Faults](err)
	if !ok {
		faults = config.Faults{"environment: " + err.Error()}
	}
	for _, sentence := range faults {
		subject, rest, _ := strings.Cut(sentence, ": ")
		found, advice, ok := strings.Cut(rest, "; ")
		if !ok {
			advice = "correct it where serve gets its environment from"
		}
		d.fail(subject, found, advice)
	}
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
