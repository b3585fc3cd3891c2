package config

import (
	"fmt"
	"strconv"
	"strings"

	"madoguchi/bot"
	"madoguchi/operators"
	"madoguchi/routing"
)

// subject is one thing of an account that a line of a change can speak of.
type subject struct {
	kind  string
	key   string // unique within the kind, and outlives a rename
	name  string
	facts []fact
}

// fact is one thing that is so about a subject.
type fact struct {
	name string
	same string // equal as long as nothing changed; "" where nothing is set
	// show is for people. It is empty for what is a secret or too long: then a
	// line says only that it changed.
	show string
}

func (s subject) label() string {
	switch {
	case s.name == "":
		return s.kind
	case s.kind == kindRule:
		return s.kind + ": " + s.name
	default:
		return s.kind + " " + s.name
	}
}

func (s subject) labelled(what string) string { return s.label() + ": " + what }

func (s subject) fact(name string) fact {
	for _, f := range s.facts {
		if f.name == name {
			return f
		}
	}
	return fact{name: name}
}

// The kinds of subjects. Their order is that of the lines.
const (
	kindAccount  = "account"
	kindLINE     = "line"
	kindTag      = "tag"
	kindField    = "field"
	kindTemplate = "template"
	kindSet      = "permission set"
	kindOperator = "operator"
	kindRule     = "routing"
)

var kinds = []string{kindAccount, kindLINE, kindTag, kindField, kindTemplate, kindSet, kindOperator, kindRule}

// sections are the parts of the file that list the subjects of a kind.
var sections = map[string]string{
	kindTag: "tags", kindField: "fields", kindTemplate: "templates", kindSet: "permission_sets",
	kindOperator: "operators", kindRule: "routing",
}

func describeAccount(a *bot.Account) []subject {
	s := &a.Settings
	subjects := []subject{
		{kind: kindAccount, name: a.Slug, facts: []fact{
			plain("name", s.Name),
			plain("timezone", s.Timezone),
			plain("locale", s.Locale),
			listed("owners", s.Owners, s.Owners),
			plain("owners_channel", s.OwnersChannel),
			plain("reply.hold", showDuration(s.Hold)),
			plain("reply.lease", showDuration(s.Lease)),
		}},
		{kind: kindLINE, facts: []fact{
			hidden("channel_secret", strings.Join(a.LINE.Secrets, "\n")),
			hidden("channel_token", a.LINE.Token),
			plain("channel_id", a.LINE.ChannelID),
		}},
	}
	names := map[string]string{}
	for _, t := range s.Tags {
		names[t.ID] = t.Name
		subjects = append(subjects, subject{kindTag, t.ID, t.Name, []fact{plain("name", t.Name)}})
	}
	for _, f := range s.Fields {
		names[f.ID] = f.Name
		subjects = append(subjects, subject{kindField, f.ID, f.Name, []fact{
			plain("name", f.Name), plain("type", f.Type), listed("choices", f.Choices, f.Choices),
		}})
	}
	for _, t := range s.Templates {
		names[t.ID] = t.Name
		subjects = append(subjects, subject{kindTemplate, t.ID, t.Name, []fact{plain("name", t.Name), hidden("text", t.Text)}})
	}
	for _, set := range s.PermissionSets {
		names[set.ID] = set.Name
		subjects = append(subjects, subject{kindSet, set.ID, set.Name, describeSet(set, names)})
	}
	for _, o := range s.Operators {
		subjects = append(subjects, subject{kindOperator, o.Key, o.Key, []fact{
			plain("name", o.Name),
			plain("slack_user", o.SlackUser),
			plain("email", o.Email),
			plain("slack_channel", o.SlackChannel),
			listed("permission_sets", o.PermissionSets, of(names, o.PermissionSets)),
			listed("also", o.Also, o.Also),
			describeMention(o.Mention),
		}})
	}
	return append(subjects, describeRules(s.Rules, names)...)
}

func describeMention(m operators.Mention) fact {
	if m == "" || m == operators.MentionMine {
		return fact{name: "mention", show: string(operators.MentionMine)}
	}
	return plain("mention", string(m))
}

func describeSet(s operators.PermissionSet, names map[string]string) []fact {
	friends := listed("friends", s.FriendTags, of(names, s.FriendTags))
	if s.AllFriends {
		friends = plain("friends", "all")
	}
	facts := []fact{
		plain("name", s.Name),
		friends,
		yesNo("view", s.Rights.View),
		{"send", string(s.Rights.Send), string(s.Rights.Send)},
		yesNo("approve", s.Rights.Approve),
		yesNo("images", s.Rights.Images),
		yesNo("pdfs", s.Rights.PDFs),
		yesNo("notifications", s.Rights.Notifications),
	}
	if s.Rights.Send == operators.SendNo {
		facts[3].show = "false"
	}
	for _, right := range listRights {
		l := rightList(s.Rights, right)
		f := listed(string(right), l.IDs, of(names, l.IDs))
		switch {
		case l.All:
			f = plain(string(right), "all")
		case len(l.IDs) == 0:
			f.show = "none"
		}
		facts = append(facts, f)
	}
	return facts
}

func rightList(r operators.Rights, right operators.Right) operators.List {
	switch right {
	case operators.Templates:
		return r.Templates
	case operators.Fields:
		return r.Fields
	case operators.Forms:
		return r.Forms
	case operators.Tags:
		return r.Tags
	case operators.Calendars:
		return r.Calendars
	default:
		return operators.List{}
	}
}

// describeRules makes a subject of each rule. A rule has neither name nor id:
// it is what it says, and a rule that says something else is another one.
func describeRules(rules []routing.Rule, names map[string]string) []subject {
	var subjects []subject
	seen := map[string]int{}
	for _, r := range rules {
		key := fmt.Sprintf("%q %q %t %q", r.When.TextContains, r.When.PostbackData, r.When.Follow, r.Tags)
		seen[key]++
		var when []string
		if len(r.When.TextContains) > 0 {
			when = append(when, "text contains "+strings.Join(quoted(r.When.TextContains), " or "))
		}
		if r.When.PostbackData != "" {
			when = append(when, "postback data is "+strconv.Quote(r.When.PostbackData))
		}
		if r.When.Follow {
			when = append(when, "the friend follows")
		}
		subjects = append(subjects, subject{
			kind: kindRule,
			key:  fmt.Sprintf("%s #%d", key, seen[key]),
			name: fmt.Sprintf("when %s, tags %s", strings.Join(when, " and "), strings.Join(of(names, r.Tags), ", ")),
		})
	}
	return subjects
}

func plain(name, value string) fact { return fact{name, value, value} }

func hidden(name, value string) fact { return fact{name, value, ""} }

func yesNo(name string, value bool) fact {
	if value {
		return plain(name, "true")
	}
	return fact{name: name, show: "false"}
}

// listed compares by ids, so that the rename of a tag is one change and not
// one of everything that names it.
func listed(name string, ids, shown []string) fact {
	if len(ids) == 0 {
		return fact{name: name, show: "[]"}
	}
	return fact{name, strings.Join(quoted(ids), ","), "[" + strings.Join(shown, ", ") + "]"}
}

func quoted(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strconv.Quote(t)
	}
	return out
}

func of(names map[string]string, ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		if out[i] = names[id]; out[i] == "" {
			out[i] = id
		}
	}
	return out
}
