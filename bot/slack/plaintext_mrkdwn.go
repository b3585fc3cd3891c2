package slack

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainMrkdwn reads Slack's mark-up language.
// https://docs.slack.dev/messaging/formatting-message-text
func plainMrkdwn(text string, names func(string) string) string {
	r := mrkdwnReader{names: names}
	r.read(text, formatting)
	return r.out.String()
}

// formatting are the characters that format what they enclose.
const formatting = "*_~"

type mrkdwnReader struct {
	names func(string) string
	out   strings.Builder
}

// read writes s as plain text. marks are the formatting characters that may
// still open: within bold there is no bold, so that this never nests deep.
func (r *mrkdwnReader) read(s, marks string) {
	// unclosed holds, per mark, up to where it is known that none closes, so
	// that a line of asterisks is not searched once for each of them.
	var unclosed [len(formatting)]int
	for i := 0; i < len(s); {
		if n := r.literal(s[i:]); n > 0 {
			i += n
			continue
		}
		if n := r.code(s[i:]); n > 0 {
			i += n
			continue
		}
		if n := r.emoji(s, i); n > 0 {
			i += n
			continue
		}
		if k := strings.IndexByte(formatting, s[i]); k >= 0 && strings.IndexByte(marks, s[i]) >= 0 && i >= unclosed[k] && opens(s, i) {
			end, ok := closing(s, i)
			if ok {
				r.read(s[i+1:end], strings.ReplaceAll(marks, s[i:i+1], ""))
				i = end + 1
				continue
			}
			unclosed[k] = end
		}
		r.out.WriteByte(s[i])
		i++
	}
}

// literal writes the entity or the <…> at the start of s and returns its
// length, or 0 when there is none. Each entity is decoded exactly once.
func (r *mrkdwnReader) literal(s string) int {
	switch s[0] {
	case '&':
		switch {
		case strings.HasPrefix(s, "&amp;"):
			r.out.WriteByte('&')
			return len("&amp;")
		case strings.HasPrefix(s, "&lt;"):
			r.out.WriteByte('<')
			return len("&lt;")
		case strings.HasPrefix(s, "&gt;"):
			r.out.WriteByte('>')
			return len("&gt;")
		}
	case '<':
		if n := angled(s); n > 0 {
			r.out.WriteString(r.control(s[1 : n-1]))
			return n
		}
	}
	return 0
}

// angled returns the length of the <…> at the start of s, or 0.
func angled(s string) int {
	n := strings.IndexAny(s[1:], "<>\n")
	if n <= 0 || s[1+n] != '>' {
		return 0
	}
	return n + 2
}

// control returns what <inner> shows.
func (r *mrkdwnReader) control(inner string) string {
	target, label, _ := strings.Cut(inner, "|")
	target, label = unescape(target), unescape(label)
	switch target[:min(1, len(target))] {
	case "@", "#":
		return mention(target, label, r.names)
	case "!":
		if strings.HasPrefix(target, subteam) {
			return mention(target, label, r.names)
		}
		return command(target[1:], label)
	case "":
		return "<" + unescape(inner) + ">"
	default:
		return labelled(target, label)
	}
}

// command is what stands after <! and is no user group: everybody, or a date.
func command(name, label string) string {
	switch {
	case name == "here", name == "channel", name == "everyone":
		return "@" + name
	case label != "":
		return label
	}
	return name
}

// code writes the code at the start of s, in which only links and entities
// mean anything, and returns its length, or 0.
func (r *mrkdwnReader) code(s string) int {
	const fence = "```"
	run := len(s) - len(strings.TrimLeft(s, "`"))
	if run == 0 {
		return 0
	}
	if run >= len(fence) {
		rest := s[len(fence):]
		if n := strings.Index(rest, fence); n > 0 {
			r.verbatim(strings.TrimSuffix(strings.TrimPrefix(rest[:n], "\n"), "\n"))
			return n + 2*len(fence)
		}
	}
	if run == 1 {
		if n := strings.IndexAny(s[1:], "`\n"); n > 0 && s[1+n] == '`' {
			r.verbatim(s[1 : 1+n])
			return n + 2
		}
	}
	r.out.WriteString(s[:run])
	return run
}

func (r *mrkdwnReader) verbatim(s string) {
	for i := 0; i < len(s); {
		if n := r.literal(s[i:]); n > 0 {
			i += n
			continue
		}
		r.out.WriteByte(s[i])
		i++
	}
}

// emoji writes the :name: at s[i] and returns its length, or 0. A name that is
// not known stays literal, and so do the minutes of 10:30:00.
func (r *mrkdwnReader) emoji(s string, i int) int {
	name, n := emojiName(s[i:])
	if n == 0 {
		return 0
	}
	if i > 0 && isDigit(s[i-1]) && strings.Trim(name, "0123456789") == "" {
		return 0
	}
	tone := 0
	if rest := s[i+n:]; strings.HasPrefix(rest, ":skin-tone-") {
		if suffix, more := emojiName(rest); more == len(":skin-tone-2:") {
			tone = int(suffix[len(suffix)-1] - '0')
		}
	}
	shown, ok := emojiByName(name)
	if !ok {
		return 0
	}
	if tone >= 2 && tone <= 6 {
		n += len(":skin-tone-2:")
	}
	r.out.WriteString(withTone(shown, tone))
	return n
}

// emojiName returns the name in the :name: at the start of s, and its length
// with the colons, or 0.
func emojiName(s string) (string, int) {
	const longest = 100
	if s[0] != ':' {
		return "", 0
	}
	for i := 1; i < min(len(s), longest+2); i++ {
		switch c := s[i]; {
		case c == ':' && i > 1:
			return s[1:i], i + 1
		case c >= 'a' && c <= 'z', isDigit(c), c == '_', c == '-', c == '+', c == '\'':
		default:
			return "", 0
		}
	}
	return "", 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// opens reports whether the mark at s[i] can begin formatting: no word goes
// into it, and something follows it directly.
func opens(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i+1:])
	return (i == 0 || !inWord(before)) && i+1 < len(s) && !unicode.IsSpace(after) && s[i+1] != s[i]
}

// closing returns where the formatting that s[i] opens ends. When it does not
// end on its line, it returns the end of that line and false.
func closing(s string, i int) (int, bool) {
	mark := s[i]
	for k := i + 1; k < len(s); {
		switch c := s[k]; {
		case c == '\n':
			return k, false
		case c == '<':
			k += max(1, angled(s[k:]))
			continue
		case c == '`':
			if n := strings.IndexAny(s[k+1:], "`\n"); n > 0 && s[k+1+n] == '`' {
				k += n + 2
				continue
			}
		case c == ':':
			if _, n := emojiName(s[k:]); n > 0 {
				k += n - 1 // the second colon may begin the next name
				continue
			}
		case c == mark && closes(s, k):
			return k, true
		}
		k++
	}
	return len(s), false
}

func closes(s string, k int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:k])
	after, _ := utf8.DecodeRuneInString(s[k+1:])
	return !unicode.IsSpace(before) && before != rune(s[k]) && (k+1 == len(s) || !inWord(after))
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// mentionNames collects the names that stand beside the ids of users, Slack
// channels and user groups in a mrkdwn text.
func mentionNames(text string) map[string]string {
	names := map[string]string{}
	for {
		start := strings.IndexByte(text, '<')
		if start < 0 {
			return names
		}
		text = text[start:]
		n := angled(text)
		if n == 0 {
			text = text[1:]
			continue
		}
		target, label, _ := strings.Cut(text[1:n-1], "|")
		for _, begins := range []string{"@", "#", subteam} {
			if id, ok := strings.CutPrefix(target, begins); ok && label != "" {
				names[id] = unescape(label)
			}
		}
		text = text[n:]
	}
}
