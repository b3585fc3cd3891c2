package slack

import "fmt"

// interactive are the elements that an actions block or an accessory may hold.
var interactive = map[string]bool{
	"button": true, "overflow": true, "checkboxes": true, "radio_buttons": true, "workflow_button": true,
	"datepicker": true, "timepicker": true, "datetimepicker": true,
	"static_select": true, "external_select": true, "users_select": true,
	"conversations_select": true, "channels_select": true,
	"multi_static_select": true, "multi_external_select": true, "multi_users_select": true,
	"multi_conversations_select": true, "multi_channels_select": true,
	"rich_text_input": true,
}

// inputs are the elements that an input block may hold.
var inputs = map[string]bool{
	"plain_text_input": true, "rich_text_input": true, "email_text_input": true, "url_text_input": true,
	"number_input": true, "file_input": true, "checkboxes": true, "radio_buttons": true,
	"datepicker": true, "timepicker": true, "datetimepicker": true,
	"static_select": true, "external_select": true, "users_select": true,
	"conversations_select": true, "channels_select": true,
	"multi_static_select": true, "multi_external_select": true, "multi_users_select": true,
	"multi_conversations_select": true, "multi_channels_select": true,
}

// elements checks the elements of a block, whose action ids must differ.
func (c *checker) elements(at string, b block, limit int, allowed map[string]bool) {
	list, _ := b["elements"].([]any)
	if len(list) == 0 || len(list) > limit {
		c.fail(at+"/elements", fmt.Sprintf("must have between 1 and %d items", limit))
	}
	seen := map[string]bool{}
	for i, v := range list {
		place := fmt.Sprintf("%s/elements/%d", at, i)
		e, ok := v.(block)
		if !ok || !allowed[str(e, "type")] {
			c.fail(place, "unsupported type")
			continue
		}
		c.element(place, e)
		if id := str(e, "action_id"); id != "" {
			if seen[id] {
				c.fail(place+"/action_id", "`action_id` already exists in this block")
			}
			seen[id] = true
		}
	}
}

func (c *checker) element(at string, e block) {
	kind := str(e, "type")
	switch kind {
	case "mrkdwn", "plain_text":
		c.text(at, e, 2000, false)
		return
	case "image":
		c.image(at, e)
		return
	}
	if str(e, "action_id") == "" {
		e["action_id"] = newID("a")[:6]
	}
	c.length(at+"/action_id", str(e, "action_id"), maxID)
	c.optionalText(at+"/placeholder", e["placeholder"], 150, true)
	if confirm, ok := e["confirm"].(block); ok {
		c.confirm(at+"/confirm", confirm)
	}
	switch kind {
	case "button":
		c.text(at+"/text", e["text"], 75, true)
		c.length(at+"/value", str(e, "value"), 2000)
		c.length(at+"/url", str(e, "url"), 3000)
		if style := str(e, "style"); style != "" && style != "primary" && style != "danger" {
			c.fail(at+"/style", "must be primary or danger")
		}
	case "static_select", "multi_static_select":
		c.menu(at, e)
	case "overflow":
		c.options(at, e, 1, 5)
	case "checkboxes", "radio_buttons":
		c.options(at, e, 1, 10)
	case "plain_text_input":
		if n, ok := e["max_length"].(float64); ok && (n < 1 || n > 3000) {
			c.fail(at+"/max_length", "must be between 1 and 3000")
		}
		c.length(at+"/initial_value", str(e, "initial_value"), 3000)
	}
}

func (c *checker) confirm(at string, b block) {
	c.text(at+"/title", b["title"], 100, true)
	c.text(at+"/text", b["text"], 300, false)
	c.text(at+"/confirm", b["confirm"], 30, true)
	c.text(at+"/deny", b["deny"], 30, true)
}

func (c *checker) menu(at string, e block) {
	groups, ok := e["option_groups"].([]any)
	if !ok {
		c.options(at, e, 1, 100)
		return
	}
	if len(groups) == 0 || len(groups) > 100 {
		c.fail(at+"/option_groups", "must have between 1 and 100 items")
	}
	for i, v := range groups {
		g, _ := v.(block)
		place := fmt.Sprintf("%s/option_groups/%d", at, i)
		c.text(place+"/label", g["label"], 75, true)
		c.options(place, g, 1, 100)
	}
}

func (c *checker) options(at string, e block, least, most int) {
	list, _ := e["options"].([]any)
	if len(list) < least || len(list) > most {
		c.fail(at+"/options", fmt.Sprintf("must have between %d and %d items", least, most))
	}
	for i, v := range list {
		o, _ := v.(block)
		place := fmt.Sprintf("%s/options/%d", at, i)
		c.text(place+"/text", o["text"], 75, false)
		if str(o, "value") == "" {
			c.fail(place+"/value", "must be more than 0 characters")
		}
		c.length(place+"/value", str(o, "value"), 150)
		c.optionalText(place+"/description", o["description"], 75, false)
	}
}

// eachElement calls fn with every element of the blocks that has an action
// id, until it returns false.
func eachElement(blocks []block, fn func(in, e block) bool) {
	for _, b := range blocks {
		var list []any
		switch elements := b["elements"].(type) {
		case []any:
			list = elements
		default:
			list = []any{b["accessory"], b["element"]}
		}
		for _, v := range list {
			if e, ok := v.(block); ok && str(e, "action_id") != "" && !fn(b, e) {
				return
			}
		}
	}
}

// findElement returns the element with an action id, and its block.
func findElement(blocks []block, actionID string) (in, e block, ok bool) {
	eachElement(blocks, func(b, found block) bool {
		if str(found, "action_id") != actionID {
			return true
		}
		in, e, ok = b, found, true
		return false
	})
	return in, e, ok
}
