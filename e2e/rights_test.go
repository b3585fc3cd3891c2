package e2e

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

const (
	reception = "U0RECEPTION" // sees every friend and may reply, but not read
	foreigner = "U0FOREIGN"   // of another workspace
	robot     = "U0ROBOT"
)

// rightsFile is accountFile with 受付, who may send without reading, and with
// people in 佐藤's Slack channel who are no operators or another one.
func rightsFile(hold string) string {
	return strings.NewReplacer(
		"operators:\n", `  - {name: 受付, friends: all, send: true}
operators:
  - {key: uketsuke, name: 受付, slack_user: U0RECEPTION, permission_sets: [受付]}
`,
		"slack_user: U0SATO", "slack_user: U0SATO, also: [U0SUZUKI, U0STRANGER, U0FOREIGN, U0ROBOT, U0TRAINEE]",
	).Replace(fmt.Sprintf(accountFile, hold))
}

func addCast(w *world) {
	w.slack.AddUser(simslack.User{ID: reception, Name: "受付"})
	w.slack.AddUser(simslack.User{ID: foreigner, Name: "他社の人", TeamID: "T0OTHER"})
	w.slack.AddUser(simslack.User{ID: robot, Name: "別のボット", Bot: true})
}

func (w *world) waitMember(place, user string) {
	w.t.Helper()
	w.until(20*time.Second, user+" in "+place, func() bool {
		c, _ := w.slack.Channel(w.channel(place))
		return slices.Contains(c.Members, user)
	})
}

// refusals counts the audit entries about refusals of a person.
func (w *world) refusals(db *sql.DB, user string) int {
	w.t.Helper()
	return w.count(db, `SELECT COUNT(*) FROM audit WHERE NOT allowed AND actor = '`+user+`'`)
}

// attempt is one way in, tried by one person in one friend's thread. It
// returns the ts of what it wrote, "" if nothing can be marked.
type attempt struct {
	name  string
	words bool // it would say something to the friend
	try   func(w *world, user, place string, post simslack.Message, text string) string
}

func (w *world) attempts() []attempt {
	must := func(ts string, err error) string {
		if err != nil {
			w.t.Fatal(err)
		}
		return ts
	}
	return []attempt{
		{"reply", true, func(w *world, user, place string, post simslack.Message, text string) string {
			return w.reply(user, place, root(post), text)
		}},
		{"broadcast", true, func(w *world, user, place string, post simslack.Message, text string) string {
			return must(w.slack.Broadcast(user, w.channel(place), root(post), text))
		}},
		{"edited", true, func(w *world, user, place string, post simslack.Message, text string) string {
			ts := w.reply(user, place, root(post), "まだ途中の"+text)
			w.edit(user, place, ts, text)
			return ts
		}},
		{"file", false, func(w *world, user, place string, post simslack.Message, text string) string {
			return must(w.slack.ShareFiles(user, w.channel(place), root(post), text, simslack.Attachment{Name: "a.txt", Data: []byte("a")}))
		}},
		{"outside the thread", false, func(w *world, user, place string, _ simslack.Message, text string) string {
			return w.reply(user, place, "", text)
		}},
	}
}

// Whoever writes, in whatever way, where and to whom: LINE gets exactly what
// was allowed, and every refusal has a mark, words and an audit entry.
func TestRightsMatrixOfReplies(t *testing.T) {
	t.Parallel()
	each(t, options{file: rightsFile("1s")}, func(t *testing.T, w *world) {
		addCast(w)
		w.start()
		visible := w.friend(1, "花子")
		w.text(visible, "花子から青山店へ")
		post := w.waitShown("sato", "花子から青山店へ")
		w.waitShown("uketsuke", "新しいメッセージがあります")
		for _, u := range []string{suzuki, stranger, foreigner, robot, trainee} {
			w.waitMember("sato", u)
		}
		kenshu := w.waitShown("kenshu", "花子から青山店へ")
		var uketsuke simslack.Message
		w.until(20*time.Second, "the thread of uketsuke", func() (ok bool) {
			uketsuke, ok = w.shows("uketsuke", "新しいメッセージがあります")
			return ok
		})
		if err := w.slack.InviteUser(sato, w.channel("sato"), owner); err != nil {
			t.Fatal(err)
		}
		db := w.openDatabase()
		type who struct {
			user, place string
			post        simslack.Message
			may         bool
			silent      bool // not answered at all
		}
		people := []who{
			{user: sato, place: "sato", post: post, may: true},
			{user: owner, place: "sato", post: post, may: true},
			{user: reception, place: "uketsuke", post: uketsuke, may: true},
			{user: trainee, place: "kenshu", post: kenshu},
			{user: trainee, place: "sato", post: post},
			{user: suzuki, place: "sato", post: post},
			{user: stranger, place: "sato", post: post},
			{user: foreigner, place: "sato", post: post},
			{user: robot, place: "sato", post: post, silent: true},
		}
		allowed := map[string]bool{}
		for _, p := range people {
			for _, a := range w.attempts() {
				text := fmt.Sprintf("%s %s %s", p.user, p.place, a.name)
				before := w.refusals(db, p.user)
				ts := a.try(w, p.user, p.place, p.post, text)
				goes := p.may && a.words
				if goes {
					allowed[text] = true
					w.waitMark(p.place, ts, "white_check_mark")
					continue
				}
				if p.silent {
					continue
				}
				w.waitMark(p.place, ts, "x")
				w.until(10*time.Second, "audit of "+text, func() bool { return w.refusals(db, p.user) > before })
			}
		}
		w.drain()
		for _, said := range w.phone(visible) {
			if !allowed[said] {
				t.Errorf("went to LINE: %q", said)
			}
			delete(allowed, said)
		}
		for text := range allowed {
			t.Errorf("not on the phone: %q", text)
		}
		for place, words := range map[string]string{
			"kenshu": "「送信」の権限がない", "uketsuke": "ファイルや画像はまだ",
		} {
			w.waitShown(place, words)
		}
		for _, words := range []string{"このアカウントのオペレーターではない", "ほかのオペレーターのチャンネル", "誰への返信か分からない"} {
			w.waitShown("sato", words)
		}
		for _, m := range w.slack.Messages(w.channel("sato")) {
			if m.User == robot && len(m.Reactions) > 0 {
				t.Errorf("a bot was answered: %+v", m.Reactions)
			}
		}
	})
}

// Buttons of others do nothing: whoever presses, and wherever a button came
// from, LINE and the friend's state only change with the right.
func TestRightsMatrixOfButtons(t *testing.T) {
	t.Parallel()
	each(t, options{file: rightsFile("0s")}, func(t *testing.T, w *world) {
		addCast(w)
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		for _, u := range []string{suzuki, stranger, foreigner, trainee} {
			w.waitMember("sato", u)
		}
		db := w.openDatabase()
		w.line.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.LostAnswer, Times: 1})
		ts := w.reply(sato, "sato", thread, "不明な返信")
		w.waitMark("sato", ts, "question")
		question := w.waitButton("sato", thread, "もう一度送る")
		for _, user := range []string{suzuki, stranger, foreigner, trainee} {
			for _, b := range []struct {
				post  simslack.Message
				label string
			}{{question, "もう一度送る"}, {question, "届いていた"}, {card, "担当する"}, {card, "対応済み"}} {
				before := w.refusals(db, user)
				w.press(user, "sato", b.post.TS, b.label)
				w.until(10*time.Second, "audit of "+user+" pressing "+b.label, func() bool { return w.refusals(db, user) > before })
			}
		}
		if n := len(w.sent(hana)); n != 1 {
			t.Errorf("LINE accepted %d calls, want the one whose answer was lost", n)
		}
		if !w.marked("sato", ts, "question") || w.marked("sato", ts, "white_check_mark") {
			t.Errorf("the reply was decided by somebody without the right: %s", w.marks("sato", ts))
		}
		if n := w.count(db, `SELECT COUNT(*) FROM friend WHERE in_charge <> '' OR waiting_since = 0`); n != 0 {
			t.Error("somebody without the right took charge or ended the waiting")
		}
		w.press(sato, "sato", question.TS, "届いていた")
		w.waitMark("sato", ts, "white_check_mark")
		if got := w.phone(hana); !slices.Equal(got, []string{"不明な返信"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// Rights count as they are when the reply goes out, not when it was written.
func TestRightsAreReadWhenTheReplyGoes(t *testing.T) {
	t.Parallel()
	// The hold must outlast an apply on a busy machine.
	each(t, options{hold: "8s"}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "もう送れない返信")
		w.waitHeld()
		w.reapply("青山店スタッフ, friends: [青山店], view: true, send: true", "青山店スタッフ, friends: [青山店], view: true")
		w.waitMark("sato", ts, "x")
		w.waitShown("sato", "「送信」の権限がないため")
		if got := w.phone(hana); len(got) != 0 {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// The same while LINE does not take anything.
func TestRightsAreReadWhenLINETakesRepliesAgain(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		if err := w.line.Change(botUser, func(a *simline.Account) { a.Token = "mended" }); err != nil {
			t.Fatal(err)
		}
		tried := w.reply(sato, "sato", root(card), "試した返信")
		w.waitShown("sato", "LINEのトークンが無効なため")
		behind := w.reply(sato, "sato", root(card), "後ろで待つ返信")
		w.waitMark("sato", behind, "hourglass_flowing_sand")
		for i, v := range w.env {
			if strings.HasPrefix(v, "LINE_CHANNEL_TOKEN=") {
				w.env[i] = "LINE_CHANNEL_TOKEN=mended"
			}
		}
		w.reapply("青山店スタッフ, friends: [青山店], view: true, send: true", "青山店スタッフ, friends: [青山店], view: true")
		w.waitMark("sato", tried, "x")
		w.waitMark("sato", behind, "x")
		if got := w.phone(hana); len(got) != 0 {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// waitHeld waits until a reply is in its hold.
func (w *world) waitHeld() {
	w.t.Helper()
	db := w.openDatabase()
	w.until(10*time.Second, "a reply is held", func() bool {
		return w.count(db, `SELECT COUNT(*) FROM reply WHERE state = 'held'`) > 0
	})
}

// What a person may not read is in no payload of theirs: the thread of
// somebody without the right to view shows that something arrived, and nothing
// at all of friends whom they do not see.
func TestCanaries(t *testing.T) {
	t.Parallel()
	each(t, options{file: rightsFile("0s")}, func(t *testing.T, w *world) {
		addCast(w)
		w.start()
		hana := w.friend(1, "花子")
		hidden := w.friend(2, "canary-name-2")
		w.text(hana, "青山店 canary-words-1")
		card := w.waitShown("sato", "canary-words-1")
		w.acted(w.line.SendMedia(hana, simline.Media{Kind: "file", Bytes: []byte("canary-bytes-1"), FileName: "canary-file-1.txt"}))
		w.waitShown("sato", "canary-file-1.txt")
		w.text(hidden, "まだどの店でもない canary-words-2")
		note := w.reply(sato, "sato", root(card), "// canary-note-1")
		w.waitMark("sato", note, "memo")
		w.waitShown("kenshu", "canary-note-1")
		ts := w.reply(sato, "sato", root(card), "canary-reply-1")
		w.waitMark("sato", ts, "white_check_mark")
		w.waitShown("kenshu", "canary-reply-1")
		sent := w.acted(w.line.SendText(hana, "canary-words-3", simline.TextOptions{}))
		w.acted(w.line.SendText(hana, "canary-words-4", simline.TextOptions{Quotes: sent.MessageID}))
		w.waitShown("sato", "canary-words-4")
		arrived := func() bool {
			n := 0
			for _, m := range w.posts("uketsuke") {
				n += strings.Count(string(m.Blocks), "新しいメッセージがあります")
			}
			return n >= 5
		}
		w.until(20*time.Second, "reception hears of all of it", arrived)
		shown, err := w.slack.SlashCommand(t.Context(), suzuki, w.channel("suzuki"), "/madoguchi", "")
		if err != nil {
			t.Fatal(err)
		}
		if listing := shown.Text + string(shown.Blocks); strings.Contains(listing, "花子") || strings.Contains(listing, "canary") {
			t.Errorf("listed to suzuki: %s", listing)
		}
		w.drain()
		for _, m := range w.slack.Messages(w.channel("uketsuke")) {
			all := m.Text + string(m.Blocks) + string(m.Metadata) + m.Username
			for _, f := range m.Files {
				all += f.Name + f.Title
			}
			for _, canary := range []string{"canary-words", "canary-note", "canary-reply", "canary-file", "canary-bytes"} {
				if strings.Contains(all, canary) {
					t.Errorf("reception, who may not read, got %s: %s", canary, all)
				}
			}
		}
		for _, m := range w.slack.Messages(w.channel("suzuki")) {
			if all := m.Text + string(m.Blocks) + m.Username; m.BotID != "" && (strings.Contains(all, "canary") || strings.Contains(all, "花子")) {
				t.Errorf("shown to suzuki: %s", all)
			}
		}
		for _, m := range w.slack.Messages(w.channel("sato")) {
			if all := m.Text + string(m.Blocks) + m.Username; strings.Contains(all, "canary-name-2") || strings.Contains(all, "canary-words-2") {
				t.Errorf("shown to sato: %s", all)
			}
		}
		w.neverLogged(t, "canary-words", "canary-note", "canary-reply", "canary-file", "canary-name", "xoxb-bot-canary", signing, secret)
		w.waitMember("sato", stranger)
		for _, text := range []string{"", "花子", "オペレーター"} {
			shown, err := w.slack.SlashCommand(t.Context(), stranger, w.channel("sato"), "/madoguchi", text)
			if err != nil {
				t.Fatal(err)
			}
			if all := shown.Text + string(shown.Blocks); !strings.Contains(all, "オペレーターではない") || strings.Contains(all, "花子さん") {
				t.Errorf("%q listed to a stranger: %s", text, all)
			}
		}
	})
}
