package storage

import "madoguchi/bot"

var auditEntries = recordOf[bot.AuditEntry]("audit")

// Audit implements bot.AuditTx.
func (t *tx) Audit(e bot.AuditEntry) error {
	return t.do("audit", auditEntries.insert, auditEntries.values(&e)...)
}

// AuditOf implements bot.AuditTx.
func (t *tx) AuditOf(accountID, friendID string, n int) (found []bot.AuditEntry, err error) {
	newest := ` ORDER BY at DESC, id DESC` + limit(n)
	if friendID == "" {
		err = t.list("audit trail", &found, `SELECT `+auditEntries.columns+` FROM audit WHERE account_id = ?`+newest, accountID)
		return found, err
	}
	err = t.list("audit trail", &found, `SELECT `+auditEntries.columns+` FROM audit WHERE account_id = ? AND friend_id = ?`+newest,
		accountID, friendID)
	return found, err
}
