package config_test

import (
	"slices"
	"testing"

	"madoguchi/bot"
	"madoguchi/operators"
	"madoguchi/routing"
)

func TestConflicts(t *testing.T) {
	tests := []struct {
		name      string
		elsewhere func(*bot.Settings) // what was done in Slack since the last apply
		file      string
		want      []string
		untouched []string
	}{
		{
			"changed, and the file has it as before",
			func(s *bot.Settings) { s.PermissionSets[1].Rights.Send = operators.SendYes },
			"permission_sets: [{name: 本部, friends: all, view: true, send: draft, tags: all, forms: [アンケート]}]",
			[]string{"permission set 本部: changed elsewhere since the last apply: send draft → true; the file makes it send draft"},
			[]string{"permission set 青山店スタッフ"},
		},
		{
			"changed to what the file says",
			func(s *bot.Settings) { s.PermissionSets[1].Rights.Send = operators.SendYes },
			"permission_sets: [{name: 本部, friends: all, view: true, send: true, tags: all, forms: [アンケート]}]",
			nil,
			[]string{"permission set 青山店スタッフ"},
		},
		{
			"changed, and the file lacks it",
			func(s *bot.Settings) { s.PermissionSets[1].Rights.Send = operators.SendYes },
			"name: 新サロン", nil, nil,
		},
		{
			"another value of the same entry",
			func(s *bot.Settings) { s.Operators[0].Name = "佐藤さん" },
			"operators: [{key: sato, name: 佐藤さん, slack_user: U0SATO}]", nil,
			[]string{"operator honbu"},
		},
		{
			"a template's text",
			func(s *bot.Settings) { s.Templates[0].Text = "変更" },
			"templates: [{name: 営業時間, text: 年中無休}]",
			[]string{"template 営業時間: changed elsewhere since the last apply: text changed; the file makes it text something else"},
			nil,
		},
		{
			"renamed",
			func(s *bot.Settings) { s.Tags[2].Name = "上客" },
			"tags: [青山店, 渋谷店, VIP, 新規]",
			[]string{"tag 上客: changed elsewhere since the last apply: name VIP → 上客; the file makes it name VIP"},
			nil,
		},
		{
			"renamed, and the file removes it by its old name",
			func(s *bot.Settings) { s.Tags[2].Name = "上客" },
			"tags: [{name: VIP, remove: true}]",
			[]string{"tag 上客: name VIP → 上客 was changed elsewhere since the last apply, and the file removes it"},
			[]string{"tag 青山店", "tag 渋谷店", "tag 新規"},
		},
		{
			"added, and the file lacks it",
			func(s *bot.Settings) { s.Tags = append(s.Tags, routing.Tag{ID: "new", Name: "常連"}) },
			"tags: [青山店, 渋谷店, VIP, 新規]", nil,
			[]string{"tag 常連"},
		},
		{
			"added, and the file removes it",
			func(s *bot.Settings) { s.Tags = append(s.Tags, routing.Tag{ID: "new", Name: "常連"}) },
			"tags: [青山店, 渋谷店, VIP, 新規, {name: 常連, remove: true}]",
			[]string{"tag 常連: was added elsewhere since the last apply, and the file removes it"},
			nil,
		},
		{
			"removed, and the file has it",
			func(s *bot.Settings) { s.Tags = slices.Delete(s.Tags, 2, 3) },
			"tags: [青山店, 渋谷店, VIP, 新規]",
			[]string{"tag VIP: was removed elsewhere since the last apply, and the file adds it again"},
			nil,
		},
		{
			"rules added",
			func(s *bot.Settings) {
				s.Rules = append(s.Rules, routing.Rule{When: routing.Condition{PostbackData: "vip"}, Tags: []string{s.Tags[2].ID}})
			},
			"routing: [{when: {text_contains: [青山, あおやま]}, tags: [青山店]}, {when: {postback_data: shop=shibuya}, tags: [渋谷店]}, {when: {follow: true}, tags: [新規]}]",
			[]string{`routing: when postback data is "vip", tags VIP: was added elsewhere since the last apply, and the file removes it`},
			nil,
		},
		{
			"owners",
			func(s *bot.Settings) { s.Owners = []string{"U0OWNER", "U0SECOND"} },
			"owners: [U0OWNER]",
			[]string{"account aoyama: changed elsewhere since the last apply: owners [U0OWNER] → [U0OWNER, U0SECOND]; the file makes it owners [U0OWNER]"},
			nil,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			applied := stored(t).Settings
			current := &bot.Account{ID: "id", Slug: "aoyama", Settings: applied}
			s := &current.Settings
			s.Tags, s.Templates, s.Operators = slices.Clone(s.Tags), slices.Clone(s.Templates), slices.Clone(s.Operators)
			s.PermissionSets = slices.Clone(s.PermissionSets)
			test.elsewhere(s)
			change := mustPlan(t, "account: aoyama\n"+test.file+"\n", current, &applied)
			wantLines(t, "Conflicts", change.Conflicts, test.want...)
			wantLines(t, "Untouched", change.Untouched, test.untouched...)
		})
	}
}
