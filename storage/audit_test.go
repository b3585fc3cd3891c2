package storage_test

import (
	"testing"

	"madoguchi/bot"
	"madoguchi/storage/storagetest"
)

// Whoever reaches the database, by mistake or on purpose, finds that what
// stands in the audit trail stays.
func TestTheAuditTrailIsOnlyAddedTo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, db storagetest.Database) {
		s := db.Open(t, nil)
		add := func(id string) {
			inTx(t, s, func(tx bot.Tx) error {
				return tx.Audit(bot.AuditEntry{ID: id, AccountID: "a1", At: 1, Actor: "U1", Action: "tag_on", Allowed: true})
			})
		}
		add("1")
		forbidden := []string{
			`UPDATE audit SET actor = 'U2'`,
			`UPDATE audit SET detail = '' WHERE id = '1'`,
			`DELETE FROM audit`,
			`DELETE FROM audit WHERE id = '1'`,
			`INSERT INTO audit (id, account_id, at, actor, action, allowed) VALUES ('1', 'a1', 1, 'U2', 'tag_on', TRUE)
				ON CONFLICT (id) DO UPDATE SET actor = 'U2'`,
		}
		if db.Engine == "postgres" {
			forbidden = append(forbidden, `TRUNCATE audit`)
		} else {
			forbidden = append(forbidden, `INSERT OR REPLACE INTO audit (id, account_id, at, actor, action, allowed)
				VALUES ('1', 'a1', 1, 'U2', 'tag_on', TRUE)`)
		}
		conn := raw(t, db)
		for _, statement := range forbidden {
			if _, err := conn.Exec(statement); err == nil {
				t.Errorf("the database took %s", statement)
			}
		}
		add("2")
		view(t, s, func(tx bot.Tx) error {
			trail, err := tx.AuditOf("a1", "", 10)
			if len(trail) != 2 || trail[1].Actor != "U1" {
				t.Errorf("the trail is %+v (%v)", trail, err)
			}
			return err
		})
	})
}
