package storage

import "madoguchi/bot"

var (
	threads      = recordOf[bot.Thread]("thread")
	threadChange = threads.except("id", "account_id", "next_seq", "queued_since", "created_at")
)

// Thread implements bot.ThreadTx.
func (t *tx) Thread(id string) (found bot.Thread, err error) {
	err = t.get("thread", &found, `SELECT `+threads.columns+` FROM thread WHERE id = ?`, id)
	return found, err
}

// LockThread implements bot.ThreadTx.
func (t *tx) LockThread(id string) (found bot.Thread, err error) {
	err = t.get("thread", &found, `SELECT `+threads.columns+` FROM thread WHERE id = ?`+t.forUpdate, id)
	return found, err
}

// ThreadBySlack implements bot.ThreadTx.
func (t *tx) ThreadBySlack(teamID, channelID, ts string) (found bot.Thread, err error) {
	err = t.get("thread", &found, `SELECT `+threads.of("t")+` FROM slack_channel c JOIN thread t ON t.slack_channel_id = c.id
		WHERE c.team_id = ? AND c.channel_id = ? AND c.channel_id <> '' AND t.ts = ? AND t.ts <> ''`, teamID, channelID, ts)
	return found, err
}

// CurrentThread implements bot.ThreadTx.
func (t *tx) CurrentThread(friendID, place string) (found bot.Thread, err error) {
	err = t.get("current thread", &found, `SELECT `+threads.columns+` FROM thread WHERE friend_id = ? AND place = ? AND is_current`,
		friendID, place)
	return found, err
}

// CurrentThreads implements bot.ThreadTx.
func (t *tx) CurrentThreads(friendID string) (found []bot.Thread, err error) {
	err = t.list("current threads", &found, `SELECT `+threads.columns+` FROM thread WHERE friend_id = ? AND is_current ORDER BY place`,
		friendID)
	return found, err
}

// ThreadsFor implements bot.ThreadTx.
func (t *tx) ThreadsFor(place string, friendIDs []string) (found []bot.Thread, err error) {
	if len(friendIDs) == 0 {
		return nil, nil
	}
	err = t.list("threads at a place", &found, `SELECT `+threads.columns+` FROM thread
		WHERE friend_id IN (`+places(len(friendIDs))+`) AND place = ? AND is_current`, append(values(friendIDs), place)...)
	return found, err
}

// RecentThreads implements bot.ThreadTx.
func (t *tx) RecentThreads(since int64, n int) (found []bot.Thread, err error) {
	const used = `(CASE WHEN last_reply_at > last_post_at THEN last_reply_at ELSE last_post_at END)` // as in the index
	err = t.list("recent threads", &found, `SELECT `+threads.columns+` FROM thread
		WHERE `+used+` >= ? AND last_post_at > 0 ORDER BY `+used+` DESC`+limit(n), since)
	return found, err
}

// AddThread implements bot.ThreadTx.
func (t *tx) AddThread(thread *bot.Thread) error {
	return t.do("add thread", threads.insert, threads.values(thread)...)
}

// SaveThread implements bot.ThreadTx.
func (t *tx) SaveThread(thread *bot.Thread) error {
	return t.must("save thread", `UPDATE thread SET `+threadChange.set+` WHERE id = ?`, threadChange.values(thread, thread.ID)...)
}

// NextThread implements bot.ThreadTx. Among threads that are alike, those of
// friends come before the bot's own posts.
//
// A thread that has just had its turn goes behind those that were queued before
// that, however old what is left of it: a friend waits for one post of each of
// the others at most.
func (t *tx) NextThread(slackChannelID string) (found bot.Thread, err error) {
	err = t.get("next thread", &found, `SELECT `+threads.of("t")+`
		FROM thread t LEFT JOIN friend f ON f.id = t.friend_id
		WHERE t.slack_channel_id = ? AND t.queued_since > 0
			AND NOT EXISTS (SELECT 1 FROM call c WHERE c.thread_id = t.id AND c.kind = 'slack.post'
				AND c.state IN ('queued', 'calling', 'uncertain'))
		ORDER BY CASE WHEN f.waiting_since > 0 THEN 0 ELSE 1 END,
			CASE WHEN t.last_post_at > t.queued_since THEN t.last_post_at ELSE t.queued_since END,
			CASE WHEN t.friend_id = '' THEN 1 ELSE 0 END, t.id
		LIMIT 1`+t.forUpdateOf("t"), slackChannelID)
	return found, err
}
