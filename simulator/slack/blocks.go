package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Limits of Block Kit. maxBlockChars is not documented: it is what a message
// was seen to fail at.
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxBlockChars    = 13200
	maxID            = 255
)

// block is a block or an element of one, as JSON.
type block = map[string]any

// checkBlocks checks the blocks of a message and returns them with the ids
// that Slack would give to those without.
func (w *Workspace) checkBlocks(method string, raw json.RawMessage) (json.RawMessage, error) {
	if raw == nil || string(raw) == "[]" {
		return nil, nil
	}
	var blocks []block
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return nil, refuse("invalid_blocks_format")
	}
	c := checker{known: w.shownFile, max: maxMessageBlocks}
	c.blocks(blocks)
	if len(c.problems) > 0 {
		w.violate(method, "blocks: "+c.problems[0])
		return nil, refuse("invalid_blocks", c.problems...)
	}
	var short bytes.Buffer
	if err := json.Compact(&short, raw); err != nil {
		return nil, refuse("invalid_blocks_format")
	}
	if utf8.RuneCount(short.Bytes()) > maxBlockChars {
		w.violate(method, "blocks over 13,200 characters")
		return nil, refuse("msg_blocks_too_long")
	}
	return encodeBlocks(blocks)
}

func encodeBlocks(blocks []block) (json.RawMessage, error) {
	out, err := json.Marshal(blocks)
	if err != nil {
		return nil, fmt.Errorf("encode blocks: %w", err)
	}
	return out, nil
}

// checker collects what is wrong with the blocks of a message or view. A
// problem names the place and never quotes the text.
type checker struct {
	known    func(fileID string) bool
	max      int
	problems []string
	ids      map[string]bool
	markdown int // characters in markdown blocks
}

func (c *checker) fail(at, problem string) {
	c.problems = append(c.problems, "[ERROR] "+problem+" [json-pointer:"+at+"]")
}

func (c *checker) blocks(blocks []block) {
	c.ids = map[string]bool{}
	if len(blocks) > c.max {
		c.fail("/blocks", fmt.Sprintf("no more than %d items allowed", c.max))
	}
	for i, b := range blocks {
		at := fmt.Sprintf("/blocks/%d", i)
		if b == nil {
			c.fail(at, "must be an object")
			continue
		}
		c.blockID(at, b)
		c.block(at, b)
	}
}

func (c *checker) blockID(at string, b block) {
	id := str(b, "block_id")
	if id == "" {
		b["block_id"] = newID("b")[:6]
		return
	}
	if c.ids[id] {
		c.fail(at+"/block_id", "`block_id` already exists for another block")
	}
	c.ids[id] = true
	c.length(at+"/block_id", id, maxID)
}

func (c *checker) block(at string, b block) {
	switch kind := str(b, "type"); kind {
	case "divider":
	case "section":
		c.section(at, b)
	case "header":
		c.text(at+"/text", b["text"], 150, true)
	case "context":
		c.elements(at, b, 10, map[string]bool{"image": true, "mrkdwn": true, "plain_text": true})
	case "actions":
		c.elements(at, b, 25, interactive)
	case "context_actions":
		c.elements(at, b, 5, map[string]bool{"feedback_buttons": true, "icon_button": true})
	case "image":
		c.image(at, b)
		c.optionalText(at+"/title", b["title"], 2000, true)
	case "input":
		c.input(at, b)
	case "rich_text":
		if _, ok := b["elements"].([]any); !ok {
			c.fail(at, "missing required field: elements")
		}
	case "markdown":
		c.markdown += utf8.RuneCountInString(str(b, "text"))
		if str(b, "text") == "" || c.markdown > 12000 {
			c.fail(at+"/text", "must be between 1 and 12000 characters")
		}
	case "table":
		c.table(at, b)
	case "video":
		for _, name := range []string{"alt_text", "video_url", "thumbnail_url"} {
			if str(b, name) == "" {
				c.fail(at, "missing required field: "+name)
			}
		}
	default:
		c.fail(at+"/type", "unsupported type")
	}
}

func (c *checker) section(at string, b block) {
	fields, hasFields := b["fields"].([]any)
	if b["text"] == nil && !hasFields {
		c.fail(at, "missing required field: text or fields")
	}
	c.optionalText(at+"/text", b["text"], 3000, false)
	if hasFields && (len(fields) == 0 || len(fields) > 10) {
		c.fail(at+"/fields", "must have between 1 and 10 items")
	}
	for i, f := range fields {
		c.text(fmt.Sprintf("%s/fields/%d", at, i), f, 2000, false)
	}
	if accessory, ok := b["accessory"].(block); ok {
		c.element(at+"/accessory", accessory)
		if kind := str(accessory, "type"); !interactive[kind] && kind != "image" {
			c.fail(at+"/accessory", "unsupported type")
		}
	}
}

func (c *checker) image(at string, b block) {
	file, hasFile := b["slack_file"].(block)
	address := str(b, "image_url")
	switch {
	case hasFile == (address != ""):
		c.fail(at, "exactly one of image_url and slack_file is required")
	case hasFile && !c.known(str(file, "id")):
		c.fail(at+"/slack_file", "invalid slack file")
	}
	c.length(at+"/image_url", address, 3000)
	if _, ok := b["alt_text"].(string); !ok {
		c.fail(at, "missing required field: alt_text")
	}
	c.length(at+"/alt_text", str(b, "alt_text"), 2000)
}

func (c *checker) input(at string, b block) {
	c.text(at+"/label", b["label"], 2000, true)
	c.optionalText(at+"/hint", b["hint"], 2000, true)
	element, ok := b["element"].(block)
	if !ok {
		c.fail(at, "missing required field: element")
		return
	}
	c.element(at+"/element", element)
	if kind := str(element, "type"); !inputs[kind] {
		c.fail(at+"/element", "unsupported type")
	}
}

func (c *checker) table(at string, b block) {
	rows, _ := b["rows"].([]any)
	if len(rows) == 0 || len(rows) > 100 {
		c.fail(at+"/rows", "must have between 1 and 100 items")
	}
	for i, r := range rows {
		if cells, ok := r.([]any); !ok || len(cells) > 20 {
			c.fail(fmt.Sprintf("%s/rows/%d", at, i), "no more than 20 items allowed")
		}
	}
}

// text checks a text object.
func (c *checker) text(at string, v any, limit int, plain bool) {
	t, ok := v.(block)
	if !ok {
		c.fail(at, "missing required text object")
		return
	}
	switch kind := str(t, "type"); {
	case kind == "plain_text", kind == "mrkdwn" && !plain:
	default:
		c.fail(at+"/type", "unsupported type")
	}
	if str(t, "text") == "" {
		c.fail(at+"/text", "must be more than 0 characters")
	}
	c.length(at+"/text", str(t, "text"), limit)
}

func (c *checker) optionalText(at string, v any, limit int, plain bool) {
	if v != nil {
		c.text(at, v, limit, plain)
	}
}

func (c *checker) length(at, s string, limit int) {
	if utf8.RuneCountInString(s) > limit {
		c.fail(at, fmt.Sprintf("must be less than %d characters", limit+1))
	}
}

func str(b block, name string) string {
	s, _ := b[name].(string)
	return s
}
