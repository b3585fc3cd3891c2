package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	simslack "madoguchi/simulator/slack"
)

// inRoom are the users in a place's Slack channel.
func (w *world) inRoom(place string) []string {
	c, _ := w.slack.Channel(w.channel(place))
	return c.Members
}

// waitMade waits until the Slack channels of some places are there and somebody
// besides the bot is in them.
func (w *world) waitMade(places ...string) {
	w.t.Helper()
	for _, place := range places {
		w.until(20*time.Second, "the Slack channel of "+place, func() bool { return len(w.inRoom(place)) > 1 })
	}
}

// channelsLike counts the Slack channels whose name begins so.
func (w *world) channelsLike(prefix string) int {
	n := 0
	for _, c := range w.slack.Channels() {
		if strings.HasPrefix(c.Name, prefix) {
			n++
		}
	}
	return n
}

// Every operator has a private Slack channel with the bot, and the owners
// have theirs. A name that is taken gets a suffix.
func TestSlackChannelsAreMade(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		if _, err := w.slack.CreateChannel(owner, "line-aoyama-suzuki", false, owner); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.waitMade("sato", "kenshu", "owners", "suzuki-2")
		for place, user := range map[string]string{"sato": sato, "kenshu": trainee, "owners": owner, "suzuki-2": suzuki} {
			c, _ := w.slack.Channel(w.channel(place))
			if !c.Private {
				t.Errorf("%s is public", c.Name)
			}
			if len(c.Members) != 2 || !slices.Contains(c.Members, user) {
				t.Errorf("members of %s: %v", c.Name, c.Members)
			}
		}
	})
}

// The lost answer of conversations.create does not lead to a second one.
func TestLostAnswerOfAChannelsMaking(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.slack.Faults.Add(fault.Rule{Match: "conversations.create", Kind: fault.LostAnswer, Times: 4})
		w.start()
		w.waitMade("sato", "kenshu", "owners", "suzuki")
		if n := w.channelsLike("line-aoyama-"); n != 4 {
			t.Errorf("%d Slack channels, want 4", n)
		}
	})
}

// An owner may give an existing Slack channel.
func TestGivenSlackChannel(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		id, err := w.slack.CreateChannel(sato, "sato-no-madoguchi", true, sato, w.slack.Options().BotUserID)
		if err != nil {
			t.Fatal(err)
		}
		w.reapply("slack_user: U0SATO,", "slack_user: U0SATO, slack_channel: "+id+",")
		w.start()
		w.text(w.friend(1, "花子"), "青山店へ")
		w.until(20*time.Second, "shown in the given Slack channel", func() bool {
			return slices.ContainsFunc(w.slack.Messages(id), func(m simslack.Message) bool { return strings.Contains(m.Text, "青山店へ") })
		})
		if w.channel("sato") != "" {
			t.Error("another one was made")
		}
	})
}

// Somebody who is let in is removed again and the owners are told; an owner
// may stay.
func TestStrangersAreRemoved(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitMade("sato", "owners")
		for _, user := range []string{stranger, owner} {
			if err := w.slack.InviteUser(sato, w.channel("sato"), user); err != nil {
				t.Fatal(err)
			}
		}
		w.until(20*time.Second, "the stranger is gone", func() bool { return !slices.Contains(w.inRoom("sato"), stranger) })
		w.waitShown("owners", "よその人 さんを")
		if !slices.Contains(w.inRoom("sato"), owner) {
			t.Error("the owner was removed")
		}
	})
}

// Where a stranger cannot be removed nothing is shown or sent until they are
// gone.
func TestStrangerWhoCannotBeRemoved(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitMade("sato", "owners")
		hana, card := w.routedFriend(1, "花子")
		w.slack.Faults.Add(fault.Rule{Match: "conversations.kick", Kind: fault.Error, Code: "restricted_action"})
		if err := w.slack.InviteUser(sato, w.channel("sato"), stranger); err != nil {
			t.Fatal(err)
		}
		w.waitShown("owners", "外すことができません")
		w.text(hana, "よそ者に見せない言葉")
		w.waitShown("kenshu", "よそ者に見せない言葉")
		w.reply(sato, "sato", root(card), "送られない返信")
		w.never(500*time.Millisecond, "shown or sent with a stranger present", func() bool {
			_, shown := w.shows("sato", "よそ者に見せない言葉")
			return shown || len(w.phone(hana)) > 0
		})
		w.slack.Faults.Clear()
		if err := w.slack.Leave(stranger, w.channel("sato")); err != nil {
			t.Fatal(err)
		}
		w.waitShown("sato", "よそ者に見せない言葉")
		ts := w.reply(sato, "sato", root(card), "また送れる返信")
		w.waitMark("sato", ts, "white_check_mark")
	})
}

// A Slack channel that turns public, or is shared with another workspace, is
// not written to and nothing goes out of it, not even what is held.
func TestUnsafeSlackChannel(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "3s"}, func(t *testing.T, w *world) {
		w.start()
		w.waitMade("sato", "owners")
		hana, card := w.routedFriend(1, "花子")
		w.reply(sato, "sato", root(card), "保留中の返信")
		w.waitHeld()
		if err := w.slack.Share(w.channel("sato"), "T0OTHER"); err != nil {
			t.Fatal(err)
		}
		w.waitShown("owners", "ほかのワークスペースと共有されています")
		w.text(hana, "共有中の言葉")
		w.waitShown("kenshu", "共有中の言葉")
		w.reply(sato, "sato", root(card), "共有中の返信")
		db := w.openDatabase()
		w.until(10*time.Second, "the held reply is refused", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM reply WHERE reason = 'channel_unsafe'`) == 2
		})
		if _, shown := w.shows("sato", "共有中の言葉"); shown || len(w.phone(hana)) > 0 {
			t.Errorf("shown: %t, on the phone: %q", shown, w.phone(hana))
		}
		if err := w.slack.Unshare(w.channel("sato"), "T0OTHER"); err != nil {
			t.Fatal(err)
		}
		w.waitShown("sato", "共有中の言葉")
		w.waitShown("sato", "このSlackチャンネルは権限のない人にも見える状態のため")
		if err := w.slack.MakePublic(sato, w.channel("sato")); err != nil {
			t.Fatal(err)
		}
		w.waitShown("owners", "が公開されています")
	})
}

// While a Slack channel is archived its posts wait; none is lost.
func TestArchivedSlackChannel(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitMade("sato", "owners")
		hana, _ := w.routedFriend(1, "花子")
		if err := w.slack.ArchiveChannel(sato, w.channel("sato")); err != nil {
			t.Fatal(err)
		}
		w.text(hana, "アーカイブ中の言葉")
		w.waitShown("owners", "がアーカイブされています")
		w.waitShown("kenshu", "アーカイブ中の言葉")
		if err := w.slack.UnarchiveChannel(sato, w.channel("sato")); err != nil {
			t.Fatal(err)
		}
		w.waitShown("sato", "アーカイブ中の言葉")
	})
}

// An operator whom apply removes is out of the Slack channel at once, and one
// whose account ends is told of to the owners.
func TestOperatorsWhoGo(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitMade("sato", "kenshu", "owners")
		hana, card := w.routedFriend(1, "花子")
		w.reapply("{key: sato, name: 佐藤,", "{key: sato, remove: true, name: 佐藤,")
		w.until(5*time.Second, "sato is out", func() bool { return !slices.Contains(w.inRoom("sato"), sato) })
		w.text(hana, "あとの言葉")
		w.waitShown("kenshu", "あとの言葉")
		if m, shown := w.shows("sato", "あとの言葉"); shown {
			t.Errorf("still shown: %s", m.Text)
		}
		if _, err := w.slack.Reply(sato, w.channel("sato"), root(card), "退職後の返信"); err == nil {
			t.Error("sato can still write")
		}
		if err := w.slack.DeactivateUser(trainee); err != nil {
			t.Fatal(err)
		}
		w.waitShown("owners", "研修生 さんのSlackアカウントが無効になりました")
	})
}

// A reply that is held when its author's Slack account ends does not go out, and
// the owners hear that somebody else has to answer.
func TestHeldReplyOfADeactivatedOperator(t *testing.T) {
	t.Parallel()
	each(t, options{hold: "6s"}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		ts := w.reply(sato, "sato", root(card), "退職した人の返信")
		w.waitHeld()
		if err := w.slack.DeactivateUser(sato); err != nil {
			t.Fatal(err)
		}
		w.waitMark("sato", ts, "x")
		w.waitShown("owners", "書いた人が利用できなくなったため")
		if got := w.phone(hana); len(got) > 0 {
			t.Errorf("on the phone: %q", got)
		}
	})
}

// While Slack refuses the app everything waits, and it goes once the app is
// installed again.
func TestRevokedSlackToken(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		w.waitMade("sato", "owners")
		hana, _ := w.routedFriend(1, "花子")
		w.slack.RevokeTokens()
		w.text(hana, "取り消し中の言葉")
		db := w.openDatabase()
		w.until(10*time.Second, "posting is paused", func() bool { return w.count(db, `SELECT COUNT(*) FROM pause`) == 1 })
		w.slack.Reinstall()
		w.waitShown("sato", "取り消し中の言葉")
	})
}

// When a Slack channel is replaced or deleted while a reply is held, that reply
// is refused and the owners hear of it; the replies of others go on.
func TestHeldReplyOfASlackChannelThatIsGone(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(t *testing.T, w *world){
		"deleted": func(t *testing.T, w *world) {
			if err := w.slack.DeleteChannel(w.channel("sato")); err != nil {
				t.Fatal(err)
			}
		},
		"replaced": func(t *testing.T, w *world) {
			id, err := w.slack.CreateChannel(sato, "sato-no-madoguchi", true, sato, w.slack.Options().BotUserID)
			if err != nil {
				t.Fatal(err)
			}
			w.reapply("slack_user: U0SATO,", "slack_user: U0SATO, slack_channel: "+id+",")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The hold must outlast an apply on a busy machine.
			each(t, options{file: sendingTrainee("6s")}, func(t *testing.T, w *world) {
				w.start()
				w.waitMade("sato", "kenshu", "owners")
				hana, card := w.routedFriend(1, "花子")
				other := w.waitShown("kenshu", "花子から青山店へ")
				w.reply(sato, "sato", root(card), "なくなる場所の返信")
				w.waitHeld()
				happens(t, w)
				ts := w.reply(trainee, "kenshu", root(other), "研修生の返信")
				w.waitMark("kenshu", ts, "white_check_mark")
				w.waitShown("owners", "佐藤 さんの返信の場所（Slackチャンネル）がなくなっています")
				db := w.openDatabase()
				if n := w.count(db, `SELECT COUNT(*) FROM reply WHERE state = 'refused' AND reason = 'channel_gone'`); n != 1 {
					t.Errorf("%d replies are refused for their place, want 1", n)
				}
				if got := w.phone(hana); !slices.Equal(got, []string{"研修生の返信"}) {
					t.Errorf("on the phone: %q", got)
				}
			})
		})
	}
}

// An answer to a person that waits while its Slack channel is deleted goes
// nowhere: in the new one nobody knows its thread. It is given up, and the new
// Slack channel shows what comes.
func TestAnswerForASlackChannelThatIsGone(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana, card := w.routedFriend(1, "花子")
		w.waitShown("kenshu", "花子から青山店へ")
		gone := w.channel("sato")
		w.slack.Faults.Add(fault.Rule{Match: "chat.postMessage", Kind: fault.RateLimit, RetryAfter: 3 * time.Second, Times: 1})
		w.reply(sato, "sato", root(card), strings.Repeat("長", 5001))
		db := w.openDatabase()
		w.until(10*time.Second, "the answer waits", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM call WHERE kind = 'slack.post' AND state = 'queued' AND code <> ''`) == 1
		})
		if err := w.slack.DeleteChannel(gone); err != nil {
			t.Fatal(err)
		}
		w.until(15*time.Second, "nothing is left to post", func() bool {
			return w.count(db, `SELECT COUNT(*) FROM call WHERE kind = 'slack.post' AND ended_at = 0`) == 0
		})
		w.text(hana, "まだいます")
		w.waitShown("sato", "まだいます")
		if w.channel("sato") == gone {
			t.Error("shown in the Slack channel that was deleted")
		}
		if _, shown := w.shows("sato", "5001文字"); shown {
			t.Error("the answer stands in the new Slack channel")
		}
		if n := w.count(db, `SELECT COUNT(*) FROM call WHERE state = 'void' AND kind = 'slack.post' AND thread_id = ''`); n != 1 {
			t.Errorf("%d answers were given up, want 1", n)
		}
	})
}
