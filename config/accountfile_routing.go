package config

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

func (r *fileReader) rules(n ast.Node) []rule {
	nodes, _ := r.items(n, "routing")
	var rules []rule
	for i, node := range nodes {
		at := fmt.Sprintf("routing[%d]", i+1)
		m := r.mapping(node, at, "when", "tags")
		if m == nil {
			continue
		}
		var rule rule
		if n := m["when"]; n == nil {
			r.fault(lineOf(node), at+".when", "is missing; write when: and one of text_contains, postback_data, follow")
		} else {
			r.condition(n, at+".when", &rule)
		}
		if n := m["tags"]; n == nil {
			r.fault(lineOf(node), at+".tags", "is missing; list the tags that this rule puts on")
		} else if rule.tags = r.names(n, at+".tags"); len(rule.tags) == 0 {
			if s, ok := n.(*ast.SequenceNode); ok && len(s.Values) == 0 {
				r.fault(lineOf(n), at+".tags", "is empty; list the tags that this rule puts on")
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

func (r *fileReader) condition(n ast.Node, at string, rule *rule) {
	before := len(r.faults)
	m := r.mapping(n, at, "text_contains", "postback_data", "follow")
	if m == nil {
		return
	}
	if n := m["text_contains"]; n != nil {
		rule.contains = values(r.different(n, at+".text_contains", r.needle))
		if s, ok := n.(*ast.SequenceNode); ok && len(s.Values) == 0 {
			r.fault(lineOf(n), at+".text_contains", "is empty; list what the text must contain, any of it")
		}
	}
	if n := m["postback_data"]; n != nil {
		if t, ok := r.text(n, at+".postback_data"); ok {
			rule.postback = t.value
			if t.value == "" || utf8.RuneCountInString(t.value) > maxPostback {
				r.fault(t.line, at+".postback_data", "has no characters or more than %d; write the data of the button as it is set in LINE", maxPostback)
			}
		}
	}
	rule.follow = r.boolean(m["follow"], at+".follow")
	if len(r.faults) == before && m["text_contains"] == nil && m["postback_data"] == nil && !rule.follow {
		r.fault(lineOf(n), at, "asks for nothing; write one of text_contains, postback_data, follow: true")
	}
}

func (r *fileReader) needle(n ast.Node, field string) (text, bool) {
	t, ok := r.text(n, field)
	if ok && strings.TrimSpace(t.value) == "" {
		r.fault(t.line, field, "has an empty text, which every message would contain; take it away")
		return text{}, false
	}
	return t, ok
}
