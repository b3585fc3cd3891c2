package slack

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscapeTouchesThreeCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"<!channel> <@U1>":       "&lt;!channel&gt; &lt;@U1&gt;",
		"<http://evil|bank>":     "&lt;http://evil|bank&gt;",
		"&lt;!channel&gt;":       "&amp;lt;!channel&amp;gt;",
		"*太字* _斜体_ `code` ~x~ 😀": "*太字* _斜体_ `code` ~x~ 😀",
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "&", "&amp;lt;", "<!channel>", "<@U1>&<http://evil|bank>", "\xff<\x00"} {
		f.Add(seed)
	}
	unescape := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if strings.ContainsAny(got, "<>") {
			t.Errorf("Escape(%q) = %q holds a control character", s, got)
		}
		if back := unescape.Replace(got); back != s {
			t.Errorf("Escape(%q) = %q reads back as %q", s, got, back)
		}
	})
}

func TestDisplayName(t *testing.T) {
	family := "👨\u200d👩\u200d👧"
	for in, want := range map[string]string{
		"山田 花子":                                 "山田 花子",
		"  a\t\n b\u3000\u2028c ":               "a b c",
		"":                                      "?",
		"\u200b\u3164\u2800 \n":                 "?",
		"\u202esato\u202c\u2066x\u2069":         "satox",
		"sa\u200dto\ufe0f\u00ad\ufeff":          "sato",
		"x\x00\x1b[31m":                         "x[31m",
		"a\U000e0041\U000e007f":                 "a",
		family + "♥\ufe0f":                      family + "♥\ufe0f",
		"👨\u200d":                               "👨",
		"葛\U000e0100城":                          "葛\U000e0100城",
		"<!channel>":                            "＜!channel＞",
		"z" + strings.Repeat("\u0301", 9) + "a": "z\u0301\u0301\u0301a",
		"\u0301a":                               "a",
		"\xff\xfe":                              "\ufffd\ufffd",
		strings.Repeat("あ", 100):                strings.Repeat("あ", 80),
		strings.Repeat("あ", 79) + "か\u3099":     strings.Repeat("あ", 79),
		strings.Repeat("あ", 78) + family:        strings.Repeat("あ", 78),
	} {
		if got := DisplayName(in); got != want {
			t.Errorf("DisplayName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzDisplayName(f *testing.F) {
	f.Add("山田 花子")
	f.Add("\u202e<\u200b👨\u200d👩\n")
	f.Add(strings.Repeat("z\u0301", 100))
	f.Fuzz(func(t *testing.T, s string) {
		got := DisplayName(s)
		if got == "" || utf8.RuneCountInString(got) > MaxName || strings.ContainsAny(got, "<>\n\r\t\u202e\u200b") || got != strings.TrimSpace(got) {
			t.Errorf("DisplayName(%q) = %q", s, got)
		}
		if again := DisplayName(got); again != got {
			t.Errorf("DisplayName(%q) = %q, which becomes %q", s, got, again)
		}
	})
}
