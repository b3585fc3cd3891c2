package storage_test

import (
	"errors"
	"testing"

	"madoguchi/bot"
	"madoguchi/operators"
	"madoguchi/storage/storagetest"
)

func TestAccounts(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		w.do(func(tx bot.Tx) error {
			a, err := tx.Account("a1")
			if err != nil {
				return err
			}
			if applied, err := tx.Applied("a1"); applied != nil || err != nil {
				t.Errorf("applied = %v (%v) before any apply", applied, err)
			}
			a.Settings.Name, a.Slug = "青山サロン", "aoyama-2"
			if err := tx.SaveAccount(&a, &a.Settings); err != nil || a.Version != 2 {
				t.Errorf("version = %d (%v), want 2", a.Version, err)
			}
			if err := tx.SaveAccount(&a, nil); err != nil || a.Version != 3 {
				t.Errorf("version = %d (%v), want 3", a.Version, err)
			}
			applied, err := tx.Applied("a1")
			if err != nil || applied == nil || applied.Name != "青山サロン" {
				t.Errorf("applied = %v (%v)", applied, err)
			}
			set := func(email, user string) error { return tx.SetIdentity("a1", "sato", email, user) }
			if err := errors.Join(set("sato@example.com", "U1"), set("sato@example.com", "U1"), tx.SetBotUserID("a1", "B1")); err != nil {
				return err
			}
			got, err := tx.AccountBySlug("aoyama-2")
			if got.Version != 5 || got.BotUserID != "B1" {
				t.Errorf("version %d, bot %q; want 5, B1", got.Version, got.BotUserID)
			}
			return err
		})
		w.do(func(tx bot.Tx) error {
			one, e1 := tx.Heartbeat(5)
			two, e2 := tx.Heartbeat(9)
			if one != 0 || two != 5 {
				t.Errorf("heartbeats before = %d, %d; want 0, 5", one, two)
			}
			p := bot.Pause{Connection: "slack", Code: "x", Since: 1, RetryAt: 2}
			isNew, e3 := tx.SetPause(p)
			p.Since, p.RetryAt = 8, 9
			again, e4 := tx.SetPause(p)
			pauses, e5 := tx.Pauses()
			if !isNew || again || len(pauses) != 1 || pauses[0].Since != 1 || pauses[0].RetryAt != 9 {
				t.Errorf("pauses: new %v, again new %v, %+v", isNew, again, pauses)
			}
			was, e6 := tx.ClearPause("slack")
			still, e7 := tx.ClearPause("slack")
			if !was || still {
				t.Error("a pause was not cleared once")
			}
			e8 := tx.Audit(bot.AuditEntry{ID: "1", AccountID: "a1", At: 1, Actor: "U1", Action: "send", FriendID: "f1", Allowed: true})
			e9 := tx.Audit(bot.AuditEntry{ID: "2", AccountID: "a1", At: 2, Actor: "U1", Action: "send"})
			of, e10 := tx.AuditOf("a1", "f1", 5)
			all, e11 := tx.AuditOf("a1", "", 5)
			if len(of) != 1 || len(all) != 2 || all[0].ID != "2" {
				t.Errorf("audit of the friend %d, of all %d", len(of), len(all))
			}
			return errors.Join(e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11)
		})
	})
}

// Whoever was found by an e-mail is the operator only while the operator has
// that e-mail.
func TestIdentityGoesWithItsEmail(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		w := newWorld(t, db)
		w.do(func(tx bot.Tx) error {
			a, err := tx.Account("a1")
			if err != nil {
				return err
			}
			is := func(email, want string) {
				t.Helper()
				a.Settings.Operators = nil
				if email != "" {
					a.Settings.Operators = []operators.Operator{{Key: "sato", Email: email}}
				}
				if err := tx.SaveAccount(&a, nil); err != nil {
					t.Fatal(err)
				}
				found, err := tx.Identities(&a)
				if err != nil || found["sato"] != want {
					t.Errorf("with %q: %v (%v), want %q", email, found, err, want)
				}
			}
			is("sato@example.com", "")
			if err := tx.SetIdentity("a1", "sato", "sato@example.com", "U1"); err != nil {
				return err
			}
			is("sato@example.com", "U1")
			is("ito@example.com", "")
			is("sato@example.com", "U1")
			if err := tx.SetIdentity("a1", "sato", "ito@example.com", "U1"); err != nil {
				return err
			}
			is("ito@example.com", "U1")
			is("", "")
			is("ito@example.com", "")
			return nil
		})
	})
}
