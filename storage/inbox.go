package storage

import (
	"context"
	"errors"

	"madoguchi/bot"
)

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
func (t *tx) InboxBacklog() (pending, parked int, oldest int64, err error) {
	var states []struct {
		State  string `db:"state"`
		Events int    `db:"events"`
		Oldest int64  `db:"oldest"`
	}
	err = t.list("inbox backlog", &states, `SELECT state, COUNT(*) AS events, MIN(received_at) AS oldest FROM inbox
		WHERE state <> 'done' GROUP BY state`)
	for _, s := range states {
		switch s.State {
		case "pending":
			pending, oldest = s.Events, s.Oldest
		case "parked":
			parked = s.Events
		}
	}
	return pending, parked, oldest, err
}

// Parked implements bot.InboxTx.
func (t *tx) Parked(accountID string, n int) (found []bot.StoredEvent, err error) {
	err = t.list("parked events", &found, `SELECT `+events.columns+` FROM inbox
		WHERE account_id = ? AND state = 'parked' AND state <> 'done' ORDER BY received_at DESC, id DESC`+limit(n), accountID)
	return found, err
}

// Echo implements bot.Store.
func (s *Store) Echo(ctx context.Context, callID, ts string) error {
	return s.engine.write(ctx, func(t *tx) error {
		if err := t.do("echo", `INSERT INTO echo (call_id, ts, seen_at) VALUES (?, ?, ?) ON CONFLICT (call_id) DO NOTHING`,
			callID, ts, t.nowMS); err != nil {
			return err
		}
		var call bot.Call
		err := t.get("call of an echo", &call, `SELECT `+calls.columns+` FROM call WHERE id = ?`, callID)
		if errors.Is(err, bot.ErrNotFound) {
			return nil
		}
		if err == nil && (call.State == bot.CallUncertain || call.State == bot.CallCalling) {
			t.Poke(laneKindOf(call.Kind), call.Lane, 0)
		}
		return err
	})
}

// EchoOf implements bot.CallTx.
func (t *tx) EchoOf(callID string) (ts string, err error) {
	err = t.get("echo", &ts, `SELECT ts FROM echo WHERE call_id = ?`, callID)
	if errors.Is(err, bot.ErrNotFound) {
		return "", nil
	}
	return ts, err
}
