package e2e

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	simline "madoguchi/simulator/line"
)

// metric is what a sample of this process says; false if there is none.
func (w *world) metric(series string) (float64, bool) {
	for line := range strings.Lines(w.scrape()) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), series+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				w.t.Fatal(err)
			}
			return n, true
		}
	}
	return 0, false
}

func (w *world) waitMetric(series string, want float64) {
	w.t.Helper()
	w.until(20*time.Second, fmt.Sprintf("%s = %v", series, want), func() bool { got, ok := w.metric(series); return ok && got == want })
}

// described is a metric as a table or /metrics has it.
type described struct{ kind, labels string }

var metricRow = regexp.MustCompile("(?m)^\\| `(madoguchi_\\w+)` \\| (\\w+) \\|([^|]*)\\|")

// documentedMetrics is the table of operations.md.
func documentedMetrics(t *testing.T) map[string]described {
	t.Helper()
	raw, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]described{}
	for _, row := range metricRow.FindAllStringSubmatch(string(raw), -1) {
		labels := strings.Split(strings.TrimSpace(strings.ReplaceAll(row[3], "`", "")), ", ")
		slices.Sort(labels)
		all[row[1]] = described{row[2], strings.Join(labels, ", ")}
	}
	return all
}

// served is what /metrics has of our own.
func served(t *testing.T, body string) map[string]described {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]described{}
	for name, family := range families {
		if strings.HasPrefix(name, "madoguchi_") {
			all[name] = described{strings.ToLower(family.GetType().String()), labelsOf(family)}
		}
	}
	return all
}

func labelsOf(family *dto.MetricFamily) string {
	labels := map[string]bool{}
	for _, m := range family.Metric {
		for _, l := range m.Label {
			labels[l.GetName()] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(labels)), ", ")
}

// After an ordinary conversation /metrics has what operations.md says, no more
// and no less, named as Prometheus wants it, and has counted what happened.
func TestMetricsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	each(t, options{socketMode: true}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.reply(sato, "sato", root(card), "いらっしゃいませ")
		w.waitPhone(hana, "いらっしゃいませ")
		for series, want := range map[string]float64{
			`madoguchi_events_accepted_total{source="line"}`:                                            1,
			`madoguchi_events_decided_total{outcome="ok",source="line"}`:                                1,
			`madoguchi_replies_total{outcome="sent_free"}`:                                              1,
			`madoguchi_deliveries_total{kind="line.send",outcome="done"}`:                               1,
			`madoguchi_attempts_total{kind="line.send",outcome="ok"}`:                                   1,
			`madoguchi_line_call_duration_seconds_count{endpoint="/v2/bot/message/reply",outcome="ok"}`: 1,
			`madoguchi_webhook_duration_seconds_count{code="200",platform="line"}`:                      1,
			`madoguchi_slack_connected`:                                                                 1,
			`madoguchi_paused_connections{platform="slack"}`:                                            0,
			`madoguchi_backlog{kind="send"}`:                                                            0,
		} {
			w.waitMetric(series, want)
		}
		posts, _ := w.metric("madoguchi_post_items_count")
		items, _ := w.metric("madoguchi_post_items_sum")
		if done, _ := w.metric(`madoguchi_deliveries_total{kind="slack.post",outcome="done"}`); posts < 1 || items < posts || done < posts {
			t.Errorf("%v items in %v posts, of %v calls", items, posts, done)
		}
		body := w.scrape()
		problems, err := promlint.New(strings.NewReader(body)).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
		documented, there := documentedMetrics(t), served(t, body)
		for name, got := range there {
			if want, ok := documented[name]; !ok {
				t.Errorf("%s is served and not in the table of operations.md", name)
			} else if got != want {
				t.Errorf("%s is a %s with the labels %q, the table says a %s with %q", name, got.kind, got.labels, want.kind, want.labels)
			}
		}
		for name := range documented {
			if _, ok := there[name]; !ok {
				t.Errorf("%s is in the table of operations.md and not served", name)
			}
		}
	})
}

// What LINE refuses and what comes twice is counted as that.
func TestMetricsOfTrouble(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		body := fmt.Sprintf(`{"destination":"%s","events":[{"type":"message","webhookEventId":"E1","timestamp":%s,"mode":"active","source":{"type":"user","userId":"U%032d"},"message":{"type":"text","id":"881","text":"青山です"}}]}`,
			botUser, now(), 7)
		for range 2 {
			w.signedHook(body)
		}
		if status, _ := w.hook("aoyama", "forged", strings.NewReader(body)); status != 401 {
			t.Fatalf("a forged webhook is answered %d", status)
		}
		w.waitMetric(`madoguchi_events_accepted_total{source="line"}`, 1)
		w.waitMetric(`madoguchi_events_repeated_total{source="line"}`, 1)
		w.waitMetric(`madoguchi_webhook_duration_seconds_count{code="401",platform="line"}`, 1)
		w.waitMetric(`madoguchi_webhook_duration_seconds_count{code="401",platform="slack"}`, 0) // it stands there before the first

		hana, card := w.routedFriend(1, "花子")
		w.spendToken("sato", root(card))
		if err := w.line.Change(botUser, func(a *simline.Account) { a.Token = "another-token-canary" }); err != nil {
			t.Fatal(err)
		}
		w.waitMark("sato", w.reply(sato, "sato", root(card), "届きません"), "hourglass_flowing_sand")
		w.waitMetric(`madoguchi_paused_connections{platform="line"}`, 1)
		w.waitMetric(`madoguchi_backlog{kind="send"}`, 1)
		if age, _ := w.metric(`madoguchi_backlog_oldest_seconds{kind="send"}`); age <= 0 {
			t.Errorf("the reply has waited for %v s", age)
		}
		if n, _ := w.metric(`madoguchi_attempts_total{kind="line.send",outcome="misconfigured"}`); n < 1 {
			t.Error("the refused attempt is not counted")
		}
		if got := w.phone(hana); len(got) != 1 {
			t.Errorf("the phone shows %q", got)
		}
	})
}
