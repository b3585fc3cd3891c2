package line

import (
	"bytes"
	"encoding/json"
	"unicode/utf16"

	"madoguchi/bot"
)

const (
	// MaxText is how many UTF-16 code units one text bubble may have.
	// See https://developers.line.biz/en/docs/messaging-api/text-character-count/
	MaxText = 5000
	// MaxBubbles is how many bubbles one call may send.
	MaxBubbles = 5
)

// TextUnits counts text as LINE does: in UTF-16 code units.
func TextUnits(text string) int {
	units := 0
	for _, r := range text {
		units += utf16.RuneLen(r)
	}
	return units
}

// Composer renders replies as plain text bubbles. Plain, because in LINE's
// textV2 an operator's braces would mean something.
//
// The caller has seen to it that there are 1 to MaxBubbles texts of 1 to
// MaxText units each. The same arguments always give the same bytes.
type Composer struct{}

var _ bot.Composer = Composer{}

type textBubble struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// RenderReply returns the body of a reply call.
func (Composer) RenderReply(replyToken string, texts []string) []byte {
	return encode(struct {
		ReplyToken string       `json:"replyToken"`
		Messages   []textBubble `json:"messages"`
	}{replyToken, bubbles(texts)})
}

// RenderPush returns the body of a push call.
func (Composer) RenderPush(friendID string, texts []string) []byte {
	return encode(struct {
		To       string       `json:"to"`
		Messages []textBubble `json:"messages"`
	}{friendID, bubbles(texts)})
}

func bubbles(texts []string) []textBubble {
	all := make([]textBubble, len(texts))
	for i, text := range texts {
		all[i] = textBubble{Type: "text", Text: text}
	}
	return all
}

// encode panics only for a type that JSON cannot hold, and ours are strings.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
