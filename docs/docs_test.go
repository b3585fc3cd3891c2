// Package docs_test keeps the documents true to the program and to each other.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"madoguchi/config"
)

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var fenced = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

func TestAccountFileExamplesAreValid(t *testing.T) {
	examples := fenced.FindAllStringSubmatch(read(t, "account-file.md"), -1)
	if len(examples) == 0 {
		t.Fatal("account-file.md shows no account file")
	}
	getenv := func(name string) (string, bool) {
		if strings.HasSuffix(name, "_FILE") {
			return "", false
		}
		return "a-value", true
	}
	for _, e := range examples {
		if _, err := config.Parse("account-file.md", []byte(e[1]), getenv, os.ReadFile); err != nil {
			t.Errorf("config.Parse refuses this example: %v\n%s", err, e[1])
		}
	}
}

// The two manifests are one app: only what belongs to the transport differs.
func TestManifestsDifferOnlyInTransport(t *testing.T) {
	lines := func(path string) []string {
		var app map[string]any
		raw := read(t, path)
		if err := yaml.UnmarshalWithOptions([]byte(raw), &app, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return slices.DeleteFunc(strings.Split(raw, "\n"), func(line string) bool {
			return strings.HasPrefix(line, "#") || strings.Contains(line, "url:") || strings.Contains(line, "socket_mode_enabled:")
		})
	}
	socket, http := lines("slack-app-manifest.yaml"), lines("slack-app-manifest-http.yaml")
	if !slices.Equal(socket, http) {
		t.Errorf("the manifests differ:\n%s\n---\n%s", strings.Join(socket, "\n"), strings.Join(http, "\n"))
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#+ `)
	address = regexp.MustCompile("`?https?://[^\\s)`]+")
)

// A guide that changed in one language only shows it here first.
func TestTranslationsFollowTheirOriginal(t *testing.T) {
	translated, err := filepath.Glob("ja/*.md")
	if err != nil || len(translated) == 0 {
		t.Fatalf("Glob(ja/*.md) = %v, %v", translated, err)
	}
	for _, path := range translated {
		original, translation := read(t, filepath.Base(path)), read(t, path)
		for what, form := range map[string]*regexp.Regexp{"headings": heading, "addresses": address} {
			got, want := form.FindAllString(translation, -1), form.FindAllString(original, -1)
			if !slices.Equal(got, want) {
				t.Errorf("%s of %s = %q, want %q", what, path, got, want)
			}
		}
	}
}
