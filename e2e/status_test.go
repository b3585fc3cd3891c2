package e2e

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
)

// waitStatus waits until status prints lines of these forms, spaces aside.
func (w *world) waitStatus(forms ...string) {
	w.t.Helper()
	for _, form := range forms {
		var out string
		line := regexp.MustCompile(`(?m)^` + form + `\s*$`)
		deadline := time.Now().Add(30 * time.Second)
		for out = w.run("status"); !line.MatchString(out); out = w.run("status") {
			if time.Now().After(deadline) {
				w.t.Fatalf("status never printed a line %q:\n%s", form, out)
			}
		}
	}
}

// Whoever runs status beside serve learns what waits for whom: connections that
// somebody has to mend, calls, replies and posts that wait for that, and friends
// who wait for an answer.
func TestStatusBesideServe(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.waitStatus(`inbox +0 to decide +oldest 0s`, `outbox +0 to carry out +oldest 0s`, `set aside +0 events`, `paused +nothing`,
			`account aoyama +0 waiting +longest 0s`, `  inbox +0 to decide +oldest 0s`, `  posts +0 to show in Slack +oldest 0s`,
			`  replies +0 to send to LINE +oldest 0s`, `  set aside +0 events`, `  Slack channels +0 ready, 0 wanted, 0 stopped`)
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.spendToken("sato", thread)
		w.text(hana, "まだ質問があります")
		w.waitShown("sato", "まだ質問があります")
		w.spendToken("sato", thread)
		w.waitStatus(`outbox +0 to carry out +oldest 0s`, `account aoyama +0 waiting +longest 0s`, `  Slack channels +4 ready, 0 wanted, 0 stopped`)

		if err := w.line.Change(botUser, func(a *simline.Account) { a.Token = "another-token-canary" }); err != nil {
			t.Fatal(err)
		}
		w.waitMark("sato", w.reply(sato, "sato", thread, "一つ目"), "hourglass_flowing_sand")
		w.waitMark("sato", w.reply(sato, "sato", thread, "二つ目"), "hourglass_flowing_sand")
		w.waitStatus(`paused +LINE of aoyama: \S+ +for \d+s: replies wait; check the channel access token and run .madoguchi apply FILE.`,
			`outbox +2 to carry out +oldest \d+s`, `  replies +2 to send to LINE +oldest \d+s`)

		w.slack.RevokeTokens()
		jiro := w.friend(2, "次郎")
		w.acted(w.line.Postback(jiro, "shop=shibuya", nil))
		w.text(jiro, "渋谷で待っています")
		w.waitStatus(`paused +slack: token_revoked +for \d+s: posts wait; check SLACK_BOT_TOKEN and run .madoguchi doctor.`,
			`paused +LINE of aoyama: .*`, `outbox +([3-9]|\d\d+) to carry out +oldest \d+s`, `account aoyama +1 waiting +longest \d+s`,
			`  posts +[1-9]\d* to show in Slack +oldest \d+s`)

		w.kill(syscall.SIGTERM)
		db := w.openDatabase()
		for _, statement := range []string{
			`UPDATE friend SET waiting_since = waiting_since - 3600000 WHERE waiting_since > 0`,
			`INSERT INTO inbox (id, account_id, source, event_key, lane, at, received_at, raw, state)
				SELECT 'e1', id, 'self', 'unreadable', 'x', 0, ` + now() + ` - 7200000, 'no JSON', 'pending' FROM account`,
			`INSERT INTO lane (id, kind, due_at) VALUES ('x', 'inbox', 1)`,
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		w.waitStatus(`inbox +1 to decide +oldest 2h0m\d+s`, `account aoyama +1 waiting +longest 1h0m\d+s`, `  inbox +1 to decide +oldest 2h0m\d+s`)
		w.checkStatusForScripts(t)

		w.slack.Reinstall()
		w.env = append(w.env, "LINE_CHANNEL_TOKEN=another-token-canary")
		w.run("apply", w.file)
		w.start()
		w.waitShown("suzuki", "渋谷で待っています")
		w.waitPhone(hana, "二つ目")
		w.waitStatus(`paused +nothing`, `inbox +0 to decide +oldest 0s`, `outbox +0 to carry out +oldest 0s`, `set aside +1 events +run .madoguchi parked list.`,
			`  set aside +1 events`)
	})
}

// checkStatusForScripts wants of --json what TestStatusBesideServe has made of
// the deployment.
func (w *world) checkStatusForScripts(t *testing.T) {
	t.Helper()
	type waiting struct {
		Waiting int `json:"waiting"`
		Oldest  int `json:"oldest_seconds"`
	}
	type paused struct{ Platform, Account, Code string }
	var got struct {
		At       time.Time
		Inbox    waiting
		Outbox   waiting
		Parked   *int
		Paused   []paused
		Accounts []struct {
			Account    string
			Friends    waiting
			Backlog    map[string]waiting
			Parked     *int
			Channels   map[string]int `json:"slack_channels"`
			Redelivery *time.Time     `json:"redelivery_seen"`
		}
	}
	printed := w.run("status", "--json")
	if err := json.Unmarshal([]byte(printed), &got); err != nil {
		t.Fatalf("status --json: %v\n%s", err, printed)
	}
	slices.SortFunc(got.Paused, func(a, b paused) int { return strings.Compare(a.Platform, b.Platform) })
	if len(got.Accounts) != 1 || len(got.Paused) != 2 || got.Parked == nil || got.Accounts[0].Parked == nil {
		t.Fatalf("status --json:\n%s", printed)
	}
	a := got.Accounts[0]
	for what, ok := range map[string]bool{
		"the time":  time.Since(got.At).Abs() < time.Minute,
		"inbox":     got.Inbox == a.Backlog["inbox"] && got.Inbox.Waiting == 1 && got.Inbox.Oldest >= 7200,
		"outbox":    got.Outbox.Waiting >= 3 && a.Backlog["send"].Waiting == 2 && a.Backlog["post"].Waiting > 0,
		"friends":   a.Friends.Waiting == 1 && a.Friends.Oldest >= 3600,
		"account":   a.Account == "aoyama" && a.Channels["ready"] == 4 && a.Redelivery == nil,
		"LINE":      got.Paused[0] == paused{"line", "aoyama", "unauthorized"},
		"Slack":     got.Paused[1] == paused{"slack", "", "token_revoked"},
		"set aside": *got.Parked == 0 && *a.Parked == 0,
	} {
		if !ok {
			t.Errorf("%s is not right in status --json:\n%s", what, printed)
		}
	}
}
