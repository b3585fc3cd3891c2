package routing

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Match is a rule that held for a stimulus, and the tags it puts on.
type Match struct {
	Tags []string // tag ids
	Rule int      // its place among the rules, from 0
}

// Router is a list of rules made ready to be asked for every message. It does
// not change and is safe for concurrent use.
type Router struct {
	rules []compiled
}

type compiled struct {
	Rule
	needles []string // folded; empty ones left out
}

// Compile prepares rules: their needles are folded once.
func Compile(rules []Rule) *Router {
	r := &Router{rules: make([]compiled, len(rules))}
	for i, rule := range rules {
		r.rules[i].Rule = rule
		for _, needle := range rule.When.TextContains {
			// A needle that is nothing but space would match every sentence.
			if folded := fold(needle); strings.TrimSpace(folded) != "" {
				r.rules[i].needles = append(r.rules[i].needles, folded)
			}
		}
	}
	return r
}

// Route returns every rule that holds for s, in their order. Each adds its
// tags; the order matters only to the audit trail, which names the first rule
// that gave a tag.
func (r *Router) Route(s Stimulus) []Match {
	var matches []Match
	text := fold(s.Text)
	for i := range r.rules {
		if r.rules[i].holds(s, text) {
			matches = append(matches, Match{Tags: r.rules[i].Tags, Rule: i})
		}
	}
	return matches
}

// Route is Compile and Route in one, for rules that are asked once.
func Route(rules []Rule, s Stimulus) []Match {
	return Compile(rules).Route(s)
}

func (c *compiled) holds(s Stimulus, text string) bool {
	when := &c.When
	if len(when.TextContains) == 0 && when.PostbackData == "" && !when.Follow {
		return false
	}
	if when.Follow && !s.Follow {
		return false
	}
	if when.PostbackData != "" && when.PostbackData != s.PostbackData {
		return false
	}
	return len(when.TextContains) == 0 || containsAny(text, c.needles)
}

func containsAny(text string, needles []string) bool {
	for _, needle := range needles {
		if strings.Contains(text, needle) {
			return true
		}
	}
	return false
}

// fold makes texts equal that people take for the same: width, case and
// compatibility forms. Folding case can break the composed form, hence the
// second normalisation. A Caser may not be shared between goroutines.
func fold(s string) string {
	if s == "" {
		return ""
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}
