package config

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/goccy/go-yaml/ast"

	"madoguchi/bot"
	"madoguchi/operators"
)

func (r *fileReader) file(root ast.Node, f *File) {
	m := r.mapping(root, "", "account", "name", "timezone", "locale", "line", "owners", "owners_channel", "reply",
		"tags", "fields", "templates", "permission_sets", "operators", "routing")
	if m == nil {
		return
	}
	if n := m["account"]; n == nil {
		r.fault(lineOf(root), "account", "is missing; name the account, such as account: aoyama")
	} else if slug, ok := r.formed(n, "account", slugForm, "write 2 to 32 of a-z, 0-9 and -"); ok {
		f.Account, f.line = slug.value, slug.line
	}
	if n := m["name"]; n != nil {
		f.name, _ = r.name(n, "name")
	}
	f.zone, f.locale = r.zone(m["timezone"]), r.locale(m["locale"])
	if n := m["reply"]; n != nil {
		reply := r.mapping(n, "reply", "hold", "lease")
		f.hold = r.duration(reply["hold"], "reply.hold", maxHold)
		f.lease = r.duration(reply["lease"], "reply.lease", maxLease)
	}
	if n := m["line"]; n != nil {
		f.credentials = located[bot.LINEChannel]{lineOf(n), r.lineChannel(n)}
	}
	r.owners(m, f)

	f.tags = readSection(r, m["tags"], "tags", bare, readTag)
	f.fields = readSection(r, m["fields"], "fields", named, readField, "type", "choices")
	f.templates = readSection(r, m["templates"], "templates", named, readTemplate, "text")
	f.sets = readSection(r, m["permission_sets"], "permission_sets", named, readPermissionSet,
		"friends", "view", "send", "approve", "templates", "images", "pdfs", "fields", "forms", "tags", "calendars", "notifications")
	f.operators = readSection(r, m["operators"], "operators", keyed, readOperator,
		"name", "slack_user", "email", "slack_channel", "permission_sets", "also", "mention")
	if n := m["routing"]; n != nil {
		f.rules = located[[]rule]{lineOf(n), r.rules(n)}
	}
}

func (r *fileReader) owners(m map[string]ast.Node, f *File) {
	if n := m["owners"]; n != nil {
		ids := r.different(n, "owners", r.slackUser)
		if s, ok := n.(*ast.SequenceNode); ok && len(s.Values) == 0 {
			r.fault(lineOf(n), "owners", "is empty; name at least one owner by their Slack user id")
		}
		f.owners = located[[]string]{lineOf(n), values(ids)}
	}
	if n := m["owners_channel"]; n != nil {
		// An empty text takes a given Slack channel back: the bot makes one.
		if s, ok := n.(*ast.StringNode); ok && s.Value == "" {
			f.ownersChannel = text{lineOf(n), ""}
		} else {
			f.ownersChannel, _ = r.slackChannel(n, "owners_channel")
		}
	}
}

// naming is how the entries of a section are called.
type naming struct {
	key     string
	renames bool // takes was:
	alone   bool // a name may stand alone
	read    func(*fileReader, ast.Node, string) (text, bool)
}

var (
	named = naming{key: "name", renames: true, read: (*fileReader).name}
	bare  = naming{key: "name", renames: true, alone: true, read: (*fileReader).name}
	// An operator's key stays; the name beside it may simply be changed.
	keyed = naming{key: "key", read: (*fileReader).operatorKey}
)

// readSection reads a list of named entries. body reads what an entry says
// beyond its name; it is not asked for one that is to be removed, though such
// an entry may still carry these keys.
func readSection[B any](r *fileReader, n ast.Node, field string, naming naming, body func(*fileReader, map[string]ast.Node, string, int) B, keys ...string) section[B] {
	if n == nil {
		return section[B]{}
	}
	keys = append([]string{naming.key, "remove"}, keys...)
	if naming.renames {
		keys = append(keys, "was")
	}
	s := section[B]{located: located[struct{}]{line: lineOf(n)}}
	nodes, _ := r.items(n, field)
	for i, node := range nodes {
		at := fmt.Sprintf("%s[%d]", field, i+1)
		if _, isText := node.(*ast.StringNode); isText && naming.alone {
			if name, ok := r.name(node, at); ok {
				s.entries = append(s.entries, entry[B]{name: name})
			}
			continue
		}
		m := r.mapping(node, at, keys...)
		if m == nil {
			continue
		}
		if m[naming.key] == nil {
			r.fault(lineOf(node), at+"."+naming.key, "is missing; write one")
			continue
		}
		var e entry[B]
		var ok bool
		e.name, ok = naming.read(r, m[naming.key], at+"."+naming.key)
		if was := m["was"]; was != nil {
			e.was, _ = r.name(was, at+".was")
		}
		if e.remove = r.boolean(m["remove"], at+".remove"); e.remove && e.was.given() {
			r.fault(e.was.line, at+".was", "makes no sense with remove: true; keep one of them")
		}
		if !e.remove {
			e.body = body(r, m, at, lineOf(node))
		}
		if ok {
			s.entries = append(s.entries, e)
		}
	}
	checkNames(r, field, naming, s.entries)
	return s
}

// checkNames refuses what would make it unclear which stored entry is meant.
func checkNames[B any](r *fileReader, field string, naming naming, entries []entry[B]) {
	lines := make(map[string]int, len(entries))
	for _, e := range entries {
		if line := lines[e.name.value]; line > 0 {
			r.fault(e.name.line, field, "%s %q is given twice; keep one of them (the other is on line %d)", naming.key, e.name.value, line)
			continue
		}
		lines[e.name.value] = e.name.line
	}
	renamed := map[string]int{}
	for _, e := range entries {
		if !e.was.given() {
			continue
		}
		if line := lines[e.was.value]; line > 0 {
			r.fault(e.was.line, field, "was: %q is also an entry of its own, on line %d; take was: away once it is renamed", e.was.value, line)
		}
		if line := renamed[e.was.value]; line > 0 {
			r.fault(e.was.line, field, "was: %q is given twice; keep one of them (the other is on line %d)", e.was.value, line)
		}
		renamed[e.was.value] = e.was.line
	}
}

func readTag(*fileReader, map[string]ast.Node, string, int) tag { return tag{} }

func readField(r *fileReader, m map[string]ast.Node, at string, line int) field {
	f := field{kind: "text"}
	if n := m["name"]; n != nil {
		// {{name}} stands for the field in a template.
		if s, ok := n.(*ast.StringNode); ok && strings.ContainsAny(s.Value, "{}") {
			r.fault(lineOf(n), at+".name", "holds a brace, which templates could not write; choose another name")
		}
	}
	if n := m["type"]; n != nil {
		t, ok := r.text(n, at+".type")
		switch t.value {
		case "text", "number", "date", "choice":
			f.kind = t.value
		default:
			if ok {
				r.fault(t.line, at+".type", "%q is not known; write text, number, date or choice", t.value)
			}
			return f
		}
	}
	f.choices = values(r.names(m["choices"], at+".choices"))
	switch {
	case f.kind == "choice" && m["choices"] == nil:
		r.fault(line, at+".choices", "is missing; list what may be chosen")
	case f.kind == "choice" && len(f.choices) == 0:
		r.fault(lineOf(m["choices"]), at+".choices", "offers nothing; list what may be chosen")
	case f.kind != "choice" && m["choices"] != nil:
		r.fault(lineOf(m["choices"]), at+".choices", "belongs to type: choice; write that type or take the choices away")
	}
	return f
}

func readTemplate(r *fileReader, m map[string]ast.Node, at string, line int) template {
	n := m["text"]
	if n == nil {
		r.fault(line, at+".text", "is missing; write what is to be sent")
		return template{}
	}
	t, ok := r.text(n, at+".text")
	if !ok {
		return template{}
	}
	units := len(utf16.Encode([]rune(t.value)))
	switch {
	case strings.TrimSpace(t.value) == "":
		r.fault(t.line, at+".text", "is empty; write what is to be sent")
	case strings.Contains(t.value, "\x00"):
		r.fault(t.line, at+".text", "holds a NUL character; take it out")
	case units > maxTemplate:
		r.fault(t.line, at+".text", "has %d characters; LINE takes %d at most: shorten it", units, maxTemplate)
	}
	return template{t}
}

func readOperator(r *fileReader, m map[string]ast.Node, at string, line int) operator {
	var o operator
	if n := m["name"]; n != nil {
		name, _ := r.name(n, at+".name")
		o.name = name.value
	} else {
		r.fault(line, at+".name", "is missing; write what colleagues call them")
	}
	o.slackUser, _ = r.slackUser(m["slack_user"], at+".slack_user")
	o.email = r.email(m["email"], at+".email")
	if m["slack_user"] == nil && m["email"] == nil {
		r.fault(line, at+".slack_user", "is missing, and so is email; give one of them, so that the person can be found in Slack")
	}
	o.slackChannel, _ = r.slackChannel(m["slack_channel"], at+".slack_channel")
	o.sets = r.names(m["permission_sets"], at+".permission_sets")
	o.also = values(r.different(m["also"], at+".also", r.slackUser))
	o.mention = r.mention(m["mention"], at+".mention")
	return o
}

// mention returns the zero value for mine, as settings have it that never said.
func (r *fileReader) mention(n ast.Node, field string) operators.Mention {
	if n == nil {
		return ""
	}
	t, ok := r.text(n, field)
	switch m := operators.Mention(t.value); m {
	case operators.MentionAll, operators.MentionNone:
		return m
	case operators.MentionMine:
	default:
		if ok {
			r.fault(t.line, field, "%q is not known; write all, mine or none", t.value)
		}
	}
	return ""
}

func values(texts []text) []string {
	var out []string
	for _, t := range texts {
		out = append(out, t.value)
	}
	return out
}

func readPermissionSet(r *fileReader, m map[string]ast.Node, at string, line int) permissionSet {
	s := permissionSet{lists: map[operators.Right]nameList{}}
	if n := m["friends"]; n == nil {
		r.fault(line, at+".friends", "is missing; write all, or the tags of the friends that this set shows")
	} else if t, ok := n.(*ast.StringNode); ok && t.Value != "all" {
		r.fault(lineOf(n), at+".friends", "%q is not right; write all, or a list of tags such as [%s]", t.Value, t.Value)
	} else if ok {
		s.all = true
	} else {
		s.friends = r.names(n, at+".friends")
	}
	s.rights = operators.Rights{
		View:          r.boolean(m["view"], at+".view"),
		Send:          r.send(m["send"], at+".send"),
		Approve:       r.boolean(m["approve"], at+".approve"),
		Images:        r.boolean(m["images"], at+".images"),
		PDFs:          r.boolean(m["pdfs"], at+".pdfs"),
		Notifications: r.boolean(m["notifications"], at+".notifications"),
	}
	for _, right := range listRights {
		if n := m[string(right)]; n != nil {
			s.lists[right] = r.nameList(n, at+"."+string(right))
		}
	}
	return s
}

// listRights are the rights that name things, in the order of the file.
var listRights = []operators.Right{operators.Templates, operators.Fields, operators.Forms, operators.Tags, operators.Calendars}

func (r *fileReader) send(n ast.Node, field string) operators.SendRight {
	switch n := n.(type) {
	case nil:
		return operators.SendNo
	case *ast.BoolNode:
		if n.Value {
			return operators.SendYes
		}
		return operators.SendNo
	case *ast.StringNode:
		if n.Value == string(operators.SendDraft) {
			return operators.SendDraft
		}
		r.fault(lineOf(n), field, "%q is not right; write true, draft or false", n.Value)
	default:
		r.fault(lineOf(n), field, "is %s; write true, draft or false", describe(n))
	}
	return operators.SendNo
}

func (r *fileReader) nameList(n ast.Node, field string) nameList {
	switch n := n.(type) {
	case *ast.SequenceNode:
		return nameList{names: r.names(n, field)}
	case *ast.StringNode:
		switch n.Value {
		case "all":
			return nameList{all: true}
		case "none":
			return nameList{}
		}
		r.fault(lineOf(n), field, "%q is not right; write all, none or a list of names such as [%s]", n.Value, n.Value)
	default:
		r.fault(lineOf(n), field, "is %s; write all, none or a list of names", describe(n))
	}
	return nameList{}
}
