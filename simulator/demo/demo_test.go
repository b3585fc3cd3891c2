package demo_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"madoguchi/simulator"
	"madoguchi/simulator/demo"
	"madoguchi/simulator/line"
	"madoguchi/simulator/line/speccheck"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) (*simulator.Stage, string) {
	t.Helper()
	stage, err := simulator.NewStage(simulator.Options{InFront: func(p *line.Platform) http.Handler {
		h, err := speccheck.InFront(p)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(demo.New(stage, slog.New(slog.DiscardHandler)))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
		for _, v := range stage.LINE.Violations() {
			t.Errorf("a rule of LINE was broken: %+v", v)
		}
	})
	return stage, server.URL
}

type answer struct {
	status int
	header http.Header
	body   io.Reader // until the test ends
}

func ask(t *testing.T, method, url string, body []byte) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return answer{resp.StatusCode, resp.Header, resp.Body}
}

func TestPageRunsNothingOfOthers(t *testing.T) {
	_, base := open(t)
	for _, path := range []string{"/demo", "/demo/page/app.js", "/demo/page/base.css", "/demo/faces/hanako", "/demo/stickers/thanks"} {
		resp := ask(t, http.MethodGet, base+path, nil)
		policy := resp.header.Get("Content-Security-Policy")
		if resp.status != http.StatusOK || !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("GET %s = %d under %q", path, resp.status, policy)
		}
	}
	if resp := ask(t, http.MethodGet, base+"/demo/faces/nobody", nil); resp.status != http.StatusNotFound {
		t.Errorf("an unknown face is answered %d", resp.status)
	}
}

// A file that somebody shares is shown if it is a picture and otherwise only
// saved, whatever it calls itself.
func TestUploadsDoNotRun(t *testing.T) {
	stage, base := open(t)
	room, err := stage.Slack.CreateChannel(simulator.Sato, "line-aoyama-sato", true)
	if err != nil {
		t.Fatal(err)
	}
	page := []byte("<!doctype html><script>alert(1)</script>")
	query := "?person=" + simulator.Sato + "&channel=" + room + "&name=photo.png"
	if resp := ask(t, http.MethodPost, base+"/demo/api/slack/file"+query, page); resp.status != http.StatusOK {
		t.Fatalf("share a file = %d", resp.status)
	}
	messages := stage.Slack.Messages(room)
	files := messages[len(messages)-1].Files
	if len(files) != 1 {
		t.Fatalf("Files = %v", files)
	}
	resp := ask(t, http.MethodGet, base+"/demo/api/files/"+files[0].ID, nil)
	if got := resp.header.Get("Content-Type"); got != "application/octet-stream" || resp.header.Get("Content-Disposition") != "attachment" ||
		!strings.Contains(resp.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a page under the name of a picture is answered as %v", resp.header)
	}
	if resp := ask(t, http.MethodPost, base+"/demo/api/phone/picture?friend="+simulator.Hanako, page); resp.status != http.StatusUnsupportedMediaType {
		t.Errorf("a page as a friend's picture = %d", resp.status)
	}
}

func TestActs(t *testing.T) {
	stage, base := open(t)
	act := func(path, body string) int { return ask(t, http.MethodPost, base+path, []byte(body)).status }
	for _, tc := range []struct {
		path, body string
		want       int
	}{
		{"/demo/api/phone/follow", `{"friend":"` + simulator.Hanako + `"}`, http.StatusOK},
		{"/demo/api/phone/text", `{"friend":"` + simulator.Hanako + `","text":"こんにちは"}`, http.StatusOK},
		{"/demo/api/phone/text", `{"friend":"U123","text":"nobody"}`, http.StatusUnprocessableEntity},
		{"/demo/api/phone/text", `{"whatever":1}`, http.StatusBadRequest},
		{"/demo/api/phone/dance", `{}`, http.StatusNotFound},
		{"/demo/api/slack/write", `{"person":"U0SATO","channel":"C1","text":"nowhere"}`, http.StatusUnprocessableEntity},
		{"/demo/api/slack/dance", `{}`, http.StatusNotFound},
	} {
		if got := act(tc.path, tc.body); got != tc.want {
			t.Errorf("POST %s %s = %d, want %d", tc.path, tc.body, got, tc.want)
		}
	}
	if chat := stage.LINE.Chat(simulator.BotUserID, simulator.Hanako); len(chat) != 2 {
		t.Errorf("Hanako's phone shows %d entries, want 2", len(chat))
	}
}

// The stream sends what is there, and again when it changes.
func TestStream(t *testing.T) {
	stage, base := open(t)
	resp := ask(t, http.MethodGet, base+"/demo/api/stream?friend="+simulator.Hanako+"&person="+simulator.Sato, nil)
	lines := bufio.NewScanner(resp.body)
	lines.Buffer(nil, 1<<20)
	type shown struct {
		Friends []struct{ Name string }
		Chat    []struct{ Bubbles []struct{ Text string } }
	}
	next := func() (s shown) {
		t.Helper()
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			if err := json.Unmarshal([]byte(data), &s); err != nil {
				t.Fatal(err)
			}
			return s
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return s
	}
	if first := next(); len(first.Friends) != 5 || len(first.Chat) != 0 {
		t.Errorf("at first = %+v", first)
	}
	if err := stage.Play(); err != nil {
		t.Fatal(err)
	}
	if resp := ask(t, http.MethodPost, base+"/demo/api/phone/text", []byte(`{"friend":"`+simulator.Hanako+`","text":"<b>青山店</b>"}`)); resp.status != http.StatusOK {
		t.Fatalf("write = %d", resp.status)
	}
	for {
		if chat := next().Chat; len(chat) == 1 && chat[0].Bubbles[0].Text == "<b>青山店</b>" {
			return
		}
	}
}
