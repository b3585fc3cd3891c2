package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

// choice finds a tag in the modal on top of a person's screen, by name.
func choice(t *testing.T, view simslack.View, name string) string {
	t.Helper()
	// "text":{…"text":"青山店"…},"value":"<id>"
	i := strings.Index(string(view.Blocks), `"text":"`+name+`"`)
	if i < 0 {
		t.Fatalf("the modal does not offer %s: %s", name, view.Blocks)
	}
	_, after, ok := strings.Cut(string(view.Blocks)[i:], `"value":"`)
	id, _, ok2 := strings.Cut(after, `"`)
	if !ok || !ok2 {
		t.Fatalf("the modal gives %s no value: %s", name, view.Blocks)
	}
	return id
}

// setTags has a person press タグ on a card and choose these tags, and no other.
func (w *world) setTags(user, place, cardTS string, names ...string) {
	w.t.Helper()
	w.chooseTags(user, w.openTags(user, place, cardTS), names...)
}

// openTags has a person press タグ on a card, and returns the modal.
func (w *world) openTags(user, place, cardTS string) (view simslack.View) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	if err := w.slack.PressLabel(ctx, user, w.channel(place), cardTS, "タグ"); err != nil {
		w.t.Fatal(err)
	}
	w.until(5*time.Second, "the modal", func() bool {
		views := w.slack.Views(user)
		if len(views) > 0 {
			view = views[len(views)-1]
		}
		return len(views) > 0
	})
	return view
}

// chooseTags submits a modal with these tags, and no other.
func (w *world) chooseTags(user string, view simslack.View, names ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	ids := []string{}
	for _, name := range names {
		ids = append(ids, choice(w.t, view, name))
	}
	out, err := w.slack.SubmitView(ctx, user, view.ID, map[string]simslack.Input{"tags": {Options: ids}})
	if err != nil || out.Action != "" {
		w.t.Fatalf("submitting the tags: %v, %+v", err, out)
	}
}

// A friend whom nobody may see waits in the owners channel. Once an owner puts
// a tag on, the right operators have card, what was said, and a mention within
// two seconds; who changed what is in the audit trail.
func TestOwnerTagsAWaitingFriend(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitReady("suzuki")
		hana := w.friend(1, "花子")
		w.text(hana, "こんにちは")
		card := w.waitShown("owners", "こんにちは")
		w.text(hana, "予約したいです")
		w.waitShown("owners", "予約したいです")
		w.waitPost("owners", card.TS, "この友だちを見られるオペレーターがいません", true)
		if !strings.Contains(card.Text, "<@"+owner+">") {
			t.Errorf("the owner is not mentioned: %s", card.Text)
		}
		began := time.Now()
		w.setTags(owner, "owners", card.TS, "渋谷店", "VIP")
		first := w.waitShown("suzuki", "こんにちは")
		w.waitShown("suzuki", "予約したいです")
		if took := time.Since(began); took > prompt {
			t.Errorf("it took %s", took)
		}
		if root(first) != first.TS || !strings.Contains(first.Text, "<@"+suzuki+">") {
			t.Errorf("no card with a mention: %s", first.Text)
		}
		w.waitPost("suzuki", first.TS, "渋谷店", true)
		w.waitPost("suzuki", first.TS, "渋谷店スタッフ", true)
		w.waitPost("owners", card.TS, "この友だちを見られるオペレーターがいません", false)
		w.text(hana, "三時は空いていますか")
		w.waitShown("suzuki", "三時は空いていますか")
		for _, place := range []string{"owners", "sato", "kenshu"} {
			if _, shown := w.shows(place, "三時は空いていますか"); shown {
				t.Errorf("shown to %s as well", place)
			}
		}
		w.reply(owner, "owners", card.TS, "オーナーからの返事")
		w.waitPhone(hana, "オーナーからの返事")
		w.waitShown("suzuki", "オーナーからの返事")

		db := w.openDatabase()
		got := w.auditOf(db, "tag_on")
		want := []string{owner + " 渋谷店", owner + " VIP"}
		for _, entry := range want {
			if !slices.Contains(got, entry) {
				t.Errorf("audit trail %q has no %q", got, entry)
			}
		}
	})
}

// auditOf returns who did an action to which tag.
func (w *world) auditOf(db *sql.DB, action string) []string {
	w.t.Helper()
	rows, err := db.QueryContext(w.t.Context(), `SELECT actor, detail FROM audit WHERE action = '`+action+`' ORDER BY at, id`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	var found []string
	for rows.Next() {
		var actor, detail string
		if err := rows.Scan(&actor, &detail); err != nil {
			w.t.Fatal(err)
		}
		_, tag, _ := strings.Cut(detail, `"tag":"`)
		tag, _, _ = strings.Cut(tag, `"`)
		found = append(found, actor+" "+tag)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return found
}

// Whoever loses sight of a friend gets nothing more, neither messages nor
// replies of others; what was still queued for them goes to those who see.
func TestLosingSight(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitReady("suzuki")
		hana := w.friend(1, "花子")
		w.text(hana, "はじめまして")
		owners := w.waitShown("owners", "はじめまして")
		w.setTags(owner, "owners", owners.TS, "青山店")
		satos := w.waitShown("sato", "はじめまして")
		w.waitShown("kenshu", "はじめまして")

		// While Slack takes no post, something is queued for these two.
		w.slack.Faults.Add(refusedPosts)
		w.text(hana, "queued-canary-1")
		db := w.openDatabase()
		w.until(10*time.Second, "queued for two", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM part WHERE state IN ('queued', 'frozen')`) == 2
		})
		w.setTags(owner, "owners", owners.TS, "渋谷店")
		w.until(10*time.Second, "queued for suzuki", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM thread WHERE place = 'suzuki'`) == 1
		})
		w.slack.Faults.Clear()
		w.waitShown("suzuki", "queued-canary-1")
		w.text(hana, "later-canary-2")
		w.waitShown("suzuki", "later-canary-2")
		ts := w.reply(sato, "sato", satos.TS, "もう担当ではない")
		w.waitRefused("sato", ts, "この友だちの担当から外れているため")
		w.reply(suzuki, "suzuki", root(w.waitShown("suzuki", "later-canary-2")), "渋谷店の鈴木です")
		w.waitPhone(hana, "渋谷店の鈴木です")
		w.never(700*time.Millisecond, "something reaches those who lost sight", func() bool {
			for _, place := range []string{"sato", "kenshu"} {
				for _, text := range []string{"queued-canary-1", "later-canary-2", "渋谷店の鈴木です"} {
					if _, shown := w.shows(place, text); shown {
						return true
					}
				}
			}
			return false
		})
		if got := w.phone(hana); len(got) != 1 {
			t.Errorf("the phone shows %q", got)
		}
	})
}

// Rules look past width, case and kana forms of what was written, postbacks and
// follows; what a person took off they never put back.
func TestRulesPutTagsOn(t *testing.T) {
	t.Parallel()
	file := strings.Replace(fmt.Sprintf(accountFile, "0s"), "routing:\n", "routing:\n  - {when: {text_contains: [Vip]}, tags: [VIP]}\n", 1)
	each(t, options{file: file}, func(t *testing.T, w *world) {
		w.start()
		wide := w.friend(1, "全角さん")
		w.text(wide, "ｖｉＰ です。ｱｵﾔﾏ ではなくあおやま")
		card := w.waitShown("sato", "ｖｉＰ です。ｱｵﾔﾏ ではなくあおやま")
		w.waitPost("sato", card.TS, "VIP", true)
		button := w.friend(2, "ボタンさん")
		w.acted(w.line.Postback(button, "shop=shibuya", nil))
		w.waitShown("suzuki", "ボタンが押されました: shop=shibuya")

		plain := w.friend(3, "無印さん")
		w.text(plain, "ふつうの話")
		owners := w.waitShown("owners", "ふつうの話")
		w.setTags(owner, "owners", owners.TS, "渋谷店")
		w.waitShown("suzuki", "ふつうの話")
		w.setTags(owner, "owners", owners.TS)
		w.acted(w.line.Postback(plain, "shop=shibuya", nil))
		w.waitShown("owners", "ボタンが押されました: shop=shibuya")
		w.text(plain, "渋谷には戻らない")
		w.waitShown("owners", "渋谷には戻らない")
		if _, shown := w.shows("suzuki", "渋谷には戻らない"); shown {
			t.Error("a rule put a tag back that an owner took off")
		}
	})
}

// A duplicate is shown once, and the first content stands; a late event comes
// last with its own time and takes nothing back.
func TestLateAndDuplicateEvents(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		raw := func(id, text string, at time.Time) {
			w.raw(hana, `"type":"message","message":{"type":"text","id":"77`+id+`","text":"`+text+`"}`, "01JX"+id, at)
		}
		at := time.Now()
		raw("1", "original-canary", at)
		w.waitShown("sato", "original-canary")
		raw("1", "forged-canary", at)
		w.until(10*time.Second, "the mismatch is in the log", func() bool {
			return strings.Contains(w.log.String(), "came again with other content")
		})
		w.acted(w.line.Block(hana))
		w.waitPost("sato", card.TS, "ブロックされています", true)
		w.raw(hana, `"type":"follow","follow":{"isUnblocked":false}`, "01JXLATEFOLLOW", at.Add(-time.Hour))
		raw("2", "late-canary", at.Add(-2*time.Hour))
		late := w.waitShown("sato", "late-canary")
		if !strings.Contains(string(late.Blocks), "遅れて届いたメッセージ") {
			t.Errorf("not marked as late: %s", late.Blocks)
		}
		w.raw(hana, `"type":"message","message":{"type":"text","id":"773","text":"時刻なし"}`, "01JXNOTIME", time.UnixMilli(0))
		w.waitShown("sato", "時刻なし")
		if _, shown := w.shows("sato", "forged-canary"); shown {
			t.Error("the second content of an event was shown")
		}
		n := 0
		for _, m := range w.posts("sato") {
			n += strings.Count(m.Text, "original-canary")
		}
		if n != 1 {
			t.Errorf("shown %d times", n)
		}
		w.neverLogged(t, "original-canary", "forged-canary", "late-canary")
	})
}

// raw delivers one event of a friend as LINE would write it.
func (w *world) raw(from simline.From, rest, id string, at time.Time) {
	w.t.Helper()
	event := fmt.Sprintf(`{"webhookEventId":%q,"timestamp":%d,"mode":"active","source":{"type":"user","userId":%q},%s}`,
		id, at.UnixMilli(), from.Chat, rest)
	if err := w.line.SendRaw(botUser, []byte(event)); err != nil {
		w.t.Fatal(err)
	}
}

// Only what a person touched in the modal changes: a tag that a rule put on
// while the modal was open stays.
func TestTagsThatChangeWhileTheModalIsOpen(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitReady("suzuki")
		hana := w.friend(1, "花子")
		w.text(hana, "こんにちは")
		card := w.waitShown("owners", "こんにちは")
		opened := w.openTags(owner, "owners", card.TS)
		w.acted(w.line.Postback(hana, "shop=shibuya", nil))
		first := w.waitShown("suzuki", "ボタンが押されました: shop=shibuya")
		w.chooseTags(owner, opened, "VIP")
		w.waitPost("suzuki", root(first), "VIP", true)
		w.waitPost("suzuki", root(first), "渋谷店", true)
		w.text(hana, "渋谷店でお願いします")
		w.waitShown("suzuki", "渋谷店でお願いします")
		if got := w.auditOf(w.openDatabase(), "tag_off"); len(got) != 0 {
			t.Errorf("taken off: %q", got)
		}
	})
}
