package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"madoguchi/config"
)

var secrets = given{"LINE_CHANNEL_SECRET": "hunter2", "LINE_CHANNEL_TOKEN": "hunter3", "LINE_CHANNEL_ID": "0042"}

func parse(source string, env given) (*config.File, error) {
	return config.Parse("a.yaml", []byte(source), env.getenv, env.readFile)
}

const salonFile = `account: aoyama                 # slug
name: 青山サロン
timezone: Asia/Tokyo
locale: ja
line:
  channel_secret: ${LINE_CHANNEL_SECRET}
  channel_token: ${LINE_CHANNEL_TOKEN}
owners: [U0OWNER]
reply:
  hold: 5s
  lease: 10m
tags: [青山店, 渋谷店, VIP, 新規]
fields: [{name: お名前}, {name: 誕生日, type: date}, {name: 会員, type: choice, choices: [一般, 特別]}]
templates:
  - {name: 営業時間, text: "{{お名前}}様、営業時間は11時から20時です。"}
permission_sets:
  - name: 青山店スタッフ
    friends: [青山店]
    view: true
    send: true
    templates: [営業時間]
    images: true
  - name: 本部
    friends: all
    view: true
    send: draft
    approve: false
    tags: all
    fields: none
    forms: [アンケート]
operators:
  - key: sato
    name: 佐藤
    slack_user: U0SATO
    email: sato@example.com
    permission_sets: [青山店スタッフ]
    also: []
  - {key: honbu, name: 本部, email: honbu@example.com, slack_channel: C0HONBU, permission_sets: [本部], also: [U0BOSS]}
routing:
  - {when: {text_contains: [青山, あおやま]}, tags: [青山店]}
  - {when: {postback_data: "shop=shibuya"}, tags: [渋谷店]}
  - {when: {follow: true}, tags: [新規]}
`

func TestParse(t *testing.T) {
	for name, source := range map[string]string{
		"as it is":               salonFile,
		"with a byte order mark": "\ufeff" + salonFile,
		"with CRLF":              strings.ReplaceAll(salonFile, "\n", "\r\n"),
		"with a document start":  "---\n" + salonFile,
	} {
		f, err := parse(source, secrets)
		if err != nil || f.Account != "aoyama" {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

// TestParseFaults marks with a ! the line on which a fault is expected.
func TestParseFaults(t *testing.T) {
	tests := []struct {
		source string
		want   string // after the line number: field, what, what to do
	}{
		{"!", "file: is empty; begin with account:"},
		{"!# nothing", "file: is empty; begin with account:"},
		{"account: a1\n---\n!account: a2", "file: holds several documents; put each"},
		{"!- a", "file: is a list; write keys and values, such as account: …"},
		{"!name: x", "account: is missing; name the account"},
		{"!account: A", `account: "A" is not right; write 2 to 32 of a-z, 0-9 and -`},
		{"!account: a", `account: "a" is not right; write 2 to 32`},
		{"!account: 12", "account: is a number; put it in quotes"},
		{"!account:", "account: is empty; write a text"},
		{"account: ab\n!acount: x", "acount: is not known here; the keys are account, name"},
		{"account: ab\nname: x\n!name: y", "name: is given twice; keep one of them (the other is on line 2)"},
		{"account: ab\n!name: \"a\\nb\"", "name: holds a line break"},
		{"account: ab\n!name: \" a\"", "name: begins or ends with a space; take it away"},
		{"account: ab\n!name: " + strings.Repeat("あ", 76), "name: is longer than 75 characters; shorten it"},
		{"account: ab\n!name: [x]", "name: is a list; write a text"},
		{"account: ab\n!timezone: Tokyo", `timezone: "Tokyo" is not known; write a name of the tz database`},
		{"account: ab\n!timezone: Local", `timezone: "Local" is not known; write`},
		{"account: ab\n!timezone: ../../etc/passwd", `timezone: "../../etc/passwd" is not known; write`},
		{"account: ab\n!locale: fr", `locale: "fr" is not a language that the bot speaks; write ja or en`},

		{"account: ab\nreply:\n  !hold: 31s", "reply.hold: 31s is out of range; write something from 0s to 30s"},
		{"account: ab\nreply:\n  !hold: -1s", "reply.hold: -1s is out of range; write"},
		{"account: ab\nreply:\n  !hold: 5", "reply.hold: has no unit; write it as 5s"},
		{"account: ab\nreply:\n  !hold: soon", `reply.hold: "soon" is not a duration; write it as 5s`},
		{"account: ab\nreply:\n  hold: 5s\n  !lease: 25h", "reply.lease: 25h is out of range; write something from 0s to 24h"},
		{"account: ab\nreply:\n  !wait: 5s", "reply.wait: is not known here; the keys are hold, lease"},
		{"account: ab\n!reply:", "reply: is empty; write keys and values"},

		{"account: ab\n!owners: []", "owners: is empty; name at least one owner"},
		{"account: ab\n!owners: U0OWNER", "owners: is a text; write a list"},
		{"account: ab\nowners:\n  - U0OWNER\n  !- sato", `owners: "sato" is not right; write a Slack user id`},
		{"account: ab\nowners:\n  - U0OWNER\n  !- U0OWNER", `owners: has "U0OWNER" twice; keep one`},
		{"account: ab\n!owners_channel: general", `owners_channel: "general" is not right; write the id of a Slack channel`},

		{"account: ab\nline:\n  !channel_token: x", "line.channel_secret: is missing; write ${LINE_CHANNEL_SECRET}"},
		{"account: ab\nline:\n  !channel_secret: x", "line.channel_token: is missing, and so is channel_id; give"},
		{"account: ab\nline:\n  channel_secret: x\n  channel_token: y\n  !channel_id: 1", "line.channel_id: is given, and channel_token too; keep one"},
		{"account: ab\nline:\n  channel_secret: x\n  !channel_id: abc", "line.channel_id: is not a number; copy"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: \"\"", "line.channel_secret: is empty; write the value or ${VARIABLE}"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret:", "line.channel_secret: is empty; write"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: []", "line.channel_secret: lists 0 secrets; write one, or two while rotating"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: [a, b, c]", "line.channel_secret: lists 3 secrets; write"},
		{"account: ab\nline:\n  channel_token: x\n  channel_secret:\n    - a\n    !- ''", "line.channel_secret: is empty; write"},
		{"account: ab\nline:\n  channel_token: x\n  channel_secret:\n    - a\n    !- a", "line.channel_secret: is the same secret twice; write"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: ${UNSET}", "line.channel_secret: the variable UNSET is not set; set UNSET, or UNSET_FILE"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: ${EMPTY}", "line.channel_secret: the variable EMPTY is not set; set"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: ${GONE}", "line.channel_secret: the variable GONE cannot be read from its file: open gone"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: ${BOTH}", "line.channel_secret: the variable BOTH is given, and BOTH_FILE too; keep"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: ${LINE", "line.channel_secret: holds ${ without a variable's name and }; write ${NAME}"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: hunter2 hunter2", "line.channel_secret: holds a space or another character"},
		{"account: ab\nline:\n  channel_token: x\n  !channel_secret: {hunter2: a}", `line.channel_secret: is a mapping; write the value or "${VARIABLE}", in quotes`},
		{"account: ab\nline:\n  channel_token: x\n  channel_secret: y\n  !secret: z", "line.secret: is not known here; the keys are channel_secret"},

		{"account: ab\n!tags: VIP", "tags: is a text; write a list"},
		{"account: ab\ntags:\n  - a\n  !- 2024", "tags[2]: is a number; write keys and values"},
		{"account: ab\ntags:\n  - a\n  !- a", `tags: name "a" is given twice; keep one of them (the other is on line 3)`},
		{"account: ab\ntags:\n  - か\u3099\n  !- が", `tags: name "が" is given twice; keep one`},
		{"account: ab\ntags:\n  - a\n  !- ''", "tags[2]: is empty; write a name"},
		{"account: ab\ntags:\n  !- {was: a}", "tags[1].name: is missing; write one"},
		{"account: ab\ntags:\n  !- {name: a, color: red}", "tags[1].color: is not known here; the keys are name, remove, was"},
		{"account: ab\ntags:\n  - a\n  !- {name: b, was: a}", `tags: was: "a" is also an entry of its own, on line 3; take was: away`},
		{"account: ab\ntags:\n  - {name: b, was: a}\n  !- {name: c, was: a}", `tags: was: "a" is given twice; keep one`},
		{"account: ab\ntags:\n  !- {name: b, was: a, remove: true}", "tags[1].was: makes no sense with remove: true; keep one"},
		{"account: ab\ntags:\n  !- {name: b, remove: yes}", "tags[1].remove: is a text; write true or false"},

		{"account: ab\nfields:\n  !- お名前", "fields[1]: is a text; write keys and values, such as name: …"},
		{"account: ab\nfields:\n  - name: x\n    !type: datetime", `fields[1].type: "datetime" is not known; write text, number, date or choice`},
		{"account: ab\nfields:\n  !- {name: x, type: choice}", "fields[1].choices: is missing; list what may be chosen"},
		{"account: ab\nfields:\n  !- {name: x, type: choice, choices: []}", "fields[1].choices: offers nothing; list"},
		{"account: ab\nfields:\n  !- {name: x, choices: [a]}", "fields[1].choices: belongs to type: choice; write"},
		{"account: ab\nfields:\n  !- {name: \"a}}\"}", "fields[1].name: holds a brace"},

		{"account: ab\ntemplates:\n  !- name: x", "templates[1].text: is missing; write what is to be sent"},
		{"account: ab\ntemplates:\n  - name: x\n    !text: ' '", "templates[1].text: is empty; write"},
		{"account: ab\ntemplates:\n  - name: x\n    !text: " + strings.Repeat("🍣", 2501), "templates[1].text: has 5002 characters; LINE takes 5000 at most: shorten it"},

		{"account: ab\npermission_sets:\n  !- name: x", "permission_sets[1].friends: is missing; write all, or the tags"},
		{"account: ab\npermission_sets:\n  - name: x\n    !friends: VIP", `permission_sets[1].friends: "VIP" is not right; write all, or a list of tags such as [VIP]`},
		{"account: ab\npermission_sets:\n  - name: x\n    friends: all\n    !view: 1", "permission_sets[1].view: is a number; write true or false"},
		{"account: ab\npermission_sets:\n  - name: x\n    friends: all\n    !send: maybe", `permission_sets[1].send: "maybe" is not right; write true, draft or false`},
		{"account: ab\npermission_sets:\n  - name: x\n    friends: all\n    !tags: true", "permission_sets[1].tags: is true or false; write all, none or a list of names"},
		{"account: ab\npermission_sets:\n  - name: x\n    friends: all\n    !tags: VIP", `permission_sets[1].tags: "VIP" is not right; write all, none or a list of names such as [VIP]`},
		{"account: ab\npermission_sets:\n  - name: x\n    friends: all\n    !templates: [a, a]", `permission_sets[1].templates: has "a" twice; keep one`},
		{"account: ab\npermission_sets:\n  - name: x\n    friends: all\n    !sends: true", "permission_sets[1].sends: is not known here; the keys are name"},

		{"account: ab\noperators:\n  - !key: Sato\n    name: x\n    slack_user: U1", `operators[1].key: "Sato" is not right; write 1 to 32`},
		{"account: ab\noperators:\n  - !key: owners\n    name: x\n    slack_user: U1", `operators[1].key: "owners" stands for the owners channel; choose another key`},
		{"account: ab\noperators:\n  - !name: x\n    slack_user: U1", "operators[1].key: is missing; write one"},
		{"account: ab\noperators:\n  !- {key: s, slack_user: U1}", "operators[1].name: is missing; write what colleagues call them"},
		{"account: ab\noperators:\n  !- {key: s, name: x}", "operators[1].slack_user: is missing, and so is email; give one"},
		{"account: ab\noperators:\n  - key: s\n    name: x\n    !slack_user: sato", `operators[1].slack_user: "sato" is not right; write a Slack user id`},
		{"account: ab\noperators:\n  - key: s\n    name: x\n    !email: Sato <s@example.com>", `operators[1].email: "Sato <s@example.com>" is not a mail address; write`},
		{"account: ab\noperators:\n  - key: s\n    name: x\n    slack_user: U1\n    !slack_channel: U1", `operators[1].slack_channel: "U1" is not right; write the id of a Slack channel`},
		{"account: ab\noperators:\n  - key: s\n    name: x\n    slack_user: U1\n    !was: t", "operators[1].was: is not known here; the keys are key"},
		{"account: ab\noperators:\n  - key: s\n    name: x\n    slack_user: U1\n    !mention: some", `operators[1].mention: "some" is not known; write all, mine or none`},
		{"account: ab\noperators:\n  - key: s\n    name: x\n    slack_user: U1\n    !mention: true", "operators[1].mention: is true or false; put it in quotes"},
		{"account: ab\noperators:\n  - {key: s, name: x, slack_user: U1}\n  !- {key: s, name: y, slack_user: U2}", `operators: key "s" is given twice; keep one of them (the other is on line 3)`},

		{"account: ab\nrouting:\n  !- {tags: [a]}", "routing[1].when: is missing; write when:"},
		{"account: ab\nrouting:\n  !- {when: {follow: true}}", "routing[1].tags: is missing; list the tags"},
		{"account: ab\nrouting:\n  !- {when: {follow: true}, tags: []}", "routing[1].tags: is empty; list the tags"},
		{"account: ab\nrouting:\n  !- {when: {}, tags: [a]}", "routing[1].when: asks for nothing; write one of"},
		{"account: ab\nrouting:\n  !- {when: {follow: false}, tags: [a]}", "routing[1].when: asks for nothing; write one of"},
		{"account: ab\nrouting:\n  !- {when: {text_contains: []}, tags: [a]}", "routing[1].when.text_contains: is empty; list"},
		{"account: ab\nrouting:\n  !- {when: {text_contains: ['　']}, tags: [a]}", "routing[1].when.text_contains: has an empty text"},
		{"account: ab\nrouting:\n  !- {when: {postback_data: ''}, tags: [a]}", "routing[1].when.postback_data: has no characters or more than 300; write"},
		{"account: ab\nrouting:\n  !- {when: {sticker: true}, tags: [a]}", "routing[1].when.sticker: is not known here; the keys are text_contains"},

		{"account: ab\nname: x\n!owners: [U1", "syntax: "},
		{"account: ab\nreply:\n!\thold: 5s", "syntax: "},
		{"account: ab\n!name: \"x", "syntax: could not find end character of double-quoted text; check"},
		{"account: ab\n!name: &a x", "syntax: anchors, aliases, tags and directives of YAML are not used here"},
		{"account: ab\n!name: !!str x", "syntax: anchors, aliases"},
		{"account: ab\n!tags: " + strings.Repeat("[", 100_000), "syntax: too many brackets are open; close them"},
		{"account: ab\n!name: \xff", "file: is not UTF-8; save it as UTF-8"},
		{"!#" + strings.Repeat("x", 1<<20), "file: is longer than 1 MB; check"},
	}
	env := given{"EMPTY": "", "GONE_FILE": "gone", "BOTH": "hunter2", "BOTH_FILE": "x"}
	for _, test := range tests {
		at := strings.Index(test.source, "!")
		source := test.source[:at] + test.source[at+1:]
		name := fmt.Sprintf("%.60q", source)
		t.Run(name, func(t *testing.T) {
			_, err := parse(source, env)
			faults, ok := errors.AsType[config.Faults](err)
			want := fmt.Sprintf("a.yaml:%d: ", 1+strings.Count(source[:at], "\n"))
			if !ok || len(faults) != 1 || !strings.HasPrefix(faults[0], want) || !strings.Contains(faults[0], test.want) {
				t.Fatalf("got %q, want one fault %q", faults, want+test.want)
			}
			if !strings.Contains(faults[0], ";") {
				t.Errorf("%q does not say what to do", faults[0])
			}
			if strings.Contains(faults[0], "hunter2") {
				t.Errorf("%q quotes a secret", faults[0])
			}
		})
	}
}

func TestParseTellsAllFaultsAtOnce(t *testing.T) {
	_, err := parse(`account: AB
locale: fr
reply: {hold: 1h}
operators:
  - key: s
    email: nobody
tags: [a, a]
`, nil)
	want := `a.yaml:1: account: "AB" is not right; write 2 to 32 of a-z, 0-9 and -
a.yaml:2: locale: "fr" is not a language that the bot speaks; write ja or en
a.yaml:3: reply.hold: 1h is out of range; write something from 0s to 30s
a.yaml:5: operators[1].name: is missing; write what colleagues call them
a.yaml:6: operators[1].email: "nobody" is not a mail address; write it as name@example.com
a.yaml:7: tags: name "a" is given twice; keep one of them (the other is on line 7)`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestASyntaxErrorDoesNotQuoteTheLinesAround(t *testing.T) {
	_, err := parse("account: ab\nline:\n  channel_secret: hunter2\n  channel_token: \"hunter3\nname: x\n", nil)
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(salonFile)
	f.Add("account: ab\ntags: [a, {name: b, was: c}]\n")
	f.Add("account: ab\nline: {channel_secret: \"${A}\", channel_id: 1}\n")
	f.Fuzz(func(t *testing.T, source string) {
		file, err := parse(source, secrets)
		if (file == nil) == (err == nil) {
			t.Fatalf("neither a file nor a fault, or both: %v", err)
		}
		if err == nil {
			_, _ = config.Plan(file, nil, nil, nil)
		}
	})
}
