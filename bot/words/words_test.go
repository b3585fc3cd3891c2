package words

import (
	"regexp"
	"slices"
	"testing"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[-+# 0]*[\d.]*[a-zA-Z%]`)

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
