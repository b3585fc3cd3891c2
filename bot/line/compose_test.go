package line

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	texts := []string{"こんにちは <b>&\u2028", `{"x"}{{y}}`}
	const messages = `"messages":[{"type":"text","text":"こんにちは <b>&\u2028"},{"type":"text","text":"{\"x\"}{{y}}"}]}`
	if got, want := string(Composer{}.RenderReply("rt", texts)), `{"replyToken":"rt",`+messages; got != want {
		t.Errorf("RenderReply = %s, want %s", got, want)
	}
	if got, want := string(Composer{}.RenderPush("U1", texts)), `{"to":"U1",`+messages; got != want {
		t.Errorf("RenderPush = %s, want %s", got, want)
	}
}

func TestTextUnits(t *testing.T) {
	for text, want := range map[string]int{
		"":                           0,
		"abc":                        3,
		"窓口":                         2,
		"🍎":                          2,
		"👨‍👩‍👧‍👦":                    11,
		"か\u3099":                    2,
		"\xff":                       1,
		strings.Repeat("a", 5000):    MaxText,
		strings.Repeat("😀", 2500):    MaxText,
		strings.Repeat("😀", 2501):    MaxText + 2,
		strings.Repeat("𠮷", 2) + "x": 5,
	} {
		if got := TextUnits(text); got != want {
			t.Errorf("TextUnits(%.20q) = %d, want %d", text, got, want)
		}
	}
}
