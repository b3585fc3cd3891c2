package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/bot/line"
	"madoguchi/config"
	"madoguchi/routing"
)

// What the load generator sends is what LINE would send, of a friend whom the
// account's rules give to one group, and its text is found again in a post.
func TestLoadIsWhatLINESends(t *testing.T) {
	l := loader{addr: "127.0.0.1:1", friends: 7, groups: 3, prefix: "x"}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(l.request(9))))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || !line.Verify([]string{channelSecret}, r.Header.Get("X-Line-Signature"), body) {
		t.Fatalf("the signature is wrong (%v)", err)
	}
	var webhook struct{ Events []json.RawMessage }
	if err := json.Unmarshal(body, &webhook); err != nil || len(webhook.Events) != 1 {
		t.Fatalf("%d events (%v)", len(webhook.Events), err)
	}
	event, err := line.Decode(webhook.Events[0])
	if err != nil || event.FriendID != friendID(2) || event.Content == nil {
		t.Fatalf("event of %q (%v)", event.FriendID, err)
	}
	if found := marks.FindAllString(event.Content.Text, -1); len(found) != 1 || !strings.HasPrefix(found[0], "[x-9@") {
		t.Errorf("marks in %q: %q", event.Content.Text, found)
	}
	if keyOf(body) == "" || !strings.HasPrefix(keyOf(body), "x0") {
		t.Errorf("the floors' key is %q", keyOf(body))
	}
	file, err := config.Parse("bench.yaml", []byte(accountFile(settings{operators: 6, perFriend: 2})), os.LookupEnv, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	change, err := config.Plan(file, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := change.Account.Settings
	matches := routing.Compile(set.Rules).Route(routing.Stimulus{Text: event.Content.Text})
	if len(set.Operators) != 6 || len(matches) != 1 {
		t.Errorf("%d operators, %d rules match", len(set.Operators), len(matches))
	}
}

// Each floor does what its name says: none takes what is not signed, and those
// that store keep each body once.
func TestFloors(t *testing.T) {
	for _, kind := range []string{floorVerify, floorInsert, floorGroup} {
		t.Run(kind, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			addr, err := freeAddr(ctx)
			if err != nil {
				t.Fatal(err)
			}
			url := "sqlite:" + filepath.Join(t.TempDir(), "floor.db")
			ended := make(chan error, 1)
			go func() { ended <- floor(ctx, []string{"-kind", kind, "-listen", addr, "-database", url}) }()
			for !answers(ctx, "http://"+addr+"/") {
				select {
				case err := <-ended:
					t.Fatal(err)
				default:
				}
			}
			var senders sync.WaitGroup
			for i := range 4 {
				senders.Go(func() {
					l := loader{addr: addr, connections: 2, seconds: 30, friends: 5, groups: 1, most: 20, prefix: fmt.Sprint(i % 2)}
					if result, err := l.run(ctx); err != nil || result.Count != 20 {
						t.Errorf("%d of 20 were taken, %d refused (%v)", result.Count, result.Failed, err)
					}
				})
			}
			senders.Wait()
			unsigned, err := http.Post("http://"+addr+"/", "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			defer unsigned.Body.Close()
			if unsigned.StatusCode != http.StatusUnauthorized {
				t.Errorf("what is not signed is answered %s", unsigned.Status)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if kind == floorVerify {
				return
			}
			db, _, err := openDatabase(url)
			if err != nil {
				t.Fatal(err)
			}
			var rows int
			if err := errors.Join(db.QueryRow("SELECT COUNT(*) FROM floor").Scan(&rows), db.Close()); err != nil || rows != 40 {
				t.Errorf("%d bodies are stored, want each of 40 once (%v)", rows, err)
			}
		})
	}
}

// A message counts when Slack has accepted its post, once for each post, and its
// time is that until the post arrived.
func TestPlatformsCountMessages(t *testing.T) {
	p := newPlatform("http://127.0.0.1:1", "http://127.0.0.1:1", 1)
	defer p.slack.Close()
	ask := func(path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+botToken)
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		w := httptest.NewRecorder()
		p.routes().ServeHTTP(w, r)
		return w
	}
	var made struct{ Channel struct{ ID string } }
	if err := json.Unmarshal(ask("/api/conversations.create", `{"name":"one","is_private":true}`).Body.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	sent := time.Now().Add(-time.Second).UnixNano()
	text := fmt.Sprintf("[a-1@%d] 一つ [a-2@%d] 二つ [a-1@%d]", sent, sent, sent)
	ask("/api/chat.postMessage", fmt.Sprintf(`{"channel":%q,"text":%q}`, made.Channel.ID, text))
	ask("/api/chat.postMessage", fmt.Sprintf(`{"channel":"C0NOWHERE","text":%q}`, text))
	var s seen
	var took took
	if err := errors.Join(json.Unmarshal(ask("/bench/seen", "").Body.Bytes(), &s), json.Unmarshal(ask("/bench/took", "").Body.Bytes(), &took)); err != nil {
		t.Fatal(err)
	}
	if s.Posts != 1 || s.Messages != 2 || took.PostP50 < time.Second {
		t.Errorf("seen %+v, took %+v; want one post of two messages", s, took)
	}
}

// The table tells the least, the middle and the most of the rounds, and how far
// the middle is from that of the floor.
func TestTable(t *testing.T) {
	var all table
	for _, figure := range []float64{30, 10, 20} {
		floor := all.add("acks", "SQLite", "floor", "a second", 2*figure)
		all.add("acks", "SQLite", "serve", "a second", figure).floor = floor
	}
	var out strings.Builder
	if err := all.print(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	if got, want := strings.Join(strings.Fields(lines[2]), " "), "acks SQLite serve 10.0 20.0 30.0 a second 0.50"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
