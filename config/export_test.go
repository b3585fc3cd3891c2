package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madoguchi/bot"
	"madoguchi/config"
	"madoguchi/operators"
	"madoguchi/routing"
)

func TestExport(t *testing.T) {
	got := string(config.Export(*stored(t)))
	want := `account: aoyama
name: 青山サロン
timezone: Asia/Tokyo
locale: ja
# The LINE credentials are not printed. To change them, take the # away.
# line:
#   channel_secret: ${LINE_CHANNEL_SECRET}
#   channel_token: ${LINE_CHANNEL_TOKEN}
owners: [U0OWNER]
reply:
  hold: 5s
  lease: 10m
tags:
  - 青山店
  - 渋谷店
  - VIP
  - 新規
fields:
  - name: お名前
  - name: 誕生日
    type: date
  - name: 会員
    type: choice
    choices: [一般, 特別]
templates:
  - name: 営業時間
    text: "{{お名前}}様、営業時間は11時から20時です。"
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
    forms: [アンケート]
    tags: all
operators:
  - key: sato
    name: 佐藤
    slack_user: U0SATO
    email: sato@example.com
    permission_sets: [青山店スタッフ]
  - key: honbu
    name: 本部
    email: honbu@example.com
    slack_channel: C0HONBU
    permission_sets: [本部]
    also: [U0BOSS]
routing:
  - when:
      text_contains: [青山, あおやま]
    tags: [青山店]
  - when:
      postback_data: "shop=shibuya"
    tags: [渋谷店]
  - when:
      follow: true
    tags: [新規]
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestApplyingWhatExportPrintedChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAccount(t)
		printed := string(config.Export(a))
		if strings.Contains(printed, "hunter") {
			t.Fatalf("a secret is printed:\n%s", printed)
		}
		// No variable is set: nothing that was printed needs one.
		file, err := parse(printed, nil)
		if err != nil {
			t.Fatalf("parse: %v\n%s", err, printed)
		}
		applied := a.Settings
		change, err := config.Plan(file, &a, &applied, nil)
		if err != nil {
			t.Fatalf("plan: %v\n%s", err, printed)
		}
		if len(change.Lines)+len(change.Untouched)+len(change.Conflicts) > 0 {
			t.Fatalf("lines %q, untouched %q, conflicts %q of\n%s", change.Lines, change.Untouched, change.Conflicts, printed)
		}
		if !reflect.DeepEqual(change.Account, a) {
			t.Fatalf("the account is %+v, was %+v", change.Account, a)
		}
	})
}

// A file written from scratch on another machine makes an account that prints
// the same.
func TestExportMovesToAnotherMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAccount(t)
		a.LINE = bot.LINEChannel{Secrets: []string{"s"}, Token: "t"}
		printed := string(config.Export(a))
		file, err := parse(printed+"line: {channel_secret: s, channel_token: t}\n", nil)
		if err != nil {
			t.Fatalf("parse: %v\n%s", err, printed)
		}
		change, err := config.Plan(file, nil, nil, nil)
		if err != nil {
			t.Fatalf("plan: %v\n%s", err, printed)
		}
		if again := string(config.Export(change.Account)); again != printed {
			t.Fatalf("there it is\n%s\nhere it was\n%s", again, printed)
		}
	})
}

// awkward are names that YAML takes for something else unless they are quoted.
var awkward = []string{
	"true", "No", "null", "~", "123", "0x1F", "1e3", ".inf", "1_000", "2026-01-01", "12:30", "=", "<<",
	"a: b", "a:", ":a", "# x", "a #b", "a#b", "- x", "-", "? x", "[x]", "{x}", "x]", "a, b", "&a", "*a", "!t", "|", ">", "%a", "@a", "`a`",
	"'q'", `"dq"`, `back\slash`, `\n`, "${HOME}", "$", "all", "none", "draft", "yes", "が", "ｶﾞ", "🍣", "👨‍👩‍👧", "a b", "a  b", "a　b",
	"\u202ertl", "\u200b", "\ufeffx", "é", "ﷺ", "VIP様", "…", "\u00ad", "--- x", "...", "---",
}

func someNames(t *rapid.T, what string, allowed func(string) bool) []string {
	name := rapid.OneOf(
		rapid.SampledFrom(awkward),
		rapid.StringMatching(`[a-zA-Zぁ-ん一-龠0-9:#'"\[\]{},&*!|>%@\-]{1,8}`),
	).Filter(allowed)
	return rapid.SliceOfNDistinct(name, 0, 4, rapid.ID[string]).Draw(t, what)
}

func anything(string) bool { return true }

func subset(t *rapid.T, what string, of []string) []string {
	if len(of) == 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, len(of), rapid.ID[string]).Draw(t, what)
}

func anyAccount(t *rapid.T) bot.Account {
	yes := rapid.Bool()
	slackUser := rapid.StringMatching(`U[A-Z0-9]{4,10}`)
	s := bot.Settings{
		Name:     rapid.SampledFrom(awkward).Draw(t, "name"),
		Timezone: rapid.SampledFrom([]string{"Asia/Tokyo", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+9"}).Draw(t, "zone"),
		Locale:   rapid.SampledFrom([]string{"ja", "en"}).Draw(t, "locale"),
		Owners:   rapid.SliceOfNDistinct(slackUser, 1, 3, rapid.ID[string]).Draw(t, "owners"),
		Hold:     time.Duration(rapid.Int64Range(0, int64(30*time.Second)).Draw(t, "hold")),
		Lease:    time.Duration(rapid.IntRange(0, 24*60).Draw(t, "lease")) * time.Minute,
	}
	if yes.Draw(t, "owners channel") {
		s.OwnersChannel = "C0OWNERS"
	}
	id := func(kind, name string) string { return kind + "/" + name }
	var tagIDs, fieldIDs, templateIDs, setIDs []string
	for _, name := range someNames(t, "tags", anything) {
		tagIDs = append(tagIDs, id("tag", name))
		s.Tags = append(s.Tags, routing.Tag{ID: id("tag", name), Name: name})
	}
	for _, name := range someNames(t, "fields", func(s string) bool { return !strings.ContainsAny(s, "{}") }) {
		f := bot.Field{ID: id("field", name), Name: name, Type: rapid.SampledFrom([]string{"text", "number", "date"}).Draw(t, "type")}
		if choices := someNames(t, "choices", anything); len(choices) > 0 && yes.Draw(t, "choice") {
			f.Type, f.Choices = "choice", choices
		}
		fieldIDs = append(fieldIDs, f.ID)
		s.Fields = append(s.Fields, f)
	}
	for _, name := range someNames(t, "templates", anything) {
		body := rapid.OneOf(
			rapid.StringMatching(`[ -~あ-ん\n\t]{0,40}[a-z]`),
			rapid.SampledFrom(awkward),
			rapid.SampledFrom([]string{"一行目\n二行目\n\n四行目", "末尾の改行\n", "\n先頭", "a\n\n\n", "  字下げ\n x", "# a\n# b", "a: 1\nb: 2", "\u0085x", "x\u2028y", "\x01"}),
		).Filter(func(s string) bool { return strings.TrimSpace(s) != "" && !strings.Contains(s, "{{") }).Draw(t, "text")
		for _, f := range s.Fields {
			if yes.Draw(t, "placeholder") {
				body += "{{" + f.Name + "}}"
			}
		}
		templateIDs = append(templateIDs, id("template", name))
		s.Templates = append(s.Templates, bot.Template{ID: id("template", name), Name: name, Text: body})
	}
	list := func(what string, ids []string) operators.List {
		if yes.Draw(t, what+" all") {
			return operators.List{All: true}
		}
		return operators.List{IDs: subset(t, what, ids)}
	}
	for _, name := range someNames(t, "sets", anything) {
		set := operators.PermissionSet{ID: id("set", name), Name: name, Rights: operators.Rights{
			View: yes.Draw(t, "view"), Approve: yes.Draw(t, "approve"), Images: yes.Draw(t, "images"), PDFs: yes.Draw(t, "pdfs"),
			Send:      rapid.SampledFrom([]operators.SendRight{operators.SendNo, operators.SendDraft, operators.SendYes}).Draw(t, "send"),
			Templates: list("templates", templateIDs), Fields: list("fields", fieldIDs), Tags: list("tags", tagIDs),
			Forms: list("forms", someNames(t, "form names", anything)), Calendars: list("calendars", someNames(t, "calendar names", anything)),
			Notifications: yes.Draw(t, "notifications"),
		}}
		if set.AllFriends = yes.Draw(t, "all friends"); !set.AllFriends {
			set.FriendTags = subset(t, "friend tags", tagIDs)
		}
		setIDs = append(setIDs, set.ID)
		s.PermissionSets = append(s.PermissionSets, set)
	}
	keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9-]{1,8}`).Filter(func(s string) bool { return s != "owners" }), 0, 3, rapid.ID[string]).Draw(t, "keys")
	for i, key := range keys {
		o := operators.Operator{
			Key: key, Name: rapid.SampledFrom(awkward).Draw(t, "operator"),
			SlackUser:      []string{"U0A", "U0B", "U0C"}[i],
			PermissionSets: subset(t, "held", setIDs),
			Also:           rapid.SliceOfNDistinct(slackUser, 0, 2, rapid.ID[string]).Draw(t, "also"),
			Mention:        rapid.SampledFrom([]operators.Mention{"", operators.MentionAll, operators.MentionNone}).Draw(t, "mention"),
		}
		if yes.Draw(t, "email") {
			o.Email = []string{"a@example.com", "b+c@example.com", "c_d@example.com"}[i]
		}
		if yes.Draw(t, "slack channel") {
			o.SlackChannel = []string{"C0A", "C0B", "G0C"}[i]
		}
		s.Operators = append(s.Operators, o)
	}
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		if len(tagIDs) == 0 {
			break
		}
		r := routing.Rule{Tags: rapid.SliceOfNDistinct(rapid.SampledFrom(tagIDs), 1, len(tagIDs), rapid.ID[string]).Draw(t, "rule tags")}
		r.When.TextContains = someNames(t, "needles", func(s string) bool { return strings.TrimSpace(s) != "" })
		r.When.Follow = yes.Draw(t, "follow")
		if len(r.When.TextContains) == 0 && !r.When.Follow || yes.Draw(t, "postback") {
			r.When.PostbackData = rapid.OneOf(rapid.SampledFrom(awkward), rapid.StringMatching(`[ -~\n]{1,20}`)).Draw(t, "postback data")
		}
		s.Rules = append(s.Rules, r)
	}
	a := bot.Account{ID: "account id", Slug: rapid.StringMatching(`[a-z0-9-]{2,32}`).Draw(t, "slug"), Version: 3, Settings: s, BotUserID: "Ubot"}
	a.LINE.Secrets = []string{"hunter2"}
	if yes.Draw(t, "short-lived tokens") {
		a.LINE.ChannelID = "0042"
	} else {
		a.LINE.Token = "hunter3"
	}
	return a
}
