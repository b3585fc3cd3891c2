package bot_test

import (
	"slices"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/operators"
)

const (
	held    = "hourglass_flowing_sand"
	sent    = "white_check_mark"
	paid    = "yen"
	failed  = "x"
	unclear = "question"
)

// A reply token is used for fifty seconds after its receipt; then it costs.
func TestTokenIsUsedWhileItIsYoung(t *testing.T) {
	for _, test := range []struct {
		after time.Duration // from the message to the reply
		free  bool
	}{
		{0, true},
		{44 * time.Second, true},
		{46 * time.Second, false}, // the hold ends after the token
		{2 * time.Minute, false},
	} {
		t.Run(test.after.String(), func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				f, thread := w.talk("花子")
				w.pass(test.after)
				ts := w.replies(sato, "sato", thread, "はい")
				w.pass(hold)
				if test.free {
					w.is("sato", ts, bot.ReplySentFree, sent)
				} else {
					w.is("sato", ts, bot.ReplySentPaid, sent, paid)
				}
				w.got(f, "はい")
			})
		})
	}
}

// The token that expires first goes first; one that LINE refuses is followed
// by the next, and the last by a push.
func TestTokensAreUsedInTheirOrder(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		first := w.says(f, "こんにちは")
		w.pass(10 * time.Second)
		second := w.says(f, "います？")
		thread := w.card("sato", f)

		w.line.answers(tokenGone)
		w.replies(sato, "sato", thread, "はい")
		w.pass(hold)
		sends := w.line.attempts()
		if len(sends) != 2 || sends[0].Token != first || sends[1].Token != second {
			t.Errorf("sends: %+v, want by %s, then by %s", sends, first, second)
		}
		paidFor := w.replies(sato, "sato", thread, "お待ちしています")
		w.pass(hold)
		if sends := w.line.attempts(); len(sends) != 1 || !sends[0].push() {
			t.Errorf("sends without a token left: %+v, want one push", sends)
		}
		w.is("sato", paidFor, bot.ReplySentPaid, sent, paid)
		w.got(f, "はい", "お待ちしています")
	})
}

// A reply that certainly did not go for an hour asks before it goes.
func TestReplyThatWaitedAnHourAsks(t *testing.T) {
	for name, outage := range map[string]lineAnswer{"unreachable": refusedDial, "token refused": badToken} {
		t.Run(name, func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				hanako, one := w.later("花子")
				taro, other := w.later("太郎")
				w.line.always(outage)
				goes := w.replies(sato, "sato", one, "送る")
				stays := w.replies(sato, "sato", other, "送らない")
				w.pass(hold)
				w.jump(59 * time.Minute)
				for _, ts := range []string{goes, stays} { // which of the two met the outage first is open
					if state := w.replyState("sato", ts).State; state != bot.ReplySending && state != bot.ReplyReleased {
						t.Errorf("within the hour the reply is %s", state)
					}
				}
				w.jump(2 * time.Minute)
				w.is("sato", goes, bot.ReplyAsking, held)
				w.is("sato", stays, bot.ReplyAsking, held)
				w.line.answers()
				w.pass(10 * time.Minute)
				w.got(hanako)

				w.pressesOn(sato, "sato", bot.ActDiscard)
				for _, ts := range []string{goes, stays} {
					if r := w.replyState("sato", ts); r.State == bot.ReplyAsking {
						w.presses(sato, "sato", one, bot.Action{Name: bot.ActSend, AccountID: accountID, ReplyID: r.ID})
					}
				}
				w.pass(10 * time.Minute)
				if got := append(w.line.phone(hanako.id), w.line.phone(taro.id)...); len(got) != 1 {
					t.Errorf("got %q, want the one that was not discarded", got)
				}
				states := []bot.ReplyState{w.replyState("sato", goes).State, w.replyState("sato", stays).State}
				slices.Sort(states)
				if !slices.Equal(states, []bot.ReplyState{bot.ReplyCancelled, bot.ReplySentPaid}) {
					t.Errorf("the replies are %v", states)
				}
			})
		})
	}
}

// A reply that waited an hour in a call whose author lost the right meanwhile is
// refused: there is nothing to ask about.
func TestReplyThatWaitedWithoutTheRight(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		w.line.always(refusedDial)
		ts := w.replies(sato, "sato", thread, "送れない")
		w.pass(hold)
		w.change(func(s *bot.Settings) { s.PermissionSets[0].Rights.Send = operators.SendNo })
		w.jump(61 * time.Minute)
		w.is("sato", ts, bot.ReplyRefused, failed)
		w.line.answers()
		w.pass(10 * time.Minute)
		w.got(f)
	})
}

// A push whose outcome is unknown is repeated with its key for 23 hours, and
// then a person decides.
func TestPushIsRepeatedWithItsKey(t *testing.T) {
	for name, pressed := range map[string]bot.ActionName{"delivered": bot.ActDelivered, "again": bot.ActResend} {
		t.Run(name, func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				f, thread := w.later("花子")
				w.line.always(unknown)
				ts := w.replies(sato, "sato", thread, "はい")
				w.pass(hold + 2*time.Minute)
				w.jump(22 * time.Hour)
				sends := w.line.attempts()
				if len(sends) < 4 {
					t.Fatalf("%d attempts", len(sends))
				}
				for _, s := range sends {
					if s.Key == "" || s.Key != sends[0].Key {
						t.Errorf("attempt with key %q, the first had %q", s.Key, sends[0].Key)
					}
				}
				w.is("sato", ts, bot.ReplySending, held)
				w.jump(time.Hour)
				w.is("sato", ts, bot.ReplyUnclear, unclear)
				if n := len(w.line.attempts()); n != 0 {
					t.Errorf("%d attempts after 23 hours", n)
				}

				w.line.answers()
				w.pressesOn(sato, "sato", pressed)
				w.is("sato", ts, bot.ReplySentPaid, sent, paid)
				if pressed == bot.ActDelivered {
					w.got(f)
					return
				}
				w.got(f, "はい")
				if again := w.line.attempts(); len(again) != 1 || again[0].Key == sends[0].Key {
					t.Errorf("sent again with %+v, want a key of its own", again)
				}
			})
		})
	}
}

// A push that LINE had accepted is known by its key.
func TestRepeatedPushArrivesOnce(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		w.line.answers(answerLost, unknown, unknown)
		ts := w.replies(sato, "sato", thread, "はい")
		w.pass(10 * time.Minute)
		w.is("sato", ts, bot.ReplySentPaid, sent, paid)
		w.got(f, "はい")
	})
}

// A reply call whose outcome is unknown is repeated once with its token and
// never followed by a push.
func TestUncertainReplyIsRepeatedOnce(t *testing.T) {
	for name, test := range map[string]struct {
		answers  []lineAnswer
		asleep   time.Duration // after the first attempt
		attempts int
		state    bot.ReplyState
		got      []string
	}{
		"repeated":       {answers: []lineAnswer{unknown}, attempts: 2, state: bot.ReplySentFree, got: []string{"はい"}},
		"unknown again":  {answers: []lineAnswer{unknown, unknown}, attempts: 2, state: bot.ReplyUnclear},
		"arrived unseen": {answers: []lineAnswer{answerLost}, attempts: 2, state: bot.ReplyUnclear, got: []string{"はい"}},
		"then not sent":  {answers: []lineAnswer{unknown, refusedDial, refusedDial}, attempts: 2, state: bot.ReplyUnclear},
		"slept too long": {answers: []lineAnswer{unknown}, asleep: time.Minute, attempts: 1, state: bot.ReplyUnclear},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				f, thread := w.talk("花子")
				w.line.answers(test.answers...)
				ts := w.replies(sato, "sato", thread, "はい")
				w.pass(hold)
				w.jump(test.asleep)
				w.pass(time.Minute)
				sends := w.line.attempts()
				if len(sends) != test.attempts || slices.ContainsFunc(sends, lineSend.push) {
					t.Errorf("sends: %+v, want %d by the token", sends, test.attempts)
				}
				if test.state == bot.ReplyUnclear {
					w.is("sato", ts, bot.ReplyUnclear, unclear)
				} else {
					w.is("sato", ts, test.state, sent)
				}
				w.got(f, test.got...)
			})
		})
	}
}

// A reply whose event comes more than two minutes late is offered, not sent.
func TestLateReplyIsOffered(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		written := w.clock.ts()
		inTime := w.clock.ts()
		w.pass(119 * time.Second)
		w.slackEvent(message(sato, "sato", thread.TS, inTime, "間に合う"))
		w.pass(hold)
		w.is("sato", inTime, bot.ReplySentPaid, sent, paid)
		w.slackEvent(message(sato, "sato", thread.TS, written, "遅れた"))
		w.pass(time.Hour)
		w.is("sato", written, bot.ReplyAsking, held)
		w.got(f, "間に合う")
		w.pressesOn(sato, "sato", bot.ActSend)
		w.is("sato", written, bot.ReplySentPaid, sent, paid)
		w.pressesOn(sato, "sato", bot.ActSend)
		w.got(f, "間に合う", "遅れた")
		if w.said("sato", "reply.decided_already") != 1 {
			t.Error("the second press was not answered")
		}
	})
}

// However long LINE asks to wait, the reply is not forgotten, others go on, and
// what waited an hour asks first.
func TestLongRetryAfter(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		other, elsewhere := w.talk("太郎")
		busy := lineAnswer{failure: &bot.Failure{Kind: bot.RateLimited, Code: "rate_limited", RetryAfter: time.Hour}}
		w.line.answersBy(func(s lineSend) lineAnswer {
			if slices.Contains(s.Texts, "はい") {
				return busy
			}
			return accepted
		})
		ts := w.replies(sato, "sato", thread, "はい")
		w.pass(hold)
		if sends := w.line.attempts(); len(sends) != 2 || sends[0].push() || !sends[1].push() {
			t.Errorf("sends: %+v, want one by the token and, since that cannot wait so long, a push", sends)
		}
		w.is("sato", ts, bot.ReplySending, held)
		if w.said("sato", "reply.rate_limited") != 1 {
			t.Error("nobody was told that it waits")
		}
		w.replies(sato, "sato", elsewhere, "こちらは")
		w.pass(hold)
		w.got(other, "こちらは")
		w.jump(2 * time.Hour)
		w.is("sato", ts, bot.ReplyAsking, held)
		w.line.answers()
		w.pressesOn(sato, "sato", bot.ActSend)
		w.got(f, "はい")
	})
}

// A short wait is waited for, with the same token while it is good.
func TestShortRetryAfter(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		w.line.answers(lineAnswer{failure: &bot.Failure{Kind: bot.RateLimited, Code: "rate_limited", RetryAfter: 20 * time.Second}})
		ts := w.replies(sato, "sato", thread, "はい")
		w.pass(hold + 19*time.Second)
		w.is("sato", ts, bot.ReplySending, held)
		w.pass(time.Second)
		w.is("sato", ts, bot.ReplySentFree, sent)
		w.got(f, "はい")
	})
}

// One bad bubble does not take the others of its burst with it.
func TestBadBubbleFailsAlone(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		w.line.answersBy(func(s lineSend) lineAnswer {
			if slices.Contains(s.Texts, "悪い") {
				return badRequest
			}
			return accepted
		})
		first := w.replies(sato, "sato", thread, "一つ目")
		bad := w.replies(sato, "sato", thread, "悪い")
		last := w.replies(sato, "sato", thread, "三つ目")
		w.pass(hold)
		w.is("sato", first, bot.ReplySentPaid, sent, paid)
		w.is("sato", bad, bot.ReplyFailed, failed)
		w.is("sato", last, bot.ReplySentPaid, sent, paid)
		w.got(f, "一つ目", "三つ目")
		keys := map[string]bool{}
		for _, s := range w.line.attempts() {
			keys[s.Key] = true
		}
		if len(keys) != 4 {
			t.Errorf("%d retry keys, want one for each of four bodies", len(keys))
		}
	})
}

// What LINE refuses after an attempt that may have been carried out is unclear:
// to say that it failed would have it sent twice.
func TestRefusalAfterUnknownIsUnclear(t *testing.T) {
	for name, refusal := range map[string]lineAnswer{"quota": quotaUsedUp, "bad request": badRequest} {
		t.Run(name, func(t *testing.T) {
			each(t, options{}, func(t *testing.T, w *world) {
				f, thread := w.later("花子")
				w.line.answers(answerLost, refusal)
				ts := w.replies(sato, "sato", thread, "はい")
				w.pass(time.Hour)
				w.is("sato", ts, bot.ReplyUnclear, unclear)
				w.got(f, "はい")
			})
		})
	}
}
