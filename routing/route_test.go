package routing_test

import (
	"reflect"
	"testing"

	"madoguchi/routing"
)

func text(needles ...string) routing.Condition {
	return routing.Condition{TextContains: needles}
}

func TestCondition(t *testing.T) {
	say := func(s string) routing.Stimulus { return routing.Stimulus{Text: s} }
	tests := []struct {
		name string
		when routing.Condition
		s    routing.Stimulus
		want bool
	}{
		{"as written", text("青山"), say("青山店に行きたい"), true},
		{"any of several", text("渋谷", "青山"), say("青山"), true},
		{"none of several", text("渋谷", "青山"), say("新宿"), false},
		{"half-width kana in the text", text("アオヤマ"), say("ｱｵﾔﾏです"), true},
		{"half-width kana in the needle", text("ｱｵﾔﾏ"), say("アオヤマ店"), true},
		{"half-width kana with a voice mark", text("ガーデン"), say("ｶﾞｰﾃﾞﾝ"), true},
		{"a voice mark is another letter", text("カーテン"), say("ｶﾞｰﾃﾞﾝ"), false},
		{"combining voice mark", text("が"), say("か\u3099"), true},
		{"hiragana is not katakana", text("あおやま"), say("アオヤマ"), false},
		{"full-width ASCII", text("vip"), say("ＶＩＰ会員"), true},
		{"full-width digits", text("１２３"), say("no.123"), true},
		{"case", text("Menu"), say("MENU please"), true},
		{"case that grows", text("STRASSE"), say("große straße"), true},
		{"accents composed or not", text("CAFÉ"), say("cafe\u0301"), true},
		{"squared company mark", text("株式会社"), say("㍿青山"), true},
		{"circled digit", text("1"), say("①番"), true},
		{"compatibility ideograph", text("神"), say("\ufa19社"), true},
		{"ideographic space is a space", text("青 山"), say("青　山"), true},
		{"emoji", text("🍣"), say("食べたい🍣!"), true},
		{"empty needle", text(""), say("anything"), false},
		{"blank needle", text(" ", "　"), say("two words"), false},
		{"empty needle beside a good one", text("", "青山"), say("青山"), true},
		{"empty text", text("青山"), say(""), false},
		{"empty needle, empty text", text(""), say(""), false},
		{"invalid UTF-8", text("青山"), say("\xff青山\xfe"), true},

		{"postback", routing.Condition{PostbackData: "shop=1"}, routing.Stimulus{PostbackData: "shop=1"}, true},
		{"postback is exact", routing.Condition{PostbackData: "shop=1"}, routing.Stimulus{PostbackData: "SHOP=1"}, false},
		{"postback is whole", routing.Condition{PostbackData: "shop=1"}, routing.Stimulus{PostbackData: "shop=12"}, false},
		{"postback is not text", routing.Condition{PostbackData: "shop=1"}, say("shop=1"), false},
		{"text is not postback", text("shop"), routing.Stimulus{PostbackData: "shop=1"}, false},

		{"follow", routing.Condition{Follow: true}, routing.Stimulus{Follow: true}, true},
		{"no follow", routing.Condition{Follow: true}, say("hello"), false},
		{"no condition", routing.Condition{}, routing.Stimulus{Text: "x", PostbackData: "y", Follow: true}, false},

		{
			"all parts",
			routing.Condition{TextContains: []string{"a"}, PostbackData: "p"},
			routing.Stimulus{Text: "a", PostbackData: "p"},
			true,
		},
		{
			"one part of two",
			routing.Condition{TextContains: []string{"a"}, PostbackData: "p"},
			routing.Stimulus{Text: "b", PostbackData: "p"},
			false,
		},
		{
			"an empty needle does not count as absent",
			routing.Condition{TextContains: []string{""}, Follow: true},
			routing.Stimulus{Text: "b", Follow: true},
			false,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			matches := routing.Route([]routing.Rule{{When: test.when, Tags: []string{"t"}}}, test.s)
			if got := len(matches) == 1; got != test.want {
				t.Errorf("Route(%+v, %+v) matches: %t, want %t", test.when, test.s, got, test.want)
			}
		})
	}
}

func TestEveryRuleThatMatchesAddsItsTags(t *testing.T) {
	router := routing.Compile([]routing.Rule{
		{When: text("青山"), Tags: []string{"aoyama"}},
		{When: text("渋谷"), Tags: []string{"shibuya"}},
		{When: text("予約"), Tags: []string{"booking", "aoyama"}},
	})
	got := router.Route(routing.Stimulus{Text: "青山で予約"})
	want := []routing.Match{{Tags: []string{"aoyama"}, Rule: 0}, {Tags: []string{"booking", "aoyama"}, Rule: 2}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Route = %+v, want %+v", got, want)
	}
	if got := routing.Compile(nil).Route(routing.Stimulus{Text: "x"}); got != nil {
		t.Errorf("Route without rules = %+v, want none", got)
	}
}

func BenchmarkRoute(b *testing.B) {
	var rules []routing.Rule
	for range 200 {
		rules = append(rules, routing.Rule{When: text("青山", "あおやま"), Tags: []string{"t"}})
	}
	router := routing.Compile(rules)
	for b.Loop() {
		router.Route(routing.Stimulus{Text: "明日の午後、渋谷のお店でカットの予約はできますか？"})
	}
}
