package slack

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kyokomi/emoji/v2"
)

// emojiText returns the character for an emoji. code is Slack's list of code
// points ("1f44b-1f3fb") and may be empty; tone is 0 or 2 to 6. An emoji that
// only this workspace has stays as :name:, which is what it is called.
func emojiText(name, code string, tone int) string {
	if s, ok := codePoints(code); ok {
		return s
	}
	base, suffix, _ := strings.Cut(name, "::skin-tone-")
	if tone == 0 && suffix != "" {
		if n, err := strconv.Atoi(suffix); err == nil {
			tone = n
		}
	}
	s, ok := emojiByName(base)
	if !ok {
		return ":" + name + ":"
	}
	return withTone(s, tone)
}

func emojiByName(name string) (string, bool) {
	all := emoji.CodeMap()
	for _, candidate := range []string{name, strings.ReplaceAll(name, "-", "_")} {
		if s, ok := all[":"+candidate+":"]; ok {
			return strings.TrimSpace(s), true
		}
	}
	return "", false
}

// withTone puts a skin tone on the first character, where it belongs also in
// emoji that are joined from several. It replaces the selector that asks for
// the colourful form, as a tone asks for that too.
func withTone(s string, tone int) string {
	if tone < 2 || tone > 6 {
		return s
	}
	first, rest := splitFirst(s)
	return first + string(rune(0x1f3fb+tone-2)) + strings.TrimPrefix(rest, "\ufe0f")
}

func splitFirst(s string) (first, rest string) {
	for i := range s {
		if i > 0 {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// codePoints reads Slack's hexadecimal list, refusing what is not printed.
func codePoints(code string) (string, bool) {
	if code == "" {
		return "", false
	}
	var b strings.Builder
	for hex := range strings.SplitSeq(code, "-") {
		n, err := strconv.ParseUint(hex, 16, 21)
		r := rune(n)
		if err != nil || unicode.IsControl(r) || !utf8.ValidRune(r) {
			return "", false
		}
		b.WriteRune(r)
	}
	return b.String(), true
}
