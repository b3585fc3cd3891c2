package words

import (
	"regexp"
	"slices"
	"testing"

	"madoguchi/operators"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[-+# 0]*[\d.]*[a-zA-Z%]`)

// The Japanese labels of the buttons are part of the contract with users: what
// is taught, written on paper and said on the phone does not change under them.
func TestButtonLabelsAreFixed(t *testing.T) {
	for key, want := range map[string]string{
		"templates": "テンプレート", "tags": "タグ", "fields": "友だち情報", "take": "担当する", "handover": "引き継ぐ",
		"done": "対応済み", "approve": "承認", "return": "差し戻し", "edit_approve": "編集して承認", "send": "送信する",
		"cancel": "取り消す", "discard": "破棄", "delivered": "届いていた", "resend": "もう一度送る", "pause": "一時停止",
	} {
		if got := In("ja").Say("button." + key); got != want {
			t.Errorf("button.%s is labelled %q, want %q", key, got, want)
		}
	}
}

// A refusal can name every right of a permission set, in every language.
func TestRightsHaveNames(t *testing.T) {
	for _, language := range []string{"ja", "en"} {
		for _, right := range []operators.Right{
			operators.View, operators.Send, operators.Approve, operators.Templates, operators.Images, operators.PDFs,
			operators.Fields, operators.Forms, operators.Tags, operators.Calendars, operators.Notifications,
		} {
			key := "right." + string(right)
			if In(language).Say(key) == key {
				t.Errorf("%s.yaml lacks %s", language, key)
			}
		}
	}
}

// Every text exists in every language and takes the same arguments there.
func TestCataloguesAgree(t *testing.T) {
	ja, en := In("ja"), In("en")
	for key, text := range ja {
		other, ok := en[key]
		if !ok {
			t.Errorf("en.yaml lacks %s", key)
			continue
		}
		got, want := verb.FindAllString(other, -1), verb.FindAllString(text, -1)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s takes %v in en.yaml, %v in ja.yaml", key, got, want)
		}
	}
	for key := range en {
		if _, ok := ja[key]; !ok {
			t.Errorf("ja.yaml lacks %s", key)
		}
	}
}
