package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	slackapi "github.com/slack-go/slack"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// What Slack takes in one message. The first and third are documented, the
// second is not: posts with a little over 11,000 characters have been refused
// (https://github.com/slackapi/bolt-js/issues/2867).
const (
	maxBlocks     = 50
	maxBlockUnits = 10_000 // UTF-16 units of the blocks' JSON
	maxButtons    = 25     // in one block of buttons
	maxRun        = 2_900  // UTF-16 units of one run of text
	maxLabel      = 75     // characters on a button
)

var (
	bold   = &slackapi.RichTextSectionTextStyle{Bold: true}
	italic = &slackapi.RichTextSectionTextStyle{Italic: true}
	chip   = &slackapi.RichTextSectionTextStyle{Code: true}
)

// richText collects what one rich_text block shows. Its runs of text are taken
// literally by Slack: neither mentions nor links nor formatting are read out
// of them, which is why a friend's words go nowhere else.
type richText struct {
	elements []slackapi.RichTextElement
	runs     []slackapi.RichTextSectionElement
	midLine  bool // what comes next stands beside what is there
}

// add appends literal text. Runs of the same style become one, which saves
// more of maxBlockUnits than any other trick.
func (t *richText) add(text string, style *slackapi.RichTextSectionTextStyle) {
	if text == "" {
		return
	}
	t.midLine = !strings.HasSuffix(text, "\n")
	if n := len(t.runs); n > 0 {
		if last, ok := t.runs[n-1].(*slackapi.RichTextSectionTextElement); ok && last.Style == style && units(last.Text)+units(text) <= maxRun {
			last.Text += text
			return
		}
	}
	for _, piece := range splitUnits(text, maxRun) {
		t.runs = append(t.runs, slackapi.NewRichTextSectionTextElement(piece, style))
	}
}

// mention pushes to a user. What follows stands on the same line.
func (t *richText) mention(userID string) {
	t.runs = append(t.runs, slackapi.NewRichTextSectionUserElement(userID, nil))
	t.add(" ", nil)
	t.midLine = false
}

// link shows an address of our own making. Never call it with a friend's.
func (t *richText) link(url, label string) {
	t.runs = append(t.runs, slackapi.NewRichTextSectionLinkElement(url, label, nil))
	t.midLine = true
}

func (t *richText) quote(text string) {
	t.endSection()
	t.midLine = false
	t.elements = append(t.elements, &slackapi.RichTextQuote{
		Type:     slackapi.RTEQuote,
		Elements: []slackapi.RichTextSectionElement{slackapi.NewRichTextSectionTextElement(text, nil)},
	})
}

// newLine begins a line, unless one has just begun.
func (t *richText) newLine() {
	if t.midLine {
		t.add("\n", nil)
	}
}

func (t *richText) endSection() {
	if len(t.runs) > 0 {
		t.elements = append(t.elements, slackapi.NewRichTextSection(t.runs...))
		t.runs = nil
	}
}

// blocks returns the block, or none when nothing was added.
func (t *richText) blocks() []slackapi.Block {
	t.endSection()
	if len(t.elements) == 0 {
		return nil
	}
	return []slackapi.Block{slackapi.NewRichTextBlock("", t.elements...)}
}

// small returns a line in small grey letters, or nothing for "". It is plain
// text: nothing in it is read as markup either.
func small(line string) []slackapi.Block {
	if line == "" {
		return nil
	}
	return []slackapi.Block{slackapi.NewContextBlock("", plain(cutUnits(line, maxRun)))}
}

// plain is text in which :names: stay as they are, so that nobody's name shows
// one of the marks that replies get.
func plain(text string) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.PlainTextType, text, false, false)
}

// buttons returns the blocks for actions, in their order, each once.
func buttons(actions []bot.Action, w words.Catalogue) []slackapi.Block {
	seen := map[string]bool{}
	var elements []slackapi.BlockElement
	for _, a := range actions {
		id, value := EncodeAction(a)
		if seen[id] {
			continue
		}
		seen[id] = true
		button := slackapi.NewButtonBlockElement(id, value, plain(cutRunes(w.Say(label(a.Name)), maxLabel)))
		switch a.Name {
		case bot.ActSend, bot.ActPushGroup:
			button.Style = slackapi.StylePrimary
		case bot.ActDiscard, bot.ActCancel:
			button.Style = slackapi.StyleDanger
		}
		elements = append(elements, button)
	}
	var blocks []slackapi.Block
	for len(elements) > 0 {
		n := min(len(elements), maxButtons)
		blocks = append(blocks, slackapi.NewActionBlock("", elements[:n]...))
		elements = elements[n:]
	}
	return blocks
}

// label is the key of a button's words.
func label(name bot.ActionName) string {
	if name == bot.ActPushGroup {
		name = bot.ActSend
	}
	return "button." + string(name)
}

// encode is json.Marshal without \u003c for <, which would make a friend's
// angle brackets count six times.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Errorf("encode a post: %w", err)) // made of our own types, without floats or maps
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
