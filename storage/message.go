package storage

import (
	"slices"

	"madoguchi/bot"
)

var (
	messages      = recordOf[bot.Message]("message")
	messageChange = messages.only("content", "text", "unsent", "media", "media_key", "media_type", "media_size")
	replyTokens   = recordOf[bot.ReplyToken]("reply_token")
)

// AddMessage implements bot.MessageTx.
func (t *tx) AddMessage(m *bot.Message) error {
	// The friend's row stays locked to the commit, so no later message can
	// become visible before this one.
	if err := t.get("add message", &m.Seq, `UPDATE friend SET next_seq = next_seq + 1 WHERE id = ? RETURNING next_seq - 1`,
		m.FriendID); err != nil {
		return err
	}
	return t.do("add message", messages.insert, messages.values(m)...)
}

// Message implements bot.MessageTx.
func (t *tx) Message(id string) (m bot.Message, err error) {
	err = t.get("message", &m, `SELECT `+messages.columns+` FROM message WHERE id = ?`, id)
	return m, err
}

// Messages implements bot.MessageTx.
func (t *tx) Messages(ids []string) (found []bot.Message, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = t.list("messages", &found, `SELECT `+messages.columns+` FROM message WHERE id IN (`+places(len(ids))+`)`, values(ids)...)
	return found, err
}

// MessageByLINEID implements bot.MessageTx.
func (t *tx) MessageByLINEID(accountID, lineID string) (m bot.Message, err error) {
	err = t.get("message", &m, `SELECT `+messages.columns+` FROM message
		WHERE account_id = ? AND line_id = ? AND line_id <> '' ORDER BY id LIMIT 1`, accountID, lineID)
	return m, err
}

// MessagesByLINEID implements bot.MessageTx.
func (t *tx) MessagesByLINEID(accountID, lineID string) (found []bot.Message, err error) {
	err = t.list("wordings of a message", &found, `SELECT `+messages.columns+` FROM message
		WHERE account_id = ? AND line_id = ? AND line_id <> '' ORDER BY id`, accountID, lineID)
	return found, err
}

// MessagesQuoting implements bot.MessageTx.
func (t *tx) MessagesQuoting(accountID, lineID string) (found []bot.Message, err error) {
	err = t.list("messages quoting", &found, `SELECT `+messages.columns+` FROM message
		WHERE account_id = ? AND quoted_id = ? AND quoted_id <> '' ORDER BY id`, accountID, lineID)
	return found, err
}

// LastMessages implements bot.MessageTx.
func (t *tx) LastMessages(friendID string, n int) (found []bot.Message, err error) {
	err = t.list("last messages", &found, `SELECT `+messages.columns+` FROM message WHERE friend_id = ? ORDER BY seq DESC`+limit(n),
		friendID)
	slices.Reverse(found)
	return found, err
}

// SaveMessage implements bot.MessageTx.
func (t *tx) SaveMessage(m *bot.Message) error {
	return t.must("save message", `UPDATE message SET `+messageChange.set+` WHERE id = ?`, messageChange.values(m, m.ID)...)
}

// Bury implements bot.MessageTx.
func (t *tx) Bury(accountID, lineMessageID string) error {
	return t.do("bury message", `INSERT INTO buried (account_id, line_message_id, buried_at) VALUES (?, ?, ?)
		ON CONFLICT (account_id, line_message_id) DO NOTHING`, accountID, lineMessageID, t.nowMS)
}

// Buried implements bot.MessageTx.
func (t *tx) Buried(accountID, lineMessageID string) (was bool, err error) {
	err = t.get("buried message", &was, `SELECT EXISTS (SELECT 1 FROM buried WHERE account_id = ? AND line_message_id = ?)`,
		accountID, lineMessageID)
	return was, err
}

// AddReplyToken implements bot.MessageTx.
func (t *tx) AddReplyToken(token bot.ReplyToken) error {
	return t.do("add reply token", replyTokens.insert, replyTokens.values(&token)...)
}

// ReplyTokens implements bot.MessageTx.
func (t *tx) ReplyTokens(friendID string, after int64) (found []bot.ReplyToken, err error) {
	err = t.list("reply tokens", &found, `SELECT `+replyTokens.columns+` FROM reply_token
		WHERE friend_id = ? AND received_at > ? AND NOT used ORDER BY received_at, id`, friendID, after)
	return found, err
}

// ReplyToken implements bot.MessageTx.
func (t *tx) ReplyToken(id string) (token bot.ReplyToken, err error) {
	err = t.get("reply token", &token, `SELECT `+replyTokens.columns+` FROM reply_token WHERE id = ?`, id)
	return token, err
}

// SpendReplyToken implements bot.MessageTx.
func (t *tx) SpendReplyToken(id string) error {
	return t.must("spend reply token", `UPDATE reply_token SET used = TRUE WHERE id = ?`, id)
}
