package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"madoguchi/bot"
)

// Accounts implements bot.AccountTx.
func (t *tx) Accounts() (found []bot.AccountVersion, err error) {
	err = t.list("accounts", &found, `SELECT id, slug, version FROM account ORDER BY slug`)
	return found, err
}

// accountRow is an account as it lies in the database.
type accountRow struct {
	ID        string `db:"id"`
	Slug      string `db:"slug"`
	Version   int64  `db:"version"`
	Settings  string `db:"settings"`
	Sealed    string `db:"line_sealed"`
	BotUserID string `db:"bot_user_id"`
}

const accountColumns = `id, slug, version, settings, line_sealed, bot_user_id`

// Account implements bot.AccountTx.
func (t *tx) Account(id string) (bot.Account, error) {
	var row accountRow
	if err := t.get("account", &row, `SELECT `+accountColumns+` FROM account WHERE id = ?`, id); err != nil {
		return bot.Account{}, err
	}
	return t.unseal(row)
}

// AccountBySlug implements bot.AccountTx.
func (t *tx) AccountBySlug(slug string) (bot.Account, error) {
	var row accountRow
	if err := t.get("account", &row, `SELECT `+accountColumns+` FROM account WHERE slug = ?`, slug); err != nil {
		return bot.Account{}, err
	}
	return t.unseal(row)
}

// sealedPlace binds credentials to their account.
func sealedPlace(accountID string) string { return "account.line:" + accountID }

func (t *tx) unseal(row accountRow) (bot.Account, error) {
	a := bot.Account{ID: row.ID, Slug: row.Slug, Version: row.Version, BotUserID: row.BotUserID}
	if err := json.Unmarshal([]byte(row.Settings), &a.Settings); err != nil {
		return a, fmt.Errorf("settings of account %s: %w", row.ID, err)
	}
	plain, err := t.store.sealer.open(row.Sealed, sealedPlace(row.ID))
	if err != nil {
		return a, fmt.Errorf("credentials of account %s: %w", row.ID, err)
	}
	if err := json.Unmarshal(plain, &a.LINE); err != nil {
		// The error would quote what it could not read.
		return a, fmt.Errorf("credentials of account %s cannot be read", row.ID)
	}
	return a, nil
}

// SaveAccount implements bot.AccountTx.
func (t *tx) SaveAccount(a *bot.Account, applied *bot.Settings) error {
	settings, err := json.Marshal(a.Settings)
	if err != nil {
		return fmt.Errorf("settings of account %s: %w", a.ID, err)
	}
	credentials, err := json.Marshal(a.LINE)
	if err != nil {
		return fmt.Errorf("credentials of account %s: %w", a.ID, err)
	}
	var file []byte // empty keeps what is stored
	if applied != nil {
		if file, err = json.Marshal(applied); err != nil {
			return fmt.Errorf("applied settings of account %s: %w", a.ID, err)
		}
	}
	if err := t.get("save account", &a.Version, `INSERT INTO account (id, slug, version, settings, applied, line_sealed, bot_user_id)
		VALUES (?, ?, 1, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, version = account.version + 1, settings = excluded.settings,
			applied = CASE WHEN excluded.applied = '' THEN account.applied ELSE excluded.applied END,
			line_sealed = excluded.line_sealed, bot_user_id = excluded.bot_user_id
		RETURNING version`,
		a.ID, a.Slug, string(settings), string(file), t.store.sealer.seal(credentials, sealedPlace(a.ID)), a.BotUserID); err != nil {
		return err
	}
	return t.forgetIdentities(a)
}

// forgetIdentities removes those of operators who are gone: somebody who comes
// back is looked up again.
func (t *tx) forgetIdentities(a *bot.Account) error {
	query := `DELETE FROM operator_identity WHERE account_id = ?`
	args := []any{a.ID}
	if ops := a.Settings.Operators; len(ops) > 0 {
		query += ` AND operator NOT IN (` + places(len(ops)) + `)`
		for _, op := range ops {
			args = append(args, op.Key)
		}
	}
	return t.do("forget identities", query, args...)
}

// Applied implements bot.AccountTx.
func (t *tx) Applied(accountID string) (*bot.Settings, error) {
	var text string
	if err := t.get("applied settings", &text, `SELECT applied FROM account WHERE id = ?`, accountID); err != nil || text == "" {
		return nil, err
	}
	applied := new(bot.Settings)
	if err := json.Unmarshal([]byte(text), applied); err != nil {
		return nil, fmt.Errorf("applied settings of account %s: %w", accountID, err)
	}
	return applied, nil
}

// SetBotUserID implements bot.AccountTx.
func (t *tx) SetBotUserID(accountID, userID string) error {
	return t.must("set bot user", `UPDATE account SET bot_user_id = ?, version = version + 1 WHERE id = ?`, userID, accountID)
}

// SetRedeliverySeen implements bot.AccountTx. It is exact to a minute, so that
// a storm of redeliveries does not write the same row again and again.
func (t *tx) SetRedeliverySeen(accountID string, at int64) error {
	return t.do("redelivery seen", `UPDATE account SET redelivery_seen_at = ? WHERE id = ? AND redelivery_seen_at < ?`,
		at, accountID, at-60_000)
}

// RedeliverySeen implements bot.AccountTx.
func (t *tx) RedeliverySeen(accountID string) (at int64, err error) {
	err = t.get("redelivery seen", &at, `SELECT redelivery_seen_at FROM account WHERE id = ?`, accountID)
	return at, err
}

// Identities implements bot.AccountTx.
func (t *tx) Identities(a *bot.Account) (map[string]string, error) {
	var rows []struct {
		Operator  string `db:"operator"`
		Email     string `db:"email"`
		SlackUser string `db:"slack_user"`
	}
	err := t.list("identities", &rows, `SELECT operator, email, slack_user FROM operator_identity WHERE account_id = ?`, a.ID)
	present := make(map[string]string, len(a.Settings.Operators))
	for _, op := range a.Settings.Operators {
		present[op.Key] = op.Email
	}
	found := make(map[string]string, len(rows))
	for _, r := range rows {
		if r.Email == present[r.Operator] {
			found[r.Operator] = r.SlackUser
		}
	}
	return found, err
}

// SetIdentity implements bot.AccountTx. One that is there already raises nothing.
func (t *tx) SetIdentity(accountID, operator, email, slackUser string) error {
	n, err := t.exec("set identity", `INSERT INTO operator_identity (account_id, operator, email, slack_user) VALUES (?, ?, ?, ?)
		ON CONFLICT (account_id, operator) DO UPDATE SET email = excluded.email, slack_user = excluded.slack_user
			WHERE operator_identity.email <> excluded.email OR operator_identity.slack_user <> excluded.slack_user`,
		accountID, operator, email, slackUser)
	if err != nil || n == 0 {
		return err
	}
	return t.raiseVersion(accountID)
}

func (t *tx) raiseVersion(accountID string) error {
	return t.must("raise version", `UPDATE account SET version = version + 1 WHERE id = ?`, accountID)
}

// InactiveUsers implements bot.AccountTx.
func (t *tx) InactiveUsers(accountID string) (found []string, err error) {
	err = t.list("inactive users", &found, `SELECT slack_user FROM inactive_user WHERE account_id = ?`, accountID)
	return found, err
}

// SetInactive implements bot.AccountTx.
func (t *tx) SetInactive(accountID, slackUser string, inactive bool) (changed bool, err error) {
	query := `DELETE FROM inactive_user WHERE account_id = ? AND slack_user = ?`
	if inactive {
		query = `INSERT INTO inactive_user (account_id, slack_user) VALUES (?, ?) ON CONFLICT (account_id, slack_user) DO NOTHING`
	}
	n, err := t.exec("set inactive", query, accountID, slackUser)
	if err != nil || n == 0 {
		return false, err
	}
	return true, t.raiseVersion(accountID)
}

// AccountVersion implements bot.AccountTx.
func (t *tx) AccountVersion(id string) (version int64, err error) {
	err = t.get("account version", &version, `SELECT version FROM account WHERE id = ?`, id)
	return version, err
}

// Heartbeat implements bot.AccountTx.
func (t *tx) Heartbeat(at int64) (before int64, err error) {
	var text string
	err = t.get("heartbeat", &text, `SELECT value FROM deployment WHERE name = 'heartbeat'`+t.forUpdate)
	switch {
	case errors.Is(err, bot.ErrNotFound):
	case err != nil:
		return 0, err
	default:
		if before, err = strconv.ParseInt(text, 10, 64); err != nil {
			return 0, fmt.Errorf("heartbeat: %w", err)
		}
	}
	err = t.do("heartbeat", `INSERT INTO deployment (name, value) VALUES ('heartbeat', ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, strconv.FormatInt(at, 10))
	return before, err
}

// CountFollow implements bot.AccountTx.
func (t *tx) CountFollow(accountID string, hour int64) (n int, err error) {
	err = t.get("count follow", &n, `INSERT INTO follow_count (account_id, hour, follows) VALUES (?, ?, 1)
		ON CONFLICT (account_id, hour) DO UPDATE SET follows = follow_count.follows + 1 RETURNING follows`, accountID, hour)
	return n, err
}

// TakeFollows implements bot.AccountTx.
func (t *tx) TakeFollows(accountID string, before int64) (map[int64]int, error) {
	var rows []struct {
		Hour    int64 `db:"hour"`
		Follows int   `db:"follows"`
	}
	err := t.list("take follows", &rows, `DELETE FROM follow_count WHERE account_id = ? AND hour < ? RETURNING hour, follows`,
		accountID, before)
	counts := make(map[int64]int, len(rows))
	for _, r := range rows {
		counts[r.Hour] = r.Follows
	}
	return counts, err
}
