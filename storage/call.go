package storage

import (
	"database/sql"
	"strings"

	"madoguchi/bot"
)

var (
	calls      = recordOf[bot.Call]("call")
	callChange = calls.except("id", "account_id", "lane", "kind", "seq", "merge_key", "created_at")
	echoes     = recordOf[bot.Echo]("echo")
)

const openCall = `state IN ('queued', 'calling', 'uncertain')`

// laneKindOf says which worker makes calls of a kind.
func laneKindOf(kind bot.CallKind) bot.LaneKind {
	switch {
	case kind == bot.CallLINESend:
		return bot.LaneSend
	case strings.HasPrefix(string(kind), "slack."):
		return bot.LanePost
	case kind == bot.CallLINEMedia:
		return bot.LaneMedia
	default:
		return bot.LaneTask
	}
}

// AddCall implements bot.CallTx. Seq is one more than the greatest unfinished
// one of the lane, so that it orders what was made under one lock (a friend's,
// a thread's) in any process; calls that nothing orders may share one, and are
// told apart by their ids.
func (t *tx) AddCall(c *bot.Call) (bool, error) {
	if c.NextAt == 0 {
		c.NextAt = t.nowMS
	}
	if err := t.get("add call", &c.Seq, `SELECT COALESCE(MAX(seq), 0) + 1 FROM call WHERE lane = ? AND `+openCall, c.Lane); err != nil {
		return false, err
	}
	if c.Merge == "" {
		t.Poke(laneKindOf(c.Kind), c.Lane, c.NextAt)
		return true, t.do("add call", calls.insert, calls.values(c)...)
	}
	n, err := t.exec("add call", calls.insert+` ON CONFLICT (merge_key)
		WHERE merge_key <> '' AND state = 'queued' AND attempts = 0 AND first_at = 0 DO NOTHING`, calls.values(c)...)
	if err != nil || n == 0 {
		return false, err
	}
	t.Poke(laneKindOf(c.Kind), c.Lane, c.NextAt)
	return true, nil
}

// Call implements bot.CallTx.
func (t *tx) Call(id string) (c bot.Call, err error) {
	err = t.get("call", &c, `SELECT `+calls.columns+` FROM call WHERE id = ?`, id)
	return c, err
}

// LockCall implements bot.CallTx.
func (t *tx) LockCall(id string) (c bot.Call, err error) {
	err = t.get("lock call", &c, `SELECT `+calls.columns+` FROM call WHERE id = ?`+t.forUpdate, id)
	return c, err
}

// DueCalls implements bot.CallTx.
func (t *tx) DueCalls(lane string, n int) (found []bot.Call, err error) {
	err = t.list("due calls", &found, `SELECT `+calls.columns+` FROM call
		WHERE lane = ? AND `+openCall+` AND next_at <= ? ORDER BY seq, id`+limit(n), lane, t.nowMS)
	return found, err
}

// StandingCalls implements bot.CallTx.
func (t *tx) StandingCalls(lane string, n int) (due []bot.Call, next int64, err error) {
	const standing = ` FROM call WHERE lane = ? AND ` + openCall + ` AND (
		kind IN ('slack.update', 'slack.react', 'slack.clear', 'slack.erase', 'slack.delete')
		OR kind = 'slack.post' AND state IN ('calling', 'uncertain'))`
	if err := t.list("standing calls", &due, `SELECT `+calls.columns+standing+` AND next_at <= ? ORDER BY seq, id`+limit(n),
		lane, t.nowMS); err != nil {
		return nil, 0, err
	}
	err = t.get("next standing call", &next, `SELECT COALESCE(MIN(next_at), 0)`+standing, lane)
	return due, next, err
}

// NextCallAt implements bot.CallTx.
func (t *tx) NextCallAt(lane string) (int64, error) {
	var next sql.NullInt64
	err := t.get("next call", &next, `SELECT MIN(next_at) FROM call WHERE lane = ? AND `+openCall, lane)
	if err != nil || !next.Valid {
		return 0, err
	}
	return max(next.Int64, 1), nil // one that is due since ever is not none
}

// SaveCall implements bot.CallTx.
func (t *tx) SaveCall(c *bot.Call) error {
	return t.must("save call", `UPDATE call SET `+callChange.set+` WHERE id = ?`, callChange.values(c, c.ID)...)
}

// AddAttempt implements bot.CallTx.
func (t *tx) AddAttempt(a bot.Attempt) error {
	return t.do("add attempt", `INSERT INTO attempt (call_id, at, took, outcome, code, request_id) VALUES (?, ?, ?, ?, ?, ?)`,
		a.CallID, a.At, a.Took, a.Outcome, a.Code, a.RequestID)
}

// AddEcho implements bot.CallTx. An event that tells of the thread is worth more
// than one that does not.
func (t *tx) AddEcho(e bot.Echo) (isNew bool, err error) {
	e.SeenAt = t.nowMS
	n, err := t.exec("add echo", echoes.insert+` ON CONFLICT (call_id) DO UPDATE
		SET thread_ts = excluded.thread_ts, placed = excluded.placed WHERE excluded.placed AND NOT echo.placed`, echoes.values(&e)...)
	return n > 0, err
}

// EchoOf implements bot.CallTx.
func (t *tx) EchoOf(callID string) (e bot.Echo, err error) {
	err = t.get("echo", &e, `SELECT `+echoes.columns+` FROM echo WHERE call_id = ?`, callID)
	return e, err
}

// OutboxBacklog implements bot.CallTx.
func (t *tx) OutboxBacklog() (map[bot.LaneKind]bot.Backlog, error) { return t.outboxBacklog("") }

// OutboxBacklogOf implements bot.CallTx.
func (t *tx) OutboxBacklogOf(accountID string) (map[bot.LaneKind]bot.Backlog, error) {
	return t.outboxBacklog(ofAccount, accountID)
}

func (t *tx) outboxBacklog(narrow string, args ...any) (map[bot.LaneKind]bot.Backlog, error) {
	all := map[bot.LaneKind]bot.Backlog{}
	var open []struct {
		Kind bot.CallKind `db:"kind"`
		bot.Backlog
	}
	if err := t.list("backlog of calls", &open, `SELECT kind, COUNT(*) AS waiting, MIN(created_at) AS oldest FROM call
		WHERE `+openCall+narrow+` GROUP BY kind`, args...); err != nil {
		return nil, err
	}
	for _, c := range open {
		lane := laneKindOf(c.Kind)
		all[lane] = all[lane].Add(c.Backlog)
	}
	var replies bot.Backlog
	if err := t.get("backlog of replies", &replies, `SELECT COUNT(*) AS waiting, COALESCE(MIN(released_at), 0) AS oldest FROM reply
		WHERE state = 'released' AND `+openReply+narrow, args...); err != nil {
		return nil, err
	}
	all[bot.LaneSend] = all[bot.LaneSend].Add(replies)
	parts, err := t.queuedParts(narrow, args...)
	all[bot.LanePost] = all[bot.LanePost].Add(parts)
	return all, err
}

// queuedParts asks the threads since when their parts are queued: there are
// fewer of them, and the index has it.
func (t *tx) queuedParts(narrow string, args ...any) (queued bot.Backlog, err error) {
	if err := t.get("backlog of parts", &queued.Waiting, `SELECT COUNT(*) FROM part WHERE state = 'queued'`+narrow, args...); err != nil {
		return queued, err
	}
	err = t.get("backlog of threads", &queued.Oldest, `SELECT COALESCE(MIN(queued_since), 0) FROM thread WHERE queued_since > 0`+narrow,
		args...)
	return queued, err
}

// ThreadOpening implements bot.CallTx.
func (t *tx) ThreadOpening(slackChannelID string) (opening bool, err error) {
	err = t.get("thread opening", &opening, `SELECT EXISTS (
		SELECT 1 FROM call JOIN thread t ON t.id = call.thread_id
		WHERE call.lane = ? AND `+openCall+` AND call.kind = 'slack.post' AND t.ts = '' AND t.friend_id <> '')`,
		"post:"+slackChannelID)
	return opening, err
}

// HastenSends implements bot.CallTx.
func (t *tx) HastenSends(accountID string) error {
	var lanes []string
	err := t.list("open sends", &lanes, `UPDATE call SET next_at = ? WHERE account_id = ? AND `+openCall+` AND kind = ? AND state = 'queued'
		RETURNING lane`, t.nowMS, accountID, bot.CallLINESend)
	if err != nil {
		return err
	}
	var friends []string
	if err := t.list("released replies", &friends, `SELECT DISTINCT friend_id FROM reply
		WHERE account_id = ? AND `+openReply+` AND state = 'released'`, accountID); err != nil {
		return err
	}
	for _, id := range friends {
		lanes = append(lanes, "send:"+id)
	}
	for _, lane := range lanes {
		t.Poke(bot.LaneSend, lane, 0)
	}
	return nil
}
