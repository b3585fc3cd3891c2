package config

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFlowDepth is how many brackets may be open. The parser takes quadratic
// time for them.
const maxFlowDepth = 16

// parseYAML returns the one document of the text, or nil after a fault.
// Duplicate keys pass the parser, so that mapping can tell of all of them.
func (r *fileReader) parseYAML(source string) ast.Node {
	tokens := lexer.Tokenize(source)
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType:
			r.fault(t.Position.Line, "syntax", "anchors, aliases, tags and directives of YAML are not used here; write the value itself, in quotes if it begins with %s", t.Value[:min(1, len(t.Value))])
			return nil
		}
		if depth > maxFlowDepth {
			r.fault(t.Position.Line, "syntax", "too many brackets are open; close them")
			return nil
		}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, message := 1, "cannot be read"
		// Only the message: the error's text also quotes the lines around it,
		// and there may be a secret on them.
		if e, ok := errors.AsType[yaml.Error](err); ok {
			message = e.GetMessage()
			if t := e.GetToken(); t != nil {
				line = t.Position.Line
			}
		}
		r.fault(line, "syntax", "%s; check the indentation, brackets and quotes here and on the line before", message)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			r.fault(lineOf(doc.Body), "file", "holds several documents; put each account into a file of its own and take --- away")
			return nil
		}
		root = doc.Body
	}
	if root == nil {
		r.fault(1, "file", "is empty; begin with account: and a name for the account, such as aoyama")
	}
	return root
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

// mapping reads n as a mapping that may have these keys and no others.
func (r *fileReader) mapping(n ast.Node, field string, keys ...string) map[string]ast.Node {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.fault(lineOf(n), cmp.Or(field, "file"), "is %s; write keys and values, such as %s: …", describe(n), keys[0])
		return nil
	}
	found := make(map[string]ast.Node, len(values))
	for _, v := range values {
		line := lineOf(v.Key)
		key := ""
		if s, ok := v.Key.(*ast.StringNode); ok {
			key = s.Value
		}
		switch {
		case !slices.Contains(keys, key):
			r.fault(line, join(field, shown(v.Key)), "is not known here; the keys are %s", strings.Join(keys, ", "))
		case found[key] != nil:
			r.fault(line, join(field, key), "is given twice; keep one of them (the other is on line %d)", lineOf(found[key]))
		default:
			found[key] = v.Value
		}
	}
	return found
}

// items reads n as a list. It returns false after a fault.
func (r *fileReader) items(n ast.Node, field string) ([]ast.Node, bool) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fault(lineOf(n), field, "is %s; write a list, such as [a, b]", describe(n))
		return nil, false
	}
	return s.Values, true
}

// text reads n as a text. It returns false after a fault.
func (r *fileReader) text(n ast.Node, field string) (text, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return text{lineOf(n), n.Value}, true
	case *ast.LiteralNode:
		return text{lineOf(n), n.Value.Value}, true
	case *ast.NullNode:
		r.fault(lineOf(n), field, "is empty; write a text, or take the line away")
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		r.fault(lineOf(n), field, "is %s; write a text", describe(n))
	default:
		r.fault(lineOf(n), field, "is %s; put it in quotes if it is meant as a text", describe(n))
	}
	return text{}, false
}

func (r *fileReader) boolean(n ast.Node, field string) bool {
	if n == nil {
		return false
	}
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.fault(lineOf(n), field, "is %s; write true or false", describe(n))
		return false
	}
	return b.Value
}

func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

// shown is a key as it can stand in a fault. What is not a plain short key may
// be a value that slipped, and is left out.
func shown(key ast.Node) string {
	if s, ok := key.(*ast.StringNode); ok && len(s.Value) <= 40 && !strings.ContainsFunc(s.Value, lineBreaking) {
		return s.Value
	}
	return "key"
}

func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "empty"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	default:
		return "something else"
	}
}
