package e2e

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"
)

// Health and metrics answer; the backlogs are among them, and nothing of a
// friend is.
func TestHealthAndMetrics(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.text(w.friend(1, "友だち名前カナリア"), "青山店 本文カナリア")
		w.waitShown("sato", "本文カナリア")
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			if got := w.get(path); got != http.StatusOK {
				t.Errorf("GET %s = %d, want 200", path, got)
			}
		}
		body := w.body("/metrics")
		if !regexp.MustCompile(`(?m)^madoguchi_backlog\{kind="inbox"\} \d`).MatchString(body) {
			t.Error("/metrics lacks the backlog")
		}
		if m := regexp.MustCompile(`カナリア|U[0-9a-f]{32}`).FindString(body); m != "" {
			t.Errorf("/metrics holds %q", m)
		}
	})
}

// In Socket Mode nothing of Slack is listened for over HTTP.
func TestSocketModeHasNoSlackEndpoints(t *testing.T) {
	t.Parallel()
	each(t, options{socketMode: true}, func(t *testing.T, w *world) {
		w.start()
		for _, path := range []string{"events", "interactions", "commands"} {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.addr+"/webhooks/slack/"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("POST %s = %d, want 404", path, resp.StatusCode)
			}
		}
	})
}

// body is what a GET is answered with.
func (w *world) body(path string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.addr+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err != nil || cerr != nil {
		w.t.Fatal(err, cerr)
	}
	return string(raw)
}
