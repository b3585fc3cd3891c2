package config_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/config"
	"madoguchi/operators"
)

func plan(t *testing.T, source string, current *bot.Account, applied *bot.Settings) (config.Change, error) {
	t.Helper()
	file, err := parse(source, secrets)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return config.Plan(file, current, applied, nil)
}

func mustPlan(t *testing.T, source string, current *bot.Account, applied *bot.Settings) config.Change {
	t.Helper()
	change, err := plan(t, source, current, applied)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return change
}

// stored is the account that salonFile makes, as storage would have it.
func stored(t *testing.T) *bot.Account {
	t.Helper()
	a := mustPlan(t, salonFile, nil, nil).Account
	a.Version = 7
	return &a
}

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant:\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestPlanOfANewAccount(t *testing.T) {
	change := mustPlan(t, salonFile, nil, nil)
	wantLines(t, "Lines", change.Lines,
		"+ account aoyama: name 青山サロン, timezone Asia/Tokyo, locale ja, owners [U0OWNER], reply.hold 5s, reply.lease 10m",
		"+ line: channel_secret, channel_token",
		"+ tag 青山店", "+ tag 渋谷店", "+ tag VIP", "+ tag 新規",
		"+ field お名前: type text", "+ field 誕生日: type date", "+ field 会員: type choice, choices [一般, 特別]",
		"+ template 営業時間: text",
		"+ permission set 青山店スタッフ: friends [青山店], view true, send true, images true, templates [営業時間]",
		"+ permission set 本部: friends all, view true, send draft, forms [アンケート], tags all",
		"+ operator sato: name 佐藤, slack_user U0SATO, email sato@example.com, permission_sets [青山店スタッフ]",
		"+ operator honbu: name 本部, email honbu@example.com, slack_channel C0HONBU, permission_sets [本部], also [U0BOSS]",
		`+ routing: when text contains "青山" or "あおやま", tags 青山店`,
		`+ routing: when postback data is "shop=shibuya", tags 渋谷店`,
		"+ routing: when the friend follows, tags 新規",
	)
	a := change.Account
	s := a.Settings
	if a.ID == "" || a.Slug != "aoyama" || a.Version != 0 || s.Name != "青山サロン" || s.Hold != 5*time.Second || s.Lease != 10*time.Minute {
		t.Errorf("account is %+v", a)
	}
	if !slices.Equal(a.LINE.Secrets, []string{"hunter2"}) || a.LINE.Token != "hunter3" || a.LINE.ChannelID != "" {
		t.Errorf("credentials are not those of the variables")
	}
	set := s.PermissionSets[0]
	if !slices.Equal(set.FriendTags, []string{s.Tags[0].ID}) || set.Rights.Send != operators.SendYes ||
		!slices.Equal(set.Rights.Templates.IDs, []string{s.Templates[0].ID}) || !s.PermissionSets[1].Rights.Tags.All {
		t.Errorf("permission sets are %+v", s.PermissionSets)
	}
	if !slices.Equal(s.Operators[0].PermissionSets, []string{set.ID}) {
		t.Errorf("operators are %+v", s.Operators)
	}
	if !slices.Equal(s.Rules[1].Tags, []string{s.Tags[1].ID}) || !s.Rules[2].When.Follow {
		t.Errorf("rules are %+v", s.Rules)
	}
	if len(change.Untouched)+len(change.Conflicts) > 0 {
		t.Errorf("untouched %v, conflicts %v", change.Untouched, change.Conflicts)
	}
}

func TestPlanOfAnAccountWithDefaults(t *testing.T) {
	s := mustPlan(t, "account: ab\nname: x\nowners: [U1]\nline: {channel_secret: s, channel_id: 0042}\n", nil, nil).Account
	if s.LINE.ChannelID != "0042" || s.Settings.Timezone != "Asia/Tokyo" || s.Settings.Locale != "ja" ||
		s.Settings.Hold != 5*time.Second || s.Settings.Lease != 10*time.Minute {
		t.Errorf("account is %+v with channel id %q", s, s.LINE.ChannelID)
	}
}

func TestPlanKeepsWhatTheFileLacks(t *testing.T) {
	current := stored(t)
	change := mustPlan(t, "account: aoyama\ntags: [VIP]\noperators:\n  - {key: honbu, name: 本部, email: honbu@example.com, slack_channel: C0HONBU, permission_sets: [本部], also: [U0BOSS]}\n", current, &current.Settings)
	wantLines(t, "Lines", change.Lines)
	wantLines(t, "Untouched", change.Untouched, "tag 青山店", "tag 渋谷店", "tag 新規", "operator sato")
	if change.Account.ID != current.ID || change.Account.Version != 7 {
		t.Errorf("id and version are %s, %d", change.Account.ID, change.Account.Version)
	}
}

func TestPlanLines(t *testing.T) {
	tests := []struct {
		name string
		file string // beneath account: aoyama
		want []string
	}{
		{"the same", strings.TrimPrefix(salonFile, "account: aoyama                 # slug\n"), nil},
		{"values", "name: 渋谷サロン\nlocale: en\nreply: {hold: 0s}\nowners: [U0OWNER, U0NEW]", []string{
			"~ account aoyama: name 青山サロン → 渋谷サロン, locale ja → en, owners [U0OWNER] → [U0OWNER, U0NEW], reply.hold 5s → 0s",
		}},
		{"an owner less", "owners: [U0NEW]", []string{"~ account aoyama: owners [U0OWNER] → [U0NEW]"}},
		{"a Slack channel for the owners", "owners_channel: C0OWNERS", []string{"~ account aoyama: owners_channel none → C0OWNERS"}},
		{"no Slack channel for the owners", "owners_channel: ''", nil},
		{"secrets rotate", "line: {channel_secret: [hunter2, hunter9], channel_token: hunter3}", []string{"~ line: channel_secret changed"}},
		{"short-lived tokens", "line: {channel_secret: hunter2, channel_id: 42}", []string{"~ line: channel_token removed, channel_id none → 42"}},
		{"token", "line: {channel_secret: hunter2, channel_token: hunter9}", []string{"~ line: channel_token changed"}},
		{"a new tag", "tags: [VIP, 常連]", []string{"+ tag 常連"}},
		{"renames", "tags: [{name: 上客, was: VIP}]\npermission_sets: [{name: 本店, was: 本部, friends: all, view: true, send: draft, tags: all, forms: [アンケート]}]", []string{
			"~ tag 上客: name VIP → 上客", "~ permission set 本店: name 本部 → 本店",
		}},
		{"renamed already", "tags: [{name: VIP, was: 上客}]", nil},
		{"removed already", "tags: [{name: 上客, remove: true}]\noperators: [{key: gone, remove: true}]", nil},
		{"removals", "tags: [{name: VIP, remove: true}]\noperators: [{key: honbu, remove: true, name: 本部}]\npermission_sets: [{name: 本部, remove: true}]", []string{
			"- tag VIP", "- permission set 本部", "- operator honbu",
		}},
		{"a listed entry is the whole truth", "permission_sets: [{name: 青山店スタッフ, friends: [青山店, VIP], view: true, send: draft}]", []string{
			"~ permission set 青山店スタッフ: friends [青山店] → [青山店, VIP], send true → draft, images true → false, templates [営業時間] → none",
		}},
		{"an operator", "operators: [{key: sato, name: 斎藤, slack_user: U0SATO}]", []string{
			"~ operator sato: name 佐藤 → 斎藤, email sato@example.com → none, permission_sets [青山店スタッフ] → []",
		}},
		{"whom to mention", "operators: [{key: sato, name: 佐藤, slack_user: U0SATO, email: sato@example.com, permission_sets: [青山店スタッフ], mention: none}]", []string{
			"~ operator sato: mention mine → none",
		}},
		{"mention is mine already", "operators: [{key: sato, name: 佐藤, slack_user: U0SATO, email: sato@example.com, permission_sets: [青山店スタッフ], mention: mine}]", nil},
		{"a template", "templates: [{name: 営業時間, text: 年中無休}]", []string{"~ template 営業時間: text changed"}},
		{"a field", "fields: [{name: 会員, type: choice, choices: [一般]}]", []string{"~ field 会員: choices [一般, 特別] → [一般]"}},
		{"rules", "routing: [{when: {follow: true}, tags: [新規, VIP]}, {when: {postback_data: shop=shibuya}, tags: [渋谷店]}]", []string{
			"+ routing: when the friend follows, tags 新規, VIP",
			`- routing: when text contains "青山" or "あおやま", tags 青山店`,
			"- routing: when the friend follows, tags 新規",
		}},
		{"order of rules", "routing: [{when: {follow: true}, tags: [新規]}, {when: {text_contains: [青山, あおやま]}, tags: [青山店]}, {when: {postback_data: shop=shibuya}, tags: [渋谷店]}]", []string{
			"~ routing: order changed",
		}},
		{"no rules", "routing: []", []string{
			`- routing: when text contains "青山" or "あおやま", tags 青山店`,
			`- routing: when postback data is "shop=shibuya", tags 渋谷店`,
			"- routing: when the friend follows, tags 新規",
		}},
		{"order of a whole list", "tags: [VIP, 新規, 常連, 青山店, 渋谷店]", []string{"+ tag 常連", "~ tags: order changed"}},
		{"order of a part", "tags: [VIP, 青山店]", nil},
		{"references to what stands below", "routing: [{when: {follow: true}, tags: [常連]}]\ntags: [常連]", []string{
			"+ tag 常連",
			"+ routing: when the friend follows, tags 常連",
			`- routing: when text contains "青山" or "あおやま", tags 青山店`,
			`- routing: when postback data is "shop=shibuya", tags 渋谷店`,
			"- routing: when the friend follows, tags 新規",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			current := stored(t)
			change := mustPlan(t, "account: aoyama\n"+test.file+"\n", current, &current.Settings)
			wantLines(t, "Lines", change.Lines, test.want...)
			wantLines(t, "Conflicts", change.Conflicts)
			again := mustPlan(t, "account: aoyama\n"+test.file+"\n", &change.Account, &change.Account.Settings)
			wantLines(t, "Lines of applying it twice", again.Lines)
			if said := fmt.Sprint(change.Lines); strings.Contains(said, "hunter") {
				t.Errorf("a secret is printed: %s", said)
			}
		})
	}
}

func TestPlanKeepsIDs(t *testing.T) {
	current := stored(t)
	change := mustPlan(t, "account: aoyama\ntags: [新しい, {name: 上客, was: VIP}]\n", current, &current.Settings)
	before, after := current.Settings.Tags, change.Account.Settings.Tags
	if len(after) != 5 || after[2].ID != before[2].ID || after[2].Name != "上客" || before[2].Name != "VIP" {
		t.Errorf("tags are %+v, were %+v", after, before)
	}
	if fresh := after[4]; fresh.Name != "新しい" || fresh.ID == "" || slices.Contains(before, fresh) {
		t.Errorf("the new tag is %+v", fresh)
	}
}

// TestPlanFaults marks with a ! the line on which a fault is expected.
func TestPlanFaults(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"unknown tag", "permission_sets:\n  - name: x\n    !friends: [常連]", `permission set "x": friends: no tag is named "常連"; add it`},
		{"unknown tag of a right", "permission_sets:\n  - name: x\n    friends: all\n    !tags: [常連]", `permission set "x": tags: no tag is named "常連"; add it`},
		{"unknown template", "permission_sets:\n  - name: x\n    friends: all\n    !templates: [挨拶]", `permission set "x": templates: no template is named "挨拶"; add it`},
		{"unknown field", "permission_sets:\n  - name: x\n    friends: all\n    !fields: [住所]", `permission set "x": fields: no field is named "住所"; add it`},
		{"unknown permission set", "operators:\n  - key: sato\n    name: x\n    slack_user: U0SATO\n    !permission_sets: [店長]", `operator "sato": permission_sets: no permission set is named "店長"; add it`},
		{"unknown tag of a rule", "routing:\n  !- {when: {follow: true}, tags: [常連]}", `routing[1].tags: no tag is named "常連"; add it`},
		{"reference to what is removed", "tags: [{name: 新規, remove: true}]\nrouting:\n  !- {when: {follow: true}, tags: [新規]}", `routing[1].tags: the tag "新規" is removed on line 2; take it out here too`},
		{"reference by the old name", "tags: [{name: 初回, was: 新規}]\nrouting:\n  !- {when: {follow: true}, tags: [新規]}", `routing[1].tags: the tag "新規" is renamed on line 2; write "初回"`},
		{"removed but used by a set", "routing: []\ntags:\n  !- {name: 青山店, remove: true}", `tags: the tag "青山店" cannot be removed, permission set "青山店スタッフ" still uses it; list that here without it`},
		{"removed but used by a rule", "tags:\n  !- {name: 新規, remove: true}", `tags: the tag "新規" cannot be removed, routing rule 3 still uses it; list`},
		{"removed but held", "permission_sets:\n  !- {name: 本部, remove: true}", `permission_sets: the permission set "本部" cannot be removed, operator "honbu" still uses it; list`},
		{"template removed but given", "templates:\n  !- {name: 営業時間, remove: true}", `templates: the template "営業時間" cannot be removed, permission set "青山店スタッフ" still uses it; list`},
		{"field renamed under a template", "fields:\n  !- {name: 氏名, was: お名前}", `fields: template "営業時間" still uses {{お名前}}; list that template`},
		{"field removed under a template", "fields:\n  !- {name: お名前, remove: true}", `fields: template "営業時間" still uses {{お名前}}; list that template`},
		{"unknown placeholder", "templates:\n  - name: x\n    !text: \"{{ 住所 }}は\"", `template "x": text: no field is named "住所"; add it`},
		{"was nothing", "tags:\n  !- {name: 常連, was: 上得意}", `tags: was: no tag is named "上得意"; take was: away`},
		{"was and is", "tags:\n  !- {name: VIP, was: 新規}", `tags: was: there are both "新規" and "VIP"; take was: away`},
		{"one Slack user twice", "operators:\n  - key: saito\n    name: 斎藤\n    !slack_user: U0SATO", `operator "saito": slack_user: U0SATO is also that of operator "sato"; each needs`},
		{"one address twice", "operators:\n  - key: saito\n    name: 斎藤\n    !email: SATO@example.com", `operator "saito": email: SATO@example.com is also that of operator "sato"; each needs`},
		{"one Slack channel twice", "operators:\n  - key: saito\n    name: 斎藤\n    slack_user: U0SAITO\n    !slack_channel: C0HONBU", `operator "saito": slack_channel: C0HONBU is also that of operator "honbu"; each needs`},
		{"the owners' Slack channel", "!owners_channel: C0HONBU", `operator "honbu": slack_channel: C0HONBU is also that of the owners; each needs`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := "account: aoyama\n" + test.file + "\n"
			at := strings.Index(source, "!")
			current := stored(t)
			_, err := plan(t, source[:at]+source[at+1:], current, &current.Settings)
			want := fmt.Sprintf("a.yaml:%d: %s", 1+strings.Count(source[:at], "\n"), test.want)
			faults, _ := errors.AsType[config.Faults](err)
			if len(faults) != 1 || !strings.HasPrefix(faults[0], want) {
				t.Errorf("got %q, want one fault %q", faults, want)
			}
		})
	}
}

// A Slack channel is one account's only, whatever the case it is written in.
func TestPlanRefusesASlackChannelOfAnotherAccount(t *testing.T) {
	taken := map[string]string{"C0THEIRS": `the owners of account "shibuya"`}
	for file, want := range map[string]string{
		"owners_channel: C0THEIRS": "a.yaml:2: the owners: slack_channel: C0THEIRS is also that of the owners of account \"shibuya\"; each needs their own",
		"operators:\n  - key: saito\n    name: 斎藤\n    slack_user: U0SAITO\n    slack_channel: C0THEIRS": "a.yaml:6: operator \"saito\": slack_channel: C0THEIRS is also that of " +
			"the owners of account \"shibuya\"; each needs their own",
		"name: 別の名前": "",
	} {
		source := "account: aoyama\n" + file + "\n"
		parsed, err := parse(source, secrets)
		if err != nil {
			t.Fatal(err)
		}
		current := stored(t)
		_, err = config.Plan(parsed, current, &current.Settings, taken)
		if got := fmt.Sprint(err); got != want && (want != "" || err != nil) {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
}

func TestPlanNeedsWhatANewAccountCannotWorkWithout(t *testing.T) {
	_, err := plan(t, "# new\naccount: ab\n", nil, nil)
	want := `a.yaml:2: name: is missing; a new account needs one: what people call it
a.yaml:2: line: is missing; a new account needs channel_secret, and channel_token or channel_id
a.yaml:2: owners: is missing; a new account needs at least one Slack user id`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestPlanIsForOneAccount(t *testing.T) {
	if _, err := plan(t, "account: other\n", stored(t), nil); err == nil {
		t.Error("a file for another account was planned")
	}
}

// Other credentials may be another bot's: what is known of the last one's must
// not make its webhooks look strayed.
func TestPlanForgetsTheBotOfOtherCredentials(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{"name: 渋谷サロン", "Ubot"},
		{"line: {channel_secret: hunter2, channel_token: hunter3}", "Ubot"},
		{"line: {channel_secret: hunter2, channel_token: hunter9}", ""},
		{"line: {channel_secret: hunter9, channel_token: hunter3}", ""},
		{"line: {channel_secret: hunter2, channel_id: 42}", ""},
	} {
		current := stored(t)
		current.BotUserID = "Ubot"
		change := mustPlan(t, "account: aoyama\n"+test.file+"\n", current, &current.Settings)
		if got := change.Account.BotUserID; got != test.want {
			t.Errorf("%s: the bot is %q, want %q", test.file, got, test.want)
		}
	}
}
