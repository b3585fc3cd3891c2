package storage

import (
	"errors"
	"math"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"madoguchi/bot"
)

var (
	friends      = recordOf[bot.Friend]("friend")
	friendChange = friends.except("id", "account_id", "line_id", "kind", "created_at")
	friendTags   = recordOf[bot.FriendTag]("friend_tag")
)

// Friend implements bot.FriendTx.
func (t *tx) Friend(id string) (f bot.Friend, err error) {
	err = t.get("friend", &f, `SELECT `+friends.columns+` FROM friend WHERE id = ?`, id)
	return f, err
}

// LockFriend implements bot.FriendTx.
func (t *tx) LockFriend(id string) (f bot.Friend, err error) {
	err = t.get("friend", &f, `SELECT `+friends.columns+` FROM friend WHERE id = ?`+t.forUpdate, id)
	return f, err
}

// LockFriendByLINE implements bot.FriendTx.
func (t *tx) LockFriendByLINE(accountID, lineID string, kind bot.FriendKind) (f bot.Friend, isNew bool, err error) {
	const byLINE = ` FROM friend WHERE account_id = ? AND line_id = ?`
	err = t.get("friend", &f, `SELECT `+friends.columns+byLINE+t.forUpdate, accountID, lineID)
	if !errors.Is(err, bot.ErrNotFound) {
		return f, false, err
	}
	n, err := t.exec("add friend", `INSERT INTO friend (id, account_id, line_id, kind, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (account_id, line_id) DO NOTHING`, uuid.Must(uuid.NewV7()).String(), accountID, lineID, kind, t.nowMS)
	if err != nil {
		return f, false, err
	}
	err = t.get("friend", &f, `SELECT `+friends.columns+byLINE+t.forUpdate, accountID, lineID)
	return f, n > 0, err
}

// SaveFriend implements bot.FriendTx.
func (t *tx) SaveFriend(f *bot.Friend) error {
	return t.must("save friend", `UPDATE friend SET `+friendChange.set+`, search_name = ? WHERE id = ?`,
		friendChange.values(f, searchable(f.Name), f.ID)...)
}

// FriendTags implements bot.FriendTx.
func (t *tx) FriendTags(friendID string) (tags []bot.FriendTag, err error) {
	err = t.list("tags of a friend", &tags, `SELECT `+friendTags.columns+` FROM friend_tag WHERE friend_id = ? ORDER BY tag_id`, friendID)
	return tags, err
}

// TagsOn implements bot.FriendTx.
func (t *tx) TagsOn(friendIDs []string) (map[string][]string, error) {
	on := map[string][]string{}
	if len(friendIDs) == 0 {
		return on, nil
	}
	var tags []bot.FriendTag
	err := t.list("tags of friends", &tags, `SELECT `+friendTags.columns+` FROM friend_tag
		WHERE friend_id IN (`+places(len(friendIDs))+`) AND is_on ORDER BY tag_id`, values(friendIDs)...)
	for _, tag := range tags {
		on[tag.FriendID] = append(on[tag.FriendID], tag.TagID)
	}
	return on, err
}

// SetFriendTag implements bot.FriendTx.
func (t *tx) SetFriendTag(tag bot.FriendTag, accountID string) error {
	return t.do("tag friend", `INSERT INTO friend_tag (friend_id, tag_id, account_id, is_on, changed_by, changed_at)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (friend_id, tag_id) DO UPDATE SET is_on = excluded.is_on, changed_by = excluded.changed_by,
			changed_at = excluded.changed_at`, tag.FriendID, tag.TagID, accountID, tag.On, tag.By, tag.At)
}

// WaitingFriends implements bot.FriendTx.
func (t *tx) WaitingFriends(accountID string, after *bot.Friend, n int) (found []bot.Friend, err error) {
	if n <= 0 {
		n = math.MaxInt32
	}
	if after == nil {
		after = new(bot.Friend)
	}
	err = t.list("waiting friends", &found, `SELECT `+friends.columns+` FROM friend
		WHERE account_id = ? AND waiting_since > 0 AND (waiting_since, id) > (?, ?) ORDER BY waiting_since, id`+limit(n),
		accountID, after.WaitingSince, after.ID)
	return found, err
}

// WaitingCount implements bot.FriendTx.
func (t *tx) WaitingCount(accountID string) (b bot.Backlog, err error) {
	err = t.get("waiting count", &b, `SELECT COUNT(*) AS waiting, COALESCE(MIN(waiting_since), 0) AS oldest FROM friend
		WHERE account_id = ? AND waiting_since > 0`, accountID)
	return b, err
}

// searchable makes names equal that people take for the same: width, case and
// composed letters do not count. It is applied twice because folding can make
// letters that NFKC joins.
func searchable(s string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// FindFriends implements bot.FriendTx: those heard of last come first.
func (t *tx) FindFriends(accountID, text string, n int) (found []bot.Friend, err error) {
	err = t.list("find friends", &found, `SELECT `+friends.columns+` FROM friend
		WHERE account_id = ? AND search_name LIKE ? ESCAPE '\' ORDER BY last_at DESC, id`+limit(n),
		accountID, "%"+likeEscapes.Replace(searchable(text))+"%")
	return found, err
}

// Speaker implements bot.FriendTx.
func (t *tx) Speaker(accountID, lineID string) (name string, at int64, err error) {
	var row struct {
		Name      string `db:"name"`
		FetchedAt int64  `db:"fetched_at"`
	}
	err = t.get("speaker", &row, `SELECT name, fetched_at FROM speaker WHERE account_id = ? AND line_id = ?`, accountID, lineID)
	return row.Name, row.FetchedAt, err
}

// SetSpeaker implements bot.FriendTx.
func (t *tx) SetSpeaker(accountID, lineID, name string, at int64) error {
	return t.do("set speaker", `INSERT INTO speaker (account_id, line_id, name, fetched_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (account_id, line_id) DO UPDATE SET name = excluded.name, fetched_at = excluded.fetched_at`,
		accountID, lineID, name, at)
}
