package config

import (
	"fmt"
	"regexp"
	"strings"
)

// checkWhole looks at the settings as they would be, also at what the file
// leaves alone: nothing may refer to what is gone, and nobody may share what
// must be one person's.
func (p *planner) checkWhole() {
	s := &p.next.Settings
	for _, set := range s.PermissionSets {
		user := fmt.Sprintf("permission set %q", set.Name)
		p.stillUsed("tags", p.tags, set.FriendTags, user)
		p.stillUsed("tags", p.tags, set.Rights.Tags.IDs, user)
		p.stillUsed("fields", p.fields, set.Rights.Fields.IDs, user)
		p.stillUsed("templates", p.templates, set.Rights.Templates.IDs, user)
	}
	for _, o := range s.Operators {
		p.stillUsed("permission_sets", p.sets, o.PermissionSets, fmt.Sprintf("operator %q", o.Key))
	}
	for i, rule := range s.Rules {
		p.stillUsed("tags", p.tags, rule.Tags, fmt.Sprintf("routing rule %d", i+1))
	}
	p.checkPlaceholders()
	p.checkShared()
}

func (p *planner) stillUsed(field string, n *names, ids []string, user string) {
	for _, id := range ids {
		if name, ok := n.removed[id]; ok {
			p.fault(name.line, field, "the %s %q cannot be removed, %s still uses it; list that here without it", n.word, name.value, user)
		}
	}
}

// placeholder is {{field name}} in a template.
var placeholder = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

func (p *planner) checkPlaceholders() {
	inFile := map[string]text{}
	for _, e := range p.file.templates.entries {
		if !e.remove {
			inFile[e.name.value] = e.body.text
		}
	}
	lostFields := map[string]text{}
	for _, name := range p.fields.removed {
		lostFields[name.value] = name
	}
	for old, name := range p.fields.renamed {
		lostFields[old] = name
	}
	for _, t := range p.next.Settings.Templates {
		for _, match := range placeholder.FindAllStringSubmatch(t.Text, -1) {
			name := match[1]
			if _, known := p.fields.ids[name]; known {
				continue
			}
			if source, ok := inFile[t.Name]; ok {
				p.fault(source.line, fmt.Sprintf("template %q: text", t.Name), "no field is named %q; add it to fields, or correct what stands between {{ and }}", name)
			} else if lost, ok := lostFields[name]; ok {
				p.fault(lost.line, "fields", "template %q still uses {{%s}}; list that template here without it", t.Name, name)
			}
		}
	}
}

// checkShared refuses what would show one person's friends to another: each
// operator has a Slack user and a Slack channel of their own, which no other
// account has either.
func (p *planner) checkShared() {
	inFile := map[string]operator{}
	for _, e := range p.file.operators.entries {
		if !e.remove {
			inFile[e.name.value] = e.body
		}
	}
	type claim struct {
		by   string
		line int
	}
	claims := map[string]claim{}
	for channel, by := range p.taken {
		claims["slack_channel "+strings.ToLower(channel)] = claim{by: by}
	}
	check := func(field, value, by string, line int) {
		if value == "" {
			return
		}
		id := field + " " + strings.ToLower(value)
		first, taken := claims[id]
		if !taken {
			claims[id] = claim{by, line}
			return
		}
		if line = max(first.line, line); line == 0 {
			return // the file has no part in it
		}
		p.fault(line, by+": "+field, "%s is also that of %s; each needs their own", value, first.by)
	}
	check("slack_channel", p.next.Settings.OwnersChannel, "the owners", p.file.ownersChannel.line)
	for _, o := range p.next.Settings.Operators {
		by, source := fmt.Sprintf("operator %q", o.Key), inFile[o.Key]
		check("slack_channel", o.SlackChannel, by, source.slackChannel.line)
		check("slack_user", o.SlackUser, by, source.slackUser.line)
		check("email", o.Email, by, source.email.line)
	}
}
