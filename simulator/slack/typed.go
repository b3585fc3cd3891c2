package slack

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/kyokomi/emoji/v2"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

var linkOrMention = regexp.MustCompile(`https?://[^\s<>"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|@\S+`)

// typed is what a person typed, as Slack's own client would send it: text with
// entities, links and mentions marked, and the same as a rich_text block.
func (w *Workspace) typed(s string) (text string, blocks json.RawMessage) {
	var out strings.Builder
	elements := []map[string]any{}
	words := func(s string) {
		w.plain(s, &out, &elements)
	}
	rest := s
	for rest != "" {
		at := linkOrMention.FindStringIndex(rest)
		if at == nil {
			break
		}
		found := rest[at[0]:at[1]]
		words(rest[:at[0]])
		rest = rest[at[1]:]
		switch {
		case strings.HasPrefix(found, "http"):
			out.WriteString("<" + escaper.Replace(found) + ">")
			elements = append(elements, map[string]any{"type": "link", "url": found})
		case !strings.HasPrefix(found, "@"):
			out.WriteString("<mailto:" + escaper.Replace(found) + "|" + escaper.Replace(found) + ">")
			elements = append(elements, map[string]any{"type": "link", "url": "mailto:" + found, "text": found})
		default:
			id := w.mentioned(found[1:])
			if id == "" {
				words(found)
				continue
			}
			out.WriteString("<@" + id + ">")
			elements = append(elements, map[string]any{"type": "user", "user_id": id})
		}
	}
	words(rest)
	blocks, err := json.Marshal([]map[string]any{{
		"type": "rich_text", "block_id": newID("b")[:6],
		"elements": []map[string]any{{"type": "rich_text_section", "elements": elements}},
	}})
	if err != nil {
		w.opts.Logger.Error("encode what was typed", "error", err)
	}
	return out.String(), blocks
}

// plain appends words, in which emoji become names.
func (w *Workspace) plain(s string, out *strings.Builder, elements *[]map[string]any) {
	add := func(words string) {
		if words == "" {
			return
		}
		out.WriteString(escaper.Replace(words))
		*elements = append(*elements, map[string]any{"type": "text", "text": words})
	}
	from := 0 // where the words begin that are not appended yet
	for i := 0; i < len(s) && !w.beliefs.EmojiStay; {
		e, ok := emojiAt(s[i:])
		if !ok {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		add(s[from:i])
		out.WriteString(":" + e.name + ":")
		*elements = append(*elements, map[string]any{"type": "emoji", "name": e.name, "unicode": codePoints(e.char)})
		i += len(e.char)
		from = i
	}
	add(s[from:])
}

func (w *Workspace) mentioned(name string) string {
	for _, id := range w.userOrder {
		if u := w.users[id]; u.Name == name || u.ID == name {
			return id
		}
	}
	return ""
}

func codePoints(s string) string {
	var points []string
	for _, r := range s {
		points = append(points, strconv.FormatInt(int64(r), 16))
	}
	return strings.Join(points, "-")
}

// named is an emoji and its name.
type named struct{ char, name string }

// emojiAt returns the longest emoji that s begins with.
func emojiAt(s string) (named, bool) {
	if s[0] < utf8.RuneSelf {
		return named{}, false
	}
	r, _ := utf8.DecodeRuneInString(s)
	for _, e := range emojiTable()[r] {
		rest, ok := strings.CutPrefix(s, e.char)
		if !ok {
			continue
		}
		if tone, size := utf8.DecodeRuneInString(rest); isTone(tone) {
			e.char += rest[:size]
			e.name += "::skin-tone-" + strconv.Itoa(int(tone-lightest)+2)
		}
		return e, true
	}
	return named{}, false
}

// lightest is the first of the five skin tones, which Slack numbers from 2.
const lightest = '\U0001F3FB'

func isTone(r rune) bool { return r >= lightest && r < lightest+5 }

// emojiTable lists the emoji by their first rune, the longest first. Digits
// and signs of ASCII, which are emoji only together with others, are left out.
var emojiTable = sync.OnceValue(func() map[rune][]named {
	table := map[rune][]named{}
	for char, codes := range emoji.RevCodeMap() {
		char = strings.TrimSpace(char)
		if char == "" || char[0] < utf8.RuneSelf || len(codes) == 0 {
			continue
		}
		r, size := utf8.DecodeRuneInString(char)
		if strings.ContainsFunc(char[size:], isTone) && !strings.ContainsRune(char, '\u200d') {
			continue // the tone gets a name of its own
		}
		table[r] = append(table[r], named{char, strings.Trim(slices.MinFunc(codes, shorter), ":")})
	}
	for _, list := range table {
		slices.SortFunc(list, func(a, b named) int { return len(b.char) - len(a.char) })
	}
	return table
})

func shorter(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
