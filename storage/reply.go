package storage

import "madoguchi/bot"

var (
	replies      = recordOf[bot.Reply]("reply")
	replyChange  = replies.except("id", "account_id", "friend_id", "team_id", "channel_id", "ts", "arrived_at")
	replyChanges = recordOf[bot.ReplyChange]("reply_change")
)

// openReply is there for the index of replies that are not ended.
const openReply = `state IN ('held', 'released', 'sending', 'asking')`

// AddReply implements bot.ReplyTx.
func (t *tx) AddReply(r *bot.Reply) (bool, error) {
	n, err := t.exec("add reply", replies.insert+` ON CONFLICT (team_id, channel_id, ts) DO NOTHING`, replies.values(r)...)
	return n > 0, err
}

// Reply implements bot.ReplyTx.
func (t *tx) Reply(id string) (r bot.Reply, err error) {
	err = t.get("reply", &r, `SELECT `+replies.columns+` FROM reply WHERE id = ?`, id)
	return r, err
}

// ReplyBySlack implements bot.ReplyTx.
func (t *tx) ReplyBySlack(teamID, channelID, ts string) (r bot.Reply, err error) {
	err = t.get("reply", &r, `SELECT `+replies.columns+` FROM reply WHERE team_id = ? AND channel_id = ? AND ts = ?`, teamID, channelID, ts)
	return r, err
}

// SaveReply implements bot.ReplyTx.
func (t *tx) SaveReply(r *bot.Reply) error {
	return t.must("save reply", `UPDATE reply SET `+replyChange.set+` WHERE id = ?`, replyChange.values(r, r.ID)...)
}

// HeldReplies implements bot.ReplyTx.
func (t *tx) HeldReplies(friendID string) (found []bot.Reply, err error) {
	err = t.list("held replies", &found, `SELECT `+replies.columns+` FROM reply
		WHERE friend_id = ? AND state = 'held' AND `+openReply+` ORDER BY ts, id`, friendID)
	return found, err
}

// ReleasedReplies implements bot.ReplyTx.
func (t *tx) ReleasedReplies(friendID string) (found []bot.Reply, err error) {
	err = t.list("released replies", &found, `SELECT `+replies.columns+` FROM reply
		WHERE friend_id = ? AND state = 'released' AND `+openReply+` ORDER BY seq, id`, friendID)
	return found, err
}

// RepliesOfCall implements bot.ReplyTx.
func (t *tx) RepliesOfCall(callID string) (found []bot.Reply, err error) {
	err = t.list("replies of a call", &found, `SELECT `+replies.columns+` FROM reply
		WHERE call_id = ? AND call_id <> '' ORDER BY seq, id`, callID)
	return found, err
}

// NextReplySeq implements bot.ReplyTx.
func (t *tx) NextReplySeq(friendID string) (seq int64, err error) {
	err = t.get("next reply", &seq, `UPDATE friend SET next_reply_seq = next_reply_seq + 1 WHERE id = ? RETURNING next_reply_seq - 1`,
		friendID)
	return seq, err
}

// AddReplyChange implements bot.ReplyTx.
func (t *tx) AddReplyChange(c bot.ReplyChange) error {
	return t.do("add reply change", `INSERT INTO reply_change (team_id, channel_id, ts, edited_ts, text, deleted, seen_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (team_id, channel_id, ts) DO UPDATE SET edited_ts = excluded.edited_ts, text = excluded.text,
			deleted = excluded.deleted, seen_at = excluded.seen_at
			WHERE NOT reply_change.deleted AND (excluded.deleted OR excluded.edited_ts >= reply_change.edited_ts)`,
		c.TeamID, c.ChannelID, c.TS, c.EditedTS, c.Text, c.Deleted, t.nowMS)
}

// TakeReplyChange implements bot.ReplyTx.
func (t *tx) TakeReplyChange(teamID, channelID, ts string) (c bot.ReplyChange, err error) {
	err = t.get("take reply change", &c, `DELETE FROM reply_change WHERE team_id = ? AND channel_id = ? AND ts = ?
		RETURNING `+replyChanges.columns, teamID, channelID, ts)
	return c, err
}
