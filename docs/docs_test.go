// Package docs_test keeps the documents true to the program and to each other.
package docs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"madoguchi/config"
	"madoguchi/simulator/line"
	"madoguchi/simulator/slack"
)

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// An example may be indented, as part of a list.
var fenced = regexp.MustCompile("(?ms)^ *```yaml\n(.*?)^ *```$")

func TestAccountFileExamplesAreValid(t *testing.T) {
	getenv := func(name string) (string, bool) {
		if strings.HasSuffix(name, "_FILE") {
			return "", false
		}
		return "1234567890", true
	}
	for _, path := range []string{"account-file.md", "../README.md", "../README.ja.md"} {
		examples := fenced.FindAllStringSubmatch(read(t, path), -1)
		if len(examples) == 0 {
			t.Errorf("%s shows no account file", path)
		}
		for _, e := range examples {
			if _, err := config.Parse(path, []byte(e[1]), getenv, os.ReadFile); err != nil {
				t.Errorf("config.Parse refuses this example: %v\n%s", err, e[1])
			}
		}
	}
}

var variable = regexp.MustCompile(`read\(&r, "([A-Z_]+)", "([^"]*)"`)

// The tables of variables have a row for each that is read, with its default.
func TestReadmesListEveryVariable(t *testing.T) {
	variables := variable.FindAllStringSubmatch(read(t, "../config/environment.go"), -1)
	if len(variables) == 0 {
		t.Fatal("environment.go reads no variables")
	}
	for _, path := range []string{"../README.md", "../README.ja.md"} {
		readme := read(t, path)
		for _, v := range variables {
			row := regexp.MustCompile("(?m)^\\| `" + v[1] + "` \\|.*" + regexp.QuoteMeta(v[2]))
			if !row.MatchString(readme) {
				t.Errorf("%s has no row for %s with the default %q", path, v[1], v[2])
			}
		}
	}
}

// Whatever is believed of LINE and Slack is told in the architecture.
func TestArchitectureNamesEveryBelief(t *testing.T) {
	architecture := read(t, "architecture.md")
	for _, beliefs := range []reflect.Type{reflect.TypeFor[line.Beliefs](), reflect.TypeFor[slack.Beliefs]()} {
		for _, belief := range reflect.VisibleFields(beliefs) {
			if !strings.Contains(architecture, "`"+belief.Name+"`") {
				t.Errorf("architecture.md does not name %s", belief.Name)
			}
		}
	}
}

var (
	metricRow = regexp.MustCompile("(?m)^\\| `(madoguchi_\\w+)` \\| (counter|gauge|histogram) \\|")
	metricUse = regexp.MustCompile(`\bmadoguchi_\w+`)
)

// An alert on a metric that does not exist never fires, and nobody notices.
func TestAlertsAreOnMetricsThatExist(t *testing.T) {
	exists := map[string]bool{}
	for _, row := range metricRow.FindAllStringSubmatch(read(t, "operations.md"), -1) {
		exists[row[1]] = true
		if row[2] == "histogram" {
			exists[row[1]+"_bucket"], exists[row[1]+"_sum"], exists[row[1]+"_count"] = true, true, true
		}
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	raw := read(t, "alerts.yaml")
	if err := yaml.UnmarshalWithOptions([]byte(raw), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	for _, name := range metricUse.FindAllString(raw, -1) {
		if !exists[name] {
			t.Errorf("alerts.yaml names %s, which operations.md does not", name)
		}
	}
	alerts, onWhat := map[string]bool{}, ""
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if alerts[rule.Alert] || rule.Alert == "" {
				t.Errorf("there are two alerts %q", rule.Alert)
			}
			alerts[rule.Alert] = true
			onWhat += rule.Expr
			if !metricUse.MatchString(rule.Expr) && !strings.Contains(rule.Expr, "up{") {
				t.Errorf("%s is on no metric of ours: %s", rule.Alert, rule.Expr)
			}
			if _, err := time.ParseDuration(rule.For); rule.For != "" && err != nil {
				t.Errorf("%s waits %q", rule.Alert, rule.For)
			}
			if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s lacks a severity, a summary, or what to do", rule.Alert)
			}
		}
	}
	for _, name := range []string{
		"madoguchi_backlog_oldest_seconds", "madoguchi_parked_events", "madoguchi_paused_connections", "madoguchi_slack_connected",
		"madoguchi_attempts_total", `code="503"`, "madoguchi_disk_available_bytes",
	} {
		if !strings.Contains(onWhat, name) {
			t.Errorf("no alert is on %s", name)
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
	translations := map[string]string{"../README.ja.md": "../README.md"}
	for _, path := range translated {
		translations[path] = filepath.Base(path)
	}
	for path, of := range translations {
		original, translation := read(t, of), read(t, path)
		for what, form := range map[string]*regexp.Regexp{"headings": heading, "addresses": address} {
			got, want := form.FindAllString(translation, -1), form.FindAllString(original, -1)
			if !slices.Equal(got, want) {
				t.Errorf("%s of %s = %q, want %q", what, path, got, want)
			}
		}
	}
}
