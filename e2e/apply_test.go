package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
)

// change applies an account file with something replaced in it.
func (w *world) change(pairs ...string) string {
	w.t.Helper()
	content, err := os.ReadFile(w.file)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(content), pairs[i]) {
			w.t.Fatalf("the account file has no %q", pairs[i])
		}
	}
	w.write(strings.NewReplacer(pairs...).Replace(string(content)))
	return w.run("apply", w.file)
}

// members are who is in a place's Slack channel.
func (w *world) members(place string) []string {
	c, _ := w.slack.Channel(w.channel(place))
	return c.Members
}

// A Slack channel of another account is refused, with whose it is; nothing of
// the file is applied.
func TestApplyOfASlackChannelOfAnotherAccount(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitReady("sato")
		w.reapply("owners: [U0OWNER]", "owners: [U0OWNER]\nowners_channel: C0GIVEN")
		first := w.read()
		for channel, whose := range map[string]string{
			"C0GIVEN": `the owners of account "aoyama"`, w.channel("sato"): `operator "sato" of account "aoyama"`,
		} {
			w.write(strings.NewReplacer("account: aoyama", "account: shibuya", "C0GIVEN", channel).Replace(first))
			out, err := w.try("apply", w.file)
			if err == nil || !strings.Contains(out, channel+" is also that of "+whose) {
				t.Errorf("apply of owners_channel %s printed %q (%v)", channel, out, err)
			}
		}
		if out, err := w.try("export", "shibuya"); err == nil {
			t.Errorf("the second account is there: %s", out)
		}
	})
}

// A running serve notices within a second or two what apply changed: rights,
// people and names.
func TestApplyWhileRunning(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		other := w.friend(2, "次郎")
		w.acted(w.line.Postback(other, "shop=shibuya", nil))
		w.text(other, "渋谷で待っています")
		w.waitShown("suzuki", "渋谷で待っています")

		// An operator who is new sees who waits, and nobody else.
		out := w.change("routing:\n", "  - {key: tanaka, name: 田中, slack_user: U0STRANGER, permission_sets: [渋谷店スタッフ]}\nrouting:\n")
		if !strings.Contains(out, "+ operators: tanaka") && !strings.Contains(out, "tanaka") {
			t.Errorf("apply printed %s", out)
		}
		began := time.Now() // the change is there: apply has ended
		first := w.waitShown("tanaka", "渋谷で待っています")
		if took := time.Since(began); took > prompt {
			t.Errorf("a new operator waited %s", took)
		}
		if !strings.Contains(first.Text, "<@"+stranger+">") {
			t.Errorf("no mention: %s", first.Text)
		}
		if !slices.Contains(w.members("tanaka"), stranger) {
			t.Errorf("members of the new Slack channel: %v", w.members("tanaka"))
		}
		if _, shown := w.shows("tanaka", "花子"); shown {
			t.Error("a hidden friend is shown to the new operator")
		}

		// Rights that are taken away hold for the next reply.
		w.change("- {name: 青山店スタッフ, friends: [青山店], view: true, send: true}", "- {name: 青山店スタッフ, friends: [青山店], view: true}")
		ts := w.reply(sato, "sato", card.TS, "もう書けない")
		w.waitRefused("sato", ts, "「送信」の権限がないため")

		// A tag that is renamed keeps its friends.
		w.change("tags: [青山店, 渋谷店, VIP]", "tags: [{name: 表参道店, was: 青山店}, 渋谷店, VIP]", "friends: [青山店]", "friends: [表参道店]", "tags: [青山店]}", "tags: [表参道店]}")
		w.waitPost("sato", card.TS, "表参道店", true)
		w.text(hana, "名前が変わっても")
		w.waitShown("sato", "名前が変わっても")

		// An operator who is removed is out of the Slack channel, and gets nothing more.
		w.change("permission_sets: [渋谷店スタッフ]}\nrouting", "permission_sets: [渋谷店スタッフ], remove: true}\nrouting")
		w.until(5*time.Second, "the removed operator is out", func() bool { return !slices.Contains(w.members("tanaka"), stranger) })
		w.text(other, "まだ待っています")
		w.waitShown("suzuki", "まだ待っています")
		if _, shown := w.shows("tanaka", "まだ待っています"); shown {
			t.Error("shown to a removed operator")
		}
		if got := w.phone(hana); len(got) > 0 {
			t.Errorf("the phone shows %q", got)
		}

		// What export prints changes nothing and holds no secret.
		exported := w.run("export", "aoyama")
		for _, canary := range []string{secret, lineToken, "xoxb-bot-canary"} {
			if strings.Contains(exported, canary) {
				t.Errorf("export prints %s", canary)
			}
		}
		path := filepath.Join(t.TempDir(), "exported.yaml")
		if err := os.WriteFile(path, []byte(exported), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := w.run("apply", path); !strings.Contains(out, "no changes") {
			t.Errorf("applying what export printed: %s\n%s", out, exported)
		}
		if out := w.run("status"); !strings.Contains(out, "2 waiting") {
			t.Errorf("status: %s", out)
		}
	})
}

// A file with a fault changes nothing.
func TestApplyRefusesAsAWhole(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		before := w.run("export", "aoyama")
		w.write(fmt.Sprintf(accountFile, "0s") + "unknown_key: 1\n")
		if out, err := w.try("apply", w.file); err == nil || !strings.Contains(out, "unknown_key") || strings.Contains(out, secret) {
			t.Errorf("apply: %v\n%s", err, out)
		}
		if after := w.run("export", "aoyama"); after != before {
			t.Errorf("a refused file changed something:\n%s", after)
		}
	})
}

// A secret replaced while serving is taken at once, the old one no more.
func TestSecretsChangeWhileRunning(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.env = append(w.env, "LINE_CHANNEL_SECRET=rotated-canary")
		w.run("apply", w.file)
		body := []byte(`{"destination":"` + botUser + `","events":[]}`)
		w.until(3*time.Second, "the new secret is taken", func() bool {
			status, _ := w.hook("aoyama", simline.Signature("rotated-canary", body), bytes.NewReader(body))
			return status == http.StatusOK
		})
		if status := w.signedHook(string(body)); status != http.StatusUnauthorized {
			t.Errorf("the old secret: %d", status)
		}
	})
}
