package main

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"madoguchi/bot"
	"madoguchi/simulator/fault"
	"madoguchi/simulator/line"
	"madoguchi/simulator/slack"
)

// notHTTPS is the finding that a deployment on loopback cannot be without.
const notHTTPS = "warn  PUBLIC_URL: http://127.0.0.1"

// Each failure is provoked alone, beside a running serve, and gone afterwards.
func TestDoctorBesideServe(t *testing.T) {
	c := opened(t)
	c.doctor(t).fine(notHTTPS)
	c.doctor(t, "aoyama").fine(notHTTPS)

	t.Run("LINE token", func(t *testing.T) {
		c.change(t, func(a *line.Account) { a.Token = "reissued" })
		c.doctor(t).has("FAIL  aoyama LINE token: LINE does not accept it", "issue a channel access token")
	})
	t.Run("another official account", func(t *testing.T) {
		other := line.UserID(9)
		c.change(t, func(a *line.Account) { a.Token = "reissued" })
		c.line.AddAccount(line.Account{BotUserID: other, BasicID: "@other", Name: "他店", Secret: clinicSecret, Token: clinicToken})
		defer func() {
			if err := c.line.Change(other, func(a *line.Account) { a.Token = "" }); err != nil {
				t.Error(err)
			}
		}()
		store := c.store()
		const wrong = "FAIL  aoyama LINE token: it is of another official account: 他店 (@other)"
		var r report
		for range 20 { // serve may just be asking LINE itself, and goes by the answer
			if err := store.InTx(t.Context(), func(tx bot.Tx) error {
				a, err := tx.AccountBySlug("aoyama")
				return errors.Join(err, tx.SetBotUserID(a.ID, c.bot))
			}); err != nil {
				t.Fatal(err)
			}
			if r = c.doctor(t); strings.Contains(r.text, wrong) {
				break
			}
		}
		r.has(wrong, "of the same LINE channel")
	})
	t.Run("webhook of another tool", func(t *testing.T) {
		c.setWebhook(t, "https://other.example/hook/canary?key=canary")
		c.doctor(t).has("FAIL  aoyama webhook: LINE delivers to https://other.example/…", "set it to "+c.webhook())
	})
	t.Run("webhook of another account", func(t *testing.T) {
		c.setWebhook(t, c.webhook()+"/")
		c.doctor(t).has("FAIL  aoyama webhook: LINE delivers to "+c.webhook()+"/", "set it to "+c.webhook()+" in")
	})
	t.Run("no webhook", func(t *testing.T) {
		c.setWebhook(t, "")
		c.doctor(t).has("FAIL  aoyama webhook: LINE has no address", "set it to "+c.webhook())
	})
	t.Run("webhook switched off", func(t *testing.T) {
		if err := c.line.UseWebhook(c.bot, false); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := c.line.UseWebhook(c.bot, true); err != nil {
				t.Error(err)
			}
		}()
		c.doctor(t).has("FAIL  aoyama webhook: is switched off", "switch on Use webhook")
	})
	t.Run("webhook test", func(t *testing.T) {
		c.change(t, func(a *line.Account) { a.Secret = "reissued" })
		c.doctor(t).has("FAIL  aoyama webhook test: LINE says ERROR_STATUS_CODE (401)", "the channel secret is another one")
	})
	t.Run("chat", func(t *testing.T) {
		c.change(t, func(a *line.Account) { a.ChatMode, a.MarkAsRead = "chat", "manual" })
		r := c.doctor(t)
		r.has("warn  aoyama answers by itself: chat is on", "switch chat off")
		r.fine(notHTTPS, "warn  aoyama answers by itself")
	})
	t.Run("quota nearly used", func(t *testing.T) {
		c.use(t, 160)
		r := c.doctor(t)
		r.has("warn  aoyama quota: 160 of 200 messages used", "take a larger plan")
		r.fine(notHTTPS, "warn  aoyama quota")
	})
	t.Run("quota used up", func(t *testing.T) {
		c.use(t, 200)
		c.doctor(t).has("FAIL  aoyama quota: 200 of 200 messages used", "take a larger plan")
	})
	t.Run("scopes", func(t *testing.T) {
		c.slack.SetScopes(slices.DeleteFunc(slack.DefaultScopes(), func(s string) bool { return s == "reactions:write" })...)
		defer c.slack.SetScopes(slack.DefaultScopes()...)
		c.doctor(t).has("FAIL  Slack scopes: missing: reactions:write (the marks on replies)", "press Reinstall to Workspace")
	})
	t.Run("replies refused", func(t *testing.T) {
		c.slack.SetBeliefs(slack.Beliefs{RepliesRefused: true})
		defer c.slack.SetBeliefs(slack.Beliefs{})
		r := c.doctor(t)
		r.has("warn  Slack conversations.replies: refused: conversations.replies: not_allowed_token_type", "operators have to write them again")
		r.fine(notHTTPS, "warn  Slack conversations.replies")
	})
	t.Run("Slack in a hurry", func(t *testing.T) {
		c.slack.Faults.Add(fault.Rule{Match: "users.info", Kind: fault.RateLimit, RetryAfter: time.Second, Times: 1})
		defer c.slack.Faults.Clear()
		c.doctor(t).fine(notHTTPS)
	})
	t.Run("app token", func(t *testing.T) {
		c.with(t, "SLACK_APP_TOKEN", "xapp-1-A0OTHER-1-canary")
		c.doctor(t).has("FAIL  Slack app token: Slack answers invalid_auth", "make an app-level token with connections:write")
	})
	t.Run("bot token", func(t *testing.T) {
		c.with(t, "SLACK_BOT_TOKEN", "xoxb-canary-old")
		c.doctor(t).has("FAIL  Slack token: Slack answers invalid_auth", "copy the Bot User OAuth Token")
	})
	t.Run("without Slack", func(t *testing.T) {
		c.with(t, "SLACK_BOT_TOKEN", "")
		c.with(t, "SLACK_APP_TOKEN", "")
		r := c.doctor(t)
		r.has("FAIL  SLACK_BOT_TOKEN: is missing", "set it to the Bot User OAuth Token")
		r.has("FAIL  SLACK_SIGNING_SECRET, SLACK_APP_TOKEN: both are missing", "set SLACK_APP_TOKEN")
		r.has("warn  clock: not compared with Slack's", "run doctor again")
		r.has("ok    aoyama webhook test", "")
	})
	t.Run("operator gone", func(t *testing.T) {
		c.slack.AddUser(slack.User{ID: "U0SATO", Name: "U0SATO", Deleted: true})
		defer c.slack.AddUser(slack.User{ID: "U0SATO", Name: "U0SATO", Email: "sato@example.com"})
		c.doctor(t).has("FAIL  aoyama operator sato: U0SATO was deactivated", "remove: true")
	})
	t.Run("LINE away", func(t *testing.T) {
		c.line.Faults.Add(fault.Rule{Match: "/v2/bot/info", Kind: fault.Status, Status: http.StatusServiceUnavailable})
		defer c.line.Faults.Clear()
		c.doctor(t).has("FAIL  aoyama LINE token: LINE cannot be asked: http_503", "reaches "+c.variables["LINE_API_URL"])
	})
	t.Run("unknown account", func(t *testing.T) {
		c.doctor(t, "shibuya").has("FAIL  account shibuya: there is none", "`madoguchi apply FILE` makes one")
	})
	t.Run("not a Madoguchi at PUBLIC_URL", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		c.with(t, "PUBLIC_URL", server.URL)
		c.doctor(t).has("warn  PUBLIC_URL from here: answers 404", "forward /webhooks/ and /media/")
		server.Close()
		c.doctor(t).has("warn  PUBLIC_URL from here: cannot be tested", "LINE's own test")
	})
	t.Run("PUBLIC_URL not set", func(t *testing.T) {
		c.with(t, "PUBLIC_URL", "")
		r := c.doctor(t)
		r.has("warn  PUBLIC_URL: is not set", "pictures and PDFs need it")
		r.fine("warn  PUBLIC_URL")
	})
	t.Run("Slack channel archived", func(t *testing.T) {
		sato, ok := c.slack.Channel("line-aoyama-sato")
		if !ok {
			t.Fatal("there is no Slack channel of sato")
		}
		if err := c.slack.ArchiveChannel("U0SATO", sato.ID); err != nil {
			t.Fatal(err)
		}
		c.doctor(t).has("FAIL  aoyama Slack channel of sato: it is archived", "unarchive it in Slack")
		if err := c.slack.UnarchiveChannel("U0SATO", sato.ID); err != nil {
			t.Fatal(err)
		}
		c.until("the Slack channel is ready again", func() bool { return c.doctor(t).err == nil })
		if err := c.slack.MakePublic("U0OWNER", sato.ID); err != nil {
			t.Fatal(err)
		}
		c.doctor(t).has("FAIL  aoyama Slack channel of sato: it is public", "make it private again")
	})
}

func (c *clinic) setWebhook(t *testing.T, url string) {
	t.Helper()
	before := c.webhook()
	if err := c.line.SetWebhook(c.bot, url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.line.SetWebhook(c.bot, before); err != nil {
			t.Error(err)
		}
	})
}

func (c *clinic) use(t *testing.T, messages int64) {
	t.Helper()
	if err := c.line.SetUsed(c.bot, messages); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.line.SetUsed(c.bot, 0) })
}

// with sets a variable for one test.
func (c *clinic) with(t *testing.T, name, value string) {
	t.Helper()
	before := c.variables[name]
	c.variables[name] = value
	t.Cleanup(func() { c.variables[name] = before })
}

// A doctor that is run before anything else says what is still to be done, and
// leaves nothing behind.
func TestDoctorMakesNoDatabase(t *testing.T) {
	c := newClinic(t)
	r := c.doctor(t)
	r.has("warn  DATABASE_URL: there is no database at", "`madoguchi apply FILE` and `madoguchi serve` make it")
	r.fine("warn  DATABASE_URL", "warn  PUBLIC_URL: is not set", "warn  Slack conversations.replies: not tried", "warn  clock: not compared with LINE's")
	c.doctor(t, "aoyama").has("FAIL  account aoyama: cannot be looked at", "about the database above")
	for _, path := range []string{c.environment().Database.Path, keyFile(c.environment().Database)} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("doctor left %s behind", filepath.Base(path))
		}
	}
}

func TestDoctorBeforeServe(t *testing.T) {
	c := newClinic(t)
	c.store() // makes it
	c.doctor(t).has("warn  accounts: there are none yet", "run `madoguchi apply FILE`")
	c.apply(clinicFile)
	r := c.doctor(t)
	r.has("warn  aoyama Slack channel of owners: is not made yet", "`madoguchi serve` makes it")
	r.has("warn  aoyama Slack channel of sato: is not made yet", "restricted_action")
	r.has("warn  aoyama redelivery: never seen", "switch on Webhook redelivery")
	r.has("ok    aoyama people: 1 owner and 2 operators", "")
	c.apply(strings.Replace(clinicFile, "suzuki@", "nobody@", 1))
	c.doctor(t).has("FAIL  aoyama operator suzuki: nobody@example.com is not found", "give the operator's `slack_user`")
}

func TestDoctorReadsTheEnvironmentFirst(t *testing.T) {
	c := newClinic(t)
	c.variables["LISTEN_ADDR"] = "8080"
	c.variables["SLACK_BOT_TOKEN"] = "canary"
	r := c.doctor(t)
	r.has("FAIL  LISTEN_ADDR: \"8080\" is not an address to listen on", "write host:port")
	r.has("FAIL  SLACK_BOT_TOKEN: does not start with xoxb-", "use the Bot User OAuth Token")
	r.has("warn  everything else: not looked at", "run doctor again")
}

func TestDoctorAndTheKey(t *testing.T) {
	c := newClinic(t)
	c.apply(clinicFile)
	key := keyFile(c.environment().Database)
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	c.doctor(t).has("warn  SECRET_KEY: others may read", "chmod 600 "+key)
	c.with(t, "SECRET_KEY", strings.Repeat("ab", 32))
	c.doctor(t).has("FAIL  SECRET_KEY: the database was made with another one", "it is in the backups")
	c.with(t, "SECRET_KEY", "")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	c.doctor(t).has("FAIL  SECRET_KEY: "+key+" is gone", "restore the file from a backup")
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Error("doctor made another key")
	}
}

// apply refuses an empty secret; a database may still hold one.
func TestDoctorFindsAnEmptySecret(t *testing.T) {
	c := newClinic(t)
	c.apply(clinicFile)
	if err := c.store().InTx(t.Context(), func(tx bot.Tx) error {
		a, err := tx.AccountBySlug("aoyama")
		if err != nil {
			return err
		}
		a.LINE.Secrets = []string{""}
		return tx.SaveAccount(&a, nil)
	}); err != nil {
		t.Fatal(err)
	}
	c.doctor(t).has("FAIL  aoyama LINE channel secret: is empty", "line.channel_secret")
}

func TestDoctorFindsTokensOfTwoApps(t *testing.T) {
	newClinicOf(t, "A0OTHER").doctor(t).has("FAIL  Slack app token: it is of the app A0SIMULATE, the bot token of A0OTHER", "the same Slack app")
}

func TestDoctorComparesClocks(t *testing.T) {
	c := newClinic(t)
	for _, test := range []struct {
		behind time.Duration
		want   string
	}{
		{10 * time.Second, "warn  clock: 10s ahead of Slack's"},
		{-10 * time.Second, "warn  clock: 10s behind Slack's"},
		{2 * time.Minute, "FAIL  clock: 2m0s ahead of Slack's"},
	} {
		server := httptest.NewServer(late(c.slack, test.behind))
		c.with(t, "SLACK_API_URL", server.URL+"/api/")
		r := c.doctor(t)
		server.Close()
		if !strings.Contains(r.text, test.want) && !strings.Contains(r.text, strings.Replace(test.want, "10s", "9s", 1)) {
			t.Errorf("doctor does not say %q:\n%s", test.want, r.text)
		}
	}
}

func TestScopesAreThoseOfTheManifest(t *testing.T) {
	raw, err := os.ReadFile("../../docs/slack-app-manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		OAuth struct {
			Scopes struct {
				Bot []string `yaml:"bot"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range scopes {
		got = append(got, s.name)
	}
	if want := manifest.OAuth.Scopes.Bot; !slices.Equal(got, want) {
		t.Errorf("scopes = %v, want those of the manifest: %v", got, want)
	}
}

// What others named must not steer the terminal that it is printed on.
func TestPlain(t *testing.T) {
	if got := plain("青山\x1b[2J\n\u202eok"); got != "青山 [2J  ok" {
		t.Errorf("plain = %q", got)
	}
}
