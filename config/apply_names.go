package config

import (
	"slices"

	"madoguchi/bot"
	"madoguchi/operators"
	"madoguchi/routing"
)

// kind is how the entries of one list of the settings are known.
type kind[S any] struct {
	word  string // "tag"
	field string // "tags"
	id    func(S) string
	name  func(S) string
	fresh func(name string) string // the id of a new entry
}

func unnamed(string) string { return newID() }

var (
	tagNames = kind[routing.Tag]{
		"tag", "tags",
		func(t routing.Tag) string { return t.ID },
		func(t routing.Tag) string { return t.Name },
		unnamed,
	}
	fieldNames = kind[bot.Field]{
		"field", "fields",
		func(f bot.Field) string { return f.ID },
		func(f bot.Field) string { return f.Name },
		unnamed,
	}
	templateNames = kind[bot.Template]{
		"template", "templates",
		func(t bot.Template) string { return t.ID },
		func(t bot.Template) string { return t.Name },
		unnamed,
	}
	setNames = kind[operators.PermissionSet]{
		"permission set", "permission_sets",
		func(s operators.PermissionSet) string { return s.ID },
		func(s operators.PermissionSet) string { return s.Name },
		unnamed,
	}
	operatorNames = kind[operators.Operator]{
		"operator", "operators",
		func(o operators.Operator) string { return o.Key },
		func(o operators.Operator) string { return o.Key },
		func(key string) string { return key },
	}
)

// names is what the names of one list mean once the file is applied.
type names struct {
	word    string
	ids     map[string]string // by name
	listed  map[string]string // by name, those of the file: what its entries stand for
	removed map[string]text   // by id: the name, where the file removes it
	renamed map[string]text   // by the name before: the name now
}

// identify finds out which stored entry each entry of the file means.
func identify[B, S any](p *planner, k kind[S], s section[B], stored, applied []S) *names {
	n := &names{
		word: k.word, ids: map[string]string{}, listed: map[string]string{},
		removed: map[string]text{}, renamed: map[string]text{},
	}
	now := make(map[string]string, len(stored))
	nameNow := make(map[string]string, len(stored))
	for _, entry := range stored {
		now[k.name(entry)] = k.id(entry)
		nameNow[k.id(entry)] = k.name(entry)
	}
	then := make(map[string]string, len(applied))
	for _, entry := range applied {
		if _, exists := nameNow[k.id(entry)]; exists {
			then[k.name(entry)] = k.id(entry)
		}
	}

	claimed := map[string]bool{}
	claim := func(e entry[B], id string) {
		claimed[id] = true
		n.listed[e.name.value] = id
	}
	var rest []entry[B]
	for _, e := range s.entries {
		id, exists := now[e.name.value]
		old, oldExists := now[e.was.value]
		switch {
		case exists && e.was.given() && oldExists:
			p.fault(e.was.line, k.field, "was: there are both %q and %q; take was: away, or remove one of them first", e.was.value, e.name.value)
		case exists:
			claim(e, id)
		case e.was.given() && oldExists:
			claim(e, old)
		default:
			rest = append(rest, e)
		}
	}
	// What was renamed elsewhere since the last apply still goes by its old
	// name here. It is that entry and no new one.
	for _, e := range rest {
		id, known := then[e.name.value]
		if !known || claimed[id] {
			id, known = then[e.was.value]
		}
		switch {
		case known && !claimed[id]:
			claim(e, id)
		case e.remove:
		case e.was.given() && !p.isNew:
			p.fault(e.was.line, k.field, "was: no %s is named %q; take was: away", k.word, e.was.value)
		default:
			n.listed[e.name.value] = k.fresh(e.name.value)
		}
	}

	for _, e := range s.entries {
		id, ok := n.listed[e.name.value]
		switch {
		case !ok:
		case e.remove:
			n.removed[id] = e.name
		default:
			n.ids[e.name.value] = id
			if name, existed := nameNow[id]; existed && name != e.name.value {
				n.renamed[name] = e.name
			}
		}
	}
	for _, entry := range stored {
		if !claimed[k.id(entry)] {
			n.ids[k.name(entry)] = k.id(entry)
			if s.given() {
				p.untouched = append(p.untouched, k.word+" "+k.name(entry))
			}
		}
	}
	return n
}

// assemble puts a list together from the file's entries and the stored ones
// that the file lacks. A file that lists everything also says the order; one
// that lists a part adds to the end.
func assemble[B, S any](k kind[S], n *names, s section[B], stored []S, build func(entry[B], string) S) []S {
	if !s.given() {
		return stored
	}
	built := make(map[string]S, len(s.entries))
	var inFile []string
	for _, e := range s.entries {
		if id, ok := n.listed[e.name.value]; ok && !e.remove {
			built[id] = build(e, id)
			inFile = append(inFile, id)
		}
	}
	var list []S
	partial := slices.ContainsFunc(stored, func(old S) bool {
		_, listed := built[k.id(old)]
		_, removed := n.removed[k.id(old)]
		return !listed && !removed
	})
	placed := map[string]bool{}
	if partial {
		for _, old := range stored {
			id := k.id(old)
			if _, removed := n.removed[id]; removed {
				continue
			}
			if entry, ok := built[id]; ok {
				old = entry
			}
			list = append(list, old)
			placed[id] = true
		}
	}
	for _, id := range inFile {
		if !placed[id] {
			list = append(list, built[id])
		}
	}
	return list
}

// resolve turns names into ids. What a list refers to stands in the file or is
// stored already.
func (p *planner) resolve(n *names, field string, given []text) []string {
	var ids []string
	for _, name := range given {
		if id, ok := n.ids[name.value]; ok {
			ids = append(ids, id)
			continue
		}
		if now, ok := n.renamed[name.value]; ok {
			p.fault(name.line, field, "the %s %q is renamed on line %d; write %q", n.word, name.value, now.line, now.value)
			continue
		}
		if id, ok := n.listed[name.value]; ok {
			if gone, ok := n.removed[id]; ok {
				p.fault(name.line, field, "the %s %q is removed on line %d; take it out here too", n.word, name.value, gone.line)
				continue
			}
		}
		p.fault(name.line, field, "no %s is named %q; add it to the file, or correct the name", n.word, name.value)
	}
	return ids
}
