package config

import (
	"strings"

	"madoguchi/bot"
	"madoguchi/operators"
)

// Export prints an account as an account file. It holds no secrets, and
// applying it to the same account changes nothing: the LINE credentials stand
// there as a comment only.
func Export(account bot.Account) []byte {
	s := &account.Settings
	w := &exporter{tags: map[string]string{}, fields: map[string]string{}, templates: map[string]string{}, sets: map[string]string{}}
	for _, t := range s.Tags {
		w.tags[t.ID] = t.Name
	}
	for _, f := range s.Fields {
		w.fields[f.ID] = f.Name
	}
	for _, t := range s.Templates {
		w.templates[t.ID] = t.Name
	}
	for _, set := range s.PermissionSets {
		w.sets[set.ID] = set.Name
	}

	w.pair("", "account", scalar(account.Slug))
	w.pair("", "name", scalar(s.Name))
	w.pair("", "timezone", scalar(s.Timezone))
	w.pair("", "locale", scalar(s.Locale))
	w.line("# The LINE credentials are not printed. To change them, take the # away.")
	w.line("# line:")
	w.line("#   channel_secret: ${LINE_CHANNEL_SECRET}")
	if account.LINE.ChannelID != "" {
		w.line("#   channel_id: " + scalar(account.LINE.ChannelID))
	} else {
		w.line("#   channel_token: ${LINE_CHANNEL_TOKEN}")
	}
	w.pair("", "owners", flow(s.Owners))
	if s.OwnersChannel != "" {
		w.pair("", "owners_channel", scalar(s.OwnersChannel))
	}
	w.line("reply:")
	w.pair("  ", "hold", showDuration(s.Hold))
	w.pair("  ", "lease", showDuration(s.Lease))

	w.tagList(s)
	w.fieldList(s)
	w.templateList(s)
	w.setList(s)
	w.operatorList(s)
	w.ruleList(s)
	return []byte(w.out.String())
}

// exporter writes YAML. The maps are names by id; what is gone has none and is
// left out, which says the same.
type exporter struct {
	out                           strings.Builder
	tags, fields, templates, sets map[string]string
}

func (w *exporter) line(text string) {
	w.out.WriteString(text)
	w.out.WriteByte('\n')
}

func (w *exporter) pair(indent, key, value string) { w.line(indent + key + ": " + value) }

func (w *exporter) tagList(s *bot.Settings) {
	if len(s.Tags) == 0 {
		return
	}
	names := make([]string, len(s.Tags))
	for i, t := range s.Tags {
		names[i] = t.Name
	}
	w.line("tags:")
	for _, name := range names {
		w.line("  - " + scalar(name))
	}
}

func (w *exporter) fieldList(s *bot.Settings) {
	if len(s.Fields) == 0 {
		return
	}
	w.line("fields:")
	for _, f := range s.Fields {
		w.pair("  - ", "name", scalar(f.Name))
		if f.Type != "" && f.Type != "text" {
			w.pair("    ", "type", f.Type)
		}
		if len(f.Choices) > 0 {
			w.pair("    ", "choices", flow(f.Choices))
		}
	}
}

func (w *exporter) templateList(s *bot.Settings) {
	if len(s.Templates) == 0 {
		return
	}
	w.line("templates:")
	for _, t := range s.Templates {
		w.pair("  - ", "name", scalar(t.Name))
		w.pair("    ", "text", paragraph("      ", t.Text))
	}
}

func (w *exporter) setList(s *bot.Settings) {
	if len(s.PermissionSets) == 0 {
		return
	}
	w.line("permission_sets:")
	for _, set := range s.PermissionSets {
		w.pair("  - ", "name", scalar(set.Name))
		if set.AllFriends {
			w.pair("    ", "friends", "all")
		} else {
			w.pair("    ", "friends", flow(known(w.tags, set.FriendTags)))
		}
		w.rights(set.Rights)
	}
}

func (w *exporter) rights(r operators.Rights) {
	yes := func(key string, given bool) {
		if given {
			w.pair("    ", key, "true")
		}
	}
	list := func(right operators.Right, names map[string]string) {
		l := rightList(r, right)
		given := l.IDs
		if names != nil {
			given = known(names, l.IDs)
		}
		if l.All {
			w.pair("    ", string(right), "all")
		} else if len(given) > 0 {
			w.pair("    ", string(right), flow(given))
		}
	}
	yes("view", r.View)
	if r.Send != operators.SendNo {
		w.pair("    ", "send", string(r.Send))
	}
	yes("approve", r.Approve)
	list(operators.Templates, w.templates)
	yes("images", r.Images)
	yes("pdfs", r.PDFs)
	list(operators.Fields, w.fields)
	list(operators.Forms, nil)
	list(operators.Tags, w.tags)
	list(operators.Calendars, nil)
	yes("notifications", r.Notifications)
}

func (w *exporter) operatorList(s *bot.Settings) {
	if len(s.Operators) == 0 {
		return
	}
	w.line("operators:")
	for _, o := range s.Operators {
		w.pair("  - ", "key", scalar(o.Key))
		w.pair("    ", "name", scalar(o.Name))
		optional := func(key, value string) {
			if value != "" {
				w.pair("    ", key, scalar(value))
			}
		}
		optional("slack_user", o.SlackUser)
		optional("email", o.Email)
		optional("slack_channel", o.SlackChannel)
		w.pair("    ", "permission_sets", flow(known(w.sets, o.PermissionSets)))
		if len(o.Also) > 0 {
			w.pair("    ", "also", flow(o.Also))
		}
		if o.Mention != "" {
			w.pair("    ", "mention", string(o.Mention))
		}
	}
}

func (w *exporter) ruleList(s *bot.Settings) {
	if len(s.Rules) == 0 {
		return
	}
	w.line("routing:")
	for _, r := range s.Rules {
		w.line("  - when:")
		if len(r.When.TextContains) > 0 {
			w.pair("      ", "text_contains", flow(r.When.TextContains))
		}
		if r.When.PostbackData != "" {
			w.pair("      ", "postback_data", scalar(r.When.PostbackData))
		}
		if r.When.Follow {
			w.pair("      ", "follow", "true")
		}
		w.pair("    ", "tags", flow(known(w.tags, r.Tags)))
	}
}

func known(names map[string]string, ids []string) []string {
	var out []string
	for _, id := range ids {
		if name := names[id]; name != "" {
			out = append(out, name)
		}
	}
	return out
}
