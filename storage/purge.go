package storage

import (
	"context"

	"madoguchi/bot"
)

// Retention says up to when things are kept: what ended or arrived before a
// time goes. 0 keeps everything of a kind.
type Retention struct {
	Events       int64 // payloads of decided events; their keys stay, so that no duplicate gets in
	Calls        int64 // ended calls with their attempts
	Echoes       int64
	ReplyTokens  int64
	ReplyChanges int64 // edits of replies that never arrived
}

// purgeAtOnce bounds a transaction, so that purging holds nobody up.
const purgeAtOnce = 500

// Purge deletes what is older than it is to be kept.
func (s *Store) Purge(ctx context.Context, before Retention) error {
	for _, p := range []struct {
		before int64
		batch  func(t *tx, before int64) (int64, error)
	}{
		{before.Events, purgeBy(`DELETE FROM inbox WHERE id IN (
			SELECT id FROM inbox WHERE state = 'done' AND done_at < ? ORDER BY done_at`)},
		{before.Calls, (*tx).purgeCalls},
		{before.Echoes, purgeBy(`DELETE FROM echo WHERE call_id IN (
			SELECT call_id FROM echo WHERE seen_at < ? ORDER BY seen_at`)},
		{before.ReplyTokens, purgeBy(`DELETE FROM reply_token WHERE id IN (
			SELECT id FROM reply_token WHERE received_at < ? ORDER BY received_at`)},
		{before.ReplyChanges, purgeBy(`DELETE FROM reply_change WHERE (team_id, channel_id, ts) IN (
			SELECT team_id, channel_id, ts FROM reply_change WHERE seen_at < ?`)},
	} {
		if p.before <= 0 {
			continue
		}
		for n := int64(purgeAtOnce); n == purgeAtOnce; {
			if err := s.engine.write(ctx, func(t *tx) (err error) {
				n, err = p.batch(t, p.before)
				return err
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// purgeBy deletes by a query whose inner query is left open, to be bounded.
func purgeBy(query string) func(*tx, int64) (int64, error) {
	query += limit(purgeAtOnce) + ")"
	return func(t *tx, before int64) (int64, error) { return t.exec("purge", query, before) }
}

func (t *tx) purgeCalls(before int64) (int64, error) {
	var ids []string
	if err := t.list("purge calls", &ids, `SELECT id FROM call WHERE ended_at > 0 AND ended_at < ? ORDER BY ended_at`+limit(purgeAtOnce),
		before); err != nil || len(ids) == 0 {
		return 0, err
	}
	in := ` IN (` + places(len(ids)) + `)`
	if err := t.do("purge attempts", `DELETE FROM attempt WHERE call_id`+in, values(ids)...); err != nil {
		return 0, err
	}
	return t.exec("purge calls", `DELETE FROM call WHERE id`+in, values(ids)...)
}

// ExpiredMedia implements bot.MessageTx.
func (t *tx) ExpiredMedia(before int64, n int) (found []bot.Message, err error) {
	err = t.list("expired media", &found, `SELECT `+messages.columns+` FROM message
		WHERE media_key <> '' AND received_at < ? ORDER BY received_at`+limit(n), before)
	return found, err
}
