package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

const (
	replyPath = "/v2/bot/message/reply"
	pushPath  = "/v2/bot/message/push"
)

// sent are the calls that LINE accepted for a friend, shown or not.
func (w *world) sent(from simline.From) []simline.Entry {
	var entries []simline.Entry
	for _, e := range w.line.Ledger(botUser, from.Chat) {
		if e.Side == simline.ByAccount {
			entries = append(entries, e)
		}
	}
	return entries
}

// The first reply is free, the next one is paid for, and the marks tell which.
func TestFreeAndPaidReplies(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		free := w.reply(sato, "sato", root(card), "無料です")
		w.waitMark("sato", free, "white_check_mark")
		paid := w.reply(sato, "sato", root(card), "有料です")
		w.waitMark("sato", paid, "yen")
		w.waitMark("sato", paid, "white_check_mark")
		if w.marked("sato", free, "yen") {
			t.Error("a free reply is marked as paid")
		}
		sent := w.sent(hana)
		if len(sent) != 2 || !sent[0].Free || sent[1].Free || sent[1].Cost != 1 || sent[1].RetryKey == "" {
			t.Errorf("LINE accepted %+v", sent)
		}
	})
}

// LINE answers 200 for a friend who blocked the account, so such a reply is
// refused beforehand; unblocking lets replies go again.
func TestBlockedFriend(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.acted(w.line.Block(hana))
		w.waitShown("sato", "ブロックされました")
		ts := w.reply(sato, "sato", root(card), "届かない返信")
		w.waitMark("sato", ts, "x")
		w.waitShown("sato", "アカウントをブロックしているため")
		if sent := w.sent(hana); len(sent) != 0 {
			t.Errorf("LINE accepted %+v", sent)
		}
		w.acted(w.line.Follow(hana, true))
		w.waitShown("sato", "ブロックが解除されました")
		again := w.reply(sato, "sato", root(card), "おかえりなさい")
		w.waitMark("sato", again, "white_check_mark")
	})
}

// The used-up quota is told apart from a rate limit by LINE's quota endpoints.
// After it was raised, もう一度送る sends; a second press does nothing.
func TestQuotaUsedUp(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.spendToken("sato", thread)
		quota := func(n int64) {
			if err := w.line.Change(botUser, func(a *simline.Account) { a.Quota = n }); err != nil {
				t.Fatal(err)
			}
			if err := w.line.SetUsed(botUser, 200); err != nil {
				t.Fatal(err)
			}
		}
		quota(200)
		ts := w.reply(sato, "sato", thread, "枠のない返信")
		w.waitMark("sato", ts, "x")
		w.waitShown("sato", "今月のLINEのメッセージ枠を使い切ったため")
		w.waitShown("owners", "無料メッセージ枠を使い切りました")
		quota(500)
		post := w.waitButton("sato", thread, "もう一度送る")
		w.press(sato, "sato", post.TS, "もう一度送る")
		w.waitPhone(hana, "枠のない返信")
		w.waitMark("sato", ts, "white_check_mark")
		w.until(5*time.Second, "the mark of the failure is gone", func() bool { return !w.marked("sato", ts, "x") })
		w.press(sato, "sato", post.TS, "もう一度送る")
		w.waitShown("sato", "この返信はもう処理されています")
		if got := w.phone(hana); !slices.Equal(got, []string{"はい", "枠のない返信"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// A rate limit is waited for and not counted; whoever wrote sees that it waits.
func TestLINERateLimit(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.line.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.RateLimit, Times: 3, RetryAfter: time.Second})
		ts := w.reply(sato, "sato", root(card), "混雑時の返信")
		w.waitMark("sato", ts, "hourglass_flowing_sand")
		w.waitMark("sato", ts, "white_check_mark")
		w.until(5*time.Second, "no longer marked as waiting", func() bool { return !w.marked("sato", ts, "hourglass_flowing_sand") })
		if sent := w.sent(hana); len(sent) != 1 || !sent[0].Free {
			t.Errorf("LINE accepted %+v; the token was still good", sent)
		}
	})
}

// While LINE refuses the account's token, replies wait; the owners are told
// once, and everything goes by itself when the token is mended.
func TestBadLINEToken(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.spendToken("sato", thread)
		if err := w.line.Change(botUser, func(a *simline.Account) { a.Token = "another-token-canary" }); err != nil {
			t.Fatal(err)
		}
		first := w.reply(sato, "sato", thread, "一つ目")
		w.waitShown("sato", "LINEのトークンが無効なため")
		w.waitMark("sato", first, "hourglass_flowing_sand")
		told := w.waitShown("owners", "LINEがこのアカウントのトークンを受け付けません")
		second := w.reply(sato, "sato", thread, "二つ目")
		w.waitMark("sato", second, "hourglass_flowing_sand")
		for i, v := range w.env {
			if strings.HasPrefix(v, "LINE_CHANNEL_TOKEN=") {
				w.env[i] = "LINE_CHANNEL_TOKEN=another-token-canary"
			}
		}
		w.run("apply", w.file)
		w.until(10*time.Second, "both on the phone", func() bool {
			return slices.Equal(w.phone(hana), []string{"はい", "一つ目", "二つ目"})
		})
		w.waitMark("sato", first, "white_check_mark")
		w.waitMark("sato", second, "white_check_mark")
		for _, m := range w.posts("owners") {
			if m.TS != told.TS && strings.Contains(m.Text, "トークンを受け付けません") {
				t.Error("the owners were told twice")
			}
		}
		w.neverLogged(t, "another-token-canary", lineToken)
	})
}

// A token that LINE refuses is followed by a push: the refusal was definite.
func TestRefusedReplyTokenBecomesAPush(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.line.Faults.Add(fault.Rule{
			Match: replyPath, Kind: fault.Status, Status: http.StatusBadRequest, Body: `{"message":"Invalid reply token"}`, Times: 1,
		})
		ts := w.reply(sato, "sato", root(card), "間に合わなかった返信")
		w.waitMark("sato", ts, "yen")
		if sent := w.sent(hana); len(sent) != 1 || sent[0].Free {
			t.Errorf("LINE accepted %+v", sent)
		}
	})
}

// A 400 on several bubbles means that none was accepted: each goes alone, and
// only the bad one fails.
func TestOneBadBubble(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "1s"}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		thread := root(card)
		w.spendToken("sato", thread)
		refuse := fault.Rule{
			Match: pushPath, Kind: fault.Status, Status: http.StatusBadRequest, Times: 2,
			Body: `{"message":"The request body has 1 error(s)","details":[{"message":"May not be empty","property":"messages[0].text"}]}`,
		}
		w.line.Faults.Add(refuse) // the burst, then the first bubble alone
		bad := w.reply(sato, "sato", thread, "一つ目")
		good := w.reply(sato, "sato", thread, "二つ目")
		w.waitMark("sato", bad, "x")
		w.waitMark("sato", good, "white_check_mark")
		w.waitShown("sato", "LINEが受け付けませんでした（bad_request）")
		if got := w.phone(hana); !slices.Equal(got, []string{"はい", "二つ目"}) {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// To a group only free replies go by themselves. A push costs one message a
// member: the number is shown, and somebody has to press the button.
func TestGroupNeedsTheButton(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		id := simline.GroupID(1)
		members := []simline.Friend{{UserID: simline.UserID(1), Name: "花子"}, {UserID: simline.UserID(2), Name: "太郎"}, {UserID: simline.UserID(3), Name: "次郎"}}
		if err := w.line.AddGroup(botUser, simline.Group{ID: id, Name: "家族", Members: members}); err != nil {
			t.Fatal(err)
		}
		family := simline.From{Bot: botUser, Chat: id, User: members[0].UserID}
		w.text(family, "青山店でいいですか")
		thread := root(w.waitShown("sato", "青山店でいいですか"))
		w.spendToken("sato", thread)
		ts := w.reply(sato, "sato", thread, "有料の返信")
		post := w.waitButton("sato", thread, "送信する")
		w.waitShown("sato", "（3通）")
		if got := w.phone(family); !slices.Equal(got, []string{"はい"}) {
			t.Fatalf("on the phone before the button: %q", got)
		}
		w.press(sato, "sato", post.TS, "送信する")
		w.waitMark("sato", ts, "yen")
		if sent := w.sent(family); len(sent) != 2 || sent[1].Cost != 3 {
			t.Errorf("LINE accepted %+v", sent)
		}
		w.reply(sato, "sato", thread, "やめた返信")
		var question simslack.Message
		w.until(10*time.Second, "a new question", func() (ok bool) {
			question, ok = w.withButton("sato", thread, "破棄")
			return ok && question.TS != post.TS
		})
		w.press(sato, "sato", question.TS, "破棄")
		w.waitShown("sato", "この返信は破棄しました")
		if got := len(w.sent(family)); got != 2 {
			t.Errorf("%d calls after the reply was dropped", got)
		}
	})
}
