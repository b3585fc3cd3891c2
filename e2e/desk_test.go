package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

// ask gives a command in an operator's Slack channel and returns what the
// person sees.
func (w *world) ask(user, place, text string) simslack.Shown {
	w.t.Helper()
	return w.askIn(user, w.channel(place), text)
}

func (w *world) askIn(user, channelID, text string) simslack.Shown {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	shown, err := w.slack.SlashCommand(ctx, user, channelID, "/madoguchi", text)
	if err != nil {
		w.t.Fatal(err)
	}
	return shown
}

func told(s simslack.Shown) string { return s.Text + string(s.Blocks) }

// /madoguchi lists who waits, longest first, with links; finds friends by
// name; and shows nobody what they may not see.
func TestCommandShowsWhoWaits(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		first, card := w.routedFriend(1, "青山花子")
		w.routedFriend(2, "青山太郎")
		hidden := w.friend(3, "渋谷次郎")
		w.acted(w.line.Postback(hidden, "shop=shibuya", nil))
		w.text(hidden, "渋谷の話")
		w.waitShown("suzuki", "渋谷の話")
		w.until(10*time.Second, "all names are known", func() bool {
			return strings.Contains(told(w.ask(owner, "owners", "")), "渋谷次郎") && strings.Contains(told(w.ask(sato, "sato", "")), "青山太郎")
		})
		got := told(w.ask(sato, "sato", ""))
		if h, j := strings.Index(got, "青山花子"), strings.Index(got, "青山太郎"); h < 0 || j < h {
			t.Errorf("not longest first: %s", got)
		}
		if !strings.Contains(got, "/archives/"+w.channel("sato")+"/p"+strings.ReplaceAll(card.TS, ".", "")) {
			t.Errorf("no link to the thread: %s", got)
		}
		if strings.Contains(got, "渋谷") {
			t.Errorf("something of a hidden friend: %s", got)
		}
		if got := told(w.ask(sato, "sato", "探す 次郎")); !strings.Contains(got, "見つかりませんでした") || strings.Contains(got, "渋谷次郎") {
			t.Errorf("a hidden friend is found: %s", got)
		}
		if got := told(w.ask(sato, "sato", "ハナコ")); strings.Contains(got, "青山花子") {
			t.Errorf("another reading of a name is found: %s", got)
		}
		if got := told(w.ask(sato, "sato", "花子")); !strings.Contains(got, "青山花子") {
			t.Errorf("not found: %s", got)
		}
		if got := told(w.ask(sato, "sato", "オペレーター")); strings.Contains(got, "鈴木") || !strings.Contains(got, "オーナーだけ") {
			t.Errorf("operators are listed for an operator: %s", got)
		}
		if got := told(w.ask(owner, "owners", "オペレーター")); !strings.Contains(got, "鈴木") || !strings.Contains(got, "渋谷店スタッフ") {
			t.Errorf("operators are not listed for an owner: %s", got)
		}
		lobby, err := w.slack.CreateChannel(stranger, "lobby", false, sato)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"", "花子", "オペレーター"} {
			if got := told(w.askIn(stranger, lobby, text)); strings.Contains(got, "花子") || strings.Contains(got, "送信") || !strings.Contains(got, "オペレーターではない") {
				t.Errorf("%q to somebody who is no operator: %s", text, got)
			}
		}
		w.reply(sato, "sato", card.TS, "はい")
		w.waitPhone(first, "はい")
		w.until(10*time.Second, "who was answered does not wait", func() bool { return !strings.Contains(told(w.ask(sato, "sato", "")), "青山花子") })
	})
}

// Friends who call themselves the same are told apart by a piece of their ids,
// in an owner's list as in an operator's; nobody else carries one.
func TestFriendsOfEqualNamesAreToldApart(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		for _, f := range []simline.Friend{
			{UserID: "U1a2b" + strings.Repeat("0", 28), Name: "青山花子"},
			{UserID: "U5e6f" + strings.Repeat("0", 28), Name: "青山花子"},
			{UserID: "U9d8c" + strings.Repeat("0", 28), Name: "青山太郎"},
		} {
			if err := w.line.AddFriend(botUser, f); err != nil {
				t.Fatal(err)
			}
			w.text(simline.From{Bot: botUser, Chat: f.UserID}, "青山店ですか、"+f.UserID)
			w.waitShown("sato", "青山店ですか、"+f.UserID)
		}
		for _, asked := range []struct{ user, place string }{{sato, "sato"}, {owner, "owners"}} {
			var got string
			w.until(10*time.Second, "both are told apart for "+asked.place, func() bool {
				got = told(w.ask(asked.user, asked.place, "青山"))
				return strings.Contains(got, "青山花子（1a2b）") && strings.Contains(got, "青山花子（5e6f）")
			})
			if strings.Contains(got, "9d8c") {
				t.Errorf("a friend whose name nobody else has carries a mark: %s", got)
			}
		}
	})
}

// A friend without a thread is opened in one's own Slack channel, with what was
// said, and written to first.
func TestOpenAThreadAndWriteFirst(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana := w.friend(1, "花子")
		w.text(hana, "誰も見ていない話")
		owners := w.waitShown("owners", "誰も見ていない話")
		if err := w.slack.PressLabel(t.Context(), owner, w.channel("owners"), owners.TS, "対応済み"); err != nil {
			t.Fatal(err)
		}
		w.waitPost("owners", owners.TS, "から返信待ち", false)
		// Of a friend who does not wait, those who gain sight get nothing yet.
		w.setTags(owner, "owners", owners.TS, "青山店")
		w.waitPost("owners", owners.TS, "青山店", true)
		w.never(500*time.Millisecond, "a thread that nobody asked for", func() bool {
			_, shown := w.shows("sato", "花子")
			return shown
		})
		w.waitReady("sato")
		shown := w.ask(sato, "sato", "花子")
		buttons := simslack.Buttons(shown.Blocks)
		if len(buttons) != 1 || buttons[0].Label != "スレッドを開く" {
			t.Fatalf("no button to open the thread: %s", shown.Blocks)
		}
		if err := w.slack.PressShown(t.Context(), sato, w.channel("sato"), shown, "スレッドを開く"); err != nil {
			t.Fatal(err)
		}
		card := w.waitShown("sato", "誰も見ていない話")
		w.waitPost("sato", root(card), "花子", true)
		w.reply(sato, "sato", root(card), "こちらから失礼します")
		w.waitPhone(hana, "こちらから失礼します")

		// The answer comes to an owner who wrote too, though others see the friend.
		w.reply(owner, "owners", owners.TS, "オーナーからも失礼します")
		w.waitPhone(hana, "オーナーからも失礼します")
		w.text(hana, "お二人ともありがとう")
		for _, place := range []string{"sato", "owners"} {
			w.waitShown(place, "お二人ともありがとう")
		}
	})
}

// Of a friend with more tags than the modal shows, one that is shown is taken
// off, and those that are not shown stay.
func TestTakingOffATagOfAFriendWithMany(t *testing.T) {
	t.Parallel()
	var names []string
	for n := range 110 {
		names = append(names, fmt.Sprintf("客層%03d", n))
	}
	many := strings.Join(names, ", ")
	file := strings.NewReplacer(
		"tags: [青山店, 渋谷店, VIP]", "tags: [青山店, 渋谷店, VIP, "+many+"]",
		"routing:\n", "routing:\n  - {when: {text_contains: [全部]}, tags: ["+many+"]}\n",
	).Replace(fmt.Sprintf(accountFile, "0s"))
	each(t, options{file: file}, func(t *testing.T, w *world) {
		w.start()
		w.text(w.friend(1, "花子"), "全部です")
		card := w.waitShown("owners", "全部です")
		w.setTags(owner, "owners", card.TS, append(slices.Clone(names[:98]), names[99])...)
		db := w.openDatabase()
		w.until(10*time.Second, "the tag is off", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM friend_tag WHERE NOT is_on`) == 1
		})
		if n := w.count(db, `SELECT COUNT(*) FROM friend_tag WHERE is_on`); n != 109 {
			t.Errorf("%d tags are on, want 109", n)
		}
	})
}

// With more tags than a menu holds, the modal is searched.
func TestTagModalIsSearched(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for n := range 120 {
		fmt.Fprintf(&many, "店舗%03d, ", n)
	}
	file := strings.Replace(fmt.Sprintf(accountFile, "0s"), "tags: [", "tags: ["+many.String(), 1)
	each(t, options{file: file}, func(t *testing.T, w *world) {
		w.start()
		hana := w.friend(1, "花子")
		w.text(hana, "こんにちは")
		card := w.waitShown("owners", "こんにちは")
		if err := w.slack.PressLabel(t.Context(), owner, w.channel("owners"), card.TS, "タグ"); err != nil {
			t.Fatal(err)
		}
		w.until(5*time.Second, "the modal", func() bool { return len(w.slack.Views(owner)) > 0 })
		view := w.slack.Views(owner)[0]
		offered, err := w.slack.Suggest(t.Context(), owner, view.ID, "tags", "ｖｉｐ")
		if err != nil || len(offered) != 1 || offered[0].Label != "VIP" {
			t.Fatalf("offered %+v, %v", offered, err)
		}
		out, err := w.slack.SubmitView(t.Context(), owner, view.ID, map[string]simslack.Input{"tags": {Options: []string{offered[0].Value}}})
		if err != nil || out.Action != "" {
			t.Fatalf("%+v, %v", out, err)
		}
		w.waitPost("owners", card.TS, "VIP", true)
		if err := w.slack.PressLabel(t.Context(), sato, w.channel("owners"), card.TS, "タグ"); err == nil {
			w.never(300*time.Millisecond, "a modal for somebody who may not", func() bool {
				for _, v := range w.slack.Views(sato) {
					if v.Submit != "" {
						return true
					}
				}
				return false
			})
		}
	})
}
