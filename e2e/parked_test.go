package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// poison makes the database refuse messages with a text, until cure is called:
// an event that carries it cannot be decided.
func (w *world) poison(text string) (cure func()) {
	w.t.Helper()
	db := w.openDatabase()
	begin, end := []string{
		fmt.Sprintf(`CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF position(convert_to('%s', 'UTF8') IN NEW.content) > 0 THEN RAISE EXCEPTION 'the disk has a bad block'; END IF;
			RETURN NEW; END $$`, text),
		`CREATE TRIGGER poison BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION poison()`,
	}, `DROP TRIGGER poison ON message`
	if w.onSQLite() {
		begin, end = []string{fmt.Sprintf(`CREATE TRIGGER poison BEFORE INSERT ON message
			WHEN instr(NEW.content, CAST('%s' AS BLOB)) > 0 BEGIN SELECT RAISE(ABORT, 'the disk has a bad block'); END`, text)}, `DROP TRIGGER poison`
	}
	exec := func(statement string) {
		w.t.Helper()
		if _, err := db.ExecContext(w.t.Context(), statement); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, statement := range begin {
		exec(statement)
	}
	return func() { exec(end) }
}

// refused runs a command that has to fail, and say all of this.
func (w *world) refused(words []string, args ...string) {
	w.t.Helper()
	out, err := w.try(args...)
	if err == nil {
		w.t.Errorf("%s went well:\n%s", args, out)
	}
	for _, word := range words {
		if !strings.Contains(out, word) {
			w.t.Errorf("%s says nothing of %q:\n%s", args, word, out)
		}
	}
}

// An event that cannot be decided is set aside after five attempts, the owners
// are told, and the friend's next message does not wait. Retried when the cause
// is gone, it is shown.
func TestParkedEventIsRetried(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		cure := w.poison("毒入りの相談")
		w.text(hana, "毒入りの相談です")
		w.text(hana, "その次の相談です")
		w.until(60*time.Second, "the lane goes on", func() bool { _, ok := w.shows("sato", "その次の相談です"); return ok })
		if _, shown := w.shows("sato", "毒入りの相談です"); shown {
			t.Fatal("what cannot be decided is shown")
		}

		list := w.run("parked", "list")
		row := regexp.MustCompile(`(?m)^aoyama +(\S+) +20\S+Z +line +.*the disk has a bad block`).FindStringSubmatch(list)
		if row == nil || strings.Count(list, "\n") != 2 {
			t.Fatalf("parked list:\n%s", list)
		}
		id := row[1]
		w.waitShown("owners", "処理できないイベントを1件保留しました（"+id+"）")
		w.waitStatus(`set aside +1 events +run .madoguchi parked list.`, `  set aside +1 events`)
		w.waitMetric("madoguchi_parked_events", 1)
		w.waitMetric(`madoguchi_events_decided_total{outcome="parked",source="line"}`, 1)
		w.waitMetric(`madoguchi_events_decided_total{outcome="error",source="line"}`, 4)

		w.run("parked", "retry", id)
		w.until(60*time.Second, "set aside again", func() bool { return strings.Contains(w.run("parked", "list"), id) })
		cure()
		if out := w.run("parked", "retry", "--all"); !strings.Contains(out, "1 event is decided once more") {
			t.Errorf("parked retry says:\n%s", out)
		}
		w.waitShown("sato", "毒入りの相談です")
		w.waitMetric("madoguchi_parked_events", 0)
		if out := w.run("parked", "list"); !strings.Contains(out, "nothing is set aside") {
			t.Errorf("parked list after the retry:\n%s", out)
		}
		w.refused([]string{"no event " + id + " is set aside", "`madoguchi parked list`"}, "parked", "retry", id)
		if got, want := w.commandsOn(id), []string{"parked.retry", "parked.retry"}; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("the audit trail has %q, want %q", got, want)
		}
	})
}

// What is set aside is shown only on purpose, and deleted only on purpose; both
// stand in the audit trail.
func TestParkedEventIsShownAndDropped(t *testing.T) {
	t.Parallel()
	const said = "内緒の相談です"
	each(t, options{}, func(t *testing.T, w *world) {
		w.remember(said)
		w.start()
		w.refused([]string{"give the ids that `madoguchi parked list` prints, or --all", "`madoguchi parked retry --help`"}, "parked", "retry")
		w.refused([]string{`there is no account "nosuch"`, "`madoguchi status` lists them"}, "parked", "list", "--account=nosuch")
		if out := w.run("parked", "drop", "--all", "--yes"); !strings.Contains(out, "nothing is set aside") {
			t.Errorf("parked drop of nothing:\n%s", out)
		}
		for _, id := range []string{"E1", "E2"} {
			w.signedHook(fmt.Sprintf(`{"destination":"%s","events":[{"webhookEventId":"%s","message":{"text":"%s"}}]}`, botUser, id, said))
		}
		rows := regexp.MustCompile(`(?m)^aoyama +(\S+) +20\S+Z +line +the event has no type *$`).FindAllStringSubmatch(w.run("parked", "list", "--account", "aoyama"), -1)
		if len(rows) != 2 {
			t.Fatalf("parked list:\n%s", w.run("parked", "list"))
		}
		id, other := rows[0][1], rows[1][1]
		if out := w.run("parked", "list", "--limit=1"); strings.Contains(out, other) || !strings.Contains(out, "there are more") {
			t.Errorf("parked list --limit=1:\n%s", out)
		}
		if out := w.run("parked", "show", id); !strings.Contains(out, said) || !strings.Contains(out, "The audit trail has that you looked") {
			t.Errorf("parked show:\n%s", out)
		}
		w.refused([]string{"nothing was deleted", "--yes"}, "parked", "drop", id, other)
		w.refused([]string{"no event nosuch is set aside"}, "parked", "drop", "--yes", id, "nosuch")
		w.refused([]string{"no event nosuch is set aside"}, "parked", "show", "nosuch")
		if list := w.run("parked", "list"); !strings.Contains(list, id) || !strings.Contains(list, other) {
			t.Fatalf("dropped without --yes, or in part:\n%s", list)
		}
		if out := w.run("parked", "drop", "--yes", id, other); !strings.Contains(out, "2 events are deleted") {
			t.Errorf("parked drop says:\n%s", out)
		}
		w.signedHook(fmt.Sprintf(`{"destination":"%s","events":[{"webhookEventId":"E1","message":{"text":"%s"}}]}`, botUser, said))
		if out := w.run("parked", "list"); !strings.Contains(out, "nothing is set aside") {
			t.Errorf("it is there, or came back:\n%s", out)
		}
		w.waitForgotten(said)
		if got, want := strings.Join(w.commandsOn(id), " "), "parked.show parked.drop"; got != want {
			t.Errorf("the audit trail has %q, want %q", got, want)
		}
	})
}

// commandsOn is what the audit trail has of an event and the command line, in
// order.
func (w *world) commandsOn(event string) (actions []string) {
	w.t.Helper()
	db := w.openDatabase()
	rows, err := db.QueryContext(w.t.Context(), `SELECT action FROM audit WHERE actor = 'command' AND detail LIKE '%"event":"`+event+`"%' ORDER BY at, id`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	for rows.Next() {
		var action string
		if err := rows.Scan(&action); err != nil {
			w.t.Fatal(err)
		}
		actions = append(actions, action)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return actions
}
