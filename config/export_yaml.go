package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// bareForm is what is a text in YAML without quotes beyond any doubt; all else
// is quoted. It begins with a letter, so no number or date is among it.
var (
	bareForm = regexp.MustCompile(`^[\p{L}_][\p{L}\p{M}\p{N}_./@+-]*( [\p{L}\p{N}_./@+-]+)*$`)
	words    = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|y|n|all|none|draft)$`)
)

// scalar writes a text so that YAML reads the same text.
func scalar(s string) string {
	if bareForm.MatchString(s) && !words.MatchString(s) {
		return s
	}
	return quote(s)
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c > 0xffff && !unicode.IsGraphic(c):
			fmt.Fprintf(&b, `\U%08x`, c)
		case !unicode.IsGraphic(c) && c != '\u200d':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func flow(texts []string) string {
	shown := make([]string, len(texts))
	for i, t := range texts {
		shown[i] = scalar(t)
	}
	return "[" + strings.Join(shown, ", ") + "]"
}

// paragraph writes a text of several lines as such, where nothing in it is
// lost that way; people edit these.
func paragraph(indent, s string) string {
	if !strings.Contains(s, "\n") {
		return scalar(s)
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		edge := i == 0 || i == len(lines)-1
		if strings.TrimSpace(line) != line || edge && line == "" || strings.ContainsFunc(line, func(c rune) bool {
			return !unicode.IsGraphic(c) && c != '\u200d' || c == '\u2028' || c == '\u2029'
		}) {
			return quote(s)
		}
	}
	var b strings.Builder
	b.WriteString("|-")
	for _, line := range lines {
		b.WriteByte('\n')
		if line != "" {
			b.WriteString(indent + line)
		}
	}
	return b.String()
}
