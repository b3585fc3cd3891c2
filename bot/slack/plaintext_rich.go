package slack

import (
	"encoding/json"
	"strconv"
	"strings"
)

// richElement is any element of a rich_text block, at any depth.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
type richElement struct {
	Type        string          `json:"type"`
	Elements    []richElement   `json:"elements"`
	Style       json.RawMessage `json:"style"` // a list's is a word, a text's an object
	Indent      int             `json:"indent"`
	Offset      int             `json:"offset"`
	Text        string          `json:"text"`
	URL         string          `json:"url"`
	UserID      string          `json:"user_id"`
	ChannelID   string          `json:"channel_id"`
	UsergroupID string          `json:"usergroup_id"`
	TeamID      string          `json:"team_id"`
	Range       string          `json:"range"`
	Name        string          `json:"name"`
	Unicode     string          `json:"unicode"`
	SkinTone    int             `json:"skin_tone"`
	Value       string          `json:"value"`
	Fallback    string          `json:"fallback"`
}

// maxIndent is deeper than Slack lets anybody write.
const maxIndent = 8

// plainRichText reports false when there are no rich_text blocks, or when they
// hold anything that would be lost: the message's text is better then.
func plainRichText(blocks json.RawMessage, names func(string) string) (string, bool) {
	var all []richElement
	if len(blocks) == 0 || json.Unmarshal(blocks, &all) != nil {
		return "", false
	}
	r := richReader{names: names}
	for _, block := range all {
		if block.Type != "rich_text" {
			return "", false
		}
		for _, part := range block.Elements {
			if !r.part(part) {
				return "", false
			}
		}
	}
	s := r.out.String()
	return s, s != ""
}

// richReader collects the text of rich_text blocks.
type richReader struct {
	names func(string) string
	out   strings.Builder
}

func (r *richReader) write(s string) {
	r.out.WriteString(s)
}

// newLine begins a line unless one has just begun.
func (r *richReader) newLine() {
	if s := r.out.String(); s != "" && !strings.HasSuffix(s, "\n") {
		r.write("\n")
	}
}

func (r *richReader) part(e richElement) bool {
	r.newLine()
	switch e.Type {
	case "rich_text_section", "rich_text_preformatted":
		s, ok := r.inline(e.Elements)
		r.write(s)
		return ok
	case "rich_text_quote":
		s, ok := r.inline(e.Elements)
		r.write("> " + strings.ReplaceAll(s, "\n", "\n> "))
		return ok
	case "rich_text_list":
		return r.list(e)
	default:
		return false
	}
}

func (r *richReader) list(e richElement) bool {
	ordered := string(e.Style) == `"ordered"`
	indent := strings.Repeat("  ", min(max(e.Indent, 0), maxIndent))
	for i, item := range e.Elements {
		if item.Type != "rich_text_section" {
			return false
		}
		s, ok := r.inline(item.Elements)
		if !ok {
			return false
		}
		mark := "• "
		if ordered {
			mark = strconv.Itoa(e.Offset+i+1) + ". "
		}
		r.newLine()
		r.write(indent + mark + s)
	}
	return true
}

func (r *richReader) inline(elements []richElement) (string, bool) {
	var b strings.Builder
	for _, e := range elements {
		s, ok := r.atom(e)
		if !ok {
			return "", false
		}
		b.WriteString(s)
	}
	return b.String(), true
}

// atom is one run of text or what stands among the text.
func (r *richReader) atom(e richElement) (string, bool) {
	switch e.Type {
	case "text":
		return e.Text, true
	case "link":
		return labelled(e.URL, e.Text), true
	case "emoji":
		return emojiText(e.Name, e.Unicode, e.SkinTone), true
	case "user":
		return mention("@"+e.UserID, "", r.names), true
	case "channel":
		return mention("#"+e.ChannelID, "", r.names), true
	case "usergroup":
		return mention(subteam+e.UsergroupID, "", r.names), true
	case "team":
		return mention("@"+e.TeamID, "", r.names), true
	case "broadcast":
		return "@" + e.Range, true
	case "color":
		return e.Value, true
	case "date":
		return e.Fallback, e.Fallback != ""
	default:
		return "", false
	}
}
