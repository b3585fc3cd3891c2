package storage

import "madoguchi/bot"

var events = recordOf[bot.StoredEvent]("inbox")

// PendingEvents implements bot.InboxTx.
func (t *tx) PendingEvents(lane string, n int) (found []bot.StoredEvent, err error) {
	err = t.list("pending events", &found, `SELECT `+events.columns+` FROM inbox
		WHERE lane = ? AND state = 'pending' ORDER BY at, event_key, id`+limit(n), lane)
	return found, err
}

// FinishEvent implements bot.InboxTx.
func (t *tx) FinishEvent(id string) error {
	return t.must("finish event", `UPDATE inbox SET state = 'done', done_at = ? WHERE id = ?`, t.nowMS, id)
}

// RetryEvent implements bot.InboxTx.
func (t *tx) RetryEvent(id, reason string) error {
	return t.must("retry event", `UPDATE inbox SET attempts = attempts + 1, error = ? WHERE id = ?`, reason, id)
}

// ParkEvent implements bot.InboxTx.
func (t *tx) ParkEvent(id, reason string) error {
	return t.must("park event", `UPDATE inbox SET state = 'parked', attempts = attempts + 1, error = ? WHERE id = ?`, reason, id)
}

// AddEvent implements bot.InboxTx.
func (t *tx) AddEvent(e bot.Incoming) error { return t.accept([]bot.Incoming{e}) }

// RedactEvents implements bot.InboxTx.
func (t *tx) RedactEvents(accountID, lineMessageID string) error {
	t.scrub = true
	return t.do("redact events", `UPDATE inbox SET raw = ?
		WHERE account_id = ? AND line_message_id = ? AND line_message_id <> ''`, []byte("{}"), accountID, lineMessageID)
}

// InboxBacklog implements bot.InboxTx.
func (t *tx) InboxBacklog() (pending bot.Backlog, parked int, err error) { return t.inboxBacklog("") }

// InboxBacklogOf implements bot.InboxTx.
func (t *tx) InboxBacklogOf(accountID string) (pending bot.Backlog, parked int, err error) {
	return t.inboxBacklog(ofAccount, accountID)
}

// ofAccount narrows a backlog down.
const ofAccount = ` AND account_id = ?`

func (t *tx) inboxBacklog(narrow string, args ...any) (pending bot.Backlog, parked int, err error) {
	var states []struct {
		State string `db:"state"`
		bot.Backlog
	}
	err = t.list("inbox backlog", &states, `SELECT state, COUNT(*) AS waiting, MIN(received_at) AS oldest FROM inbox
		WHERE state <> 'done'`+narrow+` GROUP BY state`, args...)
	for _, s := range states {
		switch s.State {
		case "pending":
			pending = s.Backlog
		case "parked":
			parked = s.Waiting
		}
	}
	return pending, parked, err
}

var parkedEvents = recordOf[bot.ParkedEvent]("inbox")

// isParked is there for the index of what is not done.
const isParked = `state = 'parked' AND state <> 'done'`

// Parked implements bot.InboxTx.
func (t *tx) Parked(accountID string, n int) (found []bot.ParkedEvent, err error) {
	narrow, args := "", []any(nil)
	if accountID != "" {
		narrow, args = ofAccount, []any{accountID}
	}
	err = t.list("parked events", &found, `SELECT `+parkedEvents.columns+` FROM inbox
		WHERE `+isParked+narrow+` ORDER BY received_at DESC, id DESC`+limit(n), args...)
	return found, err
}

// Event implements bot.InboxTx.
func (t *tx) Event(id string) (e bot.StoredEvent, err error) {
	err = t.get("event", &e, `SELECT `+events.columns+` FROM inbox WHERE id = ?`, id)
	return e, err
}

// UnparkEvent implements bot.InboxTx.
func (t *tx) UnparkEvent(id string) error {
	var lane string
	err := t.get("unpark event", &lane, `UPDATE inbox SET state = 'pending', attempts = 0, error = '' WHERE id = ? AND `+isParked+`
		RETURNING lane`, id)
	if err == nil {
		t.Poke(bot.LaneInbox, lane, 0)
	}
	return err
}

// DropEvent implements bot.InboxTx.
func (t *tx) DropEvent(id string) error {
	t.scrub = true
	return t.must("drop event", `DELETE FROM inbox WHERE id = ? AND `+isParked, id)
}
