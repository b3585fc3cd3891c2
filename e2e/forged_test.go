package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	simslack "madoguchi/simulator/slack"
)

// forge delivers a press that no button of that place offers, signed as Slack
// would.
func (w *world) forge(user, userTeam, place string, post simslack.Message, b simslack.Button) {
	w.t.Helper()
	at := strconv.FormatFloat(float64(time.Now().UnixMicro())/1e6, 'f', 6, 64)
	payload, err := json.Marshal(map[string]any{
		"type": "block_actions", "team": map[string]any{"id": "T0TEAM"}, "user": map[string]any{"id": user, "team_id": userTeam},
		"channel":   map[string]any{"id": w.channel(place)},
		"container": map[string]any{"type": "message", "message_ts": post.TS, "thread_ts": root(post), "channel_id": w.channel(place)},
		"actions":   []any{map[string]any{"type": "button", "action_id": b.ActionID, "value": b.Value, "action_ts": at}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	body := "payload=" + url.QueryEscape(string(payload))
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(signing))
	mac.Write([]byte("v0:" + stamp + ":" + body))
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.addr+"/webhooks/slack/interactions", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
}

// A button that is taken somewhere else, or pressed under another name, does
// no more there than the person may do.
func TestForgedButtons(t *testing.T) {
	t.Parallel()
	each(t, options{file: rightsFile("0s")}, func(t *testing.T, w *world) {
		addCast(w)
		w.start()
		hana, card := w.routedFriend(1, "花子")
		var uketsuke simslack.Message
		w.until(20*time.Second, "the thread of uketsuke", func() (ok bool) {
			uketsuke, ok = w.shows("uketsuke", "新しいメッセージがあります")
			return ok
		})
		kenshu := w.waitShown("kenshu", "花子から青山店へ")
		w.waitMember("suzuki", suzuki)
		w.waitMember("sato", stranger)
		w.line.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.LostAnswer, Times: 1})
		ts := w.reply(sato, "sato", root(card), "不明な返信")
		w.waitMark("sato", ts, "question")
		question := w.waitButton("sato", root(card), "もう一度送る")
		w.waitMark("sato", ts, "question")
		db := w.openDatabase()
		for _, b := range slices.Concat(simslack.Buttons(question.Blocks), simslack.Buttons(card.Blocks)) {
			if b.Label == "タグ" {
				continue
			}
			for _, forged := range []struct {
				user, team, place string
				post              simslack.Message
			}{
				{suzuki, "T0TEAM", "suzuki", simslack.Message{TS: question.TS}},
				{suzuki, "T0TEAM", "sato", question},
				{trainee, "T0TEAM", "kenshu", kenshu},
				{stranger, "T0TEAM", "sato", question},
				{sato, "T0OTHER", "sato", question},
				{sato, "T0TEAM", "kenshu", kenshu},
			} {
				before := w.refusals(db, forged.user)
				w.forge(forged.user, forged.team, forged.place, forged.post, b)
				w.until(10*time.Second, forged.user+" pressing "+b.Label+" in "+forged.place, func() bool {
					return w.refusals(db, forged.user) > before
				})
			}
			if strings.HasPrefix(b.ActionID, "resend") || strings.HasPrefix(b.ActionID, "delivered") {
				// 受付 may send to this friend, but the reply is not in their Slack channel.
				before := w.refusals(db, reception)
				w.forge(reception, "T0TEAM", "uketsuke", uketsuke, b)
				w.until(10*time.Second, "受付 pressing "+b.Label, func() bool { return w.refusals(db, reception) > before })
			}
		}
		if n := len(w.sent(hana)); n != 1 || !w.marked("sato", ts, "question") {
			t.Errorf("%d calls, marks %s", n, w.marks("sato", ts))
		}
		if n := w.count(db, `SELECT COUNT(*) FROM friend WHERE in_charge <> '' OR waiting_since = 0`); n != 0 {
			t.Error("a forged press changed who is in charge or waits")
		}
	})
}

// Whoever may change some tags leaves the others as they are.
func TestSomeTags(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.reapply("青山店スタッフ, friends: [青山店], view: true, send: true", "青山店スタッフ, friends: [青山店], view: true, send: true, tags: [VIP]")
		w.start()
		_, card := w.routedFriend(1, "花子")
		w.setTags(sato, "sato", card.TS, "VIP")
		db := w.openDatabase()
		tagged := func() int { return w.count(db, `SELECT COUNT(*) FROM friend_tag WHERE is_on`) }
		w.until(10*time.Second, "VIP is put on", func() bool { return tagged() == 2 })
		w.setTags(sato, "sato", card.TS)
		w.until(10*time.Second, "VIP is taken off", func() bool { return tagged() == 1 })
		if n := w.refusals(db, sato); n != 0 {
			t.Errorf("%d refusals of what was not asked for", n)
		}
	})
}

// Nobody opens the thread of a friend whom they do not see, and who may not
// read sees nothing of what was said before.
func TestOpeningAThread(t *testing.T) {
	t.Parallel()
	each(t, options{file: rightsFile("0s")}, func(t *testing.T, w *world) {
		addCast(w)
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.waitMember("suzuki", suzuki)
		take := simslack.Buttons(card.Blocks)
		i := slices.IndexFunc(take, func(b simslack.Button) bool { return b.Label == "担当する" })
		open := simslack.Button{ActionID: "open:forged", Value: strings.Replace(take[i].Value, `"a":"take"`, `"a":"open"`, 1)}
		w.forge(suzuki, "T0TEAM", "suzuki", simslack.Message{TS: card.TS}, open)
		w.waitShown("suzuki", "この友だち")
		w.forge(stranger, "T0TEAM", "sato", card, open)
		w.waitShown("sato", "このアカウントのオペレーターではない")
		w.forge(reception, "T0TEAM", "uketsuke", simslack.Message{TS: card.TS}, open)
		w.waitShown("uketsuke", "スレッドを開きました")
		for _, place := range []string{"suzuki", "uketsuke"} {
			if m, shown := w.shows(place, "花子から青山店へ"); shown {
				t.Errorf("shown to %s: %s", place, m.Text)
			}
		}
		if _, shown := w.shows("suzuki", "花子"); shown {
			t.Error("the friend's name is shown to suzuki")
		}
		if got := w.phone(hana); len(got) != 0 {
			t.Errorf("on the phone: %q", got)
		}
	})
}
