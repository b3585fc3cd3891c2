package config

import (
	"fmt"
	"slices"
	"strings"
)

// compare says what changed, one line for each subject.
func compare(before, after []subject) []string {
	old, now := indexed(before), indexed(after)
	var lines []string
	for _, kind := range kinds {
		for _, s := range after {
			if s.kind != kind {
				continue
			}
			was, existed := old[s.at()]
			if !existed {
				lines = append(lines, "+ "+s.label()+s.summary())
			} else if changes := changed(was, s); len(changes) > 0 {
				lines = append(lines, "~ "+s.labelled(showChanges(was, s, changes)))
			}
		}
		for _, s := range before {
			if _, stays := now[s.at()]; s.kind == kind && !stays {
				lines = append(lines, "- "+s.label())
			}
		}
		if reordered(kind, before, after) {
			lines = append(lines, "~ "+sections[kind]+": order changed")
		}
	}
	return lines
}

// conflicts says what would be overwritten that was changed elsewhere since
// the last apply. last, before and after are the account as the last apply
// left it, as it is, and as it would be.
func conflicts(last, before, after []subject) []string {
	then, old, now := indexed(last), indexed(before), indexed(after)
	var lines []string
	for _, s := range before {
		was, known := then[s.at()]
		next, stays := now[s.at()]
		since := changed(was, s)
		switch {
		case !stays && !known:
			lines = append(lines, s.labelled("was added elsewhere since the last apply, and the file removes it"))
		case !stays && len(since) > 0:
			lines = append(lines, s.labelled(showChanges(was, s, since)+" was changed elsewhere since the last apply, and the file removes it"))
		case stays && !known && len(changed(s, next)) > 0:
			lines = append(lines, s.labelled("was added elsewhere since the last apply, and the file changes "+showChanges(s, next, changed(s, next))))
		case stays && known:
			both := slices.DeleteFunc(since, func(name string) bool { return !slices.Contains(changed(s, next), name) })
			if len(both) > 0 {
				lines = append(lines, s.labelled("changed elsewhere since the last apply: "+showChanges(was, s, both)+"; the file makes it "+showValues(next, both)))
			}
		}
	}
	for _, s := range after {
		if _, exists := old[s.at()]; exists {
			continue
		}
		if slices.ContainsFunc(last, func(was subject) bool {
			_, stays := old[was.at()]
			return was.kind == s.kind && was.name == s.name && !stays
		}) {
			lines = append(lines, s.labelled("was removed elsewhere since the last apply, and the file adds it again"))
		}
	}
	for _, kind := range kinds {
		if reordered(kind, last, before) && reordered(kind, before, after) {
			lines = append(lines, sections[kind]+": order was changed elsewhere since the last apply, and the file changes it back")
		}
	}
	return lines
}

func (s subject) at() [2]string { return [2]string{s.kind, s.key} }

func indexed(subjects []subject) map[[2]string]subject {
	m := make(map[[2]string]subject, len(subjects))
	for _, s := range subjects {
		m[s.at()] = s
	}
	return m
}

// changed names the facts that differ.
func changed(before, after subject) []string {
	var names []string
	for _, f := range after.facts {
		if before.fact(f.name).same != f.same {
			names = append(names, f.name)
		}
	}
	return names
}

func showChanges(before, after subject, facts []string) string {
	shown := make([]string, len(facts))
	for i, name := range facts {
		from, to := before.fact(name), after.fact(name)
		switch {
		case from.show != "" && to.show != "":
			shown[i] = fmt.Sprintf("%s %s → %s", name, from.show, to.show)
		case from.same == "" && to.show != "":
			shown[i] = fmt.Sprintf("%s none → %s", name, to.show)
		case to.same == "" && from.show != "":
			shown[i] = fmt.Sprintf("%s %s → none", name, from.show)
		case from.same == "":
			shown[i] = name + " added"
		case to.same == "":
			shown[i] = name + " removed"
		default:
			shown[i] = name + " changed"
		}
	}
	return strings.Join(shown, ", ")
}

func showValues(s subject, facts []string) string {
	shown := make([]string, len(facts))
	for i, name := range facts {
		switch f := s.fact(name); {
		case f.show != "":
			shown[i] = name + " " + f.show
		case f.same == "":
			shown[i] = name + " none"
		default:
			shown[i] = name + " something else"
		}
	}
	return strings.Join(shown, ", ")
}

// summary is what a new subject has, without its name and what is not given.
func (s subject) summary() string {
	var shown []string
	for _, f := range s.facts {
		switch {
		case f.same == "" || f.name == "name" && f.same == s.name:
		case f.show == "":
			shown = append(shown, f.name)
		default:
			shown = append(shown, f.name+" "+f.show)
		}
	}
	if len(shown) == 0 {
		return ""
	}
	return ": " + strings.Join(shown, ", ")
}

// reordered reports whether what both have of a kind stands in another order.
func reordered(kind string, before, after []subject) bool {
	return !slices.Equal(common(kind, before, after), common(kind, after, before))
}

func common(kind string, of, with []subject) []string {
	there := indexed(with)
	var keys []string
	for _, s := range of {
		if _, ok := there[s.at()]; ok && s.kind == kind {
			keys = append(keys, s.key)
		}
	}
	return keys
}
