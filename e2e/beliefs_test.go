package e2e

import (
	"bytes"
	"reflect"
	"slices"
	"syscall"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
)

// Whatever is not proven of LINE and Slack may be otherwise, one thing at a
// time: an ordinary conversation is the same.
func TestConversationWhateverIsOtherwise(t *testing.T) {
	t.Parallel()
	for name, o := range everyOtherwise(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, o, converse)
		})
	}
}

// everyOtherwise turns each belief there is into what is not believed, alone.
func everyOtherwise(t *testing.T) map[string]options {
	t.Helper()
	all := map[string]options{}
	for _, belief := range reflect.VisibleFields(reflect.TypeFor[simline.Beliefs]()) {
		var o options
		turn(t, reflect.ValueOf(&o.lineOtherwise).Elem().FieldByIndex(belief.Index))
		all["LINE/"+belief.Name] = o
	}
	for _, belief := range reflect.VisibleFields(reflect.TypeFor[simslack.Beliefs]()) {
		var o options
		turn(t, reflect.ValueOf(&o.slackOtherwise).Elem().FieldByIndex(belief.Index))
		all["Slack/"+belief.Name] = o
	}
	return all
}

func turn(t *testing.T, belief reflect.Value) {
	t.Helper()
	switch belief.Interface().(type) {
	case bool:
		belief.SetBool(true)
	case time.Duration:
		belief.SetInt(int64(time.Second))
	default:
		t.Fatalf("there is no other side known of a belief that is a %s", belief.Type())
	}
}

// converse lets a friend write, send a picture and take something back, and an
// operator answer twice and edit too late. Nothing else may reach the friend,
// and nothing of the relay's own may be taken for a reply.
func converse(t *testing.T, w *world) {
	w.start()
	hana, card := w.routedFriend(1, "花子")
	thread := root(card)
	w.waitShown("kenshu", "花子から青山店へ")
	first := w.reply(sato, "sato", thread, "ご予約ですね🌸")
	w.waitMark("sato", first, "white_check_mark")
	w.waitShown("kenshu", "ご予約ですね🌸")
	second := w.reply(sato, "sato", thread, "何時がよろしいですか")
	w.waitMark("sato", second, "yen")
	w.acted(w.line.SendMedia(hana, simline.Media{Kind: "image", Bytes: []byte("\xff\xd8\xff\xe0picture"), ContentType: "image/jpeg"}))
	w.until(20*time.Second, "the picture with both", func() bool { return len(w.files("sato")) == 1 && len(w.files("kenshu")) == 1 })
	taken := w.text(hana, "belief-canary-1507 三時")
	w.waitShown("sato", "belief-canary-1507")
	w.acted(w.line.Unsend(hana, taken.MessageID))
	w.waitForgotten("belief-canary-1507")
	w.edit(sato, "sato", second, "やはり明日では")
	w.waitShown("sato", "この編集はLINEには反映されません")
	w.onlyReplies(t, hana, "ご予約ですね🌸", "何時がよろしいですか")
}

// onlyReplies holds that these replies are all that anybody is thought to have
// written, and that each reached the friend once.
func (w *world) onlyReplies(t *testing.T, friend simline.From, texts ...string) {
	t.Helper()
	w.drain()
	db := w.openDatabase()
	w.until(10*time.Second, "everything is decided", func() bool {
		return w.count(db, `SELECT COUNT(*) FROM inbox WHERE state = 'pending'`) == 0
	})
	if got := w.phone(friend); !slices.Equal(got, texts) {
		t.Errorf("on the phone: %q, want %q", got, texts)
	}
	if n := w.count(db, `SELECT COUNT(*) FROM reply`); n != len(texts) {
		t.Errorf("%d replies are known, want %d", n, len(texts))
	}
	for _, v := range w.slack.Violations() {
		t.Errorf("a rule of Slack was broken: %+v", v)
	}
}

// A token that is refused early costs money and loses nothing.
func TestShortLivedReplyToken(t *testing.T) {
	t.Parallel()
	each(t, options{lineOtherwise: simline.Beliefs{ReplyTokenLife: time.Nanosecond}}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "期限切れの返信")
		w.waitMark("sato", ts, "yen")
		if sent := w.sent(hana); len(sent) != 1 || sent[0].Free {
			t.Errorf("LINE accepted %+v, want one push", sent)
		}
		if n := w.line.Calls(replyPath); n != 1 {
			t.Errorf("%d reply calls, want 1", n)
		}
	})
}

// If a reply token worked twice against LINE's word, a reply whose answer was
// lost would be seen twice, for nothing tells the two apart. It is never seen
// more often, and never paid for.
func TestReplyTokenThatWorksAgain(t *testing.T) {
	t.Parallel()
	each(t, options{lineOtherwise: simline.Beliefs{ReplyTokenReusable: true}}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.line.Faults.Add(fault.Rule{Match: replyPath, Kind: fault.LostAnswer, Times: 1})
		ts := w.reply(sato, "sato", root(card), "答えの消えた返信")
		w.waitMark("sato", ts, "white_check_mark")
		next := w.reply(sato, "sato", root(card), "次の返信")
		w.waitMark("sato", next, "yen")
		if got := w.phone(hana); !slices.Equal(got, []string{"答えの消えた返信", "答えの消えた返信", "次の返信"}) {
			t.Errorf("on the phone: %q", got)
		}
		if replies, pushes := w.line.Calls(replyPath), w.line.Calls(pushPath); replies != 2 || pushes != 1 {
			t.Errorf("%d replies and %d pushes, want 2 and 1", replies, pushes)
		}
	})
}

// A token whose messages LINE refused is not tried again, be it spent or not:
// the good bubble goes as a push.
func TestRefusedMessagesAndTheirToken(t *testing.T) {
	t.Parallel()
	for name, spends := range map[string]bool{"spent": true, "still good": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options{hold: "1s", lineOtherwise: simline.Beliefs{RefusalSpendsReplyToken: spends}}
			each(t, o, func(t *testing.T, w *world) {
				if err := w.line.Change(botUser, func(a *simline.Account) { a.Disliked = "禁句" }); err != nil {
					t.Fatal(err)
				}
				w.start()
				hana, card := w.routedFriend(1, "花子")
				bad := w.reply(sato, "sato", root(card), "禁句です")
				good := w.reply(sato, "sato", root(card), "よい返信")
				w.waitMark("sato", bad, "x")
				w.waitMark("sato", good, "yen")
				if got := w.phone(hana); !slices.Equal(got, []string{"よい返信"}) {
					t.Errorf("on the phone: %q", got)
				}
				if n := w.line.Calls(replyPath); n != 1 {
					t.Errorf("%d reply calls, want 1", n)
				}
			})
		})
	}
}

// Of a friend who blocked the account unnoticed LINE takes the reply and shows
// it to nobody: with the token, or else as a push, which costs nothing.
func TestReplyToAnUnnoticedBlock(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{"token refused": true, "token taken": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options{lineOtherwise: simline.Beliefs{BlockedReplyRefused: refused}}
			each(t, o, func(t *testing.T, w *world) {
				w.start()
				hana, card := w.routedFriend(1, "花子")
				if err := w.line.SetTrouble(botUser, simline.Trouble{Swallow: func(e simline.Event) bool { return e.Type == "unfollow" }}); err != nil {
					t.Fatal(err)
				}
				w.acted(w.line.Block(hana))
				ts := w.reply(sato, "sato", root(card), "見えない返信")
				w.waitMark("sato", ts, "white_check_mark")
				sent := w.sent(hana)
				if len(sent) != 1 || sent[0].Free == refused || sent[0].Cost != 0 || !sent[0].Hidden {
					t.Errorf("LINE accepted %+v", sent)
				}
			})
		})
	}
}

// A push that was accepted and took the last of the month's messages did not
// fail, even if LINE answers its repetition so.
func TestQuotaHidesAnAcceptedPush(t *testing.T) {
	t.Parallel()
	for name, hidden := range map[string]bool{"hidden": true, "told": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options{lineOtherwise: simline.Beliefs{QuotaBeforeRetryKey: hidden}}
			each(t, o, func(t *testing.T, w *world) {
				if err := w.line.Change(botUser, func(a *simline.Account) { a.Quota = 1 }); err != nil {
					t.Fatal(err)
				}
				w.start()
				hana, card := w.routedFriend(1, "花子")
				w.spendToken("sato", root(card))
				w.line.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.LostAnswer, Times: 1})
				ts := w.reply(sato, "sato", root(card), "最後の一通")
				if hidden {
					w.waitMark("sato", ts, "question")
					w.waitShown("sato", "LINEに届いたか確認できません")
					post := w.waitButton("sato", root(card), "届いていた")
					w.press(sato, "sato", post.TS, "届いていた")
				}
				w.waitMark("sato", ts, "white_check_mark")
				w.until(5*time.Second, "no longer unclear", func() bool { return !w.marked("sato", ts, "question") })
				if w.marked("sato", ts, "x") {
					t.Error("it is marked as failed")
				}
				if got := w.phone(hana); !slices.Equal(got, []string{"はい", "最後の一通"}) {
					t.Errorf("on the phone: %q", got)
				}
			})
		})
	}
}

// A repeated push counts as sent, also if LINE does not tell the ids of its
// messages; then a quotation of it shows without what it quotes.
func TestQuotationOfARepeatedPush(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]bool{"ids not told": true, "ids told": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options{lineOtherwise: simline.Beliefs{NoAcceptedMessages: silent}}
			each(t, o, func(t *testing.T, w *world) {
				w.start()
				hana, card := w.routedFriend(1, "花子")
				w.spendToken("sato", root(card))
				for _, text := range []string{"一つ目の案内", "二つ目の案内"} {
					w.line.Faults.Add(fault.Rule{Match: pushPath, Kind: fault.LostAnswer, Times: 1})
					ts := w.reply(sato, "sato", root(card), text)
					w.waitMark("sato", ts, "yen")
					w.waitShown("kenshu", text)
				}
				said := w.sent(hana)
				quoted := said[len(said)-1].Bubbles[0]
				quoting := w.acted(w.line.SendText(hana, "これですね", simline.TextOptions{Quotes: quoted.ID}))
				post := w.waitShown("kenshu", "これですね")
				if shown := bytes.Contains(post.Blocks, jsonOf(quoted.Text)); shown == silent {
					t.Errorf("the quoted text is shown: %t, in %s", shown, post.Blocks)
				}
				w.acted(w.line.Unsend(hana, quoting.MessageID))
				w.waitForgotten("これですね")
				if _, still := w.shows("kenshu", "一つ目の案内"); !still {
					t.Error("the unsend took a reply with it")
				}
				w.onlyReplies(t, hana, "はい", "一つ目の案内", "二つ目の案内")
			})
		})
	}
}

// If LINE refuses to let us speak where a module channel holds the chat, that
// is this friend's matter: the reply fails and says why, others go on.
func TestChatThatAModuleChannelHolds(t *testing.T) {
	t.Parallel()
	o := options{hold: "1s", lineOtherwise: simline.Beliefs{StandbyRefused: true}}
	each(t, o, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		taro, other := w.routedFriend(2, "太郎")
		hold := func(on bool) {
			if err := w.line.SetStandby(botUser, hana.Chat, on); err != nil {
				t.Fatal(err)
			}
		}
		hold(true)
		once := w.reply(sato, "sato", root(card), "割り込んだ返信")
		w.waitRefused("sato", once, "いまこの友だちには送信できません")
		hold(false)
		post := w.waitButton("sato", root(card), "もう一度送る")
		w.press(sato, "sato", post.TS, "もう一度送る")
		w.waitMark("sato", once, "yen")

		hold(true)
		burst := []string{w.reply(sato, "sato", root(card), "一つ目"), w.reply(sato, "sato", root(card), "二つ目")}
		for _, ts := range burst {
			w.waitMark("sato", ts, "x")
		}
		if n := w.line.Calls(pushPath); n != 2 {
			t.Errorf("%d pushes, want 2: a chat that is closed is closed to each bubble", n)
		}
		meanwhile := w.reply(sato, "sato", root(other), "太郎さんへ")
		w.waitMark("sato", meanwhile, "white_check_mark")
		db := w.openDatabase()
		if n := w.count(db, `SELECT COUNT(*) FROM pause`); n != 0 {
			t.Errorf("%d connections are paused", n)
		}
		if m, told := w.shows("owners", "トークンを受け付けません"); told {
			t.Errorf("the owners were told: %s", m.Text)
		}
		if got := w.phone(hana); !slices.Equal(got, []string{"割り込んだ返信"}) {
			t.Errorf("on the phone: %q", got)
		}
		if got := w.phone(taro); !slices.Equal(got, []string{"太郎さんへ"}) {
			t.Errorf("on the other phone: %q", got)
		}
	})
}

// Posts of ours that come back without what marks them are not taken for what
// staff wrote, and one whose answer was lost is found in its thread.
func TestOwnPostsThatComeBackUnmarked(t *testing.T) {
	t.Parallel()
	o := options{slackOtherwise: simslack.Beliefs{EchoWithoutMetadata: true, CustomNameWithoutSubtype: true}}
	each(t, o, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.slack.Faults.Add(fault.Rule{Match: "chat.postMessage", Kind: fault.LostAnswer, Times: 2})
		w.text(hana, "答えの消えた投稿")
		w.waitShown("sato", "答えの消えた投稿")
		ts := w.reply(sato, "sato", root(card), "はい")
		w.waitMark("sato", ts, "white_check_mark")
		w.text(hana, "その次の投稿")
		w.waitShown("sato", "その次の投稿")
		w.waitShown("kenshu", "その次の投稿")
		for _, place := range []string{"sato", "kenshu"} {
			if n := w.standing(place, "答えの消えた投稿"); n != 1 {
				t.Errorf("it stands %d times with %s", n, place)
			}
		}
		if _, marked := w.shows("sato", "再送"); marked {
			t.Error("it is marked as sent again")
		}
		w.onlyReplies(t, hana, "はい")
	})
}

// What was written while no socket was open, and which Slack never delivers, is
// found once one is open again.
func TestRepliesWrittenWhileNoSocketIsOpen(t *testing.T) {
	t.Parallel()
	o := options{socketMode: true, slackOtherwise: simslack.Beliefs{NoSocketNoRetry: true}}
	each(t, o, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.kill(syscall.SIGTERM)
		w.until(10*time.Second, "no socket is open", func() bool { return w.slack.Sockets() == 0 })
		ts := w.reply(sato, "sato", root(card), "留守中の返信")
		w.drain() // Slack has given it up
		w.start()
		w.waitMark("sato", ts, "white_check_mark")
		w.onlyReplies(t, hana, "留守中の返信")
	})
}

// While Slack does not tell where a file was shared, it may be shared anew; it
// stands there once in the end.
func TestFileWhoseSharingIsToldLate(t *testing.T) {
	t.Parallel()
	each(t, options{slackOtherwise: simslack.Beliefs{LateFileShares: 3 * time.Second}}, func(t *testing.T, w *world) {
		w.start()
		hana, _ := w.routedFriend(1, "花子")
		w.waitShown("kenshu", "花子から青山店へ")
		const finish = "files.completeUploadExternal"
		w.slack.Faults.Add(fault.Rule{Match: finish, Kind: fault.LostAnswer, Times: 2})
		w.acted(w.line.SendMedia(hana, simline.Media{Kind: "file", Bytes: []byte("menu"), ContentType: "text/plain", FileName: "menu.txt"}))
		db := w.openDatabase()
		w.until(30*time.Second, "all that concerns files is done", func() bool {
			return w.slack.Faults.Struck(fault.LostAnswer, finish) == 2 &&
				w.count(db, `SELECT COUNT(*) FROM call WHERE kind LIKE 'slack.%' AND ended_at = 0`) == 0
		})
		for _, place := range []string{"sato", "kenshu"} {
			if n := len(w.files(place)); n != 1 {
				t.Errorf("%d files with %s, want 1", n, place)
			}
		}
	})
}

// Without the scope for names a post stands under the app's own, or waits until
// the scope is there.
func TestNamesNeedAScope(t *testing.T) {
	t.Parallel()
	for name, needed := range map[string]bool{"refused": true, "without the name": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options{slackOtherwise: simslack.Beliefs{CustomNameNeedsScope: needed}}
			each(t, o, func(t *testing.T, w *world) {
				w.slack.SetScopes(slices.DeleteFunc(simslack.DefaultScopes(), func(s string) bool { return s == "chat:write.customize" })...)
				w.start()
				hana := w.friend(1, "花子")
				w.text(hana, "花子から青山店へ")
				if needed {
					db := w.openDatabase()
					w.until(20*time.Second, "posts are paused", func() bool { return w.count(db, `SELECT COUNT(*) FROM pause WHERE connection = 'slack'`) == 1 })
					w.slack.SetScopes(simslack.DefaultScopes()...)
				}
				card := w.waitShown("sato", "花子から青山店へ")
				if named := card.Username != ""; named != needed {
					t.Errorf("it stands under the name %q", card.Username)
				}
				ts := w.reply(sato, "sato", root(card), "はい")
				w.waitMark("sato", ts, "white_check_mark")
				w.onlyReplies(t, hana, "はい")
			})
		})
	}
}
