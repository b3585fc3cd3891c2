package storage

import "madoguchi/bot"

var (
	slackChannels = recordOf[bot.SlackChannel]("slack_channel")
	pauses        = recordOf[bot.Pause]("pause")
)

// SlackChannels implements bot.AccountTx.
func (t *tx) SlackChannels(accountID string) (found []bot.SlackChannel, err error) {
	err = t.list("Slack channels", &found, `SELECT `+slackChannels.columns+` FROM slack_channel WHERE account_id = ? ORDER BY place`,
		accountID)
	return found, err
}

// SlackChannel implements bot.AccountTx.
func (t *tx) SlackChannel(id string) (c bot.SlackChannel, err error) {
	err = t.get("Slack channel", &c, `SELECT `+slackChannels.columns+` FROM slack_channel WHERE id = ?`, id)
	return c, err
}

// SlackChannelAt implements bot.AccountTx.
func (t *tx) SlackChannelAt(accountID, place string) (c bot.SlackChannel, err error) {
	err = t.get("Slack channel", &c, `SELECT `+slackChannels.columns+` FROM slack_channel WHERE account_id = ? AND place = ?`,
		accountID, place)
	return c, err
}

// SlackChannelBySlackID implements bot.AccountTx.
func (t *tx) SlackChannelBySlackID(teamID, channelID string) (c bot.SlackChannel, err error) {
	err = t.get("Slack channel", &c, `SELECT `+slackChannels.columns+` FROM slack_channel
		WHERE team_id = ? AND channel_id = ? AND channel_id <> ''`, teamID, channelID)
	return c, err
}

// LockSlackChannel implements bot.AccountTx.
func (t *tx) LockSlackChannel(id string) (c bot.SlackChannel, err error) {
	err = t.get("lock Slack channel", &c, `SELECT `+slackChannels.columns+` FROM slack_channel WHERE id = ?`+t.forUpdate, id)
	return c, err
}

// AddSlackChannel implements bot.AccountTx.
func (t *tx) AddSlackChannel(c *bot.SlackChannel) (bool, error) {
	n, err := t.exec("add Slack channel", slackChannels.insert+` ON CONFLICT (account_id, place) DO NOTHING`, slackChannels.values(c)...)
	return n > 0, err
}

// SaveSlackChannel implements bot.AccountTx.
func (t *tx) SaveSlackChannel(c *bot.SlackChannel) error {
	return t.do("save Slack channel", slackChannels.insert+`
		ON CONFLICT (id) DO UPDATE SET place = excluded.place, team_id = excluded.team_id, channel_id = excluded.channel_id,
			name = excluded.name, state = excluded.state, reason = excluded.reason`, slackChannels.values(c)...)
}

// Pauses implements bot.AccountTx.
func (t *tx) Pauses() (found []bot.Pause, err error) {
	err = t.list("pauses", &found, `SELECT `+pauses.columns+` FROM pause ORDER BY connection`)
	return found, err
}

// SetPause implements bot.AccountTx.
func (t *tx) SetPause(p bot.Pause) (isNew bool, err error) {
	n, err := t.exec("set pause", pauses.insert+` ON CONFLICT (connection) DO NOTHING`, pauses.values(&p)...)
	if err != nil || n > 0 {
		return n > 0, err
	}
	err = t.do("set pause", `UPDATE pause SET code = ?, retry_at = ? WHERE connection = ?`, p.Code, p.RetryAt, p.Connection)
	return false, err
}

// ClearPause implements bot.AccountTx.
func (t *tx) ClearPause(connection string) (was bool, err error) {
	n, err := t.exec("clear pause", `DELETE FROM pause WHERE connection = ?`, connection)
	return n > 0, err
}
