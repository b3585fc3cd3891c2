package slack

import (
	"strings"
	"unicode"
)

// MaxName is how many characters of a name a post shows.
const MaxName = 80

// nobody stands in for a name of which nothing can be shown.
const nobody = "?"

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Escape makes s literal where Slack reads mrkdwn. These three characters and
// no others are control characters there, so no mention, link or command in s
// survives: https://docs.slack.dev/messaging/formatting-message-text#escaping
func Escape(s string) string {
	return escaper.Replace(s)
}

// DisplayName returns the part of a person's or friend's own name that is safe
// to show: one line of at most MaxName characters, without anything invisible
// that could reorder the text around it or make two names look alike, and with
// angle brackets in their full-width form. It is never empty.
//
// It does not make a friend's name different from a colleague's. Posts do that
// by what they add to the name of every friend.
func DisplayName(name string) string {
	var b strings.Builder
	var last rune  // the last one kept
	var marks int  // that follow each other
	var space bool // is owed before the next one
	for _, r := range name {
		switch {
		case isBlank(r):
			space = b.Len() > 0
			continue
		case !unicode.IsGraphic(r) && !joins(last, r), isSelector(r) && !selects(last, r):
			continue
		case unicode.Is(unicode.M, r):
			// More than three marks on one letter grow out of the line.
			if marks++; marks > 3 || last == 0 || space {
				continue
			}
		default:
			marks = 0
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		switch r {
		case '<':
			r = '＜'
		case '>':
			r = '＞'
		}
		b.WriteRune(r)
		last = r
	}
	clean := strings.TrimRight(cutRunes(b.String(), MaxName), " "+string(zeroWidthJoiner))
	if clean == "" {
		return nobody
	}
	return clean
}

// isBlank reports whether r shows as nothing but room: spaces, line breaks,
// and the letters and symbols that have no ink.
func isBlank(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800':
		return true
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Z, r)
}

// joins reports whether r is the joiner inside an emoji made of several. Where
// it stands between letters it is invisible and goes.
func joins(before, r rune) bool {
	return r == zeroWidthJoiner && (unicode.Is(unicode.S, before) || isSelector(before))
}

func isSelector(r rune) bool {
	return unicode.Is(unicode.Variation_Selector, r)
}

// selects reports whether the selector r changes how the rune before it looks:
// an emoji or a keycap, or a kanji that has several forms in names.
func selects(before, r rune) bool {
	if r >= 0xe0100 {
		return unicode.Is(unicode.Han, before)
	}
	return unicode.Is(unicode.S, before) || before >= '0' && before <= '9' || before == '#' || before == '*'
}
