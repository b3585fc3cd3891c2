package storage

import "madoguchi/bot"

var (
	posts        = recordOf[bot.Post]("post")
	postChange   = posts.except("id", "account_id", "thread_id")
	slackUploads = recordOf[bot.SlackUpload]("slack_upload")
)

// AddPost implements bot.ThreadTx.
func (t *tx) AddPost(p *bot.Post) error {
	return t.do("add post", posts.insert, posts.values(p)...)
}

// SavePost implements bot.ThreadTx.
func (t *tx) SavePost(p *bot.Post) error {
	return t.must("save post", `UPDATE post SET `+postChange.set+` WHERE id = ?`, postChange.values(p, p.ID)...)
}

// Post implements bot.ThreadTx.
func (t *tx) Post(id string) (p bot.Post, err error) {
	err = t.get("post", &p, `SELECT `+posts.columns+` FROM post WHERE id = ?`, id)
	return p, err
}

// CardOf implements bot.ThreadTx.
func (t *tx) CardOf(threadID string) (p bot.Post, err error) {
	err = t.get("card", &p, `SELECT `+posts.columns+` FROM post WHERE thread_id = ? AND is_card ORDER BY id DESC LIMIT 1`, threadID)
	return p, err
}

// PostBySlack implements bot.ThreadTx.
func (t *tx) PostBySlack(channelID, ts string) (p bot.Post, err error) {
	err = t.get("post", &p, `SELECT `+posts.columns+` FROM post WHERE channel_id = ? AND ts = ? ORDER BY id LIMIT 1`, channelID, ts)
	return p, err
}

// StalePosts implements bot.ThreadTx.
func (t *tx) StalePosts(channelID string) (found []bot.Post, err error) {
	err = t.list("stale posts", &found, `SELECT `+posts.columns+` FROM post WHERE channel_id = ? AND stale ORDER BY id`, channelID)
	return found, err
}

// AddSlackUpload implements bot.ThreadTx.
func (t *tx) AddSlackUpload(u bot.SlackUpload) error {
	return t.do("add upload", slackUploads.insert+`
		ON CONFLICT (message_id, thread_id) DO UPDATE SET file_id = excluded.file_id, shared = excluded.shared`,
		slackUploads.values(&u)...)
}

// SlackUploads implements bot.ThreadTx.
func (t *tx) SlackUploads(messageID string) (found []bot.SlackUpload, err error) {
	err = t.list("uploads", &found, `SELECT `+slackUploads.columns+` FROM slack_upload WHERE message_id = ? ORDER BY thread_id`, messageID)
	return found, err
}
