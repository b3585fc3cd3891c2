package storage

import (
	"github.com/google/uuid"

	"madoguchi/bot"
)

var parts = recordOf[bot.Part]("part")

// Every change of a thread's queued parts holds the lock of the thread's row,
// and sets its queued_since to the time of the first of them.

// AddPart implements bot.ThreadTx.
func (t *tx) AddPart(p *bot.Part) (bool, error) {
	var thread struct {
		Seq         int64 `db:"seq"`
		QueuedSince int64 `db:"queued_since"`
	}
	if err := t.get("add part", &thread, `UPDATE thread SET next_seq = next_seq + 1 WHERE id = ?
		RETURNING next_seq - 1 AS seq, queued_since`, p.ThreadID); err != nil {
		return false, err
	}
	p.Seq = thread.Seq
	n, err := t.exec("add part", parts.insert+`
		ON CONFLICT (message_id, thread_id) WHERE message_id <> '' AND state <> 'void' DO NOTHING`, parts.values(p)...)
	if err != nil || n == 0 {
		return false, err
	}
	if thread.QueuedSince > 0 || p.State != bot.PartQueued {
		return true, nil
	}
	err = t.do("add part", `UPDATE thread SET queued_since = ? WHERE id = ?`, p.CreatedAt, p.ThreadID)
	return true, err
}

// QueuedParts implements bot.ThreadTx.
func (t *tx) QueuedParts(threadID string, n int) (found []bot.Part, err error) {
	err = t.list("queued parts", &found, `SELECT `+parts.columns+` FROM part
		WHERE thread_id = ? AND state = 'queued' ORDER BY seq`+limit(n), threadID)
	return found, err
}

// PartsOfCall implements bot.ThreadTx.
func (t *tx) PartsOfCall(callID string) (found []bot.Part, err error) {
	err = t.list("parts of a call", &found, `SELECT `+parts.columns+` FROM part
		WHERE call_id = ? AND call_id <> '' ORDER BY seq`, callID)
	return found, err
}

// PartsOfMessage implements bot.ThreadTx. Void ones are left out.
func (t *tx) PartsOfMessage(messageID string) (found []bot.Part, err error) {
	err = t.list("parts of a message", &found, `SELECT `+parts.columns+` FROM part
		WHERE message_id = ? AND message_id <> '' AND state <> 'void' ORDER BY thread_id`, messageID)
	return found, err
}

// SetParts implements bot.ThreadTx. Only what is frozen becomes posted.
func (t *tx) SetParts(threadID string, ids []string, state bot.PartState, callID string) error {
	if len(ids) == 0 {
		return nil
	}
	args := append([]any{state, callID, threadID}, values(ids)...)
	set := `UPDATE part SET state = ?, call_id = ? WHERE thread_id = ? AND id IN (` + places(len(ids)) + `)`
	if state == bot.PartPosted { // leaves the queue as it is
		return t.do("set parts", set+` AND state <> 'queued'`, args...)
	}
	if err := t.lockQueue(threadID); err != nil {
		return err
	}
	if err := t.do("set parts", set, args...); err != nil {
		return err
	}
	return t.settleQueue(threadID)
}

// VoidQueued implements bot.ThreadTx. The messages come in the order of their parts.
func (t *tx) VoidQueued(threadID string) (messageIDs []string, err error) {
	if err := t.lockQueue(threadID); err != nil {
		return nil, err
	}
	if err := t.list("queued messages", &messageIDs, `SELECT message_id FROM part
		WHERE thread_id = ? AND state = 'queued' AND message_id <> '' ORDER BY seq`, threadID); err != nil {
		return nil, err
	}
	if err := t.do("void queued parts", `UPDATE part SET state = 'void' WHERE thread_id = ? AND state = 'queued'`, threadID); err != nil {
		return nil, err
	}
	return messageIDs, t.settleQueue(threadID)
}

// MoveParts implements bot.ThreadTx. What was moved is void where it was.
func (t *tx) MoveParts(fromThread, callID, toThread string) error {
	if err := t.lockQueue(fromThread); err != nil {
		return err
	}
	var moving []bot.Part
	if err := t.list("move parts", &moving, `SELECT `+parts.columns+` FROM part
		WHERE thread_id = ? AND (state = 'queued' OR state = 'frozen' AND call_id = ?) ORDER BY seq`, fromThread, callID); err != nil {
		return err
	}
	if len(moving) == 0 {
		return nil
	}
	ids := make([]string, len(moving))
	for i, p := range moving {
		ids[i] = p.ID
	}
	if err := t.SetParts(fromThread, ids, bot.PartVoid, ""); err != nil {
		return err
	}
	for _, p := range moving {
		p.ID, p.ThreadID, p.State, p.CallID = uuid.Must(uuid.NewV7()).String(), toThread, bot.PartQueued, ""
		if _, err := t.AddPart(&p); err != nil {
			return err
		}
	}
	return nil
}

// lockQueue has to come before any look at the parts of a thread that decides
// something: a statement that waits for the lock would still see them as they
// were when it began.
func (t *tx) lockQueue(threadID string) error {
	if t.forUpdate == "" {
		return nil
	}
	var id string
	return t.get("lock thread", &id, `SELECT id FROM thread WHERE id = ?`+t.forUpdate, threadID)
}

func (t *tx) settleQueue(threadID string) error {
	return t.must("settle queue", `UPDATE thread SET queued_since = COALESCE(
		(SELECT created_at FROM part WHERE thread_id = thread.id AND state = 'queued' ORDER BY seq LIMIT 1), 0) WHERE id = ?`, threadID)
}
