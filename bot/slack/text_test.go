package slack

import (
	"strings"
	"testing"
)

func TestCutUnitsTakesNoCharacterApart(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abc", 3, "abc"},
		{"abc", 2, "ab"},
		{"a😀b", 2, "a"}, // an emoji is two units
		{"a😀b", 3, "a😀"},
		{"xか\u3099y", 2, "x"},
		{"x👍🏽y", 4, "x"},
		{"x👨\u200d👩y", 4, "x"},
		{"", 0, ""},
	} {
		if got := cutUnits(c.in, c.limit); got != c.want {
			t.Errorf("cutUnits(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestSplitUnitsLosesNothing(t *testing.T) {
	for _, in := range []string{"", strings.Repeat("あ😀か\u3099", 500), strings.Repeat("\u0301", 300), "abc"} {
		pieces := splitUnits(in, 100)
		if got := strings.Join(pieces, ""); got != in {
			t.Errorf("splitUnits(%.20q…) joins to %.20q…", in, got)
		}
		for _, piece := range pieces {
			if units(piece) > 100 {
				t.Errorf("splitUnits(%.20q…) has a piece of %d units", in, units(piece))
			}
		}
	}
}

func TestReadable(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc\u2028d\n":  "a\nb\nc\nd\n",
		"tab\t \u202eあ":       "tab\t \u202eあ",
		"\x1b[31m\x00\u0085x": "\ufffd[31m\ufffd\ufffdx",
		"\xff":                "\ufffd",
	} {
		if got := readable(in); got != want {
			t.Errorf("readable(%q) = %q, want %q", in, got, want)
		}
	}
}
