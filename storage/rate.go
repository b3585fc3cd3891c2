package storage

import (
	"errors"

	"madoguchi/bot"
)

// Rates have rows of their own, apart from lanes: they are locked in the middle
// of a transaction, lanes at its end. Whoever uses several takes them in the
// same order, after friends and threads.

// Pace implements bot.Tx with the generic cell rate algorithm: paced is the
// time (in microseconds) at which all that was counted would be through at an
// even rate, and it may be ahead of now by the burst.
func (t *tx) Pace(_ bot.LaneKind, lane string, interval int64, burst int) (int64, error) {
	now := t.nowMS * 1000
	ahead := int64(max(burst, 1)-1) * interval
	var paced int64
	err := t.get("pace", &paced, `INSERT INTO rate (id, paced) VALUES (?, ?)
		ON CONFLICT (id) DO UPDATE SET paced = CASE WHEN rate.paced > ? THEN rate.paced ELSE CAST(? AS BIGINT) END + ?
			WHERE rate.paced <= ? AND rate.not_before <= ?
		RETURNING paced`,
		lane, now+interval, now, now, interval, now+ahead, t.nowMS)
	if err == nil || !errors.Is(err, bot.ErrNotFound) {
		return 0, err
	}
	var until struct {
		Paced     int64 `db:"paced"`
		NotBefore int64 `db:"not_before"`
	}
	if err := t.get("pace", &until, `SELECT paced, not_before FROM rate WHERE id = ?`, lane); err != nil {
		return 0, err
	}
	wait := (until.Paced - ahead - now + 999) / 1000
	return max(wait, until.NotBefore-t.nowMS, 1), nil
}

// Penalise implements bot.Tx.
func (t *tx) Penalise(_ bot.LaneKind, lane string, until int64) error {
	return t.do("penalise", `INSERT INTO rate (id, not_before) VALUES (?, ?)
		ON CONFLICT (id) DO UPDATE SET not_before = CASE WHEN excluded.not_before > rate.not_before THEN excluded.not_before ELSE rate.not_before END`,
		lane, until)
}
