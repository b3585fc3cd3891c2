package slack

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const zeroWidthJoiner = '\u200d'

// units counts the UTF-16 units of s, which is how both platforms count.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// cutUnits returns the longest beginning of s that has at most limit UTF-16
// units and takes no character apart.
func cutUnits(s string, limit int) string {
	n := 0
	for i, r := range s {
		if n += utf16.RuneLen(r); n > limit {
			return s[:boundary(s, i)]
		}
	}
	return s
}

// cutRunes is cutUnits with the limit in code points.
func cutRunes(s string, limit int) string {
	n := 0
	for i := range s {
		if n++; n > limit {
			return s[:boundary(s, i)]
		}
	}
	return s
}

// boundary moves i back to where a character as people see it begins. It gives
// up after a few steps: what is longer than that is no character.
func boundary(s string, i int) int {
	at := i
	for range 16 {
		next, _ := utf8.DecodeRuneInString(s[at:])
		before, size := utf8.DecodeLastRuneInString(s[:at])
		if size == 0 || !continues(next) && before != zeroWidthJoiner {
			return at
		}
		at -= size
	}
	return i
}

// continues reports whether r belongs to the character before it.
func continues(r rune) bool {
	return unicode.Is(unicode.M, r) || r == zeroWidthJoiner ||
		r >= 0x1f3fb && r <= 0x1f3ff || // skin tones
		r >= 0xe0020 && r <= 0xe007f // tags of flags
}

// splitUnits cuts s into pieces of at most limit UTF-16 units.
func splitUnits(s string, limit int) []string {
	var pieces []string
	for s != "" {
		piece := cutUnits(s, limit)
		if piece == "" {
			piece = s
		}
		pieces = append(pieces, piece)
		s = s[len(piece):]
	}
	return pieces
}

// readable returns a friend's text with one kind of line break and without the
// control characters that Slack does not show. Everything else stays as it was
// written.
func readable(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, s)
}

// oneLine returns s with every run of white space as one space.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
