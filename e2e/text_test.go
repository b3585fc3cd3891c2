package e2e

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Whatever a friend writes is text: nothing of it is markup, a mention, a link
// that is fetched, or a command, and nothing is changed.
func TestHostileTextsAreText(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		texts := []string{
			"<!channel> <!here> <@U0SATO> <#C1> <!subteam^S1>", "<https://evil.example|https://bank.example>", "&lt;!channel&gt; &amp;lt;",
			"``` `code` *太字* _斜体_ ~消~ >引用", "\u202e逆\u2066隔離\u2069 \u200b見えない", "👨‍👩‍👧‍👦 が か゛ ｶﾞ 髙﨑",
			"対応済み", "/madoguchi オペレーター", "// これはメモではない", "${LINE_CHANNEL_SECRET} {{お名前}} %s %d", "2,501 " + strings.Repeat("🍎", 30),
		}
		for _, text := range texts {
			w.text(hana, text)
		}
		for _, text := range texts {
			w.waitShown("sato", text)
		}
		// 10,000 marks on one letter are shown up to what a post holds.
		w.text(hana, "終わりのない"+strings.Repeat("\u0301", 10_000)+"濁点")
		w.waitShown("sato", "終わりのない")
		w.text(hana, "一行目\r\n二行目\u2028三行目 \x1b[31mlevel=ERROR msg=forged\x1b[0m")
		w.waitShown("sato", "一行目\n二行目\n三行目")
		for _, m := range w.posts("sato") {
			if m.BotID == "" {
				continue
			}
			said := strings.ReplaceAll(m.Text, "<@"+sato+"> ", "")
			for _, markup := range []string{"<!", "<@", "<#", "<https://evil", "\x1b"} {
				if strings.Contains(said, markup) {
					t.Errorf("%q stands in the text of a post: %q", markup, m.Text)
				}
			}
			if strings.Contains(m.Username, "\u202e") || utf8.RuneCountInString(m.Username) > 80 {
				t.Errorf("posted as %q", m.Username)
			}
			if !m.NoUnfurl {
				t.Errorf("links of %q are unfolded", m.Text)
			}
		}
		for _, text := range texts[:6] {
			w.neverLogged(t, text)
		}
		w.neverLogged(t, "forged", "終わりのない")
	})
}

// An event that cannot be decided is set aside and told to the owners; what
// came behind it goes on.
func TestPoisonEventIsSetAside(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		db := w.openDatabase()
		if _, err := db.ExecContext(t.Context(), `INSERT INTO inbox (id, account_id, source, event_key, lane, at, received_at, raw, state)
			SELECT 'poisoned', account_id, source, 'poisoned', lane, at, received_at, CAST('{"poison-canary' AS `+map[bool]string{true: "BLOB", false: "BYTEA"}[w.onSQLite()]+`), 'pending'
			FROM inbox WHERE source = 'line' LIMIT 1`); err != nil {
			t.Fatal(err)
		}
		w.text(hana, "後ろの人です")
		w.waitShown("sato", "後ろの人です")
		w.waitShown("owners", "処理できないイベントを1件保留しました（poisoned）")
		w.neverLogged(t, "poison-canary")
	})
}

// New friends are told to the owners in one line an hour.
func TestFollowsAreToldOnceAnHour(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		for n := range 3 {
			w.acted(w.line.Follow(w.friend(n+1, "新しい人"), false))
		}
		db := w.openDatabase()
		w.until(10*time.Second, "all are counted", func() bool {
			return w.count(db, `SELECT COALESCE(MAX(follows), 0) FROM follow_count WHERE account_id NOT LIKE '%:%'`) == 3
		})
		// An hour passes.
		for _, statement := range []string{
			`UPDATE follow_count SET hour = hour - 3600000`,
			`UPDATE call SET next_at = 1 WHERE kind = 'follows'`,
			`UPDATE lane SET due_at = 1 WHERE id LIKE 'task:follows:%'`,
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		m := w.waitShown("owners", "00からの1時間に、友だち追加が3件ありました。")
		if strings.Contains(m.Text, "⚠️") {
			t.Errorf("told as something that went wrong: %s", m.Text)
		}
	})
}
