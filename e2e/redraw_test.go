package e2e

import (
	"bytes"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	"madoguchi/storage/storagetest"
)

// An unsend that comes while a post is drawn anew asks for a drawing of its
// own, or the one under way sees it: what was taken back does not stay.
func TestUnsendWhileAPostIsDrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{}, storagetest.Direct(t).URL) // SQLite has one writer at a time
	w.start()
	hana := w.friend(1, "花子")
	sent := w.text(hana, "secret-canary-8830 青山")
	card := w.waitShown("sato", "secret-canary-8830 青山")
	w.waitShown("kenshu", "secret-canary-8830 青山")
	db := w.openDatabase()
	const (
		open    = ` FROM call WHERE ended_at = 0 AND lane IN (SELECT 'post:' || id FROM slack_channel WHERE place = 'sato')`
		posting = open + ` AND kind = 'slack.post' AND state = 'calling'`
		drawing = open + ` AND kind = 'slack.update' AND state = 'queued' AND ref IN (SELECT id FROM post WHERE is_card)`
	)
	is := func(n int, calls string) func() bool {
		return func() bool { return w.count(db, `SELECT COUNT(*)`+calls) == n }
	}
	w.until(10*time.Second, "sato's Slack channel is quiet", is(0, open))

	// A post that Slack takes its time with leaves a drawing waiting behind it.
	w.slack.Faults.Add(fault.Rule{Match: "chat.postMessage", Kind: fault.Delay, Delay: 4 * time.Second})
	w.text(hana, "まだ話は続きます")
	w.until(10*time.Second, "a post is under way", is(1, posting))
	w.press(sato, "sato", card.TS, "担当する")
	w.until(3*time.Second, "a drawing waits", is(1, drawing))

	// Holding its call stops the drawing where it marks that call. In the
	// meantime the friend takes the message back.
	holder, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback() }() // it has ended unless the test failed
	var pid int
	if err := holder.QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.ExecContext(t.Context(), `SELECT id`+drawing+` FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	w.until(10*time.Second, "the drawing stands still", func() bool { return w.blockedBy(db, pid) > 0 })
	w.acted(w.line.Unsend(hana, sent.MessageID))
	w.until(10*time.Second, "the unsend went through, or waits for the drawing", func() bool {
		return w.count(db, `SELECT COUNT(*) FROM message WHERE unsent`) == 1 || w.blockedBy(db, pid) > 1
	})
	if err := holder.Rollback(); err != nil {
		t.Fatal(err)
	}
	w.slack.Faults.Clear()
	w.waitForgotten("secret-canary-8830")
	w.until(10*time.Second, "the post says so", func() bool {
		return bytes.Contains(w.post("sato", card.TS).Blocks, jsonOf("送信が取り消されました"))
	})
}

// blockedBy counts the transactions that wait for a PostgreSQL backend, or for
// one that does.
func (w *world) blockedBy(db *sql.DB, pid int) int {
	w.t.Helper()
	return w.count(db, fmt.Sprintf(`WITH RECURSIVE behind(pid) AS (
		SELECT %d UNION SELECT a.pid FROM behind, pg_stat_activity a WHERE behind.pid = ANY (pg_blocking_pids(a.pid)))
		SELECT COUNT(*) - 1 FROM behind`, pid))
}
