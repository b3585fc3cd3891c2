package slack

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPlainTextOfMrkdwn(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"こんにちは", "こんにちは"},
		{"&amp;lt;", "&lt;"},
		{"&lt;!channel&gt; &amp; co", "<!channel> & co"},
		{"&quot;&amp", "&quot;&amp"},
		{"<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"},
		{"<https://example.com|予約ページ>", "予約ページ (https://example.com)"},
		{"<http://example.com|example.com>", "http://example.com"},
		{"<https://example.com/|https://example.com>", "https://example.com/"},
		{"<mailto:a@example.com|a@example.com>", "a@example.com"},
		{"<mailto:a@example.com|店長>", "店長 (a@example.com)"},
		{"<tel:0312345678|03-1234-5678>", "03-1234-5678 (0312345678)"},
		{"<@U1|佐藤> さん", "@佐藤 さん"},
		{"<@U1> <@U2>", "@鈴木 <@U2>"},
		{"<#C1|general> <#C2> <#C3|>", "#general <#C2> <#C3>"},
		{"<!subteam^S1|@staff> <!subteam^S2>", "@staff <!subteam^S2>"},
		{"<!here> <!here|here> <!channel> <!everyone>", "@here @here @channel @everyone"},
		{"<!date^1392734382^{date}|2月18日>", "2月18日"},
		{"<!date^1392734382^{date}^https://example.com|2月18日>", "2月18日"},
		{"<>", "<>"},
		{"a < b", "a < b"},
		{"<a\nb>", "<a\nb>"},
		{"*太字* _斜体_ ~取消~ `code`", "太字 斜体 取消 code"},
		{"*_~x~_*", "x"},
		{"*a _b* c_", "a _b c_"},
		{"2*3*4 snake_case_name a~b~c", "2*3*4 snake_case_name a~b~c"},
		{"これ*は*そのまま", "これ*は*そのまま"},
		{"(*x*)、*y*。", "(x)、y。"},
		{"* x * ** __ ~~", "* x * ** __ ~~"},
		{"*a\nb*", "*a\nb*"},
		{"*see <https://example.com/a*b|here>*", "see here (https://example.com/a*b)"},
		{"_<https://example.com/a_b>_", "https://example.com/a_b"},
		{"*`a*b`*", "a*b"},
		{"`*x* :wave: &lt;b&gt;`", "*x* :wave: <b>"},
		{"```\n*x*\n&amp;\n<https://example.com>\n```", "*x*\n&\nhttps://example.com"},
		{"`` ``` `a\nb`", "`` ``` `a\nb`"},
		{":wave:", "👋"},
		{"どうぞ:pray:", "どうぞ🙏"},
		{":wave::skin-tone-2:", "👋🏻"},
		{":+1::skin-tone-6: ok", "👍🏿 ok"},
		{":wave::skin-tone-9:", "👋:skin-tone-9:"},
		{":hourglass_flowing_sand: _:thumbs_up:_", "⏳ 👍"},
		{":flag-jp:", "🇯🇵"},
		{":our_logo: :こ: :: : :a", ":our_logo: :こ: :: : :a"},
		{"10:30:00 から 10:100:5", "10:30:00 から 10:100:5"},
		{"&gt; 引用\n本文", "> 引用\n本文"},
		{"• 一\n    ◦ 二", "• 一\n    ◦ 二"},
		{"👨‍👩‍👧 髙﨑 が", "👨‍👩‍👧 髙﨑 が"},
	} {
		names := func(id string) string { return map[string]string{"U1": "鈴木"}[id] }
		if got := PlainText(c.in, nil, names); got != c.want {
			t.Errorf("PlainText(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func section(elements string) string {
	return `[{"type":"rich_text","block_id":"b","elements":[{"type":"rich_text_section","elements":[` + elements + `]}]}]`
}

func TestPlainTextOfRichText(t *testing.T) {
	for _, c := range []struct{ name, blocks, want string }{
		{"text is literal", section(`{"type":"text","text":"*a* &amp; <b> :wave:"}`), "*a* &amp; <b> :wave:"},
		{"styles", section(`{"type":"text","text":"太","style":{"bold":true}},{"type":"text","text":"字","style":{"code":true}}`), "太字"},
		{"link", section(`{"type":"link","url":"https://example.com"},{"type":"text","text":" "},{"type":"link","url":"https://example.com/x","text":"地図"}`), "https://example.com 地図 (https://example.com/x)"},
		{"mentions", section(`{"type":"user","user_id":"U1"},{"type":"text","text":" "},{"type":"user","user_id":"U9"},{"type":"text","text":" "},{"type":"channel","channel_id":"C1"},{"type":"text","text":" "},{"type":"usergroup","usergroup_id":"S1"},{"type":"text","text":" "},{"type":"broadcast","range":"here"}`), "@鈴木 <@U9> <#C1> <!subteam^S1> @here"},
		{"emoji with code points", section(`{"type":"emoji","name":"wave","unicode":"1f44b-1f3fb","skin_tone":2}`), "👋🏻"},
		{"emoji by name", section(`{"type":"emoji","name":"wave","skin_tone":3},{"type":"emoji","name":"pray"}`), "👋🏼🙏"},
		{"emoji joined of several", section(`{"type":"emoji","name":"man-bowing","skin_tone":2}`), "🙇🏻\u200d♂️"},
		{"emoji of the workspace", section(`{"type":"emoji","name":"our_logo"}`), ":our_logo:"},
		{"emoji with nonsense", section(`{"type":"emoji","name":"pray","unicode":"d83d-zz"},{"type":"emoji","name":"pray","unicode":"0"}`), "🙏🙏"},
		{"date", section(`{"type":"date","timestamp":1720710212,"format":"{date}","fallback":"7月11日"}`), "7月11日"},
		{"color", section(`{"type":"color","value":"#F405B3"}`), "#F405B3"},
		{
			"lists, quote and code",
			`[{"type":"rich_text","elements":[
				{"type":"rich_text_section","elements":[{"type":"text","text":"持ち物\n"}]},
				{"type":"rich_text_list","style":"bullet","indent":0,"elements":[
					{"type":"rich_text_section","elements":[{"type":"text","text":"鏡"}]},
					{"type":"rich_text_section","elements":[{"type":"text","text":"櫛"}]}]},
				{"type":"rich_text_list","style":"ordered","indent":1,"offset":2,"elements":[
					{"type":"rich_text_section","elements":[{"type":"text","text":"青"}]}]},
				{"type":"rich_text_quote","elements":[{"type":"text","text":"一\n二"}]},
				{"type":"rich_text_preformatted","elements":[{"type":"text","text":"a  b"}]},
				{"type":"rich_text_section","elements":[{"type":"text","text":"以上"}]}]}]`,
			"持ち物\n• 鏡\n• 櫛\n  3. 青\n> 一\n> 二\na  b\n以上",
		},
		{"unknown element", section(`{"type":"text","text":"a"},{"type":"hologram"}`), "fallback"},
		{"unknown block", `[{"type":"hologram"}]`, "fallback"},
		{"malformed block", `[{"type":"rich_text","elements":"oops"}]`, "fallback"},
		{"not a list", `{"type":"rich_text"}`, "fallback"},
		{"empty", `[]`, "fallback"},
		{"null", `null`, "fallback"},
		{"absurd indent", `[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","indent":1000000000,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]}]`, strings.Repeat("  ", 8) + "• x"},
	} {
		names := func(id string) string { return map[string]string{"U1": "鈴木"}[id] }
		if got := PlainText("fallback", json.RawMessage(c.blocks), names); got != c.want {
			t.Errorf("%s: PlainText = %q, want %q", c.name, got, c.want)
		}
	}
}

// What a person wrote and Slack escaped comes back as it was written.
func TestPlainTextUndoesEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := withoutFormatting(rapid.String().Draw(t, "text"))
		if got := PlainText(Escape(s), nil, nil); got != s {
			t.Fatalf("PlainText(Escape(%q)) = %q", s, got)
		}
	})
}

func withoutFormatting(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("*_~`:", r) {
			return -1
		}
		return r
	}, s)
}

// Time must not grow with the square of what somebody pastes.
func TestPlainTextOfHostileText(t *testing.T) {
	for _, part := range []string{"*a ", "_~*", "<", "&", "`", "```", ":", ":a", "*_~x", "<@", "*:a:", "*`"} {
		s := strings.Repeat(part, 40_000/len(part))
		start := time.Now()
		PlainText(s, nil, nil)
		mentionNames(s)
		if took := time.Since(start); took > time.Second {
			t.Errorf("40,000 characters of %q took %s", part, took)
		}
	}
}

func FuzzPlainText(f *testing.F) {
	for _, s := range []string{"", "*a* <b|c> &amp;lt; :wave::skin-tone-2:", "```x```", "<!date^1^{x}|y>", "<@U|n><#C|n><!subteam^S|g>", "*_~`<:", "a\x00b", "\xff"} {
		f.Add(s, section(`{"type":"text","text":"x"}`))
		f.Add(s, "[")
	}
	f.Fuzz(func(t *testing.T, text, blocks string) {
		got := PlainText(text, json.RawMessage(blocks), nil)
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("PlainText(%q, %q) = %q is not UTF-8", text, blocks, got)
		}
		s := withoutFormatting(text)
		if got := PlainText(Escape(s), nil, nil); utf8.ValidString(s) && got != s {
			t.Errorf("PlainText(Escape(%q)) = %q", s, got)
		}
	})
}
